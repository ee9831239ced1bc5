"""What a home keeps of its ledger's migration: the sealed document, and that it is done."""

from __future__ import annotations

import os
from pathlib import Path

from api.settings import Settings
from registry.errors import LedgerMismatchError
from registry.receipt.migration import SealedMigration, read_migration


def migration_path(settings: Settings) -> Path:
    """Return where the document is kept; it is there from the instant at which the migration is decided."""
    return settings.home / "migration" / "migration.json"


def done_path(settings: Settings) -> Path:
    """Return the file that is there once every batch is registered."""
    return settings.home / "migration" / "done"


def kept_migration(settings: Settings) -> SealedMigration | None:
    """Return the migration of this home's embedded ledger, under way or done, or nothing.

    Raises:
        ReceiptError: the file that is kept is damaged.
    """
    path = migration_path(settings)
    return read_migration(path.read_bytes()) if path.is_file() else None


def write_durably(path: Path, body: bytes) -> None:
    """Write a file whole or not at all, synced before returning."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def require_unmoved(settings: Settings) -> None:
    """Refuse to write to an embedded ledger that was moved: its log is closed.

    Raises:
        LedgerMismatchError: it was.
    """
    if settings.rpc_url is not None or (kept := kept_migration(settings)) is None:
        return
    to = kept.migration.to
    raise LedgerMismatchError(
        f"expected a ledger that takes records, this home's embedded one was moved to contract {to.contract} on chain "
        f"{to.chain_id} and can only be read: set TOUCHSTONE_RPC_URL to a node of that network"
    )
