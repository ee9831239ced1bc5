"""What is offered for a transaction: enough, never more than the cap, and enough more to replace a waiting one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3.exceptions import MethodNotSupported

from registry.adapters.fees import GWEI, MOST_OVER, PRIORITY_FEE_WEI, FeePolicy, Fees
from registry.errors import FeeTooHighError
from registry.model import SignedTransaction
from tests.fakes import RECORDER

PRICES = st.integers(1, 10_000 * GWEI)


@dataclass
class Network:
    """What a node says of fees: none of what is absent."""

    base_fee: int | None = GWEI
    rewards: tuple[int, ...] = ()
    tip: int | None = None
    price: int = GWEI
    has_history: bool = True

    @property
    def eth(self) -> Network:
        return self

    def fee_history(self, blocks: int, newest: str, percentiles: list[float]) -> dict[str, Any]:
        if not self.has_history or self.base_fee is None:
            raise MethodNotSupported("eth_feeHistory")
        return {"baseFeePerGas": [1, self.base_fee], "reward": [[reward] for reward in self.rewards]}

    def get_block(self, which: str) -> dict[str, int]:
        return {} if self.base_fee is None else {"baseFeePerGas": self.base_fee}

    @property
    def max_priority_fee(self) -> int:
        if self.tip is None:
            raise MethodNotSupported("eth_maxPriorityFeePerGas")
        return self.tip

    @property
    def gas_price(self) -> int:
        return self.price


def signed(fees: Fees) -> SignedTransaction:
    fields = {"to": "0x" + "11" * 20, "value": 0, "gas": 21_000, "nonce": 7, "chainId": 1}
    return RECORDER.sign_transaction(fields | fees.fields())


def offered(network: Network, *, cap: int | None = None, replaces: Fees | None = None) -> Fees:
    policy = FeePolicy(cap)
    return policy.fees(network, replaces=signed(replaces) if replaces else None)  # type: ignore[arg-type]  # what is asked of web3


def test_above_the_cap_nothing_is_offered_and_the_message_says_both() -> None:
    with pytest.raises(FeeTooHighError, match=r"at most 20 gwei .* the network asks 31"):
        offered(Network(30 * GWEI, rewards=(GWEI,)), cap=20 * GWEI)


def test_a_replacement_above_the_cap_is_not_made() -> None:
    with pytest.raises(FeeTooHighError):
        offered(Network(GWEI), cap=20 * GWEI, replaces=Fees(19 * GWEI, GWEI))


def test_a_transaction_that_waits_for_something_else_than_its_price_is_not_raised_for_ever() -> None:
    fees = offered(Network())
    with pytest.raises(FeeTooHighError, match="waits for something else"):
        for _ in range(100):
            fees = offered(Network(), replaces=fees)
    assert fees.max_fee <= MOST_OVER * offered(Network()).max_fee


def test_two_base_fees_and_the_middle_tip_of_recent_blocks_are_offered() -> None:
    assert offered(Network(5, rewards=(0, 3, 9, 4))) == Fees(14, 4)


def test_where_recent_blocks_are_empty_the_node_says_what_to_tip() -> None:
    assert offered(Network(5, rewards=(0, 0), tip=2)) == Fees(12, 2)
    assert offered(Network(5, rewards=(0, 0))) == Fees(10 + PRIORITY_FEE_WEI, PRIORITY_FEE_WEI)


def test_without_a_fee_history_the_latest_block_has_the_base_fee() -> None:
    assert offered(Network(5, tip=2, has_history=False)) == Fees(12, 2)


def test_a_network_without_eip_1559_gets_its_gas_price() -> None:
    fees = offered(Network(base_fee=None, price=7))
    assert (fees, fees.fields()) == (Fees(7, None), {"gasPrice": 7})


@given(max_fee=PRICES, tip=PRICES | st.none())
def test_a_signed_transaction_says_what_it_offers(max_fee: int, tip: int | None) -> None:
    fees = Fees(max_fee + (tip or 0), tip)
    assert Fees.of(signed(fees)) == fees


@given(base_fee=PRICES, tip=PRICES, before=PRICES, cap=PRICES | st.none())
def test_a_replacement_offers_an_eighth_more_of_both_and_what_is_asked_and_never_more_than_the_cap(
    base_fee: int, tip: int, before: int, cap: int | None
) -> None:
    try:
        fees = offered(Network(base_fee, rewards=(tip,)), cap=cap, replaces=Fees(2 * before, before))
    except FeeTooHighError:
        return
    assert fees.tip is not None
    assert fees.tip >= max(tip, before * 1.125)
    assert fees.max_fee >= max(base_fee + tip, 2 * before * 1.125)
    assert fees.max_fee >= fees.tip
    assert cap is None or fees.max_fee <= cap


@given(price=PRICES, before=PRICES)
def test_a_replacement_on_a_network_without_eip_1559_offers_an_eighth_more(price: int, before: int) -> None:
    try:
        fees = offered(Network(base_fee=None, price=price), replaces=Fees(before, None))
    except FeeTooHighError:
        return
    assert fees.max_fee >= max(price, before * 1.125)
