"""Claims: what an uploader says beside the bytes, as canonical JSON whose SHA-256 the signed intent holds."""

from __future__ import annotations

import hashlib
import json

import rfc8785

from registry.errors import IntentError, InvalidValueError
from registry.model import ZERO_32, SignedIntent

GATES_MAY_SCREEN = "gates_may_screen"  # true: the bytes of a private record may go to the other gates of the quorum


def canonical_claims(text: str) -> str:
    """Return claims given as a JSON object in their canonical form (RFC 8785).

    Raises:
        InvalidValueError: not a JSON object that has one.
    """
    try:
        claims = json.loads(text)
        if isinstance(claims, dict):
            return rfc8785.dumps(claims).decode("utf-8")
    except (ValueError, RecursionError) as exc:  # rfc8785's own error is a ValueError
        raise InvalidValueError(f"claims: expected a JSON object: {type(exc).__name__}") from exc
    raise InvalidValueError(f"claims: expected a JSON object, got {type(claims).__name__}")


def claims_hash(claims: str | None) -> bytes:
    """Return the 32 bytes by which an intent names canonical claims: their SHA-256, zeros for none."""
    return ZERO_32 if claims is None else hashlib.sha256(claims.encode("utf-8")).digest()


def require_claims(signed: SignedIntent, claims: str | None) -> None:
    """Return if canonical claims, where any came with an intent, are those that its uploader signed.

    Raises:
        IntentError: they are others.
    """
    expected = signed.intent.claims_hash
    if claims is not None and claims_hash(claims) != expected:
        raise IntentError(f"intent claims: expected SHA-256 {expected.hex()}, got {claims_hash(claims).hex()}")


def consent_of_operator() -> str:
    """Return the claims by which the operator lets other gates see a private file of its own."""
    return canonical_claims(json.dumps({GATES_MAY_SCREEN: True}))


def gates_may_screen(claims: str | None) -> bool:
    """Return whether canonical claims let other gates see a private file."""
    return claims is not None and json.loads(claims).get(GATES_MAY_SCREEN) is True
