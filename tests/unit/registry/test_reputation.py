"""The twin of the contract's reputation: outcomes by hand, then the laws that it promises for every history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize("days", [0, 1, 7])
def test_a_days_open_rejections_are_taken_out_and_its_acceptances_stay(days: int) -> None:
    tally = Tally().on(DAY).with_outcomes(DAY, accepted=2, rejected=3).on(DAY + days)
    accepted = Tally().on(DAY).with_outcomes(DAY, accepted=2).on(DAY + days)
    assert tally.without_rejections(DAY, 9) == (accepted, 3)
    assert tally.without_rejections(DAY, 1) == (accepted.with_outcomes(DAY, rejected=2), 1)
    assert tally.without_rejections(DAY, 0) == tally.without_rejections(DAY - 1, 9) == (tally, 0)


def test_rejections_that_have_settled_stay() -> None:
    tally = Tally().on(DAY).with_outcomes(DAY, rejected=3).on(DAY + 8).with_outcomes(DAY + 8, rejected=2)
    assert tally.without_rejections(DAY, 9) == (tally, 0)


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


# ------------------------------------------------------------------------------------------------------- the laws

ONE_POKE = 1e-6  # of the score, 0..1
ANY_POKES = 5e-5  # half a basis point: the last digit lost each day and faded comes to less than 131 in each pool
FADE = Context(prec=60).power(2, Context(prec=60).divide(Decimal(-1), Decimal(90)))

waits = st.one_of(st.integers(0, 10), st.integers(0, 3000))


@dataclass(frozen=True)
class Event:
    """What happens ``wait`` days after the event before; outcomes are of ``back`` days before that."""

    wait: int
    kind: Literal["outcomes", "takeback", "fraud", "correction"]
    back: int = 0
    accepted: int = 0
    rejected: int = 0

    def to(self, tally: Tally) -> Tally:
        match self.kind:
            case "outcomes":
                return tally.with_outcomes(tally.day - self.back, self.accepted, self.rejected)
            case "takeback":
                return tally.without_acceptance(tally.day - self.back)
            case _:
                return tally.with_wrong(fraud=self.kind == "fraud")


events = st.builds(
    Event,
    waits,
    st.sampled_from(["outcomes", "outcomes", "outcomes", "takeback", "fraud", "correction"]),
    st.integers(0, 12),
    st.integers(0, 5),
    st.sampled_from([0, 0, 0, 1, 7]),
)
histories = st.lists(events, max_size=30)
mostly_good = st.lists(
    st.builds(Event, st.integers(0, 3), st.just("outcomes"), st.integers(0, 9), st.integers(0, 3), st.integers(0, 2)),
    max_size=60,
)


class Exact:
    """The rules without rounding, in units of one outcome to 60 digits, written from the rules, not the code."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.open: dict[int, tuple[int, int]] = {}
        self.a = self.r = self.v = Decimal(0)

    def on(self, today: int) -> None:
        while self.day < today and self.open:
            self.day += 1
            good, bad = (Decimal(n) for n in self.open.pop(self.day - 8, (0, 0)))
            mass = good + bad / 4
            share = min(mass, Decimal(1)) / mass if mass else Decimal(0)
            self.a, self.r = self.a + good * share, self.r + bad / 4 * share
            if self.a > 64:
                self.a, self.r = Decimal(64), self.r * 64 / self.a
            self._fade(1)
        self._fade(today - self.day)
        self.day = today

    def take(self, event: Event) -> None:
        self.on(self.day + event.wait)
        since = self.day - event.back
        match event.kind:
            case "outcomes":
                since = max(since, self.day - 7)
                a, r = self.open.get(since, (0, 0))
                self.open[since] = (a + event.accepted, r + event.rejected)
            case "takeback":
                a, r = self.open.get(since, (0, 0))
                self.open[since] = (max(0, a - 1), r)
                if since <= self.day - 8:
                    del self.open[since]
            case "fraud":
                self.a, self.v = self.a / 2, self.v + 16
            case "correction":
                self.v += 2

    def _fade(self, days: int) -> None:
        left = FADE**days
        self.a, self.r, self.v = self.a * left, self.r * left, self.v * left

    @property
    def score_bps(self) -> Decimal:
        return 10_000 * (self.a + 1) / (self.a + self.r + self.v + 5)


