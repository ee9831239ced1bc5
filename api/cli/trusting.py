"""``trust``: the lists of signers by which receipts are verified; exported by who issues, pinned by who verifies."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Output, note
from api.cli.proof_words import signers_document, signers_lines
from api.settings import Settings
from registry.errors import InvalidValueError, TrustError
from registry.model import Address
from registry.receipt import Pins, SignerList, next_signers, read_signers, replace_file

trust_app = typer.Typer(help="Whose signatures on receipts count.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object per list on stdout.")]


@trust_app.command("export")
def export(
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Write it there instead of to stdout.")] = None,
) -> None:
    """Make this installation's list of signers from its ledger, signed by its admin key: for others to pin.

    Example: touchstone trust export --out signers.json

    Its version rises by one whenever its content changes. The last one is kept in the home.
    """
    from api.bootstrap import open_admin_side  # noqa: PLC0415  # an engine: the other commands here need none
    from api.cli.sides import ask_password  # noqa: PLC0415  # it imports that engine

    run = Settings()
    kept = run.home / "signers.json"
    with open_admin_side(run, ask_password, dry_run=True) as side:
        now = int(time.time())
        wanted = SignerList.of(
            side.ledger.info, side.governor.survey(), version=0, issued_at=now, admin=side.admin.address
        )
        raw = next_signers(wanted, kept.read_bytes() if kept.is_file() else None, side.admin)
    replace_file(kept, raw)
    signers = read_signers(raw)
    if out is None:
        typer.echo(raw.decode())
    else:
        out.write_bytes(raw)
        note(f"{out}: version {signers.version}, signed by {signers.admin}")


@trust_app.command("add")
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A list of signers.")],
    yes: Annotated[bool, typer.Option("--yes", help="Trust it without being asked.")] = False,
    admin: Annotated[
        str | None, typer.Option(help="The admin's address as you know it from elsewhere, 0x and 40 hex digits.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Pin an installation's signers: from now on its receipts are judged by this list.

    Example: touchstone trust add signers.json --admin 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed

    The first list of an installation is yours to confirm: ask its operator for the admin's address by another way.
    Later ones must be signed by the same admin, and an older one is refused.
    """
    raw = file.read_bytes()
    offered = read_signers(raw)
    home = Settings().home
    pins = Pins(home / "trust")
    for line in signers_lines(offered):
        note(line)
    if admin is not None and Address.from_hex(admin) != offered.admin:
        raise TrustError(f"expected a list signed by {admin.lower()}, got one of {offered.admin}")
    if pins.of(offered.domain) is None and admin is None and not yes:
        _confirm(offered)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    pinned = pins.pin(raw)
    Output(as_json).answer(signers_document(pinned), f"pinned version {pinned.version} of {pinned.admin}")


@trust_app.command("list")
def list_command(as_json: Json = False) -> None:
    """Show the pinned lists of signers.

    Example: touchstone trust list
    """
    for signers in Pins(Settings().home / "trust").all():
        Output(as_json).answer(signers_document(signers), *signers_lines(signers))


def is_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _confirm(offered: SignerList) -> None:
    if not is_terminal():
        raise InvalidValueError("expected --yes or --admin ADDRESS for an installation's first list, or a terminal")
    digits = offered.admin.hex[-6:]
    typed = typer.prompt(
        f"First list of this installation. To trust it, type the last 6 digits of {offered.admin}", err=True
    )
    if str(typed).strip().lower() != digits:
        raise TrustError(f"expected {digits}, got another text: nothing was pinned")
