"""The ledger's events in SQLite tables of one file: a cache, filled block by block and rebuilt from the chain."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from threading import RLock
from typing import Any

from registry.adapters.batch_rows import BATCH_TABLE, LEAF_TABLE, BatchRow
from registry.adapters.epoch_rows import EPOCH_TABLE, TALLY_DISPUTE_TABLE, EpochRow, TallyDisputeRow
from registry.adapters.event_rows import (
    EVENT_COLUMNS,
    EVENT_TABLE,
    GATE_TABLE,
    STATEMENT_TABLE,
    EventRow,
    GateHistory,
    GateRow,
    Row,
    StatementRow,
)
from registry.adapters.wal import use_wal
from registry.errors import LedgerUnavailableError
from registry.model import Act, Address, Committed, Digest, EventName, Inclusion, LedgerEvent, Visibility

SCHEMA_VERSION = 4
PAGE_ROWS = 1000
LOCK_WAIT_S = 30.0

# Each kind of row has a table of its own; a reorganisation deletes from all of them by ``block_number``.
TABLES = {
    EventRow.table: EVENT_TABLE,
    StatementRow.table: STATEMENT_TABLE,
    GateRow.table: GATE_TABLE,
    BatchRow.table: BATCH_TABLE,
    "leaf": LEAF_TABLE,
    EpochRow.table: EPOCH_TABLE,
    TallyDisputeRow.table: TALLY_DISPUTE_TABLE,
}
OWN_TABLES = {
    "checkpoint": "CREATE TABLE checkpoint (block_number INTEGER PRIMARY KEY, block_hash BLOB NOT NULL);",
    "chain": "CREATE TABLE chain (chain_id INTEGER NOT NULL, contract BLOB NOT NULL);",
}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A block up to which, itself included, all events are in the table."""

    block_number: int
    block_hash: bytes


