"""`touchstone batch` on a network (anvil): what it answers, a kill at any step, and a second installation."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap import open_read_side
from api.settings import Settings
from registry.model import Digest, EventName
from tests.e2e.installation import Installation
from tests.e2e.test_network import fund
from tests.ledgers import anvil
from tests.pictures import write_photo
from tests.processes import start

pytestmark = [pytest.mark.node, pytest.mark.slow]

COUNT = 3


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with anvil() as url:
        yield url


def deployed(url: str, home: Path) -> Installation:
    here = Installation(home, settings={"TOUCHSTONE_RPC_URL": url, "TOUCHSTONE_CONFIRMATIONS": "1"})
    assert here.run_plain("contract", "deploy", "--delay-s", "0").code != 0, "without funds; it has keys now"
    fund(url, home)
    done = here.run_plain("contract", "deploy", "--delay-s", "0")
    assert done.code == 0, done.people
    return here


@pytest.fixture
def here(url: str, tmp_path: Path) -> Installation:
    return deployed(url, tmp_path / "home")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(COUNT):
        write_photo(folder / f"{seed}.jpg", seed=seed)
    return folder


def recorded(here: Installation) -> list[Digest]:
    """Return what the ledger holds, in chain order; a digest recorded twice stands there twice."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in here.settings.items():
            patch.setenv(name, value)
        with open_read_side(Settings(home=here.home)) as side:
            return [event.digest for event in side.ledger.events() if event.name is EventName.REGISTERED]


def each_has_a_receipt_that_verifies_offline(here: Installation, photos: Path, elsewhere: Installation) -> None:
    signers = elsewhere.home.parent / "signers.json"
    assert here.run_plain("trust", "export", "--out", signers).code == 0
    assert elsewhere.run("trust", "add", signers, "--yes").code == 0
    receipts = sorted((here.home / "receipts").rglob("*.json"))
    found = {json.loads(path.read_bytes())["record"]["digest"] for path in receipts}
    assert found == {Digest.of_file(path).hex for path in photos.glob("*.jpg")}
    done = elsewhere.run("receipt", "verify", *receipts, "--offline")
    assert done.code == 0, done.people
    assert {row["signatures"]["result"] for row in done.rows} == {"valid"}


def test_a_file_that_cannot_be_decoded_among_photos_ends_with_its_code_and_stops_nobody(
    here: Installation, photos: Path
) -> None:
    (photos / "notes.txt").write_text("no picture")
    (photos / ".hidden.jpg").write_bytes(b"passed over")
    done = here.run("batch", photos)
    rows = {Path(row["file"]).name: row for row in done.rows}
    assert set(rows) == {"notes.txt", *(f"{seed}.jpg" for seed in range(COUNT))}
    assert rows.pop("notes.txt")["outcome"] == "FAILED"
    assert done.code != 0
    assert {row["outcome"] for row in rows.values()} == {"ACCEPTED"}
    assert len({row["record"]["tx"] for row in rows.values()}) == 1, "one transaction for all"
    again = here.run("batch", photos)
    assert sorted(row["outcome"] for row in again.rows) == ["DUPLICATE"] * COUNT + ["FAILED"]
    assert len(recorded(here)) == COUNT


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("state", ["signed", "submitted", "included", "final"])
def test_a_batch_that_is_killed_at_any_step_is_finished_by_the_next_run(
    here: Installation, photos: Path, tmp_path: Path, state: str, when: str
) -> None:
    log = tmp_path / "log"
    run = start(
        ["batch", str(photos)], home=here.home, stdout=log, stderr=log, dies=(state, when), settings=here.settings
    )
    assert run.wait() == -signal.SIGKILL, log.read_text()
    again = here.run("batch", photos)
    assert {row["outcome"] for row in again.rows} <= {"ACCEPTED", "DUPLICATE"}, again.people
    assert sorted(digest.hex for digest in recorded(here)) == sorted(
        Digest.of_file(path).hex for path in photos.iterdir()
    )
    each_has_a_receipt_that_verifies_offline(here, photos, Installation(tmp_path / "elsewhere"))


def test_a_second_installation_reads_a_batch_once_it_has_the_manifest(
    here: Installation, photos: Path, tmp_path: Path
) -> None:
    assert here.run("batch", photos).code == 0
    [root] = {
        json.loads(path.read_bytes())["inclusion"]["batch"]["root"] for path in (here.home / "receipts").rglob("*.json")
    }
    second = Installation(tmp_path / "second", settings=here.settings)
    second.run("contract", "status")
    shutil.copy(here.home / "network.json", second.home / "network.json")
    photo = photos / "0.jpg"
    assert second.run("verify", photo).code == 1, "of a batch without its manifest nothing can be found"
    assert second.run("index", "stats").row["batches_without_manifest"] == [root]
    assert second.run("index", "rebuild").row["batches_without_manifest"] == [root]
    shutil.copytree(here.home / "content", second.home / "content", dirs_exist_ok=True)
    found = second.run("index", "rebuild").row
    assert (found["indexed"], found["batches_without_manifest"]) == (COUNT, [])
    assert second.run("verify", photo).row["result"] == "EXACT"
