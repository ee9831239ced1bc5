"""``reputationOf`` on the chain: what counts, when, and how much, against figures worked out by hand.

The integers themselves are compared with their Python twin elsewhere; here is who causes them.
"""

from __future__ import annotations

import pytest

from tests.contracts.actors import (
    ALICE,
    BOB,
    CORRECTED,
    DAY,
    DISMISSED,
    FRAUD,
    OPERATOR,
    REMOVED,
    REVOKE,
)
from tests.contracts.stage import Stage

NEWCOMER = [2000, 0, 0, 0, 0]  # 10,000 · 1 / 5
ONE_DAY_OLD = 992_327  # 1,000,000 · 2^(-1/90), cut off
SETTLES = 8  # days after its own on which an outcome counts: seven full ones lie between


def reputation(stage: Stage) -> list[int]:
    return list(stage.read("reputationOf", ALICE.address))


def test_an_address_never_seen_is_a_newcomer(stage: Stage) -> None:
    assert stage.read("reputationOf", BOB.address) == NEWCOMER


def test_an_acceptance_counts_when_seven_full_days_have_passed_and_not_before(stage: Stage) -> None:
    stage.file("a file")
    stage.wait((stage.today + SETTLES) * DAY - 1 - stage.now)
    assert reputation(stage) == NEWCOMER
    stage.wait(1)
    assert reputation(stage) == [3324, ONE_DAY_OLD, 0, 0, 0]  # 10,000 · 1.992327 / 5.992327
    assert stage.read("reputationOf", BOB.address) == NEWCOMER


def test_an_acceptance_that_earns_nothing_leaves_no_trace(stage: Stage) -> None:
    stage.file("a file", earns=False)
    stage.start_of_day(SETTLES)
    assert reputation(stage) == NEWCOMER


def test_ten_acceptances_of_a_day_count_as_one(stage: Stage) -> None:
    for number in range(10):
        stage.file(f"file {number}")
    stage.start_of_day(SETTLES)
    assert reputation(stage) == [3324, ONE_DAY_OLD, 0, 0, 0]


def test_acceptances_of_two_days_count_as_two(stage: Stage) -> None:
    stage.file("one")
    stage.start_of_day(1)
    stage.file("two")
    stage.start_of_day(SETTLES)
    assert reputation(stage) == [4266, 1_977_041, 0, 0, 0]  # (0.992327 + 1) · 2^(-1/90); 2.977041 / 6.977041


def test_all_of_it_halves_in_ninety_days(stage: Stage) -> None:
    stage.file("a file")
    stage.start_of_day(SETTLES + 90)
    assert reputation(stage) == [2722, 496_163, 0, 0, 0]  # 1.496163 / 5.496163


def test_four_rejections_weigh_as_one_acceptance_and_in_the_days_own_ratio(stage: Stage) -> None:
    stage.file("a file")
    stage.start_of_day(1)
    stage.close(stage.today - 1, {ALICE.address: 4})
    stage.start_of_day(SETTLES - 1)
    assert reputation(stage) == [
        2496,
        496_163 + 496_164,
        0,
        0,
        0,
    ]  # half a unit each, R rounded up; 1.496163 / 5.992327


def test_rejections_alone_lower_the_score(stage: Stage) -> None:
    stage.start_of_day(1)
    stage.close(stage.today - 1, {ALICE.address: 2})
    assert reputation(stage) == NEWCOMER
    stage.start_of_day(SETTLES - 1)
    assert reputation(stage) == [1819, 496_164, 0, 0, 0]  # 1 / 5.496164


def test_rejections_of_an_epoch_that_closes_late_count_from_the_same_day_on(stage: Stage) -> None:
    late = stage.today
    stage.start_of_day(3)
    stage.close(late, {ALICE.address: 2})
    stage.start_of_day(SETTLES - 4)
    assert reputation(stage) == NEWCOMER
    stage.start_of_day(1)
    assert reputation(stage) == [1819, 496_164, 0, 0, 0]


def test_revoking_ones_own_in_time_takes_the_acceptance_back_and_no_more(stage: Stage) -> None:
    first = stage.file("one")
    stage.start_of_day(SETTLES - 1)
    stage.say(REVOKE, first)
    stage.start_of_day(1)
    assert reputation(stage) == NEWCOMER


def test_revoking_ones_own_later_takes_nothing_back(stage: Stage) -> None:
    first = stage.file("one")
    stage.start_of_day(SETTLES)
    before = reputation(stage)
    stage.say(REVOKE, first)
    assert reputation(stage) == before


