"""SQLite's write-ahead log, switched on by processes that start together."""

from __future__ import annotations

import sqlite3
import time

PAUSE_S = 0.01


def use_wal(connection: sqlite3.Connection, *, wait_s: float) -> None:
    """Switch the file to its write-ahead log.

    SQLite asks no busy handler here: of two that switch a new file at once, one is told at once that it is locked
    (sqlite.org/pragma.html, journal_mode). So it is tried again.

    Raises:
        sqlite3.OperationalError: still locked after ``wait_s``, or the file cannot be used.
    """
    until = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(PAUSE_S)  # nothing to wait for: SQLite tells nobody when the lock goes
        else:
            return
