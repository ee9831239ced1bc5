"""``reputationOf``: the tuple after each kind of outcome, against the formula worked out by hand."""

from __future__ import annotations

from tests.contracts.stage import ALICE, ARBITER, BOB, EMPTY_HASH, OPERATOR, Stage, hash_of

NEWCOMER = [2000, 0, 0, 0, 0]  # 10,000 · 1 / 5
ONE_MILLION = 1_000_000


def register(stage: Stage, number: int, *, earns: bool = True) -> bytes:
    digest = hash_of(f"file {number}")
    stage.register(
        stage.submission(admission={"digest": digest, "earnsReputation": earns}, intent={"nonce": number}),
    )
    return digest


def today(stage: Stage) -> int:
    return int(stage.block()["timestamp"]) // 86_400


def test_an_address_never_seen_is_a_newcomer(stage: Stage) -> None:
    assert stage.read("reputationOf", BOB.address) == NEWCOMER


def test_an_acceptance_that_earns_nothing_leaves_no_trace(stage: Stage) -> None:
    register(stage, 1, earns=False)
    assert stage.read("reputationOf", ALICE.address) == NEWCOMER


def test_each_acceptance_that_earns_counts_one_outcome_for_the_uploader_alone(stage: Stage) -> None:
    register(stage, 1)
    assert stage.read("reputationOf", ALICE.address) == [3333, ONE_MILLION, 0, 0, 0]  # 2 / 6, rounded down
    register(stage, 2)
    assert stage.read("reputationOf", ALICE.address) == [4285, 2 * ONE_MILLION, 0, 0, 0]  # 3 / 7, rounded down
    assert stage.read("reputationOf", BOB.address) == NEWCOMER


def test_revoking_ones_own_takes_the_acceptance_back_and_no_more(stage: Stage) -> None:
    first, second = register(stage, 1), register(stage, 2, earns=False)
    stage.call("revoke", second, EMPTY_HASH, sender=ALICE)
    assert stage.read("reputationOf", ALICE.address)[0] == 3333
    stage.call("revoke", first, EMPTY_HASH, sender=ALICE)
    assert stage.read("reputationOf", ALICE.address) == NEWCOMER


def test_an_arbiters_revocation_turns_the_acceptance_into_a_proven_fraud(stage: Stage) -> None:
    first = register(stage, 1)
    stage.call("revoke", first, EMPTY_HASH, sender=ARBITER)
    assert stage.read("reputationOf", ALICE.address) == [1666, ONE_MILLION, 0, 1, today(stage)]  # 1 / 6


def test_a_proven_fraud_counts_where_the_record_had_earned_nothing(stage: Stage) -> None:
    register(stage, 1)
    second = register(stage, 2, earns=False)
    stage.call("revoke", second, EMPTY_HASH, sender=ARBITER)
    assert stage.read("reputationOf", ALICE.address) == [2857, 2 * ONE_MILLION, 0, 1, today(stage)]  # 2 / 7


def test_an_arbiter_who_revokes_its_own_upload_is_its_uploader(stage: Stage) -> None:
    stage.register(stage.submission(uploader=ARBITER))
    stage.call("revoke", hash_of("a file"), EMPTY_HASH, sender=ARBITER)
    assert stage.read("reputationOf", ARBITER.address) == NEWCOMER


def test_the_operator_earns_as_anyone_does(stage: Stage) -> None:
    stage.register(stage.submission(uploader=OPERATOR, sender=OPERATOR, signed=False))
    assert stage.read("reputationOf", OPERATOR.address)[0] == 3333
