"""``dispute`` and ``rule``: a challenge, its bond, and what an arbiter makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.actors import (
    ACTIVE,
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    BOND,
    CAROL,
    CORRECTED,
    DAY,
    DEPICTED_PERSON,
    DISMISSED,
    DISPUTED,
    FORGERY,
    FRAUD,
    GATES,
    GUARDIAN,
    MISTAKE,
    MODEL_DOUBT,
    NOBODY,
    OPERATOR,
    REMOVED,
    REVOKE,
    REVOKED,
    RIGHTS,
    STRANGER,
    hash_of,
)
from tests.contracts.stage import Happened, Stage

BECAUSE, REASONS = hash_of("because"), hash_of("the reasons")
RULINGS = {"dismissed": DISMISSED, "removed": REMOVED, "corrected": CORRECTED, "fraud": FRAUD}
NO_DISPUTE = {"challenger": NOBODY, "openedAt": 0, "doublings": 0, "reason": 0}


def challenge(digest: bytes) -> tuple[Any, ...]:
    return ("dispute", digest, FORGERY, BECAUSE)


def verdict(digest: bytes, ruling: int = FRAUD) -> tuple[Any, ...]:
    return ("rule", digest, ruling, REASONS)


# -- opening ---------------------------------------------------------------------------------------------------


def test_bytes_without_a_record_are_not_disputed(stage: Stage) -> None:
    assert stage.refusal(*challenge(REASONS), sender=BOB, value=BOND) == ("MediaNotRegistered", REASONS)


@pytest.mark.parametrize("value", [0, BOND - 1, BOND + 1])
def test_a_challenge_costs_exactly_its_bond(stage: Stage, value: int) -> None:
    digest = stage.file("a file")
    assert stage.refusal(*challenge(digest), sender=BOB, value=value) == ("BondMismatch", BOND, value)
    assert stage.balance(stage.address) == 0
    assert stage.counts == (1, 0, 0)


def test_a_disputed_record_is_not_disputed_again(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    assert stage.refusal(*challenge(digest), sender=CAROL, value=BOND) == (
        "StandingMismatch",
        digest,
        ACTIVE,
        DISPUTED,
    )


def test_a_revoked_record_is_not_disputed(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.say(REVOKE, digest)
    assert stage.refusal(*challenge(digest), sender=BOB, value=BOND) == ("StandingMismatch", digest, ACTIVE, REVOKED)


def test_an_unknown_reason_does_not_decode(stage: Stage) -> None:
    digest = stage.file("a file")
    assert stage.refusal("dispute", digest, MODEL_DOUBT + 1, BECAUSE, sender=BOB, value=BOND) == ("",)


def test_a_pause_stops_challenges(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.call("pause", sender=GUARDIAN)
    assert stage.refusal(*challenge(digest), sender=BOB, value=BOND) == ("EnforcedPause",)


@pytest.mark.parametrize("reason", [0, FORGERY, DEPICTED_PERSON, RIGHTS, MISTAKE, MODEL_DOUBT])
def test_a_challenge_is_written_down_and_changes_the_standing_alone(stage: Stage, reason: int) -> None:
    digest = stage.file("a file")
    before = stage.read("recordOf", digest)
    assert stage.dispute(digest, reason=reason) == (
        Happened(
            "StandingChanged",
            {"digest": digest, "from": ACTIVE, "to": DISPUTED, "by": BOB.address, "reasonHash": BECAUSE},
        ),
        Happened("DisputeOpened", {"digest": digest, "challenger": BOB.address, "reason": reason, "bond": BOND}),
    )
    assert stage.read("recordOf", digest) == before | {"standing": DISPUTED}
    assert stage.read("disputeOf", digest) == {
        "challenger": BOB.address,
        "openedAt": stage.now,
        "doublings": 0,
        "reason": reason,
    }
    assert stage.counts == (0, 1, 0)
    assert stage.balance(stage.address) == BOND


def test_open_challenges_are_shown_and_freeze_no_score(stage: Stage) -> None:
    digests = [stage.file(f"file {k}") for k in range(3)]
    stage.wait(30 * DAY)
    before = stage.read("reputationOf", ALICE.address)
    for number, digest in enumerate(digests, start=1):
        stage.dispute(digest)
        assert stage.read("reputationOf", ALICE.address) == [*before[:2], number, *before[3:]]


def test_where_the_coin_has_no_value_a_challenge_costs_nothing(stage: Stage) -> None:
    stage.address = stage.deploy([gate.address for gate in GATES[:3]], 2, bond=0)
    digest = stage.file("a file")
    assert stage.refusal(*challenge(digest), sender=BOB, value=1) == ("BondMismatch", 0, 1)
    for name in ("a file", "another", "a third"):
        digest = hash_of(name) if name == "a file" else stage.file(name)
        stage.dispute(digest)
        stage.rule(digest, DISMISSED)
    assert stage.read("bondOf", BOB.address) == 0
    assert stage.read("creditOf", ALICE.address) == 0


# -- ruling: who -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", [ADMIN, GUARDIAN, OPERATOR, ALICE, BOB, STRANGER, GATES[0]])
def test_nobody_but_an_arbiter_rules(stage: Stage, sender: Any) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    role = stage.read("ARBITER_ROLE")
    ends = ("AccessControlUnauthorizedAccount", sender.address, role)
    assert stage.refusal(*verdict(digest), sender=sender) == ends


def test_an_arbiter_who_lost_the_role_rules_no_more_and_a_new_one_does(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    role = stage.read("ARBITER_ROLE")
    stage.call("revokeRole", role, ARBITER.address, sender=ADMIN)
    ends = ("AccessControlUnauthorizedAccount", ARBITER.address, role)
    assert stage.refusal(*verdict(digest), sender=ARBITER) == ends
    stage.call("grantRole", role, CAROL.address, sender=ADMIN)
    stage.rule(digest, FRAUD, by=CAROL)


@pytest.mark.parametrize("ruling", RULINGS.values(), ids=RULINGS)
def test_an_arbiter_does_not_rule_on_its_own_challenge(stage: Stage, ruling: int) -> None:
    digest = stage.file("a file")
    stage.dispute(digest, by=ARBITER)
    assert stage.refusal(*verdict(digest, ruling), sender=ARBITER) == ("ArbiterIsParty", ARBITER.address)


@pytest.mark.parametrize("ruling", RULINGS.values(), ids=RULINGS)
def test_an_arbiter_does_not_rule_on_its_own_record(stage: Stage, ruling: int) -> None:
    digest = stage.file("a file", uploader=ARBITER)
    stage.dispute(digest)
    assert stage.refusal(*verdict(digest, ruling), sender=ARBITER) == ("ArbiterIsParty", ARBITER.address)


# -- ruling: on what -------------------------------------------------------------------------------------------


def test_bytes_without_a_record_are_not_ruled_on(stage: Stage) -> None:
    assert stage.refusal(*verdict(REASONS), sender=ARBITER) == ("MediaNotRegistered", REASONS)


def test_an_arbiter_cannot_touch_what_nobody_disputes(stage: Stage) -> None:
    digest = stage.file("a file")
    assert stage.refusal(*verdict(digest), sender=ARBITER) == ("StandingMismatch", digest, DISPUTED, ACTIVE)
    assert stage.read("creditOf", NOBODY) == 0


@pytest.mark.parametrize("ruling", RULINGS.values(), ids=RULINGS)
def test_a_challenge_is_ruled_on_once(stage: Stage, ruling: int) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    stage.rule(digest, ruling)
    got = ACTIVE if ruling == DISMISSED else REVOKED
    assert stage.refusal(*verdict(digest), sender=ARBITER) == ("StandingMismatch", digest, DISPUTED, got)


def test_an_unknown_ruling_does_not_decode(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    assert stage.refusal("rule", digest, FRAUD + 1, REASONS, sender=ARBITER) == ("",)


def test_a_pause_does_not_stop_a_ruling(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    stage.call("pause", sender=GUARDIAN)
    stage.rule(digest, FRAUD)
    assert stage.counts == (0, 0, 1)


# -- ruling: what comes of it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ruling", RULINGS.values(), ids=RULINGS)
def test_a_ruling_sets_standing_credit_and_counts(stage: Stage, ruling: int) -> None:
    digest = stage.file("a file")
    before = stage.read("recordOf", digest)
    stage.dispute(digest)
    to = ACTIVE if ruling == DISMISSED else REVOKED
    assert stage.rule(digest, ruling) == (
        Happened(
            "StandingChanged",
            {"digest": digest, "from": DISPUTED, "to": to, "by": ARBITER.address, "reasonHash": REASONS},
        ),
        Happened("DisputeRuled", {"digest": digest, "ruling": ruling}),
    )
    assert stage.read("recordOf", digest) == before | {"standing": to}
    assert stage.read("disputeOf", digest) == NO_DISPUTE
    assert stage.counts == ((1, 0, 0) if ruling == DISMISSED else (0, 0, 1))
    winner, loser = (ALICE, BOB) if ruling == DISMISSED else (BOB, ALICE)
    assert stage.read("creditOf", winner.address) == BOND
    assert stage.read("creditOf", loser.address) == 0
    assert stage.read("bondOf", BOB.address) == (2 * BOND if ruling == DISMISSED else BOND)
    assert stage.balance(stage.address) == BOND


def test_the_bond_doubles_by_each_challenge_that_the_challenger_lost(stage: Stage) -> None:
    digest = stage.file("a file")
    for lost in range(4):
        assert stage.read("bondOf", BOB.address) == BOND << lost
        stage.dispute(digest)
        assert stage.read("disputeOf", digest)["doublings"] == lost
        stage.rule(digest, DISMISSED)
    assert stage.read("bondOf", BOB.address) == 16 * BOND
    assert stage.read("bondOf", CAROL.address) == BOND
    assert stage.read("creditOf", ALICE.address) == 15 * BOND == stage.balance(stage.address)


def test_what_was_paid_is_what_comes_back_though_the_bond_doubled_meanwhile(stage: Stage) -> None:
    first, second = stage.file("one"), stage.file("two")
    stage.dispute(first)
    stage.dispute(second)
    stage.rule(first, DISMISSED)
    stage.rule(second, REMOVED)
    assert stage.read("creditOf", ALICE.address) == BOND
    assert stage.read("creditOf", BOB.address) == BOND
    assert stage.balance(stage.address) == 2 * BOND


def test_the_bond_doubles_no_more_than_32_times(stage: Stage) -> None:
    stage.address = stage.deploy([gate.address for gate in GATES[:3]], 2, bond=1)
    digest = stage.file("a file")
    for _ in range(34):
        stage.dispute(digest)
        stage.rule(digest, DISMISSED)
    assert stage.read("bondOf", BOB.address) == 2**32
    assert stage.balance(stage.address) == stage.read("creditOf", ALICE.address) == 2**32 - 1 + 2 * 2**32


def test_an_uploader_who_challenges_itself_gains_nothing(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest, by=ALICE)
    stage.rule(digest, DISMISSED)
    assert stage.read("creditOf", ALICE.address) == BOND
    assert stage.read("bondOf", ALICE.address) == 2 * BOND


def test_a_dismissed_record_may_be_challenged_again(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    stage.rule(digest, DISMISSED)
    stage.dispute(digest, by=CAROL)
    stage.rule(digest, FRAUD)
    assert stage.standing(digest) == REVOKED
