"""``verify``, ``fingerprint``, ``reputation``, ``index``: no detector, nothing written but the index."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import open_read_side
from api.cli.output import Output, steps, wire
from api.cli.sides import Files, Json, ask_password, each, settings
from api.cli.words import reputation_line, verification_lines
from api.errors import Exit
from api.schemas import ReputationOut, VerificationOut
from registry.errors import InvalidValueError
from registry.fingerprint import document, fingerprint
from registry.model import Address, Digest, Standing, Verification, VerificationResult
from registry.model.trust import ledger_line
from registry.register import check_index, documents, rebuild_index

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
    batches = _roots(rebuilt.batches)
    shown = [f"{len(rebuilt.indexed)} indexed, {len(missing)} missing", *(f"  missing {digest}" for digest in missing)]
    row = {"indexed": len(rebuilt.indexed), "missing": missing, "batches_without_manifest": batches}
    Output(as_json).answer(row, *shown, *_batch_lines(batches))


@index_app.command("stats")
def index_stats(as_json: Json = False) -> None:
    """Count what the index holds: files, by the version of their fingerprints, beside the records on the ledger."""
    with open_read_side(settings(), ask_password) as side:
        digests = side.index.digests()
        versions = Counter(side.index.fp_version_of(digest) for digest in digests)
        records = len({event.digest for event in side.ledger.events()})
        batches = _roots(side.ledger.batches_without_manifest())
    by_version = {str(version): count for version, count in sorted(versions.items(), key=str)}
    lines = [
        f"{len(digests)} files in the index, {records} records on the ledger",
        *(f"  {count} of fingerprint version {version}" for version, count in by_version.items()),
        *_batch_lines(batches),
    ]
    row = {"files": len(digests), "records": records, "fp_versions": by_version, "batches_without_manifest": batches}
    Output(as_json).answer(row, *lines)


@index_app.command("check")
def index_check(as_json: Json = False) -> None:
    """Compare the index with what a rebuild would make of ledger and documents; nothing is written.

    Names the records without a document at hand, those that the index lacks, those that it has with other codes than
    their documents, and what it has that is not on the ledger. Ends 1 where there is any.
    """
    with open_read_side(settings(), ask_password) as side, steps(len(side.index.digests())) as progress:

        def seen(digest: Digest) -> None:
            progress.doing(f"comparing {digest.hex[:12]}")
            progress.done()

        records = documents(ledger=side.ledger, store=side.store, journal=side.journal)
        found = check_index(records, side.index, seen=seen)
    parts = {
        "without_document": found.without_document,
        "missing": found.missing,
        "different": found.different,
        "stray": found.stray,
    }
    shown = [f"{name.replace('_', ' ')} {digest}" for name, digests in parts.items() for digest in digests]
    row = {name: [digest.hex for digest in digests] for name, digests in parts.items()}
    Output(as_json).answer(row, *(shown or ["index, ledger and documents agree"]))
    raise typer.Exit(Exit.GOOD if found.is_whole else Exit.UNKNOWN)


def _roots(batches: tuple[bytes, ...]) -> list[str]:
    return ["0x" + root.hex() for root in batches]


def _batch_lines(roots: list[str]) -> list[str]:
    return [f"  batch {root}: no manifest here, its records are not counted" for root in roots]


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
