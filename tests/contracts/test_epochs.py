"""``closeEpoch``: the gates commit to a day's rejections, once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.actors import (
    ALICE,
    BOB,
    CAROL,
    DAY,
    EMPTY_HASH,
    GATES,
    GUARDIAN,
    STRANGER,
    hash_of,
    high_s,
)
from tests.contracts.stage import Happened, Signed, Stage

IN_ORDER = sorted((ALICE, BOB, CAROL), key=lambda account: int(account.address, 16))


@pytest.fixture
def yesterday(stage: Stage) -> int:
    """An epoch that may close."""
    stage.start_of_day(1)
    return stage.today - 1


def refusal(stage: Stage, closing: Signed) -> tuple[Any, ...]:
    return stage.refusal("closeEpoch", closing.struct, list(closing.signatures), sender=STRANGER)


@pytest.mark.parametrize("ahead", [0, 1, 400])
def test_an_epoch_does_not_close_before_its_day_is_over(stage: Stage, ahead: int) -> None:
    epoch = stage.today + ahead
    assert refusal(stage, stage.epoch(epoch, [])) == ("EpochNotClosable", epoch)


def test_an_epoch_closes_in_the_first_second_after_its_day(stage: Stage) -> None:
    epoch = stage.today
    stage.wait((epoch + 1) * DAY - 2 - stage.now)
    assert refusal(stage, stage.epoch(epoch, [])) == ("EpochNotClosable", epoch)
    stage.travel((epoch + 1) * DAY)
    stage.close(epoch, {})
    assert stage.now == (epoch + 1) * DAY


def test_rejections_of_an_epoch_that_closes_more_than_three_days_late_count_for_nobody(stage: Stage) -> None:
    epoch = stage.today
    stage.start_of_day(4)
    assert refusal(stage, stage.epoch(epoch, [(ALICE.address, 1)])) == ("EpochNotClosable", epoch)
    stage.close(epoch, {})
    assert stage.read("rejectionRootOf", epoch) == hash_of(f"root {epoch}")


def test_rejections_of_an_epoch_count_up_to_the_last_second_of_its_third_day_after(stage: Stage) -> None:
    epoch = stage.today
    stage.travel((epoch + 4) * DAY - 1)
    stage.close(epoch, {ALICE.address: 1})
    assert stage.now == (epoch + 4) * DAY - 1


def test_an_epoch_closes_once(stage: Stage, yesterday: int) -> None:
    stage.close(yesterday, {})
    again = stage.epoch(yesterday, [(ALICE.address, 9)], root=hash_of("another root"))
    assert refusal(stage, again) == ("EpochNotClosable", yesterday)
    assert stage.read("rejectionRootOf", yesterday) == hash_of(f"root {yesterday}")


def test_an_epoch_without_a_root_does_not_close(stage: Stage, yesterday: int) -> None:
    assert refusal(stage, stage.epoch(yesterday, [], root=EMPTY_HASH)) == ("ZeroNotAllowed",)


def test_a_closing_past_its_deadline_is_refused(stage: Stage, yesterday: int) -> None:
    closing = stage.epoch(yesterday, [], deadline=stage.now + DAY)
    stage.travel(stage.now + DAY + 1)
    assert refusal(stage, closing) == ("DeadlinePassed", closing.fields["deadline"])


def test_a_pause_stops_it(stage: Stage, yesterday: int) -> None:
    stage.call("pause", sender=GUARDIAN)
    assert refusal(stage, stage.epoch(yesterday, [])) == ("EnforcedPause",)


def test_fewer_gates_than_the_threshold_close_nothing(stage: Stage, yesterday: int) -> None:
    assert refusal(stage, stage.epoch(yesterday, [], gates=GATES[:1])) == ("QuorumNotMet", 1, 2)
    assert refusal(stage, stage.epoch(yesterday, [], gates=())) == ("QuorumNotMet", 0, 2)


def test_one_gate_twice_is_no_quorum(stage: Stage, yesterday: int) -> None:
    twice = stage.epoch(yesterday, [], gates=(GATES[0], GATES[0]))
    assert refusal(stage, twice) == ("NotAscending", GATES[0].address, GATES[0].address)


def test_who_is_no_gate_closes_nothing(stage: Stage, yesterday: int) -> None:
    assert refusal(stage, stage.epoch(yesterday, [], gates=(GATES[0], GATES[3]))) == ("NotAGate", GATES[3].address)
    stage.end_gate(GATES[1])
    assert refusal(stage, stage.epoch(yesterday, [])) == ("NotAGate", GATES[1].address)


def test_a_signature_with_high_s_is_refused(stage: Stage, yesterday: int) -> None:
    closing = stage.epoch(yesterday, [])
    sigs = [closing.signatures[0], high_s(closing.signatures[1])]
    assert stage.refusal("closeEpoch", closing.struct, sigs, sender=STRANGER) == ("GateSignatureInvalid", 1)


@pytest.mark.parametrize("name", ["epoch", "rejectionRoot", "tallies", "deadline"])
def test_a_closing_changed_after_signing_is_refused(stage: Stage, name: str) -> None:
    stage.start_of_day(2)
    yesterday = stage.today - 1
    closing = stage.epoch(yesterday, [(ALICE.address, 1)])
    changed: dict[str, Any] = {
        "epoch": yesterday - 1,
        "rejectionRoot": hash_of("another root"),
        "tallies": [(ALICE.address, 2)],
        "deadline": 2**41,
    }
    forged = tuple((closing.fields | {name: changed[name]}).values())
    assert stage.refusal("closeEpoch", forged, list(closing.signatures), sender=STRANGER)[0] == "NotAGate"


@pytest.mark.parametrize("order", [(0, 0), (1, 0), (0, 2, 1)])
def test_tallies_out_of_order_are_refused(stage: Stage, yesterday: int, order: tuple[int, ...]) -> None:
    rows = [(IN_ORDER[k].address, 1) for k in order]
    assert refusal(stage, stage.epoch(yesterday, rows)) == ("NotAscending", rows[-2][0], rows[-1][0])
    assert stage.read("rejectionRootOf", yesterday) == EMPTY_HASH


@pytest.mark.parametrize("uploaders", [0, 1, 3])
def test_a_closing_commits_to_the_root_and_says_every_tally(stage: Stage, yesterday: int, uploaders: int) -> None:
    tallies = {account.address: k + 1 for k, account in enumerate(IN_ORDER[:uploaders])}
    rows = [{"uploader": uploader, "count": count} for uploader, count in tallies.items()]
    root = hash_of(f"root {yesterday}")
    assert stage.close(yesterday, tallies) == (
        Happened("EpochClosed", {"epoch": yesterday, "rejectionRoot": root, "tallies": rows}),
    )
    assert stage.read("rejectionRootOf", yesterday) == root
    assert stage.read("rejectionRootOf", yesterday - 1) == EMPTY_HASH


def test_epochs_close_in_any_order(stage: Stage) -> None:
    first = stage.today
    stage.start_of_day(3)
    for epoch in (first + 1, first, first + 2):
        stage.close(epoch, {ALICE.address: 1})


def test_more_gates_than_the_threshold_may_close(stage: Stage, yesterday: int) -> None:
    closing = stage.epoch(yesterday, [], gates=GATES[:3])
    stage.call("closeEpoch", closing.struct, list(closing.signatures), sender=STRANGER)


def test_a_rotated_uploaders_rejections_count_for_the_new_key(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.wait(7 * DAY)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    stage.close(stage.today - 1, {ALICE.address: 4})
    stage.start_of_day(8)
    assert stage.read("reputationOf", CAROL.address)[0] < 2000
    assert stage.read("reputationOf", ALICE.address) == stage.read("reputationOf", CAROL.address)
