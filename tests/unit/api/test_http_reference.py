"""The reference page, the API description and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

from api.errors import ANSWERS
from api.routes.guard import LOOPBACK_NAMES
from api.routes.media import MAX_WAIT_S, MAX_WAITING
from tests.unit.api.conftest import Service

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "http.md").read_text()


def described(service: Service) -> set[str]:
    paths = service.client.get("/openapi.json").json()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_every_route_stands_in_the_page_and_the_other_way_round(idle_service: Service) -> None:
    assert set(re.findall(r"^\| `((?:GET|POST) /[^`]*)`", PAGE, re.MULTILINE)) == described(idle_service)


def test_the_description_covers_every_route_of_the_design(idle_service: Service) -> None:
    assert {
        "POST /v1/media",
        "POST /v1/verifications",
        "POST /v1/checks",
        "GET /v1/records/{digest}",
        "GET /v1/uploaders/{address}",
        "GET /v1/jobs/{job_id}",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    } <= described(idle_service)


def test_the_description_tells_what_an_upload_is_made_of(idle_service: Service) -> None:
    paths = idle_service.client.get("/openapi.json").json()["paths"]
    form = paths["/v1/media"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {
        "file",
        "intent",
        "claims",
        "visibility",
        "accept_metadata",
        "share_with_gates",
    }
    for path in ("/v1/verifications", "/v1/checks"):
        content = paths[path]["post"]["requestBody"]["content"]
        assert set(content) == {"multipart/form-data", "application/json"}


def test_the_description_gives_every_route_its_problems_and_no_other_error(idle_service: Service) -> None:
    paths = idle_service.client.get("/openapi.json").json()["paths"]
    for methods in paths.values():
        for route in methods.values():
            assert "application/problem+json" in route["responses"]["default"]["content"]
            assert "422" not in route["responses"]


def test_every_problem_stands_in_the_page_with_its_status(idle_service: Service) -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| (\d*) ?\| (.+) \|$", PAGE, re.MULTILINE)
    expected = [
        (row.code, str(int(row.status)), str(row.retry_after_s or ""), row.title)
        for row in sorted(ANSWERS.values(), key=lambda row: (row.status, row.code))
    ]
    assert rows == expected


def test_the_limits_in_the_page_are_those_of_the_code() -> None:
    assert f"at most {MAX_WAIT_S}" in PAGE
    assert f"At most {MAX_WAITING} requests" in PAGE
    assert all(f"`{name}`" in PAGE for name in LOOPBACK_NAMES)
