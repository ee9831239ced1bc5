"""The documents about rejections, as canonical JSON (RFC 8785).

- ``touchstone-rejection/1``: what a gate found and promised; the uploader's alone.
- ``touchstone-epoch/1``: the leaves of a closed epoch; public, and nothing can be read from it.
"""

from __future__ import annotations

from collections.abc import Sequence

from registry.documents import Document, hex_of, intent_document
from registry.model import ClosedEpoch, Digest, GateSignature, Inclusion, LedgerInfo, Rejection, SignedIntent
from registry.receipt.canonical import canonical
from registry.receipt.fields import with_fields

REJECTION_FORMAT = "touchstone-rejection/1"
EPOCH_FORMAT = "touchstone-epoch/1"


def rejection_receipt(
    *,
    info: LedgerInfo,
    digest: Digest,
    rejection: Rejection,
    intent: SignedIntent | None,
    closed: ClosedEpoch | None = None,
    path: Sequence[bytes] = (),
) -> bytes:
    """Return a rejection receipt.

    Args:
        info: the ledger on which its epoch closes.
        digest: of the file.
        rejection: what the gates found and signed.
        intent: the uploader's, where there is one.
        closed: its epoch, once that is final.
        path: the siblings from its leaf up to that epoch's root, 32 bytes each.
    """
    body: Document = {
        "format": REJECTION_FORMAT,
        "ledger": ledger_document(info),
        "rejection": _rejection(digest, rejection),
        "intent": intent_document(intent) if intent else None,
        "gates": gates_document(rejection.signatures),
        "inclusion": _closing(closed, path) if closed else None,
    }
    return canonical(with_fields(body))


def epoch_list(epoch: int, root: bytes, leaves: Sequence[bytes]) -> bytes:
    """Return the list of an epoch's leaves, ascending, by which anybody can compute its root."""
    return canonical(
        {
            "format": EPOCH_FORMAT,
            "epoch": epoch,
            "root": hex_of(root),
            "leaves": [hex_of(leaf) for leaf in sorted(leaves)],
        }
    )


def ledger_document(info: LedgerInfo) -> Document:
    """Return which installation a document is of."""
    return {
        "chain_id": info.chain_id,
        "contract": str(info.contract),
        "instance_id": hex_of(info.instance_id),
        "kind": info.kind,
    }


def gates_document(signatures: Sequence[GateSignature]) -> list[Document]:
    """Return who signed."""
    return [{"gate": str(each.gate), "signature": hex_of(each.signature)} for each in signatures]


def place_document(inclusion: Inclusion) -> Document:
    """Return where something stands on the chain."""
    return {
        "tx": hex_of(inclusion.tx_hash),
        "block_number": inclusion.block_number,
        "block_hash": hex_of(inclusion.block_hash),
        "log_index": inclusion.log_index,
    }


def _rejection(digest: Digest, rejection: Rejection) -> Document:
    opinion = rejection.opinion
    return {
        "digest": digest.hex,
        "uploader": str(rejection.uploader),
        "epoch": rejection.epoch,
        "reasons": list(rejection.reasons),
        "opinion": {
            "model_id": hex_of(opinion.model_id),
            "band": opinion.band,
            "threshold_bps": opinion.threshold_bps,
        },
        "policy_id": hex_of(rejection.policy_id),
        "rejected_at": rejection.rejected_at,
        "salt": hex_of(rejection.salt),
        "detail_salt": hex_of(rejection.detail_salt),
        "intent_hash": hex_of(rejection.intent_hash),
        "detail_hash": hex_of(rejection.detail_hash),
        "leaf": hex_of(rejection.leaf),
    }


def _closing(closed: ClosedEpoch, path: Sequence[bytes]) -> Document:
    way = {"epoch": closed.epoch, "root": hex_of(closed.root), "path": [hex_of(node) for node in path]}
    return {**way, **place_document(closed.inclusion)}
