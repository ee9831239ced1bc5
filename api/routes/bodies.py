"""What only HTTP takes and gives: request bodies, and answers that say on whose word they stand."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from api.schemas import JobOut, MatchOut, RecordOut, ReputationOut, VerdictOut, Wire
from registry.errors import InvalidValueError
from registry.model import ZERO_32, Address, Digest, Job, SignedIntent, UploadIntent, Visibility
from registry.model.identity import bytes_from_hex

VisibilityWord = Literal["public", "private"]
LedgerWord = Literal["embedded", "network"]
Reason = Annotated[str, Field(min_length=1, max_length=1_000)]


class IntentIn(Wire):
    """An uploader's signed `UploadIntent`; the nonce is decimal text, since 256 bits do not fit a JSON number."""

    digest: str
    uploader: str
    visibility: VisibilityWord
    claims_hash: str = "0x" + ZERO_32.hex()
    nonce: Annotated[str, Field(pattern=r"^[0-9]{1,78}$")]
    deadline: Annotated[int, Field(ge=0, lt=1 << 64)]
    signature: str

    def value(self) -> SignedIntent:
        """Return the intent as the core takes it.

        Raises:
            InvalidValueError: a field is not the hex that it has to be, or the nonce has more than 256 bits.
        """
        if (nonce := int(self.nonce)) >= 1 << 256:
            raise InvalidValueError("intent nonce: expected at most 256 bits")
        try:
            signature = bytes.fromhex(self.signature.removeprefix("0x"))
        except ValueError as exc:
            raise InvalidValueError("intent signature: expected hex digits") from exc
        intent = UploadIntent(
            digest=Digest.from_hex(self.digest),
            uploader=Address.from_hex(self.uploader),
            visibility=Visibility[self.visibility.upper()],
            claims_hash=bytes_from_hex("claims_hash", self.claims_hash, 32),
            nonce=nonce,
            deadline=self.deadline,
        )
        return SignedIntent(intent, signature)


class HashIn(Wire):
    """A file by its digest alone: nothing leaves the caller but 32 bytes."""

    sha256: Annotated[str, Field(pattern=r"^(0x)?[0-9a-fA-F]{64}$")]


class RevocationIn(Wire):
    """Why a record is revoked; the ledger keeps the SHA-256 of this text in UTF-8."""

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
