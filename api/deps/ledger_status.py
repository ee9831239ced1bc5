"""What there is to say of a home's ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.anchor import Anchor
from registry.model import Governance, LedgerInfo, Standing
from registry.model.chain import LedgerState
from registry.receipt.migration import SealedMigration


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """A ledger at one moment.

    Attributes:
        records: how many are in each standing.
        deployment: the file that says which contract is ours; absent where the ledger is embedded.
        anchors: made here, by block ascending, each with its file.
        migration: by which this home's embedded ledger moves to a network, if it does.
        is_migrated: every batch of it is registered.
    """

    info: LedgerInfo
    state: LedgerState
    powers: Governance
    records: Mapping[Standing, int]
    deployment: Path | None
    anchors: tuple[tuple[Path, Anchor], ...]
    migration: SealedMigration | None = None
    is_migrated: bool = False
