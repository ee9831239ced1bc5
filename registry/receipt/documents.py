"""The public JSON forms of a record, which every other answer gives too, and of where its registration stands."""

from __future__ import annotations

from collections.abc import Sequence

from registry.documents import Document, hex_of
from registry.model import ZERO_32, BatchPlace, Dispute, Inclusion, Record


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
        "model_ids": [hex_of(model_id) for model_id in record.model_ids],
        "policy_id": hex_of(record.policy_id),
        "standing": record.standing.name,
        "registered_at": record.registered_at,
        "block": record.block,
        "tx": hex_of(record.tx),
        "batch": {"root": hex_of(batch.root), "index": batch.index} if batch else None,
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
                "claims_hash": hex_of(word.claims_hash) if word.claims_hash != ZERO_32 else None,
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


def inclusion_document(inclusion: Inclusion, batch: BatchPlace | None, path: Sequence[bytes]) -> Document:
    """Return where a registration stands in its public JSON form, with its way to a batch's root where it has one."""
    place: Document = {
        "tx": hex_of(inclusion.tx_hash),
        "block_number": inclusion.block_number,
        "block_hash": hex_of(inclusion.block_hash),
        "log_index": inclusion.log_index,
    }
    if batch is None:
        return place
    way = {"root": hex_of(batch.root), "index": batch.index, "path": [hex_of(node) for node in path]}
    return {**place, "batch": way}
