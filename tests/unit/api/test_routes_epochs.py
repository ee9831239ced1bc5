"""Rejections over HTTP: the receipt for whoever knows the job, the leaves of closed days for everybody."""

from __future__ import annotations

import pytest

from registry.model import DAY_S
from registry.rejection import read_epoch_list, read_rejection
from tests.rejections import TODAY
from tests.unit.api.conftest import PHOTO, Service
from tests.values import prediction


@pytest.fixture
def refused(service: Service) -> tuple[Service, dict[str, str]]:
    assert service.desk.detector is not None
    service.desk.detector.screening = prediction(0.95)
    return service, service.register(PHOTO).json()


def test_a_refused_file_names_its_receipt_and_the_receipt_opens_its_leaf(
    refused: tuple[Service, dict[str, str]],
) -> None:
    service, job = refused
    assert (job["outcome"], job["receipt"]) == ("REJECTED", f"/v1/jobs/{job['job_id']}/receipt")
    answer = service.client.get(job["receipt"])
    assert answer.headers["content-type"] == "application/json"
    assert read_rejection(answer.content).digest.hex == job["digest"]


def test_an_accepted_or_unknown_job_has_no_rejection(service: Service) -> None:
    job = service.register(PHOTO).json()
    for path in (f"/v1/jobs/{job['job_id']}/receipt", "/v1/jobs/" + "0" * 32 + "/receipt"):
        assert service.client.get(path).status_code == 404


def test_the_leaves_of_a_day_are_public_when_it_is_closed_and_not_before(
    refused: tuple[Service, dict[str, str]],
) -> None:
    service, job = refused
    assert service.client.get(f"/v1/epochs/{TODAY}").json()["code"] == "epoch"
    service.desk.clock.at += DAY_S
    closed = service.desk.epochs.close(TODAY)
    answer = service.client.get(f"/v1/epochs/{TODAY}")
    assert answer.status_code == 200
    listed = read_epoch_list(answer.content)
    assert (listed.root, len(listed.leaves)) == (closed.root, 1)
    assert set(answer.json()) == {"format", "epoch", "root", "leaves"}
    said = read_rejection(service.client.get(job["receipt"]).content)
    assert said.rejection.leaf == listed.leaves[0]
    assert said.inclusion is not None


@pytest.mark.parametrize("epoch", ["-1", "x", str(1 << 32)])
def test_a_day_that_is_none_is_refused(idle_service: Service, epoch: str) -> None:
    assert idle_service.client.get(f"/v1/epochs/{epoch}").status_code == 422
