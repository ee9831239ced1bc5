"""``register``: what is refused beside the table of refusals, and what a registration leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.actors import (
    ACTIVE,
    ALICE,
    BOB,
    CREDENTIALS,
    DAG_PB,
    EARNS_BIT,
    EMPTY_HASH,
    FAR,
    GATE,
    GATES,
    IMAGE,
    NOBODY,
    NONE,
    NOT_JUDGED,
    OPERATOR,
    PRIVATE,
    PRIVATE_BIT,
    REVIEWER,
    REVOKE,
    STRANGER,
    UPLOADER,
    VIDEO,
    hash_of,
)
from tests.contracts.chain import RevertedError
from tests.contracts.stage import Happened, Stage, Submission

DIGEST = hash_of("a file")
OTHER = hash_of("another file")

Build = Callable[[Stage], Submission]


def refusal(stage: Stage, submission: Submission) -> tuple[Any, ...]:
    return stage.refusal("register", *submission.arguments(), sender=submission.sender)


def levels(value: int) -> Build:
    return lambda stage: stage.submission(admission={"levels": value})


def unsigned(stage: Stage, **changes: Any) -> Submission:
    return stage.submission(uploader=OPERATOR, sender=OPERATOR, signed=False, **changes)


MALFORMED: dict[str, tuple[Build, tuple[Any, ...]]] = {
    "an unknown kind": (lambda s: s.submission(admission={"kind": 3}), ("KindUnknown", 3)),
    "no kind but the codec's bit": (lambda s: s.submission(admission={"kind": DAG_PB}), ("KindUnknown", DAG_PB)),
    "the private bit in a kind": (lambda s: s.submission(admission={"kind": 0x41}), ("KindUnknown", 0x41)),
    "an unknown level": (levels(GATE | UPLOADER | 16), ("LevelsInvalid", 19)),
    "the earning bit in the levels": (levels(GATE | UPLOADER | EARNS_BIT), ("LevelsInvalid", 131)),
    "both gate and reviewer": (levels(GATE | UPLOADER | REVIEWER), ("LevelsInvalid", 7)),
    "a signed intent without the level": (levels(GATE), ("LevelsInvalid", GATE)),
    "the level without a signed intent": (
        lambda s: unsigned(s, admission={"levels": GATE | UPLOADER}),
        ("LevelsInvalid", GATE | UPLOADER),
    ),
    "fewer opinions than signatures": (
        lambda s: replace(s.submission(), opinions=s.submission().opinions[:1]),
        ("OpinionCountMismatch", 1, 2),
    ),
    "more opinions than signatures": (
        lambda s: replace(s.submission(), gate_sigs=s.submission().gate_sigs[:1]),
        ("OpinionCountMismatch", 2, 1),
    ),
    "an unknown band": (lambda s: s.submission(opinion={"band": 5}), ("BandInvalid", 0, 5)),
    "level gate on a file that was not judged": (
        lambda s: s.submission(opinion={"band": NOT_JUDGED}),
        ("BandInvalid", 0, NOT_JUDGED),
    ),
    "an unknown visibility": (lambda s: s.submission(intent={"visibility": 2}), ("",)),  # it does not even decode
}


@pytest.mark.parametrize("case", MALFORMED)
def test_register_refuses(stage: Stage, case: str) -> None:
    build, ends = MALFORMED[case]
    assert refusal(stage, build(stage)) == ends
    assert stage.standing(DIGEST) == NONE
    assert stage.counts == (0, 0, 0)
    assert not stage.read("isNonceSpent", ALICE.address, 7)


@pytest.mark.parametrize("name", ["fingerprintHash", "contentHash", "kind", "policyId", "earnsReputation"])
def test_register_refuses_an_admission_changed_after_signing(stage: Stage, name: str) -> None:
    changed: dict[str, Any] = {"kind": VIDEO, "earnsReputation": False}
    other = stage.submission(admission={name: changed.get(name, OTHER)})
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.register(replace(other, gate_sigs=stage.submission().gate_sigs))


@pytest.mark.parametrize("name", ["deadline", "levels"])
def test_register_refuses_a_verdict_stretched_after_signing(stage: Stage, name: str) -> None:
    whole = stage.submission()
    stretched = whole.admission | {name: {"deadline": FAR + 1, "levels": GATE | UPLOADER | CREDENTIALS}[name]}
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.register(replace(whole, admission=stretched))


@pytest.mark.parametrize("name", ["modelId", "band", "thresholdBps", "issuedAt"])
def test_register_refuses_an_opinion_changed_after_signing(stage: Stage, name: str) -> None:
    whole = stage.submission()
    changed = whole.opinions[0] | {name: OTHER if name == "modelId" else 3}
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.register(replace(whole, opinions=(changed, whole.opinions[1])))


def test_register_refuses_each_gates_signature_over_the_others_opinion(stage: Stage) -> None:
    whole = stage.submission()
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.register(replace(whole, opinions=whole.opinions[::-1]))


@pytest.mark.parametrize("name", ["visibility", "claimsHash", "nonce", "deadline"])
def test_register_refuses_an_intent_changed_after_signing(stage: Stage, name: str) -> None:
    whole = stage.submission()
    changed = whole.intent | {name: OTHER if name == "claimsHash" else 1 if name == "visibility" else FAR + 1}
    assert refusal(stage, replace(whole, intent=changed)) == ("SignatureInvalid", ALICE.address)


def test_register_refuses_a_second_record_of_the_same_bytes(stage: Stage) -> None:
    stage.register(stage.submission())
    assert refusal(stage, stage.submission(uploader=BOB)) == ("MediaAlreadyRegistered", DIGEST)
    assert stage.read("recordOf", DIGEST)["uploader"] == ALICE.address


def test_register_refuses_bytes_whose_record_was_revoked(stage: Stage) -> None:
    stage.register(stage.submission())
    stage.say(REVOKE, DIGEST)
    assert refusal(stage, stage.submission(intent={"nonce": 8})) == ("MediaAlreadyRegistered", DIGEST)


def test_register_accepts_nonces_in_any_order_and_each_stays_spent(stage: Stage) -> None:
    nonces = (2**256 - 1, 0, 255, 256)  # two of them in one word of the bitmap
    for nonce in nonces:
        stage.register(stage.submission(admission={"digest": hash_of(str(nonce))}, intent={"nonce": nonce}))
    for nonce in nonces:
        assert refusal(stage, stage.submission(intent={"nonce": nonce})) == ("NonceSpent", ALICE.address, nonce)
    for neighbour in (1, 254, 257, 511, 512, 2**256 - 2):
        assert not stage.read("isNonceSpent", ALICE.address, neighbour)


def test_each_uploader_has_its_own_nonces(stage: Stage) -> None:
    stage.register(stage.submission(uploader=ALICE))
    assert not stage.read("isNonceSpent", BOB.address, 7)
    stage.register(stage.submission(uploader=BOB, admission={"digest": OTHER}))


def test_a_deadline_is_the_last_good_second(stage: Stage) -> None:
    then = stage.now + 1000
    submission = stage.submission(admission={"deadline": then}, intent={"deadline": then})
    stage.travel(then)
    stage.register(submission)
    assert stage.read("recordOf", DIGEST)["registeredAt"] == then


def test_register_stores_one_slot_and_emits_all_that_was_signed(stage: Stage) -> None:
    submission = stage.submission(admission={"levels": GATE | UPLOADER | CREDENTIALS, "kind": VIDEO | DAG_PB})
    receipt = stage.register_receipt(submission)
    assert stage.read("recordOf", DIGEST) == {
        "uploader": ALICE.address,
        "registeredAt": stage.block(receipt["block_number"])["timestamp"],
        "blockNumber": receipt["block_number"],
        "kind": VIDEO | DAG_PB,
        "levels": GATE | UPLOADER | CREDENTIALS | EARNS_BIT,
        "standing": ACTIVE,
    }
    registered, first, second, commit = stage.happened(receipt)
    assert registered == Happened(
        "MediaRegistered",
        {
            "digest": DIGEST,
            "uploader": ALICE.address,
            "recorder": STRANGER.address,
            "admission": submission.admission,
            "visibility": 0,
            "claimsHash": submission.intent["claimsHash"],
        },
    )
    for event, gate, opinion in zip((first, second), GATES[:2], submission.opinions, strict=True):
        assert event == Happened("OpinionRecorded", {"digest": DIGEST, "gate": gate.address, "opinion": opinion})
    assert commit.name == "Commit"
    assert stage.counts == (1, 0, 0)
    assert stage.read("isNonceSpent", ALICE.address, 7)


def test_a_private_record_keeps_its_traits_and_commits_to_nothing_in_public(stage: Stage) -> None:
    events = stage.register(
        stage.submission(admission={"earnsReputation": False}, intent={"visibility": PRIVATE}),
    )
    assert [event.name for event in events] == ["MediaRegistered", "OpinionRecorded", "OpinionRecorded"]
    assert events[0].args["visibility"] == PRIVATE
    record = stage.read("recordOf", DIGEST)
    assert (record["kind"], record["levels"]) == (IMAGE | PRIVATE_BIT, GATE | UPLOADER)


def test_the_operator_registers_its_own_without_an_intent_and_spends_no_nonce(stage: Stage) -> None:
    submission = unsigned(stage, intent={"deadline": 0})
    registered = stage.register(submission)[0]
    assert registered.args["admission"]["levels"] == GATE
    assert registered.args["claimsHash"] == submission.intent["claimsHash"]
    assert not stage.read("isNonceSpent", OPERATOR.address, 7)


def test_the_operator_may_sign_an_intent_as_any_uploader_does(stage: Stage) -> None:
    stage.register(stage.submission(uploader=OPERATOR))
    assert stage.read("recordOf", DIGEST)["levels"] == GATE | UPLOADER | EARNS_BIT


def test_a_reviewed_file_needs_no_judgement_and_has_no_gate_level(stage: Stage) -> None:
    stage.register(stage.submission(admission={"levels": REVIEWER | UPLOADER}, opinion={"band": NOT_JUDGED}))
    assert stage.read("recordOf", DIGEST)["levels"] == REVIEWER | UPLOADER | EARNS_BIT


def test_a_file_accepted_as_not_screened_has_neither_level(stage: Stage) -> None:
    stage.register(stage.submission(admission={"levels": UPLOADER}, opinion={"band": NOT_JUDGED}))
    assert stage.read("recordOf", DIGEST)["levels"] == UPLOADER | EARNS_BIT


@pytest.mark.parametrize("band", range(5))
def test_every_band_may_be_found(stage: Stage, band: int) -> None:
    stage.register(stage.submission(opinion={"band": band}))
    assert stage.counts == (1, 0, 0)


def test_more_gates_than_the_threshold_may_sign(stage: Stage) -> None:
    events = stage.register(stage.submission(gates=GATES[:3]))
    assert [event.args["gate"] for event in events if event.name == "OpinionRecorded"] == [
        gate.address for gate in GATES[:3]
    ]


def test_bytes_never_registered_have_an_empty_record(stage: Stage) -> None:
    assert set(stage.read("recordOf", OTHER).values()) == {0, NOBODY}
    assert set(stage.read("disputeOf", OTHER).values()) == {0, NOBODY}


def test_a_claim_of_nothing_is_a_zero_hash(stage: Stage) -> None:
    assert stage.register(stage.submission(intent={"claimsHash": EMPTY_HASH}))[0].args["claimsHash"] == EMPTY_HASH
