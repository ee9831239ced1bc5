"""Whether a ledger holds what a receipt says: one judge for each source that can tell."""

from __future__ import annotations

from collections.abc import Iterator

from registry.leaves import batch_leaf
from registry.merkle import root_of
from registry.model import DAG_PB_BIT, ZERO_32, Record
from registry.ports import Ledger
from registry.receipt.agreement import visibility_of
from registry.receipt.findings import Reason, unchecked, wrong
from registry.receipt.values import Receipt

MAX_PATH = 20  # a batch has 2^20 leaves at most


def by_path(receipt: Receipt) -> Iterator[Reason]:
    """Judge by the receipt alone: a batched record's way from its leaf up to the root that it names."""
    inclusion = receipt.inclusion
    if inclusion.batch is None:
        return
    field = "inclusion.batch.path"
    if len(inclusion.path) > MAX_PATH:
        yield wrong("path_too_long", field, f"{field}: expected {MAX_PATH} nodes at most, got {len(inclusion.path)}")
        return
    if inclusion.batch.index >> len(inclusion.path) > 1:
        place = "inclusion.batch.index"
        yield wrong("path_mismatch", place, f"{place}: no tree has a leaf {inclusion.batch.index} so near its root")
    claims_hash = receipt.intent.intent.claims_hash if receipt.intent else ZERO_32
    leaf = batch_leaf(receipt.domain, receipt.admission, visibility=visibility_of(receipt), claims_hash=claims_hash)
    root = root_of(leaf, inclusion.path)
    if root != inclusion.batch.root:
        text = f"{field}: expected a way to the root 0x{inclusion.batch.root.hex()}, got one to 0x{root.hex()}"
        yield wrong("path_mismatch", field, text)


def by_ledger(receipt: Receipt, ledger: Ledger, record: Record | None) -> Iterator[Reason]:
    """Judge by the ledger that the receipt names: the transaction's place on the chain, and what it recorded.

    Args:
        receipt: of this ledger.
        ledger: that is asked.
        record: that it holds of the receipt's digest.

    Raises:
        LedgerError: it does not answer, or not as it should.
    """
    if record is not None:
        yield from _recorded_otherwise(receipt, record)
        if record.tx == receipt.inclusion.tx:
            yield from _placed_otherwise(receipt, ledger)
    elif _is_in_unread_batch(receipt, ledger):
        text = "inclusion.batch: the ledger has the root; where it came is not known without the batch's manifest"
        yield unchecked("manifest_missing", "inclusion.batch", text)
    else:
        yield wrong("not_recorded", "record.digest", "record.digest: the ledger holds no record of these bytes")


def _is_in_unread_batch(receipt: Receipt, ledger: Ledger) -> bool:
    """Return whether the receipt's batch is on the ledger, and nobody here knows what is in it but by its receipts.

    Raises:
        LedgerError: the ledger does not answer.
    """
    batch = receipt.inclusion.batch
    return batch is not None and batch.root in ledger.batches_without_manifest()


def _placed_otherwise(receipt: Receipt, ledger: Ledger) -> Iterator[Reason]:
    """Yield where the chain has the registration's transaction otherwise than the receipt says."""
    claimed = receipt.inclusion
    found = ledger.inclusion(claimed.tx)
    if found is None:
        text = f"inclusion.tx: the ledger has no such transaction 0x{claimed.tx.hex()}"
        yield wrong("transaction_not_found", "inclusion.tx", text)
        return
    for name in ("block_number", "block_hash", "log_index"):
        got, there = getattr(claimed, name), getattr(found, name)
        if got != there:
            yield _elsewhere(f"inclusion.{name}", there, got)
    if receipt.record.registered_at != found.block_time:
        yield _elsewhere("record.registered_at", found.block_time, receipt.record.registered_at)
    if not ledger.is_final(found):
        text = "inclusion: the block may still be undone: ask again when more blocks stand on it"
        yield unchecked("not_final", "inclusion", text)


def _recorded_otherwise(receipt: Receipt, record: Record) -> Iterator[Reason]:
    """Yield what the ledger recorded otherwise than the receipt says."""
    admission, claimed = receipt.admission, receipt.record
    pairs = (
        ("record.tx", claimed.tx, record.tx),
        ("record.block", claimed.block, record.block),
        ("record.batch", claimed.batch, record.batch),
        ("record.kind", claimed.kind, record.kind),
        ("record.model_ids", claimed.model_ids, record.model_ids),
        ("admission.content_hash", admission.content_hash, record.content_hash),
        ("admission.fingerprint_hash", admission.fingerprint_hash, record.fingerprint_hash),
        ("admission.kind", bool(admission.kind & DAG_PB_BIT), record.content_is_dag_pb),
        ("admission.uploader", admission.uploader, record.uploader),
        ("admission.policy_id", admission.policy_id, record.policy_id),
        ("admission.levels", admission.levels, record.levels),
        ("admission.earns_reputation", admission.earns_reputation, record.earns_reputation),
        ("record.cid", visibility_of(receipt), record.visibility),
    )
    for field, got, there in pairs:
        if got != there:
            yield _elsewhere(field, there, got)


def _elsewhere(field: str, there: object, got: object) -> Reason:
    told, said = (value.hex() if isinstance(value, bytes) else str(value) for value in (there, got))
    return wrong("not_on_ledger", field, f"{field}: the ledger says {told}, the receipt {said}")
