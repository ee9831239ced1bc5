"""A chain in this process, the committed artefact on it, and named actors who act on it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils import keccak, to_bytes, to_hex

from tests.contracts import abi
from tests.contracts.typed_data import Fields, intent_message, sign, verdict_message

Receipt = dict[str, Any]

GATE, UPLOADER, REVIEWER, CREDENTIALS = 1, 2, 4, 8
NONE, ACTIVE, DISPUTED, REVOKED = 0, 1, 2, 3
PUBLIC, PRIVATE = 0, 1
IMAGE, VIDEO, DAG_PB = 1, 2, 0x80
NOT_JUDGED = 255
FAR = 2**40  # Unix seconds that no test reaches
GAS = 4_000_000
EMPTY_HASH = bytes(32)


def hash_of(text: str) -> bytes:
    """32 bytes that stand for a hash of something."""
    return keccak(text=text)


def actor(name: str) -> LocalAccount:
    """An account whose key is made from its name."""
    account: LocalAccount = Account.from_key(keccak(text=f"actor {name}"))
    return account


ADMIN, ARBITER, OPERATOR = actor("admin"), actor("arbiter"), actor("operator")
ALICE, BOB, STRANGER = actor("alice"), actor("bob"), actor("stranger")
GATES = sorted((actor(f"gate {k}") for k in range(4)), key=lambda account: int(account.address, 16))
ACTORS = (ADMIN, ARBITER, OPERATOR, ALICE, BOB, STRANGER, *GATES)
INSTANCE_ID = hash_of("this installation")


@dataclass(frozen=True)
class Submission:
    """The arguments of one ``register`` call and who sends it."""

    admission: Fields
    opinions: tuple[Fields, ...]
    gate_sigs: tuple[bytes, ...]
    intent: Fields
    intent_sig: bytes
    sender: LocalAccount = STRANGER

    def arguments(self) -> tuple[Any, ...]:
        opinions = [tuple(opinion.values()) for opinion in self.opinions]
        return (
            tuple(self.admission.values()),
            opinions,
            list(self.gate_sigs),
            tuple(self.intent.values()),
            self.intent_sig,
        )


class RevertedError(AssertionError):
    """The contract reverted with this error."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        super().__init__(f"{name}{arguments}")
        self.name = name
        self.arguments = arguments


@dataclass(frozen=True)
class Happened:
    """One event: its name and its arguments by name."""

    name: str
    args: Fields = field(default_factory=dict)


