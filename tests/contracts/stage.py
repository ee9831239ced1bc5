"""The committed artefact on a chain in this process, and what named actors do with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from eth_utils import to_bytes

from tests.contracts import abi
from tests.contracts.actors import (
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    BOND,
    EMPTY_HASH,
    FAR,
    FORGERY,
    GATE,
    GATES,
    GUARDIAN,
    IMAGE,
    INSTANCE_ID,
    NOBODY,
    OPERATOR,
    PUBLIC,
    STRANGER,
    UPLOADER,
    hash_of,
)
from tests.contracts.chain import Chain, Receipt, RevertedError
from tests.contracts.typed_data import (
    Fields,
    epoch_message,
    intent_message,
    rotation_message,
    sign,
    statement_message,
    verdict_message,
)


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


@dataclass(frozen=True)
class Signed:
    """Something that was signed, and by whom."""

    fields: Fields
    signatures: tuple[bytes, ...]

    @property
    def struct(self) -> tuple[Any, ...]:
        return tuple(self.fields.values())


@dataclass(frozen=True)
class Happened:
    """One event: its name and its arguments by name."""

    name: str
    args: Fields = field(default_factory=dict)


class Stage(Chain):
    """One chain with one registry on it, and what the actors can do there."""

    def __init__(self, *, gates: Sequence[LocalAccount] = GATES[:3], threshold: int = 2) -> None:
        super().__init__()
        self.address = self.deploy([gate.address for gate in gates], threshold)
        self.deployed_in = int(self.block()["number"])

    # -- the registry ----------------------------------------------------------------------------------------

    def deploy(
        self,
        gates: Sequence[str],
        threshold: int,
        *,
        instance_id: bytes = INSTANCE_ID,
        admin: str = ADMIN.address,
        guardian: str = GUARDIAN.address,
        arbiter: str = ARBITER.address,
        operator: str = OPERATOR.address,
        bond: int = BOND,
    ) -> str:
        """The address of a new registry."""
        data = abi.construction([(instance_id, admin, guardian, arbiter, operator, bond), gates, threshold])
        return str(self.transact(STRANGER, data)["contract_address"])

    def call(self, name: str, *arguments: Any, sender: LocalAccount, value: int = 0) -> tuple[Happened, ...]:
        """The events of a call that `sender` sends."""
        return self.happened(self.transact(sender, abi.call_data(name, arguments), to=self.address, value=value))

    def refusal(self, name: str, *arguments: Any, sender: LocalAccount, value: int = 0) -> tuple[Any, ...]:
        """The name and the arguments of the error that the call ends with; it must end with one."""
        with pytest.raises(RevertedError) as refused:
            self.call(name, *arguments, sender=sender, value=value)
        return (refused.value.name, *refused.value.arguments)

    def rehearse(self, name: str, *arguments: Any, sender: LocalAccount, value: int = 0) -> None:
        """Nothing, and nothing is sent; raises `RevertedError` where the call would."""
        self.ask(sender, abi.call_data(name, arguments), to=self.address, value=value)

    def read(self, name: str, *arguments: Any) -> Any:
        return abi.answer(name, self.ask(STRANGER, abi.call_data(name, arguments), to=self.address))

    def happened(self, receipt: Receipt) -> tuple[Happened, ...]:
        """The events of one transaction, in order."""
        return tuple(
            Happened(*abi.event([to_bytes(hexstr=topic) for topic in log["topics"]], to_bytes(hexstr=log["data"])))
            for log in receipt["logs"]
        )

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many records are active, disputed, revoked."""
        active, disputed, revoked = self.read("counts").values()
        return active, disputed, revoked

    def standing(self, digest: bytes) -> int:
        return int(self.read("recordOf", digest)["standing"])

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

    def file(self, name: str, *, uploader: LocalAccount = ALICE, earns: bool = True) -> bytes:
        """The digest of a file by this name, just registered."""
        digest = hash_of(name)
        self.register(
            self.submission(
                uploader=uploader,
                admission={"digest": digest, "earnsReputation": earns},
                intent={"nonce": int.from_bytes(digest, "big")},
            )
        )
        return digest

    def statement(
        self,
        act: int,
        digest: bytes,
        *,
        by: LocalAccount = ALICE,
        detail: bytes = EMPTY_HASH,
        nonce: int = 7,
        deadline: int = FAR,
        domain: Fields | None = None,
    ) -> Signed:
        """What `by` says of a record."""
        fields = {
            "digest": digest,
            "by": by.address,
            "act": act,
            "detail": detail,
            "nonce": nonce,
            "deadline": deadline,
        }
        return Signed(fields, (sign(by, statement_message(domain or self.domain, fields)),))

    def say(
        self, act: int, digest: bytes, *, by: LocalAccount = ALICE, detail: bytes = EMPTY_HASH
    ) -> tuple[Happened, ...]:
        """The events of a statement that its maker sends without a signature."""
        return self.call("makeStatement", (digest, by.address, act, detail, 0, 0), b"", sender=by)

    def dispute(self, digest: bytes, *, by: LocalAccount = BOB, reason: int = FORGERY) -> tuple[Happened, ...]:
        """The events of a challenge that is paid for exactly."""
        bond = self.read("bondOf", by.address)
        return self.call("dispute", digest, reason, hash_of("because"), sender=by, value=bond)

    def rule(self, digest: bytes, ruling: int, *, by: LocalAccount = ARBITER) -> tuple[Happened, ...]:
        return self.call("rule", digest, ruling, hash_of("the reasons"), sender=by)

    def rotation(
        self,
        old: LocalAccount,
        new: LocalAccount | None,
        *,
        nonce: int = 7,
        deadline: int = FAR,
        domain: Fields | None = None,
    ) -> Signed:
        """The wish to go from one key on to another, signed by both; a veto where there is no other."""
        to = NOBODY if new is None else new.address
        fields = {"from": old.address, "to": to, "nonce": nonce, "deadline": deadline}
        message = rotation_message(domain or self.domain, fields)
        return Signed(fields, (sign(old, message), b"" if new is None else sign(new, message)))

    def rotate(self, old: LocalAccount, new: LocalAccount | None, *, nonce: int = 7) -> tuple[Happened, ...]:
        """The events of a request, or of a veto where there is no new key."""
        wish = self.rotation(old, new, nonce=nonce)
        return self.call("rotateKey", wish.struct, *wish.signatures, sender=STRANGER)

    def epoch(
        self,
        epoch: int,
        tallies: Iterable[tuple[str, int]],
        *,
        gates: Sequence[LocalAccount] = GATES[:2],
        root: bytes | None = None,
        deadline: int = FAR,
        domain: Fields | None = None,
    ) -> Signed:
        """What an epoch came to: rejections by uploader, in the order given."""
        rows = [{"uploader": uploader, "count": count} for uploader, count in tallies]
        fields = {
            "epoch": epoch,
            "rejectionRoot": hash_of(f"root {epoch}") if root is None else root,
            "tallies": rows,
            "deadline": deadline,
        }
        message = epoch_message(domain or self.domain, fields)
        as_struct = fields | {"tallies": [tuple(row.values()) for row in rows]}
        return Signed(as_struct, tuple(sign(gate, message) for gate in gates))

    def close(self, epoch: int, tallies: dict[str, int]) -> tuple[Happened, ...]:
        """The events of an epoch's closing; uploaders are put in order."""
        ordered = sorted(tallies.items(), key=lambda item: int(item[0], 16))
        closing = self.epoch(epoch, ordered)
        return self.call("closeEpoch", closing.struct, list(closing.signatures), sender=STRANGER)

    def end_gate(self, gate: LocalAccount, since: int = 0) -> tuple[Happened, ...]:
        return self.call("endGate", gate.address, since, sender=GUARDIAN)
