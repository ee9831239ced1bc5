"""Whole installations: the composed core in a home of its own, and a real server over it on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from api import bootstrap
from api.app import create_app
from api.bootstrap import sides
from api.deps import WriteSide
from api.jobs import JobRunner
from api.settings import Settings
from registry.ports import Detector

START_WAIT_S = 20.0


@dataclass(frozen=True)
class Installation:
    """One home with everything that is in it."""

    home: Path
    side: WriteSide
    app: FastAPI
    token: str

    @property
    def operator(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def files(self) -> set[str]:
        """Return every file below the content store, the spool and the receipts."""
        kept = [self.home / name for name in ("content", "spool", "receipts")]
        return {str(path.relative_to(self.home)) for top in kept for path in top.rglob("*") if path.is_file()}


@contextmanager
def installed(home: Path, detector: Detector | None = None, **settings: object) -> Iterator[Installation]:
    """Yield an installation as `touchstone serve` composes it, with another detector where one is given."""
    run = Settings(home=home, **settings)  # type: ignore[arg-type]  # by name
    composed = mock.patch.object(sides, "_detector", lambda _: detector) if detector else mock.patch.dict({})
    with composed, bootstrap.open_write_side(run) as side:
        token = bootstrap.bearer_token(run)
        app = create_app(side, JobRunner(side.registrar, side.gate.read.journal), bearer_token=token)
        yield Installation(home, side, app, token)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Yield the address of a real server on a free port of loopback."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, name="server")
    started = threading.Event()
    startup = server.startup

    async def told_startup(*args: object, **kwargs: object) -> None:
        await startup(*args, **kwargs)  # type: ignore[arg-type]  # passed on
        started.set()

    with mock.patch.object(server, "startup", told_startup):
        thread.start()
        try:
            assert started.wait(START_WAIT_S), "the server did not start"
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()
