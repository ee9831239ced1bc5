"""``answerTally``: what is proven counts again, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from registry.merkle import root_of
from tests.contracts.actors import ALICE, BOB, BOND, DAY, NOBODY, OPERATOR, STRANGER, hash_of
from tests.contracts.bytecode import DENIER, WALLET, place
from tests.contracts.stage import Happened, Stage
from tests.contracts.tally_case import FOUR_REJECTED, THREE_DAYS, Case, dispute_refusal
from tests.contracts.trees import Refused, Rejection, rejection


def test_nothing_is_proven_that_nobody_asked_for(stage: Stage, case: Case) -> None:
    assert case.refusal(case.all()) == ("NoTally", case.epoch, ALICE.address)
    case.dispute()
    assert case.refusal([], BOB.address) == ("NoTally", case.epoch, BOB.address)
    case.answer(case.all())
    assert case.refusal(case.all()) == ("NoTally", case.epoch, ALICE.address)


@pytest.mark.parametrize("part", [1, 2, 4])
def test_an_opening_with_another_detail_salt_or_path_is_refused(disputed: Case, part: int) -> None:
    openings = disputed.all()
    spoilt = list(openings[2])
    spoilt[part] = [] if part == 4 else hash_of("another")
    openings[2] = tuple(spoilt)
    assert disputed.refusal(openings) == ("PathInvalid", disputed.leaf(openings[2]))


def test_another_uploaders_rejection_is_refused(disputed: Case) -> None:
    openings = disputed.refused.openings(disputed.refused.rejections)
    first = next(one for one in openings if one not in disputed.all())
    assert disputed.refusal([first]) == ("PathInvalid", disputed.leaf(first))


def test_a_rejection_that_its_uploader_did_not_sign_is_refused(stage: Stage) -> None:
    """A gate may put what it likes under its root; it proves nothing without the uploader's own hand."""
    stage.start_of_day(1)
    epoch = stage.today - 1
    forged = Refused(stage, tuple(rejection(stage, k, by=BOB) for k in range(2)))
    forged.close(epoch, {ALICE.address: 2})
    stage.call("disputeTally", epoch, ALICE.address, sender=ALICE, value=BOND)
    arguments = epoch, ALICE.address, forged.openings(forged.rejections)
    assert stage.refusal("answerTally", *arguments, sender=STRANGER) == ("SignatureInvalid", ALICE.address)


def test_a_signature_over_another_intent_is_refused(disputed: Case) -> None:
    openings = disputed.all()
    openings[0] = (*openings[0][:3], openings[1][3], openings[0][4])
    assert disputed.refusal(openings) == ("SignatureInvalid", ALICE.address)


def test_one_rejection_is_not_proven_twice(disputed: Case) -> None:
    openings = disputed.all()
    assert disputed.refusal([openings[0], openings[0], *openings[1:3]]) == ("OpeningsNotAscending", 1)


def test_an_upload_that_was_tried_again_is_one_rejection(stage: Stage) -> None:
    """Each try has its own leaf and salt, and all the same intent."""
    stage.start_of_day(1)
    epoch = stage.today - 1
    tries = Refused(stage, tuple(rejection(stage, 1, salt=f"try {k}") for k in range(3)))
    tries.close(epoch, {ALICE.address: 3})
    stage.call("disputeTally", epoch, ALICE.address, sender=ALICE, value=BOND)
    arguments = epoch, ALICE.address, tries.openings(tries.rejections)
    assert stage.refusal("answerTally", *arguments, sender=STRANGER) == ("OpeningsNotAscending", 1)


def test_openings_out_of_order_are_refused(disputed: Case) -> None:
    openings = disputed.all()
    assert disputed.refusal([openings[1], openings[0], *openings[2:]]) == ("OpeningsNotAscending", 1)
    assert disputed.refusal([*openings[:2], openings[3], openings[2]]) == ("OpeningsNotAscending", 3)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_than_all_wait_three_days(stage: Stage, disputed: Case, count: int) -> None:
    until = stage.now + THREE_DAYS
    assert disputed.refusal(disputed.all()[:count]) == ("AnswerPending", until)
    stage.travel(until - 1)
    assert disputed.refusal(disputed.all()[:count]) == ("AnswerPending", until)
    stage.travel(until)
    disputed.answer(disputed.all()[:count])


@pytest.mark.parametrize("late", [False, True])
def test_all_proven_count_again_and_the_challenger_loses_its_bond(stage: Stage, disputed: Case, late: bool) -> None:
    opened = stage.now
    if late:
        stage.travel(opened + THREE_DAYS + DAY)
    said = {"epoch": disputed.epoch, "uploader": ALICE.address, "proven": 4}
    assert disputed.answer(disputed.all()) == (Happened("TallyAnswered", said),)
    credit = [stage.read("creditOf", who.address) for who in (OPERATOR, ALICE, STRANGER)]
    assert credit == [BOND, 0, 0]
    assert stage.read("bondOf", ALICE.address) == 2 * BOND
    over = {"challenger": ALICE.address, "openedAt": opened, "doublings": 0, "rejections": 0}
    assert stage.read("tallyDisputeOf", disputed.epoch, ALICE.address) == over
    assert disputed.settled() == FOUR_REJECTED


