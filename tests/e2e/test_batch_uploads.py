"""The service with TOUCHSTONE_BATCH_UPLOADS: uploads wait for each other, and one transaction records them."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from registry.model import Digest
from tests.pictures import write_photo
from tests.processes import start

pytestmark = pytest.mark.slow

WAIT_S = 60.0


@contextlib.contextmanager
def serving(home: Path, settings: Mapping[str, str]) -> Iterator[httpx.Client]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = home.parent / "service.log"
    run = start(["serve", "--port", str(port)], home=home, stdout=log, stderr=log, settings=settings)
    try:
        deadline = time.monotonic() + WAIT_S
        while True:
            assert run.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "the service did not start"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        headers = {"Authorization": f"Bearer {(home / 'bearer-token').read_text().strip()}", "Prefer": "wait=0"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=WAIT_S) as client:
            yield client
    finally:
        run.kill()


def uploaded(client: httpx.Client, folder: Path, count: int) -> list[Digest]:
    """Upload photos, none of which is recorded at once."""
    digests = []
    for seed in range(count):
        photo = write_photo(folder / f"{seed}.jpg", seed=seed)
        with photo.open("rb") as stream:
            answer = client.post("/v1/media", files={"file": (photo.name, stream)})
        assert answer.status_code == 202, answer.text
        digests.append(Digest.of_file(photo))
    return digests


def records(client: httpx.Client, digests: list[Digest]) -> list[dict[str, Any]]:
    """Return the records once there are receipts of all."""
    deadline = time.monotonic() + WAIT_S
    while any(client.get(f"/v1/records/{digest}/receipt").status_code != 200 for digest in digests):
        assert time.monotonic() < deadline, "the uploads were not recorded"
    return [client.get(f"/v1/records/{digest}").json() for digest in digests]


@pytest.mark.parametrize(
    ("size", "age_s"), [("3", "600"), ("100", "8")], ids=["when there are enough", "when the first has waited"]
)
def test_several_uploads_become_one_transaction(tmp_path: Path, size: str, age_s: str) -> None:
    settings = {
        "TOUCHSTONE_BATCH_UPLOADS": "true",
        "TOUCHSTONE_BATCH_SIZE": size,
        "TOUCHSTONE_BATCH_AGE_S": age_s,
    }
    with serving(tmp_path / "home", settings) as client:
        found = records(client, uploaded(client, tmp_path, 3))
    assert len({record["tx"] for record in found}) == 1
    assert len({record["batch"]["root"] for record in found}) == 1
    assert sorted(record["batch"]["index"] for record in found) == [0, 1, 2]
