"""Backup and restore with real processes: a service that goes on, kills, another place."""

from __future__ import annotations

import hashlib
import shutil
import signal
import threading
from pathlib import Path

import pytest
import rfc8785

from registry.adapters.embedded_history import EmbeddedHistory
from tests.e2e.installation import Installation
from tests.faults.test_kill import Service
from tests.pictures import half_size, jpeg, picture, write_photo
from tests.processes import start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("media")
    return [write_photo(folder / f"{seed}.jpg", seed=seed) for seed in range(1, 9)]


def put_back(archive: Path, target: Path, *, password_of: Path) -> Installation:
    """Return the installation restored from an archive; the password comes another way, as people are told."""
    there = Installation(target)
    done = Installation(archive.parent / "unused").run("restore", archive, "--home", target)
    assert done.code == 0, done.people
    shutil.copy(password_of / "key-password", target / "key-password")
    return there


def registered(here: Installation, *photos: Path) -> None:
    done = here.run("register", *photos)
    assert done.code == 0, done.people


def test_at_another_path_everything_recorded_is_exact_and_more_can_be_registered(
    tmp_path: Path, photos: list[Path]
) -> None:
    here = Installation(tmp_path / "home")
    registered(here, *photos[:2])
    saved = here.run("backup", tmp_path / "home.tar", "--with-keys")
    assert saved.code == 0, saved.people
    assert "its password is not in the backup" in saved.people
    (tmp_path / "home").rename(tmp_path / "gone")
    there = put_back(tmp_path / "home.tar", tmp_path / "elsewhere" / "new", password_of=tmp_path / "gone")
    assert [row["result"] for row in there.run("verify", *photos[:2]).rows] == ["EXACT", "EXACT"]
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(jpeg(half_size(picture(1)), quality=60))
    assert there.run("verify", copy).row["result"] == "SIMILAR"
    registered(there, photos[2])
    assert there.run("receipt", "show", photos[0]).rows
    assert there.run("index", "check").code == 0


def test_a_small_backup_finds_copies_again_after_a_rebuild(tmp_path: Path, photos: list[Path]) -> None:
    here = Installation(tmp_path / "home")
    registered(here, photos[0])
    here.run("backup", tmp_path / "small.tar", "--with-keys", "--small")
    there = put_back(tmp_path / "small.tar", tmp_path / "new", password_of=tmp_path / "home")
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(jpeg(half_size(picture(1)), quality=60))
    assert there.run("verify", photos[0]).row["result"] == "EXACT"
    assert there.run("verify", copy).row["result"] == "UNKNOWN"
    assert there.run("index", "rebuild").row == {"indexed": 1, "missing": [], "batches_without_manifest": []}
    assert there.run("verify", copy).row["result"] == "SIMILAR"


def test_without_its_keys_a_restored_home_makes_no_new_ones(tmp_path: Path, photos: list[Path]) -> None:
    here = Installation(tmp_path / "home")
    registered(here, photos[0])
    here.run("backup", tmp_path / "home.tar")
    there = put_back(tmp_path / "home.tar", tmp_path / "new", password_of=tmp_path / "home")
    refused = there.run("verify", photos[0])
    assert refused.code == 5
    assert "expected a keystore" in refused.people
    for key in (tmp_path / "home" / "keys").iterdir():
        shutil.copy(key, tmp_path / "new" / "keys" / key.name)
    assert there.run("verify", photos[0]).row["result"] == "EXACT"


@pytest.mark.parametrize("state", ["received", "screened", "pinned", "signed", "submitted", "included"])
def test_a_job_that_was_open_goes_on_after_the_restore(tmp_path: Path, photos: list[Path], state: str) -> None:
    here = Installation(tmp_path / "home")
    run = start(
        ["register", str(photos[0])],
        home=here.home,
        stdout=tmp_path / "out",
        stderr=tmp_path / "err",
        dies=(state, "after"),
    )
    assert run.wait() == -signal.SIGKILL
    assert here.run("backup", tmp_path / "home.tar", "--with-keys").code == 0
    there = put_back(tmp_path / "home.tar", tmp_path / "new", password_of=here.home)
    registered(there, photos[1])  # any command that writes first carries on what is open
    rows = there.run("verify", *photos[:2]).rows
    assert [row["result"] for row in rows] == ["EXACT", "EXACT"]
    assert there.run("index", "check").code == 0


