"""Two installations over HTTP: the first's adapter against the second's route, joined without a network."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import urllib3
from fastapi.testclient import TestClient
from urllib3.exceptions import ProtocolError, TimeoutError

from registry.adapters.cosigner import MAX_ANSWER_BYTES, HttpCosigner
from registry.errors import CosignerUnavailableError, InvalidValueError
from registry.media import Decoder
from registry.model import Digest, JobState, Visibility
from registry.register import consent_of_operator
from tests.fakes import FixedDetector, KeySigner
from tests.unit.api.conftest import (
    ADDRESS,
    MAX_UPLOAD_BYTES,
    OPERATOR,
    PEER_TOKEN,
    PHOTO,
    Service,
    application,
)
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import abstention, prediction

SECOND = KeySigner(4)
ROUTE = "/v1/gate/verdicts"
PEER = {"Authorization": f"Bearer {PEER_TOKEN}"}


@dataclass
class Wire:
    """Carries what `urllib3` is to send to an application, or answers in its place."""

    client: TestClient
    answer: tuple[int, bytes] | None = None
    error: Exception | None = None
    sent: list[dict[str, str]] = field(default_factory=list)
    body: bytes = b""

    def request(
        self, method: str, url: str, *, body: Iterable[bytes], headers: dict[str, str], redirect: bool, **_: object
    ) -> urllib3.HTTPResponse:
        assert (method, url) == ("POST", ADDRESS + ROUTE)
        assert not redirect, "bytes go where they were meant to go and nowhere else"
        self.sent.append(headers)
        if self.error:
            raise self.error
        if self.answer:
            return response(*self.answer)
        self.body = b"".join(body)
        assert len(self.body) == int(headers["Content-Length"])
        said = self.client.post(ROUTE, content=self.body, headers=headers)
        return response(said.status_code, said.content)


def response(status: int, content: bytes) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(io.BytesIO(content), status=status, preload_content=False)


@dataclass
class Pair:
    first: Desk
    second: Desk
    wire: Wire

    def register(self, path: Path, **fields: object) -> JobState:
        job = self.first.registrar.accept(path, request_for(path, **fields)).job
        return self.first.registrar.run(job).state


@pytest.fixture
def pair(desk: Desk, tmp_path: Path, decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Two installations on one ledger that asks for two gates."""
    detector = FixedDetector(prediction(0.2))
    second = Desk(tmp_path / "second", decoder, ledger=desk.ledger, gate=SECOND, detector=detector)
    desk.ledger.threshold = 2
    desk.cosigners = (HttpCosigner(ADDRESS, gate=SECOND.address, token=PEER_TOKEN, timeout_s=5),)
    with TestClient(application(second), base_url=ADDRESS) as client:
        wire = Wire(client)
        monkeypatch.setattr(urllib3.PoolManager, "request", lambda _, *words, **named: wire.request(*words, **named))
        yield Pair(desk, second, wire)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PHOTO)
    return path


# -- together ------------------------------------------------------------------------------------------------------


def test_two_installations_record_what_both_screened(pair: Pair, photo: Path) -> None:
    assert pair.register(photo) is JobState.FINAL
    [registration] = pair.first.ledger.prepared.values()
    assert [verdict.gate for verdict in registration.verdicts] == sorted((pair.first.gate.address, SECOND.address))
    assert not pair.second.local.blocks


def test_a_private_file_with_consent_passes_the_wire_with_its_salt(pair: Pair, photo: Path) -> None:
    claims = consent_of_operator()
    assert pair.register(photo, visibility=Visibility.PRIVATE, claims=claims) is JobState.FINAL
    assert pair.first.ledger.records[Digest.of_file(photo)].cid is None


@pytest.mark.parametrize(("screening", "reason"), [(prediction(0.97), "flagged"), (abstention(), "no_face")])
def test_a_refusal_passes_the_wire_with_its_reasons(pair: Pair, photo: Path, screening: object, reason: str) -> None:
    pair.second.detector.screening = screening  # type: ignore[assignment,union-attr]  # by parameter
    assert pair.register(photo) is JobState.FAILED
    job = pair.first.journal.latest_for(Digest.of_file(photo))
    assert job is not None
    assert job.reasons == ("quorum_not_met", reason)


def test_a_file_over_the_second_gates_limit_is_refused(pair: Pair, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(PHOTO + bytes(MAX_UPLOAD_BYTES))  # what follows a picture's end is no part of it
    assert pair.register(large) is JobState.FAILED


# -- the wire ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (301, b"{}"),
        (307, b"{}"),
        (401, b'{"code": "unauthenticated"}'),
        (404, b'{"code": "not-found"}'),
        (421, b'{"code": "misdirected"}'),
        (422, b'{"code": "malformed-request"}'),
        (422, b'{"code": "cosign-refused"}'),
        (422, b'{"code": "cosign-refused", "reasons": ["<b>"]}'),
        (500, b"oops"),
        (503, b'{"code": "ledger-unavailable"}'),
        (200, b"{}"),
        (200, b"[" * 100),
        (200, b"x" * (MAX_ANSWER_BYTES + 1)),
        (200, json.dumps({"gate": "0x00", "opinion": {}, "signature": "0x"}).encode()),
    ],
)
def test_what_is_no_verdict_and_no_refusal_is_waited_out(pair: Pair, photo: Path, status: int, content: bytes) -> None:
    pair.wire.answer = (status, content)
    with pytest.raises(CosignerUnavailableError):
        pair.register(photo)
    assert len(pair.wire.sent) == 1
    assert not pair.first.local.blocks


