"""``key``: an uploader's own key, changed without losing its name; the recorder carries it to the ledger."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import create_key, open_key, open_read_side
from api.cli.output import Output, note
from api.cli.sides import Json, ask_key_password, ask_password, settings, writing
from registry.errors import InvalidValueError
from registry.model import Address, Inclusion, PendingRotation
from registry.ports import Ledger, Signer
from registry.register import rotation

key_app = typer.Typer(help="An uploader's own key.", no_args_is_help=True)

Key = Annotated[Path, typer.Argument(dir_okay=False, help="A keystore file.")]
Existing = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The present key's keystore file.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--key-password-file", exists=True, dir_okay=False, help="First line: the password.")
]
Whose = Annotated[str, typer.Argument(help="The uploader's address, 0x and 40 hex digits.")]


@key_app.command("new")
def new(path: Key, key_password_file: PasswordFile = None, as_json: Json = False) -> None:
    """Make a random key in a keystore file that only you can read, and show its address.

    Example: touchstone key new next.json
    """
    if path.exists():
        raise InvalidValueError(f"expected no file at {path}, got one")
    made = create_key(path, ask_key_password(path, key_password_file))
    Output(as_json).answer({"file": str(path), "address": str(made.address)}, f"{path}: {made.address}")


@key_app.command("rotate")
def rotate(
    old: Existing,
    following: Annotated[Path, typer.Option("--to", exists=True, dir_okay=False, help="The next key's keystore file.")],
    key_password_file: PasswordFile = None,
    to_password_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="First line: the next key's password.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask to go on under another key. A week is left to veto it; then `key complete` hands the reputation over.

    Example: touchstone key rotate mine.json --to next.json

    Both keys sign, and the recorder sends it. The next key must have no records of its own. From then on rulings on the
    old key's records count for the new one, and the old one registers no more.
    """
    present = open_key(old, ask_key_password(old, key_password_file))
    successor = open_key(following, ask_key_password(following, to_password_file))

    def ask(ledger: Ledger) -> Inclusion:
        return ledger.rotate_key(rotation.wish(ledger, present, successor, now=int(time.time())))

    _act(present.address, ask, Output(as_json))


@key_app.command("veto")
def veto(old: Existing, key_password_file: PasswordFile = None, as_json: Json = False) -> None:
    """Take the wish for another key back; works even while the registry is paused.

    Example: touchstone key veto mine.json
    """
    present: Signer = open_key(old, ask_key_password(old, key_password_file))

    def take_back(ledger: Ledger) -> Inclusion:
        return ledger.rotate_key(rotation.veto(ledger, present, now=int(time.time())))

    _act(present.address, take_back, Output(as_json))


@key_app.command("complete")
def complete(uploader: Whose, as_json: Json = False) -> None:
    """Hand an uploader's reputation to its next key, a week after it was asked for.

    Example: touchstone key complete 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
    """
    of = Address.from_hex(uploader)
    _act(of, lambda ledger: ledger.complete_key_rotation(of), Output(as_json))


@key_app.command("status")
def status(uploader: Whose, as_json: Json = False) -> None:
    """Show who answers for an uploader's name, and which change of key is under way. Watch this for your own key.

    Example: touchstone key status 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
    """
    of = Address.from_hex(uploader)
    with open_read_side(settings(), ask_password) as side:
        holder, pending = side.ledger.holder_of(of), side.ledger.pending_rotation(of)
    _tell(of, holder, pending, Output(as_json))


def _act(uploader: Address, call: Callable[[Ledger], Inclusion], output: Output) -> None:
    with writing() as side:
        ledger = side.gate.read.ledger
        side.registrar.act(lambda: call(ledger))
        holder, pending = ledger.holder_of(uploader), ledger.pending_rotation(uploader)
    _tell(uploader, holder, pending, output)
    if pending:
        note(f"whoever has the old key may veto it until then: touchstone key complete {uploader} follows")


def _tell(uploader: Address, holder: Address, pending: PendingRotation | None, output: Output) -> None:
    document = {
        "uploader": str(uploader),
        "holder": str(holder),
        "pending": {"to": str(pending.to), "completable_at": pending.completable_at} if pending else None,
    }
    lines = [f"{uploader}: {'its own' if holder == uploader else f'now {holder}'}"]
    if pending:
        when = datetime.datetime.fromtimestamp(pending.completable_at, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        lines.append(f"  wants to go on as {pending.to}, from {when} on")
    output.answer(document, *lines)
