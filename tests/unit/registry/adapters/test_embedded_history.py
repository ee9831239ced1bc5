"""The embedded chain read back without believing its file."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from web3.types import FilterParams

from registry.adapters.embedded import CHAIN_FILE
from registry.adapters.embedded_history import EmbeddedHistory
from registry.adapters.ethereum import EthereumLedger
from registry.errors import LedgerError, LedgerMismatchError
from registry.model.chain import ChainHistory
from tests.ledgers import Roles, SetClock, admission_of, embedded, new_key, registration_of

RECORDS = 3


def recorded(directory: Path, roles: Roles, *, records: int = RECORDS) -> EthereumLedger:
    """Return an open ledger with some records on it."""
    clock = SetClock()
    ledger = embedded(directory, roles, clock)
    for _ in range(records):
        uploader = new_key()
        admission = admission_of(uploader, now=clock.now())
        ledger.submit(
            ledger.prepare(registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=clock.now()))
        )
    return ledger


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EthereumLedger]:
    directory = tmp_path_factory.mktemp("chain")
    return directory, recorded(directory, Roles())


def history_of(directory: Path, number: int | None = None) -> ChainHistory | None:
    history = EmbeddedHistory(directory)
    try:
        return history.upto(history.head().block_number if number is None else number)
    finally:
        history.close()


def test_the_events_root_is_what_anybody_computes_from_the_logs(chain: tuple[Path, EthereumLedger]) -> None:
    directory, ledger = chain
    web3 = ledger._web3
    root, logs = bytes(32), web3.eth.get_logs(FilterParams(address=ledger._contract.address, fromBlock=0))
    for log in logs:
        place = log["blockNumber"].to_bytes(8, "big") + log["logIndex"].to_bytes(4, "big")
        topics = bytes([len(log["topics"])]) + b"".join(log["topics"])
        event = place + log["transactionHash"] + topics + log["data"]
        root = hashlib.sha256(root + hashlib.sha256(event).digest()).digest()
    found = history_of(directory)
    assert found is not None
    assert (found.event_count, found.events_root) == (len(logs), root)
    assert found.event_count > RECORDS
    latest = web3.eth.get_block("latest")
    assert (found.head.block_number, found.head.block_hash) == (latest["number"], bytes(latest["hash"]))
    assert (found.head.state_root, found.head.block_time) == (bytes(latest["stateRoot"]), latest["timestamp"])


def test_a_prefix_of_the_history_is_the_history_up_to_there(chain: tuple[Path, EthereumLedger]) -> None:
    directory, _ = chain
    whole, earlier = history_of(directory), history_of(directory, 2)
    assert whole is not None
    assert earlier is not None
    assert (earlier.head.block_number, earlier.event_count < whole.event_count) == (2, True)
    assert history_of(directory, whole.head.block_number + 1) is None


def test_a_byte_changed_anywhere_in_what_a_block_says_is_noticed(tmp_path: Path) -> None:
    directory = tmp_path / "chain"
    recorded(directory, Roles(), records=1).close()
    honest = history_of(directory)
    path = directory / CHAIN_FILE
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT k, v FROM kv WHERE length(v) > 32").fetchall()
    noticed = 0
    for key, value in rows:
        forged = value[:-3] + bytes([value[-3] ^ 1]) + value[-2:]
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE kv SET v = ? WHERE k = ?", (forged, key))
        try:
            noticed += history_of(directory) != honest
        except LedgerError:
            noticed += 1
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE kv SET v = ? WHERE k = ?", (value, key))
    assert noticed >= 8, f"headers, transactions and receipts of three blocks; noticed {noticed} of {len(rows)}"
    assert history_of(directory) == honest


def test_a_folder_without_a_chain_is_told(tmp_path: Path) -> None:
    with pytest.raises(LedgerMismatchError, match="expected an embedded chain"):
        EmbeddedHistory(tmp_path)
