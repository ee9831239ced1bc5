"""``unfold``: a record of a batch gets a slot, and is from then on like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.actors import (
    ACTIVE,
    ALICE,
    ATTEST,
    BOB,
    CREDENTIALS,
    DAG_PB,
    DERIVE,
    DISMISSED,
    DISPUTED,
    EARNS_BIT,
    FRAUD,
    GATE,
    GATES,
    GUARDIAN,
    IMAGE,
    PRIVATE,
    PRIVATE_BIT,
    REVIEWER,
    REVOKE,
    REVOKED,
    STRANGER,
    SUPERSEDE,
    UPLOADER,
    VIDEO,
    hash_of,
)
from tests.contracts.stage import Happened, Stage
from tests.contracts.trees import Batch, Leaf, batch, leaf, register, unfold
from tests.contracts.typed_data import batch_leaf_message, signing_hash

LEAVES = [leaf(f"file {k}", uploader=(ALICE, BOB)[k % 2]) for k in range(7)]
ONE = LEAVES[2]  # of Alice's
SETTLES = 8


@pytest.fixture
def made(stage: Stage) -> Batch:
    return register(stage, LEAVES)


def refusal(stage: Stage, *arguments: Any) -> tuple[Any, ...]:
    return stage.refusal("unfold", *arguments, sender=STRANGER)


def hashed(stage: Stage, one: Leaf) -> bytes:
    """By eth_account."""
    return signing_hash(batch_leaf_message(stage.domain, one.admission, one.visibility, one.claims_hash))


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("digest", hash_of("another file")),
        ("fingerprintHash", hash_of("other fingerprints")),
        ("contentHash", hash_of("other content")),
        ("kind", VIDEO),
        ("uploader", BOB.address),
        ("policyId", hash_of("another policy")),
        ("levels", GATE),
        ("earnsReputation", False),
        ("deadline", 1),
    ],
)
def test_a_leaf_with_another_admission_is_refused(stage: Stage, made: Batch, field: str, other: Any) -> None:
    changed = replace(ONE, admission=ONE.admission | {field: other})
    arguments = made.root, tuple(changed.admission.values()), 0, ONE.claims_hash, list(made.path(stage, ONE))
    assert refusal(stage, *arguments) == ("PathInvalid", hashed(stage, changed))
    assert stage.counts == (0, 0, 0)


@pytest.mark.parametrize("change", [{"visibility": PRIVATE}, {"claims_hash": hash_of("other claims")}])
def test_a_leaf_with_another_wish_is_refused(stage: Stage, made: Batch, change: dict[str, Any]) -> None:
    changed = replace(ONE, **change)
    admission, path = tuple(changed.admission.values()), list(made.path(stage, ONE))
    arguments = made.root, admission, changed.visibility, changed.claims_hash, path
    assert refusal(stage, *arguments) == ("PathInvalid", hashed(stage, changed))


@pytest.mark.parametrize("how", ["none", "another's", "shorter", "longer", "reversed", "one bit"])
def test_a_leaf_by_another_path_is_refused(stage: Stage, made: Batch, how: str) -> None:
    path = list(made.path(stage, ONE))
    wrong = {
        "none": [],
        "another's": list(made.path(stage, LEAVES[1])),
        "shorter": path[:-1],
        "longer": [*path, bytes(32)],
        "reversed": path[::-1],
        "one bit": [bytes([path[0][0] ^ 1]) + path[0][1:], *path[1:]],
    }[how]
    arguments = made.unfolding(stage, ONE)[:-1]
    assert refusal(stage, *arguments, wrong) == ("PathInvalid", hashed(stage, ONE))


def test_a_leaf_of_another_batch_is_refused(stage: Stage, made: Batch) -> None:
    other = register(stage, [leaf("elsewhere"), leaf("elsewhere too")])
    arguments = other.root, *made.unfolding(stage, ONE)[1:]
    assert refusal(stage, *arguments) == ("PathInvalid", hashed(stage, ONE))


def test_a_leaf_made_for_another_installation_is_refused(stage: Stage) -> None:
    """The only leaf of a batch is its root, and its path is empty."""
    there = stage.domain | {"salt": hash_of("another installation")}
    root = signing_hash(batch_leaf_message(there, ONE.admission, ONE.visibility, ONE.claims_hash))
    made = register(stage, [ONE], root=root)
    arguments = made.root, tuple(ONE.admission.values()), ONE.visibility, ONE.claims_hash, []
    assert refusal(stage, *arguments) == ("PathInvalid", hashed(stage, ONE))


def test_a_root_that_nobody_registered_is_refused(stage: Stage) -> None:
    never = batch(stage, LEAVES)
    assert refusal(stage, *never.unfolding(stage, ONE)) == ("BatchNotRegistered", never.root)


def test_a_leaf_is_unfolded_once(stage: Stage, made: Batch) -> None:
    unfold(stage, made, ONE)
    assert refusal(stage, *made.unfolding(stage, ONE)) == ("MediaAlreadyRegistered", ONE.digest)


def test_a_revoked_record_is_not_unfolded_anew(stage: Stage, made: Batch) -> None:
    unfold(stage, made, ONE)
    stage.say(REVOKE, ONE.digest)
    assert refusal(stage, *made.unfolding(stage, ONE)) == ("MediaAlreadyRegistered", ONE.digest)
    assert stage.counts == (0, 0, 1)


@pytest.mark.parametrize("before", [True, False])
def test_a_leaf_whose_digest_was_registered_alone_is_refused(stage: Stage, before: bool) -> None:
    if before:
        stage.file("file 2")
    made = register(stage, LEAVES)
    if not before:
        stage.file("file 2")
    assert refusal(stage, *made.unfolding(stage, ONE)) == ("MediaAlreadyRegistered", ONE.digest)


def test_what_was_unfolded_is_not_registered_alone(stage: Stage, made: Batch) -> None:
    unfold(stage, made, ONE)
    again = stage.submission(admission={"digest": ONE.digest})
    ends = stage.refusal("register", *again.arguments(), sender=STRANGER)
    assert ends == ("MediaAlreadyRegistered", ONE.digest)


@pytest.mark.parametrize(
    ("field", "value", "ends"),
    [
        ("kind", 0, ("KindUnknown", 0)),
        ("kind", 3, ("KindUnknown", 3)),
        ("kind", IMAGE | PRIVATE_BIT, ("KindUnknown", IMAGE | PRIVATE_BIT)),
        ("levels", 16, ("LevelsInvalid", 16)),
        ("levels", GATE | EARNS_BIT, ("LevelsInvalid", GATE | EARNS_BIT)),
        ("levels", GATE | REVIEWER, ("LevelsInvalid", GATE | REVIEWER)),
    ],
)
def test_a_leaf_that_no_registration_could_be_is_refused(
    stage: Stage, field: str, value: int, ends: tuple[Any, ...]
) -> None:
    bad = leaf("a bad leaf", **{field: value})
    made = register(stage, [bad], root=hashed(stage, bad)) if field == "kind" else register(stage, [bad])
    arguments = made.root, tuple(bad.admission.values()), 0, bad.claims_hash, []
    assert refusal(stage, *arguments) == ends


def test_a_pause_stops_it(stage: Stage, made: Batch) -> None:
    stage.call("pause", sender=GUARDIAN)
    assert refusal(stage, *made.unfolding(stage, ONE)) == ("EnforcedPause",)


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7])
def test_every_leaf_of_a_batch_unfolds(stage: Stage, count: int) -> None:
    made = register(stage, LEAVES[:count])
    for one in made.leaves:
        assert one.hashed(stage) == hashed(stage, one)
        unfold(stage, made, one)
    assert stage.counts == (count, 0, 0)


def test_an_unfolded_record_is_what_its_leaf_says_and_of_its_batchs_time(stage: Stage) -> None:
    one = leaf("a private video", kind=VIDEO | DAG_PB, visibility=PRIVATE, levels=GATE | UPLOADER | CREDENTIALS)
    other = leaf("a repeat", earnsReputation=False, uploader=BOB)
    made = register(stage, [one, other])
    time, block = stage.now, stage.block()["number"]
    stage.start_of_day(30)
    assert unfold(stage, made, one) == (Happened("RecordUnfolded", {"digest": one.digest, "root": made.root}),)
    unfold(stage, made, other)
    record = {"registeredAt": time, "blockNumber": block, "standing": ACTIVE}
    assert stage.read("recordOf", one.digest) == {
        "uploader": ALICE.address,
        "kind": VIDEO | DAG_PB | PRIVATE_BIT,
        "levels": GATE | UPLOADER | CREDENTIALS | EARNS_BIT,
        **record,
    }
    assert stage.read("recordOf", other.digest) == {
        "uploader": BOB.address,
        "kind": IMAGE,
        "levels": GATE | UPLOADER,
        **record,
    }


def test_it_earns_nothing_a_second_time(stage: Stage, made: Batch) -> None:
    snapshot = stage.tester.take_snapshot()
    stage.start_of_day(SETTLES)
    expected = stage.read("reputationOf", ALICE.address)
    stage.tester.revert_to_snapshot(snapshot)
    for one in LEAVES:
        unfold(stage, made, one)
    stage.start_of_day(SETTLES)
    assert stage.read("reputationOf", ALICE.address) == expected


# -- then it is a record like any other ------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "evidence"), [(SETTLES - 1, 0), (SETTLES, 992_327)])
def test_a_revocation_takes_its_acceptance_back_within_seven_days_of_the_batch(
    stage: Stage, days: int, evidence: int
) -> None:
    made = register(stage, [ONE])
    stage.start_of_day(days)
    unfold(stage, made, ONE)
    stage.say(REVOKE, ONE.digest)
    assert stage.standing(ONE.digest) == REVOKED
    if days < SETTLES:
        stage.start_of_day(SETTLES - days)
    assert stage.read("reputationOf", ALICE.address)[1] == evidence


def test_a_dispute_and_its_rulings_are_those_of_any_record(stage: Stage, made: Batch) -> None:
    unfold(stage, made, ONE)
    unfold(stage, made, LEAVES[4])
    stage.dispute(ONE.digest)
    assert (stage.standing(ONE.digest), stage.read("reputationOf", ALICE.address)[2]) == (DISPUTED, 1)
    stage.rule(ONE.digest, DISMISSED)
    assert stage.standing(ONE.digest) == ACTIVE
    stage.dispute(LEAVES[4].digest)
    stage.rule(LEAVES[4].digest, FRAUD)
    assert (stage.standing(LEAVES[4].digest), stage.counts) == (REVOKED, (1, 0, 1))
    assert stage.read("reputationOf", ALICE.address)[3] == 1


def test_what_a_dispute_held_back_counts_after_a_dismissal(stage: Stage) -> None:
    made = register(stage, [ONE])
    unfold(stage, made, ONE)
    stage.dispute(ONE.digest)
    stage.start_of_day(SETTLES)
    assert stage.read("reputationOf", ALICE.address)[1] == 0
    stage.rule(ONE.digest, DISMISSED)
    stage.start_of_day(1)
    assert stage.read("reputationOf", ALICE.address)[1] == 992_327


def test_it_stands_between_what_was_registered_before_and_after_its_batch(stage: Stage) -> None:
    earlier = stage.file("earlier")
    made = register(stage, LEAVES)
    later = stage.file("later")
    unfold(stage, made, ONE)
    stage.say(DERIVE, ONE.digest, detail=earlier)
    stage.say(SUPERSEDE, earlier, detail=ONE.digest)
    stage.say(SUPERSEDE, ONE.digest, detail=later)
    stage.say(DERIVE, later, detail=ONE.digest)
    late = (ONE.digest, ALICE.address, DERIVE, later, 0, 0)
    assert stage.refusal("makeStatement", late, b"", sender=ALICE) == ("NotLater", later)


def test_two_leaves_of_one_batch_have_no_order(stage: Stage, made: Batch) -> None:
    for one in (ONE, LEAVES[4]):
        unfold(stage, made, one)
    derived = (ONE.digest, ALICE.address, DERIVE, LEAVES[4].digest, 0, 0)
    assert stage.refusal("makeStatement", derived, b"", sender=ALICE) == ("NotLater", LEAVES[4].digest)
    replaced = (ONE.digest, ALICE.address, SUPERSEDE, LEAVES[4].digest, 0, 0)
    assert stage.refusal("makeStatement", replaced, b"", sender=ALICE) == ("NotLater", ONE.digest)


def test_others_attest_and_its_uploader_does_not(stage: Stage, made: Batch) -> None:
    nothing_yet = (ONE.digest, BOB.address, ATTEST, bytes(32), 0, 0)
    assert stage.refusal("makeStatement", nothing_yet, b"", sender=BOB) == ("MediaNotRegistered", ONE.digest)
    unfold(stage, made, ONE)
    stage.say(ATTEST, ONE.digest, by=BOB)
    own = (ONE.digest, ALICE.address, ATTEST, bytes(32), 0, 0)
    assert stage.refusal("makeStatement", own, b"", sender=ALICE) == ("AttesterIsUploader", ALICE.address)


def test_a_stranger_may_unfold(stage: Stage, made: Batch) -> None:
    stage.call("unfold", *made.unfolding(stage, ONE), sender=STRANGER)
    stage.call("unfold", *made.unfolding(stage, LEAVES[0]), sender=GATES[3])
    assert stage.counts == (2, 0, 0)
