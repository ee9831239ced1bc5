"""Receipts: portable evidence of registration, as canonical JSON (RFC 8785), sealed by the recorder.

A receipt never brings its own trust: who its signers are is checked against a pinned list, not against itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from registry import eip712
from registry.model import (
    ZERO_32,
    Admission,
    Dispute,
    GateVerdict,
    Inclusion,
    LedgerInfo,
    Record,
    Registration,
    SignedIntent,
)
from registry.ports import Signer

RECEIPT_FORMAT = "touchstone-receipt/1"

Document = dict[str, Any]


def record_document(record: Record, *, fp_version: int | None, dispute: Dispute | None = None) -> Document:
    """Return a record in its public JSON form (the design's `Record`), with who says what of it now.

    Args:
        record: as the ledger keeps it.
        fp_version: of its fingerprint document, where that is at hand.
        dispute: its open challenge.
    """
    batch = record.batch
    return {
        "digest": record.digest.hex,
        "kind": record.kind.word,
        "cid": str(record.cid) if record.cid else None,
        "uploader": str(record.uploader),
        "levels": list(record.standing_levels.words),
        "model_ids": [_hex(model_id) for model_id in record.model_ids],
        "policy_id": _hex(record.policy_id),
        "standing": record.standing.name,
        "registered_at": record.registered_at,
        "block": record.block,
        "tx": _hex(record.tx),
        "batch": {"root": _hex(batch.root), "index": batch.index} if batch else None,
        "fp_version": fp_version,
        "superseded_by": record.superseded_by.hex if record.superseded_by else None,
        "derived_from": [digest.hex for digest in record.derived_from],
        "gates": [
            {"address": str(gate.gate), "operator": str(gate.run_by), "suspect": gate.is_suspect}
            for gate in record.gates
        ],
        "quorum": {
            "gates": len(record.gates),
            "operators": len(record.operators),
            "single_operator": len(record.operators) == 1,
        },
        "attestations": [
            {
                "attester": str(word.attester),
                "level": word.level.name,
                "claims_hash": _hex(word.claims_hash) if word.claims_hash != ZERO_32 else None,
                "attested_at": word.attested_at,
            }
            for word in record.attestations
        ],
        "dispute": _dispute_document(dispute) if dispute else None,
    }


def _dispute_document(dispute: Dispute) -> Document:
    return {
        "reason": dispute.reason.word,
        "opened_at": dispute.opened_at,
        "challenger": str(dispute.challenger),
        "bond_wei": str(dispute.bond_wei),  # as text: 256 bits do not fit a JSON number
    }


def issue(
    *,
    info: LedgerInfo,
    record: Record,
    fp_version: int | None,
    registration: Registration,
    inclusion: Inclusion,
    recorder: Signer,
    issued_at: int,
) -> bytes:
    """Return the sealed receipt of one registration as canonical JSON.

    Raises:
        SignerError: the recorder's key cannot be used.
    """
    body: Document = {
        "format": RECEIPT_FORMAT,
        "ledger": {
            "chain_id": info.chain_id,
            "contract": str(info.contract),
            "instance_id": _hex(info.instance_id),
            "kind": info.kind,
        },
        "record": record_document(record, fp_version=fp_version),
        "admission": admission_document(registration.admission),
        "opinions": [_opinion(verdict) for verdict in registration.verdicts],
        "intent": intent_document(registration.intent) if registration.intent else None,
        "inclusion": {
            "tx": _hex(inclusion.tx_hash),
            "block_number": inclusion.block_number,
            "block_hash": _hex(inclusion.block_hash),
            "log_index": inclusion.log_index,
        },
        "issued_at": issued_at,
    }
    seal = eip712.seal_message(eip712.Domain.of(info), seal_hash(body))
    return rfc8785.dumps({**body, "recorder_signature": _hex(recorder.sign_typed_data(seal))})


def seal_hash(receipt: Mapping[str, Any]) -> bytes:
    """Return SHA-256 of the receipt's canonical JSON without its ``recorder_signature``, 32 bytes."""
    body = {name: value for name, value in receipt.items() if name != "recorder_signature"}
    return hashlib.sha256(rfc8785.dumps(body)).digest()


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def admission_document(admission: Admission) -> Document:
    """Return what is admitted in its public JSON form."""
    return {
        "digest": admission.digest.hex,
        "fingerprint_hash": _hex(admission.fingerprint_hash),
        "content_hash": _hex(admission.content_hash),
        "kind": admission.kind,
        "uploader": str(admission.uploader),
        "policy_id": _hex(admission.policy_id),
        "levels": int(admission.levels),
        "earns_reputation": admission.earns_reputation,
        "deadline": admission.deadline,
    }


def _opinion(verdict: GateVerdict) -> Document:
    opinion = verdict.opinion
    return {
        "model_id": _hex(opinion.model_id),
        "band": opinion.band,
        "threshold_bps": opinion.threshold_bps,
        "issued_at": opinion.issued_at,
        "gate": str(verdict.gate),
        "signature": _hex(verdict.signature),
    }


def intent_document(signed: SignedIntent) -> Document:
    """Return an intent with its signature in its public JSON form."""
    intent = signed.intent
    return {
        "digest": intent.digest.hex,
        "uploader": str(intent.uploader),
        "visibility": intent.visibility.word,
        "claims_hash": _hex(intent.claims_hash),
        "nonce": str(intent.nonce),  # 256 bits do not fit a JSON number
        "deadline": intent.deadline,
        "signature": _hex(signed.signature),
    }
