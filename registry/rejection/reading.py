"""Reading documents about rejections: from bytes that anybody may have made, or an error that names the field."""

from __future__ import annotations

from itertools import pairwise

from registry.eip712 import Domain
from registry.errors import ReceiptError
from registry.model import GateSignature, LedgerKind, Opinion, Rejection
from registry.receipt.canonical import first_difference, read_json
from registry.receipt.reading import LEDGER_KINDS, read_intent
from registry.receipt.strict import Reader
from registry.rejection.documents import EPOCH_FORMAT, REJECTION_FORMAT
from registry.rejection.values import ClaimedClosing, EpochList, RejectionReceipt

MAX_LIST_BYTES = 80 * 2**20  # of a list of 2^20 leaves
MAX_GATES = 64  # more keys than one installation has; each costs a point of the curve to check
MAX_EPOCH = 2**32 - 1
_PARTS = ("fields", "format", "gates", "inclusion", "intent", "ledger", "rejection")
_REJECTION = (
    "detail_hash", "detail_salt", "digest", "epoch", "intent_hash", "leaf", "opinion", "policy_id", "reasons",
    "rejected_at", "salt", "uploader",
)  # fmt: skip


def read_rejection(raw: bytes) -> RejectionReceipt:
    """Return what a rejection receipt says.

    Raises:
        ReceiptError: not one, naming the field.
    """
    document = read_json(raw)
    parts = Reader(document).members(*_PARTS)
    parts["format"].word({REJECTION_FORMAT: None})
    domain, kind = read_ledger(parts["ledger"])
    said = parts["rejection"].members(*_REJECTION)
    return RejectionReceipt(
        domain=domain,
        ledger_kind=kind,
        digest=said["digest"].digest(),
        epoch=said["epoch"].integer(MAX_EPOCH),
        rejection=_rejection(said, read_gates(parts["gates"])),
        intent=parts["intent"].optional(read_intent),
        inclusion=parts["inclusion"].optional(_closing),
        fields={path: each.fingerprint() for path, each in parts["fields"].mapping().items()},
        document=document,
        raw=raw,
    )


def is_rejection(raw: bytes) -> bool:
    """Return whether bytes say of themselves that they are a rejection receipt."""
    return format_of(raw) == REJECTION_FORMAT


def format_of(raw: bytes) -> object:
    """Return the format that bytes claim, or nothing where they are no JSON object within limits."""
    try:
        return read_json(raw, most=MAX_LIST_BYTES).get("format")
    except ReceiptError:
        return None


def read_epoch_list(raw: bytes) -> EpochList:
    """Return the leaves that a list of an epoch has.

    Raises:
        ReceiptError: not one, not in canonical form, or its leaves are not ascending.
    """
    document = read_json(raw, most=MAX_LIST_BYTES)
    parts = Reader(document).members("epoch", "format", "leaves", "root")
    parts["format"].word({EPOCH_FORMAT: None})
    listed = EpochList(parts["epoch"].integer(MAX_EPOCH), parts["root"].hexadecimal(32), read_leaves(parts["leaves"]))
    if (different := first_difference(raw, document)) is not None:
        raise ReceiptError(different, expected="the canonical form (RFC 8785)", got="another way of writing it")
    return listed


def read_leaves(reader: Reader) -> tuple[bytes, ...]:
    """Return leaves, one at least, each once and ascending."""
    leaves = tuple(each.hexadecimal(32) for each in reader.elements())
    if not leaves or any(first >= second for first, second in pairwise(leaves)):
        raise reader.wrong("one leaf at least, ascending, each once")
    return leaves


def read_ledger(reader: Reader) -> tuple[Domain, LedgerKind]:
    """Return which installation a document is of."""
    parts = reader.members("chain_id", "contract", "instance_id", "kind")
    domain = Domain(parts["chain_id"].integer(), parts["contract"].address(), parts["instance_id"].hexadecimal(32))
    return domain, parts["kind"].word(LEDGER_KINDS)


def read_gates(reader: Reader) -> tuple[GateSignature, ...]:
    """Return who signed, one gate at least, each once."""
    rows = [each.members("gate", "signature") for each in reader.elements()]
    signatures = tuple(GateSignature(row["gate"].address(), row["signature"].hexadecimal(65)) for row in rows)
    if not 0 < len(signatures) <= MAX_GATES or len({each.gate for each in signatures}) != len(signatures):
        raise reader.wrong(f"1 to {MAX_GATES} gates, each once")
    return signatures


def _rejection(said: dict[str, Reader], signatures: tuple[GateSignature, ...]) -> Rejection:
    opinion = said["opinion"].members("band", "model_id", "threshold_bps")
    rejected_at = said["rejected_at"].integer()
    return Rejection(
        uploader=said["uploader"].address(),
        reasons=tuple(each.text(str) for each in said["reasons"].elements()),
        opinion=Opinion(
            model_id=opinion["model_id"].hexadecimal(32),
            band=opinion["band"].integer(255),
            threshold_bps=opinion["threshold_bps"].integer(0xFFFF),
            issued_at=rejected_at,
        ),
        policy_id=said["policy_id"].hexadecimal(32),
        rejected_at=rejected_at,
        salt=said["salt"].hexadecimal(32),
        detail_salt=said["detail_salt"].hexadecimal(32),
        intent_hash=said["intent_hash"].hexadecimal(32),
        detail_hash=said["detail_hash"].hexadecimal(32),
        leaf=said["leaf"].hexadecimal(32),
        signatures=signatures,
    )


def _closing(reader: Reader) -> ClaimedClosing:
    parts = reader.members("block_hash", "block_number", "epoch", "log_index", "path", "root", "tx")
    return ClaimedClosing(
        epoch=parts["epoch"].integer(MAX_EPOCH),
        root=parts["root"].hexadecimal(32),
        path=tuple(each.hexadecimal(32) for each in parts["path"].elements()),
        tx=parts["tx"].hexadecimal(32),
        block_number=parts["block_number"].integer(),
        block_hash=parts["block_hash"].hexadecimal(32),
        log_index=parts["log_index"].integer(),
    )
