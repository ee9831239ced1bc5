"""``/v1/records`` and ``/v1/uploaders``: what the ledger holds, and what is said of it."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from api.deps import Reading, ReadSide, Writing
from api.errors import ReceiptNotFoundError
from api.routes.bodies import DisputeIn, LedgerRecordOut, RevocationIn, RulingIn, UploaderOut
from api.routes.guard import OPERATOR
from api.routes.presenting import record_out, tagged
from api.schemas import ReputationOut, StatementIn, reason_of, ruling_of
from registry.errors import RecordNotFoundError
from registry.model import Address, Digest, Record
from registry.register import dispute as dispute_record
from registry.register import revoke as revoke_record
from registry.register import rule as rule_on_record

router = APIRouter(prefix="/v1", tags=["reading"])


@router.get("/records/{digest}", response_model=LedgerRecordOut)
def record(digest: str, request: Request, read: Reading) -> Response:
    """Return the record of exactly these bytes."""
    return tagged(_record_out(_found(digest, read), read), request)


@router.get("/records/{digest}/receipt")
def receipt(digest: str, side: Writing) -> Response:
    """Return the receipt of a registration that was made here, byte for byte."""
    found = _found(digest, side.gate.read)
    path = side.receipts.path(found.digest)
    if not path.is_file():
        raise ReceiptNotFoundError(f"{found.digest} is recorded, but its receipt was not issued here")
    return Response(path.read_bytes(), media_type="application/json")


@router.post("/records/{digest}/revocation", dependencies=[OPERATOR])
def revoke(digest: str, body: RevocationIn, side: Writing) -> LedgerRecordOut:
    """Revoke a record of the operator's own; it stays readable, with standing REVOKED."""
    read = side.gate.read
    found = _found(digest, read)
    side.registrar.act(lambda: revoke_record(read.ledger, found.digest, reason=body.reason))
    return _record_out(_found(digest, read), read)


@router.post("/records/{digest}/attestations", status_code=HTTPStatus.CREATED)
def attest(digest: str, body: StatementIn, side: Writing) -> LedgerRecordOut:
    """Publish a third party's or a reviewer's signed word, or its taking back; the signature is the authorisation.

    It is judged before the recorder pays for it; the claims themselves stay with the attester.
    """
    read = side.gate.read
    side.registrar.attest(body.to_value(), digest=_found(digest, read).digest)
    return _record_out(_found(digest, read), read)


@router.post("/records/{digest}/disputes", status_code=HTTPStatus.CREATED, dependencies=[OPERATOR])
def dispute(digest: str, body: DisputeIn, side: Writing) -> LedgerRecordOut:
    """Challenge a record in the operator's name; it is DISPUTED until an arbiter rules."""
    read = side.gate.read
    found, reason = _found(digest, read), reason_of(body.reason_code)
    side.registrar.act(lambda: dispute_record(read.ledger, found.digest, reason=reason, words=body.reason))
    return _record_out(_found(digest, read), read)


@router.post("/records/{digest}/rulings", status_code=HTTPStatus.CREATED, dependencies=[OPERATOR])
def rule(digest: str, body: RulingIn, side: Writing) -> LedgerRecordOut:
    """End a challenge as the arbiter: the record stands again, or is revoked."""
    read = side.gate.read
    found, ruling = _found(digest, read), ruling_of(body.ruling)
    side.registrar.act(lambda: rule_on_record(read.ledger, found.digest, ruling=ruling, words=body.reason))
    return _record_out(_found(digest, read), read)


@router.get("/uploaders/{address}", response_model=UploaderOut)
def uploader(address: str, request: Request, read: Reading) -> Response:
    """Return an uploader's reputation, all of it; a newcomer's for an address never seen."""
    of = Address.from_hex(address)
    reputation = ReputationOut.of(str(of), read.ledger.reputation_of(of))
    return tagged(UploaderOut(**reputation.model_dump(), ledger=read.ledger.info.kind), request)


def _found(digest: str, read: ReadSide) -> Record:
    found = read.ledger.find(Digest.from_hex(digest))
    if found is None:
        raise RecordNotFoundError(f"{Digest.from_hex(digest)} is not recorded; that says nothing about the media")
    return found


def _record_out(found: Record, read: ReadSide) -> LedgerRecordOut:
    return LedgerRecordOut(**record_out(found, read).model_dump(), ledger=read.ledger.info.kind)
