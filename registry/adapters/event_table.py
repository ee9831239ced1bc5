"""The ledger's events in one SQLite table: a cache, filled block by block and rebuilt from the chain at any time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from registry.adapters.wal import use_wal
from registry.errors import LedgerUnavailableError
from registry.model import Act, Address, Digest, EventName, Inclusion, LedgerEvent, Standing

SCHEMA_VERSION = 2
PAGE_ROWS = 1000
LOCK_WAIT_S = 30.0
MODEL_ID_BYTES = 32
ADDRESS_BYTES = 20

SCHEMA = """
CREATE TABLE event (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash BLOB NOT NULL, block_time INTEGER NOT NULL,
    tx_hash BLOB NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, standing INTEGER NOT NULL,
    policy_id BLOB, model_ids BLOB, gates BLOB, content_hash BLOB, fingerprint_hash BLOB,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE INDEX event_digest ON event (digest);
CREATE TABLE statement (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_time INTEGER NOT NULL,
    digest BLOB NOT NULL, signer BLOB NOT NULL, act INTEGER NOT NULL, detail BLOB NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE INDEX statement_digest ON statement (digest);
CREATE TABLE gate (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL,
    gate BLOB NOT NULL, run_by BLOB, compromised_since INTEGER NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE TABLE checkpoint (block_number INTEGER PRIMARY KEY, block_hash BLOB NOT NULL);
CREATE TABLE chain (chain_id INTEGER NOT NULL, contract BLOB NOT NULL);
"""
COLUMNS = (
    "block_number, log_index, block_hash, block_time, tx_hash, name, digest, standing, "
    "policy_id, model_ids, gates, content_hash, fingerprint_hash"
)
TABLES = ("event", "statement", "gate")

Blob = bytes | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A block up to which, itself included, all events are in the table."""

    block_number: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class Registered:
    """What only the registration's logs tell of a record.

    Attributes:
        policy_id: 32 bytes.
        model_ids: 32 bytes each, one per gate opinion.
        gates: whose opinions these are.
        content_hash: 32 bytes.
        fingerprint_hash: 32 bytes.
    """

    policy_id: bytes
    model_ids: tuple[bytes, ...]
    gates: tuple[Address, ...]
    content_hash: bytes
    fingerprint_hash: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """One change of a record's standing; the first, its registration, with what else its logs tell."""

    event: LedgerEvent
    registered: Registered | None = None

    @property
    def inclusion(self) -> Inclusion:
        """Where the log stands."""
        return self.event.inclusion


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement: who said what of a record; ``detail`` as in `registry.model.Statement`."""

    inclusion: Inclusion
    digest: Digest
    by: Address
    act: Act
    detail: bytes


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate's term began or ended.

    Attributes:
        run_by: whose gate it is; absent at its end.
        compromised_since: Unix seconds since when its key is in other hands, 0 if not.
    """

    inclusion: Inclusion
    gate: Address
    run_by: Address | None
    compromised_since: int


@dataclass(frozen=True, slots=True)
class GateHistory:
    """What is known of a gate: whose it is, and since when its key is in other hands (Unix seconds, 0 if not)."""

    run_by: Address
    compromised_since: int


Row = EventRow | StatementRow | GateRow


class EventTable:
    """Events of one contract on one chain; safe for threads, and for processes that share the file."""

    def __init__(self, path: Path, *, chain_id: int, contract: Address) -> None:
        self._lock = RLock()
        self._path = path
        with self._errors():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=LOCK_WAIT_S)
            use_wal(self._connection, wait_s=LOCK_WAIT_S)
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

    def append(self, rows: Sequence[Row], *, after: Checkpoint | None, upto: Checkpoint) -> None:
        """Add the events of the blocks behind ``after`` up to ``upto``; nothing, if another process was faster."""
        with self._transaction():
            if self.checkpoint() == after:
                for row in rows:
                    table, values = _values(row)
                    marks = ",".join("?" * len(values))
                    self._connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608  constants
                self._connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (upto.block_number, upto.block_hash))

    def rewind(self, from_: Checkpoint) -> None:
        """Forget ``from_`` and the events behind the checkpoint before it: the chain no longer has that block."""
        with self._transaction():
            if self.checkpoint() == from_:
                self._connection.execute("DELETE FROM checkpoint WHERE block_number = ?", (from_.block_number,))
                kept = self.checkpoint()
                last = -1 if kept is None else kept.block_number
                for table in TABLES:
                    self._connection.execute(f"DELETE FROM {table} WHERE block_number > ?", (last,))  # noqa: S608  constants

    def registration_of(self, digest: Digest) -> EventRow | None:
        """Return the registration of a digest, or nothing."""
        query = f"SELECT {COLUMNS} FROM event WHERE digest = ? AND name = ?"  # noqa: S608  a constant
        with self._lock, self._errors():
            row = self._connection.execute(query, (digest.value, EventName.REGISTERED)).fetchone()
        return None if row is None else _row(row)

    def statements_of(self, digest: Digest) -> list[StatementRow]:
        """Return what was said of a record, in chain order; of where it stands, block and log only."""
        query = (
            "SELECT block_number, log_index, block_time, signer, act, detail FROM statement WHERE digest = ?"
            " ORDER BY block_number, log_index"
        )
        with self._lock, self._errors():
            found = self._connection.execute(query, (digest.value,)).fetchall()
        return [
            StatementRow(Inclusion(b"", block, b"", log, time), digest, Address(signer), Act(act), detail)
            for block, log, time, signer, act, detail in found
        ]

    def gate(self, gate: Address) -> GateHistory | None:
        """Return what is known of a gate, or nothing of an account that never was one."""
        query = "SELECT run_by, compromised_since FROM gate WHERE gate = ? ORDER BY block_number, log_index"
        with self._lock, self._errors():
            rows = self._connection.execute(query, (gate.value,)).fetchall()
        if not rows:
            return None
        marks = [since for _, since in rows if since]
        return GateHistory(Address(rows[0][0]), min(marks, default=0))

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
        for table in (*TABLES, "checkpoint", "chain"):
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


def _values(row: Row) -> tuple[str, tuple[object, ...]]:
    place = row.inclusion
    at = (place.block_number, place.log_index)
    match row:
        case StatementRow():
            return "statement", (*at, place.block_time, row.digest.value, row.by.value, int(row.act), row.detail)
        case GateRow():
            return "gate", (*at, row.gate.value, row.run_by.value if row.run_by else None, row.compromised_since)
    event, more = row.event, row.registered
    return "event", (
        *at,
        place.block_hash,
        place.block_time,
        place.tx_hash,
        event.name,
        event.digest.value,
        int(event.standing),
        more.policy_id if more else None,
        b"".join(more.model_ids) if more else None,
        b"".join(gate.value for gate in more.gates) if more else None,
        more.content_hash if more else None,
        more.fingerprint_hash if more else None,
    )


def _row(
    row: tuple[
        int,
        int,
        bytes,
        int,
        bytes,
        str,
        bytes,
        int,
        bytes | None,
        bytes | None,
        bytes | None,
        bytes | None,
        bytes | None,
    ],
) -> EventRow:
    block_number, log_index, block_hash, block_time, tx_hash, name, digest, standing, *more = row
    place = Inclusion(tx_hash, block_number, block_hash, log_index, block_time)
    policy_id, models, gates, content_hash, fingerprint_hash = (value or b"" for value in more)
    registered = (
        Registered(
            policy_id,
            tuple(_chunks(models, MODEL_ID_BYTES)),
            tuple(map(Address, _chunks(gates, ADDRESS_BYTES))),
            content_hash,
            fingerprint_hash,
        )
        if policy_id
        else None
    )
    return EventRow(LedgerEvent(EventName(name), Digest(digest), Standing(standing), place), registered)


def _chunks(joined: bytes, length: int) -> Iterator[bytes]:
    return (joined[at : at + length] for at in range(0, len(joined), length))
