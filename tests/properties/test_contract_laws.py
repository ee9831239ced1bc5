"""The contract's laws under any order of calls, with a dictionary as the model.

At most one record per digest, each in exactly one standing; counts are what the events give; nothing of a record but
its standing changes; only what a quorum of active gates signed, for this place, uploader and digest, becomes a record;
reputation is a pure function of the events; a pause stops writes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.contracts.stage import (
    ACTIVE,
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    DISPUTED,
    EMPTY_HASH,
    GATE,
    GATES,
    NONE,
    NOT_JUDGED,
    OPERATOR,
    REVIEWER,
    REVOKED,
    STRANGER,
    UPLOADER,
    Happened,
    RevertedError,
    Stage,
    Submission,
    hash_of,
)

DIGESTS = [hash_of(f"file {k}") for k in range(4)]
UPLOADERS = [ALICE, BOB, OPERATOR]
ELSEWHERE: dict[str, dict[str, Any]] = {
    "installation": {"salt": hash_of("another installation")},
    "chain": {"chainId": 1},
    "contract": {"verifyingContract": STRANGER.address},
}
SECONDS_PER_DAY = 86_400
NO_RECORD: dict[str, Any] = {
    "uploader": "0x" + "00" * 20,
    "registeredAt": 0,
    "blockNumber": 0,
    "kind": 0,
    "levels": 0,
    "visibility": 0,
    "earnsReputation": False,
    "standing": NONE,
    "fingerprintHash": EMPTY_HASH,
    "contentHash": EMPTY_HASH,
}

signers = st.lists(st.sampled_from(GATES), unique=True, max_size=4).map(
    lambda gates: sorted(gates, key=lambda gate: int(gate.address, 16)),
)


class Laws(RuleBasedStateMachine):
    """Actors do what they can; the model says what must come of it."""

    stage: Stage  # one deployment for all runs; each run starts from its first state

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.stage.tester.take_snapshot()
        self.records: dict[bytes, dict[str, Any]] = {}
        self.events: list[tuple[Happened, int]] = []  # with the block's time
        self.gates = list(GATES[:3])
        self.threshold = 2
        self.nonce = 0
        self.touched = DIGESTS[0]

    def teardown(self) -> None:
        try:
            for digest in DIGESTS:
                self.touched = digest
                self.the_chain_keeps_what_the_model_keeps()
            self.reputation_is_what_the_events_give()
        finally:
            self.stage.tester.revert_to_snapshot(self.snapshot)

    # -- what actors do --------------------------------------------------------------------------------------

    def submission(self, digest: bytes, uploader: LocalAccount, by: list[LocalAccount], **more: Any) -> Submission:
        self.nonce += 1
        return self.stage.submission(
            uploader=uploader,
            gates=by,
            admission={"digest": digest} | more.pop("admission", {}),
            intent={"nonce": self.nonce} | more.pop("intent", {}),
            **more,
        )

    def attempt(self, sender: LocalAccount, name: str, *arguments: Any) -> str | None:
        """Return the name of the refusal if there is one; else send it and note its events."""
        try:
            self.stage.rehearse(name, *arguments, sender=sender)
        except RevertedError as refused:
            return refused.name
        events = self.stage.call(name, *arguments, sender=sender)
        time = self.stage.block()["timestamp"]
        self.events.extend((event, time) for event in events)
        return None

    def expected_refusal(self, submission: Submission, by: list[LocalAccount]) -> str | None:
        if submission.admission["digest"] in self.records:
            return "MediaAlreadyRegistered"
        if len(by) < self.threshold:
            return "QuorumNotMet"
        return None if set(by) <= set(self.gates) else "NotAGate"

    @initialize(uploader=st.sampled_from(UPLOADERS))
    def start_with_a_record(self, uploader: LocalAccount) -> None:
        self.register(
            digest=DIGESTS[0], uploader=uploader, by=None, signed=True, reviewed=False, visibility=0, earns=True
        )

    @rule(
        digest=st.sampled_from(DIGESTS),
        uploader=st.sampled_from(UPLOADERS),
        by=st.one_of(st.none(), st.none(), st.none(), signers),  # none: the active gates
        signed=st.booleans(),
        reviewed=st.booleans(),
        visibility=st.integers(0, 1),
        earns=st.booleans(),
    )
    def register(
        self,
        *,
        digest: bytes,
        uploader: LocalAccount,
        by: list[LocalAccount] | None,
        signed: bool,
        reviewed: bool,
        visibility: int,
        earns: bool,
    ) -> None:
        by = self.gates if by is None else by
        signed = signed or uploader is not OPERATOR
        levels = (REVIEWER if reviewed else GATE) | (UPLOADER if signed else 0)
        submission = self.submission(
            digest,
            uploader,
            by,
            signed=signed,
            sender=STRANGER if signed else OPERATOR,
            admission={"levels": levels, "earnsReputation": earns},
            opinion={"band": NOT_JUDGED} if reviewed else None,
            intent={"visibility": visibility},
        )
        self.touched = digest
        expected = self.expected_refusal(submission, by)
        assert self.attempt(submission.sender, "register", *submission.arguments()) == expected
        if expected is None:
            block = self.stage.block()
            self.records[digest] = {
                "uploader": uploader.address,
                "registeredAt": block["timestamp"],
                "blockNumber": block["number"],
                "kind": submission.admission["kind"],
                "levels": levels,
                "visibility": visibility,
                "earnsReputation": earns,
                "standing": ACTIVE,
                "fingerprintHash": submission.admission["fingerprintHash"],
                "contentHash": submission.admission["contentHash"],
            }

    @rule(how=st.sampled_from([*ELSEWHERE, "digest", "uploader"]), whose=st.sampled_from(["gates", "uploader"]))
    def bring_a_signature_made_for_something_else(self, how: str, whose: str) -> None:
        """All is in order but one party's signatures, which were made for the same words in one other place."""
        here = self.submission(hash_of(f"fresh {self.nonce}"), ALICE, self.gates)
        there = self.stage.submission(
            uploader=BOB if how == "uploader" else ALICE,
            gates=self.gates,
            domain=self.stage.domain | ELSEWHERE.get(how, {}),
            admission={"digest": hash_of("other bytes") if how == "digest" else here.admission["digest"]},
            intent={"nonce": here.intent["nonce"]},
        )
        if whose == "gates":
            forged, expected = replace(here, gate_sigs=there.gate_sigs), "NotAGate"
        else:
            forged, expected = replace(here, intent_sig=there.intent_sig), "IntentSignatureInvalid"
        assert self.attempt(STRANGER, "register", *forged.arguments()) == expected

    @rule(digest=st.sampled_from(DIGESTS), sender=st.sampled_from([ALICE, BOB, ARBITER, STRANGER]))
    def revoke(self, digest: bytes, sender: LocalAccount) -> None:
        record = self.records.get(digest)
        expected: str | None
        if record is None:
            expected = "MediaNotRegistered"
        elif sender is not ARBITER and sender.address != record["uploader"]:
            expected = "NotUploaderNorArbiter"
        else:
            expected = "MediaAlreadyRevoked" if record["standing"] == REVOKED else None
        self.touched = digest
        assert self.attempt(sender, "revoke", digest, EMPTY_HASH) == expected
        if expected is None and record is not None:
            record["standing"] = REVOKED

    @rule(gate=st.sampled_from(GATES))
    def turn_a_gate_on_or_off(self, gate: LocalAccount) -> None:
        if gate not in self.gates:
            assert self.attempt(ADMIN, "addGate", gate.address) is None
            self.gates = [each for each in GATES if each in self.gates or each is gate]
        elif len(self.gates) == self.threshold:
            assert self.attempt(ADMIN, "removeGate", gate.address) == "ThresholdOutOfRange"
        else:
            assert self.attempt(ADMIN, "removeGate", gate.address) is None
            self.gates = [each for each in self.gates if each is not gate]

    @rule(threshold=st.integers(0, 5))
    def set_the_threshold(self, threshold: int) -> None:
        possible = 1 <= threshold <= len(self.gates)
        assert self.attempt(ADMIN, "setThreshold", threshold) == (None if possible else "ThresholdOutOfRange")
        self.threshold = threshold if possible else self.threshold

    @rule(digest=st.sampled_from(DIGESTS))
    def try_to_write_in_a_pause(self, digest: bytes) -> None:
        good = self.submission(digest, BOB, self.gates)
        self.touched = digest
        assert self.attempt(ADMIN, "pause") is None
        assert self.attempt(STRANGER, "register", *good.arguments()) == "EnforcedPause"
        assert self.attempt(ARBITER, "revoke", digest, EMPTY_HASH) == "EnforcedPause"
        assert self.attempt(ADMIN, "unpause") is None

    # -- the laws --------------------------------------------------------------------------------------------

    @invariant()
    def the_chain_keeps_what_the_model_keeps(self) -> None:
        assert self.stage.read("recordOf", self.touched) == self.records.get(self.touched, NO_RECORD)

    @invariant()
    def counts_are_what_the_events_give(self) -> None:
        counts: Counter[int] = Counter()
        for event, _ in self.events:
            if event.name == "MediaRegistered":
                counts[ACTIVE] += 1
            elif event.name == "StandingChanged":
                counts[event.args["from"]] -= 1
                counts[event.args["to"]] += 1
        assert self.stage.read("counts") == [counts[ACTIVE], counts[DISPUTED], counts[REVOKED]]
        assert sum(counts.values()) == len(self.records)

    def reputation_is_what_the_events_give(self) -> None:
        for uploader in UPLOADERS:
            good = bad = last = 0
            earned: dict[bytes, bool] = {}
            for event, time in self.events:
                if event.name == "MediaRegistered" and event.args["uploader"] == uploader.address:
                    earned[event.args["digest"]] = event.args["earnsReputation"]
                    good += event.args["earnsReputation"]
                elif event.name == "StandingChanged" and event.args["digest"] in earned:
                    good -= earned[event.args["digest"]]
                    if event.args["by"] != uploader.address:
                        bad, last = bad + 1, time // SECONDS_PER_DAY
            score = 10_000 * (good + 1) // (good + bad + 5)
            expected = [score, (good + bad) * 1_000_000, 0, bad, last]
            assert self.stage.read("reputationOf", uploader.address) == expected


@pytest.fixture(scope="module", autouse=True)
def _one_deployment() -> None:
    Laws.stage = Stage()


TestLaws = pytest.mark.slow(Laws.TestCase)
TestLaws.settings = settings(
    max_examples=10,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
