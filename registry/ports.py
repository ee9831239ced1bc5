"""The ports: what the core asks of the outside, and nothing more.

An adapter turns whatever goes wrong on its side into the errors named here (`raise ... from exc`); no exception of a
library crosses a port. Every write is idempotent: a step that was cut off is simply done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from registry.model import (
    Address,
    Change,
    Cid,
    CosignRequest,
    Digest,
    Dispute,
    DisputeReason,
    Fingerprint,
    GateVerdict,
    Governance,
    Inclusion,
    IndexHit,
    Job,
    JobState,
    LedgerEvent,
    LedgerInfo,
    Media,
    ModelId,
    PendingRotation,
    PerceptualHash,
    Record,
    Registration,
    Reputation,
    Role,
    Ruling,
    Screening,
    SignedKeyRotation,
    SignedStatement,
    SignedTransaction,
)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return Unix seconds."""
        ...


class Signer(Protocol):
    """Holds one key: a keystore now, something outside later."""

    @property
    def address(self) -> Address:
        """The key's account."""
        ...

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """Return the 65-byte low-s signature r ‖ s ‖ v over a full EIP-712 message.

        Raises:
            SignerError: the key cannot be used.
        """
        ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Return the signed raw transaction for an ``eth_sendTransaction``-shaped mapping with all fields filled.

        Raises:
            SignerError: the key cannot be used.
        """
        ...


class Ledger(Protocol):
    """The truth: an EVM network with the registry contract.

    Every method may raise `LedgerUnavailableError` (try again) or `LedgerError`.
    """

    @property
    def info(self) -> LedgerInfo:
        """Which ledger answers."""
        ...

    def find(self, digest: Digest) -> Record | None:
        """Return the record of exactly these bytes, or nothing."""
        ...

    def reputation_of(self, uploader: Address) -> Reputation:
        """Return the uploader's reputation now; a newcomer's for an address never seen."""
        ...

    def quorum(self) -> int:
        """Return how many gates must sign a registration now."""
        ...

    def is_gate(self, account: Address) -> bool:
        """Return whether the account is a gate in office now."""
        ...

    def prepare(self, registration: Registration, *, nonce: int | None = None) -> SignedTransaction:
        """Return the signed transaction that will register; nothing is sent.

        The caller makes it durable, submits it and waits for its inclusion before it prepares another: one nonce owner.

        Args:
            registration: with all its signatures.
            nonce: of the transaction that this one replaces; absent for the account's next.

        Raises:
            TransactionRevertedError: the contract would refuse it now.
        """
        ...

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known or included is no error.

        Raises:
            TransactionRevertedError: the network refused it.
        """
        ...

    def inclusion(self, tx_hash: bytes, *, wait_s: float = 0.0) -> Inclusion | None:
        """Return where the registration stands on the chain, or nothing if it is not included within ``wait_s``.

        Raises:
            TransactionRevertedError: it was included and failed.
        """
        ...

    def is_final(self, inclusion: Inclusion, *, wait_s: float = 0.0) -> bool:
        """Return whether the block can no longer be undone (embedded: durably synced), waiting up to ``wait_s``."""
        ...

    def publish(self, signed: SignedStatement) -> Inclusion:
        """Publish what somebody says of a record, and return where it stands.

        Args:
            signed: without a signature it must be the operator's own word.

        Raises:
            RecordNotFoundError: a record that it names does not exist.
            TransactionRevertedError: the contract refuses it.
        """
        ...

    def dispute(self, digest: Digest, *, reason: DisputeReason, reason_hash: bytes) -> Inclusion:
        """Challenge an ACTIVE record in the operator's name, for its bond, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not ACTIVE, or the bond is not at hand.
        """
        ...

    def rule(self, digest: Digest, *, ruling: Ruling, reason_hash: bytes) -> Inclusion:
        """End a challenge as the arbiter, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not DISPUTED, or this key may not rule on it.
        """
        ...

    def dispute_of(self, digest: Digest) -> Dispute | None:
        """Return the open challenge of a record, or nothing."""
        ...

    def bond_wei(self) -> int:
        """Return what the operator's next challenge would cost, in wei."""
        ...

    def credit_wei(self) -> int:
        """Return what the operator may take out: bonds that came back, and those of challenges that it withstood."""
        ...

    def withdraw_credit(self) -> Inclusion:
        """Pay the operator what it has to its credit, and return where that stands."""
        ...

    def rotate_key(self, signed: SignedKeyRotation) -> Inclusion:
        """Put an uploader's wish to go on under another key, or its veto, and return where it stands.

        Raises:
            TransactionRevertedError: the contract refuses it.
        """
        ...

    def complete_key_rotation(self, from_: Address) -> Inclusion:
        """Hand an uploader's reputation to its new key once the delay is over, and return where that stands.

        Raises:
            TransactionRevertedError: no rotation is under way, or the uploader may still veto it.
        """
        ...

    def pending_rotation(self, from_: Address) -> PendingRotation | None:
        """Return the rotation of this key that is under way, or nothing."""
        ...

    def holder_of(self, uploader: Address) -> Address:
        """Return who answers for an uploader's name now: the address itself, or the key it was rotated to."""
        ...

    def wallet_accepts(self, wallet: Address, signing_hash: bytes, signature: bytes) -> bool:
        """Return whether a contract stands at this address and calls the signature its own (EIP-1271)."""
        ...

    def events(self) -> Iterator[LedgerEvent]:
        """Yield every event so far in chain order."""
        ...

    def height(self) -> int:
        """Return the number of the latest block."""
        ...

    def close(self) -> None:
        """Release what is held; nothing durable is lost."""
        ...


