"""Reading a receipt: from bytes that anybody may have made to frozen values, or an error that names the field."""

from __future__ import annotations

from registry.eip712 import Domain
from registry.errors import ReceiptError
from registry.model import (
    Admission,
    BatchPlace,
    Cid,
    DisputeReason,
    GateVerdict,
    LedgerKind,
    Level,
    MediaKind,
    Opinion,
    SignedIntent,
    Standing,
    UploadIntent,
    Visibility,
)
from registry.receipt.canonical import read_json
from registry.receipt.issuing import RECEIPT_FORMAT
from registry.receipt.strict import Reader
from registry.receipt.values import ClaimedInclusion, ClaimedQuorum, ClaimedRecord, Receipt

_PARTS = ("admission", "format", "inclusion", "intent", "issued_at", "ledger", "opinions", "record")
_RECORD = (
    "batch", "block", "cid", "derived_from", "digest", "fp_version", "kind", "levels", "model_ids", "policy_id",
    "registered_at", "standing", "superseded_by", "tx", "uploader",
)  # fmt: skip
_RECORD_LATER = ("attestations", "dispute", "gates", "quorum")
_ADMISSION = (
    "content_hash", "deadline", "digest", "earns_reputation", "fingerprint_hash", "kind", "levels", "policy_id",
    "uploader",
)  # fmt: skip
MAX_OPINIONS = 255  # the contract counts its quorum in a uint8
LEDGER_KINDS: dict[str, LedgerKind] = {"embedded": "embedded", "network": "network"}
_LEVELS = {str(level.name): level for level in Level}


def read_receipt(raw: bytes) -> Receipt:
    """Return what a receipt says; whether any of it is true is for `verify` to find out.

    Raises:
        ReceiptError: over a limit, not JSON, or a field that is missing, unknown, or not written as it must be.
    """
    document = read_json(raw)
    parts = Reader(document).members(*_PARTS, "recorder_signature", optional=("fields",))
    parts["format"].word({RECEIPT_FORMAT: None})
    opinions = parts["opinions"].elements()
    if len(opinions) > MAX_OPINIONS:
        raise ReceiptError("opinions", expected=f"{MAX_OPINIONS} at most", got=str(len(opinions)))
    ledger = parts["ledger"].members("chain_id", "contract", "instance_id", "kind")
    return Receipt(
        domain=Domain(
            ledger["chain_id"].integer(), ledger["contract"].address(), ledger["instance_id"].hexadecimal(32)
        ),
        ledger_kind=ledger["kind"].word(LEDGER_KINDS),
        record=_record(parts["record"]),
        admission=_admission(parts["admission"]),
        verdicts=tuple(_verdict(each) for each in opinions),
        intent=parts["intent"].optional(read_intent),
        inclusion=_inclusion(parts["inclusion"]),
        issued_at=parts["issued_at"].integer(),
        seal=parts["recorder_signature"].hexadecimal(65),
        fields=_fields(parts["fields"]) if "fields" in parts else None,
        document=document,
        raw=raw,
    )


def _fields(reader: Reader) -> dict[str, str]:
    return {path: fingerprint.fingerprint() for path, fingerprint in reader.mapping().items()}


def _record(reader: Reader) -> ClaimedRecord:
    parts = reader.members(*_RECORD, optional=_RECORD_LATER)
    parts["fp_version"].optional(Reader.integer)
    parts["superseded_by"].optional(Reader.digest)
    for parent in parts["derived_from"].elements():
        parent.digest()
    if "dispute" in parts:
        parts["dispute"].optional(_dispute)
    return ClaimedRecord(
        digest=parts["digest"].digest(),
        kind=parts["kind"].word({kind.word: kind for kind in MediaKind}),
        cid=parts["cid"].optional(lambda cid: cid.text(Cid.from_text)),
        uploader=parts["uploader"].address(),
        levels=_levels(parts["levels"]),
        model_ids=tuple(each.hexadecimal(32) for each in parts["model_ids"].elements()),
        policy_id=parts["policy_id"].hexadecimal(32),
        standing=parts["standing"].word({standing.name: standing for standing in Standing}),
        registered_at=parts["registered_at"].integer(),
        block=parts["block"].integer(),
        tx=parts["tx"].hexadecimal(32),
        batch=parts["batch"].optional(_batch_place),
        gates=tuple(_gate(each)["address"].address() for each in parts["gates"].elements())
        if "gates" in parts
        else None,
        quorum=_quorum(parts["quorum"]) if "quorum" in parts else None,
        attested=_attested(parts["attestations"]) if "attestations" in parts else Level(0),
    )


