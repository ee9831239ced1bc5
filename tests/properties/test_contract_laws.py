"""The contract's laws under any order of calls.

The model is a second registry in Python that is told the events and their times, the leaves of batches, and nothing
else. So whatever the chain
shows must be what its events give: records, of which nothing but the standing ever changes, counts, disputes,
reputation, credit, gates; and every wei held is a bond of an open dispute or somebody's credit. What must be refused
follows from the model as well.
"""

from __future__ import annotations

import pytest
from eth_account.signers.local import LocalAccount
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.contracts import expected as expect
from tests.contracts.actors import (
    ACTIVE,
    ADMIN,
    ALICE,
    ARBITER,
    ATTEST,
    BOB,
    BOND,
    CAROL,
    DAY,
    DERIVE,
    DISPUTED,
    EMPTY_HASH,
    FORGERY,
    FRAUD,
    GATES,
    GUARDIAN,
    OPERATOR,
    RETRACT,
    REVIEW,
    REVOKE,
    STRANGER,
    SUPERSEDE,
)
from tests.contracts.machine import DIGESTS, FRESH, KEYS, Registering, addresses, digests, keys, quorums
from tests.contracts.replay import NO_BATCH, NO_DISPUTE, NO_RECORD, NO_ROTATION, NO_TERM
from tests.contracts.stage import Stage
from tests.contracts.trees import Refused, batch, leaf, rejection


