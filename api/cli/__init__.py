"""The command line. Data on stdout, people and progress on stderr, one documented exit code (design, section 7)."""

from __future__ import annotations

import logging
import sys

import typer

from api.cli import attesting, backups, contract, judging, keys, reading, rescreening, serving, standing, writing
from api.errors import answer_to, told
from registry.errors import RegistryError

app = typer.Typer(
    help="Register media you stand behind, verify a file you were sent, check an upload before publishing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.command()(writing.register)
app.command()(reading.verify)
app.command()(judging.check)
app.command()(judging.screen)
app.command("fingerprint")(reading.fingerprint_command)
app.command()(judging.evaluate)
app.command()(rescreening.rescreen)
app.command()(serving.serve)
app.command()(standing.revoke)
app.command()(standing.supersede)
app.command()(standing.derive)
app.command()(standing.dispute)
app.command()(standing.rule)
app.command()(standing.bonds)
app.command()(attesting.attest)
app.command()(reading.reputation)
app.command()(backups.backup)
app.command()(backups.restore)
app.add_typer(writing.review_app, name="review")
app.add_typer(reading.index_app, name="index")
app.add_typer(reading.receipt_app, name="receipt")
app.add_typer(keys.key_app, name="key")
app.add_typer(contract.contract_app, name="contract")


@app.callback()
def _logging(verbose: bool = typer.Option(False, "--verbose", "-v", help="Log each step on stderr.")) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s"
    )


def main() -> None:
    """Run the command line; an error that concerns no single file ends it with its own exit code."""
    try:
        app()
    except RegistryError as exc:
        row = answer_to(exc)
        typer.echo(f"touchstone: {row.title}: {told(exc)}", err=True)
        sys.exit(row.exit_code)
