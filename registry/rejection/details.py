"""What a rejection commits to: its details under a salt, and its leaf."""

from __future__ import annotations

import hashlib

from registry import eip712, leaves
from registry.model import ZERO_32, Address, Digest, Opinion, SignedIntent
from registry.receipt.canonical import canonical

SALT_BYTES = 32


def detail_hash(
    *,
    detail_salt: bytes,
    digest: Digest,
    reasons: tuple[str, ...],
    opinion: Opinion,
    policy_id: bytes,
    rejected_at: int,
) -> bytes:
    """Return SHA-256 of the salt and of the canonical JSON of what the gate found, 32 bytes.

    The salt is another one than the leaf's: that one is told when a tally is proven, and whoever had it could then try
    the digests of files that they hold.
    """
    details = {
        "digest": digest.hex,
        "reasons": list(reasons),
        "model_id": "0x" + opinion.model_id.hex(),
        "band": opinion.band,
        "threshold_bps": opinion.threshold_bps,
        "policy_id": "0x" + policy_id.hex(),
        "rejected_at": rejected_at,
    }
    return hashlib.sha256(detail_salt + canonical(details)).digest()


def intent_hash_of(intent: SignedIntent | None) -> bytes:
    """Return by what a leaf names the uploader's intent: its struct hash, zeros where there is none."""
    return leaves.intent_hash(intent.intent) if intent else ZERO_32


def leaf_of(
    domain: eip712.Domain, *, uploader: Address, intent: SignedIntent | None, detail_hash: bytes, salt: bytes
) -> bytes:
    """Return the leaf of a rejection, 32 bytes."""
    return leaves.rejection_leaf(
        domain, uploader=uploader, intent_hash=intent_hash_of(intent), detail_hash=detail_hash, salt=salt
    )
