"""Closing an epoch: which rejections count, and that all of them stand under the root."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.merkle import MerkleTree, root_of
from registry.model import DAY_S, PDQ256, Address, Fingerprint, MediaKind, PerceptualHash, Tally
from registry.register.closing import MAX_EPOCH_TALLIES, Rejected, closing_of, counting
from registry.rejection import detail_hash, leaf_of
from tests.fakes import UPLOADER, KeySigner
from tests.rejections import DOMAIN, TODAY, intent_of, rejected, rejection_of
from tests.values import NOW, digest

OTHER = KeySigner(4)


def looking(each: Rejected, bits: bytes, *, kind: MediaKind = MediaKind.IMAGE, version: int = 1) -> Rejected:
    return replace(each, fingerprint=Fingerprint(version, kind, each.digest, (PerceptualHash(PDQ256, bits, 100),)))


def near(bits: bytes, flipped: int) -> bytes:
    return (int.from_bytes(bits, "big") ^ ((1 << flipped) - 1)).to_bytes(32, "big")


def tallies(*some: Rejected) -> tuple[Tally, ...]:
    closing = closing_of(TODAY, some)
    assert closing is not None
    return closing.tallies


def test_a_day_without_rejections_comes_to_nothing() -> None:
    assert closing_of(TODAY, []) is None
    assert closing_of(TODAY + 1, [rejected(digest(), None)]) is None


def test_a_rejection_without_a_signed_intent_has_a_leaf_and_counts_for_nobody() -> None:
    closing = closing_of(TODAY, [each := rejected(digest(), None)])
    assert closing is not None
    assert (closing.leaves, closing.tallies) == ((each.rejection.leaf,), ())


def test_each_uploader_has_its_own_tally_and_they_ascend() -> None:
    some = [rejected(digest(str(n)), intent_of(key, digest(str(n)))) for n, key in enumerate((UPLOADER, OTHER, OTHER))]
    counts = {UPLOADER.address: 1, OTHER.address: 2}
    assert tallies(*some) == tuple(Tally(uploader, counts[uploader]) for uploader in sorted(counts))


def test_tries_with_one_intent_count_once() -> None:
    intent = intent_of(UPLOADER, digest())
    assert tallies(*(rejected(digest(), intent, at=NOW + n) for n in range(3))) == (Tally(UPLOADER.address, 1),)


def test_tries_of_one_digest_under_new_intents_count_once() -> None:
    some = [rejected(digest(), intent_of(UPLOADER, digest()), at=NOW + n) for n in range(3)]
    assert tallies(*some) == (Tally(UPLOADER.address, 1),)


def test_a_digest_of_two_uploaders_counts_for_both() -> None:
    some = [rejected(digest(), intent_of(key, digest())) for key in (UPLOADER, OTHER)]
    assert {tally.count for tally in tallies(*some)} == {1}
    assert len(tallies(*some)) == 2


def test_copies_that_look_the_same_count_once_and_others_do_not() -> None:
    def shown(name: str, bits: bytes) -> Rejected:
        return looking(rejected(digest(name), intent_of(UPLOADER, digest(name))), bits)

    bits = bytes(range(32))
    assert tallies(shown("a", bits), shown("b", near(bits, 31))) == (Tally(UPLOADER.address, 1),)
    assert tallies(shown("a", bits), shown("b", near(bits, 32))) == (Tally(UPLOADER.address, 2),)


def test_looks_hang_together_through_a_third() -> None:
    def shown(name: str, flipped: int) -> Rejected:
        each = rejected(digest(name), intent_of(UPLOADER, digest(name)))
        return looking(each, near(bytes(32), flipped))

    assert tallies(shown("a", 0), shown("c", 60), shown("b", 30)) == (Tally(UPLOADER.address, 1),)
    assert tallies(shown("a", 0), shown("c", 60)) == (Tally(UPLOADER.address, 2),)


def test_looks_of_another_version_or_kind_are_not_compared() -> None:
    first = looking(rejected(digest("a"), intent_of(UPLOADER, digest("a"))), bytes(32))
    second = rejected(digest("b"), intent_of(UPLOADER, digest("b")))
    assert tallies(first, looking(second, bytes(32), version=2)) == (Tally(UPLOADER.address, 2),)
    assert tallies(first, looking(second, bytes(32), kind=MediaKind.VIDEO)) == (Tally(UPLOADER.address, 2),)
    assert tallies(first, second) == (Tally(UPLOADER.address, 2),)


def test_a_digest_refused_on_an_earlier_day_does_not_count_again() -> None:
    earlier = rejected(digest(), intent_of(UPLOADER, digest()), at=NOW - DAY_S)
    again = rejected(digest(), intent_of(UPLOADER, digest()))
    assert tallies(earlier, again) == ()
    assert tallies(again) == (Tally(UPLOADER.address, 1),)
    later = rejected(digest(), intent_of(UPLOADER, digest()), at=NOW + DAY_S)
    assert tallies(again, later) == (Tally(UPLOADER.address, 1),), "what comes later changes nothing"


def test_an_epoch_that_closes_too_late_counts_for_nobody_and_has_all_leaves() -> None:
    each = rejected(digest(), intent_of(UPLOADER, digest()))
    closing = closing_of(TODAY, [each], with_tallies=False)
    assert closing is not None
    assert (closing.leaves, closing.tallies) == ((each.rejection.leaf,), ())


def test_more_uploaders_than_a_block_takes_are_cut_to_those_of_the_most_rejections() -> None:
    template = rejected(digest(), intent_of(UPLOADER, digest()))

    def of(number: int, name: str) -> Rejected:
        uploader = Address(number.to_bytes(20, "big"))
        leaf = digest(f"{number} {name}").value
        said = replace(template.rejection, uploader=uploader, leaf=leaf, intent_hash=leaf)
        return Rejected(said, digest(f"{number} {name}"), None)

    some = [of(number, "a") for number in range(MAX_EPOCH_TALLIES + 5)] + [of(MAX_EPOCH_TALLIES + 4, "b")]
    found = tallies(*some)
    assert len(found) == MAX_EPOCH_TALLIES
    assert found[-1].count == 2
    assert list(found) == sorted(found, key=lambda tally: tally.uploader)


@settings(max_examples=25)  # each signs a dozen times
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=8))
def test_every_leaf_stands_under_the_root_and_no_tally_is_above_its_rejections(
    tries: list[tuple[int, int, bool]],
) -> None:
    some = []
    for number, (uploader, name, wished) in enumerate(tries):
        intent = intent_of(KeySigner(10 + uploader), digest(str(name)), nonce=name) if wished else None
        some.append(rejected(digest(str(name)), intent, at=NOW + number))
    closing = closing_of(TODAY, some)
    assert closing is not None
    tree = MerkleTree(closing.leaves)
    for each in some:
        index = closing.leaves.index(each.rejection.leaf)
        assert root_of(each.rejection.leaf, tree.path(index)) == closing.root
    counted = counting(TODAY, some)
    for tally in closing.tallies:
        names = {
            name for uploader, name, wished in tries if wished and KeySigner(10 + uploader).address == tally.uploader
        }
        assert tally.count == len(names) == len(counted[tally.uploader])


def test_the_same_file_of_the_same_uploader_twice_gives_leaves_that_nothing_links() -> None:
    intent = intent_of(UPLOADER, digest())
    first, second = (rejection_of(digest(), intent, at=NOW) for _ in range(2))
    assert first.intent_hash == second.intent_hash
    assert len({first.leaf, second.leaf, first.detail_hash, second.detail_hash, first.salt, second.salt}) == 6


def test_who_knows_digest_uploader_intent_and_details_finds_no_leaf_without_the_salts() -> None:
    """What strangers see of a rejection: its leaf; after a proof of a tally, all of its opening too."""
    intent = intent_of(UPLOADER, digest())
    said = rejection_of(digest(), intent)

    def details(salt: bytes) -> bytes:
        return detail_hash(
            detail_salt=salt,
            digest=digest(),
            reasons=said.reasons,
            opinion=said.opinion,
            policy_id=said.policy_id,
            rejected_at=said.rejected_at,
        )

    guesses = [bytes(32), digest().value, said.intent_hash, UPLOADER.address.value.ljust(32, b"\0")]
    for salt in guesses:
        for detail_salt in (*guesses, said.salt):
            assert details(detail_salt) != said.detail_hash, "the leaf's salt, told in a proof, opens no details"
            guess = leaf_of(
                DOMAIN, uploader=UPLOADER.address, intent=intent, detail_hash=details(detail_salt), salt=salt
            )
            assert guess != said.leaf
    assert details(said.detail_salt) == said.detail_hash, "the uploader, who has both salts, opens it"


def test_two_uploaders_of_one_file_have_nothing_in_common() -> None:
    one, two = (rejection_of(digest(), intent_of(key, digest(), nonce=1)) for key in (UPLOADER, OTHER))
    assert not {one.leaf, one.intent_hash, one.detail_hash, one.salt} & {two.leaf, two.intent_hash, two.detail_hash}
