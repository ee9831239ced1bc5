"""A chain in this process that starts at a fixed time, with money for every actor."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils import to_bytes, to_hex

from tests.contracts import abi
from tests.contracts.actors import ACTORS, DAY, START
from tests.contracts.typed_data import Fields

Receipt = dict[str, Any]
GAS = 8_000_000


class RevertedError(AssertionError):
    """The contract reverted with this error."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        super().__init__(f"{name}{arguments}")
        self.name = name
        self.arguments = arguments


class Chain:
    """Blocks, their times, and transactions."""

    def __init__(self) -> None:
        self.backend = PyEVMBackend()
        self.tester = EthereumTester(self.backend)
        bank = self.tester.get_accounts()[0]
        for account in ACTORS:
            self.tester.add_account(account.key.to_0x_hex())
            self.tester.send_transaction({"from": bank, "to": account.address, "value": 10**19, "gas": 21_000})
        self.travel(START)

    def transact(self, sender: LocalAccount, data: bytes, *, to: str = "", value: int = 0) -> Receipt:
        """The receipt of a transaction that must succeed; without `to`, of one that creates a contract.

        Raises:
            RevertedError: the contract reverted.
        """
        transaction = self._transaction(sender, data, to, value)
        receipt: Receipt = self.tester.get_transaction_receipt(self.tester.send_transaction(transaction))
        if receipt["status"] != 1:
            self.ask(
                sender, data, to=to, value=value
            )  # a failed transaction changed nothing and gives no reason: ask for it
            pytest.fail(f"the transaction failed with {receipt['gas_used']} gas used, and would not fail again")
        return receipt

    def ask(self, sender: LocalAccount, data: bytes, *, to: str = "", value: int = 0) -> bytes:
        """What the transaction would return; nothing is sent.

        Raises:
            RevertedError: the contract would revert.
        """
        try:
            return to_bytes(hexstr=self.tester.call(self._transaction(sender, data, to, value)))
        except TransactionFailed as failure:
            name, arguments = abi.error(ast.literal_eval(str(failure)))
            raise RevertedError(name, arguments) from failure

    def _transaction(self, sender: LocalAccount, data: bytes, to: str, value: int) -> Fields:
        transaction = {"from": sender.address, "data": to_hex(data), "gas": GAS, "value": value}
        return transaction | {"to": to} if to else transaction

    def block(self, number: int | str = "latest") -> Fields:
        block: Fields = self.tester.get_block_by_number(number)
        return block

    @property
    def now(self) -> int:
        """Unix seconds of the latest block, which is what reads see."""
        return int(self.block()["timestamp"])

    @property
    def today(self) -> int:
        return self.now // DAY

    def travel(self, to: int) -> None:
        """The next block, and so the next transaction, is of this Unix second."""
        self.tester.time_travel(to)

    def wait(self, seconds: int) -> None:
        """The latest block is that much later than the one before."""
        self.travel(self.now + seconds)
        self.tester.mine_block()

    def start_of_day(self, days: int) -> None:
        """The latest block is of the first second of the day `days` from today."""
        self.wait((self.today + days) * DAY - self.now)

    def balance(self, address: str) -> int:
        return int(self.tester.get_balance(address))
