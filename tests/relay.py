"""A node that misbehaves on demand: relays JSON-RPC to a real one, and refuses, stalls, lags or lies when told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import requests

Request = dict[str, Any]
Answer = dict[str, Any]
Mood = Callable[[Request], "Answer | int | None"]


def well(_: Request) -> None:
    """Relay."""


def gone(_: Request) -> int:
    """Close the connection without a word."""
    return 0


def status(code: int) -> Mood:
    """Answer every request with an HTTP status."""
    return lambda _: code


def refusing(method: str, *, code: int, message: str) -> Mood:
    """Answer one method with a JSON-RPC error."""

    def answer(request: Request) -> Answer | None:
        return _error(code, message) if request["method"] == method else None

    return answer


def says(method: str, result: object) -> Mood:
    """Answer one method with this."""
    return lambda request: {"result": result} if request["method"] == method else None


def at_block(number: int) -> Mood:
    """Know no later block than this."""

    def answer(request: Request) -> Answer | None:
        if request["method"] == "eth_blockNumber":
            return {"result": hex(number)}
        if request["method"] == "eth_getBlockByNumber" and request["params"][0] == "latest":
            request["params"][0] = hex(number)
        return None

    return answer


def logs_of_at_most(blocks: int) -> Mood:
    """Refuse ``eth_getLogs`` over more blocks, in the words of a public endpoint."""

    def answer(request: Request) -> Answer | None:
        if request["method"] != "eth_getLogs":
            return None
        wish = request["params"][0]
        asked = int(wish["toBlock"], 16) - int(wish["fromBlock"], 16) + 1
        return _error(-32005, f"block range is too wide: {asked}") if asked > blocks else None

    return answer


@dataclass
class Relay:
    """One relay to a node.

    Attributes:
        target: the node's URL.
        mood: what it does to a request: nothing (relay), an answer instead, an HTTP status, or 0 to hang up.
        asked: every request that came.
    """

    target: str
    mood: Mood = well
    asked: list[Request] = field(default_factory=list)
    url: str = ""
    released: Event = field(default_factory=Event)

    def stalled(self, _: Request) -> int:
        """Say nothing until the relay ends."""
        self.released.wait(60)
        return 0

    def methods(self) -> list[str]:
        """Return the methods asked for so far."""
        return [request["method"] for request in self.asked]

    def answer(self, request: Request) -> Answer | int:
        """Return what is said to one request."""
        self.asked.append(json.loads(json.dumps(request)))
        said = self.mood(request)
        if said is None:
            return dict(requests.post(self.target, json=request, timeout=30).json())
        return said if isinstance(said, int) else {"jsonrpc": "2.0", "id": request["id"], **said}


@contextmanager
def relay(target: str) -> Iterator[Relay]:
    """Run a relay on a free loopback port."""
    node = Relay(target)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = [node.answer(each) for each in body] if isinstance(body, list) else node.answer(body)
            code = next((each for each in (said if isinstance(said, list) else [said]) if isinstance(each, int)), None)
            if code == 0:
                self.close_connection = True
                self.connection.close()
                return
            content = b"" if code else json.dumps(said).encode()
            self.send_response(code or 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                """The connection was closed on purpose."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    node.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield node
    finally:
        node.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _error(code: int, message: str) -> Answer:
    return {"error": {"code": code, "message": message}}
