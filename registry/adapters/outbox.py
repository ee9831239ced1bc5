"""Acts on their way: what an account sent, no registration, and was not yet seen included; durable before it goes.

A registration's transaction stands in the journal; an act's stands here. Without it, an act that outlived the wait for
it would leave a nonce that the account's next transaction takes, and one of the two would be lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from registry.adapters.wal import use_wal
from registry.errors import LedgerUnavailableError
from registry.model import Address, SignedTransaction

LOCK_WAIT_S = 30.0
IN_MEMORY = Path(":memory:")  # for a chain that includes at once
SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (
    account BLOB NOT NULL, nonce INTEGER NOT NULL, tx_hash BLOB NOT NULL, raw BLOB NOT NULL, sent_at INTEGER NOT NULL,
    recipient TEXT NOT NULL, data TEXT NOT NULL, value_wei TEXT NOT NULL,
    PRIMARY KEY (account, tx_hash)
)
"""


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does.

    Attributes:
        to: the contract called, 0x and 40 hex digits.
        data: function and arguments, 0x and hex digits.
        value_wei: sent along.
    """

    to: str
    data: str
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One transaction that carries a call.

    Attributes:
        sent_at: Unix seconds.
    """

    call: Call
    transaction: SignedTransaction
    sent_at: int


class Outbox:
    """The waiting acts of this home's accounts on one chain; threads and processes may share the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        with self._errors():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=LOCK_WAIT_S)
            if path != IN_MEMORY:
                use_wal(self._connection, wait_s=LOCK_WAIT_S)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(SCHEMA)

    def put(self, account: Address, sent: Sent) -> None:
        """Keep a transaction, synced before returning."""
        call, transaction = sent.call, sent.transaction
        with self._errors():
            self._connection.execute(
                "INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    account.value,
                    transaction.nonce,
                    transaction.tx_hash,
                    transaction.raw,
                    sent.sent_at,
                    call.to,
                    call.data,
                    str(call.value_wei),
                ),
            )

    def waiting(self, account: Address) -> tuple[Sent, ...]:
        """Return the account's transactions under its earliest waiting nonce, the first one sent first."""
        with self._errors():
            rows = self._connection.execute(
                "SELECT nonce, tx_hash, raw, sent_at, recipient, data, value_wei FROM sent WHERE account = ?"
                " AND nonce = (SELECT min(nonce) FROM sent WHERE account = ?) ORDER BY rowid",
                (account.value, account.value),
            ).fetchall()
        return tuple(
            Sent(Call(to, data, int(value_wei)), SignedTransaction(raw, tx_hash, nonce), sent_at)
            for nonce, tx_hash, raw, sent_at, to, data, value_wei in rows
        )

    def drop(self, account: Address, nonce: int) -> None:
        """Forget what was sent under a nonce: it is spent."""
        with self._errors():
            self._connection.execute("DELETE FROM sent WHERE account = ? AND nonce = ?", (account.value, nonce))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as exc:
                raise LedgerUnavailableError(f"{self._path} cannot be used: {exc}") from exc
