"""`BlockStore`: content as a directory of blocks under Kubo's CIDs; the default store, with no server.

The layout is ``version``, ``lock``, ``blocks/<2 hex>/<64 hex>`` by the block's SHA-256, ``pins/<cid>`` (empty files)
and ``new/`` for files on their way. A pin is written after all its blocks are on the disk, so a kill at any instant
leaves blocks without a pin, never a pin without its blocks.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from registry.adapters.unixfs import MAX_BLOCK_BYTES, UNIXFS_V1_2025, Block, Profile, encode, links_of, walk
from registry.errors import BlockCorruptError, BlockNotFoundError, StoreError, StoreUnavailableError
from registry.model import Cid

SCHEMA_VERSION = 1
_VERSION = b"%d\n" % SCHEMA_VERSION


class BlockStore:
    """A `ContentStore` in a directory; safe for threads and processes on one machine.

    Args:
        root: the store's own directory; made if absent.
        profile: how new content is cut; what is stored already keeps its CIDs.

    Raises:
        StoreError: the directory was written by another version of the store.
        StoreUnavailableError: the directory cannot be made or read.
    """

    def __init__(self, root: Path, *, profile: Profile = UNIXFS_V1_2025) -> None:
        self._blocks = root / "blocks"
        self._pins = root / "pins"
        self._new = root / "new"
        self._lock_file = root / "lock"
        self._profile = profile
        version = root / "version"
        with _disk(root):
            for folder in (self._blocks, self._pins, self._new):
                folder.mkdir(parents=True, exist_ok=True)
        with self._locked(fcntl.LOCK_SH), _disk(root):
            if not version.exists():
                self._write(version, _VERSION)
            found = version.read_bytes()
            for folder in (root, root.parent):
                _sync_folder(folder)
        if found != _VERSION:
            raise StoreError(f"{root}: expected store version {_VERSION!r}, got {found[:20]!r}")

    def pin(self, stream: BinaryIO) -> Cid:
        """Store all bytes left in ``stream`` and keep them; the same bytes again change nothing.

        A block that is here but damaged is replaced. Memory holds one chunk, whatever the size of the stream.

        Raises:
            StoreUnavailableError: the disk is full or fails; nothing is claimed of the content.
        """
        folders = {self._blocks}
        with self._locked(fcntl.LOCK_SH):
            root = None
            for block in encode(stream, self._profile):
                folders.add(self._put(block))
                root = block.cid
            root = _required(root)
            with _disk(self._pins):
                for folder in folders:
                    _sync_folder(folder)
                (self._pins / str(root)).touch()
                _sync_folder(self._pins)
        return root

    def cid_of(self, stream: BinaryIO) -> Cid:
        """Return the CID that `pin` would give all bytes left in ``stream``; nothing is stored."""
        root = None
        for block in encode(stream, self._profile):
            root = block.cid
        return _required(root)

    def unpin(self, cid: Cid) -> None:
        """Stop keeping the content; its blocks stay until `collect`. Not an error if it is not kept.

        Raises:
            StoreUnavailableError: the disk fails.
        """
        with _disk(self._pins):
            (self._pins / str(cid)).unlink(missing_ok=True)
            _sync_folder(self._pins)

    def pins(self) -> Iterator[Cid]:
        """Yield the CID of every content that is kept, in no order."""
        with _disk(self._pins), os.scandir(self._pins) as entries:
            for entry in entries:
                yield Cid.from_text(entry.name)

    def has(self, cid: Cid) -> bool:
        """Return whether all blocks of the content are here, inner nodes unharmed; leaves are not read.

        Raises:
            StoreUnavailableError: the disk fails.
        """
        try:
            with _disk(self._blocks):
                return all(self._path(each).is_file() for each in walk(cid, self._children_once(set())))
        except (BlockNotFoundError, BlockCorruptError):
            return False

    def read(self, cid: Cid) -> Iterator[bytes]:
        """Yield the content in order, each block checked against its hash.

        Raises:
            BlockNotFoundError: a block is missing.
            BlockCorruptError: a block does not hash to its CID.
            StoreUnavailableError: the disk fails.
        """
        order = walk(cid, lambda node: links_of(self.block(node)))
        return (self.block(each).data for each in order if not each.is_dag_pb)

    def blocks(self, cid: Cid) -> Iterator[Block]:
        """Yield the content's blocks, children before parents, what lies under a repeated node only once.

        Raises:
            BlockNotFoundError: a block is missing.
            BlockCorruptError: a block does not hash to its CID.
            StoreUnavailableError: the disk fails.
        """
        return (self.block(each) for each in walk(cid, self._children_once(set())))

    def block(self, cid: Cid) -> Block:
        """Return one block, checked against its hash.

        Raises:
            BlockNotFoundError: it is not here.
            BlockCorruptError: it does not hash to its CID.
            StoreUnavailableError: the disk fails.
        """
        name = cid.digest.hex()
        with _disk(self._blocks):
            try:
                data = _read(f"{self._blocks}/{name[:2]}/{name}")
            except FileNotFoundError as exc:
                raise BlockNotFoundError(f"{cid}: no such block here") from exc
        block = Block(cid, data)
        if not block.is_intact:
            raise BlockCorruptError(f"{cid}: the {len(data)} bytes held do not hash to it")
        return block

    def collect(self) -> int:
        """Delete every block that no pin needs and every file a kill left on its way; return how many were deleted.

        Pins in progress are waited for. The set of needed digests is held in memory.

        Raises:
            BlockNotFoundError: a pinned inner node is missing; nothing was deleted, for what it needs is not known.
            BlockCorruptError: a pinned inner node is damaged; nothing was deleted.
            StoreUnavailableError: the disk fails.
        """
        deleted = 0
        with self._locked(fcntl.LOCK_EX):
            children = self._children_once(set())
            needed = {each.digest.hex() for pin in self.pins() for each in walk(pin, children)}
            with _disk(self._blocks):
                unneeded = (path for path in self._blocks.glob("*/*") if path.name not in needed)
                for path in (*self._new.iterdir(), *unneeded):
                    path.unlink()
                    deleted += 1
        return deleted

    def _children_once(self, seen: set[bytes]) -> Callable[[Cid], Iterable[Cid]]:
        """Return a view of the links in which a node met before has none: work is linear in what is stored."""

        def children(node: Cid) -> Iterable[Cid]:
            if node.digest in seen:
                return ()
            seen.add(node.digest)
            return dict.fromkeys(links_of(self.block(node)))

        return children

    def _path(self, cid: Cid) -> Path:
        name = cid.digest.hex()
        return self._blocks / f"{name[:2]}/{name}"

    def _put(self, block: Block) -> Path:
        """Write the block unless its very bytes are here; return the folder to sync before a pin may rest on it."""
        path = self._path(block.cid)
        with _disk(path):
            path.parent.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):
                if path.stat().st_size == len(block.data) and path.read_bytes() == block.data:
                    return path.parent
            self._write(path, block.data)
        return path.parent

    def _write(self, path: Path, data: bytes) -> None:
        """Put a file in its place whole and synced, or not at all."""
        handle, name = tempfile.mkstemp(dir=self._new)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)  # noqa: PTH105 - the name is the operating system's own text
        except OSError:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108 - likewise
            raise

    @contextmanager
    def _locked(self, mode: int) -> Iterator[None]:
        """Hold the store: shared while pinning, alone while collecting."""
        with _disk(self._lock_file):
            handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with _disk(self._lock_file):
                fcntl.flock(handle, mode)
            yield
        finally:
            os.close(handle)


def _read(name: str) -> bytes:
    """Return what is in a file; of many small ones, a `Path` and its stream take more time than the rest."""
    handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, min(os.fstat(handle).st_size, MAX_BLOCK_BYTES) + 1)
    finally:
        os.close(handle)


def _required(root: Cid | None) -> Cid:
    if root is None:
        raise StoreError("expected the encoder to give a root, got no block")
    return root


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Turn what a disk says into the port's words."""
    try:
        yield
    except OSError as exc:
        raise StoreUnavailableError(f"{path}: {exc.strerror or exc}") from exc


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (POSIX: a rename is on the disk once its folder is synced)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