@pytest.mark.parametrize("files", [0, 3, 9])
def test_killed_in_the_middle_of_a_restore_there_is_no_home_and_the_next_run_makes_it(
    tmp_path: Path, photos: list[Path], files: int
) -> None:
    here = Installation(tmp_path / "home")
    registered(here, photos[0])
    here.run("backup", tmp_path / "home.tar", "--with-keys")
    target = tmp_path / "new"
    words = ["restore", str(tmp_path / "home.tar"), "--home", str(target)]
    out, err = tmp_path / "out", tmp_path / "err"
    run = start(words, home=tmp_path / "unused", stdout=out, stderr=err, dies=("restore", str(files)))
    assert run.wait() == -signal.SIGKILL
    assert not target.exists()
    assert target.with_name("new.restoring").exists() == (files > 2), "the first two are the manifest and its checksum"
    there = put_back(tmp_path / "home.tar", target, password_of=here.home)
    assert not target.with_name("new.restoring").exists()
    assert there.run("verify", photos[0]).row["result"] == "EXACT"


def test_backups_taken_while_a_service_registers_lose_and_double_nothing(tmp_path: Path, photos: list[Path]) -> None:
    service = Service(tmp_path / "home")
    here = Installation(service.home)
    with service.running():
        failures: list[str] = []

        def register_all() -> None:
            with service.client() as client:
                for photo in photos:
                    with photo.open("rb") as stream:
                        answer = client.post(
                            "/v1/media", files={"file": (photo.name, stream)}, headers={"Prefer": "wait=30"}
                        )
                    if answer.status_code != 201:
                        failures.append(answer.text)

        registering = threading.Thread(target=register_all)
        registering.start()
        taken, last_at = 0, {}  # the last of those with the same head: the next file is on its way by then
        while registering.is_alive():
            taken += 1
            done = here.run("backup", tmp_path / f"{taken}.tar", "--with-keys")
            assert done.code == 0, done.people
            last_at[done.row["ledger"]["block_number"]] = tmp_path / f"{taken}.tar"
        registering.join()
        assert failures == []
    assert len(last_at) > len(photos) // 2, f"{taken} backups are to fall between registrations: {last_at}"
    for block, archive in sorted(last_at.items())[::3]:
        there = put_back(archive, tmp_path / f"{archive.stem}-home", password_of=here.home)
        registered(there, *photos)  # those that are there already are duplicates of its own
        rows = there.run("verify", *photos).rows
        assert [row["result"] for row in rows] == ["EXACT"] * len(photos), f"{archive.name} at block {block}"
        assert there.run("index", "check").code == 0
        history = EmbeddedHistory(there.home / "ledger")
        assert history.head().block_number == 1 + len(photos), "one block for each file, none twice"
        history.close()
        for photo in photos:
            [row] = there.run("receipt", "show", photo).rows
            assert row["inclusion"]["block_number"] == row["record"]["block"]
            found = next(each for each in rows if each["file"] == str(photo))
            assert (row["inclusion"]["tx"], row["record"]["block"]) == (found["record"]["tx"], found["record"]["block"])


def test_a_record_whose_document_is_gone_is_named_by_the_index_check(tmp_path: Path, photos: list[Path]) -> None:
    here = Installation(tmp_path / "home")
    registered(here, *photos[:2])
    [row] = here.run("fingerprint", photos[0]).rows
    document = rfc8785.dumps({name: value for name, value in row.items() if name != "file"})
    name = hashlib.sha256(document).hexdigest()
    (here.home / "content" / "blocks" / name[:2] / name).unlink()
    checked = here.run("index", "check")
    assert (checked.code, checked.row["without_document"]) == (1, [row["sha256"]])
    assert [checked.row[part] for part in ("missing", "different", "stray")] == [[], [], []]
    assert here.run("index", "rebuild").row == {
        "indexed": 1,
        "missing": [row["sha256"]],
        "batches_without_manifest": [],
    }
