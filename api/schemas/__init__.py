"""The wire: every JSON object that leaves by command line or HTTP, as design section 7 has it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from api.schemas.credentials import CredentialsOut
from api.schemas.proofs import ReceiptVerificationOut
from api.schemas.records import ReasonCode, RecordOut, RulingWord, StandingWord, Wire, reason_of, ruling_of
from api.schemas.statements import ActWord, IntentIn, StatementIn
from registry.model import (
    Check,
    Dispute,
    Job,
    JobState,
    Match,
    Prediction,
    Reputation,
    Screening,
    Verdict,
    Verification,
)

__all__ = [
    "ActWord",
    "CheckOut",
    "CredentialsOut",
    "FrameScoreOut",
    "IntentIn",
    "JobOut",
    "MatchOut",
    "PredictionOut",
    "Problem",
    "ReasonCode",
    "ReceiptVerificationOut",
    "RecordOut",
    "RegistrationOut",
    "RegistrationOutcome",
    "ReputationOut",
    "RulingWord",
    "ScreeningOut",
    "SegmentOut",
    "StandingWord",
    "StatementIn",
    "ThresholdsOut",
    "VerdictOut",
    "VerificationOut",
    "Wire",
    "credentials_of",
    "outcome_of",
    "reason_of",
    "ruling_of",
]

RegistrationOutcome = Literal["ACCEPTED", "REJECTED", "INCONCLUSIVE", "DUPLICATE", "FAILED"]


class SegmentOut(Wire):
    """Seconds of the query that show what seconds of the record show."""

    query_s: tuple[float, float]
    record_s: tuple[float, float]


class MatchOut(Wire):
    """A record that a file resembles."""

    digest: str
    distance_bits: int
    alg: str
    transform: str
    tier: Literal["hash", "aligned", "video"]
    region: tuple[float, float, float, float] | None
    segments: list[SegmentOut] | None

    @classmethod
    def of(cls, match: Match) -> Self:
        """Return the match's public form."""
        return cls(
            digest=match.digest.hex,
            distance_bits=match.distance_bits,
            alg=match.alg,
            transform=match.transform.value,
            tier=match.tier,
            region=match.region,
            segments=None
            if match.segments is None
            else [SegmentOut(query_s=part.query_s, record_s=part.record_s) for part in match.segments],
        )


class VerificationOut(Wire):
    """What the registry knows of a file."""

    digest: str
    result: Literal["EXACT", "SIMILAR", "UNKNOWN"]
    standing: StandingWord | None
    record: RecordOut | None
    matches: list[MatchOut]
    reasons: list[str]
    ledger: Literal["embedded", "network"]
    credentials: CredentialsOut | None

    @classmethod
    def of(cls, verification: Verification, *, fp_version: int | None, dispute: Dispute | None) -> Self:
        """Return the verification's public form; ``fp_version`` and ``dispute`` are its record's."""
        record, credentials = verification.record, verification.credentials
        return cls.model_validate(
            {
                "digest": verification.digest.hex,
                "result": verification.result.value,
                "standing": verification.standing.name if verification.standing else None,
                "record": RecordOut.of(record, fp_version=fp_version, dispute=dispute) if record else None,
                "matches": [MatchOut.of(match) for match in verification.matches],
                "reasons": list(verification.reasons),
                "ledger": verification.ledger,
                "credentials": CredentialsOut.of(credentials) if credentials else None,
            }
        )


class FrameScoreOut(Wire):
    """The detector's finding on one frame."""

    t_s: float
    fake_probability: float


class PredictionOut(Wire):
    """The detector's finding on a file; ``fake_probability`` is null where it abstained."""

    fake_probability: float | None
    model_id: str | None
    coverage: float
    frames: list[FrameScoreOut]

    @classmethod
    def of(cls, screening: Screening) -> Self:
        """Return the screening's public form."""
        model_id = str(screening.model_id) if screening.model_id else None
        if not isinstance(screening, Prediction):
            return cls(fake_probability=None, model_id=model_id, coverage=0.0, frames=[])
        frames = [FrameScoreOut(t_s=frame.t_s, fake_probability=frame.fake_probability) for frame in screening.frames]
        return cls(
            fake_probability=screening.fake_probability,
            model_id=model_id,
            coverage=screening.coverage,
            frames=frames,
        )


