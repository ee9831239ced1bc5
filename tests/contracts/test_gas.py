"""What calls cost: the figures of docs/explanation/contract.md may only fall, but for a reason.

Prague's prices on py-evm; keys, hashes and times are fixed, and so is every byte of calldata. A ceiling is what was
measured, rounded up to the next hundred.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_account.signers.local import LocalAccount

from tests.contracts import abi
from tests.contracts.actors import (
    ALICE,
    ARBITER,
    ATTEST,
    BOB,
    BOND,
    CAROL,
    CORRECTED,
    DISMISSED,
    FORGERY,
    FRAUD,
    GATES,
    OPERATOR,
    PRIVATE,
    PUBLIC,
    REMOVED,
    REVOKE,
    STRANGER,
    actor,
    hash_of,
)
from tests.contracts.stage import Stage
from tests.contracts.trees import Refused, batch, leaf, rejection

DIGEST = hash_of("file 1")


@pytest.fixture(scope="module")
def deployed_with_one_gate() -> Stage:
    return Stage(gates=GATES[:1], threshold=1)


@pytest.fixture
def one_gate(deployed_with_one_gate: Stage) -> Iterator[Stage]:
    snapshot = deployed_with_one_gate.tester.take_snapshot()
    yield deployed_with_one_gate
    deployed_with_one_gate.tester.revert_to_snapshot(snapshot)


def registration(
    stage: Stage, number: int, *, signed: bool = True, visibility: int = PUBLIC, relayed: bool = False, gates: int = 1
) -> int:
    """Gas of one registration; nonces lie in one word of the bitmap, which the first one opens."""
    uploader = ALICE if signed else OPERATOR
    submission = stage.submission(
        uploader=uploader,
        sender=STRANGER if relayed else uploader,
        gates=GATES[:gates],
        signed=signed,
        admission={"digest": hash_of(f"file {number}")},
        intent={"visibility": visibility, "nonce": number},
    )
    return int(stage.register_receipt(submission)["gas_used"])


def call(stage: Stage, name: str, *arguments: object, sender: LocalAccount, value: int = 0) -> int:
    receipt = stage.transact(sender, abi.call_data(name, arguments), to=stage.address, value=value)
    return int(receipt["gas_used"])


@pytest.mark.parametrize(
    ("signed", "visibility", "ceiling"),
    [(True, PUBLIC, 100_900), (True, PRIVATE, 95_400), (False, PUBLIC, 90_400), (False, PRIVATE, 84_900)],
)
def test_a_registration_in_steady_state(one_gate: Stage, signed: bool, visibility: int, ceiling: int) -> None:
    """The same uploader, on the same day, with another nonce of a word in use; the aim is 110,000."""
    registration(one_gate, 1, signed=signed, visibility=visibility)
    assert registration(one_gate, 2, signed=signed, visibility=visibility) <= ceiling


def test_a_registration_that_another_sends(one_gate: Stage) -> None:
    registration(one_gate, 1)
    assert registration(one_gate, 2, relayed=True) <= 103_400


def test_the_first_registration_ever(one_gate: Stage) -> None:
    assert registration(one_gate, 1) <= 140_000


def test_the_first_registration_of_a_day_of_one_who_registers_daily(one_gate: Stage) -> None:
    for number in range(1, 11):
        registration(one_gate, number)
        one_gate.start_of_day(1)
    assert registration(one_gate, 11) <= 110_700


def test_the_first_registration_after_eight_busy_days_and_a_long_absence(one_gate: Stage) -> None:
    """Seven days settle one by one and the rest fade in one jump."""
    for number in range(1, 9):
        registration(one_gate, number)
        one_gate.start_of_day(1)
    one_gate.start_of_day(1000)
    assert registration(one_gate, 9) <= 146_200


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_a_batch_of_one_uploader_in_steady_state(one_gate: Stage, count: int) -> None:
    """A later one of the same day; quorum and tally are in it: 79.4 gas per record at 1,000, 7.94 at 10,000."""
    for number in (1, 2):
        leaves = [leaf(f"file {number}")]
        tallies = [(ALICE.address, count)]
        made = batch(one_gate, leaves, count=count, tallies=tallies, gates=GATES[:1])
        spent = call(one_gate, "registerBatch", *made.call, sender=ALICE)
    assert spent <= 79_400


def test_unfolding_a_leaf_and_a_tallys_dispute(one_gate: Stage) -> None:
    leaves = [leaf(f"file {k}") for k in range(9)]
    made = batch(one_gate, leaves, gates=GATES[:1])
    call(one_gate, "registerBatch", *made.call, sender=ALICE)
    call(one_gate, "unfold", *made.unfolding(one_gate, leaves[0]), sender=ALICE)
    assert call(one_gate, "unfold", *made.unfolding(one_gate, leaves[1]), sender=ALICE) <= 63_200
    one_gate.start_of_day(1)
    refused = Refused(one_gate, tuple(rejection(one_gate, k) for k in range(4)))
    epoch = one_gate.today - 1
    closing = one_gate.epoch(epoch, [(ALICE.address, 4)], gates=GATES[:1], root=refused.tree.root)
    call(one_gate, "closeEpoch", closing.struct, list(closing.signatures), sender=STRANGER)
    assert call(one_gate, "disputeTally", epoch, ALICE.address, sender=ALICE, value=BOND) <= 48_800
    openings = refused.openings(refused.rejections)
    assert call(one_gate, "answerTally", epoch, ALICE.address, openings, sender=STRANGER) <= 133_500


def test_a_second_gate(stage: Stage) -> None:
    registration(stage, 1, gates=2)
    assert registration(stage, 2, gates=2) <= 114_200


def test_deploying_with_one_gate(one_gate: Stage) -> None:
    deployment = one_gate.block(one_gate.deployed_in)["transactions"][0]
    assert one_gate.tester.get_transaction_receipt(deployment)["gas_used"] <= 5_484_800


def test_statements(one_gate: Stage) -> None:
    registration(one_gate, 1)
    signed = [one_gate.statement(ATTEST, DIGEST, by=BOB, nonce=nonce) for nonce in (1, 2)]
    costs = [call(one_gate, "makeStatement", s.struct, *s.signatures, sender=STRANGER) for s in signed]
    assert costs[0] <= 64_300
    assert costs[1] <= 47_200
    own = (DIGEST, ALICE.address, REVOKE, bytes(32), 0, 0)
    assert call(one_gate, "makeStatement", own, b"", sender=ALICE) <= 53_900


@pytest.mark.parametrize(
    ("ruling", "ceiling"), [(DISMISSED, 102_900), (REMOVED, 76_400), (CORRECTED, 77_000), (FRAUD, 77_200)]
)
def test_a_dispute_and_its_ruling(one_gate: Stage, ruling: int, ceiling: int) -> None:
    registration(one_gate, 2)
    one_gate.start_of_day(8)
    registration(one_gate, 1)  # by an uploader with a settled outcome
    challenge = ("dispute", DIGEST, FORGERY, hash_of("because"))
    assert call(one_gate, *challenge, sender=BOB, value=BOND) <= 80_500
    assert call(one_gate, "rule", DIGEST, ruling, hash_of("the reasons"), sender=ARBITER) <= ceiling
    assert call(one_gate, "withdrawCredit", sender=ALICE if ruling == DISMISSED else BOB) <= 30_800


def test_closing_an_epoch_of_a_hundred_uploaders_never_seen(one_gate: Stage) -> None:
    uploaders = sorted((actor(f"uploader {k}").address for k in range(100)), key=lambda address: int(address, 16))
    one_gate.start_of_day(1)
    closing = one_gate.epoch(one_gate.today - 1, [(uploader, 3) for uploader in uploaders], gates=GATES[:1])
    assert call(one_gate, "closeEpoch", closing.struct, list(closing.signatures), sender=STRANGER) <= 5_686_000


def test_a_key_rotation(one_gate: Stage) -> None:
    registration(one_gate, 1)
    wish = one_gate.rotation(ALICE, CAROL, nonce=2)
    assert call(one_gate, "rotateKey", wish.struct, *wish.signatures, sender=STRANGER) <= 78_600
    one_gate.start_of_day(8)
    assert call(one_gate, "completeKeyRotation", ALICE.address, sender=STRANGER) <= 117_700