def lived(history: list[Event], *, daily: bool = False) -> Tally:
    tally = Tally().on(DAY)
    for event in history:
        today = tally.day + event.wait
        for day in range(tally.day + 1, today) if daily else ():
            tally = tally.on(day)
        tally = event.to(tally.on(today))
    return tally


def score(tally: Tally) -> Fraction:
    """The score before it is cut to basis points, 0..1."""
    return Fraction(tally.accepted + UNIT, tally.evidence + 5 * UNIT)


def pools(tally: Tally) -> tuple[int, int, int]:
    return tally.accepted, tally.rejected, tally.wronged


@given(histories)
def test_a_score_is_never_below_zero_nor_above_ten_thousand(history: list[Event]) -> None:
    assert 0 <= lived(history).score_bps <= 10_000


@given(histories, waits, waits)
def test_one_jump_over_two_spans_is_two_jumps(history: list[Event], first: int, second: int) -> None:
    tally = lived(history)
    once, twice = tally.on(tally.day + first + second), tally.on(tally.day + first).on(tally.day + first + second)
    for one, two in zip(pools(once), pools(twice), strict=True):
        assert one == pytest.approx(two, rel=1e-6, abs=2)  # the last digit is a millionth of an outcome


@given(st.one_of(histories, mostly_good))
def test_no_rounding_is_in_the_uploaders_favour_and_all_of_it_is_small(history: list[Event]) -> None:
    with localcontext(prec=60):
        tally, exact = Tally().on(DAY), Exact(DAY)
        for event in history:
            tally = event.to(tally.on(tally.day + event.wait))
            exact.take(event)
        assert tally.accepted <= exact.a * UNIT
        assert tally.rejected >= exact.r * UNIT
        assert tally.wronged >= exact.v * UNIT
        assert 0 <= exact.score_bps - tally.score_bps < 1 + 10_000 * ANY_POKES


@given(histories, st.integers(0, 30), st.integers(1, 20), st.sampled_from([0, 8, 100]))
def test_more_acceptances_never_lower_the_score_when_nothing_else_differs(
    history: list[Event], place: int, more: int, after: int
) -> None:
    short = [*(replace(event, wait=event.wait % 60) for event in history), Event(after, "takeback")]
    extra = [*short[:place], Event(0, "outcomes", accepted=more), *short[place:]]
    # each day settled on its own in both, so that both round alike
    assert score(lived(extra, daily=True)) >= score(lived(short, daily=True))


@given(histories)
def test_a_fraud_always_lowers_the_score(history: list[Event]) -> None:
    tally = lived(history)
    after = tally.with_wrong(fraud=True)
    assert score(after) < score(tally)
    assert (
        after.score_bps < tally.score_bps or tally.score_bps < 500
    )  # where a basis point may be too coarse to show it


@given(histories)
def test_a_fraud_costs_more_than_an_honest_mistake(history: list[Event]) -> None:
    tally = lived(history)
    assert score(tally.with_wrong(fraud=True)) < score(tally.with_wrong(fraud=False)) < score(tally)


@given(histories, waits, waits)
def test_a_poke_moves_the_score_by_less_than_a_millionth(history: list[Event], first: int, second: int) -> None:
    tally = lived(history)
    poked = tally.on(tally.day + first).on(tally.day + first + second)
    assert abs(score(poked) - score(tally.on(tally.day + first + second))) < ONE_POKE


@given(histories)
def test_pokes_on_every_day_move_the_score_by_less_than_half_a_basis_point(history: list[Event]) -> None:
    short = [replace(event, wait=event.wait % 100) for event in history]
    assert abs(score(lived(short, daily=True)) - score(lived(short))) < ANY_POKES
