"""What a transaction may cost: EIP-1559 fees from the latest blocks, a cap, and more for one that replaces another."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import rlp
from web3 import Web3
from web3.exceptions import MethodNotSupported, Web3RPCError, Web3ValueError
from web3.types import Wei

from registry.errors import FeeTooHighError
from registry.model import SignedTransaction

GWEI = 10**9
PRIORITY_FEE_WEI = GWEI  # where a node has no opinion: what geth suggests on a quiet network
# Nodes replace a waiting transaction only for more of both fees: geth, anvil and Hardhat ask 10 %, Nethermind and
# former Parity 12.5 %.
BUMP_PERCENT = 125
# A transaction that offers this many times what the network asks is held up by something else than its fees.
MOST_OVER = 10
HISTORY_BLOCKS = 10
HISTORY_PERCENTILE = 50.0  # what the middle transaction of a block left to its proposer
DYNAMIC_FEE_TYPE = 2  # EIP-1559's, by the first byte of EIP-2718


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers for a unit of gas, in wei.

    Attributes:
        max_fee: at most, in all.
        tip: of that to the proposer, at most; absent on a network without EIP-1559, where ``max_fee`` is the gas price.
    """

    max_fee: int
    tip: int | None

    def fields(self) -> dict[str, int]:
        """Return them as a transaction's fields."""
        if self.tip is None:
            return {"gasPrice": self.max_fee}
        return {"type": DYNAMIC_FEE_TYPE, "maxPriorityFeePerGas": self.tip, "maxFeePerGas": self.max_fee}

    @staticmethod
    def of(transaction: SignedTransaction) -> Fees:
        """Return what a signed transaction offers."""
        if transaction.raw[0] == DYNAMIC_FEE_TYPE:
            _, _, tip, max_fee, *_ = rlp.decode(transaction.raw[1:])
            return Fees(int.from_bytes(max_fee), int.from_bytes(tip))
        _, price, *_ = rlp.decode(transaction.raw)
        return Fees(int.from_bytes(price), None)


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """How much we are ready to pay.

    Attributes:
        max_fee_wei: for a unit of gas, at most; absent for no cap.
    """

    max_fee_wei: int | None = None

    def fees(self, web3: Web3, *, replaces: SignedTransaction | None = None) -> Fees:
        """Return what the next transaction should offer.

        Args:
            web3: the network.
            replaces: the waiting transaction under whose nonce it will be sent.

        Raises:
            FeeTooHighError: the network asks more than the cap, for inclusion now or for a replacement; or the latter
                would offer `MOST_OVER` times what the network asks.
        """
        least, wanted = _asked(web3)
        if replaces is not None:
            before = Fees.of(replaces)
            bumped = _bumped(before.max_fee)
            if bumped > MOST_OVER * wanted.max_fee:
                raise FeeTooHighError(
                    f"the transaction offers {before.max_fee / GWEI:g} gwei for a unit of gas, the network asks "
                    f"{wanted.max_fee / GWEI:g}: it waits for something else"
                )
            least = Fees(max(least.max_fee, bumped), _higher_tip(least.tip, before.tip))
            wanted = Fees(max(wanted.max_fee, least.max_fee), least.tip)
        if self.max_fee_wei is None:
            return wanted
        if least.max_fee > self.max_fee_wei:
            raise FeeTooHighError(
                f"expected at most {self.max_fee_wei / GWEI:g} gwei for a unit of gas (TOUCHSTONE_MAX_FEE_GWEI), "
                f"the network asks {least.max_fee / GWEI:g}"
            )
        return Fees(min(wanted.max_fee, self.max_fee_wei), wanted.tip)


NO_CAP = FeePolicy()


def _asked(web3: Web3) -> tuple[Fees, Fees]:
    """Return what the next block takes at least, and what is good for six full blocks in a row."""
    history = _history(web3)
    if history is None:  # a network without EIP-1559
        price = Fees(int(web3.eth.gas_price), None)
        return price, price
    base_fee, rewards = history
    paid = [reward for reward in rewards if reward > 0]
    tip = int(statistics.median(paid)) if paid else _suggested_tip(web3)
    return Fees(base_fee + tip, tip), Fees(2 * base_fee + tip, tip)


def _history(web3: Web3) -> tuple[int, list[int]] | None:
    """Return the next block's base fee and what recent blocks left to their proposers; nothing without EIP-1559."""
    try:
        history = web3.eth.fee_history(HISTORY_BLOCKS, "latest", [HISTORY_PERCENTILE])
        if history["baseFeePerGas"] and history["baseFeePerGas"][-1]:
            return int(history["baseFeePerGas"][-1]), [int(reward) for [reward] in history.get("reward") or []]
    except (Web3RPCError, MethodNotSupported, Web3ValueError, KeyError):
        pass  # asked again below, as nodes without `eth_feeHistory` know it
    base_fee = web3.eth.get_block("latest").get("baseFeePerGas")
    return None if base_fee is None else (int(base_fee), [])


def _suggested_tip(web3: Web3) -> int:
    try:
        return int(web3.eth.max_priority_fee)
    except (Web3RPCError, MethodNotSupported):
        return int(Wei(PRIORITY_FEE_WEI))


def _bumped(fee: int) -> int:
    return -(-fee * BUMP_PERCENT // 100)  # rounded up: a wei too little is refused


def _higher_tip(asked: int | None, before: int | None) -> int | None:
    return None if asked is None else max(asked, _bumped(before or 0))
