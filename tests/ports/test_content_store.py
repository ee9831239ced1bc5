"""One suite for every `ContentStore`: the directory of blocks and two real IPFS daemons."""

import hashlib
import io
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import ipfshttpclient
import pytest

from registry.adapters.blocks import BlockStore
from registry.adapters.ipfs import IpfsStore
from registry.adapters.ipfs_rpc import IpfsRpc
from registry.errors import BlockNotFoundError, StoreError, StoreUnavailableError
from registry.model import Cid
from registry.ports import ContentStore
from tests.peers.daemons import js_ipfs, kubo

NOWHERE = Cid.from_text(
    "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
)  # "hello world", which no test stores
EMPTY = Cid.from_text("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")  # no bytes


@pytest.fixture(scope="module")
def js_ipfs_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with js_ipfs(tmp_path_factory.mktemp("js-ipfs") / "repo") as address:
        yield address


@pytest.fixture(scope="module")
def kubo_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with kubo(tmp_path_factory.mktemp("kubo")) as address:
        yield address


def bytes_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


class ContentStoreSuite(ABC):
    """What every store promises."""

    sizes = (0, 1, 1000, 1_048_576, 1_048_577, 5_000_000)
    absent: type[StoreError] = BlockNotFoundError

    @abstractmethod
    @pytest.fixture
    def store(self, tmp_path: Path) -> ContentStore: ...

    def test_content_never_pinned_is_not_here(self, store: ContentStore) -> None:
        assert not store.has(NOWHERE)
        with pytest.raises(self.absent):
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

    def test_content_can_be_named_without_being_stored(self, store: ContentStore) -> None:
        for size in self.sizes:
            content = b"named before it is stored" + bytes_of(size)  # no other test's: they share a daemon
            cid = store.cid_of(io.BytesIO(content))
            assert not store.has(cid)
            assert store.pin(io.BytesIO(content)) == cid

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


@pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")  # ipfs_rpc says why
class IpfsStoreSuite(ContentStoreSuite):
    """The same promises with a real daemon behind, and what the daemon itself then holds."""

    timeout_s = 20.0

    @pytest.fixture
    def local(self, tmp_path: Path) -> BlockStore:
        return BlockStore(tmp_path / "store")

    @pytest.fixture
    def store(self, local: BlockStore, address: str) -> ContentStore:
        return IpfsStore(local, address, timeout_s=self.timeout_s)

    @pytest.fixture
    def daemon(self, address: str) -> Iterator[IpfsRpc]:
        with IpfsRpc(address, timeout_s=self.timeout_s) as daemon:
            yield daemon

    def test_the_daemon_holds_and_pins_every_block(
        self, store: ContentStore, local: BlockStore, daemon: IpfsRpc
    ) -> None:
        cid = store.pin(io.BytesIO(bytes_of(5_000_000)))
        daemon.require_pin(cid)
        for block in local.blocks(cid):
            assert daemon.get(block.cid) == block

    def test_the_daemon_itself_adds_the_same_bytes_under_the_same_cid(self, store: ContentStore, address: str) -> None:
        settings = {"cid-version": "1", "raw-leaves": "true", "chunker": "size-1048576", "cid-base": "base32"}
        for size in (0, 1000, 5_000_000):
            content = bytes_of(size)
            with ipfshttpclient.Client(address) as client:
                added = client.add_bytes(content, opts=settings)
            assert added == str(store.pin(io.BytesIO(content)))

    def test_content_that_only_the_daemon_holds_is_read(
        self, store: ContentStore, address: str, tmp_path: Path
    ) -> None:
        content = bytes_of(1_500_000)
        cid = store.pin(io.BytesIO(content))
        elsewhere = IpfsStore(BlockStore(tmp_path / "empty"), address, timeout_s=self.timeout_s)
        assert elsewhere.has(cid)
        assert b"".join(elsewhere.read(cid)) == content

    def test_what_was_unpinned_is_no_longer_pinned_by_the_daemon(self, store: ContentStore, daemon: IpfsRpc) -> None:
        cid = store.pin(io.BytesIO(bytes_of(3000)))
        store.unpin(cid)
        with pytest.raises(BlockNotFoundError, match="not pinned"):
            daemon.require_pin(cid)


@pytest.mark.node
class TestIpfsStoreOnJsIpfs(IpfsStoreSuite):
    timeout_s = 3.0
    absent = StoreUnavailableError  # js-ipfs answers nothing at all for a block it has not, offline or not

    @pytest.fixture
    def address(self, js_ipfs_address: str) -> str:
        return js_ipfs_address


@pytest.mark.go
class TestIpfsStoreOnKubo(IpfsStoreSuite):
    @pytest.fixture
    def address(self, kubo_address: str) -> str:
        return kubo_address
