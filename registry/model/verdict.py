"""`Verdict`: the gate's decision, with the thresholds and the screening that it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from registry.errors import InvalidValueError
from registry.model.screening import Screening, require_probability


class Outcome(StrEnum):
    """ACCEPTED means screened and not flagged, never "real"."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a `fake_probability` stops being accepted and starts being refused.

    Attributes:
        review_at: from here on a person decides.
        reject_at: from here on the gate refuses; at least ``review_at``.
    """

    review_at: float
    reject_at: float

    def __post_init__(self) -> None:
        require_probability("review_at", self.review_at)
        require_probability("reject_at", self.reject_at)
        if self.review_at > self.reject_at:
            raise InvalidValueError(f"expected review_at <= reject_at, got {self.review_at} > {self.reject_at}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's decision on one file.

    Attributes:
        outcome: the decision.
        reasons: codes, most important first; empty only for a plain ACCEPTED.
        thresholds: in force when it was taken.
        screening: the detector's finding.
        policy_id: 32 bytes, the policy in force.
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    thresholds: Thresholds
    screening: Screening
    policy_id: bytes