@pytest.mark.parametrize("error", [ProtocolError(), TimeoutError(), OSError()], ids=repr)
def test_a_gate_that_does_not_answer_is_waited_for(pair: Pair, photo: Path, error: Exception) -> None:
    pair.wire.error = error
    with pytest.raises(CosignerUnavailableError, match=r"127\.0\.0\.1:8080 does not answer"):
        pair.register(photo)
    pair.wire.error = None
    [waiting] = pair.first.registrar.open_jobs()
    assert pair.first.registrar.run(waiting).state is JobState.FINAL


@pytest.mark.parametrize(
    "url",
    [
        "http://gate.example",
        "ftp://gate.example",
        "gate.example",
        "https://",
        "https://user:word@gate.example",
        "https://gate.example/?a=b",
        "http://127.0.0.1.gate.example",
    ],
)
def test_media_is_sent_to_no_address_that_is_not_safe(url: str) -> None:
    with pytest.raises(InvalidValueError, match="cosigner"):
        HttpCosigner(url, gate=SECOND.address, token=PEER_TOKEN, timeout_s=1)


def test_the_name_of_a_cosigner_is_its_host(pair: Pair) -> None:
    [cosigner] = pair.first.cosigners
    assert (cosigner.name, cosigner.gate) == ("127.0.0.1:8080", SECOND.address)
    assert (
        HttpCosigner("https://gate.example", gate=SECOND.address, token=PEER_TOKEN, timeout_s=1).name == "gate.example"
    )


# -- the route -----------------------------------------------------------------------------------------------------


def test_the_route_does_not_exist_where_no_peer_is_named(desk: Desk) -> None:
    with TestClient(application(desk, peers=()), base_url=ADDRESS) as client:
        assert client.post(ROUTE, headers=PEER, files={"file": PHOTO}).status_code == 404
        assert ROUTE not in client.get("/openapi.json").json()["paths"]


@pytest.mark.parametrize(
    "headers", [{}, OPERATOR, {"Authorization": "Bearer "}, {"Authorization": f"Basic {PEER_TOKEN}"}]
)
def test_only_a_named_peer_is_screened_for(idle_service: Service, headers: dict[str, str]) -> None:
    answer = idle_service.client.post(ROUTE, headers=headers, files={"file": PHOTO}, data={"request": "{}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_peers_token_opens_nothing_else(idle_service: Service) -> None:
    assert idle_service.client.get("/v1/reviews", headers=PEER).status_code == 401


@pytest.mark.parametrize(
    "data", [{}, {"request": ""}, {"request": "{}"}, {"request": "[]"}, {"request": "{}", "x": "y"}]
)
def test_a_form_that_is_no_request_is_refused(idle_service: Service, data: dict[str, str]) -> None:
    answer = idle_service.client.post(ROUTE, headers=PEER, files={"file": PHOTO}, data=data)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-request")


def request_of(pair: Pair, photo: Path) -> dict[str, object]:
    pair.register(photo)
    text = pair.wire.body.split(b'name="request"\r\n\r\n')[1].split(b"\r\n")[0]
    parsed: dict[str, object] = json.loads(text)
    return parsed


def test_a_request_that_cannot_be_is_refused_by_field(pair: Pair, tmp_path: Path, photo: Path) -> None:
    request = request_of(pair, photo)
    for change, status in (
        ({"salt": "0x" + "00" * 32}, 400),
        ({"salt": "0x00"}, 422),
        ({"operator_signature": None}, 400),
        ({"operator_signature": "0x"}, 422),
        ({"claims": "[]"}, 400),
        ({"visibility": "secret"}, 422),
        ({"surprise": 1}, 422),
    ):
        data = {"request": json.dumps({**request, **change})}
        answer = pair.wire.client.post(ROUTE, headers=PEER, files={"file": PHOTO}, data=data)
        assert answer.status_code == status, change
    data = {"request": json.dumps(request)}
    answer = pair.wire.client.post(ROUTE, headers=PEER, files={"file": PHOTO}, data=data)
    assert (answer.status_code, answer.json()["reasons"]) == (422, ["already_recorded"])


# -- asking for consent --------------------------------------------------------------------------------------------


def test_registering_privately_over_http_takes_an_explicit_word_to_share(pair: Pair) -> None:
    with TestClient(application(pair.first), base_url=ADDRESS) as client:
        service = Service(pair.first, client.app, client)  # type: ignore[arg-type]  # the application
        held = service.register(PHOTO, visibility="private").json()
        assert (held["outcome"], held["reasons"]) == ("FAILED", ["private_without_consent"])
        assert pair.wire.sent == []
        shared = service.register(PHOTO, visibility="private", share_with_gates="true").json()
        assert (shared["outcome"], shared["record"]["cid"]) == ("ACCEPTED", None)


@pytest.mark.parametrize("fields", [{"claims": "{}"}, {"share_with_gates": "perhaps"}])
def test_claims_without_an_intent_and_unclear_words_are_refused(service: Service, fields: dict[str, str]) -> None:
    assert service.register(PHOTO, **fields).json()["code"] == "malformed-request"
    assert service.desk.nothing_stored()
