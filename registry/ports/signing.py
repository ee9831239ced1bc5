"""Time, and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from registry.model import (
    Address,
    SignedTransaction,
)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return Unix seconds."""
        ...


class Signer(Protocol):
    """Holds one key: a keystore now, something outside later."""

    @property
    def address(self) -> Address:
        """The key's account."""
        ...

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """Return the 65-byte low-s signature r ‖ s ‖ v over a full EIP-712 message.

        Raises:
            SignerError: the key cannot be used.
        """
        ...

    def sign_transaction(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Return the signed raw transaction for an ``eth_sendTransaction``-shaped mapping with all fields filled.

        Raises:
            SignerError: the key cannot be used.
        """
        ...
