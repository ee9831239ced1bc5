"""Moving this home's embedded ledger to a network."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from api.bootstrap.anchoring import Watched
from api.bootstrap.keys import AskPassword, open_keyring
from api.bootstrap.ledgers import deployment_path, open_ledger
from api.bootstrap.moved import done_path, kept_migration, migration_path, write_durably
from api.bootstrap.sides import sole_runner
from api.settings import Settings
from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.embedded import CHAIN_FILE
from registry.adapters.embedded_history import EmbeddedHistory
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.ipfs import IpfsStore
from registry.adapters.journal import SqliteJournal
from registry.adapters.keystore import Keyring
from registry.eip712 import Domain
from registry.errors import InvalidValueError, JobStateError, LedgerMismatchError, LedgerUnavailableError
from registry.model import Cid, JobState
from registry.ports import ContentStore
from registry.receipt import SignerList, next_signers, read_signers
from registry.receipt.migration import Head, Migration
from registry.register.migrating import Carried, Migrator

FINALITY_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class MigrationWishes:
    """What a person may choose.

    Attributes:
        rpc_url: of a node of the network; unset, as the settings say.
        deployment: the file that says which contract is ours there; unset, as the settings say.
        size: of a batch, at most.
        dry_run: plan it, ask what it costs, and send nothing.
    """

    rpc_url: str | None
    deployment: Path | None
    size: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a run did, or would do.

    Attributes:
        document: names the migration in the content store; absent in a dry run.
        carried: absent in a dry run.
        is_final: the last batch sent can no longer be undone.
        went_on: the embedded ledger has blocks after the one at which it was left: what they say is not carried over.
        gas_per_batch: of the first batch; with the price of a unit in wei. Absent where nothing is to be sent.
    """

    migration: Migration
    document: Cid | None
    carried: Carried | None
    is_final: bool
    went_on: bool
    gas_per_batch: tuple[int, int] | None
    deployment: Path


def migrate_ledger(
    settings: Settings, ask_password: AskPassword, wishes: MigrationWishes, *, watched: Callable[[str], Watched]
) -> MigrationReport:
    """Move this home's embedded ledger to a network, or go on where a run before was cut off.

    Args:
        settings: of this home.
        ask_password: for its keys.
        wishes: where to, and how.
        watched: told what is done now, gives who hears how far that is.

    Raises:
        InvalidValueError: no network is named.
        LedgerMismatchError: there is no embedded ledger, or not this home's gate decides on both.
        JobStateError: registrations are under way.
        LedgerUnavailableError: a ledger cannot be reached, or another process is at work in this home.
        LedgerError: the embedded ledger contradicts itself.
    """
    url = wishes.rpc_url or settings.rpc_url
    if url is None:
        raise InvalidValueError("expected --rpc-url, a node of the network to move to, got none")
    if not (settings.home / "ledger" / CHAIN_FILE).is_file():
        raise LedgerMismatchError(f"expected an embedded ledger in {settings.home}, found none")
    there = settings.model_copy(update={"rpc_url": url, "deployment": wishes.deployment or deployment_path(settings)})
    here = settings.model_copy(update={"rpc_url": None})
    with ExitStack() as stack:
        if not stack.enter_context(sole_runner(settings)):
            raise LedgerUnavailableError("another process is at work in this home: stop `touchstone serve` first")
        _require_idle(settings)
        kept = kept_migration(settings)
        head = kept.migration.head if kept else _head(settings, watched("reading block"))
        keys = open_keyring(settings, ask_password)
        source, target = open_ledger(here, keys), open_ledger(there, keys)
        stack.callback(source.close)
        stack.callback(target.close)
        _require_gate(source, keys, "the embedded ledger")
        _require_gate(target, keys, "the network")
        if kept is not None and kept.migration.to != Domain.of(target.info):
            raise LedgerMismatchError(f"expected contract {kept.migration.to.contract}, to which this ledger is moved")
        store = _store(settings)
        clock = SystemClock()
        migrator = Migrator(log=source, left=source.info, target=target, gate=keys.gate, store=store, clock=clock)
        if kept is None:
            signers = _signers(settings, source, keys, now=clock.now())
            looking = watched("planning record")
            migration = migrator.plan(head, signers, size=wishes.size, seen=lambda: looking.seen(0))
        else:
            migration = kept.migration
        deployment = deployment_path(there)
        if wishes.dry_run:
            first = migrator.first_batch(migration)
            cost = target.cost_of(first) if first and not target.has_batch(first.admission.root) else None
            return MigrationReport(migration, None, None, False, _went_on(source, migration), cost, deployment)
        if kept is None:
            write_durably(settings.home / "signers.json", migration.signers)
            write_durably(migration_path(settings), migration.sealed(keys.recorder, (keys.gate,)))
        document = store.pin(io.BytesIO(migration_path(settings).read_bytes()))
        sending = watched("sending batch")
        sending.total(len(migration.batches))
        carried = migrator.carry(migration, document, seen=lambda: sending.seen(0))
        is_final = carried.last is None or target.is_final(carried.last, wait_s=FINALITY_WAIT_S)
        own = settings.home / "network.json"
        if not own.exists():
            write_durably(own, deployment.read_bytes())
        write_durably(done_path(settings), b"1\n")
        went_on = _went_on(source, migration)
        return MigrationReport(migration, document, carried, is_final, went_on, None, deployment)


def _head(settings: Settings, watched: Watched) -> Head:
    """Return where the embedded ledger is, every hash on the way made anew: what was tampered with is not moved."""
    history = EmbeddedHistory(settings.home / "ledger")
    try:
        number = history.head().block_number
        watched.total(number + 1)
        found = history.upto(number, watched.seen)
    finally:
        history.close()
    if found is None:
        raise LedgerMismatchError(f"expected block {number} on the ledger, found an end before it")
    return Head(number, found.head.block_hash, found.event_count, found.events_root)


def _went_on(source: EthereumLedger, migration: Migration) -> bool:
    """Return whether somebody wrote to the ledger that was left, as a process that had opened it before can."""
    return source.height() > migration.head.block_number


def _require_idle(settings: Settings) -> None:
    journal = SqliteJournal(settings.home / "journal.sqlite")
    under_way = sum(1 for _ in journal.jobs(*(state for state in JobState if state.is_open)))
    if under_way:
        raise JobStateError(
            f"{under_way} registrations are under way: `touchstone serve` or any registration finishes them first"
        )


def _require_gate(ledger: EthereumLedger, keys: Keyring, name: str) -> None:
    if not ledger.is_gate(keys.gate.address) or ledger.quorum() > 1:
        raise LedgerMismatchError(
            f"expected this home's gate {keys.gate.address} to be enough on {name}, which asks for {ledger.quorum()}"
        )


def _signers(settings: Settings, ledger: EthereumLedger, keys: Keyring, *, now: int) -> bytes:
    """Return the embedded ledger's list of signers, as `trust export` would hand it out now."""
    kept = settings.home / "signers.json"
    powers = ledger.governor(keys.admin, dry_run=True).survey()
    wanted = SignerList.of(ledger.info, powers, version=0, issued_at=now, admin=keys.admin.address)
    last = kept.read_bytes() if kept.is_file() else None
    if last is not None and read_signers(last).domain != wanted.domain:
        last = None
    return next_signers(wanted, last, keys.admin)


def _store(settings: Settings) -> ContentStore:
    local = BlockStore(settings.home / "content")
    return local if settings.ipfs is None else IpfsStore(local, settings.ipfs, timeout_s=settings.ipfs_timeout_s)
