"""A log moved from one ledger to another: nothing lost, nothing doubled, nothing better than it stood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from registry import eip712
from registry.errors import LedgerError, LedgerUnavailableError, StoreUnavailableError, TransactionRevertedError
from registry.manifest import entries_of
from registry.model import (
    Attestation,
    Cid,
    Committed,
    Digest,
    Inclusion,
    LedgerInfo,
    Level,
    Record,
    SignedBatch,
    Standing,
    Visibility,
)
from registry.model.moving import Logged
from registry.origin import Origin
from registry.receipt.migration import Head, Migration
from registry.register.migrating import Migrator
from tests.fakes import MemoryLedger, MemoryStore
from tests.ledgers import SetClock
from tests.receipts import ADMIN, GATES, INFO, Issued, by_operator, by_uploader, signers
from tests.values import BOB, NOW, digest

GATE = GATES[0]
HEAD = Head(7, b"\x0b" * 32, 3, b"\x0c" * 32)
DOCUMENT = Cid(b"\x0d" * 32, is_dag_pb=False)
THERE = MemoryLedger().info


def logged(name: str, *, standing: Standing = Standing.ACTIVE, like: Issued | None = None, **changed: object) -> Logged:
    one = like or by_operator()
    registration = replace(one.registration, admission=replace(one.registration.admission, digest=digest(name)))
    record: Record = replace(one.record, digest=digest(name), standing=standing, **changed)
    return Logged(registration, record, one.inclusion, None if standing is Standing.ACTIVE else b"\x01" * 32)


@dataclass
class Log:
    records: list[Logged]

    def logged(self) -> Iterator[Logged]:
        yield from self.records


@dataclass
class Target:
    """A new ledger that may fail at one of its calls, before it is done or after."""

    info: LedgerInfo = THERE
    batches: dict[bytes, SignedBatch] = field(default_factory=dict)
    there: tuple[Digest, ...] = ()
    calls: int = 0
    fails_at: int | None = None
    refuses: str | None = None

    def committed(self) -> Iterator[Committed]:
        for taken in self.there:
            yield Committed(taken, 1, Visibility.PUBLIC, bytes(32))

    def has_batch(self, root: bytes) -> bool:
        self._call()
        return root in self.batches

    def put_batch(self, batch: SignedBatch) -> Inclusion:
        self._call()
        if self.refuses or batch.admission.root in self.batches:
            raise TransactionRevertedError(self.refuses or "BatchAlreadyRegistered")
        self.batches[batch.admission.root] = batch
        self._call()
        return Inclusion(b"\x81" * 32, 12, b"\x82" * 32, 0, NOW)

    def is_final(self, inclusion: Inclusion, *, wait_s: float = 0.0) -> bool:
        return True

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            raise LedgerUnavailableError("gone")


def migrator(log: Log, target: Target, store: MemoryStore) -> Migrator:
    return Migrator(log=log, left=INFO, target=target, gate=GATE, store=store, clock=SetClock(NOW))


def planned(log: Log, target: Target | None = None, size: int = 2) -> Migration:
    return migrator(log, target or Target(), MemoryStore()).plan(HEAD, signers().sealed(ADMIN), size=size)


@pytest.fixture
def five() -> Log:
    return Log([logged(f"file {number}") for number in range(5)])


# -- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails_at", range(1, 10))
def test_whatever_call_fails_another_run_finishes_and_nothing_is_there_twice(five: Log, fails_at: int) -> None:
    whole, store = Target(), MemoryStore()
    migration = planned(five)
    migrator(five, whole, store).carry(migration, DOCUMENT)
    assert whole.calls == 9, "three batches, each looked up, sent and done"
    broken = Target(fails_at=fails_at)
    with pytest.raises(LedgerUnavailableError):
        migrator(five, broken, MemoryStore()).carry(migration, DOCUMENT)
    found = migrator(five, broken, MemoryStore()).carry(migration, DOCUMENT)
    assert found.sent + found.found == 3
    assert broken.batches == whole.batches


def test_a_manifest_that_cannot_be_stored_stops_before_its_root_is_sent(five: Log) -> None:
    target, store = Target(), MemoryStore(down=True)
    with pytest.raises(StoreUnavailableError):
        migrator(five, target, store).carry(planned(five), DOCUMENT)
    assert not target.batches


def test_a_batch_that_was_on_its_way_all_the_time_is_no_error(five: Log) -> None:
    target = Target(refuses="BatchAlreadyRegistered")
    assert migrator(five, target, MemoryStore()).carry(planned(five), DOCUMENT).found == 3


def test_a_refused_batch_is_an_error(five: Log) -> None:
    with pytest.raises(TransactionRevertedError, match="NotAGate"):
        migrator(five, Target(refuses="NotAGate"), MemoryStore()).carry(planned(five), DOCUMENT)


def test_a_log_that_is_not_the_one_that_was_planned_is_refused(five: Log) -> None:
    migration, target = planned(five), Target()
    other = Log([*five.records[:3], logged("another"), *five.records[4:]])
    with pytest.raises(LedgerError, match="the log is not the one that was planned"):
        migrator(other, target, MemoryStore()).carry(migration, DOCUMENT)
    assert len(target.batches) == 1


# -- what is carried over --------------------------------------------------------------------------------------------


def test_what_is_not_active_is_named_and_never_registered() -> None:
    log = Log([logged("a"), logged("b", standing=Standing.REVOKED), logged("c", standing=Standing.DISPUTED)])
    migration = planned(log)
    assert [(each.digest, each.standing) for each in migration.not_carried] == [
        (digest("b"), Standing.REVOKED),
        (digest("c"), Standing.DISPUTED),
    ]
    assert all(each.reason_hash == b"\x01" * 32 for each in migration.not_carried)
    assert migration.carried == 1


def test_what_the_new_ledger_has_already_is_not_repeated(five: Log) -> None:
    migration = planned(five, Target(there=(digest("file 1"),)))
    assert [each.digest for each in migration.not_carried] == [digest("file 1")]
    assert migration.carried == 4


def test_nothing_at_all_is_a_migration_without_batches() -> None:
    migration, target = planned(Log([])), Target()
    found = migrator(Log([]), target, MemoryStore()).carry(migration, DOCUMENT)
    assert (migration.batches, found.sent, target.calls) == ((), 0, 0)
    assert migrator(Log([]), target, MemoryStore()).first_batch(migration) is None


def test_lines_say_where_each_record_stood_and_the_gate_signs_its_finding_anew() -> None:
    uploaded = logged("theirs", like=by_uploader())
    log, target, store = Log([uploaded]), Target(), MemoryStore()
    migration = planned(log)
    migrator(log, target, store).carry(migration, DOCUMENT)
    [batch] = target.batches.values()
    assert (batch.admission.count, batch.admission.tallies) == (1, ())
    domain = eip712.Domain.of(THERE)
    assert eip712.recover(eip712.batch_message(domain, batch.admission), batch.signatures[0]) == GATE.address
    [entry] = entries_of(domain, store.read(batch.admission.manifest))
    line, before = entry.registration, uploaded.registration
    assert line.admission == replace(before.admission, earns_reputation=False, deadline=migration.admission_deadline), (
        "reputation stays where it was earned"
    )
    assert line.intent is None
    assert line.moved is not None
    assert line.moved.migration == DOCUMENT

    origin = Origin.of(json.loads(line.moved.origin))
    assert (origin.verdicts, origin.intent, origin.inclusion) == (before.verdicts, before.intent, uploaded.inclusion)
    [verdict] = line.verdicts
    assert verdict.opinion == before.verdicts[0].opinion
    message = eip712.verdict_message(domain, line.admission, verdict.opinion)
    assert eip712.recover(message, verdict.signature) == GATE.address


def test_batches_follow_the_log_and_are_the_same_every_time(five: Log) -> None:
    migration = planned(five)
    assert [count for _, count in migration.batches] == [2, 2, 1]
    assert planned(five) == migration
    one, other = MemoryStore(), MemoryStore()
    for store in (one, other):
        migrator(five, Target(), store).carry(migration, DOCUMENT)
    assert one.blocks == other.blocks
    assert len(one.blocks) == 3


def test_what_was_said_of_records_is_listed() -> None:
    word = Attestation(BOB, Level.THIRD_PARTY, b"\x09" * 32, NOW + 30)
    said = logged("a", superseded_by=digest("b"), derived_from=(digest("c"),), attestations=(word,))
    migration = planned(Log([said]))
    assert [(each["act"], each["by"], each["said_at"]) for each in migration.statements] == [
        ("supersede", str(INFO.operator), None),
        ("derive", str(INFO.operator), None),
        ("attest", str(BOB), NOW + 30),
    ]
