"""Jobs and reviews over HTTP."""

from __future__ import annotations

import pytest

from tests.unit.api.conftest import OPERATOR, PHOTO, Service
from tests.values import abstention

YES = {"decision": "approve", "reason": "a landscape"}


@pytest.fixture
def waiting(service: Service) -> tuple[Service, str]:
    service.desk.detector.screening = abstention()
    return service, service.register(PHOTO).json()["job_id"]


def test_an_unknown_job_is_404(service: Service) -> None:
    answer = service.client.get("/v1/jobs/" + "0" * 32)
    assert (answer.status_code, answer.json()["code"]) == (404, "job-not-found")


def test_a_job_known_to_the_caller_is_304(waiting: tuple[Service, str]) -> None:
    service, job_id = waiting
    tag = service.client.get(f"/v1/jobs/{job_id}").headers["ETag"]
    assert service.client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/reviews"), ("POST", "/v1/reviews/x")])
def test_reviewing_needs_the_token(service: Service, method: str, path: str) -> None:
    assert service.client.request(method, path, json=YES).status_code == 401


def test_a_review_shows_what_is_needed_to_decide(waiting: tuple[Service, str]) -> None:
    service, job_id = waiting
    (review,) = service.client.get("/v1/reviews", headers=OPERATOR).json()["reviews"]
    assert review["job"]["job_id"] == job_id
    assert review["file_name"] == "photo.jpg"
    assert review["verdict"]["reasons"] == ["no_face"]


def test_an_approval_is_carried_out(waiting: tuple[Service, str]) -> None:
    service, job_id = waiting
    answer = service.client.post(f"/v1/reviews/{job_id}", json=YES, headers=OPERATOR)
    assert answer.status_code in {201, 202}
    assert service.app.state.runner.wait(job_id, timeout_s=30).state == "final"
    body = service.client.get(f"/v1/jobs/{job_id}").json()
    assert (body["outcome"], body["record"]["levels"]) == ("ACCEPTED", ["REVIEWER"])


def test_a_refusal_records_nothing(waiting: tuple[Service, str]) -> None:
    service, job_id = waiting
    body = service.client.post(
        f"/v1/reviews/{job_id}", json={"decision": "reject", "reason": "staged"}, headers=OPERATOR
    ).json()
    assert (body["outcome"], body["reasons"][0]) == ("REJECTED", "rejected_by_reviewer")
    assert not service.desk.ledger.records


def test_a_job_is_decided_once(waiting: tuple[Service, str]) -> None:
    service, job_id = waiting
    service.client.post(f"/v1/reviews/{job_id}", json={"decision": "reject", "reason": "x"}, headers=OPERATOR)
    answer = service.client.post(f"/v1/reviews/{job_id}", json=YES, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (409, "job-state")


@pytest.mark.parametrize("body", [{}, {"decision": "maybe", "reason": "x"}, {"decision": "approve", "reason": ""}])
def test_a_decision_has_to_be_one(waiting: tuple[Service, str], body: dict[str, str]) -> None:
    service, job_id = waiting
    answer = service.client.post(f"/v1/reviews/{job_id}", json=body, headers=OPERATOR)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed-request")
