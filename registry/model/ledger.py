"""What is signed, what is recorded and how it stands: the chain's values in Python.

Field order, types and names of `Admission`, `Opinion` and `UploadIntent` are those of ``IMediaRegistry.sol``; their
EIP-712 types are in `registry.eip712`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import Literal

from registry.model.cid import Cid
from registry.model.identity import Address, Digest, require_length
from registry.model.media import MediaKind

LedgerKind = Literal["embedded", "network"]
DAG_PB_BIT = 0x80  # bit 7 of the chain's ``kind``: the content's CID has codec dag-pb, not raw
PRIVATE_BIT = 0x40  # bit 6 of a stored record's ``kind``
EARNS_BIT = 0x80  # bit 7 of a stored record's ``levels``


class Level(IntFlag):
    """Who stands behind a record: admitted with it and never changed, but for what later attestations add."""

    GATE = 1
    UPLOADER = 2
    REVIEWER = 4
    CREDENTIALS = 8
    THIRD_PARTY = 16  # by attestation only

    @property
    def words(self) -> tuple[str, ...]:
        """The set bits' names, lowest first."""
        return tuple(level.name or "" for level in Level if level in self)


class Standing(IntEnum):
    """How a record stands now; 0 on chain means that there is no record."""

    ACTIVE = 1
    DISPUTED = 2
    REVOKED = 3


class Visibility(IntEnum):
    """Whether bytes and fingerprint document may leave the local store."""

    PUBLIC = 0
    PRIVATE = 1

    @property
    def word(self) -> str:
        """``public`` or ``private``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Admission:
    """What is admitted, common to all gates.

    Attributes:
        digest: of the exact bytes.
        fingerprint_hash: SHA-256 of the fingerprint document; salted if private.
        content_hash: the SHA-256 inside the content's CID; salted if private.
        kind: `MediaKind`, with bit 7 set where the CID's codec is dag-pb.
        uploader: who claims.
        policy_id: SHA-256 of the admission policy's canonical JSON.
        levels: `Level` bits.
        earns_reputation: false for a near-duplicate.
        deadline: Unix seconds after which the verdict is void.
    """

    digest: Digest
    fingerprint_hash: bytes
    content_hash: bytes
    kind: int
    uploader: Address
    policy_id: bytes
    levels: Level
    earns_reputation: bool
    deadline: int

    def __post_init__(self) -> None:
        require_length("fingerprint_hash", self.fingerprint_hash, 32)
        require_length("content_hash", self.content_hash, 32)
        require_length("policy_id", self.policy_id, 32)


@dataclass(frozen=True, slots=True)
class Opinion:
    """One gate's own finding.

    Attributes:
        model_id: 32 bytes; zero where no model judged.
        band: 0 to 4, or 255 not judged.
        threshold_bps: the acceptance threshold in basis points.
        issued_at: Unix seconds.
    """

    model_id: bytes
    band: int
    threshold_bps: int
    issued_at: int

    def __post_init__(self) -> None:
        require_length("model_id", self.model_id, 32)


@dataclass(frozen=True, slots=True)
class UploadIntent:
    """The uploader's wish to register one digest.

    Attributes:
        digest: of the exact bytes.
        uploader: who signs.
        visibility: public or private.
        claims_hash: SHA-256 of the claims' canonical JSON, 32 zero bytes if none.
        nonce: 256 bits, unordered, spent once.
        deadline: Unix seconds.
    """

    digest: Digest
    uploader: Address
    visibility: Visibility
    claims_hash: bytes
    nonce: int
    deadline: int

    def __post_init__(self) -> None:
        require_length("claims_hash", self.claims_hash, 32)


@dataclass(frozen=True, slots=True)
class SignedIntent:
    """An `UploadIntent` with its uploader's EIP-712 signature (65 bytes, or any length for EIP-1271)."""

    intent: UploadIntent
    signature: bytes


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """One gate's EIP-712 signature (65 bytes) over the admission and its own opinion."""

    opinion: Opinion
    gate: Address
    signature: bytes


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a batched record comes from, if its whole ledger was moved.

    Attributes:
        origin: canonical JSON of where it stood before (`registry.origin`); its leaf holds the SHA-256 of it.
        migration: names the document by which the ledger was moved.
    """

    origin: bytes
    migration: Cid


@dataclass(frozen=True, slots=True)
class Registration:
    """Everything that one ``register`` call carries.

    Attributes:
        admission: what is admitted.
        verdicts: at least the quorum, by distinct gates, sorted by gate address ascending.
        intent: absent only where the uploader is the operator.
        visibility: the intent's, or what the operator chose.
        moved: from another ledger; such a record has no intent of this one.
    """

    admission: Admission
    verdicts: tuple[GateVerdict, ...]
    intent: SignedIntent | None
    visibility: Visibility
    moved: Moved | None = None


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction as it will be sent: durable before it is, so that sending again is harmless.

    Attributes:
        raw: the signed bytes.
        tx_hash: 32 bytes.
        nonce: the recorder account's nonce.
    """

    raw: bytes
    tx_hash: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a transaction stands on the chain."""

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    log_index: int
    block_time: int


@dataclass(frozen=True, slots=True)
class Attestation:
    """Somebody else's word on a record, not taken back.

    Attributes:
        level: `Level.THIRD_PARTY` or `Level.REVIEWER`.
        claims_hash: 32 bytes, SHA-256 of the claims' canonical JSON, zeros if none.
        attested_at: Unix seconds of the block.
    """

    attester: Address
    level: Level
    claims_hash: bytes
    attested_at: int


@dataclass(frozen=True, slots=True)
class RecordGate:
    """One gate that let a record in.

    Attributes:
        run_by: who runs it, as the registry's admin knows: gates with equal values are no second opinion.
        is_suspect: its key was in other hands when the record entered.
    """

    gate: Address
    run_by: Address
    is_suspect: bool


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """Where a batched record stands: its batch's root (32 bytes) and the leaf's index."""

    root: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger keeps about one digest.

    Attributes:
        kind: still or clip.
        visibility: in a private record both hashes are salted and there is no CID to show.
        content_is_dag_pb: the content's CID has codec dag-pb, else raw.
        model_ids: 32 bytes each, one per gate opinion.
        registered_at: Unix seconds of the block.
        tx: 32 bytes; the transaction that registered it.
        levels: as admitted; `standing_levels` has those of the attestations too.
        gates: whose verdicts let it in, by address ascending.
        attestations: others' words that stand, in chain order.
        superseded_by: the later record that its uploader names.
        derived_from: the earlier records that its uploader names.
    """

    digest: Digest
    kind: MediaKind
    visibility: Visibility
    content_hash: bytes
    content_is_dag_pb: bool
    fingerprint_hash: bytes
    uploader: Address
    levels: Level
    earns_reputation: bool
    model_ids: tuple[bytes, ...]
    policy_id: bytes
    standing: Standing
    registered_at: int
    block: int
    tx: bytes
    batch: BatchPlace | None = None
    superseded_by: Digest | None = None
    derived_from: tuple[Digest, ...] = ()
    gates: tuple[RecordGate, ...] = ()
    attestations: tuple[Attestation, ...] = ()

    @property
    def standing_levels(self) -> Level:
        """Return who stands behind the record now: as admitted, and by attestation."""
        levels = self.levels
        for attestation in self.attestations:
            levels |= attestation.level
        return levels

    @property
    def operators(self) -> frozenset[Address]:
        """Who runs the gates; one alone means that the quorum is one operator's."""
        return frozenset(gate.run_by for gate in self.gates)

    @property
    def is_suspect(self) -> bool:
        """Whether a gate's key was in other hands when the record entered."""
        return any(gate.is_suspect for gate in self.gates)

    @property
    def cid(self) -> Cid | None:
        """Of the bytes; absent for a private record, whose hash is salted."""
        return Cid(self.content_hash, self.content_is_dag_pb) if self.visibility is Visibility.PUBLIC else None