def _levels(reader: Reader) -> Level:
    levels = Level(0)
    for each in reader.elements():
        levels |= each.word(_LEVELS)
    return levels


def _gate(reader: Reader) -> dict[str, Reader]:
    parts = reader.members("address", "operator", "suspect")
    parts["operator"].address()
    parts["suspect"].truth()
    return parts


def _quorum(reader: Reader) -> ClaimedQuorum:
    parts = reader.members("gates", "operators", "single_operator")
    return ClaimedQuorum(parts["gates"].integer(), parts["operators"].integer(), parts["single_operator"].truth())


def _attested(reader: Reader) -> Level:
    levels = Level(0)
    for each in reader.elements():
        parts = each.members("attested_at", "attester", "claims_hash", "level")
        parts["attester"].address()
        parts["attested_at"].integer()
        parts["claims_hash"].optional(lambda value: value.hexadecimal(32))
        levels |= parts["level"].word(_LEVELS)
    return levels


def _dispute(reader: Reader) -> None:
    parts = reader.members("bond_wei", "challenger", "opened_at", "reason")
    parts["bond_wei"].decimal()
    parts["challenger"].address()
    parts["opened_at"].integer()
    parts["reason"].word({reason.word: reason for reason in DisputeReason})


def _admission(reader: Reader) -> Admission:
    parts = reader.members(*_ADMISSION)
    return Admission(
        digest=parts["digest"].digest(),
        fingerprint_hash=parts["fingerprint_hash"].hexadecimal(32),
        content_hash=parts["content_hash"].hexadecimal(32),
        kind=parts["kind"].integer(255),
        uploader=parts["uploader"].address(),
        policy_id=parts["policy_id"].hexadecimal(32),
        levels=Level(parts["levels"].integer(sum(Level))),
        earns_reputation=parts["earns_reputation"].truth(),
        deadline=parts["deadline"].integer(),
    )


def _verdict(reader: Reader) -> GateVerdict:
    parts = reader.members("band", "gate", "issued_at", "model_id", "signature", "threshold_bps")
    opinion = Opinion(
        model_id=parts["model_id"].hexadecimal(32),
        band=parts["band"].integer(255),
        threshold_bps=parts["threshold_bps"].integer(0xFFFF),
        issued_at=parts["issued_at"].integer(),
    )
    return GateVerdict(opinion, parts["gate"].address(), parts["signature"].hexadecimal(65))


def read_intent(reader: Reader) -> SignedIntent:
    """Return an intent with its signature."""
    parts = reader.members("claims_hash", "deadline", "digest", "nonce", "signature", "uploader", "visibility")
    intent = UploadIntent(
        digest=parts["digest"].digest(),
        uploader=parts["uploader"].address(),
        visibility=parts["visibility"].word({visibility.word: visibility for visibility in Visibility}),
        claims_hash=parts["claims_hash"].hexadecimal(32),
        nonce=parts["nonce"].decimal(),
        deadline=parts["deadline"].integer(),
    )
    return SignedIntent(intent, parts["signature"].signature())


def _inclusion(reader: Reader) -> ClaimedInclusion:
    parts = reader.members("block_hash", "block_number", "log_index", "tx", optional=("batch",))
    place, path = _batch_path(parts["batch"]) if "batch" in parts else (None, ())
    return ClaimedInclusion(
        tx=parts["tx"].hexadecimal(32),
        block_number=parts["block_number"].integer(),
        block_hash=parts["block_hash"].hexadecimal(32),
        log_index=parts["log_index"].integer(),
        batch=place,
        path=path,
    )


def _batch_place(reader: Reader) -> BatchPlace:
    parts = reader.members("index", "root")
    return BatchPlace(parts["root"].hexadecimal(32), parts["index"].integer())


def _batch_path(reader: Reader) -> tuple[BatchPlace, tuple[bytes, ...]]:
    parts = reader.members("index", "path", "root")
    path = tuple(each.hexadecimal(32) for each in parts["path"].elements())
    return BatchPlace(parts["root"].hexadecimal(32), parts["index"].integer()), path
