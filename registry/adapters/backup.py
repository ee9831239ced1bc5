"""A whole home in one file: its snapshot as plain tar, and a manifest last.

The manifest stands last, and its SHA-256 behind it, so that an archive that was cut short has neither.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict

from registry.adapters import blocks, event_table, hamming_files, sqlite_evm
from registry.adapters.embedded import CHAIN_FILE
from registry.adapters.embedded_history import EmbeddedHistory
from registry.adapters.home_snapshot import Wanted, snapshot
from registry.adapters.tar import write_end, write_member
from registry.errors import BackupError, InvalidValueError
from registry.model.job import JOB_SCHEMA_VERSION
from registry.ports import Clock

MANIFEST = "manifest.json"
CHECKSUM = "manifest.sha256"
HOME = "home/"  # what is the home's own stands below this, so that no file of it can be taken for a manifest
CHAIN_NAME = f"ledger/{CHAIN_FILE}"
TRUTHS = {"chain": sqlite_evm.SCHEMA_VERSION, "jobs": JOB_SCHEMA_VERSION, "content": blocks.SCHEMA_VERSION}
CACHES = {"events": event_table.SCHEMA_VERSION, "index": hamming_files.SCHEMA_VERSION}


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BackedUpFile(_Wire):
    """One file of the home: path below it, bytes, SHA-256 of these as hex."""

    path: str
    size: int
    sha256: str


class BackedUpLedger(_Wire):
    """The embedded ledger of the home, as it stood."""

    kind: Literal["embedded"]
    chain_id: int
    contract: str
    instance_id: str
    block_number: int
    block_hash: str
    state_root: str


class Manifest(_Wire):
    """What is in a backup.

    Attributes:
        made_at: Unix seconds.
        schema_versions: of everything stored, by name.
        with_keys: whether the encrypted keystores are in it.
        small: whether index and event table were left out.
        ledger: absent where the home has no embedded chain.
    """

    format: Literal["touchstone-backup/1"]
    made_at: int
    schema_versions: dict[str, int]
    with_keys: bool
    small: bool
    ledger: BackedUpLedger | None
    files: list[BackedUpFile]


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is told how far it is: of how many files there are, and of each when it is done."""

    total: Callable[[int], None] = lambda _total: None
    done: Callable[[str], None] = lambda _name: None


def back_up(home: Path, archive: Path, wanted: Wanted, *, clock: Clock, progress: Progress | None = None) -> Manifest:
    """Write a home to a new file, readable by its owner only, and return what is in it.

    Registrations may go on meanwhile. The file appears whole or not at all.

    Raises:
        InvalidValueError: the file exists, or there is no home.
        BackupError: the home cannot be read or the file not written.
    """
    if archive.exists():
        raise InvalidValueError(f"expected a file that does not exist yet, got {archive}")
    if not home.is_dir():
        raise InvalidValueError(f"expected a home at {home}, found none")
    partial = archive.with_name(archive.name + ".partial")
    try:
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            manifest = _write(home, wanted, out, clock.now(), progress or Progress())
            out.flush()
            os.fsync(out.fileno())
        partial.replace(archive)
        sync_folder(archive.parent)
    except OSError as exc:
        raise BackupError(f"{archive} cannot be written: {exc}") from exc
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def ledger_in(directory: Path) -> BackedUpLedger:
    """Return what the embedded chain in a ledger directory says of itself.

    Raises:
        LedgerError: it cannot be read.
    """
    history = EmbeddedHistory(directory)
    try:
        info, head = history.info(), history.head()
    finally:
        history.close()
    return BackedUpLedger(
        kind="embedded",
        chain_id=info.chain_id,
        contract=str(info.contract),
        instance_id="0x" + info.instance_id.hex(),
        block_number=head.block_number,
        block_hash="0x" + head.block_hash.hex(),
        state_root="0x" + head.state_root.hex(),
    )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(home: Path, wanted: Wanted, out: BinaryIO, now: int, progress: Progress) -> Manifest:
    files: list[BackedUpFile] = []
    ledger = None
    with snapshot(home, wanted) as pieces:
        progress.total(len(pieces))
        for piece in pieces:
            if piece.name == CHAIN_NAME:
                ledger = ledger_in(piece.path.parent)
            with piece.path.open("rb") as source:
                size = os.fstat(source.fileno()).st_size
                sha256 = write_member(out, HOME + piece.name, source, size, written_at=now)
            files.append(BackedUpFile(path=piece.name, size=size, sha256=sha256))
            progress.done(piece.name)
    manifest = Manifest(
        format="touchstone-backup/1",
        made_at=now,
        schema_versions={**TRUTHS, **CACHES},
        with_keys=wanted.with_keys,
        small=wanted.small,
        ledger=ledger,
        files=files,
    )
    body = rfc8785.dumps(manifest.model_dump())
    checksum = hashlib.sha256(body).hexdigest().encode() + b"\n"
    for name, content in ((MANIFEST, body), (CHECKSUM, checksum)):
        write_member(out, name, io.BytesIO(content), len(content), written_at=now)
    write_end(out)
    return manifest
