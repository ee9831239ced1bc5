"""Transactions of one account: run first, priced, signed, and sent so that twice is once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from eth_account import Account
from eth_typing import ChecksumAddress
from eth_utils.exceptions import ValidationError
from hexbytes import HexBytes
from rlp.exceptions import RLPException
from web3 import Web3
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.types import TxParams, Wei

from registry.adapters.contract import ledger_errors, rpc_message
from registry.adapters.fees import NO_CAP, FeePolicy
from registry.errors import NonceTakenError, NotTakenYetError, TransactionRevertedError
from registry.model import SignedTransaction
from registry.ports import Signer

GAS_MARGIN = 1.2  # on the node's estimate: another's transaction may come between and make storage cold or new
# What nodes say (geth, anvil, Hardhat) of a transaction that they may well take later.
TEMPORARY = (
    "underpriced",
    "pool is full",
    "insufficient funds",
    "enough funds",
    "block base fee",
    "basefeepergas",
)

NO_TRANSACTION = (ValueError, TypeError, IndexError, RLPException, ValidationError)  # from eth_account and below


def prepare(
    web3: Web3,
    endpoint: str,
    signer: Signer,
    call: Mapping[str, Any],
    *,
    replaces: SignedTransaction | None = None,
    value_wei: int = 0,
    fees: FeePolicy = NO_CAP,
) -> SignedTransaction:
    """Return the signed transaction for ``call`` (``data`` and, unless it creates a contract, ``to``); send nothing.

    It is first run in the next block's circumstances, so that a refusal shows before a fee is paid. A replacement is
    run on the latest block instead: the next one holds the waiting transaction that it replaces.

    Args:
        web3: the network.
        endpoint: its name in messages.
        signer: whose account pays.
        call: what is sent.
        replaces: the waiting transaction whose nonce this one takes, for higher fees; absent for the account's next.
        value_wei: sent along.
        fees: how much it may cost.

    Raises:
        TransactionRevertedError: the contract would refuse it.
        FeeTooHighError: the network asks more than the cap.
    """
    sender = Web3.to_checksum_address(signer.address.hex)
    circumstances: Literal["pending", "latest"] = "pending" if replaces is None else "latest"
    with ledger_errors(endpoint):
        simulated = TxParams({"from": sender, "data": call["data"], "value": Wei(value_wei)})
        if "to" in call:
            simulated["to"] = call["to"]
            web3.eth.call(simulated, circumstances)
        gas = int(web3.eth.estimate_gas(simulated, circumstances) * GAS_MARGIN)
        fields = {
            **call,
            **fees.fees(web3, replaces=replaces).fields(),
            "value": value_wei,
            "gas": gas,
            "nonce": web3.eth.get_transaction_count(sender, "latest") if replaces is None else replaces.nonce,
            "chainId": web3.eth.chain_id,
        }
    return signer.sign_transaction(fields)


def submit(web3: Web3, endpoint: str, transaction: SignedTransaction) -> None:
    """Send the transaction; one that the network has already, waiting or included, is no error.

    Raises:
        NonceTakenError: another of the account's transactions was included under its nonce.
        TransactionRevertedError: the network will not take it.
        NotTakenYetError: it will not take it now: too little is offered, too little funds, a full pool.
    """
    with ledger_errors(endpoint):
        try:
            web3.eth.send_raw_transaction(transaction.raw)
        except Web3RPCError as exc:
            # nodes word it differently ("already known", "nonce too low"), so ask whether they have it
            if _is_known(web3, transaction.tx_hash):
                return
            sender = _sender(transaction)
            if sender is not None and web3.eth.get_transaction_count(sender, "latest") > transaction.nonce:
                raise NonceTakenError(sender, nonce=transaction.nonce) from exc
            said = rpc_message(exc)
            if any(word in said.lower() for word in TEMPORARY):
                raise NotTakenYetError(f"{endpoint} does not take nonce {transaction.nonce} yet: {said}") from exc
            raise TransactionRevertedError("RefusedByTheNetwork", (said,)) from exc


def _sender(transaction: SignedTransaction) -> ChecksumAddress | None:
    """Return who signed it, or nothing where the bytes are no transaction."""
    try:
        return Web3.to_checksum_address(Account.recover_transaction(transaction.raw))
    except NO_TRANSACTION:
        return None


def _is_known(web3: Web3, tx_hash: bytes) -> bool:
    try:
        web3.eth.get_transaction(HexBytes(tx_hash))
    except TransactionNotFound:
        return False
    return True
