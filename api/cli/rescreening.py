"""``rescreen``: what the present model says of what an older one let in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from api.bootstrap import open_gate_side
from api.cli.output import Output, steps, wire
from api.cli.reading import digest_of
from api.cli.sides import Json, ask_password, settings, writing
from api.cli.words import verdict_lines
from api.deps import GateSide
from api.errors import Exit, answer_to, combined
from api.schemas import ScreeningOut
from registry import register as core
from registry.errors import InvalidValueError, RegistryError
from registry.model import Digest, DisputeReason, Inclusion, Outcome, Standing

_EXITS = {Outcome.ACCEPTED: Exit.GOOD, Outcome.INCONCLUSIVE: Exit.REVIEW, Outcome.REJECTED: Exit.REFUSED}

OpenDispute = Callable[[Digest, str], Inclusion]


def rescreen(
    subjects: Annotated[list[str] | None, typer.Argument(help="Files, or their digests.", show_default=False)] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every ACTIVE record that a gate let in and whose public bytes are here.")
    ] = False,
    open_disputes: Annotated[
        bool, typer.Option("--open-disputes", help="Challenge what is refused now, each for its bond.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Screen recorded files again, from the bytes that are kept here, and list what the present model makes of them.

    Example: touchstone rescreen --all

    No record changes. With `--open-disputes` a refusal becomes a dispute (`model-doubt`), on which an arbiter rules.
    Ends 0 where nothing is doubted, 3 for INCONCLUSIVE, 4 for a doubt.
    """
    if bool(subjects) == everything:
        raise InvalidValueError("expected files or digests, or --all")
    output = Output(as_json)
    if not open_disputes:
        with open_gate_side(settings(), ask_password) as gate:
            _each(subjects, gate, output, None)
        return
    with writing() as side:
        ledger = side.gate.read.ledger

        def challenge(digest: Digest, words: str) -> Inclusion:
            doubt = DisputeReason.MODEL_DOUBT
            return side.registrar.act(lambda: core.dispute(ledger, digest, reason=doubt, words=words))

        _each(subjects, side.gate, output, challenge)


def _each(subjects: list[str] | None, gate: GateSide, output: Output, challenge: OpenDispute | None) -> None:
    read = gate.read
    digests = [digest_of(subject) for subject in subjects or ()] or list(core.in_question(read.ledger, read.store))
    codes: list[Exit] = []
    with steps(len(digests)) as progress:
        for digest in digests:
            progress.doing(f"screening {digest.hex[:12]}")
            try:
                codes.append(_one(digest, gate, output, challenge))
            except RegistryError as exc:
                output.failure(digest.hex, exc)
                codes.append(answer_to(exc).exit_code)
            progress.done()
    raise typer.Exit(combined(codes))


def _one(digest: Digest, gate: GateSide, output: Output, challenge: OpenDispute | None) -> Exit:
    read = gate.read
    found = core.rescreen(digest, ledger=read.ledger, store=read.store, decoder=read.decoder, examiner=gate.examiner)
    standing, reason = found.record.standing, found.words if found.is_doubt else None
    if reason is not None and challenge is not None:
        challenge(digest, reason)
        standing = Standing.DISPUTED
    lines = [f"{digest}: {found.verdict.outcome.value}, {standing.name}", *verdict_lines(found.verdict)[1:]]
    if reason is not None:
        lines.append(f"  the doubt: {reason}")
    document = {"digest": digest.hex, "standing": standing.name, "reason": reason}
    output.answer({**document, **wire(ScreeningOut.of(found.verdict))}, *lines)
    return _EXITS[found.verdict.outcome]
