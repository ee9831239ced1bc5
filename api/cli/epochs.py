"""``epoch``: the days of rejections: how they stand, close, are disputed, and convict a gate that leaves one out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.bootstrap import open_key
from api.cli.output import Output, note
from api.cli.sides import Json, ask_key_password, writing
from api.deps import WriteSide
from registry.errors import ConvictionError, EpochError, InvalidValueError
from registry.model import DAY_S, Address, Inclusion
from registry.register import EpochStatus
from registry.rejection import EpochList, RejectionReceipt, convict, read_epoch_list, read_rejection

epoch_app = typer.Typer(help="Days of rejections.", no_args_is_help=True)

Epoch = Annotated[int, typer.Argument(min=0, help="UTC day number, as `epoch status` shows it.")]
Existing = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A receipt of a rejection.")]


@epoch_app.command("status")
def status(as_json: Json = False) -> None:
    """Show every day on which something was rejected here: open, closed, and what counts of it.

    Example: touchstone epoch status
    """
    output = Output(as_json)
    with writing() as side:
        found = list(side.epochs.status())
        disputes = side.gate.read.ledger.tally_disputes()
    for each in found:
        disputed = {str(one.uploader): one.rejections for one in disputes if one.epoch == each.closing.epoch}
        output.answer({**_document(each), "disputed": disputed}, *_lines(each, disputed))
    if not found:
        note("nothing was rejected here")


@epoch_app.command("close")
def close(
    day: Annotated[int | None, typer.Option(min=0, help="UTC day number; else every day that is over.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Close days that are over: their root and their tallies go to the ledger. `serve` does so by itself.

    Example: touchstone epoch close --dry-run
    """
    output = Output(as_json)
    with writing() as side:
        due = [each for each in side.epochs.status() if day in {None, each.closing.epoch}]
        if day is not None and not due:
            raise EpochError(f"epoch {day}: nothing was rejected in it")
        for each in due:
            if day is None and (each.closed is not None or not each.is_over):
                continue
            if dry_run:
                output.answer({**_document(each), "sent": False}, *_lines(each, {}))
                continue
            closed = side.epochs.close(each.closing.epoch)
            after = EpochStatus(each.closing, closed, each.is_over)
            output.answer({**_document(after), "sent": each.closed is None}, *_lines(after, {}))
        side.rejections.complete()


@epoch_app.command("dispute")
def dispute(
    epoch: Epoch,
    uploader: Annotated[str | None, typer.Option(help="Whose rejections; else the key's own.")] = None,
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The uploader's keystore; else the recorder's key."),
    ] = None,
    key_password_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Its password (first line); else it is asked."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask the gates to prove the rejections that they count against you on that day, for a bond.

    Example: touchstone epoch dispute 20778 --key uploader.json

    None of them counts until they do. They have three days. The bond comes back if one is missing, and goes to the
    operator if all are proven.
    """
    with writing() as side:
        signer = open_key(key, ask_key_password(key, key_password_file)) if key else side.recorder
        of = Address.from_hex(uploader) if uploader else signer.address
        ledger = side.gate.read.ledger
        place = side.registrar.act(lambda: ledger.dispute_tally(epoch, of, by=signer))
        _tell_act(epoch, of, place, Output(as_json), "disputed: none counts until it is proven")


@epoch_app.command("answer")
def answer(
    epoch: Annotated[int | None, typer.Argument(min=0, help="UTC day number; else all that is disputed.")] = None,
    uploader: Annotated[str | None, typer.Argument(help="Whose rejections are disputed.")] = None,
    as_json: Json = False,
) -> None:
    """Prove disputed rejections by the uploaders' own signatures. `serve` does so by itself.

    Example: touchstone epoch answer
    """
    if (epoch is None) != (uploader is None):
        raise InvalidValueError("expected an epoch and an uploader, or neither")
    output = Output(as_json)
    with writing() as side:
        asked = [(each.epoch, each.uploader) for each in side.gate.read.ledger.tally_disputes()]
        if epoch is not None and uploader is not None:
            asked = [(epoch, Address.from_hex(uploader))]
        for of_epoch, of in asked:
            place = side.epochs.answer(of_epoch, of)
            _tell_act(of_epoch, of, place, output, "answered")
    if not asked:
        note("no tally is disputed")


@epoch_app.command("convict")
def convict_command(
    receipt: Existing,
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the evidence goes.")],
    listed: Annotated[
        Path | None,
        typer.Option("--list", exists=True, dir_okay=False, help="The epoch's leaves, as `GET /v1/epochs/N` has them."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make evidence against a gate that signed a rejection and left it out of its day.

    Example: touchstone epoch convict photo.rejection.json --list epoch.json --out evidence.json

    Anybody can judge it with the installation's list of signers: `touchstone receipt verify evidence.json`. It tells
    nothing of the file. Ends 1 where nothing convicts.
    """
    said = read_rejection(receipt.read_bytes())
    with writing() as side:
        ledger = side.gate.read.ledger
        closed = ledger.closed_epoch(said.epoch)
        if closed is None:
            raise ConvictionError(f"epoch {said.epoch} has not closed on this ledger: nothing is broken yet")
        evidence = convict(
            said,
            _list_of(said, listed, side),
            info=ledger.info,
            closed=closed,
            signed=ledger.signed_epoch(said.epoch),
        )
    out.write_bytes(evidence)
    gates = [str(each.gate) for each in said.rejection.signatures]
    document = {"epoch": said.epoch, "leaf": "0x" + said.rejection.leaf.hex(), "gates": gates, "evidence": str(out)}
    Output(as_json).answer(document, f"{out}: evidence against {', '.join(gates)}")


def _list_of(said: RejectionReceipt, path: Path | None, side: WriteSide) -> EpochList:
    if path is not None:
        return read_epoch_list(path.read_bytes())
    try:
        return read_epoch_list(side.epochs.list_of(said.epoch))
    except EpochError as exc:
        raise InvalidValueError("expected --list FILE: the epoch's leaves are not in this home") from exc


def _tell_act(epoch: int, uploader: Address, place: Inclusion, output: Output, words: str) -> None:
    tx = "0x" + place.tx_hash.hex()
    document = {"epoch": epoch, "uploader": str(uploader), "tx": tx, "block": place.block_number}
    output.answer(document, f"epoch {epoch}, {uploader}: {words}", f"  {tx}")


def _document(status: EpochStatus) -> dict[str, Any]:
    closing, closed = status.closing, status.closed
    tallies = closed.tallies if closed else closing.tallies
    return {
        "epoch": closing.epoch,
        "day": _day(closing.epoch),
        "state": "closed" if closed else "over" if status.is_over else "open",
        "root": "0x" + (closed.root if closed else closing.root).hex(),
        "rejections": len(closing.leaves),
        "tallies": [{"uploader": str(tally.uploader), "count": tally.count} for tally in tallies],
        "tx": "0x" + closed.inclusion.tx_hash.hex() if closed else None,
    }


def _lines(status: EpochStatus, disputed: dict[str, int]) -> list[str]:
    document = _document(status)
    lines = [f"epoch {document['epoch']} ({document['day']}): {document['state']}, {document['rejections']} rejections"]
    lines += [f"  {tally['uploader']}: {tally['count']} count" for tally in document["tallies"]]
    lines += [f"  {uploader}: {count} disputed, to be proven" for uploader, count in disputed.items()]
    return [*lines, f"  root {document['root']}"]


def _day(epoch: int) -> str:
    try:
        return datetime.datetime.fromtimestamp(epoch * DAY_S, tz=datetime.UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return "far away"
