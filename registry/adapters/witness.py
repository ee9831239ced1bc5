"""A network as a witness: a transaction of an account to itself, with a few bytes in it and a block's time on it."""

from __future__ import annotations

from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import BlockNotFound, TransactionNotFound, Web3RPCError
from web3.types import BlockData, TxData

from registry.adapters import transactions
from registry.adapters.contract import ledger_errors
from registry.adapters.courier import poll
from registry.adapters.jsonrpc import connect, network_name
from registry.model import Address, SignedTransaction
from registry.model.chain import Sighting
from registry.ports import Signer


class NetworkWitness:
    """Any JSON-RPC node; needs no contract."""

    def __init__(self, url: str) -> None:
        """Connect to a node.

        Raises:
            LedgerUnavailableError: it does not answer.
        """
        self._web3 = connect(url)
        self._endpoint = network_name(url)
        with ledger_errors(self._endpoint):
            self._chain_id = int(self._web3.eth.chain_id)

    @property
    def chain_id(self) -> int:
        """Which network this is (EIP-155)."""
        return self._chain_id

    def prepare(self, signer: Signer, data: bytes) -> SignedTransaction:
        """Return a signed transaction of the signer to itself that carries the data; nothing is sent.

        Raises:
            LedgerUnavailableError: the node does not answer.
            LedgerError: the node will not have it, as where the account has no funds.
        """
        call = {"to": Web3.to_checksum_address(signer.address.hex), "data": "0x" + data.hex()}
        return transactions.prepare(self._web3, self._endpoint, signer, call)

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known is no error.

        Raises:
            TransactionRevertedError: the network refused it.
        """
        transactions.submit(self._web3, self._endpoint, transaction)

    def sighting(self, tx_hash: bytes, *, wait_s: float = 0.0) -> Sighting | None:
        """Return the transaction as included, or nothing if it is not within ``wait_s``."""
        with ledger_errors(self._endpoint):
            return poll(lambda: self._included(tx_hash), wait_s)

    def sighting_at(self, block_number: int, index: int) -> Sighting | None:
        """Return the transaction at a place, for nodes that keep no look-up by hash; nothing if there is none."""
        with ledger_errors(self._endpoint):
            try:
                return self._sighting(self._web3.eth.get_transaction_by_block(block_number, index))
            except (TransactionNotFound, BlockNotFound):
                return None

    def _included(self, tx_hash: bytes) -> Sighting | None:
        try:
            found = self._web3.eth.get_transaction(HexBytes(tx_hash))
        except TransactionNotFound:
            return None
        return self._sighting(found) if found.get("blockNumber") is not None else None

    def _sighting(self, found: TxData) -> Sighting:
        block = self._web3.eth.get_block(found["blockNumber"])
        return Sighting(
            sender=Address.from_hex(found["from"]),
            data=bytes(found["input"]),
            block_number=int(found["blockNumber"]),
            index=int(found["transactionIndex"]),
            block_time=int(block["timestamp"]),
            confirmations=int(self._web3.eth.block_number) - int(found["blockNumber"]) + 1,
            is_final=self._is_final(block),
        )

    def _is_final(self, block: BlockData) -> bool:
        try:
            return int(self._web3.eth.get_block("finalized")["number"]) >= int(block["number"])
        except (Web3RPCError, BlockNotFound):  # a network without finality
            return False
