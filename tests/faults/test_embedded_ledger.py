"""The embedded chain under kill -9 and under two processes: what was submitted stays, and there is one chain."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from registry.adapters import embedded as opener
from registry.adapters import sqlite_evm
from registry.adapters.clock import SystemClock
from registry.adapters.embedded_evm import EmbeddedProvider
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.sqlite_evm import SqliteChainDB
from registry.errors import LedgerUnavailableError, TransactionRevertedError
from registry.model import Digest, Registration, SignedTransaction
from tests.ledgers import Roles, admission_of, embedded, new_key, registration_of

pytestmark = pytest.mark.slow

PROCESSES = multiprocessing.get_context("fork")
DEADLINE_S = 60


def killed_by_itself(work: Callable[[], None]) -> None:
    """Run ``work`` in a child that must end by its own SIGKILL."""
    child = PROCESSES.Process(target=work)
    child.start()
    child.join(DEADLINE_S)
    assert child.exitcode == -signal.SIGKILL


def kill_me(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def some_registration(ledger: EthereumLedger, roles: Roles) -> Registration:
    uploader, now = new_key(), SystemClock().now()
    return registration_of(ledger.info, admission_of(uploader, now=now), gate=roles.gate, uploader=uploader, now=now)


def register(ledger: EthereumLedger, roles: Roles) -> tuple[Digest, SignedTransaction]:
    registration = some_registration(ledger, roles)
    transaction = ledger.prepare(registration)
    ledger.submit(transaction)
    return registration.admission.digest, transaction


def assert_one_chain(ledger: EthereumLedger) -> None:
    """Each event's block is where the chain has it, and no block stands twice."""
    events = list(ledger.events())
    places = [(event.inclusion.block_number, event.inclusion.log_index) for event in events]
    assert places == sorted(set(places))
    assert all(ledger.is_final(event.inclusion) for event in events)
    assert all(ledger.inclusion(event.inclusion.tx_hash) == event.inclusion for event in events)


def die_at_write(count: int) -> None:
    """Let this process die instead of its ``count``-th write to the chain's file; a block makes 18 to 24."""
    earlier = iter(range(1, count))
    write = SqliteChainDB.__setitem__
    SqliteChainDB.__setitem__ = lambda self, k, v: write(self, k, v) if next(earlier, None) else kill_me()


def die_before_commit() -> None:
    """Let this process die when all of a block is written and nothing is committed."""
    answer = EmbeddedProvider._answer
    EmbeddedProvider._answer = lambda self, *request: (answer(self, *request), kill_me())


@pytest.mark.parametrize("count", [1, 2, 8, 15, None])
def test_a_kill_in_the_middle_of_a_block_leaves_the_chain_before_it(tmp_path: Path, count: int | None) -> None:
    roles = Roles()
    ledger = embedded(tmp_path, roles, SystemClock())
    kept, _ = register(ledger, roles)
    events, height = list(ledger.events()), ledger.height()
    registration = some_registration(ledger, roles)
    transaction = ledger.prepare(registration)
    ledger.close()

    def die_in_the_block() -> None:
        doomed = embedded(tmp_path, roles, SystemClock())
        die_before_commit() if count is None else die_at_write(count)
        doomed.submit(transaction)

    killed_by_itself(die_in_the_block)
    reopened = embedded(tmp_path, roles, SystemClock())
    assert reopened.height() == height
    assert list(reopened.events()) == events
    assert reopened.find(registration.admission.digest) is None
    assert reopened.find(kept) is not None
    reopened.submit(transaction)
    assert reopened.find(registration.admission.digest) is not None
    assert_one_chain(reopened)
    reopened.close()


def test_a_kill_right_after_submit_loses_nothing(tmp_path: Path) -> None:
    roles = Roles()
    ledger = embedded(tmp_path, roles, SystemClock())
    registration = some_registration(ledger, roles)
    transaction = ledger.prepare(registration)
    ledger.close()

    def die_after_submit() -> None:
        embedded(tmp_path, roles, SystemClock()).submit(transaction)
        kill_me()

    killed_by_itself(die_after_submit)
    reopened = embedded(tmp_path, roles, SystemClock())
    assert reopened.inclusion(transaction.tx_hash) is not None
    assert reopened.find(registration.admission.digest) is not None
    reopened.submit(transaction)
    assert_one_chain(reopened)
    reopened.close()


def test_a_kill_at_any_moment_loses_no_registration_whose_submit_returned(tmp_path: Path) -> None:
    roles = Roles()
    embedded(tmp_path, roles, SystemClock()).close()

    def register_for_ever(pipe: Connection) -> None:
        ledger = embedded(tmp_path, roles, SystemClock())
        while True:
            digest, _ = register(ledger, roles)
            pipe.send_bytes(digest.value)

    submitted: list[Digest] = []
    for enough in (1, 3, 5):
        here, there = PROCESSES.Pipe(duplex=False)
        child = PROCESSES.Process(target=register_for_ever, args=(there,))
        child.start()
        submitted += [Digest(here.recv_bytes()) for _ in range(enough)]
        child.kill()
        child.join(DEADLINE_S)
        there.close()
        submitted += list(rest(here))
    ledger = embedded(tmp_path, roles, SystemClock())
    assert len(submitted) >= 9
    assert all(ledger.find(digest) is not None for digest in submitted)
    register(ledger, roles)
    assert_one_chain(ledger)
    ledger.close()


