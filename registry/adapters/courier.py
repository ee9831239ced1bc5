"""Takes acts to the chain, one of an account at a time, and sees to it that none is lost, doubled or left stuck."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.types import TxReceipt

from registry.adapters import transactions
from registry.adapters.contract import ledger_errors
from registry.adapters.fees import NO_CAP, FeePolicy
from registry.adapters.outbox import Call, Outbox, Sent
from registry.errors import (
    FeeTooHighError,
    LedgerUnavailableError,
    NonceTakenError,
    NotTakenYetError,
    TransactionRevertedError,
)
from registry.model import SignedTransaction
from registry.ports import Signer

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

INCLUSION_WAIT_S = 120.0  # ten blocks of a network with 12 s slots
FIRST_POLL_S = 0.005  # a fast node includes within this, and web3's own 0.1 s would cap it at ten a second
LAST_POLL_S = 2.0  # a slow network is not asked more often than this
STUCK_AFTER_S = 180


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """How transactions are sent.

    Attributes:
        fees: how much one may cost.
        stuck_after_s: how long one may wait before the same call goes out for higher fees.
    """

    fees: FeePolicy = NO_CAP
    stuck_after_s: int = STUCK_AFTER_S


class Courier:
    """Sends calls of several accounts; callers of one account take turns (the journal's lock)."""

    def __init__(self, web3: Web3, outbox: Outbox, *, endpoint: str, policy: SendingPolicy) -> None:
        self._web3 = web3
        self._outbox = outbox
        self._endpoint = endpoint
        self._policy = policy

    def prepare(self, signer: Signer, call: Call, *, replaces: SignedTransaction | None = None) -> SignedTransaction:
        """Return the signed transaction that makes the call; what the account sent before is settled first.

        Raises:
            TransactionRevertedError: the contract would refuse it now.
            LedgerUnavailableError: an act of this account still waits, or the network cannot be reached.
            FeeTooHighError: the network asks more than the cap.
        """
        if replaces is None:
            self.settle(signer)
        return transactions.prepare(
            self._web3,
            self._endpoint,
            signer,
            {"to": call.to, "data": call.data},
            replaces=replaces,
            value_wei=call.value_wei,
            fees=self._policy.fees,
        )

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known or included is no error.

        Raises:
            TransactionRevertedError: the network refused it.
        """
        transactions.submit(self._web3, self._endpoint, transaction)

    def deliver(self, signer: Signer, call: Call) -> TxReceipt:
        """Make a call and return its receipt, of success or failure.

        Raises:
            TransactionRevertedError: the contract or the network refuses it; nothing waits.
            NotTakenYetError: the network does not take it now; nothing waits.
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`; it is kept and goes first.
        """
        transaction = self.prepare(signer, call)
        self._outbox.put(signer.address, Sent(call, transaction, _now()))
        try:
            self.submit(transaction)
        except (TransactionRevertedError, NotTakenYetError):
            self._outbox.drop(signer.address, transaction.nonce)
            raise
        return self._see_through(signer)

    def settle(self, signer: Signer) -> None:
        """See what this account sent before to its end: the nonce after it must not go first.

        Raises:
            LedgerUnavailableError: it is not included within `INCLUSION_WAIT_S`.
        """
        while waiting := self._outbox.waiting(signer.address):
            nonce = waiting[0].transaction.nonce
            _log.warning("nonce %d of %s was sent and not seen included: it goes first", nonce, signer.address)
            try:
                self._see_through(signer)
            except NonceTakenError as exc:
                _log.warning("%s", exc)

    def receipt(self, *tx_hashes: bytes, wait_s: float) -> TxReceipt | None:
        """Return the receipt of whichever of these is included, or nothing after ``wait_s``."""
        with ledger_errors(self._endpoint):
            return poll(lambda: next(filter(None, map(self._receipt, tx_hashes)), None), wait_s)

    def _see_through(self, signer: Signer) -> TxReceipt:
        """Wait for what waits in the outbox, raise its fees when it is stuck, and drop it once its nonce is spent."""
        until = time.monotonic() + INCLUSION_WAIT_S
        while True:
            waiting = self._outbox.waiting(signer.address)
            latest = waiting[-1]
            hashes = [sent.transaction.tx_hash for sent in waiting]
            patience_s = max(0.0, latest.sent_at + self._policy.stuck_after_s - time.time())
            receipt = self.receipt(*hashes, wait_s=min(patience_s, until - time.monotonic()))
            if receipt is not None:
                self._outbox.drop(signer.address, latest.transaction.nonce)
                return receipt
            stuck = time.time() >= latest.sent_at + self._policy.stuck_after_s
            self._send_again(signer, latest, raised=stuck)
            if time.monotonic() >= until:
                raise LedgerUnavailableError(
                    f"0x{latest.transaction.tx_hash.hex()} is not included after {INCLUSION_WAIT_S:.0f} s; it is kept, "
                    "and goes before whatever this account sends next"
                )

    def _send_again(self, signer: Signer, latest: Sent, *, raised: bool) -> None:
        transaction = latest.transaction
        if raised:
            try:
                transaction = self.prepare(signer, latest.call, replaces=latest.transaction)
            except (FeeTooHighError, TransactionRevertedError) as exc:  # what is on its way may still come in
                _log.warning("nonce %d of %s: %s", transaction.nonce, signer.address, exc)
            # kept even where the fees stay: it is looked at again only after as long a time
            self._outbox.put(signer.address, Sent(latest.call, transaction, _now()))
        try:
            self.submit(transaction)
        except NonceTakenError:
            if self.receipt(*self._hashes(signer), wait_s=0.0) is None:
                self._outbox.drop(signer.address, transaction.nonce)
                raise
        except (TransactionRevertedError, NotTakenYetError) as exc:  # the one before it is on its way all the same
            _log.warning("nonce %d of %s: %s", transaction.nonce, signer.address, exc)

    def _hashes(self, signer: Signer) -> list[bytes]:
        return [sent.transaction.tx_hash for sent in self._outbox.waiting(signer.address)]

    def _receipt(self, tx_hash: bytes) -> TxReceipt | None:
        try:
            return self._web3.eth.get_transaction_receipt(HexBytes(tx_hash))
        except TransactionNotFound:
            return None


def poll(ask: Callable[[], Answer], wait_s: float) -> Answer:
    """Return the first answer that is something, or the last one when the time is over."""
    until = time.monotonic() + wait_s
    pause = FIRST_POLL_S
    while not (answer := ask()) and time.monotonic() + pause < until:
        time.sleep(pause)  # nothing to wait for: over HTTP a node tells nobody when a block comes
        pause = min(2 * pause, LAST_POLL_S)
    return answer


def _now() -> int:
    return int(time.time())
