"""One suite for every `ContentStore`: the directory of blocks and two real IPFS daemons."""

import hashlib
import io
import random
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from registry.adapters.blocks import BlockStore
from registry.errors import BlockNotFoundError
from registry.model import Cid
from registry.ports import ContentStore

NOWHERE = Cid.from_text(
    "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
)  # "hello world", which no test stores
EMPTY = Cid.from_text("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")  # no bytes


def bytes_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


class ContentStoreSuite(ABC):
    """What every store promises; ``sizes`` are those that the store behind takes."""

    sizes: tuple[int, ...] = (0, 1, 1000, 1_048_576, 1_048_577, 5_000_000)

    @abstractmethod
    @pytest.fixture
    def store(self, tmp_path: Path) -> ContentStore: ...

    def test_content_never_pinned_is_not_here(self, store: ContentStore) -> None:
        assert not store.has(NOWHERE)
        with pytest.raises(BlockNotFoundError):
            list(store.read(NOWHERE))

    def test_content_never_pinned_is_unpinned_without_error(self, store: ContentStore) -> None:
        store.unpin(NOWHERE)

    def test_content_of_every_size_is_read_back(self, store: ContentStore) -> None:
        for size in self.sizes:
            content = bytes_of(size)
            cid = store.pin(io.BytesIO(content))
            assert store.has(cid)
            assert b"".join(store.read(cid)) == content
            assert cid.is_dag_pb == (size > 1_048_576)

    def test_content_of_one_chunk_is_named_by_its_own_sha256(self, store: ContentStore) -> None:
        content = bytes_of(1000)
        assert store.pin(io.BytesIO(content)).digest == hashlib.sha256(content).digest()

    def test_the_cid_is_the_one_that_every_ipfs_tool_gives(self, store: ContentStore) -> None:
        assert store.pin(io.BytesIO(b"")) == EMPTY

    def test_the_same_bytes_again_give_the_same_answer(self, store: ContentStore) -> None:
        content = bytes_of(self.sizes[-1])
        first = store.pin(io.BytesIO(content))
        assert store.pin(io.BytesIO(content)) == first

    def test_content_can_be_unpinned_twice_and_pinned_again(self, store: ContentStore) -> None:
        content = bytes_of(2000)
        cid = store.pin(io.BytesIO(content))
        store.unpin(cid)
        store.unpin(cid)
        assert store.pin(io.BytesIO(content)) == cid
        assert b"".join(store.read(cid)) == content


class TestBlockStore(ContentStoreSuite):
    @pytest.fixture
    def store(self, tmp_path: Path) -> ContentStore:
        return BlockStore(tmp_path / "store")
