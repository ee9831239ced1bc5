"""An uploader's reputation from outcomes: the same integers as ``contracts/libraries/Reputation.sol``, bit for bit.

``score = 10,000 · (A + 1) / (A + R + V + 5)`` in units of one settled outcome: Beta reputation (Jøsang and Ismail,
"The Beta Reputation System", 2002) with a pessimistic prior, so a newcomer stands at 2,000.

- A, acceptances, and R, rejections at a quarter each, count when they are seven full days old. A day adds at most one
  unit of both together, in its own ratio, so that volume buys nothing. A never exceeds 64: nobody banks credit.
- V, proven wrongs: a fraud adds 16 and halves A, a correction adds 2.
- All three halve every 90 days.

A rounds down, R and V round up: no rounding is in the uploader's favour. Days are UTC days since 1970-01-01, at most
65,534 (5 June 2149), where the contract's 16 bits end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

UNIT: Final = 1_000_000  # the pools are in millionths of one settled outcome
PRIOR_GOOD: Final = UNIT
PRIOR_ALL: Final = 5 * UNIT
REJECTION: Final = UNIT // 4  # a detector's rejection is weak evidence
ACCEPTED_CAP: Final = 64 * UNIT
FRAUD: Final = 16 * UNIT
CORRECTION: Final = 2 * UNIT
OPEN_DAYS: Final = 8  # today and the seven days before
STRIKES_MAX: Final = 255

_ONE = 1 << 64  # of Q64.64
_DAY_FADE = 18_305_219_661_902_323_056  # 2^(64 - 1/90), cut off
_COUNT_BITS = 14
_CELL_BITS = 2 * _COUNT_BITS
_COUNT_MAX = (1 << _COUNT_BITS) - 1


@dataclass(frozen=True, slots=True)
class Tally:
    """What the contract keeps of one uploader, as of the end of a step; pools in millionths of one settled outcome.

    Attributes:
        day: Up to which all is settled and faded; 0 for an uploader never seen.
        rotated: Whether the name went over to another key.
        cells: Of each open day, at ``28 · (day mod 8)``: 14 bits of acceptances, above them 14 of rejections.
        accepted: A, at most ``ACCEPTED_CAP``.
        rejected: R.
        wronged: V.
        open_disputes: Disputes against the uploader's records that nobody has ruled on.
        last_fraud_day: Day of the last proven fraud; 0 if none.
        strikes: Proven frauds; stays at 255 once there.
    """

    day: int = 0
    rotated: bool = False
    cells: int = 0
    accepted: int = 0
    rejected: int = 0
    wronged: int = 0
    open_disputes: int = 0
    last_fraud_day: int = 0
    strikes: int = 0

    @property
    def score_bps(self) -> int:
        """The score in basis points, 0..10,000."""
        return 10_000 * (self.accepted + PRIOR_GOOD) // (self.evidence + PRIOR_ALL)

    @property
    def evidence(self) -> int:
        """What the score stands on, in millionths of one settled outcome."""
        return self.accepted + self.rejected + self.wronged

    def on(self, today: int) -> Tally:
        """Return the tally settled and faded up to a day: step by step while outcomes may settle, then in one jump."""
        tally = self if self.day else replace(self, day=today)
        while tally.day < today and tally.cells:
            tally = replace(tally, day=tally.day + 1)._settled()._faded(1)
        if tally.day < today:
            tally = tally._faded(today - tally.day)
        return replace(tally, day=today)

    def with_outcomes(self, since: int, accepted: int = 0, rejected: int = 0) -> Tally:
        """Return the tally of today with outcomes of day ``since``.

        What is too old to be open settles as soon as may be. A day counts at most 16,383 of each kind.
        """
        day = since if is_open(since, self.day) else self.day + 1 - OPEN_DAYS
        a, r = self._counts(day)
        return self._with_cell(day, min(a + accepted, _COUNT_MAX), min(r + rejected, _COUNT_MAX))

    def without_acceptance(self, since: int) -> Tally:
        """Return the tally of today without one acceptance of day ``since``, if that has not settled."""
        a, r = self._counts(since)
        if a == 0 or not is_open(since, self.day):
            return self
        return self._with_cell(since, a - 1, r)

    def without_rejections(self, since: int, most: int) -> tuple[Tally, int]:
        """Return the tally of today without ``most`` rejections of day ``since``, and how many were left to take."""
        if not is_open(since, self.day):
            return self, 0
        a, r = self._counts(since)
        taken = min(r, most)
        return self._with_cell(since, a, r - taken), taken

    def with_wrong(self, *, fraud: bool) -> Tally:
        """Return the tally of today after a proven fraud, else after a proven honest mistake."""
        if not fraud:
            return replace(self, wronged=self.wronged + CORRECTION)
        return replace(
            self,
            accepted=self.accepted // 2,
            wronged=self.wronged + FRAUD,
            last_fraud_day=self.day,
            strikes=min(self.strikes + 1, STRIKES_MAX),
        )

    def _settled(self) -> Tally:
        """Return the tally with the outcomes of eight days before counted; the new day takes over their cell."""
        a, r = self._counts(self.day)
        tally = self._with_cell(self.day, 0, 0)
        good, bad = a * UNIT, r * REJECTION
        mass = good + bad
        if mass == 0:
            return tally
        counted = min(mass, UNIT)
        accepted = self.accepted + good * counted // mass
        rejected = self.rejected + _ceil_div(bad * counted, mass)
        if accepted > ACCEPTED_CAP:
            accepted, rejected = ACCEPTED_CAP, _ceil_div(rejected * ACCEPTED_CAP, accepted)
        return replace(tally, accepted=accepted, rejected=rejected)

    def _faded(self, days: int) -> Tally:
        """Return the tally ``days`` later.

        ``_DAY_FADE``^n by squaring, each of fewer than 2n products cut off by less than one unit; 4n is more than that
        and the n units that ``_DAY_FADE`` lacks, so that R and V fade by no less than they should.
        """
        left, power, bits = _ONE, _DAY_FADE, days
        while bits:
            if bits & 1:
                left = left * power // _ONE
            power = power * power // _ONE
            bits >>= 1
        return replace(
            self,
            accepted=self.accepted * left // _ONE,
            rejected=_ceil_div(self.rejected * (left + 4 * days), _ONE),
            wronged=_ceil_div(self.wronged * (left + 4 * days), _ONE),
        )

    def _counts(self, day: int) -> tuple[int, int]:
        cell = self.cells >> _place(day)
        return cell & _COUNT_MAX, (cell >> _COUNT_BITS) & _COUNT_MAX

    def _with_cell(self, day: int, accepted: int, rejected: int) -> Tally:
        others = self.cells & ~(((1 << _CELL_BITS) - 1) << _place(day))
        return replace(self, cells=others | (accepted | rejected << _COUNT_BITS) << _place(day))


def is_open(since: int, today: int) -> bool:
    """Return whether outcomes of day ``since`` have not settled by ``today``: seven full days settle them."""
    return since + OPEN_DAYS > today


def _place(day: int) -> int:
    return _CELL_BITS * (day % OPEN_DAYS)


def _ceil_div(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)
