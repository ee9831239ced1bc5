"""Rejections on the ledger: epochs closed, tallies disputed and proven."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import TransactionNotFound
from web3.types import TxParams

from registry.adapters.contract import ledger_errors
from registry.adapters.epoch_rows import EPOCH_QUERY, TALLY_DISPUTE_QUERY, closed_of
from registry.adapters.event_table import EventTable
from registry.adapters.sending import Sending
from registry.eip712 import Domain, epoch_message, recover
from registry.model import (
    Address,
    ClosedEpoch,
    EpochClose,
    GateSignature,
    Inclusion,
    Opening,
    SignedEpochClose,
    Tally,
    TallyDispute,
)
from registry.ports import Signer

FEES_WEI = 10**18  # more than a dispute's gas can cost


class Epochs:
    """The part of `EthereumLedger` that implements `registry.ports.EpochLedger`."""

    def __init__(
        self,
        web3: Web3,
        contract: Contract,
        table: EventTable,
        sync: Callable[[], None],
        sending: Sending,
        *,
        domain: Domain,
        recorder: Signer,
        endpoint: str,
        gives_coins: bool,
    ) -> None:
        """Read the contract's events and state, and send to it.

        Args:
            web3: how to reach the network.
            contract: the registry.
            table: its events.
            sync: brings the table up to the latest block.
            sending: takes calls to the chain.
            domain: of the installation.
            recorder: sends all but disputes.
            endpoint: the network's name in messages.
            gives_coins: to disputers who have none.
        """
        self._web3 = web3
        self._contract = contract
        self._table = table
        self._sync = sync
        self._sending = sending
        self._domain = domain
        self._recorder = recorder
        self._endpoint = endpoint
        self._gives_coins = gives_coins

    def closed(self, epoch: int) -> ClosedEpoch | None:
        """Return an epoch as it closed, or nothing while it is open."""
        self._sync()
        return closed_of(self._table.select(EPOCH_QUERY, (epoch,)))

    def close(self, signed: SignedEpochClose) -> Inclusion:
        """Close an epoch and return where that stands."""
        close = signed.close
        tallies = [(_account(tally.uploader), tally.count) for tally in close.tallies]
        fields = (close.epoch, close.root, tallies, close.deadline)
        return self._sending.act(self._recorder, "closeEpoch", fields, [each.signature for each in signed.signatures])

    def signed(self, epoch: int) -> SignedEpochClose | None:
        """Return what the gates signed when an epoch closed, read from the transaction that closed it.

        Nothing where it cannot be: a transaction may call the contract through another one.
        """
        closed = self.closed(epoch)
        if closed is None:
            return None
        with ledger_errors(self._endpoint):
            try:
                data = self._web3.eth.get_transaction(HexBytes(closed.inclusion.tx_hash))["input"]
                function, arguments = self._contract.decode_function_input(data)
            except (TransactionNotFound, ValueError):  # pruned by the node, or another contract's call
                return None
        if function.fn_name != "closeEpoch" or arguments["e"]["epoch"] != epoch:
            return None
        tallies = tuple(Tally(Address.from_hex(each["uploader"]), each["count"]) for each in arguments["e"]["tallies"])
        close = EpochClose(epoch, bytes(arguments["e"]["rejectionRoot"]), tallies, arguments["e"]["deadline"])
        message = epoch_message(self._domain, close)
        signatures = [bytes(each) for each in arguments["gateSigs"]]
        return SignedEpochClose(close, tuple(GateSignature(recover(message, each), each) for each in signatures))

    def dispute(self, epoch: int, uploader: Address, *, by: Signer) -> Inclusion:
        """Ask to see an epoch's rejections of an uploader, for the bond, and return where that stands.

        On the embedded ledger, whose coin has no value, an uploader without any is given what it needs.
        """
        with ledger_errors(self._endpoint):
            bond = int(self._contract.functions.bondOf(_account(by.address)).call(_caller(by)))
            is_poor = self._gives_coins and self._web3.eth.get_balance(_account(by.address)) < FEES_WEI + bond
        if is_poor:
            self._sending.give(self._recorder, by.address, FEES_WEI + bond)
        return self._sending.act(by, "disputeTally", epoch, _account(uploader), value_wei=bond)

    def answer(self, epoch: int, uploader: Address, openings: Sequence[Opening]) -> Inclusion:
        """Prove disputed rejections and return where that stands."""
        fields = [
            (each.intent_hash, each.detail_hash, each.salt, each.intent_signature, list(each.path)) for each in openings
        ]
        return self._sending.act(self._recorder, "answerTally", epoch, _account(uploader), fields)

    def disputes(self) -> tuple[TallyDispute, ...]:
        """Return the disputes of tallies that are open, in the order in which they were opened."""
        self._sync()
        return tuple(self._open())

    def _open(self) -> Iterator[TallyDispute]:
        """Yield those that the contract's state knows among all that were ever opened."""
        for epoch, uploader in dict.fromkeys(self._table.select(TALLY_DISPUTE_QUERY)):
            of = Address(uploader)
            with ledger_errors(self._endpoint):
                state = self._contract.functions.tallyDisputeOf(epoch, _account(of)).call(_caller(self._recorder))
            challenger, opened_at, _, rejections = state
            if rejections:  # none are to be proven once it is over
                yield TallyDispute(epoch, of, Address.from_hex(challenger), opened_at, rejections)


def _account(address: Address) -> ChecksumAddress:
    return Web3.to_checksum_address(address.hex)


def _caller(signer: Signer) -> TxParams:
    return TxParams({"from": _account(signer.address)})
