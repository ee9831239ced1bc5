"""A receipt as frozen values: what its issuer claims, well formed, and not yet believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.eip712 import Domain
from registry.model import (
    Address,
    Admission,
    BatchPlace,
    Cid,
    Digest,
    GateVerdict,
    LedgerKind,
    Level,
    MediaKind,
    SignedIntent,
    Standing,
)


@dataclass(frozen=True, slots=True)
class ClaimedQuorum:
    """How many gates let a record in, and of how many operators."""

    gates: int
    operators: int
    is_single_operator: bool


@dataclass(frozen=True, slots=True)
class ClaimedRecord:
    """The record as it stood when the receipt was issued.

    Attributes:
        levels: as admitted, and by the attestations of then.
        gates: who let it in, by address; absent from receipts older than gates of several installations.
        quorum: likewise.
        attested: what others vouched for by then.
    """

    digest: Digest
    kind: MediaKind
    cid: Cid | None
    uploader: Address
    levels: Level
    model_ids: tuple[bytes, ...]
    policy_id: bytes
    standing: Standing
    registered_at: int
    block: int
    tx: bytes
    batch: BatchPlace | None
    gates: tuple[Address, ...] | None
    quorum: ClaimedQuorum | None
    attested: Level


@dataclass(frozen=True, slots=True)
class ClaimedInclusion:
    """Where the registration is said to stand.

    Attributes:
        batch: the batch that the record is in, if it is in one.
        path: the siblings from its leaf up to the batch's root, 32 bytes each.
    """

    tx: bytes
    block_number: int
    block_hash: bytes
    log_index: int
    batch: BatchPlace | None
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything that a receipt says.

    Attributes:
        domain: of the installation that is said to have issued it.
        ledger_kind: ``embedded`` is that operator's word.
        issued_at: Unix seconds.
        seal: the recorder's signature over all the rest, 65 bytes.
        fields: each leaf's fingerprint by its path; absent from receipts older than these.
        document: the JSON object itself.
        raw: the bytes that it was read from.
    """

    domain: Domain
    ledger_kind: LedgerKind
    record: ClaimedRecord
    admission: Admission
    verdicts: tuple[GateVerdict, ...]
    intent: SignedIntent | None
    inclusion: ClaimedInclusion
    issued_at: int
    seal: bytes
    fields: Mapping[str, str] | None
    document: Mapping[str, Any]
    raw: bytes
