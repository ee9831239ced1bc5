"""Write docs/reference/{cli,settings,errors}.md from the code that they describe; a test compares.

usage: python docs/build_reference.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from api.cli.commands import app
from api.errors import ANSWERS, Exit
from api.settings import Settings

HERE = Path(__file__).parent / "reference"
MADE = "<!-- made by docs/build_reference.py: do not edit -->\n"
EXITS = {
    Exit.GOOD: "good answer: registered, EXACT or SIMILAR with an active record, allow",
    Exit.UNKNOWN: "UNKNOWN: no record",
    Exit.USAGE: "usage, or input that cannot be read",
    Exit.REVIEW: "review, INCONCLUSIVE: a person decides",
    Exit.REFUSED: "rejected, block, or a record that is DISPUTED or REVOKED",
    Exit.OUTSIDE: "an outside part failed: ledger, store, keys",
}


def pages() -> dict[str, str]:
    """Return each page's name and text."""
    return {"cli.md": _cli(), "settings.md": _settings(), "errors.md": _errors()}


def _cli() -> str:
    root = typer.main.get_command(app)
    lines = [MADE, "# Command line\n", f"{root.help}\n"]
    lines.append("Data goes to stdout (`--json`: one object per file), people and progress to stderr.\n")
    lines += ["| exit code | meaning |", "|---|---|", *(f"| {code.value} | {text} |" for code, text in EXITS.items())]
    lines.append("\nSeveral files: the highest code of any of them, 5 above all, 2 only if nothing else went wrong.\n")
    for name, command in _commands(root, ()):
        lines += [f"## touchstone {name}\n", f"{command.help}\n"]
        rows = [row for parameter in command.params if (row := _row(parameter))]
        if rows:
            lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines).rstrip() + "\n"


def _commands(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], (*path, name))
    elif isinstance(command, TyperCommand):
        yield " ".join(path), command


def _row(parameter: object) -> str:
    if isinstance(parameter, TyperOption):
        return "" if parameter.name == "help" else f"| `{'`, `'.join(parameter.opts)}` | {parameter.help or ''} |"
    if isinstance(parameter, TyperArgument):
        several = "..." if parameter.nargs == -1 else ""
        return f"| `{(parameter.name or '').upper()}{several}` | {parameter.help or ''} |"
    return ""


def _settings() -> str:
    lines = [MADE, "# Settings\n", "Read from the environment; unset, everything is embedded, local and safe.\n"]
    lines += ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "the platform's user-data directory" if name == "home" else f"`{field.default}`"
        if field.default is None:
            default = "unset"
        lines.append(f"| `TOUCHSTONE_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _errors() -> str:
    lines = [MADE, "# Errors\n", "The one table by which errors become problem documents (RFC 9457) and exit codes.\n"]
    lines += ["| error | code | HTTP | exit | title |", "|---|---|---|---|---|"]
    for error, row in ANSWERS.items():
        lines.append(
            f"| `{error.__name__}` | `{row.code}` | {row.status.value} | {row.exit_code.value} | {row.title} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages, or with ``--check`` say which differ; return the exit code."""
    stale = [name for name, text in pages().items() if not (HERE / name).exists() or (HERE / name).read_text() != text]
    if "--check" in sys.argv:
        for name in stale:
            sys.stderr.write(f"docs/reference/{name} is not what the code says: run python docs/build_reference.py\n")
        return 1 if stale else 0
    HERE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (HERE / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
