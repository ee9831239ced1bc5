import http.server
import io
import json
import os
import shutil
import socketserver
import tempfile
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.adapters.blocks import BlockStore
from registry.adapters.ipfs import IpfsStore
from registry.adapters.unixfs import Block, Profile
from registry.errors import BlockCorruptError, BlockNotFoundError, InvalidValueError, StoreError, StoreUnavailableError

pytestmark = pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")  # ipfs_rpc says why

CONTENT = b"thirty-one bytes, eight leaves."
SMALL = Profile(chunk_bytes=4, max_links=3)
Answer = tuple[int, bytes]


class Daemon(socketserver.ThreadingUnixStreamServer):
    """Answers as Kubo does, on a socket file, so that no network is needed; ``instead`` overrides what it answers."""

    daemon_threads = True

    def __init__(self, path: str) -> None:
        self.held: dict[str, bytes] = {}
        self.pinned: set[str] = set()
        self.asked: list[str] = []
        self.options: list[dict[str, str]] = []
        self.instead: Callable[[str], Answer | None] = lambda _: None
        super().__init__(path, Handler)

    def answer(self, call: str, query: dict[str, str], body: bytes) -> Answer:
        name = query.get("arg", "")
        if call == "block/put":
            block = Block.of(body, is_dag_pb=query["cid-codec"] == "dag-pb")
            self.held[str(block.cid)] = body
            return 200, json.dumps({"Key": str(block.cid), "Size": len(body)}).encode()
        if call == "block/get" and name in self.held:
            return 200, self.held[name]
        if call == "pin/add" and name in self.held:
            self.pinned.add(name)
            return 200, json.dumps({"Pins": [name]}).encode()
        if call == "pin/rm" and name in self.pinned:
            self.pinned.remove(name)
            return 200, json.dumps({"Pins": [name]}).encode()
        if call == "pin/ls" and name in self.pinned:
            return 200, json.dumps({"Keys": {name: {"Type": "recursive"}}}).encode()
        return refusal(
            "not pinned or pinned indirectly" if call.startswith("pin") else f"could not find {name}: not found"
        )


class Handler(http.server.BaseHTTPRequestHandler):
    server: Daemon

    def do_POST(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        call = url.path.removeprefix("/api/v0/")
        query = dict(urllib.parse.parse_qsl(url.query))
        body = self.form_body()
        self.server.asked.append(call)
        self.server.options.append(query)
        status, answer = self.server.instead(call) or self.server.answer(call, query, body)
        if status == HANG_UP:
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def form_body(self) -> bytes:
        """The one file of a chunked multipart form."""
        raw = b""
        while self.headers.get("Transfer-Encoding") == "chunked" and (size := int(self.rfile.readline(), 16)):
            raw += self.rfile.read(size)
            self.rfile.readline()
        return raw.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]

    def log_message(self, format: str, *args: Any) -> None:
        """A socket file has no address to log."""


HANG_UP = 0


def refusal(message: str) -> Answer:
    return 500, json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode()


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    folder = tempfile.mkdtemp()  # tmp_path can be longer than the 108 bytes of a socket's name
    server = Daemon(f"{folder}/s")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    shutil.rmtree(folder)


@pytest.fixture
def local(tmp_path: Path) -> BlockStore:
    return BlockStore(tmp_path / "store", profile=SMALL)


@pytest.fixture
def store(local: BlockStore, daemon: Daemon) -> IpfsStore:
    return IpfsStore(local, f"/unix{daemon.server_address!s}", timeout_s=5.0)


WRONG_NAME = b'{"Key": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "Size": 4}'
ANSWERS: list[tuple[Answer, type[StoreError], str]] = [
    ((503, b"busy"), StoreUnavailableError, "503"),
    ((504, b""), StoreUnavailableError, "504"),
    ((HANG_UP, b""), StoreUnavailableError, "closed connection"),
    (refusal("disk quota exceeded"), StoreError, "disk quota exceeded"),
    ((403, b"Forbidden"), StoreError, "403"),
    ((404, b"<html>no daemon here</html>"), StoreError, "404"),
    ((413, b"too large"), StoreError, "413"),
    ((200, b""), StoreError, "makes no sense"),
    ((200, b"not json"), StoreError, "makes no sense"),
    ((200, b"{}"), StoreError, "makes no sense"),
    ((200, b"[1]"), StoreError, "makes no sense"),
    ((200, b'{"Key": 3, "Pins": 3}'), StoreError, "makes no sense"),
    ((200, b'{"Key": "Qm", "Pins": ["Qm"]}'), StoreError, "makes no sense"),
    ((200, b'{"Key": "' + b"z" * 99 + b'", "Pins": []}'), StoreError, "expected a pin|makes no sense"),
    ((200, WRONG_NAME), StoreError, "expected the name|makes no sense"),
]


