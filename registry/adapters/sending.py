"""Calls of the registry on their way: prepared, sent, seen included, and final or not."""

from __future__ import annotations

from typing import Literal

from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BlockNotFound
from web3.types import TxReceipt

from registry.adapters.chain_events import ChainEvents
from registry.adapters.contract import ledger_errors
from registry.adapters.courier import Courier, poll
from registry.adapters.outbox import Call
from registry.errors import LedgerError, RecordNotFoundError, TransactionRevertedError
from registry.model import Address, Inclusion, SignedTransaction
from registry.ports import Signer

Finality = int | Literal["finalized"]


class Sending:
    """Takes calls of one contract to the chain."""

    def __init__(
        self,
        web3: Web3,
        contract: Contract,
        chain_events: ChainEvents,
        courier: Courier,
        *,
        endpoint: str,
        finality: Finality,
    ) -> None:
        """Send to a contract that is known to be there.

        Args:
            web3: how to reach the network.
            contract: the registry.
            chain_events: reads its logs.
            courier: sends.
            endpoint: the network's name in messages.
            finality: blocks, the including one counted, after which an inclusion is final; or by the network's word.
        """
        self._web3 = web3
        self._contract = contract
        self._chain_events = chain_events
        self._courier = courier
        self._endpoint = endpoint
        self._finality = finality

    def prepare(
        self, signer: Signer, function: str, *arguments: object, replaces: SignedTransaction | None = None
    ) -> SignedTransaction:
        """Return the signed transaction that makes the call; nothing is sent.

        Raises:
            TransactionRevertedError: the contract would refuse it now.
            FeeTooHighError: the network asks more than the cap.
        """
        return self._courier.prepare(signer, self._call(function, *arguments), replaces=replaces)

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known or included is no error.

        Raises:
            TransactionRevertedError: the network refused it.
        """
        self._courier.submit(transaction)

    def inclusion(self, *tx_hashes: bytes, wait_s: float) -> Inclusion | None:
        """Return where whichever of these stands on the chain, or nothing if none is included within ``wait_s``.

        Raises:
            TransactionRevertedError: it was included and failed.
        """
        receipt = self._courier.receipt(*tx_hashes, wait_s=wait_s)
        return None if receipt is None else self._place_in(receipt)

    def is_final(self, inclusion: Inclusion, *, wait_s: float) -> bool:
        """Return whether the block is on the chain and can no longer be undone, waiting up to ``wait_s``."""
        with ledger_errors(self._endpoint):
            return bool(poll(lambda: self._is_settled(inclusion), wait_s))

    def act(self, signer: Signer, function: str, *arguments: object, value_wei: int = 0) -> Inclusion:
        """Make a call, wait for it and return where it stands.

        Raises:
            RecordNotFoundError: the contract knows no such record.
            TransactionRevertedError: the contract refuses it.
            LedgerUnavailableError: sent, and not included in time; it is kept and goes before what comes next.
        """
        call = self._call(function, *arguments, value_wei=value_wei)
        try:
            receipt = self._courier.deliver(signer, call)
        except TransactionRevertedError as exc:
            if exc.error_name == "MediaNotRegistered":
                raise RecordNotFoundError(f"no record of {exc.arguments[0].removeprefix('0x')}") from exc
            raise
        return self._place_in(receipt)

    def give(self, signer: Signer, to: Address, wei: int) -> None:
        """Send coins, and wait for that.

        Raises:
            LedgerUnavailableError: sent, and not included in time; it is kept and goes before what comes next.
        """
        self._courier.deliver(signer, Call(Web3.to_checksum_address(to.hex), "0x", wei))

    def _call(self, function: str, *arguments: object, value_wei: int = 0) -> Call:
        with ledger_errors(self._endpoint):
            data = self._contract.encode_abi(function, args=list(arguments))
        return Call(str(self._contract.address), str(data), value_wei)

    def final_block(self) -> int | None:
        """Return the latest block that can no longer be undone, or nothing where there is none yet."""
        with ledger_errors(self._endpoint):
            return self._final_block()

    def _final_block(self) -> int | None:
        if self._finality == "finalized":
            try:
                return int(self._web3.eth.get_block("finalized")["number"])
            except BlockNotFound:  # a network in its first minutes
                return None
        latest = int(self._web3.eth.block_number) - self._finality + 1
        return latest if latest >= 0 else None

    def _is_settled(self, inclusion: Inclusion) -> bool:
        latest = self._final_block()
        here = (inclusion.block_number, inclusion.block_hash)
        return latest is not None and inclusion.block_number <= latest and self._chain_events.has_block(*here)

    def _place_in(self, receipt: TxReceipt) -> Inclusion:
        if receipt["status"] != 1:
            raise TransactionRevertedError("TransactionFailed", (f"0x{receipt['transactionHash'].hex()}",))
        with ledger_errors(self._endpoint):
            place = self._chain_events.place(receipt["logs"])
        if place is None:
            raise LedgerError(f"expected an event of the registry in 0x{receipt['transactionHash'].hex()}, got none")
        return place
