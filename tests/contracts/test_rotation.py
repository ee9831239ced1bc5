"""``rotateKey`` and ``completeKeyRotation``: an uploader's name goes to another key, in seven days, unless vetoed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.actors import (
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    CAROL,
    DAY,
    DISMISSED,
    FRAUD,
    GUARDIAN,
    NOBODY,
    REVOKE,
    STRANGER,
    hash_of,
    high_s,
)
from tests.contracts.stage import Happened, Signed, Stage

DELAY = 7 * DAY
NO_ROTATION = {"to": NOBODY, "completableAt": 0}
NEWCOMER = [2000, 0, 0, 0, 0]


def refusal(stage: Stage, wish: Signed, *, sender: Any = STRANGER) -> tuple[Any, ...]:
    return stage.refusal("rotateKey", wish.struct, *wish.signatures, sender=sender)


def completed(stage: Stage, old: Any = ALICE, new: Any = CAROL, *, nonce: int = 7) -> tuple[Happened, ...]:
    """The events of a rotation that nobody vetoed."""
    stage.rotate(old, new, nonce=nonce)
    stage.wait(DELAY)
    return stage.call("completeKeyRotation", old.address, sender=STRANGER)


# -- the request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forged", [0, 1])
def test_a_request_needs_the_signature_of_either_key(stage: Stage, forged: int) -> None:
    wish = stage.rotation(ALICE, CAROL)
    by_another = stage.rotation(BOB, BOB).signatures[0]
    sigs = [by_another if k == forged else sig for k, sig in enumerate(wish.signatures)]
    blamed = (ALICE, CAROL)[forged].address
    assert stage.refusal("rotateKey", wish.struct, *sigs, sender=STRANGER) == ("SignatureInvalid", blamed)
    sigs[forged] = high_s(wish.signatures[forged])
    assert stage.refusal("rotateKey", wish.struct, *sigs, sender=STRANGER) == ("SignatureInvalid", blamed)
    sigs[forged] = b""
    assert stage.refusal("rotateKey", wish.struct, *sigs, sender=STRANGER) == ("SignatureInvalid", blamed)
    assert stage.read("rotationOf", ALICE.address) == NO_ROTATION
    assert not stage.read("isNonceSpent", ALICE.address, 7)


@pytest.mark.parametrize("sender", [ALICE, CAROL])
def test_a_key_that_sends_the_request_need_not_sign_it(stage: Stage, sender: Any) -> None:
    wish = stage.rotation(ALICE, CAROL)
    sigs = [b"" if key is sender else sig for key, sig in zip((ALICE, CAROL), wish.signatures, strict=True)]
    stage.call("rotateKey", wish.struct, *sigs, sender=sender)
    assert stage.read("rotationOf", ALICE.address)["to"] == CAROL.address


@pytest.mark.parametrize("sender", [ALICE, CAROL, STRANGER])
def test_a_request_past_its_deadline_is_refused_whoever_sends_it(stage: Stage, sender: Any) -> None:
    """A new key's old consent must not be good for ever where the old key is the sender."""
    deadline = stage.now + DAY
    wish = stage.rotation(ALICE, CAROL, deadline=deadline)
    sigs = [b"" if key is sender else sig for key, sig in zip((ALICE, CAROL), wish.signatures, strict=True)]
    stage.travel(deadline + 1)
    assert stage.refusal("rotateKey", wish.struct, *sigs, sender=sender) == ("DeadlinePassed", deadline)


def test_a_request_is_good_once(stage: Stage) -> None:
    wish = stage.rotation(ALICE, CAROL)
    stage.call("rotateKey", wish.struct, *wish.signatures, sender=STRANGER)
    stage.rotate(ALICE, None, nonce=8)
    assert refusal(stage, wish) == ("NonceSpent", ALICE.address, 7)


def test_the_same_key_is_no_new_one(stage: Stage) -> None:
    assert refusal(stage, stage.rotation(ALICE, ALICE)) == ("KeyNotFresh", ALICE.address)


def test_a_key_with_outcomes_of_its_own_is_no_new_one(stage: Stage) -> None:
    stage.file("hers", uploader=CAROL)
    assert refusal(stage, stage.rotation(ALICE, CAROL)) == ("KeyNotFresh", CAROL.address)


def test_a_key_whose_name_went_elsewhere_is_no_new_one(stage: Stage) -> None:
    completed(stage, CAROL, STRANGER)
    assert refusal(stage, stage.rotation(ALICE, CAROL)) == ("KeyNotFresh", CAROL.address)


