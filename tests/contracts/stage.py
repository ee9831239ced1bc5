"""A chain in this process, the committed artefact on it, and named actors who act on it."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from eth_utils import keccak
from web3 import EthereumTesterProvider, Web3

from tests.contracts.typed_data import Fields, intent_message, sign, verdict_message

ARTEFACT = json.loads((Path(__file__).parents[2] / "registry" / "adapters" / "MediaRegistry.json").read_bytes())

GATE, UPLOADER, REVIEWER, CREDENTIALS = 1, 2, 4, 8
NONE, ACTIVE, DISPUTED, REVOKED = 0, 1, 2, 3
PUBLIC, PRIVATE = 0, 1
IMAGE, VIDEO, DAG_PB = 1, 2, 0x80
NOT_JUDGED = 255
FAR = 2**40  # Unix seconds that no test reaches
GAS = 2_000_000
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
        self.w3 = Web3(EthereumTesterProvider(self.tester))
        bank = self.w3.eth.accounts[0]
        for account in ACTORS:
            self.tester.add_account(account.key.to_0x_hex())
            self.w3.eth.send_transaction({"from": bank, "to": account.address, "value": 10**19})
        self.contract = self.deploy([gate.address for gate in gates], threshold)
        self.errors = {
            keccak(text=f"{e['name']}({','.join(i['type'] for i in e['inputs'])})")[:4]: e
            for e in ARTEFACT["abi"]
            if e["type"] == "error"
        }

    def deploy(
        self,
        gates: Sequence[str],
        threshold: int,
        *,
        instance_id: bytes = INSTANCE_ID,
        admin: str = ADMIN.address,
        arbiter: str = ARBITER.address,
        operator: str = OPERATOR.address,
    ) -> Any:
        factory = self.w3.eth.contract(abi=ARTEFACT["abi"], bytecode=ARTEFACT["bytecode"])
        construct = factory.constructor(instance_id, admin, arbiter, operator, gates, threshold)
        return self.w3.eth.contract(address=self.send(STRANGER, construct)["contractAddress"], abi=ARTEFACT["abi"])

    def send(self, sender: LocalAccount, call: Any) -> Any:
        """The receipt of a call (or construction) that `sender` sends.

        Raises:
            RevertedError: the contract reverted.
        """
        transaction = call.build_transaction({"from": sender.address, "gas": 2 * GAS})
        receipt = self.w3.eth.get_transaction_receipt(self.w3.eth.send_transaction(transaction))
        if receipt["status"] != 1:
            self.rehearse(sender, call)  # a failed transaction changed nothing and gives no reason: ask for it
            pytest.fail(f"the transaction failed with {receipt['gasUsed']} gas used, and would not fail again")
        return receipt

    def rehearse(self, sender: LocalAccount, call: Any) -> None:
        """Send nothing.

        Raises:
            RevertedError: the contract would revert.
        """
        try:
            self.w3.eth.call(call.build_transaction({"from": sender.address, "gas": 2 * GAS}))
        except TransactionFailed as failure:
            raise self.refusal(failure) from failure

    def refusal(self, failure: TransactionFailed) -> RevertedError:
        data = ast.literal_eval(str(failure).removeprefix("execution reverted: "))
        error = self.errors[data[:4]]
        arguments = self.w3.codec.decode([i["type"] for i in error["inputs"]], data[4:])
        return RevertedError(error["name"], tuple(arguments))

    def call(self, name: str, *arguments: Any, sender: LocalAccount) -> tuple[Happened, ...]:
        return self.happened(self.send(sender, self.contract.functions[name](*arguments)))

    def read(self, name: str, *arguments: Any) -> Any:
        return self.contract.functions[name](*arguments).call()

    def record(self, digest: bytes) -> Fields:
        function = next(e for e in ARTEFACT["abi"] if e.get("name") == "recordOf")
        names = [part["name"] for part in function["outputs"][0]["components"]]
        return dict(zip(names, self.read("recordOf", digest), strict=True))

    def happened(self, receipt: Any) -> tuple[Happened, ...]:
        """The registry's events of one transaction, in order."""
        events = {
            keccak(text=f"{e['name']}({','.join(i['type'] for i in e['inputs'])})"): e["name"]
            for e in ARTEFACT["abi"]
            if e["type"] == "event"
        }
        found = []
        for log in receipt["logs"]:
            event = self.contract.events[events[bytes(log["topics"][0])]]().process_log(log)
            found.append(Happened(event["event"], dict(event["args"])))
        return tuple(found)

    @property
    def domain(self) -> Fields:
        return {
            "name": "Touchstone",
            "version": "1",
            "chainId": self.backend.chain.chain_id,
            "verifyingContract": self.contract.address,
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

    def register_receipt(self, submission: Submission) -> Any:
        return self.send(submission.sender, self.contract.functions.register(*submission.arguments()))
