"""A home as it stood at one instant, while a service goes on writing to it.

For a moment every database is held with its write lock and the index with its own: nobody can commit. In that moment
the files are listed, each database gets a reader that keeps seeing it as it is now, and what may soon be gone or
rewritten is linked or copied aside. What is read afterwards is what a power cut at that instant would have left, which
every start resumes from. Files that are whole once they have their name (blocks, receipts) are read later as they are.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from registry.errors import BackupError

LOCK_WAIT_S = 30.0
STAGING = ".backup-"
KEYS = "keys"
SECRETS = frozenset({"bearer-token", "key-password"})
HALF_WRITTEN = (".tmp", ".partial", ".new", ".lock", "-wal", "-shm", "-journal")
SQLITE_MAGIC = b"SQLite format 3\0"  # sqlite.org/fileformat.html, section 1.3.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a home is wanted.

    Attributes:
        with_keys: the encrypted keystores too; never their password.
        small: without what is made anew from the rest: index and event table.
        secrets: more paths, relative to the home, that never leave it.
    """

    with_keys: bool = False
    small: bool = False
    secrets: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Return whether a file of the home, by its relative path, is wanted."""
        path = PurePosixPath(name)
        top = path.parts[0]
        if name in SECRETS | self.secrets or path.name == "lock":
            return False
        if any(part.endswith(HALF_WRITTEN) for part in path.parts):
            return False
        if top.startswith(STAGING) or path.parts[:2] == ("content", "new"):
            return False
        if top == KEYS:
            return self.with_keys
        return not (self.small and (top == "index" or name.startswith("ledger/events")))


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the snapshot: its path relative to the home, and where its bytes are to be had until the end."""

    name: str
    path: Path


@contextmanager
def snapshot(home: Path, wanted: Wanted) -> Iterator[Sequence[Piece]]:
    """Yield the wanted files of a home as they stood together, by name ascending.

    Raises:
        BackupError: the home cannot be read, has something that is no file, or a writer held it for `LOCK_WAIT_S`.
    """
    with ExitStack() as stack:
        with _as_backup_error(home):
            aside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=STAGING, dir=home)))
            stack.enter_context(_flock(home / "content" / "lock", fcntl.LOCK_SH))  # no block is collected meanwhile
            readers, pieces = _at_one_instant(home, wanted, aside, stack)
            for name, reader in readers.items():
                _copy_database(reader, aside / name)
        yield tuple(pieces)


def _at_one_instant(
    home: Path, wanted: Wanted, aside: Path, stack: ExitStack
) -> tuple[dict[str, sqlite3.Connection], list[Piece]]:
    """Return readers of the databases by name, and all pieces; nothing is committed to the home meanwhile."""
    with ExitStack() as held:
        for name in sorted(_names(home)):
            if wanted.has(name) and _is_database(home / name):
                writer = held.enter_context(closing(_connect(home / name)))
                writer.execute("BEGIN IMMEDIATE")  # ended by the connection's close
        held.enter_context(_flock(home / "index" / "lock", fcntl.LOCK_EX))
        readers: dict[str, sqlite3.Connection] = {}
        pieces: list[Piece] = []
        for name in sorted(filter(wanted.has, _names(home))):
            path, copy = home / name, aside / name
            if _is_database(path):
                reader = stack.enter_context(closing(_connect(path)))
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it sees this state
                readers[name] = reader
            elif name.startswith("index/"):
                _keep(path, copy, link=False)
            elif name.startswith("spool/"):
                _keep(path, copy, link=True)
            else:
                copy = path
            pieces.append(Piece(name, copy))
        return readers, pieces


def _names(home: Path, below: str = "") -> Iterator[str]:
    """Yield every file's path relative to the home.

    A link directly in the home is followed, as where the content lies on another disk; deeper ones are refused.
    """
    with os.scandir(home / below) as entries:
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if below and entry.is_symlink():
                raise BackupError(f"{name} is a link: back up what it points to by itself")
            if entry.is_dir():
                if not entry.name.startswith(STAGING):
                    yield from _names(home, name)
            elif entry.is_file():
                yield name
            else:
                raise BackupError(f"{name}: expected a file or a folder in the home, got something else")


def _is_database(path: Path) -> bool:
    if path.suffix not in {".sqlite", ".sqlite3"}:
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=LOCK_WAIT_S)


def _copy_database(reader: sqlite3.Connection, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(copy)) as target:
        reader.backup(target)
    reader.execute("ROLLBACK")  # the file's log may be cleared again


def _keep(path: Path, copy: Path, *, link: bool) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    if link:
        try:
            os.link(path, copy)
        except OSError:  # a file system without hard links, or another one
            link = False
    if not link:
        shutil.copyfile(path, copy)


@contextmanager
def _flock(path: Path, mode: int) -> Iterator[None]:
    """Hold a lock file, where its folder is in use at all."""
    if not path.parent.is_dir():
        yield
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, mode)
        yield
    finally:
        os.close(handle)


@contextmanager
def _as_backup_error(home: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as exc:
        raise BackupError(f"{home} cannot be read as a whole: {exc}") from exc
