"""Whether the parts of a receipt agree: each value that stands in two places must be one value."""

from __future__ import annotations

from collections.abc import Iterator

from registry.model import (
    BAND_NOT_JUDGED,
    DAG_PB_BIT,
    Cid,
    Level,
    Visibility,
)
from registry.receipt.findings import Reason, wrong
from registry.receipt.values import Receipt

MAX_BAND = 4


def disagreements(receipt: Receipt) -> Iterator[Reason]:
    """Yield each value that is not what the rest of the receipt makes it."""
    for field, got, other, expected in _pairs(receipt):
        if got != expected:
            yield wrong("disagreement", field, f"{field}: expected {_shown(expected)} as in {other}, got {_shown(got)}")
    yield from _broken_rules(receipt)


def visibility_of(receipt: Receipt) -> Visibility:
    """Return a record's visibility: as its uploader signed it, else by whether a CID is told."""
    if receipt.intent is not None:
        return receipt.intent.intent.visibility
    return Visibility.PRIVATE if receipt.record.cid is None else Visibility.PUBLIC


def _pairs(receipt: Receipt) -> Iterator[tuple[str, object, str, object]]:
    """Yield a field with its value, and another field with what that makes of it."""
    record, admission, inclusion = receipt.record, receipt.admission, receipt.inclusion
    yield "record.digest", record.digest, "admission.digest", admission.digest
    yield "record.kind", record.kind, "admission.kind", admission.kind & ~DAG_PB_BIT
    yield "record.uploader", record.uploader, "admission.uploader", admission.uploader
    yield "record.policy_id", record.policy_id, "admission.policy_id", admission.policy_id
    yield "record.levels", record.levels, "admission.levels", admission.levels | record.attested
    yield "record.cid", record.cid, "admission.content_hash", _cid(receipt)
    models = tuple(verdict.opinion.model_id for verdict in receipt.verdicts)
    yield "record.model_ids", record.model_ids, "opinions", models
    if record.gates is not None:
        yield "record.gates", record.gates, "opinions", tuple(verdict.gate for verdict in receipt.verdicts)
    if record.quorum is not None:
        yield "record.quorum.gates", record.quorum.gates, "opinions", len(receipt.verdicts)
        alone = record.quorum.operators == 1
        yield "record.quorum.single_operator", record.quorum.is_single_operator, "record.quorum.operators", alone
    yield "record.block", record.block, "inclusion.block_number", inclusion.block_number
    yield "record.tx", record.tx, "inclusion.tx", inclusion.tx
    yield "record.batch", record.batch, "inclusion.batch", inclusion.batch
    if receipt.intent is not None:
        intent = receipt.intent.intent
        yield "intent.digest", intent.digest, "admission.digest", admission.digest
        yield "intent.uploader", intent.uploader, "admission.uploader", admission.uploader


def _broken_rules(receipt: Receipt) -> Iterator[Reason]:
    """Yield what the contract would not have let in."""
    admission, registered_at = receipt.admission, receipt.record.registered_at
    is_signed = Level.UPLOADER in admission.levels
    if is_signed != (receipt.intent is not None):
        got = "an intent" if receipt.intent else "none"
        yield wrong("disagreement", "intent", f"intent: expected one exactly where the level is UPLOADER, got {got}")
    for index, verdict in enumerate(receipt.verdicts):
        band = verdict.opinion.band
        unjudged = band == BAND_NOT_JUDGED and Level.GATE not in admission.levels
        if band > MAX_BAND and not unjudged:
            field = f"opinions[{index}].band"
            yield wrong("not_admissible", field, f"{field}: expected 0 to {MAX_BAND}, got {band}")
    if receipt.inclusion.batch is not None:
        return  # a batch is anchored after its verdicts' hour
    if registered_at > admission.deadline:
        yield _late("admission.deadline", admission.deadline, registered_at)
    if receipt.intent is not None and registered_at > receipt.intent.intent.deadline:
        yield _late("intent.deadline", receipt.intent.intent.deadline, registered_at)


def _late(field: str, deadline: int, registered_at: int) -> Reason:
    return wrong("not_admissible", field, f"{field}: expected {registered_at} (registered_at) or later, got {deadline}")


def _cid(receipt: Receipt) -> Cid | None:
    """Return the CID that the admission makes; a private record's content hash is salted, so it has none."""
    admission = receipt.admission
    if visibility_of(receipt) is Visibility.PRIVATE:
        return None
    return Cid(admission.content_hash, bool(admission.kind & DAG_PB_BIT))


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return str(value)
