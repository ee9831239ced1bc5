"""``registerBatch``: many records for one slot, on a quorum's word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from tests.contracts.actors import (
    ALICE,
    BOB,
    CAROL,
    DAY,
    GATES,
    GUARDIAN,
    NOBODY,
    STRANGER,
    hash_of,
    high_s,
)
from tests.contracts.stage import Happened, Stage
from tests.contracts.trees import Batch, batch, leaf, register
from tests.contracts.typed_data import batch_message

LEAVES = [leaf(f"file {k}", uploader=(ALICE, BOB)[k % 2]) for k in range(5)]
LOW, HIGH = sorted((ALICE, BOB), key=lambda account: int(account.address, 16))
ELSEWHERE = {
    "chain": {"chainId": 1},
    "contract": {"verifyingContract": STRANGER.address},
    "installation": {"salt": hash_of("another installation")},
}


def refusal(stage: Stage, brought: Batch) -> tuple[Any, ...]:
    ends = stage.refusal("registerBatch", *brought.call, sender=STRANGER)
    assert stage.read("batchOf", brought.root)["count"] == 0
    return ends


def recovered(stage: Stage, brought: Batch) -> str:
    """Whom the contract must take for the first gate, by the words as brought."""
    rows = [{"uploader": uploader, "count": count} for uploader, count in brought.fields["tallies"]]
    message = encode_typed_data(full_message=batch_message(stage.domain, brought.fields | {"tallies": rows}))
    signer: str = Account.recover_message(message, signature=brought.signatures[0])
    return signer


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_batch_signed_for_elsewhere_is_refused(stage: Stage, place: str) -> None:
    brought = batch(stage, LEAVES, domain=stage.domain | ELSEWHERE[place])
    assert refusal(stage, brought) == ("NotAGate", recovered(stage, brought))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("root", hash_of("another root")),
        ("count", 6),
        ("manifestHash", hash_of("another manifest")),
        ("manifestIsDagPb", False),
        ("tallies", [(LOW.address, 2)]),
        ("tallies", []),
        ("deadline", 2**41),
    ],
)
def test_a_batch_changed_after_signing_is_refused(stage: Stage, name: str, other: Any) -> None:
    whole = batch(stage, LEAVES)
    brought = Batch(whole.fields | {name: other}, whole.signatures)
    assert refusal(stage, brought) == ("NotAGate", recovered(stage, brought))


@pytest.mark.parametrize(
    ("gates", "ends"),
    [
        ((), ("QuorumNotMet", 0, 2)),
        ((GATES[0],), ("QuorumNotMet", 1, 2)),
        ((GATES[0], GATES[0]), ("NotAscending", GATES[0].address, GATES[0].address)),
        ((GATES[1], GATES[0]), ("NotAscending", GATES[1].address, GATES[0].address)),
        ((GATES[0], GATES[3]), ("NotAGate", GATES[3].address)),
    ],
)
def test_less_than_a_quorum_admits_nothing(stage: Stage, gates: Any, ends: tuple[Any, ...]) -> None:
    assert refusal(stage, batch(stage, LEAVES, gates=gates)) == ends


def test_a_gate_that_was_ended_admits_nothing(stage: Stage) -> None:
    brought = batch(stage, LEAVES)
    stage.end_gate(GATES[1])
    assert refusal(stage, brought) == ("NotAGate", GATES[1].address)


@pytest.mark.parametrize("spoil", [high_s, lambda sig: sig[:64], lambda sig: bytes(64) + b"\x1b"])
def test_a_signature_with_high_s_or_of_no_shape_is_refused(stage: Stage, spoil: Callable[[bytes], bytes]) -> None:
    whole = batch(stage, LEAVES)
    brought = Batch(whole.fields, (whole.signatures[0], spoil(whole.signatures[1])))
    assert refusal(stage, brought) == ("GateSignatureInvalid", 1)


def test_a_batch_past_its_deadline_is_refused(stage: Stage) -> None:
    last = stage.now + DAY
    early, late = batch(stage, LEAVES, deadline=last), batch(stage, LEAVES[:3], deadline=last)
    stage.travel(last)
    stage.call("registerBatch", *early.call, sender=STRANGER)
    stage.travel(last + 1)
    assert refusal(stage, late) == ("DeadlinePassed", last)


def test_a_root_is_registered_once(stage: Stage) -> None:
    first = register(stage, LEAVES)
    again = batch(stage, LEAVES, count=9, manifestHash=hash_of("another manifest"))
    assert stage.refusal("registerBatch", *again.call, sender=STRANGER) == ("BatchAlreadyRegistered", first.root)


@pytest.mark.parametrize("count", [0, 2**20 + 1, 2**32 - 1])
def test_a_batch_of_no_leaf_or_too_many_is_refused(stage: Stage, count: int) -> None:
    assert refusal(stage, batch(stage, LEAVES, tallies=[], count=count)) == ("BatchSizeInvalid", count, 0)


def test_a_batch_of_two_to_the_twentieth_is_taken(stage: Stage) -> None:
    made = register(stage, LEAVES, count=2**20)
    assert stage.read("batchOf", made.root)["count"] == 2**20


def rows(count: int) -> list[tuple[str, int]]:
    return [(NOBODY[:-4] + f"{k + 1:04x}", 1) for k in range(count)]


def test_a_batch_with_more_than_256_tallies_is_refused(stage: Stage) -> None:
    assert refusal(stage, batch(stage, LEAVES, tallies=rows(257), count=1000)) == ("BatchSizeInvalid", 1000, 257)


@pytest.mark.parametrize("counts", [(6,), (5, 1), (2**32 - 1,), (1, 2**32 - 1)])
def test_more_outcomes_than_leaves_are_refused(stage: Stage, counts: tuple[int, ...]) -> None:
    tallies = [(account.address, count) for account, count in zip((LOW, HIGH), counts, strict=False)]
    assert refusal(stage, batch(stage, LEAVES, tallies=tallies)) == ("BatchSizeInvalid", 5, len(tallies))
    assert stage.read("reputationOf", LOW.address) == [2000, 0, 0, 0, 0]


@pytest.mark.parametrize("pair", [(LOW, LOW), (HIGH, LOW)])
def test_tallies_out_of_order_are_refused(stage: Stage, pair: tuple[Any, Any]) -> None:
    brought = batch(stage, LEAVES, tallies=[(account.address, 1) for account in pair])
    assert refusal(stage, brought) == ("NotAscending", pair[0].address, pair[1].address)


def test_a_tally_of_nobody_is_refused(stage: Stage) -> None:
    assert refusal(stage, batch(stage, LEAVES, tallies=[(NOBODY, 1)])) == ("NotAscending", NOBODY, NOBODY)


def test_a_rotated_uploader_earns_nothing_more(stage: Stage) -> None:
    stage.rotate(ALICE, CAROL)
    stage.wait(7 * DAY)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    assert refusal(stage, batch(stage, LEAVES)) == ("KeyIsRotated", ALICE.address, CAROL.address)


def test_a_pause_stops_it(stage: Stage) -> None:
    stage.call("pause", sender=GUARDIAN)
    assert refusal(stage, batch(stage, LEAVES)) == ("EnforcedPause",)


def test_a_batch_keeps_one_slot_and_says_the_rest(stage: Stage) -> None:
    made = batch(stage, LEAVES)
    happened = stage.call("registerBatch", *made.call, sender=STRANGER)
    said = {name: made.fields[name] for name in ("root", "count", "manifestHash", "manifestIsDagPb")}
    tallies = [{"uploader": uploader, "count": count} for uploader, count in made.fields["tallies"]]
    gates = tuple(gate.address for gate in GATES[:2])
    assert happened[0] == Happened("BatchRegistered", said | {"tallies": tallies, "gates": gates})
    assert [event.name for event in happened] == ["BatchRegistered", "Commit"]
    assert stage.read("batchOf", made.root) == {
        "registeredAt": stage.now,
        "blockNumber": stage.block()["number"],
        "count": len(LEAVES),
    }
    assert stage.counts == (0, 0, 0)
    assert stage.standing(LEAVES[0].digest) == 0


def test_three_gates_may_sign_where_two_must(stage: Stage) -> None:
    made = batch(stage, LEAVES, gates=GATES[:3])
    happened = stage.call("registerBatch", *made.call, sender=STRANGER)
    assert happened[0].args["gates"] == tuple(gate.address for gate in GATES[:3])


@pytest.mark.parametrize("first", [True, False])
def test_what_a_batch_earns_is_what_as_many_registrations_earn(stage: Stage, first: bool) -> None:
    """On a day that the uploader's tally has seen, and on one that it has not."""
    snapshot = stage.tester.take_snapshot()
    if not first:
        stage.file("earlier")
    for k in range(3):
        stage.file(f"single {k}")
    stage.start_of_day(8)
    expected = stage.read("reputationOf", ALICE.address)
    stage.tester.revert_to_snapshot(snapshot)
    if not first:
        stage.file("earlier")
    register(stage, LEAVES, tallies=[(ALICE.address, 3)])
    stage.start_of_day(8)
    assert stage.read("reputationOf", ALICE.address) == expected


def test_leaves_that_no_tally_counts_earn_nothing(stage: Stage) -> None:
    register(stage, LEAVES, tallies=[])
    stage.start_of_day(8)
    assert stage.read("reputationOf", ALICE.address) == [2000, 0, 0, 0, 0]
