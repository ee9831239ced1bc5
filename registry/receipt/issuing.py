"""Issuing: a registration as canonical JSON (RFC 8785), each leaf with a fingerprint, all sealed by the recorder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from registry import eip712
from registry.documents import Document, admission_document, hex_of, intent_document, opinion_document
from registry.model import Inclusion, LedgerInfo, Record, Registration
from registry.ports import Signer
from registry.receipt.canonical import canonical
from registry.receipt.documents import inclusion_document, record_document
from registry.receipt.fields import FIELDS, with_fields

RECEIPT_FORMAT = "touchstone-receipt/1"
SEAL = "recorder_signature"


def issue(
    *,
    info: LedgerInfo,
    record: Record,
    fp_version: int | None,
    registration: Registration,
    inclusion: Inclusion,
    recorder: Signer,
    issued_at: int,
    batch_path: Sequence[bytes] = (),
) -> bytes:
    """Return the sealed receipt of one registration as canonical JSON.

    Args:
        info: the ledger that holds the record.
        record: as that ledger keeps it.
        fp_version: of its fingerprint document, where that is at hand.
        registration: what was registered, with all its signatures.
        inclusion: where that stands.
        recorder: seals.
        issued_at: Unix seconds.
        batch_path: of a batched record: the siblings from its leaf up to its batch's root, 32 bytes each.

    Raises:
        SignerError: the recorder's key cannot be used.
    """
    body: Document = {
        "format": RECEIPT_FORMAT,
        "ledger": {
            "chain_id": info.chain_id,
            "contract": str(info.contract),
            "instance_id": hex_of(info.instance_id),
            "kind": info.kind,
        },
        "record": record_document(record, fp_version=fp_version),
        "admission": admission_document(registration.admission),
        "opinions": [opinion_document(verdict) for verdict in registration.verdicts],
        "intent": intent_document(registration.intent) if registration.intent else None,
        "inclusion": inclusion_document(inclusion, record.batch, batch_path),
        "issued_at": issued_at,
    }
    return sealed(with_fields(body), domain=eip712.Domain.of(info), recorder=recorder)


def sealed(body: Document, *, domain: eip712.Domain, recorder: Signer) -> bytes:
    """Return a receipt's body with its recorder's seal as canonical JSON.

    Raises:
        SignerError: the recorder's key cannot be used.
    """
    seal = recorder.sign_typed_data(eip712.seal_message(domain, seal_hash(body)))
    return canonical({**body, SEAL: hex_of(seal)})


def seal_hash(receipt: Mapping[str, Any]) -> bytes:
    """Return SHA-256 of the receipt's canonical JSON without its ``recorder_signature``, 32 bytes."""
    body = {name: value for name, value in receipt.items() if name != SEAL}
    return hashlib.sha256(canonical(body)).digest()


def unnamed(receipt: Mapping[str, Any]) -> Document:
    """Return a receipt without its fingerprints and its seal: what both are of."""
    return {name: value for name, value in receipt.items() if name not in {FIELDS, SEAL}}
