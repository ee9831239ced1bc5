"""A home backed up and put back: whole, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import rfc8785

from registry.adapters.backup import Manifest, Progress, back_up
from registry.adapters.blocks import BlockStore
from registry.adapters.embedded_history import EmbeddedHistory
from registry.adapters.home_snapshot import Wanted
from registry.adapters.journal import SqliteJournal
from registry.adapters.restore import restore
from registry.adapters.tar import copy_member, members, write_end, write_member
from registry.errors import BackupDamagedError, BackupError, InvalidValueError
from registry.model import JobState
from tests.fakes import FixedClock
from tests.ledgers import Roles
from tests.unit.registry.adapters.test_embedded_history import recorded

SECRETS = {"bearer-token", "key-password", "clients.txt"}
CACHES = {"index/header", "ledger/events.sqlite3"}
NEVER = {"runner.lock", "content/lock", "index/lock", "content/new/half", "spool/x.partial", "keys.ab.tmp/gate.json"}
PLAIN = {"anchors/1.json", "receipts/a.receipt.json", "spool/job", "network.json", "keys/gate.json"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with something of every kind in it."""
    home = tmp_path_factory.mktemp("home")
    recorded(home / "ledger", Roles(), records=1).close()
    BlockStore(home / "content").pin(io.BytesIO(b"some bytes"))
    SqliteJournal(home / "journal.sqlite")
    for name in SECRETS | CACHES | NEVER | PLAIN:
        if not (home / name).exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(f"this is {name}")
    return home


@pytest.fixture(scope="module")
def archive(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("archive") / "home.tar"
    saved(home, archive)
    return archive


def saved(home: Path, archive: Path, *, with_keys: bool = True, small: bool = False) -> Manifest:
    wanted = Wanted(with_keys=with_keys, small=small, secrets=frozenset({"clients.txt"}))
    return back_up(home, archive, wanted, clock=FixedClock())


def files_of(home: Path) -> dict[str, bytes]:
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}


def rows_of(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_everything_comes_back_but_secrets_locks_and_what_is_half_written(
    home: Path, archive: Path, tmp_path: Path
) -> None:
    restore(archive, tmp_path / "other" / "home")
    before, after = files_of(home), files_of(tmp_path / "other" / "home")
    databases = {name for name in before if ".sqlite" in name}
    assert set(after) - databases == set(before) - databases - SECRETS - NEVER
    assert all(after[name] == before[name] for name in set(after) - databases)
    for name in ("ledger/chain.sqlite3", "ledger/events.sqlite3", "journal.sqlite"):
        assert rows_of(tmp_path / "other" / "home" / name) == rows_of(home / name)
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "other" / "home").glob("receipts/*")} == {"0o600"}
    assert not [path for path in home.iterdir() if path.name.startswith(".backup-")], "nothing is left aside"


def test_the_chain_is_the_same_to_its_last_hash(home: Path, archive: Path, tmp_path: Path) -> None:
    manifest = restore(archive, tmp_path / "home")
    histories = []
    for place in (home, tmp_path / "home"):
        history = EmbeddedHistory(place / "ledger")
        histories.append(history.upto(history.head().block_number))
        history.close()
    assert histories[0] == histories[1]
    assert manifest.ledger is not None
    assert histories[0] is not None
    assert manifest.ledger.block_hash == "0x" + histories[0].head.block_hash.hex()


def test_keys_come_only_when_asked_for_and_their_place_stays_empty(home: Path, tmp_path: Path) -> None:
    saved(home, tmp_path / "home.tar", with_keys=False)
    restore(tmp_path / "home.tar", tmp_path / "home")
    assert list((tmp_path / "home" / "keys").iterdir()) == [], "a folder that is there keeps new keys from being made"


def test_a_small_one_has_neither_index_nor_event_table(home: Path, tmp_path: Path) -> None:
    small = saved(home, tmp_path / "small.tar", small=True)
    whole = saved(home, tmp_path / "whole.tar")
    names = [{file.path for file in manifest.files} for manifest in (small, whole)]
    assert names[1] - names[0] == CACHES


def test_who_watches_hears_of_every_file(home: Path, archive: Path, tmp_path: Path) -> None:
    heard: list[object] = []
    manifest = restore(archive, tmp_path / "home", progress=Progress(total=heard.append, done=heard.append))
    assert heard == [len(manifest.files), *(file.path for file in manifest.files)]