@pytest.mark.parametrize("call", ["block/put", "pin/add"])
@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: str(case[0])[:40])
def test_whatever_a_daemon_answers_wrongly_is_the_ports_error_and_the_local_copy_stays(
    store: IpfsStore, local: BlockStore, daemon: Daemon, call: str, case: tuple[Answer, type[StoreError], str]
) -> None:
    answer, error, words = case
    daemon.instead = lambda asked: answer if asked == call else None
    with pytest.raises(StoreError, match=words) as caught:
        store.pin(io.BytesIO(CONTENT))
    assert caught.type is error
    (cid,) = local.pins()
    daemon.instead = lambda _: None
    assert store.pin(io.BytesIO(CONTENT)) == cid
    assert daemon.pinned == {str(cid)}


def test_no_daemon_at_the_address_is_unavailable(local: BlockStore, tmp_path: Path) -> None:
    store = IpfsStore(local, f"/unix{tmp_path}/none", timeout_s=5.0)
    cid = local.pin(io.BytesIO(CONTENT))
    for ask in (lambda: store.pin(io.BytesIO(CONTENT)), lambda: store.unpin(cid)):
        with pytest.raises(StoreUnavailableError, match="unix"):
            ask()
    assert list(local.pins()) == [cid]
    assert store.has(cid)
    assert b"".join(store.read(cid)) == CONTENT


def test_a_silent_daemon_is_waited_for_once_in_a_reading(local: BlockStore, daemon: Daemon) -> None:
    store = IpfsStore(local, f"/unix{daemon.server_address!s}", timeout_s=0.05)
    cid = local.pin(io.BytesIO(CONTENT))
    heard, over = threading.Event(), threading.Event()

    def never(_: str) -> Answer:
        heard.set()
        over.wait(timeout=10)
        return HANG_UP, b""

    daemon.instead = never
    assert b"".join(store.read(cid)) == CONTENT
    assert heard.wait(timeout=10)
    over.set()
    assert daemon.asked == ["block/get"]


@pytest.mark.parametrize(
    "address", ["", "localhost:5001", "http://localhost:5001", "/ip4/127.0.0.1", "/ip4/1.2.3.4/udp/5"]
)
def test_an_address_that_http_cannot_reach_is_refused_at_once(local: BlockStore, address: str) -> None:
    with pytest.raises(InvalidValueError, match="expected /ip4"):
        IpfsStore(local, address, timeout_s=1.0)


def test_the_daemon_gets_every_block_once_under_its_own_codec_and_then_the_pin(
    store: IpfsStore, local: BlockStore, daemon: Daemon
) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    assert daemon.held == {str(block.cid): block.data for block in local.blocks(cid)}
    assert daemon.asked == ["block/put"] * len(daemon.held) + ["pin/add"]
    assert not any("offline" in options for options in daemon.options)  # offline, Kubo would announce nothing


def test_a_block_that_the_daemon_changed_is_taken_from_here(store: IpfsStore, daemon: Daemon) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    for name in daemon.held:
        daemon.held[name] = b"forged"
    assert b"".join(store.read(cid)) == CONTENT


def test_a_block_that_is_damaged_here_is_taken_from_the_daemon(store: IpfsStore, tmp_path: Path) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    for path in (tmp_path / "store" / "blocks").glob("*/*"):
        path.write_bytes(b"damaged")
    assert b"".join(store.read(cid)) == CONTENT


def lose_everything_here(tmp_path: Path) -> None:
    for path in (tmp_path / "store" / "blocks").glob("*/*"):
        path.unlink()


def test_a_block_changed_there_and_lost_here_is_corrupt(store: IpfsStore, daemon: Daemon, tmp_path: Path) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    lose_everything_here(tmp_path)
    daemon.held[str(cid)] = bytes(3 << 20)
    with pytest.raises(BlockCorruptError, match="do not hash"):
        list(store.read(cid))


def test_a_block_lost_in_both_places_is_missing(store: IpfsStore, daemon: Daemon, tmp_path: Path) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    lose_everything_here(tmp_path)
    daemon.held.clear()
    daemon.pinned.clear()
    assert not store.has(cid)
    with pytest.raises(BlockNotFoundError):
        list(store.read(cid))


def test_a_block_lost_here_while_the_daemon_is_away_is_not_called_missing(
    store: IpfsStore, daemon: Daemon, tmp_path: Path
) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    lose_everything_here(tmp_path)
    daemon.instead = lambda _: (503, b"")
    with pytest.raises(StoreUnavailableError):
        store.has(cid)
    with pytest.raises(StoreUnavailableError):
        list(store.read(cid))


def test_content_lost_here_is_still_had_and_read_from_the_daemon(store: IpfsStore, tmp_path: Path) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    lose_everything_here(tmp_path)
    assert store.has(cid)
    assert b"".join(store.read(cid)) == CONTENT


def test_unpinning_ends_in_both_places_and_twice_is_no_error(
    store: IpfsStore, local: BlockStore, daemon: Daemon
) -> None:
    cid = store.pin(io.BytesIO(CONTENT))
    store.unpin(cid)
    store.unpin(cid)
    assert daemon.pinned == set()
    assert list(local.pins()) == []
