"""`Batches`: the records of batches, from the events and the manifests that these name."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

from registry import eip712
from registry.adapters.batch_rows import BATCH_COLUMNS, LEAF_COLUMNS, BatchRow, LeafRow, leaf_columns
from registry.adapters.event_table import PAGE_ROWS, EventTable
from registry.errors import InvalidValueError, LedgerError, StoreError
from registry.manifest import Entry, entries_of
from registry.merkle import MerkleTree
from registry.model import PRIVATE_BIT, BatchProof, Committed, Digest, EventName, LedgerEvent, Standing, Visibility
from registry.ports import ContentStore

_log = logging.getLogger(__name__)

RETRY_S = 60.0  # a manifest that is not at hand is asked for again after this long
INSERT_LEAF = f"INSERT OR IGNORE INTO leaf VALUES ({','.join('?' * 12)})"  # noqa: S608  # of constants alone
SELECT_BATCH = f"SELECT {BATCH_COLUMNS} FROM batch"  # noqa: S608  # of constants alone
SELECT_WITHOUT_LEAVES = (
    f"{SELECT_BATCH} AS b WHERE NOT EXISTS"  # noqa: S608  # of constants alone
    " (SELECT 1 FROM leaf AS l WHERE l.block_number = b.block_number AND l.log_index = b.log_index)"
)
SELECT_LEAVES = """
SELECT block_number, log_index, leaf_index, digest, kind, fingerprint_hash FROM leaf
WHERE (block_number, log_index, leaf_index) > (?, ?, ?) ORDER BY block_number, log_index, leaf_index LIMIT ?
"""
# A digest that occurs again is a repeat: the earliest is its record.
SELECT_LEAF = (
    f"SELECT block_number, log_index, {LEAF_COLUMNS} FROM leaf WHERE digest = ?"  # noqa: S608  # of constants alone
    " ORDER BY block_number, log_index, leaf_index"
)


class Batches:
    """Fills the table's leaves from manifests, and reads them."""

    def __init__(
        self,
        table: EventTable,
        manifests: ContentStore,
        domain: eip712.Domain,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep where things are.

        Args:
            table: the ledger's events.
            manifests: where the manifests are.
            domain: of the installation, part of every leaf.
            monotonic: seconds, for when to ask again.
        """
        self._table = table
        self._manifests = manifests
        self._domain = domain
        self._monotonic = monotonic
        self._asked: dict[bytes, float] = {}
        self._tree = lru_cache(maxsize=4)(self._tree_of)

    def load(self) -> None:
        """Read the manifests of batches whose leaves are not in the table, where they are at hand."""
        for batch in self.without_leaves():
            now = self._monotonic()
            if now < self._asked.get(batch.root, 0.0):
                continue
            try:
                self._keep(batch)
            except (StoreError, InvalidValueError) as exc:
                _log.warning("batch 0x%s: manifest %s: %s", batch.root.hex(), batch.manifest, exc)
                self._asked[batch.root] = now + RETRY_S

    def without_leaves(self) -> list[BatchRow]:
        """Return the batches whose manifests were not to be had, in chain order."""
        return [BatchRow.of(columns) for columns in self._table.select(SELECT_WITHOUT_LEAVES)]

    def all(self) -> Iterator[BatchRow]:
        """Yield every batch in chain order."""
        for columns in self._table.select(f"{SELECT_BATCH} ORDER BY block_number, log_index"):
            yield BatchRow.of(columns)

    def leaf(self, digest: Digest) -> LeafRow | None:
        """Return the batched record of these bytes, or nothing."""
        return next(self.leaves_of(digest), None)

    def leaves_of(self, digest: Digest) -> Iterator[LeafRow]:
        """Yield every leaf of these bytes, its record first and then its repeats."""
        for block, log, *columns in self._table.select(SELECT_LEAF, (digest.value,)):
            yield LeafRow.of(self._batch(block, log), tuple(columns))

    def proof(self, digest: Digest) -> BatchProof | None:
        """Return that a record stands in its batch, or nothing of one that is in none."""
        leaf = self.leaf(digest)
        if leaf is None:
            return None
        place = leaf.batch.inclusion
        tree = self._tree(place.block_hash, place.block_number, place.log_index)
        return BatchProof(leaf.batch.root, leaf.index, tree.path(leaf.index))

    def entries(self, batch: BatchRow) -> Iterator[Entry]:
        """Yield a batch's records as its manifest has them.

        Raises:
            StoreError: the manifest is not at hand.
            InvalidValueError: it cannot be read.
        """
        return entries_of(self._domain, self._manifests.read(batch.manifest))

    def entry(self, leaf: LeafRow) -> Entry:
        """Return a leaf's own line of the manifest.

        Raises:
            LedgerError: the manifest is not at hand any more.
        """
        batch = leaf.batch
        try:
            entry = next(islice(self.entries(batch), leaf.index, None), None)
        except (StoreError, InvalidValueError) as exc:
            raise LedgerError(f"expected the manifest {batch.manifest} at hand, got: {exc}") from exc
        if entry is None or entry.leaf != leaf.hash:
            raise LedgerError(f"manifest {batch.manifest}: expected leaf 0x{leaf.hash.hex()} at line {leaf.index}")
        return entry

    def events(self) -> Iterator[LedgerEvent]:
        """Yield the registration of every batched record, in chain order, read page by page."""
        batch: BatchRow | None = None
        for block, log, _, digest, *_ in self._leaves():
            if batch is None or (batch.inclusion.block_number, batch.inclusion.log_index) != (block, log):
                batch = self._batch(block, log)
            yield LedgerEvent(EventName.REGISTERED, Digest(digest), Standing.ACTIVE, batch.inclusion)

    def committed(self) -> Iterator[Committed]:
        """Yield what each batched record commits to, in chain order, read page by page."""
        for block, _, _, digest, kind, fingerprint_hash in self._leaves():
            visibility = Visibility.PRIVATE if kind & PRIVATE_BIT else Visibility.PUBLIC
            yield Committed(Digest(digest), block, visibility, fingerprint_hash)

    # -- inside ------------------------------------------------------------------------------------------------

    def _leaves(self) -> Iterator[tuple[int, int, int, bytes, int, bytes]]:
        place: tuple[int, int, int] = (-1, -1, -1)
        while page := self._table.select(SELECT_LEAVES, (*place, PAGE_ROWS)):
            yield from page
            place = page[-1][:3]

    def _batch(self, block: int, log: int) -> BatchRow:
        rows = self._table.select(f"{SELECT_BATCH} WHERE block_number = ? AND log_index = ?", (block, log))
        if not rows:
            raise LedgerError(f"expected a batch at block {block}, log {log} among the events, got none")
        return BatchRow.of(rows[0])

    def _keep(self, batch: BatchRow) -> None:
        """Put a manifest's leaves into the table, all or none; memory holds their hashes only.

        Raises:
            StoreError: the manifest is not at hand.
            InvalidValueError: it is not that of this batch.
        """
        place = batch.inclusion
        leaves: list[bytes] = []

        def rows() -> Iterator[tuple[object, ...]]:
            for index, entry in enumerate(self.entries(batch)):
                leaves.append(entry.leaf)
                yield leaf_columns(batch, index, entry)

        with self._table.transaction():
            known = self._table.select(
                "SELECT 1 FROM batch WHERE block_number = ? AND log_index = ? AND block_hash = ?",
                (place.block_number, place.log_index, place.block_hash),
            )
            if not known:  # its block was reorganised away meanwhile
                return
            self._table.insert(INSERT_LEAF, rows())
            root = MerkleTree(leaves).root
            if root != batch.root or len(leaves) != batch.count or leaves != sorted(leaves):
                raise InvalidValueError(
                    f"manifest: expected {batch.count} records in the order of their leaves under root "
                    f"0x{batch.root.hex()}, got {len(leaves)} under 0x{root.hex()}"
                )

    def _tree_of(self, block_hash: bytes, block: int, log: int) -> MerkleTree:
        query = "SELECT hash FROM leaf WHERE block_number = ? AND log_index = ?"
        return MerkleTree(leaf for (leaf,) in self._table.select(query, (block, log)))
