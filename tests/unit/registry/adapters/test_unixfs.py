import contextlib
import hashlib
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.unixfs import UNIXFS_V1_2025, Block, Profile, encode, links_of, walk
from registry.errors import InvalidValueError, StoreError
from registry.model import Cid

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "unixfs.json").read_text())["vectors"]
SMALL = Profile(chunk_bytes=4, max_links=3)


class Trickle(io.BytesIO):
    """A stream that gives what it likes at each read, as sockets do."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        super().__init__(data)
        self._sizes = sizes
        self._turn = 0

    def read(self, size: int | None = -1) -> bytes:
        self._turn += 1
        return super().read(min(size or 0, self._sizes[self._turn % len(self._sizes)]))


def seeded(seed: str, size: int) -> bytes:
    """The same bytes as tests/vectors/build_unixfs.mjs makes."""
    rounds = range(-(-size // 32))
    return b"".join(hashlib.sha256(f"{seed}:{counter}".encode()).digest() for counter in rounds)[:size]


def content_of(blocks: list[Block]) -> bytes:
    held = {block.cid: block for block in blocks}
    order = walk(blocks[-1].cid, lambda node: links_of(held[node]))
    return b"".join(held[cid].data for cid in order if not cid.is_dag_pb)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x0a\x02\x08\x02",  # a file that links nothing
        b"\x0a\x02\x08\x01",  # the empty directory of every Kubo
        b"\x12",
        b"\x12\x7f\x00",
        b"\xff" * 12,
        b"\x0a\x07\x08\x02\x12\x03abc",  # its bytes inline
        b"\x12\x04\x0a\x02zz\x0a\x02\x08\x02",  # a link to no CID
        b"\x12\x02\x18\x01\x0a\x02\x08\x02",  # a link without CID
        b"\x0d\x00\x00\x00\x00",  # a wire type that dag-pb has not
    ],
)
def test_a_block_that_is_no_inner_node_of_a_file_is_refused(data: bytes) -> None:
    with pytest.raises(StoreError, match="expected"):
        links_of(Block.of(data, is_dag_pb=True))


@given(st.binary(max_size=80))
def test_no_bytes_make_the_reader_of_nodes_fail_otherwise(data: bytes) -> None:
    with contextlib.suppress(StoreError):
        links_of(Block.of(data, is_dag_pb=True))


@pytest.mark.parametrize(("chunk_bytes", "max_links"), [(0, 3), (-1, 3), ((2 << 20) + 1, 3), (4, 1)])
def test_a_profile_of_which_no_tree_or_no_transferable_block_comes_is_refused(chunk_bytes: int, max_links: int) -> None:
    with pytest.raises(InvalidValueError, match="expected"):
        Profile(chunk_bytes=chunk_bytes, max_links=max_links)


def test_a_tree_deeper_than_any_file_is_refused() -> None:
    node = Cid(bytes(32), is_dag_pb=True)
    with pytest.raises(StoreError, match="at most 8 levels"):
        list(walk(node, lambda _: (node,)))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_cid_and_the_blocks_equal_those_of_an_independent_importer(vector: dict[str, Any]) -> None:
    data = seeded(vector["name"], vector["size"])
    profile = Profile(chunk_bytes=vector["chunk_bytes"], max_links=vector["max_links"])
    blocks = list(encode(io.BytesIO(data), profile))
    assert str(blocks[-1].cid) == vector["cid"]
    assert bytes(blocks[-1].cid).hex() == vector["cid_bytes"]
    assert len(blocks) == vector["blocks"]
    assert content_of(blocks) == data


def test_the_default_profile_is_the_one_of_the_vectors() -> None:
    assert (UNIXFS_V1_2025.chunk_bytes, UNIXFS_V1_2025.max_links) == (1_048_576, 1024)


@given(data=st.binary(max_size=200), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_the_cid_does_not_depend_on_how_the_stream_gives_its_bytes(data: bytes, sizes: list[int]) -> None:
    whole = list(encode(io.BytesIO(data), SMALL))
    assert list(encode(Trickle(data, sizes), SMALL)) == whole
    assert content_of(whole) == data


@given(st.binary(max_size=300))
def test_every_block_comes_after_its_children_and_hashes_to_its_cid(data: bytes) -> None:
    met: set[Cid] = set()
    for block in encode(io.BytesIO(data), SMALL):
        assert block.is_intact
        if block.cid.is_dag_pb:
            assert set(links_of(block)) <= met
        met.add(block.cid)


class Zeros(io.BytesIO):
    """A long stream that is nowhere in memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def read(self, size: int | None = -1) -> bytes:
        size = min(size or 0, self._left)
        self._left -= size
        return bytes(size)


def test_memory_does_not_grow_with_the_size_of_the_stream() -> None:
    peaks = []
    for chunks in (64, 512):
        tracemalloc.start()
        for _ in encode(Zeros(chunks * 65_536), Profile(chunk_bytes=65_536, max_links=16)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 65_536