class Laws(Registering):
    """Actors do what they can; the model says what must come of it."""

    def teardown(self) -> None:
        try:
            self.all_else_is_what_the_events_give()
        finally:
            self.stage.tester.revert_to_snapshot(self.snapshot)

    # -- what actors do --------------------------------------------------------------------------------------

    @rule(
        act=st.sampled_from([REVOKE, SUPERSEDE, DERIVE, ATTEST, REVIEW, RETRACT]),
        digest=digests,
        by=st.one_of(st.none(), keys),  # none: whoever answers for the record
        other=digests,
        signed=st.booleans(),
    )
    def say(self, act: int, digest: bytes, by: LocalAccount | None, other: bytes, signed: bool) -> None:
        if by is None:
            holder = self.model.holder(self.model.records.get(digest, NO_RECORD)["uploader"])
            by = next((key for key in KEYS if key.address == holder), ALICE)
        said = self.stage.statement(act, digest, by=by, detail=other, nonce=self.new_nonce())
        sigs = said.signatures if signed else (b"",)
        expected = expect.statement(self.model, act, digest, by.address, other)
        assert self.attempt(STRANGER if signed else by, "makeStatement", said.struct, *sigs) == expected

    @rule(digest=digests, by=keys, exact=st.sampled_from([True, True, True, False]))
    def dispute(self, digest: bytes, by: LocalAccount, exact: bool) -> None:
        value = (BOND << self.model.lost[by.address]) + (0 if exact else 1)
        expected = expect.dispute(self.model, digest, exact=exact)
        assert self.attempt(by, "dispute", digest, FORGERY, EMPTY_HASH, value=value) == expected

    @precondition(lambda self: self.standing_so(ACTIVE))
    @rule(data=st.data(), by=keys)
    def dispute_an_active_record(self, data: st.DataObject, by: LocalAccount) -> None:
        self.dispute(data.draw(st.sampled_from(self.standing_so(ACTIVE))), by, exact=True)

    @rule(digest=digests, decision=st.integers(0, FRAUD), by=st.sampled_from([ARBITER, ARBITER, ADMIN]))
    def give_a_ruling(self, digest: bytes, decision: int, by: LocalAccount) -> None:
        expected = expect.ruling(self.model, digest, by.address)
        assert self.attempt(by, "rule", digest, decision, EMPTY_HASH) == expected

    @precondition(lambda self: self.model.disputes)
    @rule(data=st.data(), decision=st.integers(0, FRAUD))
    def give_a_ruling_on_a_dispute(self, data: st.DataObject, decision: int) -> None:
        self.give_a_ruling(data.draw(st.sampled_from(self.standing_so(DISPUTED))), decision, ARBITER)

    @rule(by=keys)
    def withdraw_credit(self, by: LocalAccount) -> None:
        assert self.attempt(by, "withdrawCredit") is None

    @rule(age=st.integers(0, 12), by=quorums, rejections=st.dictionaries(keys, st.integers(1, 20_000), max_size=3))
    def close_an_epoch(self, age: int, by: list[LocalAccount] | None, rejections: dict[LocalAccount, int]) -> None:
        by = self.in_office() if by is None else by
        today, epoch = self.stage.today, self.stage.today - age
        ordered = sorted(((key.address, count) for key, count in rejections.items()), key=lambda row: int(row[0], 16))
        closing = self.stage.epoch(epoch, ordered, gates=by, root=self.refused.tree.root)
        expected = expect.closing(self.model, epoch, addresses(by), self.stage.now, today, tallies=bool(rejections))
        assert self.attempt(STRANGER, "closeEpoch", closing.struct, list(closing.signatures)) == expected

    @rule(name=keys, by=st.one_of(st.none(), keys), age=st.integers(0, 9), exact=st.sampled_from([True, True, False]))
    def dispute_a_tally(self, name: LocalAccount, by: LocalAccount | None, age: int, exact: bool) -> None:
        if by is None:
            holder = self.model.holder(name.address)
            by = next(key for key in KEYS if key.address == holder)
        key = (self.stage.today - age, name.address)
        value = (BOND << self.model.lost[by.address]) + (0 if exact else 1)
        expected = expect.tally_dispute(self.model, key, by.address, self.stage.today, exact=exact)
        assert self.attempt(by, "disputeTally", *key, value=value) == expected

    @rule(name=keys, age=st.integers(1, 3), rejections=st.sampled_from([1, 2, 2, 3, 300]))
    def dispute_a_tally_just_closed(self, name: LocalAccount, age: int, rejections: int) -> None:
        self.close_an_epoch(age, None, {name: rejections})
        self.dispute_a_tally(name, None, age, exact=True)

    @precondition(lambda self: self.model.tally_bonds)
    @rule(data=st.data(), count=st.sampled_from([0, 1, 2, 3, 3]), waits=st.booleans())
    def answer_a_tally(self, data: st.DataObject, count: int, waits: bool) -> None:
        epoch, uploader = data.draw(st.sampled_from(sorted(self.model.tally_bonds)))
        if waits:
            self.stage.wait(3 * DAY)
        shown = [one for one in self.refused.rejections if one.uploader == uploader][:count]
        expected = expect.tally_answer(self.model, (epoch, uploader), count, self.stage.now)
        openings = self.refused.openings(shown)
        assert self.attempt(STRANGER, "answerTally", epoch, uploader, openings) == expected

    @rule(name=keys, epoch=st.integers(0, 2**32 - 1))
    def answer_what_nobody_disputed(self, name: LocalAccount, epoch: int) -> None:
        assert self.attempt(STRANGER, "answerTally", epoch, name.address, []) == "NoTally"

    @rule(old=keys, new=st.one_of(st.none(), keys, st.sampled_from(FRESH), st.sampled_from(FRESH)))
    def ask_for_a_rotation_or_veto_one(self, old: LocalAccount, new: LocalAccount | None) -> None:
        wish = self.stage.rotation(old, new, nonce=self.new_nonce())
        expected = expect.rotation(self.model, old.address, None if new is None else new.address)
        assert self.attempt(STRANGER, "rotateKey", wish.struct, *wish.signatures) == expected

    @rule(old=keys)
    def complete_a_rotation(self, old: LocalAccount) -> None:
        expected = expect.completion(self.model, old.address, self.stage.now)
        assert self.attempt(STRANGER, "completeKeyRotation", old.address) == expected

    @precondition(lambda self: self.model.rotations)
    @rule()
    def complete_all_rotations_in_a_week(self) -> None:
        self.stage.start_of_day(8)
        for old in [key for key in KEYS if key.address in self.model.rotations]:
            self.complete_a_rotation(old)

    @rule(days=st.sampled_from([1, 1, 2, 7, 8, 90]))
    def time_passes(self, days: int) -> None:
        self.stage.start_of_day(days)

    @rule(gate=st.sampled_from(GATES), begins=st.integers(0, 9), length=st.integers(0, 9))
    def add_a_gate(self, gate: LocalAccount, begins: int, length: int) -> None:
        start = (self.stage.today + begins) * DAY
        expected = None if length else "TermInvalid"
        if gate.address in self.model.terms:
            expected = "GateAlreadyKnown"
        term = (start, start + length * DAY)
        assert self.attempt(ADMIN, "addGate", gate.address, OPERATOR.address, *term) == expected

    @rule(gate=st.sampled_from(GATES[2:]), ago=st.one_of(st.none(), st.integers(-DAY, 30 * DAY)))
    def end_a_gate(self, gate: LocalAccount, ago: int | None) -> None:
        since = 0 if ago is None else self.stage.now - ago
        expected = expect.end_of_gate(self.model, gate.address, since, self.stage.now)
        assert self.attempt(GUARDIAN, "endGate", gate.address, since) == expected

    @rule(threshold=st.sampled_from([0, 1, 2, 2, 3]))
    def set_the_threshold(self, threshold: int) -> None:
        assert self.attempt(ADMIN, "setThreshold", threshold) == (None if threshold else "ZeroNotAllowed")

    @rule(digest=digests, call=st.integers(0, 7))
    def try_to_write_in_a_pause(self, digest: bytes, call: int) -> None:
        good = self.stage.submission(admission={"digest": digest}, intent={"nonce": self.new_nonce()})
        wish = self.stage.rotation(BOB, CAROL, nonce=self.new_nonce())
        brought = batch(self.stage, [leaf("never", digest=digest)])
        name, *arguments = [
            ("register", *good.arguments()),
            ("makeStatement", (digest, ALICE.address, REVOKE, EMPTY_HASH, 0, 0), b""),
            ("dispute", digest, FORGERY, EMPTY_HASH),
            ("rotateKey", wish.struct, *wish.signatures),
            ("completeKeyRotation", ALICE.address),
            ("registerBatch", *brought.call),
            ("unfold", *brought.unfolding(self.stage, brought.leaves[0])),
            ("disputeTally", self.stage.today, ALICE.address),
        ][call]
        assert self.attempt(GUARDIAN, "pause") is None
        assert self.attempt(ALICE, name, *arguments) == "EnforcedPause"
        assert self.attempt(ADMIN, "unpause") is None

    # -- the laws --------------------------------------------------------------------------------------------

    @invariant()
    def counts_are_what_the_events_give(self) -> None:
        assert self.stage.counts == self.model.counts()

    @invariant()
    def every_wei_held_is_a_bond_or_a_credit(self) -> None:
        held = sum(map(sum, (self.model.bonds.values(), self.model.tally_bonds.values(), self.model.credit.values())))
        assert self.stage.balance(self.stage.address) == held

    @invariant()
    def reputation_is_what_the_events_give(self) -> None:
        for key in KEYS:
            expected = self.model.reputation(key.address, self.stage.today)
            assert self.stage.read("reputationOf", key.address) == expected
            assert expected[0] <= 10_000

    def all_else_is_what_the_events_give(self) -> None:
        """Once at the end: the model never takes anything back, so what went wrong earlier is still wrong."""
        for digest in DIGESTS:
            assert self.stage.read("recordOf", digest) == self.model.records.get(digest, NO_RECORD)
            assert self.stage.read("disputeOf", digest) == self.model.disputes.get(digest, NO_DISPUTE)
        for root in self.brought:
            assert self.stage.read("batchOf", root) == self.model.batches.get(root, NO_BATCH)
        for disputed, dispute in self.model.tally_disputes.items():
            assert self.stage.read("tallyDisputeOf", *disputed) == dispute
        for key in KEYS:
            assert self.stage.read("creditOf", key.address) == self.model.credit[key.address]
            assert self.stage.read("holderOf", key.address) == self.model.holder(key.address)
            assert self.stage.read("rotationOf", key.address) == self.model.rotations.get(key.address, NO_ROTATION)
        for gate in GATES:
            assert self.stage.read("gateTermOf", gate.address) == self.model.terms.get(gate.address, NO_TERM)
        for epoch, root in self.model.roots.items():
            assert self.stage.read("rejectionRootOf", epoch) == root
        assert self.stage.read("threshold") == self.model.threshold


@pytest.fixture(scope="module", autouse=True)
def _one_deployment() -> None:
    Laws.stage = Stage()
    hers = [rejection(Laws.stage, 10 * k + n, uploader=key) for k, key in enumerate(KEYS) for n in range(3)]
    Laws.refused = Refused(Laws.stage, tuple(hers))


TestLaws = pytest.mark.slow(Laws.TestCase)
TestLaws.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
