"""Transactions of one account: priced (EIP-1559, else by gas price), signed, and sent so that twice is once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import MethodNotSupported, TransactionNotFound, Web3RPCError
from web3.types import TxParams, Wei

from registry.adapters.contract import ledger_errors, rpc_message
from registry.errors import TransactionRevertedError
from registry.model import SignedTransaction
from registry.ports import Signer

PRIORITY_FEE_WEI = 10**9  # where a node has no opinion: 1 gwei, what geth suggests on a quiet network
GAS_MARGIN = 1.2  # on the node's estimate: another's transaction may come between and make storage cold or new
REPLACEMENT_FACTOR = (
    2  # nodes ask at least 1.1 of both fees before they replace a waiting transaction (geth's pricebump)
)


def prepare(
    web3: Web3, endpoint: str, signer: Signer, call: Mapping[str, Any], *, nonce: int | None = None, value_wei: int = 0
) -> SignedTransaction:
    """Return the signed transaction for ``call`` (``data`` and, unless it creates a contract, ``to``); send nothing.

    It is first run in the next block's circumstances, so that a refusal shows before a fee is paid. A replacement is
    run on the latest block instead: the next one holds the waiting transaction that it replaces.

    Args:
        web3: the network.
        endpoint: its name in messages.
        signer: whose account pays.
        call: what is sent.
        nonce: of the waiting transaction that this one replaces, at twice the fees; absent for the account's next.
        value_wei: sent along.

    Raises:
        TransactionRevertedError: the contract would refuse it.
    """
    sender = Web3.to_checksum_address(signer.address.hex)
    circumstances: Literal["pending", "latest"] = "pending" if nonce is None else "latest"
    with ledger_errors(endpoint):
        simulated = TxParams({"from": sender, "data": call["data"], "value": Wei(value_wei)})
        if "to" in call:
            simulated["to"] = call["to"]
            web3.eth.call(simulated, circumstances)
        gas = int(web3.eth.estimate_gas(simulated, circumstances) * GAS_MARGIN)
        fields = {
            **call,
            **_fees(web3, factor=1 if nonce is None else REPLACEMENT_FACTOR),
            "value": value_wei,
            "gas": gas,
            "nonce": web3.eth.get_transaction_count(sender, "latest") if nonce is None else nonce,
            "chainId": web3.eth.chain_id,
        }
    return signer.sign_transaction(fields)


def submit(web3: Web3, endpoint: str, transaction: SignedTransaction) -> None:
    """Send the transaction; one that the network has already, waiting or included, is no error.

    Raises:
        TransactionRevertedError: the network will not take it.
    """
    with ledger_errors(endpoint):
        try:
            web3.eth.send_raw_transaction(transaction.raw)
        except Web3RPCError as exc:
            # nodes word it differently ("already known", "nonce too low"), so ask whether they have it
            if not _is_known(web3, transaction.tx_hash):
                raise TransactionRevertedError("RefusedByTheNetwork", (rpc_message(exc),)) from exc


def _is_known(web3: Web3, tx_hash: bytes) -> bool:
    try:
        web3.eth.get_transaction(HexBytes(tx_hash))
    except TransactionNotFound:
        return False
    return True


def _fees(web3: Web3, *, factor: int) -> dict[str, int]:
    base_fee = web3.eth.get_block("latest").get("baseFeePerGas")
    if base_fee is None:  # a network without EIP-1559
        return {"gasPrice": int(web3.eth.gas_price) * factor}
    try:
        tip = web3.eth.max_priority_fee
    except (Web3RPCError, MethodNotSupported):
        tip = Wei(PRIORITY_FEE_WEI)
    return {
        "type": 2,
        "maxPriorityFeePerGas": int(tip) * factor,
        "maxFeePerGas": (2 * int(base_fee) + int(tip)) * factor,  # good for six full blocks in a row
    }
