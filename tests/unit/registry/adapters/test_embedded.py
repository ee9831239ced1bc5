"""The embedded chain's own promises: its time, its accounts, its owner."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eth_tester.backends.pyevm.main import get_default_account_keys
from web3 import Web3

from registry.adapters.embedded_evm import FUNDS_WEI, EmbeddedBackend, EmbeddedProvider, create_genesis
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.sqlite_evm import SqliteChainDB
from registry.errors import LedgerError, LedgerMismatchError, LedgerUnavailableError, TransactionRevertedError
from registry.model import Address, Digest, Inclusion, SignedTransaction
from tests.ledgers import Roles, SetClock, admission_of, embedded, new_key, registration_of, rotation


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def roles() -> Roles:
    return Roles()


@pytest.fixture
def ledger(tmp_path: Path, roles: Roles, clock: SetClock) -> Iterator[EthereumLedger]:
    ledger = embedded(tmp_path / "ledger", roles, clock)
    yield ledger
    ledger.close()


def register(ledger: EthereumLedger, roles: Roles, clock: SetClock) -> Inclusion:
    uploader, now = new_key(), clock.now()
    admission = admission_of(uploader, now=now)
    transaction = ledger.prepare(registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now))
    ledger.submit(transaction)
    inclusion = ledger.inclusion(transaction.tx_hash)
    assert inclusion is not None
    return inclusion


def test_a_chain_made_for_another_recorder_is_refused(tmp_path: Path, ledger: EthereumLedger, clock: SetClock) -> None:
    with pytest.raises(LedgerMismatchError, match="recorder"):
        embedded(tmp_path / "ledger", Roles(), clock)


def test_a_chain_file_of_another_schema_version_is_refused(
    tmp_path: Path, ledger: EthereumLedger, roles: Roles, clock: SetClock
) -> None:
    with sqlite3.connect(tmp_path / "ledger" / "chain.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(LedgerError, match=r"schema version 1 .* got 2"):
        embedded(tmp_path / "ledger", roles, clock)


def test_a_file_that_is_no_database_is_unavailable_and_left_alone(
    tmp_path: Path, roles: Roles, clock: SetClock
) -> None:
    (tmp_path / "chain.sqlite3").write_bytes(b"not a database, and someone may want it back" * 100)
    with pytest.raises(LedgerUnavailableError):
        embedded(tmp_path, roles, clock)
    assert (tmp_path / "chain.sqlite3").read_bytes().startswith(b"not a database")


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path, roles: Roles, clock: SetClock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerUnavailableError):
        embedded(tmp_path / "file", roles, clock)


@pytest.mark.parametrize("free_pages", [0, 1])  # a block takes about four
def test_a_full_disk_makes_the_chain_unavailable_and_loses_nothing(
    ledger: EthereumLedger, roles: Roles, clock: SetClock, free_pages: int
) -> None:
    register(ledger, roles, clock)
    uploader = new_key()
    admission = admission_of(uploader, now=clock.now())
    transaction = ledger.prepare(
        registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=clock.now())
    )
    connection = ledger._web3.provider._database._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + free_pages}")
    events, height = list(ledger.events()), ledger.height()
    with pytest.raises(LedgerUnavailableError, match="full"):
        ledger.submit(transaction)
    assert (list(ledger.events()), ledger.height()) == (events, height)
    connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    ledger.submit(transaction)
    assert ledger.find(admission.digest) is not None


@pytest.mark.parametrize("raw", [b"", b"\x02", b"garbage", b"\x02\xf8" + bytes(70), b"\x7f" + b"\x01" * 50])
def test_bytes_that_are_no_transaction_are_refused(ledger: EthereumLedger, raw: bytes) -> None:
    with pytest.raises(TransactionRevertedError):
        ledger.submit(SignedTransaction(raw, b"\x01" * 32, 0))
    assert ledger.height() == 1


def test_a_closed_ledger_is_unavailable(tmp_path: Path, roles: Roles, clock: SetClock) -> None:
    closed = embedded(tmp_path, roles, clock)
    closed.close()
    for ask in (closed.height, closed.events, lambda: closed.find(Digest(bytes(32)))):
        with pytest.raises(LedgerUnavailableError):
            ask()


def test_two_installations_differ_though_chain_id_is_equal(
    tmp_path: Path, ledger: EthereumLedger, clock: SetClock
) -> None:
    other = embedded(tmp_path / "other", Roles(), clock)
    assert other.info.chain_id == ledger.info.chain_id
    assert other.info.instance_id != ledger.info.instance_id
    other.close()


def test_block_times_follow_the_clock_and_never_go_back(ledger: EthereumLedger, roles: Roles, clock: SetClock) -> None:
    start = clock.now()
    clock.seconds = start + 1000
    assert register(ledger, roles, clock).block_time == start + 1000
    assert register(ledger, roles, clock).block_time == start + 1001  # two blocks of one second: strictly later
    clock.seconds = start - 500
    assert register(ledger, roles, clock).block_time == start + 1002
    clock.seconds = start + 2000
    assert register(ledger, roles, clock).block_time == start + 2000


def test_no_test_key_that_everyone_knows_holds_anything(tmp_path: Path, roles: Roles, clock: SetClock) -> None:
    database = SqliteChainDB(tmp_path / "chain.sqlite3")
    create_genesis(database, clock, (roles.recorder.address,))
    web3 = Web3(EmbeddedProvider(database, EmbeddedBackend(database, clock)))
    balances = {Web3.to_checksum_address(key.public_key.to_address()): 0 for key in get_default_account_keys(10)}
    assert {account: web3.eth.get_balance(account) for account in balances} == balances
    assert web3.eth.get_balance(Web3.to_checksum_address(roles.recorder.address.hex)) == FUNDS_WEI
    assert not web3.eth.accounts
    database.close()


def test_threads_read_while_one_writes(ledger: EthereumLedger, roles: Roles, clock: SetClock) -> None:
    def read(_: int) -> list[Digest]:
        found = [event.digest for event in ledger.events()]
        assert all(ledger.find(digest) is not None for digest in found)
        return found

    with ThreadPoolExecutor(3) as readers:
        reads = readers.map(read, range(6))
        written = [register(ledger, roles, clock).tx_hash for _ in range(3)]
        seen = list(reads)
    final = list(ledger.events())
    assert [event.inclusion.tx_hash for event in final] == written
    assert all(found == [event.digest for event in final][: len(found)] for found in seen)


def test_the_recorder_is_the_operator(ledger: EthereumLedger, roles: Roles) -> None:
    assert ledger.info.operator == roles.recorder.address
    assert ledger.info.contract != Address(bytes(20))


DAY_S = 86_400


def test_an_acceptance_counts_when_it_is_seven_full_days_old_and_no_block_is_needed_for_it(
    ledger: EthereumLedger, roles: Roles, clock: SetClock
) -> None:
    uploader, now = new_key(), clock.now()
    admission = admission_of(uploader, now=now)
    ledger.submit(ledger.prepare(registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now)))
    midnight = now - now % DAY_S
    clock.seconds = midnight + 8 * DAY_S - 60
    assert ledger.reputation_of(uploader.address).evidence == 0
    clock.seconds = midnight + 8 * DAY_S
    assert ledger.reputation_of(uploader.address).evidence == 992_327  # one outcome, faded by 2^(-1/90)


def test_a_week_after_the_wish_the_name_is_the_new_keys(ledger: EthereumLedger, roles: Roles, clock: SetClock) -> None:
    uploader, following, now = new_key(), new_key(), clock.now()
    admission = admission_of(uploader, now=now)
    ledger.submit(ledger.prepare(registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now)))
    clock.seconds += 20 * DAY_S
    ledger.rotate_key(rotation(ledger.info, uploader, following))
    clock.seconds += 7 * DAY_S
    before = ledger.reputation_of(uploader.address)
    assert before.evidence > 0
    ledger.complete_key_rotation(uploader.address)
    assert ledger.holder_of(uploader.address) == following.address
    assert ledger.pending_rotation(uploader.address) is None
    assert ledger.reputation_of(following.address) == ledger.reputation_of(uploader.address) == before
    again = admission_of(uploader, now=clock.now())
    with pytest.raises(TransactionRevertedError) as caught:
        ledger.prepare(registration_of(ledger.info, again, gate=roles.gate, uploader=uploader, now=clock.now()))
    assert caught.value.error_name == "KeyIsRotated"
