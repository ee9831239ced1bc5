"""Records, receipts, revocation and uploaders over HTTP."""

from __future__ import annotations

import hashlib

import pytest

from registry.model import Digest
from registry.register import revoke
from tests.fakes import RECORDER
from tests.unit.api.conftest import OPERATOR, PHOTO, Service

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