class EventTable:
    """Events of one contract on one chain; safe for threads, and for processes that share the file."""

    def __init__(self, path: Path, *, chain_id: int, contract: Address) -> None:
        self._lock = RLock()
        self._path = path
        with self._errors():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=LOCK_WAIT_S)
            use_wal(self._connection, wait_s=LOCK_WAIT_S)
            self._connection.execute("PRAGMA synchronous = NORMAL")  # a cache: a lost tail is read from the chain again
        with self.transaction():
            if not self._is_of(chain_id, contract):
                self._create(chain_id, contract)

    def checkpoint(self) -> Checkpoint | None:
        """Return how far the table goes, or nothing while it is empty."""
        rows = self.select("SELECT block_number, block_hash FROM checkpoint ORDER BY block_number DESC LIMIT 1")
        return Checkpoint(*rows[0]) if rows else None

    def append(self, rows: Sequence[Row], *, after: Checkpoint | None, upto: Checkpoint) -> None:
        """Add the events of the blocks behind ``after`` up to ``upto``; nothing, if another process was faster."""
        with self.transaction():
            if self.checkpoint() == after:
                for table, some in groupby(rows, key=lambda row: row.table):
                    columns = [row.columns() for row in some]
                    marks = ",".join("?" * len(columns[0]))
                    self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", columns)  # noqa: S608  constants
                self._connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (upto.block_number, upto.block_hash))

    def rewind(self, from_: Checkpoint) -> None:
        """Forget ``from_`` and the events behind the checkpoint before it: the chain no longer has that block."""
        with self.transaction():
            if self.checkpoint() == from_:
                self._connection.execute("DELETE FROM checkpoint WHERE block_number = ?", (from_.block_number,))
                kept = self.checkpoint()
                last = -1 if kept is None else kept.block_number
                for table in TABLES:
                    self._connection.execute(f"DELETE FROM {table} WHERE block_number > ?", (last,))  # noqa: S608  constants

    def select(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds; its text is a constant of ours.

        Raises:
            LedgerUnavailableError: the file cannot be read.
        """
        with self._lock, self._errors():
            return self._connection.execute(query, values).fetchall()

    def insert(self, query: str, rows: Iterable[Sequence[object]]) -> None:
        """Write rows, within a `transaction`; the query's text is a constant of ours."""
        with self._lock, self._errors():
            self._connection.executemany(query, rows)

    def registration_of(self, digest: Digest) -> EventRow | None:
        """Return the registration of a digest, or nothing."""
        query = f"SELECT {EVENT_COLUMNS} FROM event WHERE digest = ? AND name = ?"  # noqa: S608  a constant
        rows = self.select(query, (digest.value, EventName.REGISTERED))
        return EventRow.of(rows[0]) if rows else None

    def committed(self) -> Iterator[Committed]:
        """Yield what each record that was registered alone commits to, in chain order, read page by page."""
        query = (
            "SELECT block_number, log_index, digest, visibility, fingerprint_hash FROM event"
            " WHERE (block_number, log_index) > (?, ?) AND fingerprint_hash IS NOT NULL"
            " ORDER BY block_number, log_index LIMIT ?"
        )
        place: tuple[int, int] = (-1, -1)
        while page := self.select(query, (*place, PAGE_ROWS)):
            for block, _, digest, visibility, fingerprint_hash in page:
                yield Committed(Digest(digest), block, Visibility(visibility), fingerprint_hash)
            place = page[-1][:2]

    def statements_of(self, digest: Digest) -> list[StatementRow]:
        """Return what was said of a record, in chain order; of where it stands, block and log only."""
        query = (
            "SELECT block_number, log_index, block_time, signer, act, detail FROM statement WHERE digest = ?"
            " ORDER BY block_number, log_index"
        )
        return [
            StatementRow(Inclusion(b"", block, b"", log, time), digest, Address(signer), Act(act), detail)
            for block, log, time, signer, act, detail in self.select(query, (digest.value,))
        ]

    def standing_changed_at(self, digest: Digest) -> int | None:
        """Return the block in which a record's standing changed last, or nothing if it never did."""
        query = "SELECT max(block_number) FROM event WHERE digest = ? AND name = ?"
        [(block,)] = self.select(query, (digest.value, EventName.STANDING_CHANGED))
        return None if block is None else int(block)

    def gate(self, gate: Address) -> GateHistory | None:
        """Return what is known of a gate, or nothing of an account that never was one."""
        query = "SELECT run_by, compromised_since FROM gate WHERE gate = ? ORDER BY block_number, log_index"
        terms = self.select(query, (gate.value,))
        return GateHistory.of([(run_by, since) for run_by, since in terms]) if terms else None

    def events(self) -> Iterator[LedgerEvent]:
        """Yield all events in chain order, read page by page."""
        query = (
            f"SELECT {EVENT_COLUMNS} FROM event WHERE (block_number, log_index) > (?, ?)"  # noqa: S608  a constant
            f" ORDER BY block_number, log_index LIMIT {PAGE_ROWS}"
        )
        place: tuple[int, int] = (-1, -1)
        while page := self.select(query, place):
            for row in page:
                yield EventRow.of(row).event
            place = page[-1][:2]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    # -- inside ------------------------------------------------------------------------------------------------

    def _is_of(self, chain_id: int, contract: Address) -> bool:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            return False
        return bool(self._connection.execute("SELECT * FROM chain").fetchone() == (chain_id, contract.value))

    def _create(self, chain_id: int, contract: Address) -> None:
        """Start empty: a new file, another version, or another chain's events."""
        for name, schema in (TABLES | OWN_TABLES).items():
            self._connection.execute(f"DROP TABLE IF EXISTS {name}")
            for statement in filter(str.strip, schema.split(";")):
                self._connection.execute(statement)
        self._connection.execute("INSERT INTO chain VALUES (?, ?)", (chain_id, contract.value))
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the right to write; all that is written within is kept, or nothing is."""
        with self._lock, self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:  # not so where SQLite itself rolled back, as on some full disks
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise LedgerUnavailableError(f"the event table {self._path} cannot be used: {exc}") from exc
