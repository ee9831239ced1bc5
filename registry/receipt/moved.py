"""A receipt of a ledger that was moved: judged by its own signers, and by the ledger that it was moved to.

Three things must hold before the new ledger's word counts for an old receipt: the signers trusted for the *old*
installation sealed the migration; the migration names the batch by its root; and the root fixes what the line says of
where the record stood before. So nobody but they can make a receipt's inclusion valid elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from registry.documents import admission_document
from registry.eip712 import Domain
from registry.errors import ReceiptError, RegistryError
from registry.model import Admission, Standing, Visibility
from registry.model.moving import MovedLine
from registry.origin import Origin
from registry.ports import Ledger
from registry.ports.migration import MovedRecords
from registry.receipt import inclusion, signatures
from registry.receipt.agreement import visibility_of
from registry.receipt.findings import Finding, Reason, ReceiptVerification, remark, unchecked, wrong
from registry.receipt.migration import Migration, NotCarried, SealedMigration, read_migration, successor_of
from registry.receipt.signers import SignerList, read_signers
from registry.receipt.values import Receipt


def migrations_from(left: Domain, *, to: Domain, moved: MovedRecords) -> Iterator[tuple[SealedMigration, int]]:
    """Yield the migrations that say they moved one installation to another, whoever sealed them, and since when."""
    for named in moved.migrations():
        try:
            sealed = read_migration(named.document)
        except RegistryError:  # somebody else's mistake must not hide the right one
            continue
        if (sealed.migration.left, sealed.migration.to) == (left, to):
            yield sealed, named.named_at


def signers_before(left: Domain, *, ledger: Ledger, moved: MovedRecords) -> SignerList | None:
    """Return the signers of an installation that was moved to this ledger, as its migration names them, or nothing.

    That is the word of those who decide on this ledger: it is for their own home.
    """
    for sealed, named_at in migrations_from(left, to=Domain.of(ledger.info), moved=moved):
        signers = read_signers(sealed.migration.signers)
        if sealed.unproven(signers, named_at=named_at) is None:
            return signers
    return None


def judge_moved(
    receipt: Receipt, signers: SignerList | None, ledger: Ledger, moved: MovedRecords
) -> ReceiptVerification | None:
    """Return what a receipt of another installation is worth here, or nothing if that one was not moved here.

    Args:
        receipt: well formed, of another installation than the ledger's.
        signers: whom the verifier trusts for the receipt's own installation.
        ledger: to be asked.
        moved: what its manifests say.

    Raises:
        LedgerError: it does not answer, or not as it should.
    """
    offered = list(migrations_from(receipt.domain, to=Domain.of(ledger.info), moved=moved))
    if not offered:
        return None
    judged = signatures.judge_signatures(receipt, signers, None)
    doubts = [_doubt(sealed, signers, named_at) for sealed, named_at in offered]
    proven = [sealed.migration for (sealed, _), doubt in zip(offered, doubts, strict=True) if doubt is None]
    if not proven:
        text = f"ledger: a migration of this installation is named here, and not proven: {doubts[0]}"
        reason = unchecked("migration_unproven", "ledger", text)
        open_question = Finding.of([*inclusion.by_path(receipt), reason])
        return ReceiptVerification(judged, open_question, Finding.of([reason]), None)
    placed, standing, stands = _judge(receipt, proven[0], ledger, moved)
    return ReceiptVerification(judged, Finding.of([*inclusion.by_path(receipt), *placed]), Finding.of(standing), stands)


def _doubt(sealed: SealedMigration, signers: SignerList | None, named_at: int) -> str | None:
    return "nobody is trusted for it" if signers is None else sealed.unproven(signers, named_at=named_at)


Judged = tuple[list[Reason], list[Reason], Standing | None]


def _judge(receipt: Receipt, migration: Migration, ledger: Ledger, moved: MovedRecords) -> Judged:
    digest = receipt.record.digest
    left_behind = next((each for each in migration.not_carried if each.digest == digest), None)
    if left_behind is not None:
        return _judge_left(receipt, left_behind, ledger)
    line = moved.line_of(digest, migration.roots)
    if line is None:
        if missing := len(migration.roots - moved.at_hand(migration.roots)):
            text = f"ledger: {missing} of the migration's batches are not registered, or their manifests not at hand"
            reason = unchecked("migration_incomplete", "ledger", text)
            return [reason], [reason], None
        text = "record.digest: neither the moved ledger nor its migration has a record of these bytes"
        return [wrong("not_recorded", "record.digest", text)], [wrong("not_recorded", "record.digest", text)], None
    placed = list(_differences(receipt, *_claimed_by(line)))
    if not placed:
        placed.append(_moved_to(line, ledger))
        if not ledger.is_final(line.inclusion):
            text = "inclusion: the block may still be undone: ask again when more blocks stand on it"
            placed.append(unchecked("not_final", "inclusion", text))
    record = ledger.find(digest)
    if record is None:
        text = "record.digest: the ledger holds no such record"
        return placed, [wrong("not_recorded", "record.digest", text)], None
    return placed, list(_standing_remarks(receipt, migration, record.standing)), record.standing


def _judge_left(receipt: Receipt, left: NotCarried, ledger: Ledger) -> Judged:
    placed = list(_differences(receipt, left.admission, left.origin, visibility=None))
    stands = left.standing
    if stands is Standing.ACTIVE and (record := ledger.find(left.digest)) is not None:
        stands = record.standing
    if not placed:
        text = f"ledger: it was {left.standing.name} when its ledger was moved, and is named in the migration only"
        placed.append(remark("not_carried", "ledger", text))
    if stands is Standing.ACTIVE:
        return placed, [], stands
    text = f"the record was {stands.name} when its ledger was moved"
    return placed, [remark(stands.name.lower(), None, text)], stands


def _claimed_by(line: MovedLine) -> tuple[dict[str, object], Origin, Visibility]:
    """Return a moved record's admission as it was registered before, where that was, and its visibility."""
    registration = line.registration
    if registration.moved is None:
        raise ReceiptError("origin", expected="where the record stood before", got="none")
    origin = Origin.of(json.loads(registration.moved.origin))
    before: Admission = replace(
        registration.admission, deadline=origin.admission_deadline, earns_reputation=origin.earns_reputation
    )
    return admission_document(before), origin, registration.visibility


