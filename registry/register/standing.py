"""What changes how a record stands, put to the ledger in words."""

from __future__ import annotations

import hashlib

from registry import eip712
from registry.errors import SignatureError, StatementError
from registry.model import (
    ZERO_32,
    Act,
    Digest,
    DisputeReason,
    Inclusion,
    Ruling,
    SignedStatement,
    Statement,
)
from registry.ports import Ledger, Signer
from registry.register.signature import require_signature

# A signed word may be carried here by others; one that lies about for longer than a month is no word of today.
MAX_STATEMENT_LIFETIME_S = 30 * 24 * 3_600
ATTESTING = frozenset({Act.ATTEST, Act.REVIEW, Act.RETRACT})


def hash_of_words(words: str) -> bytes:
    """Return the 32 bytes by which the ledger names a reason: the SHA-256 of its UTF-8 text, zeros for none."""
    return hashlib.sha256(words.encode()).digest() if words else ZERO_32


def revoke(ledger: Ledger, digest: Digest, *, reason: str) -> Inclusion:
    """Revoke a record of the operator's own, for ever; anybody else's needs a dispute.

    Raises:
        RecordNotFoundError: no such record.
        TransactionRevertedError: ``NotUploader``, or the record is not ACTIVE.
    """
    return _say(ledger, digest, Act.REVOKE, hash_of_words(reason))


def supersede(ledger: Ledger, digest: Digest, *, by: Digest) -> Inclusion:
    """Name the later record of the operator's own that takes this one's place.

    Raises:
        RecordNotFoundError: no such record.
        TransactionRevertedError: ``NotUploader`` of either, or ``NotLater``.
    """
    return _say(ledger, digest, Act.SUPERSEDE, by.value)


def derive(ledger: Ledger, digest: Digest, *, parent: Digest) -> Inclusion:
    """Name the earlier record, anybody's, from which this one of the operator's own was made.

    Raises:
        RecordNotFoundError: no such record.
        TransactionRevertedError: ``NotUploader``, or ``NotLater``.
    """
    return _say(ledger, digest, Act.DERIVE, parent.value)


def dispute(ledger: Ledger, digest: Digest, *, reason: DisputeReason, words: str) -> Inclusion:
    """Challenge an ACTIVE record in the operator's name, for its bond.

    Raises:
        RecordNotFoundError: no such record.
        TransactionRevertedError: the record is not ACTIVE, or the bond is not at hand.
    """
    return ledger.dispute(digest, reason=reason, reason_hash=hash_of_words(words))


def rule(ledger: Ledger, digest: Digest, *, ruling: Ruling, words: str) -> Inclusion:
    """End a challenge as the arbiter.

    Raises:
        RecordNotFoundError: no such record.
        TransactionRevertedError: the record is not DISPUTED, or this arbiter is a party.
    """
    return ledger.rule(digest, ruling=ruling, reason_hash=hash_of_words(words))


def signed_by(key: Signer, statement: Statement, *, ledger: Ledger) -> SignedStatement:
    """Return the statement with the signature of its author's key.

    Raises:
        SignerError: the key cannot be used.
    """
    message = eip712.statement_message(eip712.Domain.of(ledger.info), statement)
    return SignedStatement(statement, key.sign_typed_data(message))


def require_attestation(signed: SignedStatement, *, digest: Digest, ledger: Ledger, now: int) -> None:
    """Return if a signed statement attests the record, or takes that back, and is its author's own and alive.

    Asked before the recorder pays for publishing it.

    Args:
        signed: the statement and its signature.
        digest: of the record that it is brought for.
        ledger: of the installation that it must name in its domain.
        now: Unix seconds.

    Raises:
        StatementError: naming the check that failed.
        LedgerUnavailableError: the author's wallet cannot be asked now.
    """
    statement = signed.statement
    if statement.act not in ATTESTING:
        raise StatementError(f"act: expected ATTEST, REVIEW or RETRACT, got {statement.act.name}")
    if statement.digest != digest:
        raise StatementError(f"digest: expected {digest}, got {statement.digest}")
    if not now < statement.deadline <= now + MAX_STATEMENT_LIFETIME_S:
        raise StatementError(f"deadline: expected in the 30 days after {now}, got {statement.deadline}")
    message = eip712.statement_message(eip712.Domain.of(ledger.info), statement)
    try:
        require_signature(ledger, message, signed.signature, by=statement.by)
    except SignatureError as exc:
        raise StatementError(f"signature: {exc}") from exc


def _say(ledger: Ledger, digest: Digest, act: Act, detail: bytes) -> Inclusion:
    return ledger.publish(SignedStatement(Statement(digest, ledger.info.operator, act, detail)))
