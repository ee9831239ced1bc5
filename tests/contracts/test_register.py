"""``register``: what is refused, by name, and what a registration leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.stage import (
    ACTIVE,
    ALICE,
    BOB,
    CREDENTIALS,
    DAG_PB,
    EMPTY_HASH,
    FAR,
    GATE,
    GATES,
    IMAGE,
    NOT_JUDGED,
    OPERATOR,
    PRIVATE,
    REVIEWER,
    STRANGER,
    UPLOADER,
    VIDEO,
    Happened,
    RevertedError,
    Stage,
    Submission,
    hash_of,
)

SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
DIGEST = hash_of("a file")
OTHER = hash_of("another file")

Build = Callable[[Stage], Submission]


def high_s(signature: bytes) -> bytes:
    """The other signature of the same words: s mirrored, v flipped."""
    s = SECP256K1_N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([27 + 28 - signature[64]])


def with_gate_sigs(stage: Stage, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Submission:
    whole = stage.submission()
    return replace(whole, gate_sigs=change(whole.gate_sigs))


def levels(value: int) -> Build:
    return lambda stage: stage.submission(admission={"levels": value})


def twice_the_same_gate(stage: Stage) -> Submission:
    return stage.submission(gates=(GATES[0], GATES[0]))


def unsigned_by(stage: Stage, **changes: Any) -> Submission:
    return stage.submission(uploader=OPERATOR, sender=OPERATOR, signed=False, **changes)


REFUSALS: dict[str, tuple[Build, str, tuple[Any, ...] | None]] = {
    "an unknown kind": (lambda s: s.submission(admission={"kind": 3}), "KindUnknown", (3,)),
    "no kind but the codec bit": (lambda s: s.submission(admission={"kind": DAG_PB}), "KindUnknown", (DAG_PB,)),
    "an unknown level bit": (levels(GATE | UPLOADER | 16), "LevelsInvalid", (19,)),
    "both gate and reviewer": (levels(GATE | UPLOADER | REVIEWER), "LevelsInvalid", (7,)),
    "a verdict past its deadline": (lambda s: s.submission(admission={"deadline": 1}), "VerdictExpired", (1,)),
    "a signed intent without the level": (levels(GATE), "UploaderLevelMismatch", (GATE, True)),
    "the level without a signed intent": (
        lambda s: unsigned_by(s, admission={"levels": GATE | UPLOADER}),
        "UploaderLevelMismatch",
        (GATE | UPLOADER, False),
    ),
    "an intent for other bytes": (
        lambda s: s.submission(intent={"digest": OTHER}),
        "IntentDigestMismatch",
        (OTHER, DIGEST),
    ),
    "an intent of another uploader": (
        lambda s: s.submission(uploader=BOB, admission={"uploader": ALICE.address}),
        "IntentUploaderMismatch",
        (BOB.address, ALICE.address),
    ),
    "an unknown visibility": (lambda s: s.submission(intent={"visibility": 2}), "VisibilityUnknown", (2,)),
    "an intent past its deadline": (lambda s: s.submission(intent={"deadline": 1}), "IntentExpired", (1,)),
    "no intent from one who is not the operator": (
        lambda s: s.submission(signed=False, sender=ALICE),
        "IntentRequired",
        (ALICE.address,),
    ),
    "the operator's unsigned upload sent by another": (
        lambda s: replace(unsigned_by(s), sender=STRANGER),
        "NotOperator",
        (STRANGER.address,),
    ),
    "an intent that another signed": (
        lambda s: replace(s.submission(), intent_sig=s.submission(uploader=BOB).intent_sig),
        "IntentSignatureInvalid",
        (ALICE.address,),
    ),
    "an intent with high s": (
        lambda s: replace(s.submission(), intent_sig=high_s(s.submission().intent_sig)),
        "IntentSignatureInvalid",
        (ALICE.address,),
    ),
    "an intent whose visibility was changed": (
        lambda s: replace(s.submission(), intent=s.submission().intent | {"visibility": PRIVATE}),
        "IntentSignatureInvalid",
        (ALICE.address,),
    ),
    "fewer opinions than signatures": (
        lambda s: replace(s.submission(), opinions=s.submission().opinions[:1]),
        "OpinionCountMismatch",
        (1, 2),
    ),
    "no signature": (lambda s: s.submission(gates=()), "QuorumNotMet", (0, 2)),
    "fewer signatures than the threshold": (lambda s: s.submission(gates=GATES[:1]), "QuorumNotMet", (1, 2)),
    "an unknown band": (lambda s: s.submission(opinion={"band": 5}), "BandUnknown", (5,)),
    "level gate on a file that was not judged": (
        lambda s: s.submission(opinion={"band": NOT_JUDGED}),
        "NotJudged",
        (0,),
    ),
    "an account that is no gate": (
        lambda s: s.submission(gates=(GATES[0], GATES[3])),
        "NotAGate",
        (GATES[3].address,),
    ),
    "a signature of 64 bytes": (
        lambda s: with_gate_sigs(s, lambda sigs: (sigs[0], sigs[1][:64])),
        "GateSignatureInvalid",
        (1,),
    ),
    "a signature with high s": (
        lambda s: with_gate_sigs(s, lambda sigs: (high_s(sigs[0]), sigs[1])),
        "GateSignatureInvalid",
        (0,),
    ),
    "one gate twice": (
        twice_the_same_gate,
        "GatesNotAscending",
        (GATES[0].address, GATES[0].address),
    ),
    "gates in descending order": (
        lambda s: s.submission(gates=(GATES[1], GATES[0])),
        "GatesNotAscending",
        (GATES[1].address, GATES[0].address),
    ),
    "each gate's signature over the other's opinion": (
        lambda s: replace(s.submission(), opinions=s.submission().opinions[::-1]),
        "NotAGate",
        None,  # whichever account the words recover to
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_register_refuses(stage: Stage, case: str) -> None:
    build, name, arguments = REFUSALS[case]
    with pytest.raises(RevertedError) as refused:
        stage.register(build(stage))
    assert refused.value.name == name
    if arguments is not None:
        assert refused.value.arguments == arguments
    assert stage.read("recordOf", DIGEST)["standing"] == 0
    assert stage.read("counts") == [0, 0, 0]
    assert not stage.read("isNonceSpent", ALICE.address, 7)


@pytest.mark.parametrize("name", ["digest", "fingerprintHash", "contentHash", "kind", "policyId", "earnsReputation"])
def test_register_refuses_an_admission_changed_after_signing(stage: Stage, name: str) -> None:
    changed: dict[str, Any] = {"kind": VIDEO, "earnsReputation": False}
    whole = stage.submission()
    other = stage.submission(admission={name: changed.get(name, OTHER)})
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.register(replace(other, gate_sigs=whole.gate_sigs))


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


def test_register_refuses_a_second_record_of_the_same_bytes(stage: Stage) -> None:
    stage.register(stage.submission())
    with pytest.raises(RevertedError) as refused:
        stage.register(stage.submission(uploader=BOB))
    assert (refused.value.name, refused.value.arguments) == ("MediaAlreadyRegistered", (DIGEST,))
    assert stage.read("recordOf", DIGEST)["uploader"] == ALICE.address


def test_register_refuses_bytes_whose_record_was_revoked(stage: Stage) -> None:
    stage.register(stage.submission())
    stage.call("revoke", DIGEST, EMPTY_HASH, sender=ALICE)
    with pytest.raises(RevertedError, match="MediaAlreadyRegistered"):
        stage.register(stage.submission(intent={"nonce": 8}))


def test_register_refuses_a_nonce_spent_on_other_bytes(stage: Stage) -> None:
    stage.register(stage.submission())
    with pytest.raises(RevertedError) as refused:
        stage.register(stage.submission(admission={"digest": OTHER}))
    assert (refused.value.name, refused.value.arguments) == ("NonceSpent", (ALICE.address, 7))


def test_register_accepts_nonces_in_any_order_and_each_stays_spent(stage: Stage) -> None:
    nonces = (2**256 - 1, 0, 255, 256)  # two of them in one word of the bitmap
    for nonce in nonces:
        stage.register(stage.submission(admission={"digest": hash_of(str(nonce))}, intent={"nonce": nonce}))
    for nonce in nonces:
        with pytest.raises(RevertedError, match="NonceSpent"):
            stage.register(stage.submission(intent={"nonce": nonce}))
    for neighbour in (1, 254, 257, 511, 512, 2**256 - 2):
        assert not stage.read("isNonceSpent", ALICE.address, neighbour)


def test_each_uploader_has_its_own_nonces(stage: Stage) -> None:
    stage.register(stage.submission(uploader=ALICE))
    assert not stage.read("isNonceSpent", BOB.address, 7)
    stage.register(stage.submission(uploader=BOB, admission={"digest": OTHER}))


def test_a_deadline_is_the_last_good_second(stage: Stage) -> None:
    then = stage.block()["timestamp"] + 1000
    submission = stage.submission(admission={"deadline": then}, intent={"deadline": then})
    stage.tester.time_travel(then)
    stage.register(submission)
    assert stage.read("recordOf", DIGEST)["registeredAt"] == then


@pytest.mark.parametrize(("part", "name"), [("admission", "VerdictExpired"), ("intent", "IntentExpired")])
def test_the_second_after_a_deadline_is_too_late(stage: Stage, part: str, name: str) -> None:
    then = stage.block()["timestamp"] + 1000
    submission = stage.submission(**{part: {"deadline": then - 1}})
    stage.tester.time_travel(then)
    with pytest.raises(RevertedError) as refused:
        stage.register(submission)
    assert (refused.value.name, refused.value.arguments) == (name, (then - 1,))


def test_register_stores_and_emits_what_was_signed(stage: Stage) -> None:
    submission = stage.submission(admission={"levels": GATE | UPLOADER | CREDENTIALS, "kind": VIDEO | DAG_PB})
    receipt = stage.register_receipt(submission)
    a, i = submission.admission, submission.intent
    assert stage.read("recordOf", DIGEST) == {
        "uploader": ALICE.address,
        "registeredAt": stage.block(receipt["block_number"])["timestamp"],
        "blockNumber": receipt["block_number"],
        "kind": VIDEO | DAG_PB,
        "levels": GATE | UPLOADER | CREDENTIALS,
        "visibility": 0,
        "earnsReputation": True,
        "standing": ACTIVE,
        "fingerprintHash": a["fingerprintHash"],
        "contentHash": a["contentHash"],
    }
    registered, first, second, commit = stage.happened(receipt)
    assert registered == Happened(
        "MediaRegistered",
        {
            "digest": DIGEST,
            "uploader": ALICE.address,
            "recorder": STRANGER.address,
            "fingerprintHash": a["fingerprintHash"],
            "contentHash": a["contentHash"],
            "policyId": a["policyId"],
            "claimsHash": i["claimsHash"],
            "kind": a["kind"],
            "levels": a["levels"],
            "visibility": 0,
            "earnsReputation": True,
        },
    )
    for event, gate, opinion in zip((first, second), GATES, submission.opinions, strict=False):
        assert event == Happened("OpinionRecorded", {"digest": DIGEST, "gate": gate.address, **opinion})
    assert commit.name == "Commit"
    assert stage.read("standingOf", DIGEST) == ACTIVE
    assert stage.read("counts") == [1, 0, 0]
    assert stage.read("isNonceSpent", ALICE.address, 7)


def test_a_private_record_keeps_its_traits_and_commits_to_nothing_in_public(stage: Stage) -> None:
    events = stage.register(
        stage.submission(admission={"earnsReputation": False}, intent={"visibility": PRIVATE}),
    )
    assert [event.name for event in events] == ["MediaRegistered", "OpinionRecorded", "OpinionRecorded"]
    record = stage.read("recordOf", DIGEST)
    assert (record["visibility"], record["earnsReputation"]) == (PRIVATE, False)
    assert (record["levels"], record["kind"], record["standing"]) == (GATE | UPLOADER, IMAGE, ACTIVE)


def test_the_operator_registers_its_own_without_an_intent_and_spends_no_nonce(stage: Stage) -> None:
    submission = stage.submission(uploader=OPERATOR, sender=OPERATOR, signed=False, intent={"deadline": 0})
    registered = stage.register(submission)[0]
    assert registered.args["levels"] == GATE
    assert registered.args["claimsHash"] == submission.intent["claimsHash"]
    assert not stage.read("isNonceSpent", OPERATOR.address, 7)


def test_the_operator_may_sign_an_intent_as_any_uploader_does(stage: Stage) -> None:
    stage.register(stage.submission(uploader=OPERATOR))
    assert stage.read("recordOf", DIGEST)["levels"] == GATE | UPLOADER


def test_a_reviewed_file_needs_no_judgement_and_has_no_gate_level(stage: Stage) -> None:
    stage.register(stage.submission(admission={"levels": REVIEWER | UPLOADER}, opinion={"band": NOT_JUDGED}))
    assert stage.read("recordOf", DIGEST)["levels"] == REVIEWER | UPLOADER


def test_a_file_accepted_as_not_screened_has_neither_level(stage: Stage) -> None:
    stage.register(stage.submission(admission={"levels": UPLOADER}, opinion={"band": NOT_JUDGED}))
    assert stage.read("recordOf", DIGEST)["levels"] == UPLOADER


def test_more_gates_than_the_threshold_may_sign(stage: Stage) -> None:
    events = stage.register(stage.submission(gates=GATES[:3]))
    assert [event.args["gate"] for event in events if event.name == "OpinionRecorded"] == [
        gate.address for gate in GATES[:3]
    ]


def test_bytes_never_registered_have_an_empty_record(stage: Stage) -> None:
    assert stage.read("recordOf", OTHER)["standing"] == 0
    assert stage.read("recordOf", OTHER)["uploader"] == "0x" + "00" * 20
    assert stage.read("standingOf", OTHER) == 0
