"""Whose word a signed message is: a key's, or a contract wallet's."""

from __future__ import annotations

from registry import eip712
from registry.eip712 import MAX_SIGNATURE_BYTES
from registry.errors import SignatureError
from registry.model import Address
from registry.ports import Ledger


def require_signature(ledger: Ledger, message: eip712.TypedData, signature: bytes, *, by: Address) -> None:
    """Return if the signature over a full EIP-712 message is ``by``'s: of its key, or by its wallet's word (EIP-1271).

    Raises:
        SignatureError: it is neither, empty, or longer than `MAX_SIGNATURE_BYTES`.
        LedgerUnavailableError: the wallet cannot be asked now.
    """
    if not 0 < len(signature) <= MAX_SIGNATURE_BYTES:
        raise SignatureError(f"length: expected 1 to {MAX_SIGNATURE_BYTES} bytes, got {len(signature)}")
    try:
        signer = eip712.recover(message, signature)
    except SignatureError as exc:
        wrong = exc
    else:
        if signer == by:
            return
        wrong = SignatureError(f"expected {by}, got {signer}")
    if not ledger.wallet_accepts(by, eip712.signing_hash(message), signature):
        raise wrong
