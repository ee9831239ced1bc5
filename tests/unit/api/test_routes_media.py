"""``POST /v1/media``: who may register, what is answered, and that nothing refused leaves a trace."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace

import pytest
from PIL import ExifTags, Image

from api.routes.media import wait_of
from registry import eip712
from registry.model import ZERO_32, Digest, JobState, UploadIntent, Visibility
from tests.fakes import UPLOADER, MemoryStore
from tests.pictures import jpeg, picture
from tests.unit.api.conftest import MAX_UPLOAD_BYTES, OPERATOR, PHOTO, Service
from tests.values import NOW, abstention, prediction

OTHER = jpeg(picture(2))
PHOTO_DIGEST = Digest.of_bytes(PHOTO)


def intent_json(service: Service, **changes: object) -> str:
    intent = UploadIntent(PHOTO_DIGEST, UPLOADER.address, Visibility.PUBLIC, ZERO_32, 2**200, NOW + 60)
    message = eip712.intent_message(eip712.Domain.of(service.desk.ledger.info), intent)
    signature = UPLOADER.sign_typed_data(message)
    sent = replace(intent, **changes)  # type: ignore[arg-type]  # by name
    return json.dumps(
        {
            "digest": sent.digest.hex,
            "uploader": str(sent.uploader),
            "visibility": sent.visibility.word,
            "claims_hash": "0x" + sent.claims_hash.hex(),
            "nonce": str(sent.nonce),
            "deadline": sent.deadline,
            "signature": "0x" + signature.hex(),
        }
    )


# -- refused before anything is stored -----------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
def test_register_in_the_operators_name_needs_its_token(service: Service, headers: dict[str, str]) -> None:
    answer = service.register(PHOTO, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"
    assert service.desk.nothing_stored()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 415, "unsupported-media"),
        (b"this is a letter", 415, "unsupported-media"),
        (PHOTO[:2000], 422, "media-decode"),
        (PHOTO + bytes(MAX_UPLOAD_BYTES), 413, "media-too-large"),
    ],
    ids=["empty", "not media", "truncated", "over the limit"],
)
def test_register_answers_wrong_input_and_stores_nothing(service: Service, data: bytes, status: int, code: str) -> None:
    answer = service.register(data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert service.desk.nothing_stored()


def test_register_over_the_limit_tells_limit_and_value(service: Service) -> None:
    problem = service.register(bytes(MAX_UPLOAD_BYTES + 1)).json()
    assert problem["limit_name"] == "max_upload_bytes"
    assert problem["limit"] == MAX_UPLOAD_BYTES < problem["value"]


def test_register_lists_the_tags_that_a_public_pin_would_publish(service: Service) -> None:
    service.desk.published = MemoryStore()
    service.app.state.write_side = replace(service.app.state.write_side, registrar=service.desk.registrar)
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada"
    out = io.BytesIO()
    Image.fromarray(picture(3)).save(out, "JPEG", exif=exif)
    answer = service.register(out.getvalue())
    assert answer.status_code == 422
    assert answer.json()["tags"] == [{"category": "author", "name": "Artist"}]
    assert service.desk.nothing_stored()


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"deadline": NOW - 1}, 403, "deadline"),
        ({"nonce": 8}, 403, "signature"),
        ({"digest": Digest.of_bytes(b"x")}, 403, "digest"),
        ({"visibility": Visibility.PRIVATE}, 403, "signature"),
    ],
)
def test_register_names_the_check_that_an_intent_fails(
    service: Service, changes: dict[str, object], status: int, named: str
) -> None:
    answer = service.register(PHOTO, headers={}, intent=intent_json(service, **changes))
    assert answer.status_code == status
    assert f"intent {named}" in answer.json()["detail"]
    assert service.desk.nothing_stored()


def test_register_refuses_an_intent_for_another_visibility(service: Service) -> None:
    answer = service.register(PHOTO, headers={}, intent=intent_json(service), visibility="private")
    assert answer.status_code == 403
    assert "visibility" in answer.json()["detail"]


@pytest.mark.parametrize(
    "fields",
    [
        {"intent": "{"},
        {"intent": '{"digest": 1}'},
        {"intent": json.dumps({"nonce": "0x1"})},
        {"visibility": "secret"},
        {"accept_metadata": "maybe"},
        {"surprise": "x"},
    ],
)
def test_register_refuses_a_form_it_does_not_understand(service: Service, fields: dict[str, str]) -> None:
    answer = service.register(PHOTO, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-request")
    assert service.desk.nothing_stored()


def test_register_refuses_a_nonce_of_more_than_256_bits(service: Service) -> None:
    intent = {**json.loads(intent_json(service)), "nonce": str(2**256)}
    assert service.register(PHOTO, headers={}, intent=json.dumps(intent)).status_code == 400


def test_register_without_a_file_is_refused(service: Service) -> None:
    boundary = {"Content-Type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="visibility"\r\n\r\npublic\r\n--b--\r\n'
    answer = service.client.post("/v1/media", content=body, headers={**OPERATOR, **boundary})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-value")


def test_register_takes_forms_only(service: Service) -> None:
    answer = service.client.post("/v1/media", json={}, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-body")


# -- registered ----------------------------------------------------------------------------------------------------


def test_register_within_the_wait_answers_201_with_the_record(service: Service) -> None:
    answer = service.register(PHOTO)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/records/{PHOTO_DIGEST}"
    body = answer.json()
    assert (body["outcome"], body["state"], body["record"]["levels"]) == ("ACCEPTED", "final", ["GATE"])
    receipt = service.client.get(body["receipt"])
    assert receipt.json()["record"]["digest"] == PHOTO_DIGEST.hex


def test_register_with_an_intent_needs_no_token(service: Service) -> None:
    body = service.register(PHOTO, headers={}, intent=intent_json(service)).json()
    assert body["record"]["levels"] == ["GATE", "UPLOADER"]
    assert body["record"]["uploader"] == str(UPLOADER.address)


def test_register_privately_shows_no_cid(service: Service) -> None:
    assert service.register(PHOTO, visibility="private").json()["record"]["cid"] is None


def test_register_without_a_wait_answers_202_with_the_job(service: Service) -> None:
    service.desk.detector.screening = abstention()
    answer = service.register(PHOTO, wait=0)
    assert answer.status_code == 202
    assert int(answer.headers["Retry-After"]) > 0
    job = service.client.get(answer.headers["Location"])
    assert job.json()["digest"] == PHOTO_DIGEST.hex


def test_register_an_inconclusive_file_answers_202_and_waits_for_a_person(service: Service) -> None:
    service.desk.detector.screening = abstention()
    answer = service.register(PHOTO)
    assert answer.status_code == 202
    assert (answer.json()["outcome"], answer.json()["reasons"]) == ("INCONCLUSIVE", ["no_face"])


def test_register_a_rejected_file_pins_nothing_and_records_nothing(service: Service) -> None:
    service.desk.detector.screening = prediction(0.95)
    answer = service.register(PHOTO)
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "REJECTED"
    assert answer.json()["record"] is None
    assert not service.desk.local.blocks
    assert not service.desk.ledger.records


def test_register_the_same_bytes_again_answers_409_with_the_records_place(service: Service) -> None:
    service.register(PHOTO)
    answer = service.register(PHOTO)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-registered")
    assert answer.headers["Location"] == answer.json()["record"] == f"/v1/records/{PHOTO_DIGEST}"


# -- idempotency ---------------------------------------------------------------------------------------------------


def test_the_same_idempotency_key_gives_the_same_answer(service: Service) -> None:
    headers = {**OPERATOR, "Idempotency-Key": "k1"}
    first, second = service.register(PHOTO, headers=headers), service.register(PHOTO, headers=headers)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(list(service.desk.journal.jobs())) == 1


def test_the_same_idempotency_key_with_other_bytes_is_refused(service: Service) -> None:
    headers = {**OPERATOR, "Idempotency-Key": "k1"}
    service.register(PHOTO, headers=headers)
    answer = service.register(OTHER, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


def test_an_idempotency_key_is_no_way_around_the_token(service: Service) -> None:
    service.register(PHOTO, headers={**OPERATOR, "Idempotency-Key": "k1"})
    assert service.register(PHOTO, headers={"Idempotency-Key": "k1"}).status_code == 401


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 0),
        ("respond-async", 0),
        ("wait=5", 5),
        ("respond-async, wait=10", 10),
        ("Wait = 7", 7),
        ("wait=100000", 60),
        ("await=5", 0),
        ("wait=-1", 0),
    ],
)
def test_prefer_is_read_as_its_rfc_says(prefer: str | None, seconds: int) -> None:
    assert wait_of(prefer) == seconds


# -- outages -------------------------------------------------------------------------------------------------------


def test_register_while_the_ledger_is_down_keeps_the_job(service: Service) -> None:
    service.desk.ledger.down = True
    answer = service.register(PHOTO, wait=1)
    assert answer.status_code == 202
    until = time.monotonic() + 30
    while service.desk.journal.get(answer.json()["job_id"]).state is not JobState.PINNED:
        assert time.monotonic() < until, "the job does not get as far as it can without a ledger"
