"""Every command, by name."""

from __future__ import annotations

import typer

from api.cli import (
    attesting,
    backups,
    batching,
    contract,
    epochs,
    judging,
    keys,
    ledger,
    proof,
    reading,
    rescreening,
    serving,
    standing,
    writing,
)
from api.cli.output import log_steps

app = typer.Typer(
    help="Register media you stand behind, verify a file you were sent, check an upload before publishing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.command()(writing.register)
app.command("batch")(batching.batch_command)
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
app.add_typer(proof.receipt_app, name="receipt")
app.add_typer(proof.trust_app, name="trust")
app.add_typer(epochs.epoch_app, name="epoch")
app.add_typer(keys.key_app, name="key")
app.add_typer(contract.contract_app, name="contract")
app.add_typer(ledger.ledger_app, name="ledger")
app.callback()(log_steps)
