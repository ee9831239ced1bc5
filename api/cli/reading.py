"""``verify``, ``fingerprint``, ``reputation``, ``index``: no detector, nothing written but the index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import open_read_side
from api.cli.output import Output, wire
from api.cli.sides import Files, Json, ask_password, each, settings
from api.cli.words import reputation_line, verification_lines
from api.errors import Exit
from api.schemas import ReputationOut, VerificationOut
from registry.errors import InvalidValueError
from registry.fingerprint import document, fingerprint
from registry.model import Address, Digest, Standing, Verification, VerificationResult
from registry.model.trust import ledger_line
from registry.register import rebuild_index

index_app = typer.Typer(help="The similarity index, a cache of ledger and documents.", no_args_is_help=True)


def exit_of(verification: Verification) -> Exit:
    """Return the exit code of a verification."""
    if verification.result is VerificationResult.UNKNOWN:
        return Exit.UNKNOWN
    return Exit.GOOD if verification.standing is Standing.ACTIVE else Exit.REFUSED


def verify(files: Files, as_json: Json = False) -> None:
    """Look files up in the registry: these very bytes, or something near them.

    Example: touchstone verify photo.jpg

    Ends 0 for EXACT or SIMILAR with an active record, 1 for UNKNOWN, 4 for a disputed or revoked one.
    """
    output = Output(as_json)
    with open_read_side(settings(), ask_password) as side:

        def answer(path: Path) -> Exit:
            verification = side.verifier.verify(path)
            record = verification.record
            reputation = side.ledger.reputation_of(record.uploader) if record else None
            dispute = side.dispute_of(record)
            wired = wire(VerificationOut.of(verification, fp_version=side.fp_version_of(record), dispute=dispute))
            lines = verification_lines(verification, reputation, dispute)
            output.answer({"file": str(path), **wired}, f"{path}: {lines[0]}", *lines[1:])
            return exit_of(verification)

        each(files, output, answer, doing="looking up")


def fingerprint_command(files: Files, as_json: Json = False) -> None:
    """Print the fingerprint document of files: digest and perceptual hashes.

    Example: touchstone fingerprint --json photo.jpg
    """
    output = Output(as_json)
    with open_read_side(settings(), ask_password) as side:

        def answer(path: Path) -> Exit:
            media = side.decoder.decode(path)
            body = json.loads(document(fingerprint(media, Digest.of_file(path))))
            shown = [f"  {row['alg']} {row['bits']} quality {row['quality']}" for row in body["hashes"]]
            output.answer({"file": str(path), **body}, f"{path}: sha256 {body['sha256']}", *shown)
            return Exit.GOOD

        each(files, output, answer, doing="hashing")


def reputation(address: Annotated[str, typer.Argument(help="0x and 40 hex digits.")], as_json: Json = False) -> None:
    """Show an uploader's whole reputation.

    Example: touchstone reputation 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
    """
    uploader = Address.from_hex(address)
    with open_read_side(settings(), ask_password) as side:
        found = side.ledger.reputation_of(uploader)
        kind = side.ledger.info.kind
    lines = [f"{uploader}: {reputation_line(found)}", f"  {ledger_line(kind)}"]
    Output(as_json).answer(wire(ReputationOut.of(str(uploader), found)), *lines)


@index_app.command("rebuild")
def index_rebuild(as_json: Json = False) -> None:
    """Make the index anew from the ledger's events and the documents whose hashes it holds."""
    with open_read_side(settings(), ask_password) as side:
        rebuilt = rebuild_index(ledger=side.ledger, store=side.store, journal=side.journal, index=side.index)
    missing = [digest.hex for digest in rebuilt.missing]
    shown = [f"{len(rebuilt.indexed)} indexed, {len(missing)} missing", *(f"  missing {digest}" for digest in missing)]
    Output(as_json).answer({"indexed": len(rebuilt.indexed), "missing": missing}, *shown)


@index_app.command("stats")
def index_stats(as_json: Json = False) -> None:
    """Count what the index holds."""
    with open_read_side(settings(), ask_password) as side:
        files = len(side.index.digests())
    Output(as_json).answer({"files": files}, f"{files} files")


@index_app.command("check")
def index_check(as_json: Json = False) -> None:
    """Compare the index with the ledger; ends 1 where they differ."""
    with open_read_side(settings(), ask_password) as side:
        recorded = {event.digest for event in side.ledger.events()}
        indexed = side.index.digests()
    missing = sorted(digest.hex for digest in recorded - indexed)
    stray = sorted(digest.hex for digest in indexed - recorded)
    shown = [*(f"missing {digest}" for digest in missing), *(f"not on the ledger {digest}" for digest in stray)]
    Output(as_json).answer({"missing": missing, "stray": stray}, *(shown or ["index and ledger agree"]))
    raise typer.Exit(Exit.UNKNOWN if missing or stray else Exit.GOOD)


def digest_of(subject: str) -> Digest:
    """Return the digest that a command's argument means: a file's, or the one written.

    Raises:
        InvalidValueError: neither a file nor 64 hex digits.
    """
    path = Path(subject)
    if path.is_file():
        return Digest.of_file(path)
    try:
        return Digest.from_hex(subject)
    except InvalidValueError as exc:
        raise InvalidValueError(f"expected a file or a digest of 64 hex digits, got {subject!r}") from exc