@dataclass(frozen=True, slots=True)
class Reputation:
    """An uploader's record of conduct; never a bare number.

    Attributes:
        score_bps: 0 to 10,000.
        evidence: how much the score stands on, in millionths of one settled outcome.
        open_disputes: disputes not yet ruled on.
        strikes: proven frauds.
        last_fraud_day: UTC day number of the latest one, 0 if none.
    """

    score_bps: int
    evidence: int
    open_disputes: int
    strikes: int
    last_fraud_day: int


@dataclass(frozen=True, slots=True)
class LedgerInfo:
    """Which ledger answers, and on whose word.

    Attributes:
        kind: ``embedded`` is its operator's word.
        instance_id: 32 bytes, the EIP-712 salt of this installation.
        operator: the address that may register without an intent.
    """

    kind: LedgerKind
    chain_id: int
    contract: Address
    instance_id: bytes
    operator: Address


class EndpointState(StrEnum):
    """What is known of one way to a network."""

    UP = "up"
    UNTRIED = "untried"
    LAGGING = "lagging"
    DOWN = "down"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """One endpoint of a network, as of the last time it was asked.

    Attributes:
        name: host and port, never the whole address, which may hold an access key.
        head: the latest block that it named, absent if it never did.
        why: what is wrong with it, absent where nothing is.
    """

    name: str
    state: EndpointState
    head: int | None = None
    why: str | None = None


class EventName(StrEnum):
    """The ledger's events that readers follow."""

    REGISTERED = "registered"
    STANDING_CHANGED = "standing_changed"


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """One change of the ledger, in the order (block_number, log_index).

    Attributes:
        name: what happened.
        digest: to which record.
        standing: the standing after the event.
        inclusion: where it stands.
    """

    name: EventName
    digest: Digest
    standing: Standing
    inclusion: Inclusion
