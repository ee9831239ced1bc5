"""Killed at any journal step, the service reaches after restart what an undisturbed run reaches."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.bootstrap import open_read_side
from api.settings import Settings
from registry.fingerprint import fingerprint
from registry.register import rebuild_index
from tests.e2e.installation import Installation
from tests.pictures import write_photo
from tests.processes import Run, start

pytestmark = pytest.mark.slow

START_S = 60.0
SETTLE_S = 60.0
STEPS = ["received", "screened", "pinned", "signed", "submitted", "included", "final"]
MOMENTS = [(state, when) for state in STEPS for when in ("before", "after")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """One run of the service over a home."""

    home: Path
    says: str = "0.1"
    port: int = field(default_factory=free_port)

    @contextlib.contextmanager
    def running(self, *moment: str) -> Iterator[Run]:
        log = self.home.parent / "service.log"
        words = ["serve", "--port", str(self.port)]
        run = start(words, home=self.home, stdout=log, stderr=log, says=self.says, dies=moment)
        try:
            self._until_ready(run)
            yield run
        finally:
            run.kill()

    def _until_ready(self, run: Run) -> None:
        """Wait until the port answers; a run that is over already was killed at the step under test."""
        deadline = time.monotonic() + START_S
        while run.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
        if run.poll() is None:
            pytest.fail("the service did not start")

    def client(self) -> httpx.Client:
        token = (self.home / "bearer-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60)

    def post(self, photo: Path) -> httpx.Response | None:
        """Send the file as a client that repeats itself under one key; nothing where the service died on it."""
        with self.client() as client, photo.open("rb") as stream, contextlib.suppress(httpx.TransportError):
            headers = {"Idempotency-Key": "once", "Prefer": "wait=30"}
            return client.post("/v1/media", files={"file": (photo.name, stream)}, headers=headers)
        return None

    def final_record(self, digest: str) -> dict[str, Any]:
        """Return the record once the job has settled."""
        deadline = time.monotonic() + SETTLE_S
        with self.client() as client:
            while time.monotonic() < deadline:
                answer = client.get(f"/v1/records/{digest}/receipt")
                if answer.status_code == 200:
                    return dict(client.get(f"/v1/records/{digest}").json())
        raise AssertionError("the registration did not become final after the restart")

    def until_its_bytes_are_dropped(self) -> None:
        """Wait for the last thing that a registration does, right after its record can be seen."""
        deadline = time.monotonic() + SETTLE_S
        while any((self.home / "spool").iterdir()):
            assert time.monotonic() < deadline, "the spool keeps the bytes of a job that is over"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.jpg", seed=1)


def fields_that_do_not_depend_on_time(record: dict[str, Any]) -> dict[str, Any]:
    changing = {"registered_at", "tx", "uploader", "block", "gates"}
    return {name: value for name, value in record.items() if name not in changing}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the record of a run that nothing disturbs."""
    root = tmp_path_factory.mktemp("undisturbed")
    photo = write_photo(root / "photo.jpg", seed=1)
    service = Service(root / "home")
    with service.running():
        answer = service.post(photo)
        assert answer is not None
        assert answer.status_code == 201, answer.text
        return service.final_record(answer.headers["Location"].rsplit("/", 1)[1])


def assert_index_and_reputation_follow_from_the_ledger(home: Path, photo: Path) -> None:
    with open_read_side(Settings(home=home)) as side:
        [event] = side.ledger.events()
        query = fingerprint(side.decoder.decode(photo), event.digest).hashes
        live = side.index.nearest(query, radius_bits=0)
        assert {hit.digest for hit in live} == {event.digest}
        rebuilt = rebuild_index(ledger=side.ledger, store=side.store, journal=side.journal, index=side.index)
        assert (rebuilt.indexed, rebuilt.missing) == ((event.digest,), ())
        assert side.index.nearest(query, radius_bits=0) == live
        record = side.ledger.find(event.digest)
        assert record is not None
        assert side.ledger.reputation_of(record.uploader).evidence == 0, "it settles in a week"


@pytest.mark.parametrize(("state", "when"), MOMENTS, ids=[f"{when} {state}" for state, when in MOMENTS])
def test_killed_at_a_journal_step_the_service_ends_where_an_undisturbed_run_ends(
    tmp_path: Path, photo: Path, undisturbed: dict[str, Any], state: str, when: str
) -> None:
    service = Service(tmp_path / "home")
    with service.running(state, when) as run:
        service.post(photo)
        assert run.wait() == -signal.SIGKILL, "the service was not killed at the step under test"
    unknown = state == "received" and when == "before"
    if unknown:  # bytes that no job names are swept once nobody can be writing them any more: let that hour pass
        for path in (service.home / "spool").iterdir():
            os.utime(path, (0, 0))
    with service.running():
        if unknown:  # the client got no answer and nothing was kept: it tries again
            service.post(photo)
        record = service.final_record(undisturbed["digest"])
        service.until_its_bytes_are_dropped()
    assert fields_that_do_not_depend_on_time(record) == fields_that_do_not_depend_on_time(undisturbed)
    assert record["block"] == undisturbed["block"], "one registration, one block"
    assert_index_and_reputation_follow_from_the_ledger(service.home, photo)


def test_killed_while_a_file_waits_for_a_person_it_still_waits_and_can_be_approved(tmp_path: Path, photo: Path) -> None:
    service = Service(tmp_path / "home", says="none")
    with service.running("review", "after") as run:
        service.post(photo)
        assert run.wait() == -signal.SIGKILL
    with service.running(), service.client() as client:
        [waiting] = client.get("/v1/reviews").json()["reviews"]
        body = {"decision": "approve", "reason": "a landscape"}
        client.post(f"/v1/reviews/{waiting['job']['job_id']}", json=body).raise_for_status()
        assert service.final_record(waiting["job"]["digest"])["levels"] == ["REVIEWER"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_refusing_it_refuses_after_restart_and_keeps_nothing(
    tmp_path: Path, photo: Path, when: str
) -> None:
    service = Service(tmp_path / "home", says="0.97")
    with service.running("rejected", when) as run:
        service.post(photo)
        assert run.wait() == -signal.SIGKILL
    with service.running():
        answer = service.post(photo)
        assert answer is not None
        assert answer.json()["outcome"] == "REJECTED"
        with service.client() as client:
            receipt = client.get(answer.json()["receipt"])
    here = Installation(service.home)
    [kept] = (service.home / "receipts").iterdir()
    assert here.contents() == [kept.name], "one rejection, however often it was interrupted"
    assert kept.read_bytes() == receipt.content
    assert here.run("verify", photo).code == 1
