"""``check``, ``screen``, ``evaluate``: the gate's opinion; nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import open_gate_side
from api.cli.output import Output, steps, wire
from api.cli.sides import Files, Json, ask_password, each, settings
from api.cli.words import check_lines, verdict_lines
from api.deps import GateSide
from api.errors import Exit
from api.schemas import CheckOut, ScreeningOut
from detector.evaluate import Screened, evaluate_manifest
from registry.errors import DecoderFailedError
from registry.model import Decision, Outcome, Prediction, Verdict

_DECISION_EXITS = {Decision.ALLOW: Exit.GOOD, Decision.REVIEW: Exit.REVIEW, Decision.BLOCK: Exit.REFUSED}
_OUTCOME_EXITS = {
    Outcome.ACCEPTED: Exit.GOOD,
    Outcome.INCONCLUSIVE: Exit.REVIEW,
    Outcome.REJECTED: Exit.REFUSED,
}


def check(files: Files, as_json: Json = False) -> None:
    """Advise on uploads before they are published: allow, review or block.

    Example: touchstone check --json upload.mp4

    Ends 0 for allow, 3 for review, 4 for block.
    """
    output = Output(as_json)
    with open_gate_side(settings(), ask_password) as side:

        def answer(path: Path) -> Exit:
            result = side.checker.check(path)
            record = result.verification.record
            reputation = side.read.ledger.reputation_of(record.uploader) if record else None
            dispute = side.read.dispute_of(record)
            wired = wire(CheckOut.of(result, fp_version=side.read.fp_version_of(record), dispute=dispute))
            lines = check_lines(result, reputation, dispute)
            output.answer({"file": str(path), **wired}, f"{path}: {lines[0]}", *lines[1:])
            return _DECISION_EXITS[result.decision]

        each(files, output, answer, doing="checking")


def screen(files: Files, as_json: Json = False) -> None:
    """Say what the detector and the policy make of files, and nothing else.

    Example: touchstone screen --json clip.mp4

    Ends 0 for ACCEPTED, 3 for INCONCLUSIVE, 4 for REJECTED.
    """
    output = Output(as_json)
    with open_gate_side(settings(), ask_password) as side:

        def answer(path: Path) -> Exit:
            verdict = _screened(side, path)
            lines = verdict_lines(verdict)
            output.answer({"file": str(path), **wire(ScreeningOut.of(verdict))}, f"{path}: {lines[0]}", *lines[1:])
            return _OUTCOME_EXITS[verdict.outcome]

        each(files, output, answer, doing="screening")


def evaluate(
    manifest: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON lines: file, label, kind, generator.")
    ],
) -> None:
    """Measure the gate on labelled files and print one JSON object.

    Example: touchstone evaluate dev.jsonl > figures.json

    Ends 0 when the object was written, whatever the outcomes.
    """
    with open_gate_side(settings(), ask_password) as side, steps(_rows(manifest)) as progress:

        def screen_one(path: Path) -> Screened:
            progress.doing(f"screening {path.name}")
            try:
                return _scored(_screened(side, path))
            finally:
                progress.done()

        report = evaluate_manifest(manifest, screen_one, model_id=str(side.model_id) if side.model_id else None)
    typer.echo(json.dumps(report, ensure_ascii=False))


def _rows(manifest: Path) -> int:
    with manifest.open("rb") as lines:
        return sum(1 for _ in lines)


def _screened(side: GateSide, path: Path) -> Verdict:
    try:
        media = side.read.decoder.decode(path)
    except DecoderFailedError:
        media = None
    return side.examiner.decide(side.examiner.screen(media))


def _scored(verdict: Verdict) -> Screened:
    screening = verdict.screening
    probability = screening.fake_probability if isinstance(screening, Prediction) else None
    return Screened(verdict.outcome.value, probability, verdict.reasons)