@pytest.mark.parametrize(("count", "ends"), [(0, [2000, 0, 0, 0, 0]), (3, [1740, 744_246, 0, 0, 0])])
def test_what_is_not_proven_never_counts_and_the_bond_goes_back(
    stage: Stage, disputed: Case, count: int, ends: list[int]
) -> None:
    stage.wait(THREE_DAYS)
    said = {"epoch": disputed.epoch, "uploader": ALICE.address, "proven": count}
    assert disputed.answer(disputed.all()[:count]) == (Happened("TallyAnswered", said),)
    assert [stage.read("creditOf", who.address) for who in (OPERATOR, ALICE)] == [0, BOND]
    assert stage.read("bondOf", ALICE.address) == BOND
    again = dispute_refusal(stage, disputed.epoch)
    assert again == ("NoTally", disputed.epoch, ALICE.address)
    assert disputed.settled() == ends


def test_an_answer_after_the_day_has_settled_counts_on_the_next(stage: Stage, disputed: Case) -> None:
    stage.start_of_day(20)
    disputed.answer(disputed.all())
    assert stage.read("reputationOf", ALICE.address) == [2000, 0, 0, 0, 0]
    stage.start_of_day(1)
    assert stage.read("reputationOf", ALICE.address) == FOUR_REJECTED


def test_more_proofs_than_asked_for_count_as_many_as_the_tally_had(stage: Stage) -> None:
    case = Case(stage, rejections=2)
    case.dispute()
    assert case.answer(case.all())[0].args["proven"] == 2
    assert case.settled()[1] < FOUR_REJECTED[1]


def test_the_second_challenge_costs_twice_as_much(stage: Stage, disputed: Case) -> None:
    disputed.answer(disputed.all())
    second = Case(stage)
    assert dispute_refusal(stage, second.epoch) == ("BondMismatch", 2 * BOND, BOND)
    second.dispute()
    second.answer(second.all())
    assert stage.read("creditOf", OPERATOR.address) == 3 * BOND
    assert stage.read("bondOf", ALICE.address) == 4 * BOND


@pytest.mark.parametrize("count", [257, 16_383, 20_000, 70_000])
def test_more_than_256_rejections_of_a_day_need_no_proof_and_do_not_count(stage: Stage, count: int) -> None:
    case = Case(stage, rejections=count)
    assert case.dispute()[0].args["rejections"] == 256
    stage.wait(THREE_DAYS)
    case.answer(case.all())
    assert stage.read("tallyDisputeOf", case.epoch, ALICE.address)["rejections"] == 0
    assert case.settled() == FOUR_REJECTED


@pytest.mark.slow
def test_256_openings_fit_into_a_transaction(stage: Stage) -> None:
    stage.start_of_day(1)
    epoch = stage.today - 1
    many = Refused(stage, tuple(rejection(stage, k) for k in range(256)))
    many.close(epoch, {ALICE.address: 300})
    stage.call("disputeTally", epoch, ALICE.address, sender=ALICE, value=BOND)
    answered = stage.call("answerTally", epoch, ALICE.address, many.openings(many.rejections), sender=STRANGER)
    assert answered[0].args["proven"] == 256


# -- strangers and wallets --------------------------------------------------------------------------------------


def wallet_case(stage: Stage, text: str) -> tuple[int, str, Refused]:
    stage.start_of_day(1)
    wallet = place(stage, text)
    refused = Refused(stage, (replace(rejection(stage, 1), uploader=wallet),))
    refused.close(stage.today - 1, {wallet: 1})
    return stage.today - 1, wallet, refused


def opened_by_wallet(stage: Stage, epoch: int, wallet: str, one: Rejection, refused: Refused) -> Any:
    opening = refused.opening(one)
    return stage.refusal("answerTally", epoch, wallet, [opening], sender=STRANGER)


@pytest.mark.parametrize("text", [WALLET, DENIER])
def test_a_wallets_tally_is_only_its_own_to_dispute(stage: Stage, text: str) -> None:
    epoch, wallet, refused = wallet_case(stage, text)
    assert stage.refusal("disputeTally", epoch, wallet, sender=ALICE, value=BOND) == ("NotUploader", ALICE.address)
    ends = opened_by_wallet(stage, epoch, wallet, refused.rejections[0], refused)
    assert ends == ("NoTally", epoch, wallet)


def test_without_its_salt_nobody_finds_a_rejection_under_the_root(stage: Stage, case: Case) -> None:
    """Who knows the file, its uploader and the intent, and guesses the detail, still has 256 bits to guess."""
    known = case.hers[0]
    guesses = [replace(known, salt=salt).hashed(stage) for salt in (bytes(32), hash_of("a guess"), hash_of("salt"))]
    assert not set(guesses) & set(case.refused.tree.leaves)
    assert known.hashed(stage) in case.refused.tree.leaves


def test_the_uploader_opens_its_own_leaf(case: Case) -> None:
    """With what its rejection receipt says, which nobody else has, by the path and the root on the chain."""
    opening = case.refused.opening(case.hers[0])
    root = case.stage.read("rejectionRootOf", case.epoch)
    assert root_of(case.leaf(opening), opening[4]) == root
    assert root_of(case.leaf(opening, NOBODY), opening[4]) != root