def test_a_chain_of_names_grows_by_one_key_in_a_delay(stage: Stage) -> None:
    """Else thousands of keys could be lined up in one week, and no dispute would have the gas to follow them."""
    stage.rotate(CAROL, STRANGER)
    assert refusal(stage, stage.rotation(ALICE, CAROL)) == ("KeyNotFresh", CAROL.address)
    stage.rotate(CAROL, None, nonce=8)
    stage.rotate(ALICE, CAROL)
    stage.rotate(CAROL, STRANGER, nonce=9)
    stage.wait(DELAY)
    completion = ("completeKeyRotation", ALICE.address)
    assert stage.refusal(*completion, sender=STRANGER) == ("KeyNotFresh", CAROL.address)
    stage.rotate(CAROL, None, nonce=10)
    stage.call(*completion, sender=STRANGER)
    assert stage.read("holderOf", ALICE.address) == CAROL.address


def test_a_request_says_from_when_on_it_can_be_completed(stage: Stage) -> None:
    assert stage.rotate(ALICE, CAROL) == (
        Happened(
            "KeyRotationRequested",
            {"from": ALICE.address, "to": CAROL.address, "completableAt": stage.now + DELAY},
        ),
    )
    assert stage.read("rotationOf", ALICE.address) == {"to": CAROL.address, "completableAt": stage.now + DELAY}
    assert stage.read("holderOf", ALICE.address) == ALICE.address


def test_a_request_replaces_the_one_before_and_starts_the_delay_again(stage: Stage) -> None:
    stage.rotate(ALICE, BOB)
    stage.wait(DELAY)
    stage.rotate(ALICE, CAROL, nonce=8)
    assert stage.refusal("completeKeyRotation", ALICE.address, sender=STRANGER) == (
        "RotationPending",
        stage.read("rotationOf", ALICE.address)["completableAt"],
    )
    stage.wait(DELAY)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    assert stage.read("holderOf", ALICE.address) == CAROL.address


