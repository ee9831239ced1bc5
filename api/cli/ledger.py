"""``ledger``: what this home's ledger is, and what shows others that it did not change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap.anchoring import Watched, check_anchor, make_anchor
from api.bootstrap.ledger_status import ledger_status
from api.cli.ledger_words import status_lines, status_row
from api.cli.migrating import migrate
from api.cli.output import Output, steps
from api.cli.sides import Json, ask_password, settings
from api.errors import Exit
from registry.anchor import Anchor
from registry.register.anchoring import AnchorCheck, Finding, Found

ledger_app = typer.Typer(help="The ledger of this home, and what its word is worth.", no_args_is_help=True)
ledger_app.command("migrate")(migrate)


@ledger_app.command("status")
def status(as_json: Json = False) -> None:
    """Show which ledger this home uses, on whose word it stands, how far it is, what is on it, and its anchors.

    Example: touchstone ledger status
    """
    found = ledger_status(settings(), ask_password)
    Output(as_json).answer(status_row(found), *status_lines(found))


@ledger_app.command("anchor")
def anchor(
    rpc_url: Annotated[
        str | None,
        typer.Option(envvar=None, help="A node of another network: put the anchor's hash there, or look for it there."),
    ] = None,
    check: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Check this anchor instead of making one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """State what the embedded ledger is at its latest block, signed, so that others can tell later if it was changed.

    Example: touchstone ledger anchor --rpc-url http://127.0.0.1:8545

    Prints the statement and its hash: publish them where many can see when. With --rpc-url the operator's account on
    that network (the recorder key, which needs a little of its coin) sends itself 36 bytes with the hash. Kept in
    HOME/anchors. --check ends 0 where nothing is wrong and history or publication holds, 1 where neither could be
    checked, 4 where something fails.
    """
    output = Output(as_json)
    if check is not None:
        given = Anchor.parse(check.read_bytes())
        with _watched("reading") as watched:
            found = check_anchor(settings(), given, rpc_url=rpc_url, watched=watched)
        output.answer({"file": str(check), **_row(found)}, *_lines(check, found))
        raise typer.Exit(_exit(found))
    with _watched("reading") as watched:
        path = make_anchor(settings(), ask_password, rpc_url=rpc_url, watched=watched)
    made = Anchor.parse(path.read_bytes())
    document = json.loads(made.document())
    lines = [made.document().decode(), f"hash {made.hash.hex()}", f"kept as {path}"]
    if made.publication is not None:
        told = made.publication
        lines.append(f"published on chain {told.chain_id}, block {told.block_number}, transaction 0x{told.tx.hex()}")
    output.answer({"file": str(path), "hash": "0x" + made.hash.hex(), "anchor": document}, *lines)


def _exit(found: AnchorCheck) -> Exit:
    findings = {found.signature.finding, found.history.finding, found.publication.finding}
    if Finding.FAILS in findings:
        return Exit.REFUSED
    return Exit.GOOD if Finding.HOLDS in {found.history.finding, found.publication.finding} else Exit.UNKNOWN


def _row(found: AnchorCheck) -> dict[str, object]:
    def one(part: Found) -> dict[str, str]:
        return {"finding": part.finding.value, "why": part.why}

    return {
        "signature": one(found.signature),
        "history": one(found.history),
        "publication": one(found.publication),
    }


def _lines(path: Path, found: AnchorCheck) -> list[str]:
    parts = {"signature": found.signature, "history": found.history, "publication": found.publication}
    return [f"{path}:", *(f"  {name} {part.finding}: {part.why}" for name, part in parts.items())]


@contextmanager
def _watched(doing: str) -> Iterator[Watched]:
    """Show on stderr how many blocks are read."""
    with steps(0) as bar:

        def seen(block: int) -> None:
            bar.doing(f"{doing} block {block}")
            bar.done()

        yield Watched(total=bar.expect, seen=seen)
