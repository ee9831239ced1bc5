"""The command line. Data on stdout, people and progress on stderr, one documented exit code (design, section 7)."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from api.errors import answer_to, told
from registry.errors import RegistryError

# Read by themselves: what proves something offline must not wait for, nor depend on, an EVM, a detector or a decoder.
PROOF_COMMANDS = ("receipt", "trust")


def main() -> None:
    """Run the command line; an error that concerns no single file ends it with its own exit code."""
    first = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    commands = import_module("api.cli.proof" if first in PROOF_COMMANDS else "api.cli.commands")
    try:
        commands.app()
    except RegistryError as exc:
        row = answer_to(exc)
        typer.echo(f"touchstone: {row.title}: {told(exc)}", err=True)
        sys.exit(row.exit_code)