def test_a_pause_stops_requests_and_completions_and_no_veto(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.wait(DELAY)
    stage.call("pause", sender=GUARDIAN)
    assert refusal(stage, stage.rotation(BOB, STRANGER)) == ("EnforcedPause",)
    assert stage.refusal("completeKeyRotation", ALICE.address, sender=STRANGER) == ("EnforcedPause",)
    assert stage.rotate(ALICE, None, nonce=8) == (
        Happened("KeyRotationVetoed", {"from": ALICE.address, "to": CAROL.address}),
    )
    stage.call("unpause", sender=ADMIN)
    assert stage.refusal("completeKeyRotation", ALICE.address, sender=STRANGER) == ("NoRotation", ALICE.address)


# -- the veto --------------------------------------------------------------------------------------------------


def test_nobody_but_the_old_key_vetoes(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    veto = stage.rotation(ALICE, None, nonce=8)
    forged = stage.rotation(BOB, None, nonce=8).signatures[0]
    for sig in (forged, b""):
        assert stage.refusal("rotateKey", veto.struct, sig, b"", sender=CAROL) == ("SignatureInvalid", ALICE.address)
    assert stage.read("rotationOf", ALICE.address)["to"] == CAROL.address


def test_there_is_nothing_to_veto_where_nothing_was_asked(stage: Stage) -> None:
    assert refusal(stage, stage.rotation(ALICE, None)) == ("NoRotation", ALICE.address)


def test_a_veto_takes_the_request_back_even_after_the_delay(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.wait(DELAY)
    stage.call("rotateKey", (ALICE.address, NOBODY, 0, 0), b"", b"", sender=ALICE)
    assert stage.read("rotationOf", ALICE.address) == NO_ROTATION
    assert stage.refusal("completeKeyRotation", ALICE.address, sender=STRANGER) == ("NoRotation", ALICE.address)


# -- the completion --------------------------------------------------------------------------------------------


def test_nothing_is_completed_that_was_not_asked_for(stage: Stage) -> None:
    assert stage.refusal("completeKeyRotation", ALICE.address, sender=STRANGER) == ("NoRotation", ALICE.address)


def test_a_rotation_is_complete_in_the_first_second_after_the_delay_and_not_before(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    then = stage.now + DELAY
    stage.wait(DELAY - 2)
    assert stage.refusal("completeKeyRotation", ALICE.address, sender=STRANGER) == ("RotationPending", then)
    stage.travel(then)
    assert stage.call("completeKeyRotation", ALICE.address, sender=STRANGER) == (
        Happened("KeyRotated", {"from": ALICE.address, "to": CAROL.address}),
    )
    assert stage.now == then
    assert stage.read("rotationOf", ALICE.address) == NO_ROTATION


def test_a_new_key_that_earned_something_meanwhile_is_not_fresh(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.file("hers", uploader=CAROL)
    stage.wait(DELAY)
    assert stage.refusal("completeKeyRotation", ALICE.address, sender=STRANGER) == ("KeyNotFresh", CAROL.address)


def test_two_names_never_become_one(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.rotate(BOB, CAROL)
    stage.wait(DELAY)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    assert stage.refusal("completeKeyRotation", BOB.address, sender=STRANGER) == ("KeyNotFresh", CAROL.address)


def test_the_reputation_goes_over_whole_and_is_nowhere_twice(stage: Stage) -> None:
    digest, other = stage.file("one"), stage.file("two")
    stage.dispute(digest)
    stage.rule(digest, FRAUD)
    stage.dispute(other)
    completed(stage)
    stage.wait(10 * DAY)
    assert stage.read("reputationOf", CAROL.address)[2:] == [1, 1, stage.today - 17]
    assert stage.read("reputationOf", ALICE.address) == stage.read("reputationOf", CAROL.address)
    assert stage.read("holderOf", ALICE.address) == stage.read("holderOf", CAROL.address) == CAROL.address


def test_acceptances_that_have_not_settled_go_over_as_well(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.wait(6 * DAY)
    stage.file("late")
    stage.wait(DAY)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    assert stage.read("reputationOf", CAROL.address) == NEWCOMER
    stage.wait(7 * DAY)
    assert stage.read("reputationOf", CAROL.address)[0] > 2000


def test_a_rotated_key_registers_no_more_and_the_new_one_does(stage: Stage) -> None:
    completed(stage)
    late = stage.submission()
    assert stage.refusal("register", *late.arguments(), sender=STRANGER) == (
        "KeyIsRotated",
        ALICE.address,
        CAROL.address,
    )
    stage.register(stage.submission(uploader=CAROL))


def test_a_rotated_key_rotates_no_more(stage: Stage) -> None:
    completed(stage)
    assert refusal(stage, stage.rotation(ALICE, BOB, nonce=8)) == ("KeyIsRotated", ALICE.address, CAROL.address)


def test_only_the_new_key_speaks_for_old_records(stage: Stage) -> None:
    digest = stage.file("a file")
    completed(stage)
    old = stage.statement(REVOKE, digest, nonce=9)
    assert stage.refusal("makeStatement", old.struct, *old.signatures, sender=STRANGER) == (
        "NotUploader",
        ALICE.address,
    )
    stage.say(REVOKE, digest, by=CAROL)
    assert stage.counts == (0, 0, 1)
    assert stage.read("recordOf", digest)["uploader"] == ALICE.address


def test_a_ruling_on_an_old_record_hits_the_new_key(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.wait(20 * DAY)
    completed(stage)
    stage.dispute(digest)
    assert stage.read("reputationOf", CAROL.address)[2] == 1
    stage.rule(digest, FRAUD)
    assert stage.read("reputationOf", CAROL.address)[2:] == [0, 1, stage.today]


def test_a_dismissed_challenges_bond_goes_to_the_new_key(stage: Stage) -> None:
    digest = stage.file("a file")
    completed(stage)
    stage.dispute(digest)
    stage.rule(digest, DISMISSED)
    assert stage.read("creditOf", CAROL.address) > 0
    assert stage.read("creditOf", ALICE.address) == 0


def test_a_name_goes_on_from_key_to_key(stage: Stage) -> None:
    digest = stage.file("a file")
    completed(stage)
    completed(stage, CAROL, STRANGER)
    assert [stage.read("holderOf", key.address) for key in (ALICE, CAROL, STRANGER)] == [STRANGER.address] * 3
    stage.dispute(digest)
    stage.rule(digest, FRAUD)
    assert stage.read("reputationOf", STRANGER.address)[3] == 1


def test_an_arbiter_who_took_a_new_key_may_not_rule_on_its_old_keys_records(stage: Stage) -> None:
    stage.file("the arbiter's", uploader=ARBITER)
    completed(stage, ARBITER, CAROL)
    digest = hash_of("the arbiter's")
    stage.dispute(digest)
    assert stage.refusal("rule", digest, FRAUD, bytes(32), sender=ARBITER) == ("ArbiterIsParty", ARBITER.address)
