"""The part of the contract's laws that brings records into being, and what all of it needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from eth_account.signers.local import LocalAccount
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.contracts import expected as expect
from tests.contracts.actors import (
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    CAROL,
    EMPTY_HASH,
    GATE,
    GATES,
    NOT_JUDGED,
    OPERATOR,
    REVIEWER,
    STRANGER,
    UPLOADER,
    hash_of,
)
from tests.contracts.chain import RevertedError
from tests.contracts.replay import Replay
from tests.contracts.stage import Stage, Submission
from tests.contracts.trees import Batch, Refused, batch, leaf

DIGESTS = [hash_of(f"file {k}") for k in range(8)]  # half of them registered from the start
UPLOADERS = [ALICE, BOB, OPERATOR]
FRESH = [CAROL, STRANGER]  # they have no outcomes in the beginning
KEYS = [*UPLOADERS, *FRESH, ARBITER]
ELSEWHERE: dict[str, dict[str, Any]] = {
    "installation": {"salt": hash_of("another installation")},
    "chain": {"chainId": 1},
    "contract": {"verifyingContract": STRANGER.address},
}

digests = st.sampled_from(DIGESTS)
keys = st.sampled_from(KEYS)
signers = st.lists(st.sampled_from(GATES), unique=True, max_size=4).map(
    lambda gates: sorted(gates, key=lambda gate: int(gate.address, 16)),
)
quorums = st.one_of(st.none(), st.none(), st.none(), signers)  # none: the gates in office


def addresses(accounts: list[LocalAccount]) -> list[str]:
    return [account.address for account in accounts]


class Registering(RuleBasedStateMachine):
    """Actors bring files, alone and in batches; the model says what must come of it."""

    stage: Stage  # one deployment for all runs; each run starts from its first state
    refused: Refused  # three rejections of each, the same under every epoch's root

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.stage.tester.take_snapshot()
        self.model = Replay()
        self.nonce = 0
        self.brought: dict[bytes, Batch] = {}
        self.take_in(self.stage.deployed_in)

    # -- what actors do --------------------------------------------------------------------------------------

    def take_in(self, number: int) -> None:
        """Tell the model the events of a block."""
        block = self.stage.block(number)
        for transaction in block["transactions"]:
            for event in self.stage.happened(self.stage.tester.get_transaction_receipt(transaction)):
                self.model.apply(event, time=block["timestamp"], block=number)

    def attempt(self, sender: LocalAccount, name: str, *arguments: Any, value: int = 0) -> str | None:
        """Return the name of the refusal if there is one; else send it and tell the model its events."""
        try:
            self.stage.rehearse(name, *arguments, sender=sender, value=value)
        except RevertedError as refused:
            return refused.name
        self.stage.call(name, *arguments, sender=sender, value=value)
        self.take_in(self.stage.block()["number"])
        return None

    def in_office(self) -> list[LocalAccount]:
        return [gate for gate in GATES if self.model.is_gate(gate.address, self.stage.now)]

    def new_nonce(self) -> int:
        self.nonce += 1
        return self.nonce

    def standing_so(self, standing: int) -> list[bytes]:
        return [digest for digest in DIGESTS if self.model.standing(digest) == standing]

    @initialize(uploaders=st.lists(st.sampled_from(UPLOADERS), min_size=4, max_size=4), earns=st.booleans())
    def start_with_records(self, uploaders: list[LocalAccount], earns: bool) -> None:
        for digest, uploader in zip(DIGESTS, uploaders, strict=False):
            self.enter(digest, uploader, self.in_office(), earns=earns)

    def enter(self, digest: bytes, uploader: LocalAccount, by: list[LocalAccount], **traits: Any) -> None:
        signed = traits.get("signed", True) or uploader is not OPERATOR
        reviewed = traits.get("reviewed", False)
        submission = self.stage.submission(
            uploader=uploader,
            gates=by,
            signed=signed,
            sender=STRANGER if signed else OPERATOR,
            admission={
                "digest": digest,
                "levels": (REVIEWER if reviewed else GATE) | (UPLOADER if signed else 0),
                "earnsReputation": traits.get("earns", True),
            },
            opinion={"band": NOT_JUDGED} if reviewed else None,
            intent={"visibility": traits.get("visibility", 0), "nonce": self.new_nonce()},
        )
        expected = expect.register(self.model, digest, uploader.address, addresses(by), self.stage.now)
        assert self.attempt(submission.sender, "register", *submission.arguments()) == expected

    @rule(
        digest=digests,
        uploader=keys,
        by=quorums,
        signed=st.booleans(),
        reviewed=st.booleans(),
        visibility=st.integers(0, 1),
        earns=st.booleans(),
    )
    def register(self, digest: bytes, uploader: LocalAccount, by: list[LocalAccount] | None, **traits: Any) -> None:
        self.enter(digest, uploader, self.in_office() if by is None else by, **traits)

    @rule(files=st.sets(digests, min_size=1, max_size=4), uploader=keys, earning=st.integers(0, 4), by=quorums)
    def register_a_batch(
        self, files: set[bytes], uploader: LocalAccount, earning: int, by: list[LocalAccount] | None
    ) -> None:
        by = self.in_office() if by is None else by
        leaves = [
            leaf(f"{k}", uploader=uploader, digest=digest, earnsReputation=k < earning)
            for k, digest in enumerate(sorted(files))
        ]
        brought = batch(self.stage, leaves, gates=by)
        earn = [uploader.address] if earning else []
        expected = expect.batch(self.model, brought.root, earn, addresses(by), self.stage.now)
        self.brought[brought.root] = brought
        self.model.manifests[brought.root] = {one.digest: one for one in leaves}
        assert self.attempt(STRANGER, "registerBatch", *brought.call) == expected

    @precondition(lambda self: self.brought)
    @rule(data=st.data(), astray=st.booleans())
    def unfold_a_leaf(self, data: st.DataObject, astray: bool) -> None:
        of = self.brought[data.draw(st.sampled_from(sorted(self.brought)))]
        one = data.draw(st.sampled_from(of.leaves))
        root, *arguments = of.unfolding(self.stage, one)
        expected = expect.unfolding(self.model, root, one.digest)
        if astray and expected is None:
            arguments[-1], expected = [*arguments[-1], EMPTY_HASH], "PathInvalid"
        assert self.attempt(STRANGER, "unfold", root, *arguments) == expected

    @rule(how=st.sampled_from([*ELSEWHERE, "digest", "uploader"]), whose=st.sampled_from(["gates", "uploader"]))
    def bring_a_signature_made_for_something_else(self, how: str, whose: str) -> None:
        """All is in order but one party's signatures, which were made for the same words in one other place."""
        by, nonce = self.in_office(), self.new_nonce()
        if expect.quorum(self.model, addresses(by), self.stage.now) is not None:
            return

        def made(uploader: LocalAccount, digest: bytes, domain: dict[str, Any]) -> Submission:
            return self.stage.submission(
                uploader=uploader,
                gates=by,
                domain=self.stage.domain | domain,
                admission={"digest": digest},
                intent={"nonce": nonce},
            )

        fresh = hash_of(f"fresh {nonce}")
        here = made(ADMIN, fresh, {})
        other_digest = hash_of("other bytes") if how == "digest" else fresh
        there = made(BOB if how == "uploader" else ADMIN, other_digest, ELSEWHERE.get(how, {}))
        if whose == "gates":
            forged, expected = replace(here, gate_sigs=there.gate_sigs), "NotAGate"
        else:
            forged, expected = replace(here, intent_sig=there.intent_sig), "SignatureInvalid"
        assert self.attempt(STRANGER, "register", *forged.arguments()) == expected