def rest(pipe: Connection) -> list[Digest]:
    """Return what the killed child had still written."""
    found = []
    try:
        while True:
            found.append(Digest(pipe.recv_bytes()))
    except EOFError:
        return found


@pytest.mark.parametrize("step", ["create_genesis", "deploy"])
def test_a_kill_on_the_first_run_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    roles = Roles()
    work = getattr(opener, step)

    def die_after(*arguments: object, **keywords: object) -> None:
        work(*arguments, **keywords)
        kill_me()

    with monkeypatch.context() as patch:
        patch.setattr(opener, step, die_after)
        killed_by_itself(lambda: embedded(tmp_path, roles, SystemClock()).close())
    ledger = embedded(tmp_path, roles, SystemClock())
    assert ledger.height() == 1  # genesis and contract, once
    digest, _ = register(ledger, roles)
    assert ledger.find(digest) is not None
    ledger.close()


def test_processes_that_make_a_new_file_together_all_open_it(tmp_path: Path) -> None:
    """Of two that switch a file to its write-ahead log at once, SQLite tells one at once that it is locked."""

    def open_it(path: Path, barrier: Barrier) -> None:
        barrier.wait(DEADLINE_S)
        SqliteChainDB(path).close()

    for number in range(20):
        barrier = PROCESSES.Barrier(6)
        children = [PROCESSES.Process(target=open_it, args=(tmp_path / f"{number}.sqlite3", barrier)) for _ in range(6)]
        for child in children:
            child.start()
        for child in children:
            child.join(DEADLINE_S)
        assert [child.exitcode for child in children] == [0] * 6


def test_processes_that_start_together_make_one_installation(tmp_path: Path) -> None:
    roles = Roles()
    barrier = PROCESSES.Barrier(3)
    here, there = PROCESSES.Pipe(duplex=False)

    def open_it() -> None:
        barrier.wait(DEADLINE_S)
        ledger = embedded(tmp_path, roles, SystemClock())
        there.send_bytes(ledger.info.instance_id + ledger.info.contract.value)
        ledger.close()

    children = [PROCESSES.Process(target=open_it) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(DEADLINE_S)
        assert child.exitcode == 0
    assert len({here.recv_bytes() for _ in children}) == 1


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    roles = Roles()
    embedded(tmp_path, roles, SystemClock()).close()
    barrier = PROCESSES.Barrier(3)
    here, there = PROCESSES.Pipe(duplex=False)
    count = 5

    def register_some() -> None:
        mine = embedded(tmp_path, roles, SystemClock())
        barrier.wait(DEADLINE_S)
        for _ in range(count):
            registration = some_registration(mine, roles)
            while mine.find(registration.admission.digest) is None:
                try:  # no journal holds the recorder's nonce here, so the other process may take it first
                    mine.submit(mine.prepare(registration))
                except TransactionRevertedError as exc:
                    assert exc.error_name in {"NonceTaken", "RefusedByTheNetwork"}, exc
            there.send_bytes(registration.admission.digest.value)
        mine.close()

    children = [PROCESSES.Process(target=register_some) for _ in range(2)]
    for child in children:
        child.start()
    there.close()  # the children have it: should they all end early, reading ends too
    ledger = embedded(tmp_path, roles, SystemClock())  # opened after the fork: SQLite's locks do not survive one
    assert list(ledger.events()) == []
    barrier.wait(DEADLINE_S)
    digests = [Digest(here.recv_bytes()) for _ in range(2 * count)]
    for child in children:
        child.join(DEADLINE_S)
        assert child.exitcode == 0
    assert all(ledger.find(digest) is not None for digest in digests)
    assert {event.digest for event in ledger.events()} == set(digests)
    assert ledger.height() == 1 + 2 * count
    assert_one_chain(ledger)
    register(ledger, roles)
    ledger.close()


def test_a_chain_that_another_process_holds_is_unavailable_and_not_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_evm, "LOCK_WAIT_S", 0.05)
    roles = Roles()
    ledger = embedded(tmp_path, roles, SystemClock())
    transaction = ledger.prepare(some_registration(ledger, roles))
    holder = SqliteChainDB(tmp_path / "chain.sqlite3")
    with holder.transaction():
        with pytest.raises(LedgerUnavailableError):
            ledger.submit(transaction)
        assert ledger.find(Digest(secrets.token_bytes(32))) is None  # reads go on
    ledger.submit(transaction)
    assert ledger.inclusion(transaction.tx_hash) is not None
    holder.close()
    ledger.close()
