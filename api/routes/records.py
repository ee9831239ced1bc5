"""``/v1/records`` and ``/v1/uploaders``: what the ledger holds."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.deps import Reading, ReadSide, Writing
from api.errors import ReceiptNotFoundError
from api.routes.bodies import LedgerRecordOut, RevocationIn, UploaderOut
from api.routes.guard import OPERATOR
from api.routes.presenting import record_out, tagged
from api.schemas import ReputationOut
from registry.errors import RecordNotFoundError
from registry.model import Address, Digest, Record
from registry.register import revoke as revoke_record

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
def revoke(digest: str, body: RevocationIn, read: Reading) -> LedgerRecordOut:
    """Revoke a record of the operator's own; it stays readable, with standing REVOKED."""
    found = _found(digest, read)
    revoke_record(read.ledger, found.digest, reason=body.reason)
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
