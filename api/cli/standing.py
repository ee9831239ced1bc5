"""``revoke``, ``supersede``, ``derive``, ``dispute``, ``rule``: what changes how a record stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from api.cli.output import Output, wire
from api.cli.reading import digest_of
from api.cli.sides import Json, record_row, writing
from api.cli.words import record_lines
from api.deps import WriteSide
from api.schemas import ReasonCode, RulingWord, reason_of, ruling_of
from registry import register as core
from registry.errors import RecordNotFoundError
from registry.model import Digest, Inclusion
from registry.model.trust import ledger_line
from registry.ports import Ledger

Subject = Annotated[str, typer.Argument(help="The file, or its digest.")]
Why = Annotated[str, typer.Option(help="Why; its SHA-256 stands on the ledger. Keep the text.")]


def revoke(subject: Subject, reason: Why, as_json: Json = False) -> None:
    """Revoke a record of your own, for ever. It stays on the ledger, and says so. Another's needs a dispute.

    Example: touchstone revoke photo.jpg --reason "published by mistake"
    """
    digest = digest_of(subject)
    _act(digest, as_json, lambda ledger: core.revoke(ledger, digest, reason=reason))


def supersede(
    subject: Subject, by: Annotated[str, typer.Option(help="The later file, or its digest.")], as_json: Json = False
) -> None:
    """Name a later record of your own that takes this one's place. The earlier one stays, and points to it.

    Example: touchstone supersede draft.jpg --by final.jpg
    """
    digest, later = digest_of(subject), digest_of(by)
    _act(digest, as_json, lambda ledger: core.supersede(ledger, digest, by=later))


def derive(
    subject: Subject,
    parent: Annotated[str, typer.Option("--from", help="The earlier file, or its digest; anybody's record.")],
    as_json: Json = False,
) -> None:
    """Say from which earlier record this one of your own was made.

    Example: touchstone derive cropped.jpg --from photo.jpg
    """
    digest, earlier = digest_of(subject), digest_of(parent)
    _act(digest, as_json, lambda ledger: core.derive(ledger, digest, parent=earlier))


def dispute(
    subject: Subject,
    reason_code: Annotated[ReasonCode, typer.Option(help="What is wrong with it, in one word.")],
    reason: Why,
    as_json: Json = False,
) -> None:
    """Challenge an ACTIVE record in the operator's name, for its bond. It is DISPUTED until an arbiter rules.

    Example: touchstone dispute photo.jpg --reason-code forgery --reason "the mouth was moved"
    """
    digest, kind = digest_of(subject), reason_of(reason_code)
    _act(digest, as_json, lambda ledger: core.dispute(ledger, digest, reason=kind, words=reason))


def rule(
    subject: Subject,
    ruling: Annotated[RulingWord, typer.Argument(help="What becomes of the record.")],
    reason: Why,
    as_json: Json = False,
) -> None:
    """End a dispute as the arbiter: `dismissed`, and the record stands; in all other cases it is revoked.

    Example: touchstone rule photo.jpg dismissed --reason "the original shows the same"

    `removed`: nobody's fault. `corrected`: an honest mistake, a small mark on its uploader's reputation. `fraud`: it is
    proven, a heavy mark. Nobody rules on a challenge or a record of their own.
    """
    digest, decided = digest_of(subject), ruling_of(ruling)
    _act(digest, as_json, lambda ledger: core.rule(ledger, digest, ruling=decided, words=reason))


def bonds(
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take out what is to the operator's credit.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a dispute costs now and what the operator may take out; both are 0 where the coin has no value.

    Example: touchstone bonds --withdraw

    A bond comes back with a ruling for the challenger, and goes to the uploader with one against it. Each challenge
    lost doubles the next bond.
    """
    with writing() as side:
        ledger = side.gate.read.ledger
        credit_wei = ledger.credit_wei()
        if withdraw and credit_wei:
            side.registrar.act(ledger.withdraw_credit)
        document = {"bond_wei": ledger.bond_wei(), "credit_wei": ledger.credit_wei()}
    taken_wei = credit_wei - document["credit_wei"]
    lines = [f"a dispute costs {document['bond_wei']} wei", f"to the operator's credit: {document['credit_wei']} wei"]
    Output(as_json).answer({**document, "taken_wei": taken_wei}, *lines, f"taken out: {taken_wei} wei")


def tell(side: WriteSide, output: Output, digest: Digest) -> None:
    """Say how a record stands now.

    Raises:
        RecordNotFoundError: there is none.
    """
    read = side.gate.read
    record = read.ledger.find(digest)
    if record is None:
        raise RecordNotFoundError(f"no record of {digest}")
    dispute = read.dispute_of(record)
    document: dict[str, Any] = {"digest": digest.hex, "standing": record.standing.name}
    lines = [f"{digest}: {record.standing.name}", *record_lines(record, dispute)]
    if dispute is not None:
        lines.append(f"  bond {dispute.bond_wei} wei")
    lines.append(f"  {ledger_line(read.ledger.info.kind)}")
    output.answer({**document, "record": wire(record_row(read, record))}, *lines)


def _act(digest: Digest, as_json: bool, call: Callable[[Ledger], Inclusion]) -> None:
    with writing() as side:
        side.registrar.act(lambda: call(side.gate.read.ledger))
        tell(side, Output(as_json), digest)
