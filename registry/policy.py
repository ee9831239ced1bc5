"""`AdmissionPolicy`: the pure rule from a screening, its neighbours and the uploader's reputation to a verdict.

Laws, each a property test: the outcome is monotone in `fake_probability`; it is never milder for a better reputation
than for a neutral one, because reputation only ever tightens; nothing is refused for a near match alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import rfc8785

from registry.errors import InvalidValueError
from registry.model import (
    Abstention,
    AbstentionReason,
    Address,
    Outcome,
    Prediction,
    Record,
    Reputation,
    Screening,
    Standing,
    Thresholds,
    Verdict,
)

POLICY_SCHEMA_VERSION = 1


class AbstentionMode(StrEnum):
    """What to do with a file that the detector did not judge."""

    REVIEW = "review"
    REJECT = "reject"
    ACCEPT = "accept"


class Reason(StrEnum):
    """The policy's own codes; a detector's abstention adds its own (`AbstentionReason`)."""

    FLAGGED = "flagged"
    UNCERTAIN = "uncertain"
    PARTIAL_COVERAGE = "partial_coverage"
    NOT_SCREENED = "not_screened"
    NEAR_DUPLICATE = "near_duplicate"
    NEAR_DISPUTED = "near_disputed"
    NEAR_REVOKED = "near_revoked"
    LOW_REPUTATION = "low_reputation"


def _review_everything() -> tuple[tuple[AbstentionReason, AbstentionMode], ...]:
    return tuple((reason, AbstentionMode.REVIEW) for reason in AbstentionReason)


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """Decides who gets in.

    Attributes:
        thresholds: in calibrated `fake_probability`; chosen with the model, on its validation set.
        min_coverage: share of a clip that must have been judged for an acceptance.
        review_below_score_bps: an uploader with a lower score is reviewed. A newcomer has 2,000, so this takes proven
            misconduct.
        on_abstention: one mode per reason, in the order of `AbstentionReason`.
    """

    thresholds: Thresholds
    min_coverage: float = 0.5
    review_below_score_bps: int = 1_000
    on_abstention: tuple[tuple[AbstentionReason, AbstentionMode], ...] = field(default_factory=_review_everything)

    def __post_init__(self) -> None:
        if [reason for reason, _ in self.on_abstention] != list(AbstentionReason):
            raise InvalidValueError(f"on_abstention: expected each of {list(AbstentionReason)} once, in this order")

    @property
    def policy_id(self) -> bytes:
        """SHA-256 of the policy's canonical JSON (RFC 8785), 32 bytes."""
        return hashlib.sha256(self.canonical_json()).digest()

    def canonical_json(self) -> bytes:
        """Return the policy as canonical JSON (RFC 8785)."""
        return rfc8785.dumps(
            {
                "v": POLICY_SCHEMA_VERSION,
                "review_at": self.thresholds.review_at,
                "reject_at": self.thresholds.reject_at,
                "min_coverage": self.min_coverage,
                "review_below_score_bps": self.review_below_score_bps,
                "on_abstention": {reason.value: mode.value for reason, mode in self.on_abstention},
            }
        )

    def decide(
        self,
        screening: Screening,
        *,
        neighbours: Sequence[Record] = (),
        uploader: Address | None = None,
        reputation: Reputation | None = None,
    ) -> Verdict:
        """Return the verdict on one file.

        Args:
            screening: the detector's finding.
            neighbours: records that the file resembles.
            uploader: who registers; absent for a check, where resembling somebody's record is no fault.
            reputation: the uploader's.
        """
        outcome, reasons = self._screened(screening)
        doubts = [*_doubts_from_neighbours(neighbours, uploader), *self._doubts_from_reputation(reputation)]
        if doubts and outcome is Outcome.ACCEPTED:
            outcome = Outcome.INCONCLUSIVE
        return Verdict(outcome, (*reasons, *doubts), self.thresholds, screening, self.policy_id)

    def _screened(self, screening: Screening) -> tuple[Outcome, list[str]]:
        if isinstance(screening, Abstention):
            return self._abstained(screening.reason)
        return self._judged(screening)

    def _abstained(self, reason: AbstentionReason) -> tuple[Outcome, list[str]]:
        match dict(self.on_abstention)[reason]:
            case AbstentionMode.REVIEW:
                return Outcome.INCONCLUSIVE, [reason]
            case AbstentionMode.REJECT:
                return Outcome.REJECTED, [reason]
            case AbstentionMode.ACCEPT:
                return Outcome.ACCEPTED, [Reason.NOT_SCREENED, reason]

    def _judged(self, prediction: Prediction) -> tuple[Outcome, list[str]]:
        if prediction.fake_probability >= self.thresholds.reject_at:
            return Outcome.REJECTED, [Reason.FLAGGED]
        doubts: list[str] = []
        if prediction.fake_probability >= self.thresholds.review_at:
            doubts.append(Reason.UNCERTAIN)
        if prediction.coverage < self.min_coverage:
            doubts.append(Reason.PARTIAL_COVERAGE)
        return (Outcome.INCONCLUSIVE, doubts) if doubts else (Outcome.ACCEPTED, [])

    def _doubts_from_reputation(self, reputation: Reputation | None) -> list[str]:
        low = reputation is not None and reputation.score_bps < self.review_below_score_bps
        return [Reason.LOW_REPUTATION] if low else []


def _doubts_from_neighbours(neighbours: Sequence[Record], uploader: Address | None) -> list[str]:
    standings = {record.standing for record in neighbours}
    doubts: list[str] = []
    if uploader is not None and any(record.uploader != uploader for record in neighbours):
        doubts.append(Reason.NEAR_DUPLICATE)
    if Standing.DISPUTED in standings:
        doubts.append(Reason.NEAR_DISPUTED)
    if Standing.REVOKED in standings:
        doubts.append(Reason.NEAR_REVOKED)
    return doubts
