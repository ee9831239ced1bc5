"""``receipt``: portable evidence of registration, shown and verified; offline without any engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Output, note, wire
from api.cli.proof_words import verification_lines
from api.cli.rejection_words import judgement_document, judgement_lines, rejection_document, rejection_lines
from api.errors import Exit, answer_to, combined
from api.schemas import ReceiptVerificationOut
from api.settings import Settings
from registry.eip712 import Domain
from registry.errors import InvalidValueError, RecordNotFoundError, RegistryError
from registry.model import Digest, Standing
from registry.ports import Ledger
from registry.ports.migration import MovedRecords
from registry.receipt import (
    NO_LEDGER,
    OFFLINE,
    Finding,
    Pins,
    Reason,
    ReceiptVerification,
    Result,
    SignerList,
    TrustSource,
    first_difference,
    read_json,
    read_receipt,
    read_signers,
    require_successor,
    trusted_for,
    verify,
)
from registry.receipt.findings import wrong
from registry.rejection import (
    is_conviction,
    is_rejection,
    judge,
    read_conviction,
    read_rejection,
    verify_rejection,
)

receipt_app = typer.Typer(help="Portable evidence of registration.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object per file on stdout.")]


@dataclass(frozen=True, slots=True)
class Known:
    """What a verification may stand on.

    Attributes:
        ledger: that can be asked; absent with the reason in ``without``.
        own: reads the signers of this installation's own ledger from its events.
        moved: what came to that ledger from others.
    """

    pins: Pins
    given: SignerList | None
    ledger: Ledger | None
    without: Reason
    own: Callable[[], SignerList | None]
    moved: MovedRecords | None = None

    def signers_for(self, domain: Domain) -> tuple[SignerList | None, TrustSource]:
        """Return whom to trust about an installation, and where that comes from."""
        if self.given is not None:
            return self.given, "given"
        return trusted_for(domain, pins=self.pins, ledger=self.ledger, own=self.own, moved=self.moved)


@receipt_app.command("show")
def show(
    subject: Annotated[str, typer.Argument(help="A file, a digest, or a receipt.")], as_json: Json = False
) -> None:
    """Print the receipt of a registered file, whatever it is worth: `receipt verify` says that.

    Example: touchstone receipt show photo.jpg
    """
    path = _receipt_of(subject)
    raw = path.read_bytes()
    body = read_json(raw)
    different = first_difference(raw, (read_rejection if is_rejection(raw) else read_receipt)(raw).document)
    if different is not None:
        note(f"{path} is not in canonical form (RFC 8785) from {different} on: it has been edited")
    Output(as_json).answer(body, json.dumps(body, indent=2, ensure_ascii=False))


@receipt_app.command("verify")
def verify_command(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Receipts.", show_default=False)
    ],
    offline: Annotated[bool, typer.Option("--offline", help="Ask no ledger; say what that leaves open.")] = False,
    signers: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A list of signers to trust this once.")
    ] = None,
    media: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="The file that the receipt should be of.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify receipts: their signatures, their inclusion in the ledger, and how the record stands now.

    Example: touchstone receipt verify photo.receipt.json --offline --file photo.jpg

    Who may sign is pinned by `trust add`; this installation's own ledger vouches for its own gates. Ends 0 if all that
    was asked for is valid and the record ACTIVE; 4 if something is invalid, or the record DISPUTED or REVOKED; 3 if
    nobody is trusted for that installation, or something else could not be judged; 5 if the ledger could not be asked.

    Receipts of rejections and evidence against a gate (`epoch convict`) are verified likewise; the latter ends 0 if it
    convicts.
    """
    run = Settings()
    output = Output(as_json)
    codes: list[Exit] = []
    digest = Digest.of_file(media) if media else None
    with _known(run, offline=offline, signers=signers) as known:
        for path in files:
            try:
                codes.append(_verify(path, known, digest, output, offline=offline))
            except RegistryError as exc:
                output.failure(str(path), exc)
                codes.append(answer_to(exc).exit_code)
    raise typer.Exit(combined(codes))


