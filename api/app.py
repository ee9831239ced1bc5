"""The web application: routes and page over the composed core, behind the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import web
from api.deps import WriteSide
from api.deps.counters import Counters
from api.jobs import JobRunner
from api.routes import epochs, gate, health, media, questions, receipts, records, registrations
from api.routes.guard import Guard
from api.routes.problems import PROBLEM_RESPONSE, install
from api.tending import Tender
from registry.errors import InvalidValueError

TITLE = "Touchstone"
API_VERSION = "1"
MIN_TOKEN_LENGTH = 32  # 128 bits in hex


def create_app(side: WriteSide, runner: JobRunner, *, bearer_token: str, tender: Tender | None = None) -> FastAPI:
    """Return the application; it starts the runner when it starts, and lets its job end when it stops.

    Args:
        side: the composed core; its decoder's server runs already, since it must not be forked beside threads.
        runner: carries registrations on.
        tender: looks after the epochs of rejections; absent where another process does.
        bearer_token: what registering in the operator's name, reviewing and revoking need.

    Raises:
        InvalidValueError: the token could be guessed.
    """
    if len(bearer_token) < MIN_TOKEN_LENGTH:
        raise InvalidValueError(f"bearer token: expected at least {MIN_TOKEN_LENGTH} characters")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        runner.start()
        if tender is not None:
            tender.start()
        try:
            yield
        finally:
            if tender is not None:
                tender.stop()
            runner.stop()

    app = FastAPI(
        title=TITLE,
        version=API_VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses={"default": PROBLEM_RESPONSE},
    )
    counters = Counters()
    app.state.write_side = side
    app.state.runner = runner
    app.state.bearer_token = bearer_token
    app.state.counters = counters
    install(app)
    app.add_middleware(Guard, ledger_kind=side.gate.read.ledger.info.kind, counters=counters)
    for router in (
        media.router,
        questions.router,
        receipts.router,
        records.router,
        registrations.router,
        epochs.router,
        health.router,
        web.router,
    ):
        app.include_router(router)
    if side.cosigning is not None:
        app.include_router(gate.router)
    app.mount("/static", web.static_files(), name="static")
    return app
