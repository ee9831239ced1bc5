"""What every command needs: settings, the password prompt, the files named, one exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Output, steps
from api.errors import Exit, answer_to, combined
from api.settings import Settings
from registry.errors import RegistryError

Files = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Images or clips.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per file on stdout.")]


def ask_password(making: bool) -> str | None:
    """Ask the person at the terminal for the key password; nothing where nobody is there."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    if not making:
        return str(typer.prompt("Password of this home's keys", hide_input=True, err=True))
    text = "Password for the new keys (empty: a random one, kept in a file that only you can read)"
    given = typer.prompt(text, hide_input=True, confirmation_prompt=True, default="", show_default=False, err=True)
    return str(given) or None


def settings() -> Settings:
    """Return the settings of this run."""
    return Settings()


def each(files: list[Path], output: Output, answer: Callable[[Path], Exit], *, doing: str) -> None:
    """Answer file by file, going on after an error, and end with the one exit code of them all."""
    codes: list[Exit] = []
    with steps(len(files)) as progress:
        for path in files:
            progress.doing(f"{doing} {path.name}")
            try:
                codes.append(answer(path))
            except RegistryError as exc:
                output.failure(str(path), exc)
                codes.append(answer_to(exc).exit_code)
            progress.done()
    raise typer.Exit(combined(codes))
