"""What changes how a record stands, put to the ledger in words."""

from __future__ import annotations

import hashlib

from registry.model import ZERO_32, Act, Digest, Inclusion, SignedStatement, Statement
from registry.ports import Ledger


def hash_of_words(words: str) -> bytes:
    """Return the 32 bytes by which the ledger names a reason: the SHA-256 of its UTF-8 text, zeros for none."""
    return hashlib.sha256(words.encode()).digest() if words else ZERO_32


def revoke(ledger: Ledger, digest: Digest, *, reason: str) -> Inclusion:
    """Revoke a record of the operator's own, for ever; anybody else's needs a dispute.

    Raises:
        RecordNotFoundError: no such record.
        TransactionRevertedError: ``NotUploader``, or the record is not ACTIVE.
    """
    statement = Statement(digest, ledger.info.operator, Act.REVOKE, hash_of_words(reason))
    return ledger.publish(SignedStatement(statement))
