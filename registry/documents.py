"""The public JSON forms of what is signed: the same in receipts, in manifests and in what moves with a ledger."""

from __future__ import annotations

from typing import Any

from registry.model import Admission, GateVerdict, SignedIntent

Document = dict[str, Any]


def hex_of(value: bytes) -> str:
    """Return ``0x`` and lower-case hex digits."""
    return "0x" + value.hex()


def admission_document(admission: Admission) -> Document:
    """Return what is admitted in its public JSON form."""
    return {
        "digest": admission.digest.hex,
        "fingerprint_hash": hex_of(admission.fingerprint_hash),
        "content_hash": hex_of(admission.content_hash),
        "kind": admission.kind,
        "uploader": str(admission.uploader),
        "policy_id": hex_of(admission.policy_id),
        "levels": int(admission.levels),
        "earns_reputation": admission.earns_reputation,
        "deadline": admission.deadline,
    }


def opinion_document(verdict: GateVerdict) -> Document:
    """Return one gate's finding with its signature in its public JSON form."""
    opinion = verdict.opinion
    return {
        "model_id": hex_of(opinion.model_id),
        "band": opinion.band,
        "threshold_bps": opinion.threshold_bps,
        "issued_at": opinion.issued_at,
        "gate": str(verdict.gate),
        "signature": hex_of(verdict.signature),
    }


def intent_document(signed: SignedIntent) -> Document:
    """Return an intent with its signature in its public JSON form."""
    intent = signed.intent
    return {
        "digest": intent.digest.hex,
        "uploader": str(intent.uploader),
        "visibility": intent.visibility.word,
        "claims_hash": hex_of(intent.claims_hash),
        "nonce": str(intent.nonce),  # 256 bits do not fit a JSON number
        "deadline": intent.deadline,
        "signature": hex_of(signed.signature),
    }
