"""UnixFS files as blocks: the same blocks, and so the same CIDs, as Kubo's profile ``unixfs-v1-2025``.

The profile (IPIP-499) is CIDv1, raw leaves of 1 MiB, nodes of at most 1024 links, balanced tree. Formats: dag-pb and
UnixFS v1 of the IPLD and IPFS specifications. A file of at most one chunk is its leaf, so its CID holds the file's
own SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Self

from registry.errors import InvalidValueError, StoreError
from registry.model import Cid

MAX_BLOCK_BYTES = 2 << 20  # what IPFS peers exchange (Bitswap specification) and daemons take unasked; ours have 1 MiB

_FILE = 2  # UnixFS Data.Type
_MAX_DEPTH = 8  # 1024 links a node: a tree of four levels holds 1 PiB; deeper ones are made to exhaust a reader


@dataclass(frozen=True, slots=True)
class Profile:
    """The settings that decide a CID.

    Attributes:
        chunk_bytes: size of every leaf but the last, at most 2 MiB.
        max_links: of one node, at least 2.
    """

    chunk_bytes: int
    max_links: int

    def __post_init__(self) -> None:
        if not 1 <= self.chunk_bytes <= MAX_BLOCK_BYTES:
            raise InvalidValueError(f"chunk_bytes: expected 1 to {MAX_BLOCK_BYTES}, got {self.chunk_bytes}")
        if self.max_links < 2:
            raise InvalidValueError(f"max_links: expected 2 or more, got {self.max_links}")


UNIXFS_V1_2025 = Profile(chunk_bytes=1 << 20, max_links=1024)


@dataclass(frozen=True, slots=True)
class Block:
    """One block and its name."""

    cid: Cid
    data: bytes

    @classmethod
    def of(cls, data: bytes, *, is_dag_pb: bool) -> Self:
        """Return the block that these bytes are."""
        return cls(Cid(hashlib.sha256(data).digest(), is_dag_pb), data)

    @property
    def is_intact(self) -> bool:
        """Whether the bytes hash to the name."""
        return hashlib.sha256(self.data).digest() == self.cid.digest


@dataclass(frozen=True, slots=True)
class _Link:
    """A child as its parent names it: ``tree_bytes`` counts blocks below it with repeats, ``file_bytes`` content."""

    cid: Cid
    tree_bytes: int
    file_bytes: int


def encode(stream: BinaryIO, profile: Profile = UNIXFS_V1_2025) -> Iterator[Block]:
    """Yield the blocks of all bytes left in ``stream``, children before parents; the last block is the root.

    Memory holds one chunk and one list of links per level, whatever the size of the file.
    """
    levels: list[list[_Link]] = [[]]
    for chunk in _chunks(stream, profile.chunk_bytes):
        leaf = Block.of(chunk, is_dag_pb=False)
        yield leaf
        levels[0].append(_Link(leaf.cid, len(chunk), len(chunk)))
        level = 0
        while len(levels[level]) == profile.max_links:
            yield _close(levels, level)
            level += 1
    level = 0
    while level < len(levels) - 1 or len(levels[level]) > 1:
        if levels[level]:
            yield _close(levels, level)
        level += 1


def links_of(block: Block) -> tuple[Cid, ...]:
    """Return the children of a dag-pb block in file order.

    Raises:
        StoreError: a dag-pb block that is not an inner node of a UnixFS file with its bytes in the leaves.
    """
    links: list[Cid] = []
    kind = None
    try:
        for field, value in _fields(block.data):
            if field == 2 and isinstance(value, bytes):
                links.append(Cid.from_bytes(_only_bytes(value, 1)))
            elif field == 1 and isinstance(value, bytes):
                kind = dict(_fields(value))
    except (ValueError, IndexError) as exc:
        raise StoreError(f"{block.cid}: expected a dag-pb node, got {exc}") from exc
    if kind is None or kind.get(1) != _FILE or kind.get(2) or not links:
        raise StoreError(f"{block.cid}: expected an inner node of a UnixFS file, got UnixFS fields {kind!r:.80}")
    return tuple(links)


def walk(root: Cid, children: Callable[[Cid], Iterable[Cid]], depth: int = 0) -> Iterator[Cid]:
    """Yield the CIDs under ``root`` in file order, children before parents; ``children`` gives a node's links.

    Raises:
        StoreError: the tree is deeper than any file makes it; whatever ``children`` raises.
    """
    if depth > _MAX_DEPTH:
        raise StoreError(f"{root}: expected a tree of at most {_MAX_DEPTH} levels, got a deeper one")
    if root.is_dag_pb:
        for child in children(root):
            yield from walk(child, children, depth + 1)
    yield root


def _chunks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield pieces of exactly ``size`` bytes and the rest; one empty piece for an empty stream."""
    first = True
    while True:
        piece = stream.read(size)
        if 0 < len(piece) < size:  # a stream may give less than asked for before its end
            buffer = bytearray(piece)
            while len(buffer) < size and (more := stream.read(size - len(buffer))):
                buffer += more
            piece = bytes(buffer)
        if piece or first:
            yield piece
        if len(piece) < size:
            return
        first = False


def _close(levels: list[list[_Link]], level: int) -> Block:
    """Return the node over the links waiting at ``level``, which now waits itself one level up."""
    links = levels[level]
    file_bytes = sum(link.file_bytes for link in links)
    unixfs = _number(1, _FILE) + _number(3, file_bytes) + b"".join(_number(4, link.file_bytes) for link in links)
    data = b"".join(
        _bytes(2, _bytes(1, bytes(link.cid)) + _bytes(2, b"") + _number(3, link.tree_bytes)) for link in links
    ) + _bytes(1, unixfs)  # dag-pb writes links before data
    node = Block.of(data, is_dag_pb=True)
    levels[level] = []
    if level + 1 == len(levels):
        levels.append([])
    tree_bytes = len(data) + sum(link.tree_bytes for link in links)
    levels[level + 1].append(_Link(node.cid, tree_bytes, file_bytes))
    return node


# -- protobuf wire format, as far as dag-pb and UnixFS use it -----------------------------------------------------


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field, value) pairs; a cut or foreign message raises ValueError or IndexError."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if tag & 7 == 0:
            yield tag >> 3, value
        elif tag & 7 == 2 and at + value <= len(data):
            yield tag >> 3, data[at : at + value]
            at += value
        else:
            raise ValueError(f"wire type {tag & 7} at byte {at} of {len(data)}")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number longer than 64 bits")


def _only_bytes(message: bytes, field: int) -> bytes:
    found = [value for number, value in _fields(message) if number == field and isinstance(value, bytes)]
    if len(found) != 1:
        raise InvalidValueError(f"dag-pb link: expected one field {field}, got {len(found)}")
    return found[0]
