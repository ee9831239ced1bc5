"""A chain read back, and a network that sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from registry.model import LedgerInfo, SignedTransaction
from registry.model.chain import ChainHead, ChainHistory, Sighting
from registry.ports.signing import Signer


class ChainReader(Protocol):
    """An embedded chain, read back from its first block.

    Every method may raise `LedgerUnavailableError`, and `LedgerError` where the chain contradicts itself.
    """

    def info(self) -> LedgerInfo:
        """Return which ledger this is."""
        ...

    def head(self) -> ChainHead:
        """Return the latest block, as the chain says."""
        ...

    def upto(self, number: int, seen: Callable[[int], None]) -> ChainHistory | None:
        """Return the history up to a block, every hash made anew; nothing if the chain is not that long.

        Args:
            number: of the block.
            seen: is told of each block read.
        """
        ...


class Witness(Protocol):
    """Another network, which sees what is shown to it and remembers when.

    Every method may raise `LedgerUnavailableError` (try again) or `LedgerError`.
    """

    @property
    def chain_id(self) -> int:
        """Which network this is (EIP-155)."""
        ...

    def prepare(self, signer: Signer, data: bytes) -> SignedTransaction:
        """Return a signed transaction of the signer to itself that carries the data; nothing is sent."""
        ...

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known is no error.

        Raises:
            TransactionRevertedError: the network refused it.
        """
        ...

    def sighting(self, tx_hash: bytes, *, wait_s: float = 0.0) -> Sighting | None:
        """Return the transaction as included, or nothing if it is not within ``wait_s``."""
        ...

    def sighting_at(self, block_number: int, index: int) -> Sighting | None:
        """Return the transaction at a place, for nodes that keep no look-up by hash; nothing if there is none."""
        ...
