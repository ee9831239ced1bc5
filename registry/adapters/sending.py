"""Calls of the contract on their way: prepared, sent, seen included, and final or not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import TransactionNotFound
from web3.types import TxReceipt

from registry.adapters import transactions
from registry.adapters.chain_events import ChainEvents
from registry.adapters.contract import ledger_errors
from registry.errors import LedgerError, LedgerUnavailableError, RecordNotFoundError, TransactionRevertedError
from registry.model import Inclusion, SignedTransaction
from registry.ports import Signer

Answer = TypeVar("Answer")

INCLUSION_WAIT_S = 120.0  # ten blocks of a network with 12 s slots
FIRST_POLL_S = 0.005  # a fast node includes within this, and web3's own 0.1 s would cap it at ten a second
LAST_POLL_S = 2.0  # a slow network is not asked more often than this


class Sending:
    """Takes calls of one contract to the chain."""

    def __init__(
        self, web3: Web3, contract: Contract, chain_events: ChainEvents, *, endpoint: str, confirmations: int
    ) -> None:
        """Send to a contract that is known to be there.

        Args:
            web3: how to reach the network.
            contract: the registry.
            chain_events: reads its logs.
            endpoint: the network's name in messages.
            confirmations: blocks, the including one counted, after which an inclusion is final.
        """
        self._web3 = web3
        self._contract = contract
        self._chain_events = chain_events
        self._endpoint = endpoint
        self._confirmations = confirmations

    def prepare(
        self, signer: Signer, function: str, *arguments: object, nonce: int | None = None, value_wei: int = 0
    ) -> SignedTransaction:
        """Return the signed transaction that makes the call; nothing is sent.

        Raises:
            TransactionRevertedError: the contract would refuse it now.
        """
        with ledger_errors(self._endpoint):
            data = self._contract.encode_abi(function, args=list(arguments))
        call = {"to": str(self._contract.address), "data": data}
        return transactions.prepare(self._web3, self._endpoint, signer, call, nonce=nonce, value_wei=value_wei)

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known or included is no error.

        Raises:
            TransactionRevertedError: the network refused it.
        """
        transactions.submit(self._web3, self._endpoint, transaction)

    def inclusion(self, tx_hash: bytes, *, wait_s: float) -> Inclusion | None:
        """Return where the call stands on the chain, or nothing if it is not included within ``wait_s``.

        Raises:
            TransactionRevertedError: it was included and failed.
        """
        with ledger_errors(self._endpoint):
            receipt = _poll(lambda: self._receipt(tx_hash), wait_s)
            return None if receipt is None else self._place_in(receipt)

    def is_final(self, inclusion: Inclusion, *, wait_s: float) -> bool:
        """Return whether the block is on the chain under as many confirmations as set, waiting up to ``wait_s``."""
        with ledger_errors(self._endpoint):
            return bool(_poll(lambda: self._is_deep(inclusion), wait_s))

    def act(self, signer: Signer, function: str, *arguments: object, value_wei: int = 0) -> Inclusion:
        """Make a call, wait for it and return where it stands.

        Raises:
            RecordNotFoundError: the contract knows no such record.
            TransactionRevertedError: the contract refuses it.
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`.
        """
        try:
            transaction = self.prepare(signer, function, *arguments, value_wei=value_wei)
        except TransactionRevertedError as exc:
            if exc.error_name == "MediaNotRegistered":
                raise RecordNotFoundError(f"no record of {exc.arguments[0].removeprefix('0x')}") from exc
            raise
        self.submit(transaction)
        inclusion = self.inclusion(transaction.tx_hash, wait_s=INCLUSION_WAIT_S)
        if inclusion is None:
            raise LedgerUnavailableError(
                f"0x{transaction.tx_hash.hex()} is not included after {INCLUSION_WAIT_S:.0f} s"
            )
        return inclusion

    def _receipt(self, tx_hash: bytes) -> TxReceipt | None:
        try:
            return self._web3.eth.get_transaction_receipt(HexBytes(tx_hash))
        except TransactionNotFound:
            return None

    def _is_deep(self, inclusion: Inclusion) -> bool:
        depth = self._web3.eth.block_number - inclusion.block_number + 1
        here = (inclusion.block_number, inclusion.block_hash)
        return depth >= self._confirmations and self._chain_events.has_block(*here)

    def _place_in(self, receipt: TxReceipt) -> Inclusion:
        if receipt["status"] != 1:
            raise TransactionRevertedError("TransactionFailed", (f"0x{receipt['transactionHash'].hex()}",))
        place = self._chain_events.place(receipt["logs"])
        if place is None:
            raise LedgerError(f"expected an event of the registry in 0x{receipt['transactionHash'].hex()}, got none")
        return place


def _poll(ask: Callable[[], Answer], wait_s: float) -> Answer:
    """Return the first answer that is something, or the last one when the time is over."""
    until = time.monotonic() + wait_s
    pause = FIRST_POLL_S
    while not (answer := ask()) and time.monotonic() + pause < until:
        time.sleep(pause)
        pause = min(2 * pause, LAST_POLL_S)
    return answer
