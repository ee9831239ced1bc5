"""How an uploader goes on under another key: both keys sign, the recorder relays, and a week is left for a veto."""

from __future__ import annotations

import secrets

from registry import eip712
from registry.model import Address, KeyRotation, SignedKeyRotation
from registry.ports import Ledger, Signer

SIGNED_FOR_S = 3_600  # it is sent at once; an hour covers a slow network


def wish(ledger: Ledger, old: Signer, new: Signer, *, now: int) -> SignedKeyRotation:
    """Return the wish to go on under ``new``, signed by both keys.

    Args:
        ledger: of the installation that the wish is good for.
        old: the present key.
        new: the next one; it must have no outcomes of its own.
        now: Unix seconds.

    Raises:
        SignerError: a key cannot be used.
    """
    return _signed(ledger, old, new, now)


def veto(ledger: Ledger, old: Signer, *, now: int) -> SignedKeyRotation:
    """Return the word that takes the wish back, signed by the present key."""
    return _signed(ledger, old, None, now)


def _signed(ledger: Ledger, old: Signer, new: Signer | None, now: int) -> SignedKeyRotation:
    to: Address | None = new.address if new else None
    rotation = KeyRotation(old.address, to, secrets.randbits(256), now + SIGNED_FOR_S)
    message = eip712.rotation_message(eip712.Domain.of(ledger.info), rotation)
    return SignedKeyRotation(rotation, old.sign_typed_data(message), new.sign_typed_data(message) if new else b"")
