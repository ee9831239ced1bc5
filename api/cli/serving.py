"""``serve``: running an installation."""

from __future__ import annotations

from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.bootstrap import bearer_token, open_write_side, sole_runner
from api.cli.output import note
from api.cli.sides import ask_password, settings
from api.jobs import JobRunner
from api.tending import Tender
from registry.errors import InvalidValueError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen; loopback only until API keys exist.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes a free one.")] = None,
) -> None:
    """Serve the page and the HTTP API on this machine.

    Example: touchstone serve --port 8080
    """
    run = settings()
    host, port = host or run.host, run.port if port is None else port
    if host not in LOOPBACK:
        raise InvalidValueError(f"host: expected one of {sorted(LOOPBACK)} until API keys exist, got {host!r}")
    with sole_runner(run) as alone, open_write_side(run, ask_password) as side:
        runner = JobRunner(side.registrar, side.gate.read.journal, take_up=alone)
        tender = Tender(side.epochs) if alone else None
        app = create_app(side, runner, bearer_token=bearer_token(run), tender=tender)
        note(f"the token for registering in the operator's name, reviewing and revoking: {run.home / 'bearer-token'}")
        uvicorn.run(app, host=host, port=port, log_level="info", access_log=False)
