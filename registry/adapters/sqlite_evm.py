"""py-evm's key-value store in one SQLite file: every block is one durable transaction, one writer at a time.

py-evm ships only a store in memory. Here a block's state, receipts and header, and the move of the chain's head, are
committed together (WAL, ``synchronous=FULL``): a kill at any instant leaves the chain before or after the block.
SQLite's own write lock, taken at the start of a transaction, keeps a second process from building on an old head.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from eth.abc import AtomicWriteBatchAPI
from eth.db.atomic import AtomicDBWriteBatch
from eth.db.backends.base import BaseAtomicDB

from registry.adapters.wal import use_wal
from registry.errors import LedgerError, LedgerUnavailableError

SCHEMA_VERSION = 1
LOCK_WAIT_S = 30.0  # a block takes about 0.1 s; a writer that waits this long queues behind hundreds or a stuck process


class SqliteChainDB(BaseAtomicDB):
    """A durable `AtomicDatabaseAPI`; the caller keeps to one thread at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=LOCK_WAIT_S, cached_statements=16
            )
            use_wal(self._connection, wait_s=LOCK_WAIT_S)
            self._connection.execute("PRAGMA synchronous = FULL")
            if self._version() == 0:
                with self.transaction():
                    self._create()
            if self._version() != SCHEMA_VERSION:
                raise LedgerError(f"expected schema version {SCHEMA_VERSION} in {path}, got {self._version()}")
        except sqlite3.Error as exc:
            raise LedgerUnavailableError(f"the chain's database {path} cannot be opened: {exc}") from exc

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _create(self) -> None:
        if self._version() == 0:  # asked again, now that no other process can be creating it
            self._connection.execute("CREATE TABLE kv (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID")
            self._connection.execute("CREATE TABLE installation (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    # -- transactions ------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the one write lock and commit all or nothing; inside another transaction, be part of it.

        Raises:
            LedgerUnavailableError: another process held the lock for `LOCK_WAIT_S`, or the disk failed.
        """
        if self._is_writing():
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._is_writing():  # not so where SQLite itself rolled back, as on some full disks
                    self._connection.execute("ROLLBACK")
        except sqlite3.Error as exc:
            raise LedgerUnavailableError(f"the chain's database cannot be written: {exc}") from exc

    def _is_writing(self) -> bool:
        return self._connection.in_transaction

    def atomic_batch(self) -> AbstractContextManager[AtomicWriteBatchAPI]:
        """Return py-evm's buffered batch, written in one transaction when it ends well."""
        return self._batch()

    @contextmanager
    def _batch(self) -> Iterator[AtomicWriteBatchAPI]:
        with self.transaction(), AtomicDBWriteBatch._commit_unless_raises(self) as batch:  # as py-evm's own AtomicDB
            yield batch

    # -- py-evm's dictionary -----------------------------------------------------------------------------------

    def __getitem__(self, key: bytes) -> bytes:
        row = self._connection.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        value: bytes = row[0]
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._connection.execute(
            "INSERT INTO kv (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v", (key, value)
        )

    def __delitem__(self, key: bytes) -> None:
        if self._connection.execute("DELETE FROM kv WHERE k = ?", (key,)).rowcount == 0:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        return self._connection.execute("SELECT 1 FROM kv WHERE k = ?", (key,)).fetchone() is not None

    # -- what the installation notes beside its chain ------------------------------------------------------------

    def note(self, name: str) -> str | None:
        """Return a note of the installation, or nothing."""
        row = self._connection.execute("SELECT value FROM installation WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_note(self, name: str, value: str) -> None:
        """Write a note once, in the running transaction or its own."""
        self._connection.execute("INSERT INTO installation (name, value) VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Close the file; nothing durable is lost."""
        self._connection.close()
