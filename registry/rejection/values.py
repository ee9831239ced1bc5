"""Documents about rejections as frozen values: what somebody claims, well formed, and not yet believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.eip712 import Domain
from registry.model import Digest, LedgerKind, Rejection, SignedIntent


@dataclass(frozen=True, slots=True)
class ClaimedClosing:
    """Where the rejection's epoch is said to have closed.

    Attributes:
        root: 32 bytes.
        path: the siblings from the leaf up to the root, 32 bytes each.
        tx: 32 bytes.
        block_hash: 32 bytes.
    """

    epoch: int
    root: bytes
    path: tuple[bytes, ...]
    tx: bytes
    block_number: int
    block_hash: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class RejectionReceipt:
    """Everything that a rejection receipt says.

    Attributes:
        domain: of the installation that is said to have issued it.
        ledger_kind: ``embedded`` is that operator's word.
        epoch: as written; `Rejection.epoch` is as it follows from the time.
        inclusion: absent until the epoch is closed.
        fields: each leaf's fingerprint by its path.
        document: the JSON object itself.
        raw: the bytes that it was read from.
    """

    domain: Domain
    ledger_kind: LedgerKind
    digest: Digest
    epoch: int
    rejection: Rejection
    intent: SignedIntent | None
    inclusion: ClaimedClosing | None
    fields: Mapping[str, str]
    document: Mapping[str, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class EpochList:
    """The leaves of an epoch, as somebody lists them; 32 bytes each, ascending."""

    epoch: int
    root: bytes
    leaves: tuple[bytes, ...]
