"""How the command line speaks: data on stdout, people and progress on stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.errors import answer_to, told
from registry.errors import RegistryError


@dataclass(frozen=True, slots=True)
class Output:
    """Where one command's answers go.

    Attributes:
        as_json: one object per file on stdout (NDJSON) instead of lines for people.
    """

    as_json: bool

    def answer(self, document: dict[str, Any], *lines: str) -> None:
        """Give one answer: the object where JSON is asked for, else its lines."""
        typer.echo(json.dumps(document, ensure_ascii=False) if self.as_json else "\n".join(lines))

    def failure(self, subject: str, error: RegistryError, document: dict[str, Any] | None = None) -> None:
        """Tell an error to people and, where JSON is asked for, on stdout as well, so that no file is missing there."""
        row = answer_to(error)
        typer.echo(f"{subject}: {row.title}: {told(error)}", err=True)
        if self.as_json:
            problem = {"code": row.code, "title": row.title, "detail": told(error)}
            typer.echo(json.dumps({"file": subject, **(document or {}), "error": problem}, ensure_ascii=False))


def log_steps(verbose: bool = typer.Option(False, "--verbose", "-v", help="Log each step on stderr.")) -> None:
    """Set up logging for a command: errors, or with ``--verbose`` each step."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s"
    )


def note(text: str) -> None:
    """Tell people something; never data."""
    typer.echo(text, err=True)


def wire(value: BaseModel) -> dict[str, Any]:
    """Return a wire model as a JSON object."""
    return value.model_dump(mode="json")


class Steps:
    """The progress of a command over its files."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def doing(self, text: str) -> None:
        """Say what is being done now."""
        self._progress.update(self._task, description=text)

    def expect(self, total: int) -> None:
        """Say how many files there are, where that is known only later."""
        self._progress.update(self._task, total=total)

    def done(self) -> None:
        """One file is finished."""
        self._progress.advance(self._task)


@contextmanager
def steps(total: int) -> Iterator[Steps]:
    """Show a bar on stderr while the block runs; on anything but a terminal nothing is drawn."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Steps(progress, total)
