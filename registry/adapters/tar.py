"""Plain tar, nothing but files: written so that any `tar` opens it, read as if an enemy had made it.

The reader takes one 512-byte header at a time (POSIX.1-1988 ustar, with GNU's binary sizes) and refuses all that the
writer never writes: links, devices, folders, extended headers, sparse files, paths that lead elsewhere. Nothing is
compressed, so nothing that comes out is larger than what went in.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from registry.errors import BackupDamagedError, BackupError

BLOCK = tarfile.BLOCKSIZE
CHUNK = 1 << 20
MAX_NAME_BYTES = tarfile.LENGTH_NAME
FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive.

    Attributes:
        name: a relative path, its parts plain names.
        size: bytes.
        offset: of its first byte in the archive.
    """

    name: str
    size: int
    offset: int


def write_member(out: BinaryIO, name: str, source: BinaryIO, size: int, *, written_at: int) -> str:
    """Append one file and return the SHA-256 of its bytes as hex.

    Args:
        out: the archive.
        name: within it.
        source: of at least ``size`` bytes; more are left.
        size: bytes.
        written_at: Unix seconds.

    Raises:
        BackupError: the name does not fit, or the source ends early.
    """
    if problem := unsafe(name):
        raise BackupError(f"{name!r} cannot go into a backup: {problem}")
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, FILE_MODE, written_at
    out.write(header.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict"))
    digest = hashlib.sha256()
    for chunk in _chunks(source, size):
        digest.update(chunk)
        out.write(chunk)
        size -= len(chunk)
    if size:
        raise BackupError(f"{name} became {size} bytes shorter while it was read")
    out.write(bytes(-out.tell() % BLOCK))
    return digest.hexdigest()


def write_end(out: BinaryIO) -> None:
    """Append the two empty blocks that end an archive."""
    out.write(bytes(2 * BLOCK))


def members(archive: BinaryIO) -> Iterator[Member]:
    """Yield the files of an archive in their order; their bytes are not read.

    Raises:
        BackupDamagedError: it is cut short, its headers do not hold, or it has anything but plain files.
    """
    end = archive.seek(0, 2)
    at = 0
    while True:
        archive.seek(at)
        header = archive.read(BLOCK)
        if header == bytes(BLOCK):
            return
        try:
            info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
        except (tarfile.TarError, ValueError) as exc:
            raise BackupDamagedError(f"byte {at}: expected the header of a file, got none ({exc})") from exc
        if info.type != tarfile.REGTYPE:
            raise BackupDamagedError(f"{info.name!r}: expected a plain file, got an entry of type {info.type!r}")
        if problem := unsafe(info.name):
            raise BackupDamagedError(f"{info.name[:200]!r}: {problem}")
        if not 0 <= info.size <= end - at - BLOCK:
            raise BackupDamagedError(f"{info.name}: expected {info.size} bytes, the archive ends before")
        yield Member(info.name, info.size, at + BLOCK)
        at += BLOCK + -(-info.size // BLOCK) * BLOCK


def copy_member(archive: BinaryIO, member: Member, out: BinaryIO) -> str:
    """Write a file of the archive to ``out`` and return the SHA-256 of its bytes as hex."""
    archive.seek(member.offset)
    digest = hashlib.sha256()
    for chunk in _chunks(archive, member.size):
        digest.update(chunk)
        out.write(chunk)
    return digest.hexdigest()


def unsafe(name: str) -> str | None:
    """Return what is wrong with a name, or nothing of one that is a plain relative path."""
    if len(name.encode("utf-8", "surrogateescape")) > MAX_NAME_BYTES:
        return f"expected a path of at most {MAX_NAME_BYTES} bytes"
    if not name.isprintable() or "\\" in name:
        return "expected a path of printable characters without backslashes"
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or name in {"", "."}:
        return "expected a relative path of plain names"
    return None


def _chunks(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size and (chunk := source.read(min(size, CHUNK))):
        yield chunk
        size -= len(chunk)
