"""Putting a backup back: everything is checked before anything is in place, and then all of it is, at once.

The file may come from anybody. Nothing is written before its headers, names and manifest hold; then the files are
written into a folder beside the home, each against its SHA-256, and what the chain says of itself is compared; only
then that folder becomes the home, by one rename. Cut off at any instant, there is no home yet, and the same command
starts again.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pydantic import ValidationError

from registry.adapters.backup import (
    CHAIN_NAME,
    CHECKSUM,
    HOME,
    MANIFEST,
    TRUTHS,
    Manifest,
    Progress,
    ledger_in,
    sync_folder,
)
from registry.adapters.home_snapshot import KEYS, Wanted
from registry.adapters.journal import SqliteJournal
from registry.adapters.tar import Member, copy_member, members
from registry.errors import BackupDamagedError, BackupError, InvalidValueError, JournalError, LedgerError

JOURNAL_NAME = "journal.sqlite"
MAX_MANIFEST_BYTES = 512 << 20  # 150 bytes a file: three million files
EVERYTHING = Wanted(with_keys=True)


def restore(archive: Path, home: Path, *, progress: Progress | None = None) -> Manifest:
    """Make a backup the home, and return what is in it.

    Where the backup has no keys, an empty folder stands in their place, so that no new ones are made: a stranger's to
    the ledger.

    Args:
        archive: as `back_up` wrote it, or anything.
        home: absent or an empty folder.
        progress: is told how far it is.

    Raises:
        InvalidValueError: the home is not empty.
        BackupDamagedError: the file is no whole backup of this version; nothing is in place.
        BackupError: it cannot be read, or the disk not written.
    """
    home = home.absolute()
    told = progress or Progress()
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with _alone(home.parent), archive.open("rb") as source:
            _require_empty(home)
            listed = _listed(source)
            manifest = _manifest(source, listed)
            draft = home.with_name(home.name + ".restoring")
            if draft.exists():  # of a restore that was cut off
                shutil.rmtree(draft)
            draft.mkdir(mode=0o700)
            _extract(source, listed, manifest, draft, told)
            _require_same_ledger(draft, manifest)
            if not manifest.with_keys:
                (draft / KEYS).mkdir(mode=0o700)
            os.sync()  # one for all files; each by itself takes milliseconds
            draft.replace(home)
            sync_folder(home.parent)
    except OSError as exc:
        raise BackupError(f"{archive} cannot be put back to {home}: {exc}") from exc
    return manifest


def _listed(source: BinaryIO) -> Mapping[str, Member]:
    listed: dict[str, Member] = {}
    for member in members(source):
        if member.name in listed:
            raise BackupDamagedError(f"{member.name} stands twice in the archive")
        listed[member.name] = member
    return listed


def _manifest(source: BinaryIO, listed: Mapping[str, Member]) -> Manifest:
    """Return the manifest once it is found to be whole, of this version, and to name what the archive has."""
    body, checksum = _content(source, listed, MANIFEST), _content(source, listed, CHECKSUM)
    if hashlib.sha256(body).hexdigest().encode() + b"\n" != checksum:
        raise BackupDamagedError("the manifest does not hash to the checksum behind it")
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as exc:
        raise BackupDamagedError(f"the manifest is none of touchstone-backup/1: {exc}") from exc
    for name, version in TRUTHS.items():
        if (found := manifest.schema_versions.get(name)) != version:
            raise BackupDamagedError(f"expected schema version {version} of {name}, got {found}")
    promised = {HOME + file.path: file.size for file in manifest.files}
    found_sizes = {name: member.size for name, member in listed.items() if name not in {MANIFEST, CHECKSUM}}
    if len(promised) != len(manifest.files) or promised != found_sizes:
        odd = sorted(promised.items() ^ found_sizes.items())[:1]
        raise BackupDamagedError(f"manifest and archive differ: {odd or 'a file is named twice'}")
    _require_names_of_a_home([file.path for file in manifest.files])
    return manifest


def _content(source: BinaryIO, listed: Mapping[str, Member], name: str) -> bytes:
    member = listed.get(name)
    if member is None:
        raise BackupDamagedError(f"expected {name} in the archive, found none: it was cut short, or is no backup")
    if member.size > MAX_MANIFEST_BYTES:
        raise BackupDamagedError(f"{name}: expected at most {MAX_MANIFEST_BYTES} bytes, got {member.size}")
    out = io.BytesIO()
    copy_member(source, member, out)
    return out.getvalue()


def _require_names_of_a_home(paths: list[str]) -> None:
    """Refuse what a backup never has: somebody's token or password, a lock, a file that is a folder too."""
    folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents}
    for path in paths:
        if not EVERYTHING.has(path) or path in folders:
            raise BackupDamagedError(f"{path!r} is no file that a backup has")


def _extract(
    source: BinaryIO, listed: Mapping[str, Member], manifest: Manifest, draft: Path, progress: Progress
) -> None:
    progress.total(len(manifest.files))
    for file in manifest.files:
        path = draft / file.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as out:
            sha256 = copy_member(source, listed[HOME + file.path], out)
        if sha256 != file.sha256:
            raise BackupDamagedError(f"{file.path}: expected SHA-256 {file.sha256}, got {sha256}")
        progress.done(file.path)


def _require_same_ledger(draft: Path, manifest: Manifest) -> None:
    try:
        found = ledger_in((draft / CHAIN_NAME).parent) if (draft / CHAIN_NAME).exists() else None
        if (draft / JOURNAL_NAME).exists():
            SqliteJournal(draft / JOURNAL_NAME).counts()
    except (LedgerError, JournalError, ValueError) as exc:
        raise BackupDamagedError(f"what was backed up does not open: {exc}") from exc
    if found != manifest.ledger:
        raise BackupDamagedError(f"expected the ledger {manifest.ledger}, got {found}")


def _require_empty(home: Path) -> None:
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise InvalidValueError(f"expected an empty home, got {home}: move it away first")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder, so that two restores never write one draft."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise BackupError(f"another restore is at work in {folder}") from exc
        yield
    finally:
        os.close(handle)
