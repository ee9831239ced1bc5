"""Records, receipts, revocation and uploaders over HTTP."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from typing import get_args

import pytest

from api.schemas import ReasonCode, RulingWord, StatementIn, reason_of, ruling_of
from registry.errors import TransactionRevertedError
from registry.model import Act, Digest, DisputeReason, RecordGate, Ruling, Statement
from registry.register import revoke, signed_by
from tests.fakes import RECORDER, UPLOADER, KeySigner
from tests.unit.api.conftest import OPERATOR, PHOTO, Service
from tests.values import ALICE, BOB, NOW

DIGEST = Digest.of_bytes(PHOTO)
RECORD = f"/v1/records/{DIGEST}"


@pytest.mark.parametrize("path", [RECORD, f"{RECORD}/receipt"])
def test_an_absent_record_is_404_and_says_nothing_about_the_media(service: Service, path: str) -> None:
    answer = service.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "record-not-found")
    assert "says nothing about the media" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/records/12", "/v1/records/zz", "/v1/uploaders/0x12"])
def test_a_name_that_is_none_is_400(service: Service, path: str) -> None:
    answer = service.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-value")


def test_a_record_says_on_whose_word_it_stands(read_service: Service) -> None:
    body = read_service.client.get(RECORD).json()
    assert (body["digest"], body["standing"], body["ledger"]) == (DIGEST.hex, "ACTIVE", "embedded")


def test_a_record_known_to_the_caller_is_304_until_its_standing_changes(recorded: Service) -> None:
    tag = recorded.client.get(RECORD).headers["ETag"]
    assert recorded.client.get(RECORD, headers={"If-None-Match": f'"x", W/{tag}'}).status_code == 304
    revoke(recorded.desk.ledger, DIGEST, reason="")
    again = recorded.client.get(RECORD, headers={"If-None-Match": tag})
    assert (again.status_code, again.json()["standing"]) == (200, "REVOKED")


def test_the_receipt_is_the_file_byte_for_byte(read_service: Service) -> None:
    answer = read_service.client.get(f"{RECORD}/receipt")
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == read_service.desk.receipts.path(DIGEST).read_bytes()


def test_a_record_without_its_receipt_here_is_told_apart_from_no_record(recorded: Service) -> None:
    recorded.desk.receipts.path(DIGEST).unlink()
    answer = recorded.client.get(f"{RECORD}/receipt")
    assert (answer.status_code, answer.json()["code"]) == (404, "receipt-not-found")


def test_revoking_needs_the_token(recorded: Service) -> None:
    answer = recorded.client.post(f"{RECORD}/revocation", json={"reason": "mistake"})
    assert answer.status_code == 401
    assert recorded.client.get(RECORD).json()["standing"] == "ACTIVE"


def test_revoking_needs_a_reason(recorded: Service) -> None:
    answer = recorded.client.post(f"{RECORD}/revocation", json={"reason": ""}, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-request")


def test_revoking_keeps_the_hash_of_its_reason(recorded: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    publish = recorded.desk.ledger.publish
    monkeypatch.setattr(
        recorded.desk.ledger, "publish", lambda signed: (kept.append(signed.statement.detail), publish(signed))[1]
    )
    answer = recorded.client.post(f"{RECORD}/revocation", json={"reason": "mistake"}, headers=OPERATOR)
    assert (answer.status_code, answer.json()["standing"]) == (200, "REVOKED")
    assert kept == [hashlib.sha256(b"mistake").digest()]


def test_revoking_what_is_not_recorded_is_404(service: Service) -> None:
    answer = service.client.post(f"{RECORD}/revocation", json={"reason": "mistake"}, headers=OPERATOR)
    assert answer.status_code == 404


def test_an_uploaders_reputation_is_the_whole_tuple(service: Service) -> None:
    body = service.client.get(f"/v1/uploaders/{RECORDER.address}").json()
    assert body == {
        "address": str(RECORDER.address),
        "score_bps": 2000,
        "evidence": 0,
        "open_disputes": 0,
        "strikes": 0,
        "last_fraud_day": 0,
        "ledger": "embedded",
    }


# -- what others say of a record -----------------------------------------------------------------------------------


def word(
    service: Service, says: Act = Act.ATTEST, *, key: KeySigner = UPLOADER, **changes: object
) -> dict[str, object]:
    """Return a signed statement as JSON; ``changes`` are made to the JSON, after the signature."""
    statement = Statement(DIGEST, key.address, says, b"\x0c" * 32, secrets.randbits(256), NOW + 60)
    signed = signed_by(key, statement, ledger=service.desk.ledger)
    return {**StatementIn.of(signed).model_dump(), **changes}


def test_a_third_partys_signed_word_is_published_without_an_account(recorded: Service) -> None:
    answer = recorded.client.post(f"{RECORD}/attestations", json=word(recorded))
    assert answer.status_code == 201, answer.text
    body = recorded.client.get(RECORD).json()
    assert body == answer.json()
    assert body["levels"] == ["GATE", "THIRD_PARTY"]
    assert body["attestations"] == [
        {
            "attester": str(UPLOADER.address),
            "level": "THIRD_PARTY",
            "claims_hash": "0x" + "0c" * 32,
            "attested_at": NOW,
        }
    ]
    retracted = recorded.client.post(f"{RECORD}/attestations", json=word(recorded, Act.RETRACT))
    assert (retracted.json()["attestations"], retracted.json()["levels"]) == ([], ["GATE"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"digest": "00" * 32}, 403, "statement"),
        ({"deadline": NOW}, 403, "statement"),
        ({"deadline": NOW + 31 * 86_400}, 403, "statement"),
        ({"deadline": NOW + 61}, 403, "statement"),
        ({"by": "0x" + "11" * 20}, 403, "statement"),
        ({"act": "review"}, 403, "statement"),
        ({"signature": "0x"}, 403, "statement"),
        ({"act": "revoke"}, 422, "malformed-request"),
        ({"nonce": "-1"}, 422, "malformed-request"),
        ({"nonce": "9" * 78}, 400, "invalid-value"),
        ({"detail": "0x12"}, 400, "invalid-value"),
        ({"claims": {}}, 422, "malformed-request"),
        ({"signature": "0x" + "00" * 4_097}, 422, "malformed-request"),
    ],
)
def test_a_word_that_does_not_hold_is_refused_before_anything_is_paid(
    recorded: Service, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], status: int, code: str
) -> None:
    monkeypatch.setattr(recorded.desk.ledger, "publish", lambda signed: pytest.fail("it was published"))
    answer = recorded.client.post(f"{RECORD}/attestations", json=word(recorded, **changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_word_on_what_is_not_recorded_is_404(service: Service) -> None:
    assert service.client.post(f"{RECORD}/attestations", json=word(service)).status_code == 404


def test_a_contracts_refusal_is_told_by_name_and_in_words(recorded: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(signed: object) -> None:
        raise TransactionRevertedError("AttesterIsUploader", [str(RECORDER.address)])

    monkeypatch.setattr(recorded.desk.ledger, "publish", refuse)
    answer = recorded.client.post(f"{RECORD}/attestations", json=word(recorded))
    assert (answer.status_code, answer.json()["error_name"]) == (409, "AttesterIsUploader")
    assert "cannot vouch for its own record" in answer.json()["detail"]


DISPUTE = {"reason_code": "depicted-person", "reason": "that is me"}
RULING = {"ruling": "dismissed", "reason": "consent was given"}


@pytest.mark.parametrize(("part", "body"), [("disputes", DISPUTE), ("rulings", RULING)])
def test_disputing_and_ruling_need_the_token(recorded: Service, part: str, body: dict[str, str]) -> None:
    assert recorded.client.post(f"{RECORD}/{part}", json=body).status_code == 401
    assert recorded.client.get(RECORD).json()["standing"] == "ACTIVE"


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("disputes", {**DISPUTE, "reason_code": "dislike"}),
        ("disputes", {"reason_code": "forgery"}),
        ("rulings", {**RULING, "ruling": "burnt"}),
        ("rulings", {**RULING, "reason": ""}),
    ],
)
def test_a_dispute_and_a_ruling_need_a_known_word_and_a_reason(
    recorded: Service, part: str, body: dict[str, str]
) -> None:
    answer = recorded.client.post(f"{RECORD}/{part}", json=body, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-request")


def test_every_reason_and_ruling_of_the_contract_has_its_word() -> None:
    assert {reason_of(word) for word in get_args(ReasonCode)} == set(DisputeReason)
    assert {reason.word for reason in DisputeReason} == set(get_args(ReasonCode))
    assert {ruling_of(word) for word in get_args(RulingWord)} == set(Ruling)


def test_ruling_on_what_nobody_disputes_is_409(recorded: Service) -> None:
    answer = recorded.client.post(f"{RECORD}/rulings", json=RULING, headers=OPERATOR)
    assert (answer.status_code, answer.json()["error_name"]) == (409, "StandingMismatch")


def test_a_dispute_shows_wherever_the_record_does_until_it_is_ruled_on(recorded: Service) -> None:
    opened = recorded.client.post(f"{RECORD}/disputes", json=DISPUTE, headers=OPERATOR)
    assert (opened.status_code, opened.json()["standing"]) == (201, "DISPUTED")
    shown = {
        "reason": "depicted-person",
        "opened_at": NOW,
        "challenger": str(RECORDER.address),
        "bond_wei": "0",
    }
    asked = {"sha256": DIGEST.hex}
    check = recorded.client.post("/v1/checks", json=asked).json()
    assert check["decision"] == "review"
    for body in (
        recorded.client.get(RECORD).json(),
        recorded.client.post("/v1/verifications", json=asked).json()["record"],
        check["verification"]["record"],
    ):
        assert body["dispute"] == shown
    ruled = recorded.client.post(f"{RECORD}/rulings", json=RULING, headers=OPERATOR)
    assert (ruled.status_code, ruled.json()["standing"], ruled.json()["dispute"]) == (201, "ACTIVE", None)


def test_a_record_names_its_gates_and_whether_they_are_one_operators(recorded: Service) -> None:
    gates = (RecordGate(ALICE, BOB, is_suspect=True), RecordGate(BOB, BOB, is_suspect=False))
    ledger = recorded.desk.ledger
    ledger.records[DIGEST] = replace(ledger.records[DIGEST], gates=gates)
    body = recorded.client.get(RECORD).json()
    assert body["gates"] == [
        {"address": str(ALICE), "operator": str(BOB), "suspect": True},
        {"address": str(BOB), "operator": str(BOB), "suspect": False},
    ]
    assert body["quorum"] == {"gates": 2, "operators": 1, "single_operator": True}
    answer = recorded.client.post("/v1/verifications", json={"sha256": DIGEST.hex}).json()
    assert answer["reasons"] == ["gate_key_compromised", "single_operator_quorum"]
