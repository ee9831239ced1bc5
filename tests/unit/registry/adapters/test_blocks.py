import errno
import io
import os
import signal
import tempfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.adapters.blocks import BlockStore
from registry.adapters.unixfs import Profile, encode
from registry.errors import BlockCorruptError, BlockNotFoundError, StoreError, StoreUnavailableError
from registry.model import Cid

SMALL = Profile(chunk_bytes=4, max_links=3)
CONTENT = b"thirty-one bytes, eight leaves."  # eight leaves, three nodes, a root
INTERRUPTED = b"fourteen bytes"  # four leaves, two nodes, a root
FILE_OPERATIONS = [
    (os, "open"),
    (os, "fdopen"),
    (os, "fsync"),
    (os, "replace"),
    (tempfile, "mkstemp"),
    (Path, "mkdir"),
    (Path, "touch"),
]


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill of the process loses nothing that was written; what only a power cut loses is in the test of order."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def store(tmp_path: Path) -> BlockStore:
    return BlockStore(tmp_path / "store", profile=SMALL)


def root_of(content: bytes) -> Cid:
    return list(encode(io.BytesIO(content), SMALL))[-1].cid


def block_files(root: Path) -> list[Path]:
    return sorted((root / "store" / "blocks").glob("*/*"))


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@contextmanager
def failing_at(turn: int, fail: Callable[[], None]) -> Iterator[list[int]]:
    """Call ``fail`` instead of the turn-th file operation; the list given counts the operations met."""
    met = [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            met[0] += 1
            if met[0] == turn:
                fail()
            return real(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in FILE_OPERATIONS:
            patch.setattr(owner, name, counted(getattr(owner, name)))
        yield met


def disk_full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def operations_of_one_pin(folder: Path) -> int:
    store = BlockStore(folder, profile=SMALL)
    with failing_at(-1, disk_full) as met:
        store.pin(io.BytesIO(INTERRUPTED))
    return met[0]


def test_a_disk_that_fails_at_any_file_operation_leaves_no_false_claim_and_a_retry_succeeds(tmp_path: Path) -> None:
    turns = operations_of_one_pin(tmp_path / "trial")
    assert turns > 35  # five or more for each of seven blocks
    for turn in range(1, turns + 1):
        store = BlockStore(tmp_path / str(turn), profile=SMALL)
        with failing_at(turn, disk_full), pytest.raises(StoreUnavailableError, match="No space left"):
            store.pin(io.BytesIO(INTERRUPTED))
        assert_no_false_claim(store)
        store.pin(io.BytesIO(INTERRUPTED))
        assert b"".join(store.read(root_of(INTERRUPTED))) == INTERRUPTED


def test_a_kill_at_any_file_operation_leaves_no_false_claim_and_a_retry_succeeds(tmp_path: Path) -> None:
    for turn in range(1, operations_of_one_pin(tmp_path / "trial") + 1):
        folder = tmp_path / str(turn)
        store = BlockStore(folder, profile=SMALL)
        child = os.fork()
        if child == 0:  # the child ends by SIGKILL, or by _exit if the operation was never met
            with failing_at(turn, kill):
                store.pin(io.BytesIO(INTERRUPTED))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        after = BlockStore(folder, profile=SMALL)
        assert_no_false_claim(after)
        after.pin(io.BytesIO(INTERRUPTED))
        assert b"".join(after.read(root_of(INTERRUPTED))) == INTERRUPTED
        after.collect()
        assert not list((folder / "new").iterdir())


def test_blocks_are_on_the_disk_before_their_name_and_names_before_the_pin(
    tmp_path: Path, store: BlockStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[tuple[str, str]] = []
    real_replace, real_touch = os.replace, Path.touch

    def fsync(handle: int) -> None:
        happened.append(("sync", str(Path(f"/proc/self/fd/{handle}").readlink())))

    def replace(source: str, target: Path) -> None:
        happened.append(("name", source))
        real_replace(source, target)
        happened.append(("named in", str(target.parent)))

    def touch(path: Path) -> None:
        happened.append(("pin", str(path)))
        real_touch(path)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(Path, "touch", touch)
    cid = store.pin(io.BytesIO(CONTENT))
    pins = tmp_path / "store" / "pins"
    pinned_at = happened.index(("pin", str(pins / str(cid))))
    assert happened[pinned_at + 1 :] == [("sync", str(pins))]
    for at, (what, path) in enumerate(happened[:pinned_at]):
        if what == "name":
            assert ("sync", path) in happened[:at]
        if what == "named in":
            assert ("sync", path) in happened[at:pinned_at]
            assert ("sync", str(Path(path).parent)) in happened[at:pinned_at]  # the folder itself may be new


def assert_no_false_claim(store: BlockStore) -> None:
    for block in encode(io.BytesIO(INTERRUPTED), SMALL):  # every node is the root of a part of the content
        if store.has(block.cid):
            list(store.read(block.cid))
    for pin in store.pins():
        assert store.has(pin)


def test_a_flipped_byte_in_any_block_is_reported_and_healed_by_the_same_bytes(
    tmp_path: Path, store: BlockStore
) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    before = snapshot(tmp_path)
    for path in block_files(tmp_path):
        data = bytearray(path.read_bytes())
        data[0] ^= 1
        path.write_bytes(data)
        with pytest.raises(BlockCorruptError, match="do not hash"):
            list(store.read(cid))
        store.pin(io.BytesIO(CONTENT))
        assert snapshot(tmp_path) == before


def test_a_missing_block_is_named_and_the_content_is_no_longer_claimed(tmp_path: Path, store: BlockStore) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    for path in block_files(tmp_path):
        path.unlink()
        assert not store.has(cid)
        with pytest.raises(BlockNotFoundError, match="no such block"):
            list(store.read(cid))
        store.pin(io.BytesIO(CONTENT))
    assert store.has(cid)


def test_a_block_larger_than_any_block_is_not_read_whole(tmp_path: Path, store: BlockStore) -> None:
    cid = store.pin(io.BytesIO(b"tiny"))
    (path,) = block_files(tmp_path)
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # a hole, no disk
    with pytest.raises(BlockCorruptError, match="2097153 bytes"):
        list(store.read(cid))


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    BlockStore(tmp_path)
    (tmp_path / "version").write_bytes(b"2\n")
    with pytest.raises(StoreError, match="expected store version"):
        BlockStore(tmp_path)


def test_a_place_where_no_directory_can_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailableError, match="Not a directory"):
        BlockStore(tmp_path / "file" / "store")


def test_a_store_that_was_removed_is_unavailable(tmp_path: Path, store: BlockStore) -> None:
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailableError):
        store.pin(io.BytesIO(CONTENT))


def test_an_error_of_the_stream_is_passed_on_and_nothing_is_pinned(store: BlockStore) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise BrokenPipeError(errno.EPIPE, "the client went away")

    with pytest.raises(BrokenPipeError):
        store.pin(Broken())
    assert list(store.pins()) == []


@given(st.binary(max_size=200))
@settings(max_examples=40)
def test_pin_then_read_gives_the_bytes_back_and_again_changes_nothing(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = BlockStore(Path(folder), profile=SMALL)
        first = store.pin(io.BytesIO(content))
        before = snapshot(Path(folder))
        assert store.pin(io.BytesIO(content)) == first
        assert snapshot(Path(folder)) == before
        assert b"".join(store.read(first)) == content
        assert first == root_of(content)


def test_only_what_is_left_in_the_stream_is_stored(store: BlockStore) -> None:
    stream = io.BytesIO(b"headCONTENT")
    stream.seek(4)
    assert b"".join(store.read(store.pin(stream))) == b"CONTENT"


def test_blocks_are_given_children_first_and_repeats_once(store: BlockStore) -> None:
    cid = store.pin(io.BytesIO(b"same" * 9))  # three equal nodes of three equal leaves
    blocks = list(store.blocks(cid))
    assert [block.cid.is_dag_pb for block in blocks] == [False, True, True]
    assert blocks[-1].cid == cid


def test_collecting_drops_what_no_pin_needs_and_nothing_else(tmp_path: Path, store: BlockStore) -> None:
    kept = store.pin(io.BytesIO(CONTENT))
    alone = store.pin(io.BytesIO(CONTENT))
    before = snapshot(tmp_path)
    other = store.pin(io.BytesIO(CONTENT[:16] + b"another tail"))
    (tmp_path / "store" / "new" / "left by a kill").touch()
    store.unpin(other)
    assert store.has(other)
    deleted = store.collect()
    assert kept == alone
    assert deleted > 1
    assert snapshot(tmp_path) == before
    assert not store.has(other)
    assert store.collect() == 0


def test_collecting_deletes_nothing_when_a_pinned_node_is_damaged(tmp_path: Path, store: BlockStore) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    name = cid.digest.hex()
    (tmp_path / "store" / "blocks" / name[:2] / name).write_bytes(b"damaged")
    before = snapshot(tmp_path)
    with pytest.raises(BlockCorruptError):
        store.collect()
    assert snapshot(tmp_path) == before


def test_collecting_waits_for_a_pin_in_progress(store: BlockStore) -> None:
    collected = threading.Event()

    def collect() -> None:
        store.collect()
        collected.set()

    collector = threading.Thread(target=collect)

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 8 and not collector.ident:  # two leaves are written, no pin yet
                collector.start()
            assert not collected.wait(0.01)
            return super().read(size)

    cid = store.pin(Watched(CONTENT))
    collector.join(timeout=10)
    assert collected.is_set()
    assert b"".join(store.read(cid)) == CONTENT


def test_threads_that_pin_the_same_bytes_at_once_agree(store: BlockStore) -> None:
    found: list[Cid] = []
    threads = [threading.Thread(target=lambda: found.append(store.pin(io.BytesIO(CONTENT)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [root_of(CONTENT)] * 8
    assert b"".join(store.read(found[0])) == CONTENT


def test_the_store_is_found_again_by_another_instance(tmp_path: Path, store: BlockStore) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    again = BlockStore(tmp_path / "store")  # another profile changes nothing of what is stored
    assert again.has(cid)
    assert list(again.pins()) == [cid]
    assert b"".join(again.read(cid)) == CONTENT


def test_memory_does_not_grow_with_the_size_of_the_content(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "store", profile=Profile(chunk_bytes=65_536, max_links=16))
    peaks = []
    for chunks in (32, 160):
        path = tmp_path / str(chunks)
        path.write_bytes(os.urandom(chunks * 65_536))
        tracemalloc.start()
        with path.open("rb") as stream:
            cid = store.pin(stream)
        for _ in store.read(cid):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 65_536
