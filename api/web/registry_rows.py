"""The registry's card in words, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.web.words import Words
from registry.model import PDQ256, Dispute, Level, Match, Record, Reputation, Verification
from registry.model.fingerprint import HASH_LENGTH_BYTES
from registry.verify import HASH_RADIUS_BITS

EVIDENCE_UNIT = 1_000_000  # evidence is told in millionths of one settled outcome
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a card.

    Attributes:
        label: what it is.
        text: in words, or an identifier.
        is_code: an identifier, to be set in a fixed-width face.
        is_detail: for those who look it up elsewhere; folded away.
    """

    label: str
    text: str
    is_code: bool = False
    is_detail: bool = False


def registry_rows(
    verification: Verification, reputation: Reputation | None, dispute: Dispute | None, say: Words
) -> tuple[Row, ...]:
    """Return what the registry card says below its headline; ``dispute`` is the record's open challenge."""
    return tuple(_rows(verification, reputation, dispute, say))


def _rows(
    verification: Verification, reputation: Reputation | None, dispute: Dispute | None, say: Words
) -> Iterator[Row]:
    record = verification.record
    if verification.matches:
        yield Row(say("row.distance"), _distance(verification.matches[0], say))
    if record is not None:
        yield from _record_rows(record, dispute, say)
    if reputation is not None:
        yield Row(say("row.reputation"), _conduct(reputation, say))
    if record is not None and verification.matches:
        yield Row(say("row.recorded_digest"), record.digest.hex, is_code=True, is_detail=True)
    yield Row(say("row.ledger"), say(f"ledger.{verification.ledger}"))
    for reason in verification.reasons:
        if f"reason.{reason}" in say.sentences:
            yield Row(say("row.note"), say(f"reason.{reason}"))


def _record_rows(record: Record, dispute: Dispute | None, say: Words) -> Iterator[Row]:
    yield Row(say("row.standing"), say(f"standing.{record.standing.name}"))
    if dispute is not None:
        why = say(f"dispute.{dispute.reason.name}")
        yield Row(say("row.dispute"), say("dispute", why=why, when=when(dispute.opened_at)))
    yield Row(say("row.uploader"), str(record.uploader), is_code=True)
    yield Row(say("row.when"), when(record.registered_at))
    yield Row(say("row.levels"), _levels(record.levels, say))
    yield from _others_rows(record, say)
    yield Row(say("row.block"), say("block", block=record.block))
    yield Row(say("row.tx"), "0x" + record.tx.hex(), is_code=True, is_detail=True)
    if record.cid is None:
        yield Row(say("row.cid"), say("cid.private"), is_detail=True)
    else:
        yield Row(say("row.cid"), str(record.cid), is_code=True, is_detail=True)


def _others_rows(record: Record, say: Words) -> Iterator[Row]:
    """Tell whose other words stand behind the record, and what it is linked to."""
    for word in record.attestations:
        who = say(f"attested.{word.level.name}", attester=word.attester, when=when(word.attested_at))
        yield Row(say("row.attested"), who)
    if len(record.gates) > 1:
        yield Row(say("row.gates"), say("gates", gates=len(record.gates), operators=len(record.operators)))
    for gate in record.gates:
        if gate.is_suspect:
            yield Row(say("row.suspect_gate"), str(gate.gate), is_code=True)
    if record.superseded_by is not None:
        yield Row(say("row.superseded_by"), record.superseded_by.hex, is_code=True)
    for parent in record.derived_from:
        yield Row(say("row.derived_from"), parent.hex, is_code=True)


def _distance(match: Match, say: Words) -> str:
    turned = say(f"transform.{match.transform.value}")
    bits = 8 * HASH_LENGTH_BYTES.get(match.alg, HASH_LENGTH_BYTES[PDQ256])
    if match.distance_bits == 0:
        return say("distance.0", bits=bits, turned=turned)
    return say("distance.n", distance=match.distance_bits, bits=bits, radius=HASH_RADIUS_BITS, turned=turned)


def _levels(levels: Level, say: Words) -> str:
    return "; ".join(say(f"level.{word}") for word in levels.words) or say("level.none")


def _conduct(reputation: Reputation, say: Words) -> str:
    disputes, strikes = reputation.open_disputes, reputation.strikes
    day = (_EPOCH + timedelta(days=reputation.last_fraud_day)).date().isoformat()
    return say(
        "reputation",
        score=f"{reputation.score_bps / 100:.0f}",
        evidence=say(
            f"evidence.{'n' if reputation.evidence else 0}", count=f"{reputation.evidence / EVIDENCE_UNIT:.1f}"
        ),
        disputes=say(f"disputes.{disputes if disputes < 2 else 'n'}", count=disputes),
        strikes=say(f"strikes.{strikes if strikes < 2 else 'n'}", count=strikes, day=day),
    )


def when(unix_s: int) -> str:
    """Return an instant as people read it."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
