"""The ledger's events in one SQLite table: a cache, filled block by block and rebuilt from the chain at any time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from registry.errors import LedgerUnavailableError
from registry.model import Address, Digest, EventName, Inclusion, LedgerEvent, Standing

SCHEMA_VERSION = 1
PAGE_ROWS = 1000
LOCK_WAIT_S = 30.0
MODEL_ID_BYTES = 32

SCHEMA = """
CREATE TABLE event (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash BLOB NOT NULL, block_time INTEGER NOT NULL,
    tx_hash BLOB NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, standing INTEGER NOT NULL,
    policy_id BLOB, model_ids BLOB,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE INDEX event_digest ON event (digest);
CREATE TABLE checkpoint (block_number INTEGER PRIMARY KEY, block_hash BLOB NOT NULL);
CREATE TABLE chain (chain_id INTEGER NOT NULL, contract BLOB NOT NULL);
"""
COLUMNS = "block_number, log_index, block_hash, block_time, tx_hash, name, digest, standing, policy_id, model_ids"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A block up to which, itself included, all events are in the table."""

    block_number: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event, with what only the registration's logs tell of a record.

    Attributes:
        policy_id: 32 bytes; a registration's only.
        model_ids: 32 bytes each, one per gate opinion; a registration's only.
    """

    event: LedgerEvent
    policy_id: bytes | None = None
    model_ids: tuple[bytes, ...] = ()


class EventTable:
    """Events of one contract on one chain; safe for threads, and for processes that share the file."""

    def __init__(self, path: Path, *, chain_id: int, contract: Address) -> None:
        self._lock = RLock()
        self._path = path
        with self._errors():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=LOCK_WAIT_S)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")  # a cache: a lost tail is read from the chain again
        with self._transaction():
            if not self._is_of(chain_id, contract):
                self._create(chain_id, contract)

    def checkpoint(self) -> Checkpoint | None:
        """Return how far the table goes, or nothing while it is empty."""
        with self._lock, self._errors():
            row = self._connection.execute(
                "SELECT block_number, block_hash FROM checkpoint ORDER BY block_number DESC LIMIT 1"
            ).fetchone()
        return None if row is None else Checkpoint(*row)

    def append(self, rows: Sequence[EventRow], *, after: Checkpoint | None, upto: Checkpoint) -> None:
        """Add the events of the blocks behind ``after`` up to ``upto``; nothing, if another process was faster."""
        with self._transaction():
            if self.checkpoint() == after:
                self._connection.executemany("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?)", map(_values, rows))
                self._connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (upto.block_number, upto.block_hash))

    def rewind(self, from_: Checkpoint) -> None:
        """Forget ``from_`` and the events behind the checkpoint before it: the chain no longer has that block."""
        with self._transaction():
            if self.checkpoint() == from_:
                self._connection.execute("DELETE FROM checkpoint WHERE block_number = ?", (from_.block_number,))
                kept = self.checkpoint()
                last = -1 if kept is None else kept.block_number
                self._connection.execute("DELETE FROM event WHERE block_number > ?", (last,))

    def registration_of(self, digest: Digest) -> EventRow | None:
        """Return the registration of a digest, or nothing."""
        query = f"SELECT {COLUMNS} FROM event WHERE digest = ? AND name = ?"  # noqa: S608  a constant
        with self._lock, self._errors():
            row = self._connection.execute(query, (digest.value, EventName.REGISTERED)).fetchone()
        return None if row is None else _row(row)

    def events(self) -> Iterator[LedgerEvent]:
        """Yield all events in chain order, read page by page."""
        query = (
            f"SELECT {COLUMNS} FROM event WHERE (block_number, log_index) > (?, ?)"  # noqa: S608  a constant
            f" ORDER BY block_number, log_index LIMIT {PAGE_ROWS}"
        )
        place = (-1, -1)
        while True:
            with self._lock, self._errors():
                page = self._connection.execute(query, place).fetchall()
            if not page:
                return
            for row in page:
                yield _row(row).event
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
        for table in ("event", "checkpoint", "chain"):
            self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in filter(str.strip, SCHEMA.split(";")):
            self._connection.execute(statement)
        self._connection.execute("INSERT INTO chain VALUES (?, ?)", (chain_id, contract.value))
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
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


def _values(row: EventRow) -> tuple[object, ...]:
    event, place = row.event, row.event.inclusion
    return (
        place.block_number,
        place.log_index,
        place.block_hash,
        place.block_time,
        place.tx_hash,
        event.name,
        event.digest.value,
        int(event.standing),
        row.policy_id,
        b"".join(row.model_ids),
    )


def _row(row: tuple[int, int, bytes, int, bytes, str, bytes, int, bytes | None, bytes]) -> EventRow:
    block_number, log_index, block_hash, block_time, tx_hash, name, digest, standing, policy_id, models = row
    place = Inclusion(tx_hash, block_number, block_hash, log_index, block_time)
    model_ids = tuple(models[at : at + MODEL_ID_BYTES] for at in range(0, len(models), MODEL_ID_BYTES))
    return EventRow(LedgerEvent(EventName(name), Digest(digest), Standing(standing), place), policy_id, model_ids)
