"""``withdrawCredit``: everybody takes out what is its own, once."""

from __future__ import annotations

import pytest
from eth_utils import to_bytes

from tests.contracts import abi
from tests.contracts.actors import ALICE, BOB, BOND, DISMISSED, GUARDIAN, REMOVED, STRANGER
from tests.contracts.bytecode import ASCETIC, GREEDY, place
from tests.contracts.chain import Receipt, RevertedError
from tests.contracts.stage import Happened, Stage


def through(stage: Stage, puppet: str, name: str, *arguments: object, value: int = 0) -> Receipt:
    """The receipt of a call that a contract sends to the registry."""
    told = to_bytes(hexstr=stage.address) + abi.call_data(name, arguments)
    return stage.transact(STRANGER, told, to=puppet, value=value)


def test_who_has_nothing_gets_nothing(stage: Stage) -> None:
    stage.dispute(stage.file("a file"), by=BOB)
    before = stage.balance(ALICE.address)
    events = stage.call("withdrawCredit", sender=ALICE)
    assert events == (Happened("CreditWithdrawn", {"account": ALICE.address, "amount": 0}),)
    assert stage.balance(ALICE.address) <= before
    assert stage.balance(stage.address) == BOND


@pytest.mark.parametrize("ruling", [DISMISSED, REMOVED])
def test_a_bond_goes_out_once_to_whom_it_was_awarded(stage: Stage, ruling: int) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    stage.rule(digest, ruling)
    winner = ALICE if ruling == DISMISSED else BOB
    stage.call("pause", sender=GUARDIAN)
    events = stage.call("withdrawCredit", sender=winner)
    assert events == (Happened("CreditWithdrawn", {"account": winner.address, "amount": BOND}),)
    assert stage.read("creditOf", winner.address) == 0
    assert stage.balance(stage.address) == 0
    assert stage.call("withdrawCredit", sender=winner)[0].args["amount"] == 0


def test_a_receiver_that_asks_again_while_it_is_paid_is_paid_once(stage: Stage) -> None:
    puppet, first, second = place(stage, GREEDY), stage.file("one"), stage.file("two")
    through(stage, puppet, "dispute", first, 1, bytes(32), value=BOND)
    stage.dispute(second)  # somebody else's bond, which could be stolen
    stage.rule(first, REMOVED)
    assert stage.read("creditOf", puppet) == BOND
    events = stage.happened(through(stage, puppet, "withdrawCredit"))
    assert [(event.name, event.args["amount"]) for event in events] == [
        ("CreditWithdrawn", BOND),
        ("CreditWithdrawn", 0),
    ]
    assert stage.balance(puppet) == BOND
    assert stage.balance(stage.address) == BOND


def test_a_receiver_that_takes_no_money_keeps_its_credit_and_harms_nobody(stage: Stage) -> None:
    puppet, digest = place(stage, ASCETIC), stage.file("a file")
    through(stage, puppet, "dispute", digest, 1, bytes(32), value=BOND)
    stage.rule(digest, REMOVED)
    with pytest.raises(RevertedError, match="FailedCall"):
        through(stage, puppet, "withdrawCredit")
    assert stage.read("creditOf", puppet) == BOND == stage.balance(stage.address)


def test_the_registry_takes_no_money_but_bonds(stage: Stage) -> None:
    for data in (b"", abi.call_data("withdrawCredit", ()), abi.call_data("counts", ())):
        with pytest.raises(RevertedError):
            stage.transact(BOB, data, to=stage.address, value=1)
    assert stage.balance(stage.address) == 0
