"""What uploaders of different conduct stand at, day by day, by the registry's own rules.

Days follow the contract: what is uploaded on day d settles on day d + 8. A file found to be a fraud is disputed and
ruled on `FOUND_AFTER` days after its upload: the dispute takes the acceptance back if it is still open, the ruling is
FRAUD. A file that a gate rejects is an outcome of the day it was sent in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import fmean

from registry.reputation import ACCEPTED_CAP, Tally

FIRST = 20_000  # day 0, in 2024: any day will do
DAYS = 365
RUNS = 200
SEED = 20_260_901
FOUND_AFTER = 7  # the last day on which an acceptance is open
SHOWN = (8, 31, 66, 90, 365)


@dataclass(frozen=True, slots=True)
class Sent:
    """What an uploader sends in on one day.

    Attributes:
        files: how many.
        rejected: the share that the gates reject, each file by itself.
        found: of the accepted, the share that is proven a fraud.
    """

    files: int
    rejected: float = 0.0
    found: float = 0.0


Conduct = Callable[[int], Sent]
IDLE = Sent(0)


def _steady(files: int, rejected: float = 0.0, found: float = 0.0) -> Conduct:
    return lambda _day: Sent(files, rejected, found)


def _weekly(files: int) -> Conduct:
    return lambda day: Sent(files) if day % 7 == 0 else IDLE


def _turns(first: Sent, then: Sent, day_of_turn: int) -> Conduct:
    return lambda day: first if day < day_of_turn else then


BEHAVIOURS: dict[str, Conduct] = {
    "honest, 1 a day, 2 % wrongly rejected": _steady(1, 0.02),
    "honest, 1 a day, 8 % wrongly rejected": _steady(1, 0.08),
    "newsroom, 100 a day, 5 % wrongly rejected": _steady(100, 0.05),
    "2 a week, on the same day": _weekly(2),
    "faker, 10 a day, 90 % rejected, 1 in 3 of the rest found": _steady(10, 0.9, 1 / 3),
    "slow faker, 1 a day, 70 % rejected, 1 in 5 of the rest found": _steady(1, 0.7, 1 / 5),
    "60 honest days, then 1 fraud a day, 1 in 3 found": _turns(Sent(1, 0.02), Sent(1, 0, 1 / 3), 60),
    "10 a day, 1 % found to be frauds": _steady(10, 0, 0.01),
    "idle since day 60": _turns(Sent(1, 0.02), IDLE, 60),
}


def played(conduct: Conduct, rng: Random) -> list[int]:
    """Return the score in basis points at the end of each day, from day 0 to day 365."""
    tally = Tally()
    found: dict[int, int] = {}  # day of discovery to number
    scores: list[int] = []
    for day in range(DAYS + 1):
        tally = tally.on(FIRST + day)
        for _ in range(found.pop(day, 0)):
            tally = tally.without_acceptance(FIRST + day - FOUND_AFTER).with_wrong(fraud=True)
        sent = conduct(day)
        rejected = sum(rng.random() < sent.rejected for _ in range(sent.files))
        accepted = sent.files - rejected
        found[day + FOUND_AFTER] = sum(rng.random() < sent.found for _ in range(accepted))
        tally = tally.with_outcomes(FIRST + day, accepted, rejected)
        scores.append(tally.score_bps)
    return scores


def life_of(conduct: Conduct, run: int) -> list[int]:
    """Return one life's scores in basis points, the same ones at every call."""
    return played(conduct, Random(f"{SEED} {run}"))


@dataclass(frozen=True, slots=True)
class Lives:
    """Many lives of the same conduct: of each day, their scores in basis points, ascending."""

    days: tuple[tuple[int, ...], ...]

    def mean(self, day: int) -> float:
        """Return a day's mean score, 0..1."""
        return fmean(self.days[day]) / 10_000

    def middle(self, day: int) -> tuple[float, float]:
        """Return between which scores the middle nine in ten lie, 0..1."""
        scores = self.days[day]
        tail = len(scores) // 20
        return scores[tail] / 10_000, scores[-1 - tail] / 10_000


def lives_of(conduct: Conduct, runs: int = RUNS) -> Lives:
    """Return ``runs`` lives, the same ones at every call."""
    lives = [life_of(conduct, run) for run in range(runs)]
    return Lives(tuple(tuple(sorted(day)) for day in zip(*lives, strict=True)))


def sybil_days(goals: tuple[int, ...] = (5000, 7000, 8000, 9000)) -> list[int]:
    """Return the first day on which a new key that nothing goes wrong for reaches each score in basis points."""
    scores = played(_steady(1), Random(SEED))
    return [next(day for day, score in enumerate(scores) if score >= goal) for goal in goals]


def veteran_after_frauds(frauds: int = 4) -> list[int]:
    """Return a veteran's score in basis points before, and after each of some frauds proven on one day."""
    tally = Tally(day=FIRST, accepted=ACCEPTED_CAP)
    scores = [tally.score_bps]
    for _ in range(frauds):
        tally = tally.with_wrong(fraud=True)
        scores.append(tally.score_bps)
    return scores


def veteran_days_back(frauds: int, goal: int = 8000) -> int:
    """Return how many days of one acceptance each bring a veteran back to a score after frauds proven on one day."""
    tally = Tally(day=FIRST, accepted=ACCEPTED_CAP)
    for day in range(FIRST - 7, FIRST + 1):
        tally = tally.with_outcomes(day, accepted=1)
    for _ in range(frauds):
        tally = tally.with_wrong(fraud=True)
    while tally.score_bps < goal:
        tally = tally.on(tally.day + 1)
        tally = tally.with_outcomes(tally.day, accepted=1)
    return tally.day - FIRST
