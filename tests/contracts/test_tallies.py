"""``disputeTally``: what lowers a reputation can be asked to be shown."""

from __future__ import annotations

import pytest

from tests.contracts.actors import ADMIN, ALICE, BOB, BOND, CAROL, DAY, GUARDIAN, OPERATOR, STRANGER
from tests.contracts.stage import Happened, Stage
from tests.contracts.tally_case import FOUR_REJECTED, SETTLES, Case, dispute_refusal, tallied
from tests.contracts.trees import Refused, rejection


def test_nobody_disputes_anothers_tally(stage: Stage, case: Case) -> None:
    for other in (BOB, STRANGER, OPERATOR):
        assert dispute_refusal(stage, case.epoch, other) == ("NotUploader", other.address)


@pytest.mark.parametrize("value", [0, BOND - 1, BOND + 1])
def test_a_dispute_costs_exactly_its_bond(stage: Stage, case: Case, value: int) -> None:
    assert dispute_refusal(stage, case.epoch, value=value) == ("BondMismatch", BOND, value)


def test_there_must_be_rejections(stage: Stage, case: Case) -> None:
    assert dispute_refusal(stage, case.epoch, CAROL, name=CAROL) == ("NoTally", case.epoch, CAROL.address)
    assert dispute_refusal(stage, case.epoch - 1) == ("NoTally", case.epoch - 1, ALICE.address)
    assert dispute_refusal(stage, stage.today) == ("NoTally", stage.today, ALICE.address)
    assert dispute_refusal(stage, 2**32 - 1) == ("NoTally", 2**32 - 1, ALICE.address)


@pytest.mark.parametrize("away", [-8, 8, 16, 800])
def test_another_epoch_of_the_same_cell_is_not_disputed(stage: Stage, case: Case, away: int) -> None:
    """A ring of eight days keeps them in one place."""
    assert dispute_refusal(stage, case.epoch + away) == ("NoTally", case.epoch + away, ALICE.address)


def test_each_name_has_its_own_tally_though_one_key_answers_for_both(stage: Stage) -> None:
    """Else whoever rotated once could dispute the new name's rejections under the old, where nothing proves them."""
    stage.rotate(ALICE, CAROL)
    stage.start_of_day(8)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    day = stage.today
    stage.start_of_day(1)
    mine, former = rejection(stage, 1, uploader=CAROL), rejection(stage, 2)
    refused = Refused(stage, (mine, former))
    refused.close(day, {CAROL.address: 1, ALICE.address: 1})
    refused.close(day - 1, {CAROL.address: 4})
    assert dispute_refusal(stage, day - 1, CAROL) == ("NoTally", day - 1, ALICE.address)
    opened = stage.call("disputeTally", day, ALICE.address, sender=CAROL, value=BOND)
    assert opened[0].args == {"epoch": day, "uploader": ALICE.address, "by": CAROL.address, "rejections": 1}
    stage.call("answerTally", day, ALICE.address, refused.openings([former]), sender=STRANGER)
    stage.call("disputeTally", day, CAROL.address, sender=CAROL, value=2 * BOND)
    stage.call("answerTally", day, CAROL.address, refused.openings([mine]), sender=STRANGER)
    assert stage.read("creditOf", OPERATOR.address) == 3 * BOND


def test_what_was_proven_late_is_not_taken_out_with_another_epochs_tally(stage: Stage) -> None:
    """It waits in the oldest open cell, which is another epoch's too."""
    case = Case(stage)
    stage.start_of_day(3)
    other = stage.today - 1
    Refused(stage, (rejection(stage, 77), rejection(stage, 78))).close(other, {ALICE.address: 1})
    case.dispute()
    stage.start_of_day(other + 7 - stage.today)
    case.answer(case.all())
    opened = stage.call("disputeTally", other, ALICE.address, sender=ALICE, value=2 * BOND)
    assert opened[0].args["rejections"] == 1
    stage.start_of_day(1)
    assert stage.read("reputationOf", ALICE.address) == FOUR_REJECTED


def test_acceptances_are_no_rejections(stage: Stage) -> None:
    stage.file("a file")
    assert dispute_refusal(stage, stage.today) == ("NoTally", stage.today, ALICE.address)


def test_what_has_settled_is_not_disputed_any_more(stage: Stage, case: Case) -> None:
    stage.travel((case.epoch + SETTLES) * DAY)
    assert dispute_refusal(stage, case.epoch) == ("NoTally", case.epoch, ALICE.address)


def test_it_is_disputed_up_to_the_last_second_before(stage: Stage, case: Case) -> None:
    stage.travel((case.epoch + SETTLES) * DAY - 1)
    case.dispute()
    stage.start_of_day(1)
    assert stage.read("reputationOf", ALICE.address) == [2000, 0, 0, 0, 0]


def test_a_tally_is_not_disputed_while_it_is(stage: Stage, disputed: Case) -> None:
    assert dispute_refusal(stage, disputed.epoch) == ("NoTally", disputed.epoch, ALICE.address)


def test_a_tally_that_was_proven_is_not_disputed_again(stage: Stage, disputed: Case) -> None:
    disputed.answer(disputed.all())
    again = dispute_refusal(stage, disputed.epoch, value=2 * BOND)
    assert again == ("NoTally", disputed.epoch, ALICE.address)


def test_a_pause_stops_a_dispute_and_no_answer(stage: Stage, case: Case) -> None:
    stage.call("pause", sender=GUARDIAN)
    assert dispute_refusal(stage, case.epoch) == ("EnforcedPause",)
    stage.call("unpause", sender=ADMIN)
    case.dispute()
    stage.call("pause", sender=GUARDIAN)
    case.answer(case.all())


def test_a_dispute_is_told_and_kept_and_takes_the_rejections_out(stage: Stage, case: Case) -> None:
    said = {"epoch": case.epoch, "uploader": ALICE.address, "by": ALICE.address, "rejections": 4}
    assert case.dispute() == (Happened("TallyDisputed", said),)
    assert stage.read("tallyDisputeOf", case.epoch, BOB.address) == tallied(3)
    kept = {"challenger": ALICE.address, "openedAt": stage.now, "doublings": 0, "rejections": 4}
    assert stage.read("tallyDisputeOf", case.epoch, ALICE.address) == kept
    assert stage.balance(stage.address) == BOND
    assert case.settled() == [2000, 0, 0, 0, 0]
    assert stage.read("reputationOf", BOB.address)[0] < 2000


def test_a_days_acceptances_stay(stage: Stage) -> None:
    stage.file("a file")
    case = Case(stage)
    case.dispute()
    assert case.settled() == [3324, 992_327, 0, 0, 0]


def test_who_took_over_the_name_disputes_for_it(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.wait(7 * DAY)
    case = Case(stage)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    assert dispute_refusal(stage, case.epoch) == ("NotUploader", ALICE.address)
    stage.call("disputeTally", case.epoch, ALICE.address, sender=CAROL, value=BOND)
    case.answer(case.all())
    assert stage.read("bondOf", CAROL.address) == 2 * BOND
    assert case.settled() == FOUR_REJECTED