def _differences(
    receipt: Receipt, admission: dict[str, object], origin: Origin, visibility: Visibility | None
) -> Iterator[Reason]:
    """Yield what was recorded otherwise on the ledger that was moved than the receipt says."""
    for name, said in admission_document(receipt.admission).items():
        if said != admission.get(name):
            yield _otherwise(f"admission.{name}", admission.get(name), said)
    claimed, place = receipt.inclusion, origin.inclusion
    pairs = (
        ("ledger", origin.domain, receipt.domain),
        ("inclusion.tx", place.tx_hash, claimed.tx),
        ("inclusion.block_number", place.block_number, claimed.block_number),
        ("inclusion.block_hash", place.block_hash, claimed.block_hash),
        ("inclusion.log_index", place.log_index, claimed.log_index),
        ("inclusion.batch", origin.batch, claimed.batch),
        ("record.registered_at", place.block_time, receipt.record.registered_at),
        ("opinions", origin.verdicts, receipt.verdicts),
        ("intent", origin.intent, receipt.intent),
    )
    for field, there, said in pairs:
        if there != said:
            yield _otherwise(field, there, said)
    if visibility is not None and visibility is not visibility_of(receipt):
        yield _otherwise("record.cid", visibility.word, visibility_of(receipt).word)


def _standing_remarks(receipt: Receipt, migration: Migration, stands: Standing) -> Iterator[Reason]:
    if stands is not Standing.ACTIVE:
        yield remark(stands.name.lower(), None, f"the record is {stands.name} now")
    successor = successor_of(migration.statements, receipt.record.digest)
    if successor is not None:
        text = f"before its ledger was moved, its uploader named {successor} in its place"
        yield remark("superseded", None, text)


def _moved_to(line: MovedLine, ledger: Ledger) -> Reason:
    info = ledger.info
    text = (
        f"ledger: moved to contract {info.contract} on chain {info.chain_id}: block {line.inclusion.block_number}, "
        f"batch 0x{line.place.root.hex()}, leaf {line.place.index}"
    )
    return remark("migrated", "ledger", text)


def _otherwise(field: str, there: object, said: object) -> Reason:
    shown = [value.hex() if isinstance(value, bytes) else str(value)[:200] for value in (there, said)]
    text = f"{field}: the ledger that was moved said {shown[0]}, the receipt {shown[1]}"
    return wrong("not_on_ledger", field, text)
