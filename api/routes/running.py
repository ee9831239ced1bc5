"""The job runner, as routes get it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.jobs import JobRunner


def runner_of(request: Request) -> JobRunner:
    """Return what carries registrations on."""
    runner: JobRunner = request.app.state.runner
    return runner


Running = Annotated[JobRunner, Depends(runner_of)]
