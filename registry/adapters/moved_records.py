"""What the manifests of a ledger's batches say of records that came from another one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from registry.adapters.batch_rows import BatchRow
from registry.adapters.batches import Batches
from registry.adapters.event_table import EventTable
from registry.errors import InvalidValueError, StoreError
from registry.model import Cid, Digest
from registry.model.ledger import BatchPlace
from registry.model.moving import MovedLine, NamedMigration
from registry.ports import ContentStore
from registry.receipt.migration import MAX_MIGRATION_BYTES

_log = logging.getLogger(__name__)


class ManifestMoves:
    """Implements `registry.ports.migration.MovedRecords`."""

    def __init__(self, table: EventTable, batches: Batches, manifests: ContentStore, sync: Callable[[], None]) -> None:
        """Read the table and the store.

        Args:
            table: the ledger's events.
            batches: its batches.
            manifests: where manifests and migrations are.
            sync: brings the table up to the latest block.
        """
        self._table = table
        self._batches = batches
        self._manifests = manifests
        self._sync = sync
        self._named: dict[bytes, Cid | None] = {}

    def migrations(self) -> Iterator[NamedMigration]:
        """Yield each document that the manifests name as a migration, where it is at hand.

        A batch is of one migration or of none, so its first line is enough.
        """
        self._sync()
        named: dict[Cid, int] = {}
        for batch in self._batches.all():
            if (cid := self._named_by(batch)) is not None:
                named.setdefault(cid, batch.inclusion.block_time)
        for cid, named_at in named.items():
            try:
                yield NamedMigration(self._read(cid), named_at)
            except (StoreError, InvalidValueError) as exc:
                _log.warning("migration %s: %s", cid, exc)

    def line_of(self, digest: Digest, roots: frozenset[bytes]) -> MovedLine | None:
        """Return the line of these bytes in one of these batches, or nothing.

        Raises:
            LedgerError: the manifest is not at hand any more.
        """
        self._sync()
        for leaf in self._batches.leaves_of(digest):
            if leaf.batch.root in roots:
                place = BatchPlace(leaf.batch.root, leaf.index)
                return MovedLine(place, leaf.batch.inclusion, self._batches.entry(leaf).registration)
        return None

    def at_hand(self, roots: frozenset[bytes]) -> frozenset[bytes]:
        """Return which of these batches are on the ledger with their manifests at hand."""
        self._sync()
        missing = {batch.root for batch in self._batches.without_leaves()}
        return frozenset(batch.root for batch in self._batches.all() if batch.root in roots - missing)

    def _named_by(self, batch: BatchRow) -> Cid | None:
        """Return the migration that a batch is of, or nothing; a manifest that was read is not read again."""
        key = batch.manifest.digest
        if key not in self._named:
            try:
                first = next(iter(self._batches.entries(batch)), None)
            except (StoreError, InvalidValueError):
                return None
            moved = first.registration.moved if first else None
            self._named[key] = moved.migration if moved else None
        return self._named[key]

    def _read(self, cid: Cid) -> bytes:
        body = bytearray()
        for chunk in self._manifests.read(cid):
            body += chunk
            if len(body) > MAX_MIGRATION_BYTES:
                raise InvalidValueError(f"migration: expected {MAX_MIGRATION_BYTES} bytes at most, got more")
        return bytes(body)
