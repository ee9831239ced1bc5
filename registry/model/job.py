"""`Job`: one registration on its way, each step's outcome a field that is durable before the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from registry.model.batch import BatchAdmission, SignedBatch
from registry.model.cid import Cid
from registry.model.credentials import Credentials
from registry.model.fingerprint import Fingerprint
from registry.model.identity import Address, Digest
from registry.model.ledger import Inclusion, Registration, SignedIntent, SignedTransaction, Visibility
from registry.model.matching import Match
from registry.model.media import MediaKind
from registry.model.rejection import Rejection
from registry.model.verdict import Verdict

JOB_SCHEMA_VERSION = 1


class JobState(StrEnum):
    """The last step whose outcome is durable."""

    RECEIVED = "received"
    SCREENED = "screened"
    REVIEW = "review"
    PINNED = "pinned"
    SIGNED = "signed"
    SUBMITTED = "submitted"
    INCLUDED = "included"
    FINAL = "final"
    REJECTED = "rejected"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Whether a restart must carry this job on by itself."""
        return self not in {JobState.REVIEW, JobState.FINAL, JobState.REJECTED, JobState.FAILED}


@dataclass(frozen=True, slots=True)
class Request:
    """What the uploader asked for.

    Attributes:
        file_name: as given, for people only; never a path that is opened.
        size_bytes: of the exact bytes, which wait in the spool under the digest's hex.
        intent: absent where the operator registers in its own name.
        accept_metadata: location and author tags may be published.
        appeal: where the gate refuses, a person decides; the operator's to ask for.
        idempotency_key: of the HTTP request, if any.
        batched: it may wait for others and be registered together with them.
        claims: canonical JSON (RFC 8785) whose SHA-256 the intent holds, or the operator's own; absent if none.
    """

    digest: Digest
    file_name: str
    size_bytes: int
    visibility: Visibility
    intent: SignedIntent | None = None
    accept_metadata: bool = False
    appeal: bool = False
    idempotency_key: str | None = None
    claims: str | None = None
    batched: bool = False


@dataclass(frozen=True, slots=True)
class Screened:
    """The outcome of decoding, fingerprinting, matching and screening.

    Attributes:
        kind: absent where the decoder failed, with ``fingerprint``.
        matches: near records, nearest first.
        credentials: what the file itself brings; of no weight in the verdict.
    """

    verdict: Verdict
    kind: MediaKind | None
    fingerprint: Fingerprint | None
    matches: tuple[Match, ...]
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """A person's decision on an inconclusive file.

    Attributes:
        reviewer: who, by name.
        decided_at: Unix seconds.
    """

    approved: bool
    reviewer: str
    reason: str
    decided_at: int


@dataclass(frozen=True, slots=True)
class Pinned:
    """What is stored, by content; named before the other gates are asked, stored from state `pinned` on.

    Attributes:
        cid: of the bytes.
        fingerprint_cid: of the fingerprint document, one raw block: the digest inside is the document's SHA-256.
        salt: 32 bytes for a private record, by which the chain's commitments are opened; absent for a public one.
    """

    cid: Cid
    fingerprint_cid: Cid
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One gate's no, and its reasons as codes."""

    gate: Address
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the gates have said so far, where one installation's own are not enough.

    Attributes:
        registration: with the verdicts given so far.
        refusals: of those that will not sign it.
    """

    registration: Registration
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Registrations that go to the ledger together, under one root.

    Attributes:
        members: the ids of their jobs; each stays `pinned` until the batch is final.
        admission: what the gates sign, as first composed; its deadline is set anew with every signature.
    """

    members: tuple[str, ...]
    admission: BatchAdmission


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs that wait for others: how many, and the Unix seconds since when the first of them does."""

    length: int
    since: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A registration with all its signatures, and a transaction that carried it and was overtaken by a later one."""

    registration: Registration | SignedBatch
    transaction: SignedTransaction


@dataclass(frozen=True, slots=True)
class Signed:
    """The registration, or the batch, with all its signatures, and the transaction that carries it.

    Attributes:
        signed_at: Unix seconds at which the transaction was signed; 0 where it was not kept.
        earlier: what may have gone out before, oldest first: any of them may be the one that is included.
    """

    registration: Registration | SignedBatch
    transaction: SignedTransaction
    signed_at: int = 0
    earlier: tuple[Attempt, ...] = ()

    @property
    def tx_hashes(self) -> tuple[bytes, ...]:
        """Every transaction that may be included, the latest one first."""
        return (self.transaction.tx_hash, *(attempt.transaction.tx_hash for attempt in reversed(self.earlier)))

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Everything that may have gone out, the latest one last."""
        return (*self.earlier, Attempt(self.registration, self.transaction))


@dataclass(frozen=True, slots=True)
class Job:
    """One registration, of a file or of a batch.

    Attributes:
        job_id: 128 random bits as 32 hex digits.
        created_at: Unix seconds.
        updated_at: Unix seconds of the latest step.
        reasons: codes that explain the state, most important first.
        ballot: of a quorum of several installations, until the transaction carries it.
        batch: what this job carries for others; its request then names the manifest.
        rejection: what the gates committed to when they refused the file; absent from jobs rejected before they did.
        revision: counts the writes of this job, so that two processes cannot move it at once.
    """

    job_id: str
    state: JobState
    request: Request
    created_at: int
    updated_at: int
    screened: Screened | None = None
    review: ReviewDecision | None = None
    pinned: Pinned | None = None
    signed: Signed | None = None
    inclusion: Inclusion | None = None
    reasons: tuple[str, ...] = ()
    revision: int = 0
    ballot: Ballot | None = None
    batch: Batch | None = None
    rejection: Rejection | None = None
