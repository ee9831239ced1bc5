"""``register`` and ``review``: what enters the registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from api.bootstrap import open_read_side
from api.cli.credentials_words import credentials_lines
from api.cli.output import Output, note, wire
from api.cli.sides import Files, Json, ask_password, each, record_row, settings, writing
from api.cli.words import record_lines, reputation_line, verdict_lines
from api.deps import WriteSide
from api.errors import Exit, answer_to
from api.schemas import IntentIn, RegistrationOut, RegistrationOutcome, credentials_of, outcome_of
from registry.errors import AlreadyRegisteredError, InvalidValueError, JobConflictError, JobNotFoundError, RegistryError
from registry.model import Digest, Job, JobState, Record, Request, SignedIntent, Standing, Visibility
from registry.model.trust import ledger_line
from registry.register import canonical_claims, consent_of_operator

review_app = typer.Typer(help="Files that wait for a person.", no_args_is_help=True)

_EXITS: dict[RegistrationOutcome, Exit] = {
    "ACCEPTED": Exit.GOOD,
    "INCONCLUSIVE": Exit.REVIEW,
    "REJECTED": Exit.REFUSED,
    "DUPLICATE": Exit.REFUSED,
    "FAILED": Exit.OUTSIDE,
}


def register(
    files: Files,
    private: Annotated[bool, typer.Option("--private", help="Nothing leaves this machine; hashes are salted.")] = False,
    intent: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The uploader's signed intent (JSON), for one file."),
    ] = None,
    claims: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The claims (JSON) whose SHA-256 the intent holds."),
    ] = None,
    accept_metadata: Annotated[
        bool, typer.Option("--accept-metadata", help="Publish location and author tags found in the files.")
    ] = False,
    strip_metadata: Annotated[
        bool, typer.Option("--strip-metadata", help="Register a copy NAME.stripped.EXT without any metadata instead.")
    ] = False,
    share_with_gates: Annotated[
        bool, typer.Option("--share-with-gates", help="Private: the other gates of the quorum may screen it.")
    ] = False,
    appeal: Annotated[bool, typer.Option("--appeal", help="Where the gate refuses, let a person decide.")] = False,
    as_json: Json = False,
) -> None:
    """Screen files and record those that pass, in the operator's name or under a signed intent.

    Example: touchstone register photo.jpg clip.mp4

    Ends 0 for recorded, 3 for waiting on a person, 4 for refused. An interrupted run goes on when it is repeated.
    """
    if accept_metadata and strip_metadata:
        raise InvalidValueError("expected --accept-metadata or --strip-metadata, got both")
    if intent is not None and len(files) != 1:
        raise InvalidValueError(f"expected one file with --intent, got {len(files)}")
    if (claims is not None) > (intent is not None) or (share_with_gates and intent is not None):
        raise InvalidValueError("expected --claims with --intent, and --share-with-gates without")
    signed = _intent(intent) if intent else None
    claimed = canonical_claims(claims.read_text(encoding="utf-8")) if claims else None
    if share_with_gates:
        claimed = consent_of_operator()
    output = Output(as_json)
    with writing() as side:

        def answer(path: Path) -> Exit:
            source = _stripped(side, path) if strip_metadata else path
            request = Request(
                digest=Digest.of_file(source),
                file_name=source.name,
                size_bytes=source.stat().st_size,
                visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
                intent=signed,
                accept_metadata=accept_metadata,
                appeal=appeal,
                claims=claimed,
            )
            return _register_one(side, output, source, request)

        each(files, output, answer, doing="registering")


@review_app.command("list")
def review_list(as_json: Json = False) -> None:
    """List the files that wait for a person.

    Example: touchstone review list
    """
    output = Output(as_json)
    with open_read_side(settings(), ask_password) as side:
        waiting = list(side.journal.jobs(JobState.REVIEW))
    for job in waiting:
        document = {"job_id": job.job_id, "file": job.request.file_name, "digest": job.request.digest.hex}
        lines = [f"{job.job_id}  {job.request.file_name}: {', '.join(job.reasons)}"]
        output.answer({**document, "reasons": list(job.reasons), "created_at": job.created_at}, *lines)
    if not waiting:
        note("nothing waits")


Waiting = Annotated[str, typer.Argument(help="The file, or the job's id as `review list` shows it.")]
Why = Annotated[str, typer.Option(help="Why; kept with the job.")]
Reviewer = Annotated[str, typer.Option(help="Who decides.", envvar=None)]


@review_app.command("approve")
def review_approve(subject: Waiting, reason: Why, reviewer: Reviewer = "operator", as_json: Json = False) -> None:
    """Register a file by a person's decision. Its record says REVIEWER, never GATE.

    Example: touchstone review approve landscape.jpg --reason "it has no face"
    """
    _decide(subject, approved=True, reviewer=reviewer, reason=reason, output=Output(as_json))


@review_app.command("reject")
def review_reject(subject: Waiting, reason: Why, reviewer: Reviewer = "operator", as_json: Json = False) -> None:
    """Refuse a file by a person's decision; nothing is recorded.

    Example: touchstone review reject portrait.jpg --reason "the mouth was moved"
    """
    _decide(subject, approved=False, reviewer=reviewer, reason=reason, output=Output(as_json))


def _decide(subject: str, *, approved: bool, reviewer: str, reason: str, output: Output) -> None:
    with writing() as side:
        job_id = _job_id_of(subject, side)
        job = side.registrar.decide(job_id, approved=approved, reviewer=reviewer, reason=reason)
        code = tell(side, output, job.request.file_name, side.registrar.run(job))
    raise typer.Exit(code)


def _job_id_of(subject: str, side: WriteSide) -> str:
    path = Path(subject)
    if not path.is_file():
        return subject
    job = side.gate.read.journal.latest_for(Digest.of_file(path))
    if job is None:
        raise JobNotFoundError(f"no registration of {subject} waits here")
    return job.job_id


def _register_one(side: WriteSide, output: Output, path: Path, request: Request) -> Exit:
    job: Job | None = None
    try:
        accepted = side.registrar.accept(path, request)
        job = side.registrar.run(accepted.job, media=accepted.media)
    except AlreadyRegisteredError:
        return tell_duplicate(side, output, path, request)
    except JobConflictError as exc:
        output.failure(str(path), exc, failed_row(exc, job))
        return Exit.OUTSIDE
    except RegistryError as exc:
        output.failure(str(path), exc, failed_row(exc, job))
        return answer_to(exc).exit_code
    return tell(side, output, str(path), job)


def failed_row(exc: RegistryError, job: Job | None = None) -> dict[str, object]:
    """Return the answer for a file that an error stopped."""
    return _row("FAILED", job, reasons=[answer_to(exc).code])


def tell(side: WriteSide, output: Output, subject: str, job: Job) -> Exit:
    """Say what became of a registration."""
    read = side.gate.read
    outcome = outcome_of(job) or "FAILED"
    record = read.ledger.find(job.request.digest) if job.state is JobState.FINAL else None
    receipt = side.receipts.path(job.request.digest) if record else side.rejections.path(job)
    document = {"file": subject, **_row(outcome, job, record=record, side=side, receipt=receipt)}
    lines = [f"{subject}: {outcome}"]
    if job.screened:
        lines += verdict_lines(job.screened.verdict)[1:]
        lines += credentials_lines(job.screened.credentials)
    if job.review:
        lines.append(
            f"  {'approved' if job.review.approved else 'refused'} by {job.review.reviewer}: {job.review.reason}"
        )
    if record:
        lines += record_lines(record, read.dispute_of(record))
        lines.append(f"  uploader's reputation: {reputation_line(read.ledger.reputation_of(record.uploader))}")
        lines += [f"  {ledger_line(read.ledger.info.kind)}", f"  receipt {receipt}"]
    if job.rejection:
        lines.append(f"  the gates' signed rejection: {receipt}")
    if outcome == "FAILED":
        lines.append(f"  failed: {', '.join(job.reasons)}")
    if outcome == "INCONCLUSIVE":
        lines.append(f"  waits for a person: touchstone review approve|reject {job.job_id} --reason ...")
    output.answer(document, *lines)
    return _EXITS[outcome]


def tell_duplicate(side: WriteSide, output: Output, path: Path, request: Request) -> Exit:
    """Say that the bytes are recorded already."""
    read = side.gate.read
    record = read.ledger.find(request.digest)
    if record is None:
        return Exit.OUTSIDE
    document = {"file": str(path), **_row("DUPLICATE", None, record=record, side=side)}
    shown = [*record_lines(record, read.dispute_of(record)), f"  {ledger_line(read.ledger.info.kind)}"]
    output.answer(document, f"{path}: DUPLICATE", *shown)
    uploader = request.intent.intent.uploader if request.intent else read.ledger.info.operator
    return Exit.GOOD if record.standing is Standing.ACTIVE and record.uploader == uploader else Exit.REFUSED


def _row(
    outcome: RegistrationOutcome,
    job: Job | None,
    *,
    reasons: list[str] | None = None,
    record: Record | None = None,
    side: WriteSide | None = None,
    receipt: Path | None = None,
) -> dict[str, object]:
    shown = record_row(side.gate.read, record) if side and record else None
    return wire(
        RegistrationOut(
            outcome=outcome,
            job_id=job.job_id if job else None,
            reasons=reasons if reasons is not None else list(job.reasons) if job else [],
            record=shown,
            receipt=str(receipt) if receipt else None,
            credentials=credentials_of(job),
        )
    )


def _stripped(side: WriteSide, path: Path) -> Path:
    derivative = path.with_name(f"{path.stem}.stripped{path.suffix}")
    partial = derivative.with_name(derivative.name + ".partial")
    with partial.open("w+b") as out:
        side.gate.read.decoder.strip(path, out)
    partial.replace(derivative)
    note(f"{path}: registering {derivative}, which has no metadata")
    return derivative


def _intent(path: Path) -> SignedIntent:
    try:
        return IntentIn.model_validate(json.loads(path.read_bytes())).to_value()
    except (ValueError, ValidationError) as exc:
        raise InvalidValueError(f"{path}: expected a signed intent as JSON, got {exc}") from exc
