"""The guard: whom this machine answers, what every answer carries, and what never leaves."""

from __future__ import annotations

import pytest

from api.app import create_app
from api.routes.guard import CONTENT_SECURITY_POLICY
from registry.errors import InvalidValueError, StoreError
from tests.pictures import jpeg, picture
from tests.unit.api.conftest import ADDRESS, Service

JSON = {"sha256": "0" * 64}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1",
        "127.0.0.1:9090",
        "127.0.0.1:8080.evil.example",
        "127.0.0.1.nip.io:8080",
        "0.0.0.0:8080",
        "",
    ],
)
def test_a_host_that_is_not_loopback_with_the_served_port_is_421(idle_service: Service, host: str) -> None:
    answer = idle_service.client.get("/healthz", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "misdirected")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"])
def test_every_loopback_name_is_answered(idle_service: Service, host: str) -> None:
    assert idle_service.client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9090"},
        {"Origin": "https://127.0.0.1:8080"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/verifications", "/v1/media", "/", "/answer"])
def test_another_sites_page_may_not_post(idle_service: Service, path: str, headers: dict[str, str]) -> None:
    answer = idle_service.client.post(path, json=JSON, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ADDRESS},
        {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},  # a form under no-referrer
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_own_page_and_programs_may_post(idle_service: Service, headers: dict[str, str]) -> None:
    assert idle_service.client.post("/v1/verifications", json=JSON, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("GET", "/static/page.css", {}),
        ("GET", "/v1/records/12", {}),
        ("GET", "/nowhere", {}),
        ("DELETE", "/v1/media", {}),
        ("GET", "/", {"Host": "evil.example"}),
    ],
)
def test_every_answer_carries_the_security_headers(
    idle_service: Service, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = idle_service.client.request(method, path, headers=headers)
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Touchstone-Ledger"] == "embedded"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/v1/media", 405, "method-not-allowed")],
)
def test_what_is_not_there_is_a_problem_too(
    idle_service: Service, method: str, path: str, status: int, code: str
) -> None:
    answer = idle_service.client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"], answer.json()["type"]) == (status, code, f"/problems/{code}")


@pytest.mark.parametrize("error", [ValueError("/home/ada/touchstone"), StoreError("/home/ada/touchstone/content")])
def test_a_fault_of_ours_tells_nothing_of_this_machine(
    idle_service: Service, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(idle_service.desk.ledger), "find", fail)
    answer = idle_service.ask("/v1/verifications", jpeg(picture(1)))
    assert answer.status_code in {500, 502}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ada" not in answer.text
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_a_token_that_could_be_guessed_is_refused(idle_service: Service) -> None:
    state = idle_service.app.state
    with pytest.raises(InvalidValueError, match="token"):
        create_app(state.write_side, state.runner, bearer_token="")