def exit_of(found: ReceiptVerification, media: Finding | None, *, offline: bool) -> Exit:
    """Return the exit code of one verification."""
    findings = [found.signatures, found.inclusion, found.standing, *([media] if media else [])]
    if any(finding.result is Result.INVALID for finding in findings) or found.stands not in {None, Standing.ACTIVE}:
        return Exit.REFUSED
    if not offline and found.standing.result is Result.NOT_CHECKED:
        return Exit.OUTSIDE
    open_question = found.signatures.result is Result.NOT_CHECKED
    if not offline:
        open_question |= found.inclusion.result is Result.NOT_CHECKED
    return Exit.REVIEW if open_question else Exit.GOOD


def _verify(path: Path, known: Known, digest: Digest | None, output: Output, *, offline: bool) -> Exit:
    raw = _read(path)
    if is_rejection(raw):
        return _verify_rejection(path, raw, known, digest, output, offline=offline)
    if is_conviction(raw):
        return _judge(path, raw, known, output)
    receipt = read_receipt(raw)
    signers, source = known.signers_for(receipt.domain)
    found = verify(receipt, signers=signers, ledger=known.ledger, without=known.without, moved=known.moved)
    media = None if digest is None else _media("record.digest", receipt.record.digest, digest)
    document = wire(ReceiptVerificationOut.of(receipt, found, signers, source, media))
    lines = verification_lines(receipt, found, media, signers, source)
    output.answer({"file": str(path), **document}, f"{path}: {lines[0]}", *lines[1:])
    return exit_of(found, media, offline=offline)


def _verify_rejection(
    path: Path, raw: bytes, known: Known, digest: Digest | None, output: Output, *, offline: bool
) -> Exit:
    receipt = read_rejection(raw)
    signers, source = known.signers_for(receipt.domain)
    found = verify_rejection(receipt, signers=signers, ledger=known.ledger, without=known.without)
    media = None if digest is None else _media("rejection.digest", receipt.digest, digest)
    document = rejection_document(receipt, found, media, signers, source)
    lines = rejection_lines(receipt, found, media, signers, source)
    output.answer({"file": str(path), **document}, f"{path}: {lines[0]}", *lines[1:])
    return exit_of(found, media, offline=offline)


def _judge(path: Path, raw: bytes, known: Known, output: Output) -> Exit:
    conviction = read_conviction(raw)
    signers, source = known.signers_for(conviction.domain)
    found = judge(conviction, signers=signers, ledger=known.ledger, without=known.without)
    lines = judgement_lines(conviction, found, signers, source)
    document = judgement_document(conviction, found, signers, source)
    output.answer({"file": str(path), **document}, f"{path}: {lines[0]}", *lines[1:])
    results = {finding.result for finding in (found.promise, found.omission, found.closing)}
    if Result.INVALID in results:
        return Exit.REFUSED
    return Exit.GOOD if found.guilty else Exit.REVIEW


def _media(field: str, expected: Digest, got: Digest) -> Finding:
    if got == expected:
        return Finding.of([])
    text = f"{field}: the file's SHA-256 is {got}, the receipt is of {expected}"
    return Finding.of([wrong("other_file", field, text)])


@contextmanager
def _known(run: Settings, *, offline: bool, signers: Path | None) -> Iterator[Known]:
    pins = Pins(run.home / "trust")
    given = read_signers(_read(signers)) if signers else None
    pinned = pins.of(given.domain) if given else None
    if given and pinned:
        require_successor(pinned, given)
    # a home without keys has no ledger, and opening one would make a chain that knows nothing
    if offline or (run.rpc_url is None and not (run.home / "keys").is_dir()):
        yield Known(pins, given, None, OFFLINE if offline else NO_LEDGER, lambda: None)
        return
    # engines take seconds to import, and may be missing where only receipts are verified
    from api.cli.asking import open_own_ledger  # noqa: PLC0415  # only where a ledger is asked

    with open_own_ledger(run) as asked:
        yield Known(pins, given, asked.ledger, asked.without, asked.own, asked.moved)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise InvalidValueError(f"{path}: {exc.strerror}") from exc


def _receipt_of(subject: str) -> Path:
    given = Path(subject)
    if given.name.endswith((".receipt.json", ".rejection.json")) and given.is_file():
        return given
    digest = Digest.of_file(given) if given.is_file() else Digest.from_hex(subject)
    path = Settings().home / "receipts" / f"{digest.hex}.receipt.json"
    if not path.is_file():
        raise RecordNotFoundError(f"no receipt of {digest} here")
    return path
