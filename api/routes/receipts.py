"""``POST /v1/receipts/verify``: what a receipt is worth, by this installation's ledger and its pinned lists."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.deps import Counting, Reading
from api.errors import UnsupportedBodyError
from api.schemas import ReceiptVerificationOut
from registry.errors import MediaTooLargeError
from registry.receipt import MAX_BYTES, Pins, Receipt, read_receipt, trusted_for, verify

router = APIRouter(prefix="/v1", tags=["asking"])

JSON_TYPE = "application/json"
RECEIPT_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {JSON_TYPE: {"schema": {"type": "object"}}}}
}


async def receipt_of(request: Request) -> Receipt:
    """Return the receipt in the body; its very bytes are what is verified.

    Raises:
        UnsupportedBodyError: the body is not said to be JSON.
        MediaTooLargeError: it is over the limit.
        ReceiptError: it is no receipt.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON_TYPE:
        raise UnsupportedBodyError(f"content-type: expected {JSON_TYPE}, got {kind!r}")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BYTES:
            raise MediaTooLargeError("max_receipt_bytes", limit=MAX_BYTES, value=len(raw))
    return read_receipt(bytes(raw))


@router.post("/receipts/verify", openapi_extra=RECEIPT_BODY)
def verify_receipt(
    receipt: Annotated[Receipt, Depends(receipt_of)], read: Reading, counters: Counting
) -> ReceiptVerificationOut:
    """Judge a receipt: its signatures, its inclusion, and how the record stands now. That is this service's word."""
    pins = Pins(read.settings.home / "trust")
    signers, source = trusted_for(receipt.domain, pins=pins, ledger=read.ledger, own=read.own_signers, moved=read.moved)
    found = verify(receipt, signers=signers, ledger=read.ledger, moved=read.moved)
    counters.add("receipts", signatures=found.signatures.result.value)
    return ReceiptVerificationOut.of(receipt, found, signers, source)