def test_revoking_what_earned_nothing_takes_nothing_from_the_same_day(stage: Stage) -> None:
    stage.file("one")
    stage.say(REVOKE, stage.file("two", earns=False))
    stage.start_of_day(SETTLES)
    assert reputation(stage) == [3324, ONE_DAY_OLD, 0, 0, 0]


def test_what_is_challenged_in_time_waits_for_the_ruling(stage: Stage) -> None:
    digest = stage.file("one")
    stage.start_of_day(SETTLES - 1)
    stage.dispute(digest)
    stage.start_of_day(1)
    assert reputation(stage) == [2000, 0, 1, 0, 0]


def test_dismissed_in_time_it_counts_on_its_day(stage: Stage) -> None:
    digest = stage.file("one")
    stage.dispute(digest)
    stage.start_of_day(3)
    stage.rule(digest, DISMISSED)
    stage.start_of_day(SETTLES - 3)
    assert reputation(stage) == [3324, ONE_DAY_OLD, 0, 0, 0]


def test_dismissed_later_it_counts_on_the_next_day(stage: Stage) -> None:
    digest = stage.file("one")
    stage.dispute(digest)
    stage.start_of_day(40)
    stage.rule(digest, DISMISSED)
    assert reputation(stage) == NEWCOMER
    stage.start_of_day(1)
    assert reputation(stage) == [3324, ONE_DAY_OLD, 0, 0, 0]


def test_a_challenge_that_came_too_late_gives_nothing_when_dismissed(stage: Stage) -> None:
    digest = stage.file("one")
    stage.start_of_day(SETTLES)
    stage.dispute(digest)
    stage.rule(digest, DISMISSED)
    stage.start_of_day(1)
    assert reputation(stage)[1] == 984_713  # once, two days old


def test_what_earned_nothing_earns_nothing_by_a_dismissal(stage: Stage) -> None:
    digest = stage.file("one", earns=False)
    stage.dispute(digest)
    stage.rule(digest, DISMISSED)
    stage.start_of_day(SETTLES)
    assert reputation(stage) == NEWCOMER


@pytest.mark.parametrize(
    ("ruling", "expected"),
    [
        (REMOVED, [2000, 0, 0, 0]),
        (CORRECTED, [1428, 2_000_000, 0, 0]),  # 1 / 7
        (FRAUD, [476, 16_000_000, 0, 1]),  # 1 / 21
    ],
    ids=["removed", "corrected", "fraud"],
)
@pytest.mark.parametrize("earns", [True, False], ids=["earning", "earning nothing"])
def test_a_ruling_against_an_open_acceptance(stage: Stage, earns: bool, ruling: int, expected: list[int]) -> None:
    digest = stage.file("one", earns=earns)
    stage.dispute(digest)
    stage.rule(digest, ruling)
    assert reputation(stage) == [*expected, stage.today if ruling == FRAUD else 0]


@pytest.mark.parametrize(
    ("ruling", "expected"),
    [
        (REMOVED, [3324, 992_327, 0, 0]),
        (CORRECTED, [2492, 2_992_327, 0, 0]),  # 1.992327 / 7.992327
        (FRAUD, [696, 16_496_163, 0, 1]),  # half is gone: 1.496163 / 21.496163
    ],
    ids=["removed", "corrected", "fraud"],
)
def test_a_ruling_against_a_settled_acceptance(stage: Stage, ruling: int, expected: list[int]) -> None:
    digest = stage.file("one")
    stage.start_of_day(SETTLES)
    stage.dispute(digest)
    stage.rule(digest, ruling)
    assert reputation(stage) == [*expected, stage.today if ruling == FRAUD else 0]


def test_the_day_of_the_last_fraud_is_the_rulings(stage: Stage) -> None:
    first, second = stage.file("one"), stage.file("two")
    for digest in (first, second):
        stage.start_of_day(20)
        stage.dispute(digest)
        stage.start_of_day(1)
        stage.rule(digest, FRAUD)
    assert reputation(stage)[2:] == [0, 2, stage.today]


def test_the_operator_earns_as_anyone_does(stage: Stage) -> None:
    stage.register(stage.submission(uploader=OPERATOR, sender=OPERATOR, signed=False))
    stage.start_of_day(SETTLES)
    assert stage.read("reputationOf", OPERATOR.address)[0] == 3324