class Governor(Protocol):
    """The admin's side of a registry: who holds which power, and changes of that.

    Each change does the next thing that can be done, at once or through the registry's timelock, and may be asked for
    again. Every method may raise `LedgerUnavailableError` (try again), `LedgerError`, and `LedgerMismatchError` where
    this installation's admin key has no say; every change `TransactionRevertedError`.
    """

    def survey(self) -> Governance:
        """Return the powers as they are."""
        ...

    def grant(self, role: Role, account: Address) -> Change:
        """Give a role."""
        ...

    def withdraw(self, role: Role, account: Address) -> Change:
        """Take a role."""
        ...

    def add_gate(self, gate: Address, *, run_by: Address, valid_from: int = 0, valid_until: int = 0) -> Change:
        """Make an account a gate for a time, Unix seconds; 0 for now, and for no end."""
        ...

    def end_gate(self, gate: Address, *, compromised_since: int = 0) -> Change:
        """End a gate's term at once; Unix seconds since when its key is in other hands, 0 if it is not."""
        ...

    def set_threshold(self, threshold: int) -> Change:
        """Set how many gates must sign."""
        ...

    def pause(self) -> Change:
        """Stop writes at once."""
        ...

    def unpause(self) -> Change:
        """Let writes go on."""
        ...


class ContentStore(Protocol):
    """Bytes by content: blocks under Kubo's CIDs (profile ``unixfs-v1-2025``, IPIP-499).

    Every method may raise `StoreUnavailableError` (try again) or `StoreError`.
    """

    def pin(self, stream: BinaryIO) -> Cid:
        """Store all bytes left in ``stream``, keep them and return their CID; the same bytes again change nothing."""
        ...

    def cid_of(self, stream: BinaryIO) -> Cid:
        """Return the CID that `pin` would give all bytes left in ``stream``; nothing is stored."""
        ...

    def unpin(self, cid: Cid) -> None:
        """Stop keeping the content; not an error if it is not kept."""
        ...

    def has(self, cid: Cid) -> bool:
        """Return whether all blocks of the content are here."""
        ...

    def read(self, cid: Cid) -> Iterator[bytes]:
        """Yield the content in order, each block checked against its hash.

        Raises:
            BlockNotFoundError: a block is missing.
            BlockCorruptError: a block does not hash to its CID.
        """
        ...


class SimilarityIndex(Protocol):
    """Finds stored codes near a query; a cache that is rebuilt from ledger and documents.

    Every method may raise `SimilarityIndexError`.
    """

    def add(self, fingerprint: Fingerprint) -> None:
        """Make the file's codes findable, durably; adding the same digest again changes nothing."""
        ...

    def nearest(self, query: Sequence[PerceptualHash], *, radius_bits: int) -> tuple[IndexHit, ...]:
        """Return every stored code within ``radius_bits`` of a query code of the same alg, nearest first.

        Stored codes of quality below 50 or of another version than the fingerprints made now are not found.
        """
        ...

    def fp_version_of(self, digest: Digest) -> int | None:
        """Return the fingerprint version under which a digest's codes stand here, or nothing."""
        ...

    def digests(self) -> frozenset[Digest]:
        """Return whose codes are here."""
        ...

    def clear(self) -> None:
        """Forget everything, durably."""
        ...


class Detector(Protocol):
    """Judges decoded media; deterministic."""

    @property
    def model_id(self) -> ModelId:
        """Which network judges."""
        ...

    def predict(self, media: Media) -> Screening:
        """Return a prediction, or an abstention with its reason; never a number without a basis.

        Raises:
            DetectorError: the engine itself is broken.
        """
        ...


class Cosigner(Protocol):
    """Another installation's gate: it screens the bytes with its own model and signs with its own key."""

    @property
    def name(self) -> str:
        """What people know it by, in messages."""
        ...

    @property
    def gate(self) -> Address:
        """Whose verdicts it gives."""
        ...

    def cosign(self, request: CosignRequest, path: Path) -> GateVerdict:
        """Return its verdict on the bytes at ``path``, to be checked before it is trusted.

        Raises:
            CosignRefusedError: it looked and will not sign.
            CosignerUnavailableError: it cannot be asked now.
        """
        ...


class Journal(Protocol):
    """The one durable table of registrations on their way.

    Every method may raise `JournalError`.
    """

    def put(self, job: Job) -> None:
        """Write the job as it is now, durably (synced) before returning.

        Raises:
            JobConflictError: the journal does not hold the revision before this one: another process moved the job.
        """
        ...

    def get(self, job_id: str) -> Job:
        """Return the job.

        Raises:
            JobNotFoundError: no such job.
        """
        ...

    def by_idempotency_key(self, key: str) -> Job | None:
        """Return the job that was created under this key, or nothing."""
        ...

    def latest_for(self, digest: Digest) -> Job | None:
        """Return the newest job of a digest, or nothing."""
        ...

    def jobs(self, *states: JobState) -> Iterator[Job]:
        """Yield the jobs in one of these states, or all if none is named, oldest first."""
        ...

    def counts(self) -> Mapping[JobState, int]:
        """Return how many jobs are in each state; a state without jobs is absent."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Hold, across threads and processes, the right to move jobs from pinned to included: one nonce owner."""
        ...
