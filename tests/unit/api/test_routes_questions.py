"""``POST /v1/verifications`` and ``/v1/checks``: what is said of a file or a digest, and that nothing is kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from registry.errors import LedgerUnavailableError
from registry.model import Digest, Standing
from registry.register import revoke
from tests.pictures import half_size, jpeg, picture
from tests.unit.api.conftest import MAX_UPLOAD_BYTES, PHOTO, Service
from tests.values import abstention, prediction

COPY = jpeg(half_size(picture(1)), quality=60)
STRANGER = jpeg(picture(9))
DIGEST = Digest.of_bytes(PHOTO)
ROUTES = ["/v1/verifications", "/v1/checks"]


def test_verify_the_recorded_bytes_is_exact(read_service: Service) -> None:
    body = read_service.ask("/v1/verifications", PHOTO).json()
    assert (body["result"], body["standing"], body["ledger"]) == ("EXACT", "ACTIVE", "embedded")
    assert body["record"]["digest"] == DIGEST.hex


def test_verify_a_smaller_copy_is_similar_with_its_distance(read_service: Service) -> None:
    body = read_service.ask("/v1/verifications", COPY).json()
    assert body["result"] == "SIMILAR"
    assert body["matches"][0]["digest"] == DIGEST.hex
    assert 0 <= body["matches"][0]["distance_bits"] <= 31


def test_verify_a_stranger_is_unknown(read_service: Service) -> None:
    body = read_service.ask("/v1/verifications", STRANGER).json()
    assert (body["result"], body["record"], body["matches"]) == ("UNKNOWN", None, [])


@pytest.mark.parametrize("text", [DIGEST.hex, "0x" + DIGEST.hex, DIGEST.hex.upper()])
def test_verify_by_digest_alone_finds_the_record(read_service: Service, text: str) -> None:
    assert read_service.client.post("/v1/verifications", json={"sha256": text}).json()["result"] == "EXACT"


def test_verify_an_unknown_digest_says_that_copies_were_not_looked_for(service: Service) -> None:
    body = service.client.post("/v1/verifications", json={"sha256": DIGEST.hex}).json()
    assert (body["result"], body["reasons"]) == ("UNKNOWN", ["hash_only"])


def test_check_an_unknown_digest_needs_the_bytes(service: Service) -> None:
    answer = service.client.post("/v1/checks", json={"sha256": DIGEST.hex})
    assert (answer.status_code, answer.json()["code"]) == (422, "bytes-needed")


@pytest.mark.parametrize(
    ("standing", "decision"),
    [(Standing.ACTIVE, "allow"), (Standing.REVOKED, "block")],
)
def test_check_a_recorded_digest_goes_by_its_standing(recorded: Service, standing: Standing, decision: str) -> None:
    if standing is Standing.REVOKED:
        revoke(recorded.desk.ledger, DIGEST, reason="")
    body = recorded.client.post("/v1/checks", json={"sha256": DIGEST.hex}).json()
    assert (body["decision"], body["basis"], body["verdict"]) == (decision, "hash", None)


@pytest.mark.parametrize(
    ("screening", "decision"),
    [(prediction(0.1), "allow"), (prediction(0.5), "review"), (prediction(0.95), "block"), (abstention(), "review")],
)
def test_check_the_bytes_goes_by_the_gate(service: Service, screening: object, decision: str) -> None:
    service.desk.detector.screening = screening
    body = service.ask("/v1/checks", PHOTO).json()
    assert (body["decision"], body["basis"]) == (decision, "full")


@pytest.mark.parametrize("route", ROUTES)
def test_asking_leaves_nothing(service: Service, route: str) -> None:
    assert service.ask(route, PHOTO).status_code == 200
    assert service.desk.nothing_stored()


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 415, "unsupported-media"),
        (b"a letter", 415, "unsupported-media"),
        (PHOTO[:2000], 422, "media-decode"),
        (bytes(MAX_UPLOAD_BYTES + 1), 413, "media-too-large"),
        (bytes(3 * MAX_UPLOAD_BYTES), 413, "media-too-large"),
    ],
    ids=["empty", "not media", "truncated", "just over", "far over"],
)
def test_asking_answers_wrong_input(idle_service: Service, route: str, data: bytes, status: int, code: str) -> None:
    answer = idle_service.ask(route, data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    for place in ("/proc", tempfile.gettempdir(), "/home"):
        assert place not in answer.text, "a path of this machine"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 422),
        (b'{"sha256": "12"}', "application/json", 422),
        (b'{"sha256": "' + b"0" * 64 + b'", "x": 1}', "application/json", 422),
        (b" " * 20_000, "application/json", 422),
        (PHOTO, "image/jpeg", 415),
        (b"--b\r\n", "multipart/form-data", 400),
        (b"--b\r\nContent-Disposition: form-data", "multipart/form-data; boundary=b", 400),
        (b"no boundary at all", "multipart/form-data; boundary=b", 400),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 400),
    ],
)
def test_asking_refuses_a_body_it_does_not_understand(
    idle_service: Service, route: str, content: bytes, content_type: str, status: int
) -> None:
    answer = idle_service.client.post(route, content=content, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def open_files_below(directory: Path) -> list[str]:
    links = (link for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    targets = []
    for link in links:
        try:
            targets.append(str(link.readlink()))
        except FileNotFoundError:  # the descriptor of this very listing
            continue
    return [target for target in targets if target.startswith(str(directory))]


@pytest.mark.parametrize("route", [*ROUTES, "/", "/answer"])
@pytest.mark.parametrize("data", [PHOTO, b"a letter", bytes(MAX_UPLOAD_BYTES + 1)], ids=["good", "bad", "large"])
def test_the_bytes_are_gone_after_the_answer(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str, data: bytes
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    seen: list[str] = []
    decode = service.desk.decoder.decode
    monkeypatch.setattr(
        service.desk.decoder, "decode", lambda path: (seen.extend(open_files_below(temporary)), decode(path))[1]
    )
    service.ask(route, data)
    assert bool(seen) is (len(data) <= MAX_UPLOAD_BYTES), "the bytes were where the test looks for them"
    assert not open_files_below(temporary)
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("route", ROUTES)
def test_the_bytes_are_gone_after_a_fault(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(type(service.desk.ledger), "find", _down)
    answer = service.ask(route, PHOTO)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "30"
    assert "10.1.2.3" not in answer.text, "what is wrong on this side stays in the log"
    assert not open_files_below(tmp_path)


def _down(*_: object) -> None:
    raise LedgerUnavailableError("http://user:secret@10.1.2.3:8545 does not answer")