def test_what_is_written_while_the_copy_is_made_is_not_in_it(home: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    restore_of(home, own)
    before = files_of(own)

    def go_on(name: str) -> None:
        """Do at once what registrations do: a job's row, a receipt, a block, and bytes that are dropped."""
        if name != "anchors/1.json":
            return
        with closing(sqlite3.connect(own / "journal.sqlite", timeout=0)) as writer, writer:
            row = ("j", b"d" * 32, None, "final", 1, 1, 1, "{}")
            writer.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        with closing(sqlite3.connect(own / "ledger" / "chain.sqlite3", timeout=0)) as writer, writer:
            writer.execute("INSERT INTO kv VALUES (x'00', x'00')")
        (own / "receipts" / "b.receipt.json").write_text("later")
        (own / "index" / "header").write_text("later")
        (own / "spool" / "job").unlink()

    back_up(own, tmp_path / "own.tar", Wanted(), clock=FixedClock(), progress=Progress(done=go_on))
    restore(tmp_path / "own.tar", tmp_path / "home")
    after = files_of(tmp_path / "home")
    assert after == {name: after[name] for name in before if not name.startswith("keys/") and name != "index/lock"}
    assert all(after[name] == before[name] for name in ("index/header", "spool/job"))
    assert dict(SqliteJournal(tmp_path / "home" / "journal.sqlite").counts()) == {}
    assert dict(SqliteJournal(own / "journal.sqlite").counts()) == {JobState.FINAL: 1}


def restore_of(home: Path, target: Path) -> None:
    archive = target.with_suffix(".source.tar")
    saved(home, archive)
    restore(archive, target)


def test_a_flipped_bit_is_refused_or_changes_nothing(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    reference = tmp_path / "reference"
    restore(archive, reference)
    known, refused = files_of(reference), 0
    places = range(5, len(whole), max(1, len(whole) // 60))
    for at in places:
        damaged, target = tmp_path / "damaged.tar", tmp_path / f"home-{at}"
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            restore(damaged, target)
        except BackupDamagedError:
            refused += 1
            assert not target.exists()
        else:
            assert files_of(target) == known
    assert refused > len(places) // 2


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_archive_leaves_no_home(archive: Path, tmp_path: Path, share: float) -> None:
    whole = archive.read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BackupDamagedError):
        restore(tmp_path / "cut.tar", tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_no_two_restores_and_no_full_home(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "mine").touch()
    with pytest.raises(InvalidValueError, match="expected an empty home"):
        restore(archive, tmp_path / "home")
    assert files_of(tmp_path / "home") == {"mine": b""}


def test_an_existing_archive_is_not_written_over(home: Path, archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(InvalidValueError, match="does not exist yet"):
        saved(home, archive)
    assert archive.read_bytes() == before


def test_a_link_within_the_home_is_told_not_followed(home: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    restore_of(home, own)
    (own / "receipts" / "other").symlink_to("/etc")
    with pytest.raises(BackupError, match="receipts/other is a link"):
        saved(own, tmp_path / "own.tar")
    assert not (tmp_path / "own.tar").exists()
    assert not (tmp_path / "own.tar.partial").exists()


@dataclass
class Enemy:
    """Takes an archive apart and puts it together again, with a manifest that fits."""

    archive: Path

    def files(self) -> tuple[dict[str, bytes], dict[str, object]]:
        content = {}
        with self.archive.open("rb") as source:
            for member in list(members(source)):
                out = io.BytesIO()
                copy_member(source, member, out)
                content[member.name.removeprefix("home/")] = out.getvalue()
        manifest = json.loads(content.pop("manifest.json"))
        del content["manifest.sha256"]
        return content, manifest

    def forge(self, path: Path, files: Mapping[str, bytes], manifest: dict[str, object]) -> Path:
        listed = [
            {"path": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in files.items()
        ]
        body = rfc8785.dumps({**manifest, "files": listed})
        tail = {"manifest.json": body, "manifest.sha256": hashlib.sha256(body).hexdigest().encode() + b"\n"}
        with path.open("w+b") as out:
            for name, content in ({f"home/{name}": body for name, body in files.items()} | tail).items():
                write_member(out, name, io.BytesIO(content), len(content), written_at=0)
            write_end(out)
        return path


@pytest.mark.parametrize(
    "name",
    ["bearer-token", "key-password", "runner.lock", "content/new/x", "receipts", ".backup-1/x", "journal.sqlite-wal"],
)
def test_an_archive_with_what_no_backup_has_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    enemy = Enemy(archive)
    files, manifest = enemy.files()
    forged = enemy.forge(tmp_path / "forged.tar", {**files, name: b"the enemy's"}, manifest)
    with pytest.raises(BackupDamagedError, match="no file that a backup has"):
        restore(forged, tmp_path / "home")
    assert [path.name for path in tmp_path.iterdir()] == ["forged.tar"]


def test_a_chain_that_is_not_the_one_the_manifest_names_is_refused(archive: Path, tmp_path: Path) -> None:
    enemy = Enemy(archive)
    files, manifest = enemy.files()
    recorded(tmp_path / "chain", Roles(), records=0).close()
    forged = {**files, "ledger/chain.sqlite3": (tmp_path / "chain" / "chain.sqlite3").read_bytes()}
    with pytest.raises(BackupDamagedError, match="expected the ledger"):
        restore(enemy.forge(tmp_path / "forged.tar", forged, manifest), tmp_path / "home")
    with pytest.raises(BackupDamagedError, match="does not open"):
        garbage = {**files, "journal.sqlite": b"no database at all" * 100}
        restore(enemy.forge(tmp_path / "garbage.tar", garbage, manifest), tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_another_schema_version_is_refused(archive: Path, tmp_path: Path) -> None:
    enemy = Enemy(archive)
    files, manifest = enemy.files()
    versions = manifest["schema_versions"]
    assert isinstance(versions, dict)
    forged = enemy.forge(tmp_path / "forged.tar", files, {**manifest, "schema_versions": {**versions, "jobs": 99}})
    with pytest.raises(BackupDamagedError, match="expected schema version 1 of jobs, got 99"):
        restore(forged, tmp_path / "home")
