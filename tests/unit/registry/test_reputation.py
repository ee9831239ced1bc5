"""The twin of the contract's reputation: outcomes by hand, then the laws that it promises for every history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.reputation import ACCEPTED_CAP, UNIT, Tally, is_open

DAY = 20_000  # in 2024


def test_a_newcomer_stands_at_two_thousand_on_no_evidence() -> None:
    assert (Tally().score_bps, Tally().evidence) == (2000, 0)


def test_a_first_sight_sets_the_day_and_fades_nothing() -> None:
    assert Tally().on(DAY) == Tally(day=DAY)


@pytest.mark.parametrize(("since", "is_it"), [(DAY, True), (DAY - 7, True), (DAY - 8, False)])
def test_an_outcome_is_open_for_today_and_seven_days(since: int, is_it: bool) -> None:
    assert is_open(since, DAY) is is_it


def test_an_acceptance_counts_when_it_is_seven_full_days_old_and_not_before() -> None:
    tally = Tally().on(DAY).with_outcomes(DAY, accepted=1)
    assert tally.on(DAY + 7).evidence == 0
    settled = tally.on(DAY + 8)
    assert (settled.accepted, settled.cells) == (992_327, 0)  # one unit less one day of fading, 1e6 · 2^(-1/90) cut
    assert settled.score_bps == 3324


def test_a_day_counts_one_unit_in_its_own_ratio() -> None:
    tally = Tally().on(DAY).with_outcomes(DAY, accepted=300, rejected=400).on(DAY + 8)
    assert (tally.accepted, tally.rejected) == (744_245, 248_082)  # 3/4 and 1/4, faded by a day


def test_rejections_that_come_late_settle_the_next_day() -> None:
    tally = Tally().on(DAY).with_outcomes(DAY - 30, rejected=4)
    assert tally.on(DAY).rejected == 0
    assert tally.on(DAY + 1).rejected == 992_328


def test_an_acceptance_is_taken_back_while_it_is_open_and_never_after() -> None:
    tally = Tally().on(DAY).with_outcomes(DAY, accepted=1)
    assert tally.on(DAY + 7).without_acceptance(DAY).cells == 0
    assert tally.on(DAY + 8).without_acceptance(DAY) == tally.on(DAY + 8)
    assert Tally().on(DAY).without_acceptance(DAY) == Tally(day=DAY)


def test_a_fraud_halves_the_acceptances_and_a_correction_does_not() -> None:
    tally = Tally(day=DAY, accepted=4 * UNIT + 1)
    assert tally.with_wrong(fraud=True) == Tally(
        day=DAY, accepted=2 * UNIT, wronged=16 * UNIT, last_fraud_day=DAY, strikes=1
    )
    assert tally.with_wrong(fraud=False) == replace(tally, wronged=2 * UNIT)


def test_strikes_stay_at_255() -> None:
    assert Tally(strikes=255).with_wrong(fraud=True).strikes == 255


def test_acceptances_are_capped_and_rejections_shrink_with_them() -> None:
    tally = Tally(day=DAY, accepted=ACCEPTED_CAP, rejected=65 * UNIT).with_outcomes(DAY - 7, accepted=1)
    assert tally.on(DAY + 1) == Tally(day=DAY, accepted=ACCEPTED_CAP, rejected=64 * UNIT).on(DAY + 1)


def test_half_is_left_after_ninety_days() -> None:
    tally = Tally(day=DAY, accepted=UNIT, rejected=UNIT, wronged=UNIT).on(DAY + 90)
    assert (tally.accepted, tally.rejected, tally.wronged) == (499_999, 500_001, 500_001)


def test_a_cell_is_full_at_16383() -> None:
    full = Tally(day=DAY).with_outcomes(DAY, accepted=16_383)
    assert full.with_outcomes(DAY, accepted=1) == full
