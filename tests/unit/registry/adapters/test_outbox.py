"""Acts on their way outlive the process that sent them."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.adapters.outbox import Call, Outbox, Sent
from registry.errors import LedgerUnavailableError
from registry.model import Address, SignedTransaction

MINE, OTHER = Address(b"\x01" * 20), Address(b"\x02" * 20)
CALL = Call("0x" + "0c" * 20, "0x1234", 2**200)


def sent(nonce: int, mark: int, at: int = 100) -> Sent:
    return Sent(CALL, SignedTransaction(bytes([mark]) * 9, bytes([mark]) * 32, nonce), at)


def test_a_file_that_is_no_database_makes_the_ledger_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"this is a letter" * 100)
    with pytest.raises(LedgerUnavailableError, match=r"outbox\.sqlite"):
        Outbox(path)


def test_what_was_sent_is_there_after_reopening_with_every_attempt_in_order(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox.sqlite")
    for each in (sent(5, 9), sent(5, 3, at=200), sent(6, 1)):
        first.put(MINE, each)
    first.put(OTHER, sent(0, 7))
    first.close()
    again = Outbox(tmp_path / "outbox.sqlite")
    assert again.waiting(MINE) == (sent(5, 9), sent(5, 3, at=200))
    again.drop(MINE, 5)
    assert again.waiting(MINE) == (sent(6, 1),)
    again.drop(MINE, 6)
    assert (again.waiting(MINE), again.waiting(OTHER)) == ((), (sent(0, 7),))
    again.close()


def test_an_attempt_that_is_put_again_stands_once_with_its_later_time(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.sqlite")
    outbox.put(MINE, sent(5, 9))
    outbox.put(MINE, sent(5, 9, at=300))
    assert outbox.waiting(MINE) == (sent(5, 9, at=300),)
    outbox.close()