class ThresholdsOut(Wire):
    """From where on a person decides, and from where on the gate refuses."""

    review_at: float
    reject_at: float


class VerdictOut(Wire):
    """The gate's decision; ACCEPTED means screened and not flagged."""

    outcome: Literal["ACCEPTED", "REJECTED", "INCONCLUSIVE"]
    reasons: list[str]
    thresholds: ThresholdsOut
    prediction: PredictionOut

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Return the verdict's public form."""
        thresholds = verdict.thresholds
        return cls.model_validate(
            {
                "outcome": verdict.outcome.value,
                "reasons": list(verdict.reasons),
                "thresholds": {"review_at": thresholds.review_at, "reject_at": thresholds.reject_at},
                "prediction": PredictionOut.of(verdict.screening),
            }
        )


class CheckOut(Wire):
    """What a platform gets before publishing."""

    decision: Literal["allow", "review", "block"]
    basis: Literal["hash", "cache", "full"]
    verification: VerificationOut
    verdict: VerdictOut | None

    @classmethod
    def of(cls, check: Check, *, fp_version: int | None, dispute: Dispute | None) -> Self:
        """Return the check's public form; ``fp_version`` and ``dispute`` are its record's."""
        return cls.model_validate(
            {
                "decision": check.decision.value,
                "basis": check.basis,
                "verification": VerificationOut.of(check.verification, fp_version=fp_version, dispute=dispute),
                "verdict": VerdictOut.of(check.verdict) if check.verdict else None,
            }
        )


class ScreeningOut(Wire):
    """What the gate says of a file, and nothing else."""

    outcome: Literal["ACCEPTED", "REJECTED", "INCONCLUSIVE"]
    fake_probability: float | None
    model_id: str | None
    reasons: list[str]
    coverage: float
    frames: list[FrameScoreOut]

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Return the verdict as a screening."""
        prediction = PredictionOut.of(verdict.screening).model_dump()
        return cls.model_validate({"outcome": verdict.outcome.value, "reasons": list(verdict.reasons), **prediction})


class RegistrationOut(Wire):
    """How a registration stands; ``receipt`` is a path for the command line, an address for HTTP.

    ``credentials`` are what the file itself brought, once it was screened; null before, and for a duplicate.
    """

    outcome: RegistrationOutcome | None
    job_id: str | None
    reasons: list[str]
    record: RecordOut | None
    receipt: str | None
    credentials: CredentialsOut | None


class JobOut(RegistrationOut):
    """A registration on its way; ``outcome`` is null while it moves."""

    state: str
    digest: str
    created_at: int
    updated_at: int


class ReputationOut(Wire):
    """An uploader's record of conduct; never a bare number."""

    address: str
    score_bps: int
    evidence: int
    open_disputes: int
    strikes: int
    last_fraud_day: int

    @classmethod
    def of(cls, address: str, reputation: Reputation) -> Self:
        """Return the reputation's public form."""
        return cls(
            address=address,
            score_bps=reputation.score_bps,
            evidence=reputation.evidence,
            open_disputes=reputation.open_disputes,
            strikes=reputation.strikes,
            last_fraud_day=reputation.last_fraud_day,
        )


class Problem(BaseModel):
    """An error over HTTP (RFC 9457); what more a caller can act on stands beside as members of its own."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str


_OUTCOMES: dict[JobState, RegistrationOutcome] = {
    JobState.FINAL: "ACCEPTED",
    JobState.REJECTED: "REJECTED",
    JobState.REVIEW: "INCONCLUSIVE",
    JobState.FAILED: "FAILED",
}


def credentials_of(job: Job | None) -> CredentialsOut | None:
    """Return what a registration's file itself brought, or nothing before it was read."""
    found = job.screened.credentials if job and job.screened else None
    return CredentialsOut.of(found) if found else None


def outcome_of(job: Job) -> RegistrationOutcome | None:
    """Return what became of a job, or nothing while it moves."""
    return _OUTCOMES.get(job.state)