class Stage:
    """One chain with one registry on it, and what the actors can do there."""

    def __init__(self, *, gates: Sequence[LocalAccount] = GATES[:3], threshold: int = 2) -> None:
        self.backend = PyEVMBackend()
        self.tester = EthereumTester(self.backend)
        bank = self.tester.get_accounts()[0]
        for account in ACTORS:
            self.tester.add_account(account.key.to_0x_hex())
            self.tester.send_transaction({"from": bank, "to": account.address, "value": 10**19, "gas": 21_000})
        self.address = self.deploy([gate.address for gate in gates], threshold)

    # -- the chain -------------------------------------------------------------------------------------------

    def transact(self, sender: LocalAccount, data: bytes, *, to: str = "") -> Receipt:
        """The receipt of a transaction that must succeed; without `to`, of one that creates a contract.

        Raises:
            RevertedError: the contract reverted.
        """
        transaction = self._transaction(sender, data, to)
        receipt: Receipt = self.tester.get_transaction_receipt(self.tester.send_transaction(transaction))
        if receipt["status"] != 1:
            self.ask(sender, data, to=to)  # a failed transaction changed nothing and gives no reason: ask for it
            pytest.fail(f"the transaction failed with {receipt['gas_used']} gas used, and would not fail again")
        return receipt

    def ask(self, sender: LocalAccount, data: bytes, *, to: str = "") -> bytes:
        """What the transaction would return; nothing is sent.

        Raises:
            RevertedError: the contract would revert.
        """
        try:
            return to_bytes(hexstr=self.tester.call(self._transaction(sender, data, to)))
        except TransactionFailed as failure:
            name, arguments = abi.error(ast.literal_eval(str(failure)))
            raise RevertedError(name, arguments) from failure

    def _transaction(self, sender: LocalAccount, data: bytes, to: str) -> Fields:
        transaction = {"from": sender.address, "data": to_hex(data), "gas": GAS}
        return transaction | {"to": to} if to else transaction

    def block(self, number: int | str = "latest") -> Fields:
        block: Fields = self.tester.get_block_by_number(number)
        return block

    # -- the registry ----------------------------------------------------------------------------------------

    def deploy(
        self,
        gates: Sequence[str],
        threshold: int,
        *,
        instance_id: bytes = INSTANCE_ID,
        admin: str = ADMIN.address,
        arbiter: str = ARBITER.address,
        operator: str = OPERATOR.address,
    ) -> str:
        """The address of a new registry."""
        data = abi.construction([instance_id, admin, arbiter, operator, gates, threshold])
        return str(self.transact(STRANGER, data)["contract_address"])

    def call(self, name: str, *arguments: Any, sender: LocalAccount) -> tuple[Happened, ...]:
        """The events of a call that `sender` sends."""
        return self.happened(self.transact(sender, abi.call_data(name, arguments), to=self.address))

    def rehearse(self, name: str, *arguments: Any, sender: LocalAccount) -> None:
        """Nothing, and nothing is sent; raises `RevertedError` where the call would."""
        self.ask(sender, abi.call_data(name, arguments), to=self.address)

    def read(self, name: str, *arguments: Any) -> Any:
        return abi.answer(name, self.ask(STRANGER, abi.call_data(name, arguments), to=self.address))

    def happened(self, receipt: Receipt) -> tuple[Happened, ...]:
        """The events of one transaction, in order."""
        return tuple(
            Happened(*abi.event([to_bytes(hexstr=topic) for topic in log["topics"]], to_bytes(hexstr=log["data"])))
            for log in receipt["logs"]
        )

    @property
    def domain(self) -> Fields:
        return {
            "name": "Touchstone",
            "version": "1",
            "chainId": self.backend.chain.chain_id,
            "verifyingContract": self.address,
            "salt": INSTANCE_ID,
        }

    def submission(
        self,
        *,
        uploader: LocalAccount = ALICE,
        gates: Sequence[LocalAccount] = GATES[:2],
        signed: bool = True,
        sender: LocalAccount = STRANGER,
        domain: Fields | None = None,
        admission: Fields | None = None,
        opinion: Fields | None = None,
        intent: Fields | None = None,
    ) -> Submission:
        """A submission that is in order but for the changes asked for, signed as it then stands."""
        domain = domain or self.domain
        full_admission = {
            "digest": hash_of("a file"),
            "fingerprintHash": hash_of("its fingerprint document"),
            "contentHash": hash_of("its content"),
            "kind": IMAGE,
            "uploader": uploader.address,
            "policyId": hash_of("the policy"),
            "levels": GATE | (UPLOADER if signed else 0),
            "earnsReputation": True,
            "deadline": FAR,
        } | (admission or {})
        full_intent = {
            "digest": full_admission["digest"],
            "uploader": uploader.address,
            "visibility": PUBLIC,
            "claimsHash": hash_of("the claims"),
            "nonce": 7,
            "deadline": FAR,
        } | (intent or {})
        opinions = tuple(
            {"modelId": hash_of(f"model {k}"), "band": k % 5, "thresholdBps": 5000 + k, "issuedAt": 1_700_000_000 + k}
            | (opinion or {})
            for k in range(len(gates))
        )
        return Submission(
            admission=full_admission,
            opinions=opinions,
            gate_sigs=tuple(
                sign(gate, verdict_message(domain, full_admission, finding))
                for gate, finding in zip(gates, opinions, strict=True)
            ),
            intent=full_intent,
            intent_sig=sign(uploader, intent_message(domain, full_intent)) if signed else b"",
            sender=sender,
        )

    def register(self, submission: Submission) -> tuple[Happened, ...]:
        return self.happened(self.register_receipt(submission))

    def register_receipt(self, submission: Submission) -> Receipt:
        return self.transact(submission.sender, abi.call_data("register", submission.arguments()), to=self.address)
