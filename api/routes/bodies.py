"""What only HTTP takes and gives: request bodies, and answers that say on whose word they stand."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from api.schemas import JobOut, MatchOut, ReasonCode, RecordOut, ReputationOut, RulingWord, VerdictOut, Wire
from registry.model import Job

LedgerWord = Literal["embedded", "network"]
Reason = Annotated[str, Field(min_length=1, max_length=1_000)]


class HashIn(Wire):
    """A file by its digest alone: nothing leaves the caller but 32 bytes."""

    sha256: Annotated[str, Field(pattern=r"^(0x)?[0-9a-fA-F]{64}$")]


class RevocationIn(Wire):
    """Why a record is revoked; the ledger keeps the SHA-256 of this text in UTF-8."""

    reason: Reason


class DisputeIn(Wire):
    """Why a record is challenged: a word that the ledger shows, and a text of which it keeps the SHA-256."""

    reason_code: ReasonCode
    reason: Reason


class RulingIn(Wire):
    """How a challenge ends, and a text of which the ledger keeps the SHA-256."""

    ruling: RulingWord
    reason: Reason


class ReviewIn(Wire):
    """A person's decision on an inconclusive file."""

    decision: Literal["approve", "reject"]
    reason: Reason


class LedgerRecordOut(RecordOut):
    """A record, and on whose word it stands."""

    ledger: LedgerWord


class UploaderOut(ReputationOut):
    """An uploader's reputation, and on whose word it stands."""

    ledger: LedgerWord


class ReviewOut(Wire):
    """A registration that waits for a person."""

    job: JobOut
    file_name: str
    uploader: str | None
    verdict: VerdictOut | None
    matches: list[MatchOut]

    @classmethod
    def of(cls, job: Job, presented: JobOut) -> Self:
        """Return what a reviewer needs to see of a job."""
        intent, screened = job.request.intent, job.screened
        return cls(
            job=presented,
            file_name=job.request.file_name,
            uploader=str(intent.intent.uploader) if intent else None,
            verdict=VerdictOut.of(screened.verdict) if screened else None,
            matches=[MatchOut.of(match) for match in screened.matches] if screened else [],
        )


class ReviewsOut(Wire):
    """Every registration that waits for a person, oldest first."""

    reviews: list[ReviewOut]


class HealthOut(Wire):
    """The process runs."""

    status: Literal["ok"]


class PartOut(Wire):
    """Whether one part answers; where not, what that means."""

    ok: bool
    needed: bool
    why: str | None


class ReadyOut(Wire):
    """Whether what is needed to serve answers."""

    ready: bool
    parts: dict[str, PartOut]
