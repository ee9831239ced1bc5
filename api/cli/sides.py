"""What every command needs: settings, the password prompt, the files named, one exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import open_write_side, sole_runner
from api.cli.output import Output, note, steps
from api.deps import ReadSide, WriteSide
from api.errors import Exit, answer_to, combined
from api.schemas import RecordOut
from api.settings import Settings
from registry.errors import InvalidValueError, RegistryError
from registry.model import Record

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


def ask_key_password(key: Path, password_file: Path | None) -> str:
    """Return the password of a keystore that is none of this home's: a file's first line, or what a person types.

    Raises:
        InvalidValueError: the file has none, or nobody is there to be asked.
    """
    if password_file is not None:
        lines = password_file.read_text(encoding="utf-8").splitlines()
        if not lines:
            raise InvalidValueError(f"expected a password in {password_file}, got an empty file")
        return lines[0]
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InvalidValueError(f"expected --key-password-file for {key}, or a terminal to ask at")
    return str(typer.prompt(f"Password of {key}", hide_input=True, err=True))


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


@contextmanager
def writing() -> Iterator[WriteSide]:
    """Yield the writing side; whoever is alone first carries on what a crash or an outage left open."""
    run = settings()
    with sole_runner(run) as alone, open_write_side(run, ask_password) as side:
        for job in side.registrar.open_jobs() if alone else ():
            note(f"carrying on {job.request.file_name} from {job.state}")
            try:
                side.registrar.run(job)
            except RegistryError as exc:
                note(f"{job.request.file_name} waits: {exc}")
        yield side


def record_row(read: ReadSide, record: Record) -> RecordOut:
    """Return a record's public form."""
    return RecordOut.of(record, fp_version=read.fp_version_of(record), dispute=read.dispute_of(record))
