"""The commands about proof, which need neither an engine nor a home: ``receipt`` and ``trust``."""

from __future__ import annotations

import typer

from api.cli.output import log_steps
from api.cli.receipts import receipt_app
from api.cli.trusting import trust_app

__all__ = ["app", "receipt_app", "trust_app"]

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.callback()(log_steps)
app.add_typer(receipt_app, name="receipt")
app.add_typer(trust_app, name="trust")
