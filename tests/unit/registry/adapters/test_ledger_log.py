"""A log read back from calldata and manifests, and the records of one ledger found again on another."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from registry import manifest
from registry.adapters.blocks import BlockStore
from registry.adapters.ethereum import EthereumLedger
from registry.eip712 import Domain, batch_message
from registry.errors import StoreError
from registry.model import Act, BatchAdmission, Registration, SignedBatch, Standing, Visibility
from registry.receipt.migration import Head, read_migration
from registry.register.migrating import Migrator
from tests.ledgers import HOUR_S, Roles, SetClock, admission_of, embedded, new_key, of_operator, registration_of, said
from tests.receipts import ADMIN, signers

CLOCK = SetClock()
HEAD = Head(7, b"\x0b" * 32, 3, b"\x0c" * 32)


@pytest.fixture
def roles() -> Roles:
    return Roles()


@pytest.fixture
def ledger(tmp_path: Path, roles: Roles) -> EthereumLedger:
    return embedded(tmp_path / "old" / "ledger", roles, CLOCK)


@pytest.fixture
def log(ledger: EthereumLedger, roles: Roles, tmp_path: Path) -> list[Registration]:
    """One file of an uploader's, a private one, the operator's own, and a batch of two."""
    alice, now = new_key(), CLOCK.now()

    def one(visibility: Visibility = Visibility.PUBLIC) -> Registration:
        admission = admission_of(alice, now=now)
        return registration_of(ledger.info, admission, gate=roles.gate, uploader=alice, visibility=visibility, now=now)

    own = of_operator(admission_of(roles.recorder, now=now), roles)
    alone = [
        one(),
        one(Visibility.PRIVATE),
        registration_of(ledger.info, own, gate=roles.gate, uploader=roles.recorder, now=now),
    ]
    for registration in alone:
        ledger.submit(ledger.prepare(registration))
    together = manifest.compose(Domain.of(ledger.info), [one(), one(Visibility.PRIVATE)])
    cid = BlockStore(tmp_path / "old" / "content").pin(io.BytesIO(together.body))
    admission = BatchAdmission(together.tree.root, 2, cid, together.tallies, now + HOUR_S)
    signature = roles.gate.sign_typed_data(batch_message(Domain.of(ledger.info), admission))
    ledger.put_batch(SignedBatch(admission, (signature,)))
    ledger.publish(said(ledger.info, alice, Act.REVOKE, alone[0].admission.digest, b"\x31" * 32))
    ledger.publish(
        said(ledger.info, alice, Act.REVOKE, together.entries[0].registration.admission.digest, b"\x32" * 32)
    )
    return [*alone, *(entry.registration for entry in together.entries)]


def test_a_log_whose_manifest_is_gone_cannot_be_read_back(
    ledger: EthereumLedger, log: list[Registration], roles: Roles, tmp_path: Path
) -> None:
    ledger.close()
    (tmp_path / "old" / "content").rename(tmp_path / "old" / "elsewhere")
    with pytest.raises(StoreError):
        list(embedded(tmp_path / "old" / "ledger", roles, CLOCK).logged())


def test_every_registration_comes_back_as_it_was_sent(ledger: EthereumLedger, log: list[Registration]) -> None:
    found = list(ledger.logged())
    assert [each.registration for each in found] == log
    assert [each.record for each in found] == [ledger.find(each.admission.digest) for each in log]
    assert [each.inclusion for each in found] == [ledger.inclusion(each.record.tx) for each in found]
    assert [each.reason_hash for each in found] == [b"\x31" * 32, None, None, b"\x32" * 32, None]


def test_moved_records_are_found_by_their_batches_and_name_their_document(
    ledger: EthereumLedger, log: list[Registration], roles: Roles, tmp_path: Path
) -> None:
    there = embedded(tmp_path / "new" / "ledger", roles, CLOCK)
    store = BlockStore(tmp_path / "new" / "content")
    migrator = Migrator(log=ledger, left=ledger.info, target=there, gate=roles.gate, store=store, clock=CLOCK)
    migration = migrator.plan(HEAD, signers().sealed(ADMIN), size=2)
    raw = migration.sealed(roles.recorder, (roles.gate,))
    assert list(there.moved.migrations()) == []
    assert migrator.carry(migration, store.pin(io.BytesIO(raw))).sent == 2
    assert migrator.carry(migration, store.pin(io.BytesIO(raw))).found == 2
    [named] = there.moved.migrations()
    assert (read_migration(named.document).migration, named.named_at >= CLOCK.now()) == (migration, True)
    assert there.moved.at_hand(migration.roots | {b"\x01" * 32}) == migration.roots
    assert {each.digest for each in migration.not_carried} == {log[0].admission.digest, log[3].admission.digest}
    for before in (log[1], log[2], log[4]):
        digest = before.admission.digest
        line, record = there.moved.line_of(digest, migration.roots), there.find(digest)
        assert line is not None
        assert record is not None
        assert (record.batch, record.standing, record.levels) == (line.place, Standing.ACTIVE, before.admission.levels)
        assert line.registration.visibility is before.visibility
        assert not record.earns_reputation
        assert there.moved.line_of(digest, frozenset({b"\x01" * 32})) is None
    there.close()
