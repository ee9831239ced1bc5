"""Health, readiness and metrics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from registry.errors import JournalError, LedgerUnavailableError, SimilarityIndexError
from registry.model import EndpointHealth, EndpointState
from tests.pictures import jpeg, picture
from tests.unit.api.conftest import ADDRESS, Service, application
from tests.unit.registry.register.conftest import Desk


@pytest.fixture
def without_detector(desk: Desk) -> Iterator[TestClient]:
    desk.detector = None
    with TestClient(application(desk), base_url=ADDRESS) as client:
        yield client


def test_the_process_answers(service: Service) -> None:
    assert service.client.get("/healthz").json() == {"status": "ok"}


def test_ready_names_every_part(service: Service) -> None:
    answer = service.client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json()["parts"]) == {"ledger", "index", "journal", "jobs", "detector"}


@pytest.mark.parametrize(
    ("part", "holder", "method", "error"),
    [
        ("ledger", "ledger", "height", LedgerUnavailableError("http://10.0.0.1")),
        ("index", "index", "fp_version_of", SimilarityIndexError("/home/ada/index")),
        ("journal", "journal", "latest_for", JournalError("/home/ada/journal")),
    ],
)
def test_a_needed_part_that_is_down_makes_it_503(
    service: Service, monkeypatch: pytest.MonkeyPatch, *, part: str, holder: str, method: str, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(getattr(service.desk, holder)), method, fail)
    answer = service.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"][part]["ok"] is False
    assert "ada" not in answer.text
    assert "10.0.0.1" not in answer.text


def test_endpoints_that_do_not_work_are_counted_and_not_named(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (
        EndpointHealth("10.0.0.1", EndpointState.DOWN, why="Timeout"),
        EndpointHealth("10.0.0.2", EndpointState.UP, head=7),
        EndpointHealth("10.0.0.3", EndpointState.EXCLUDED, why="expected chain id 1"),
    )
    monkeypatch.setattr(type(service.desk.ledger), "endpoints", lambda _: found)
    answer = service.client.get("/readyz")
    assert answer.status_code == 200, "one is enough"
    part = answer.json()["parts"]["endpoints"]
    assert part == {"ok": False, "needed": False, "why": "of 3 endpoints: 1 down, 1 excluded"}
    assert "10.0.0" not in answer.text


def test_without_a_detector_it_is_ready_and_says_so(without_detector: TestClient) -> None:
    answer = without_detector.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"]["detector"]["ok"] is False


def test_metrics_count_answers_by_route_never_by_path(service: Service) -> None:
    digest = "0" * 64
    service.client.get(f"/v1/records/{digest}")
    service.ask("/v1/checks", jpeg(picture(1)))
    service.register(jpeg(picture(2)))
    text = service.client.get("/metrics").text
    assert 'touchstone_requests_total{route="/v1/records/{digest}",status="404"} 1' in text
    assert 'touchstone_checks_total{decision="allow"} 1' in text
    assert 'touchstone_verdicts_total{outcome="ACCEPTED"} 1' in text
    assert 'touchstone_jobs{state="final"} 1' in text
    assert digest not in text
