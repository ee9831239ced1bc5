"""Answers in words, for people at a terminal."""

from __future__ import annotations

import datetime

from api.cli.credentials_words import credentials_lines
from registry.model import (
    BAND_WORDS,
    Check,
    Decision,
    Dispute,
    Level,
    Match,
    Outcome,
    Prediction,
    Record,
    Reputation,
    Verdict,
    Verification,
    VerificationResult,
    band_of,
)
from registry.model.trust import ledger_line
from registry.verify import GATE_KEY_COMPROMISED, SINGLE_OPERATOR_QUORUM, SUPERSEDED

_RESULTS = {
    VerificationResult.EXACT: "EXACT: these very bytes are registered",
    VerificationResult.SIMILAR: "SIMILAR: something near is registered",
    VerificationResult.UNKNOWN: "UNKNOWN: no record; that says nothing about the file",
}
_OUTCOMES = {
    Outcome.ACCEPTED: "ACCEPTED: screened and not flagged",
    Outcome.REJECTED: "REJECTED: flagged by the gate",
    Outcome.INCONCLUSIVE: "INCONCLUSIVE: a person decides",
}
_DECISIONS = {
    Decision.ALLOW: "allow: nothing speaks against publishing",
    Decision.REVIEW: "review: a person should look first",
    Decision.BLOCK: "block: do not publish",
}


_NOTES = {
    GATE_KEY_COMPROMISED: "the key of a gate that let it in was in other hands by then: its verdict is worth nothing",
    SINGLE_OPERATOR_QUORUM: "all the gates that let it in are one operator's: no second opinion",
    SUPERSEDED: "its uploader names a later record in its place",
}


def verification_lines(verification: Verification, reputation: Reputation | None, dispute: Dispute | None) -> list[str]:
    """Return a verification in words."""
    lines = [_RESULTS[verification.result]]
    if verification.record is not None:
        lines += record_lines(verification.record, dispute)
    if reputation is not None:
        lines.append(f"  uploader's reputation: {reputation_line(reputation)}")
    lines += [f"  match: {match_line(match)}" for match in verification.matches]
    lines += [f"  note: {_NOTES.get(reason) or reason.replace('_', ' ')}" for reason in verification.reasons]
    return [*lines, f"  {ledger_line(verification.ledger)}", *credentials_lines(verification.credentials)]


def record_lines(record: Record, dispute: Dispute | None) -> list[str]:
    """Return a record in words, with its open challenge and what others say of it."""
    lines = [
        f"  record {record.digest}, {record.standing.name}",
        f"  registered {when(record.registered_at)} by {record.uploader}, "
        f"levels {' '.join(record.standing_levels.words) or 'none'}",
        f"  block {record.block}, transaction 0x{record.tx.hex()}",
        f"  content {record.cid or 'private'}",
    ]
    if dispute is not None:
        why = dispute.reason.word.replace("-", " ")
        lines.append(f"  disputed {when(dispute.opened_at)} by {dispute.challenger}: {why}")
    if len(record.gates) > 1:
        lines.append(f"  {len(record.gates)} gates of {len(record.operators)} operators let it in")
    lines += [f"  gate {gate.gate} is suspect" for gate in record.gates if gate.is_suspect]
    for word in record.attestations:
        whose = "a reviewer" if word.level is Level.REVIEWER else "a third party"
        lines.append(f"  attested {when(word.attested_at)} by {word.attester}, {whose}")
    if record.superseded_by is not None:
        lines.append(f"  superseded by {record.superseded_by}")
    lines += [f"  derived from {parent}" for parent in record.derived_from]
    return lines


def when(unix_s: int) -> str:
    """Return a moment in words, in UTC."""
    return datetime.datetime.fromtimestamp(unix_s, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def match_line(match: Match) -> str:
    """Return a match in words."""
    turned = "" if match.transform.value == "identity" else f", {match.transform.value.replace('_', ' ')}"
    return f"{match.distance_bits} of 256 bits differ from {match.digest} ({match.alg}{turned})"


def reputation_line(reputation: Reputation) -> str:
    """Return a whole reputation in words; never the score alone."""
    fraud = f", last fraud day {reputation.last_fraud_day}" if reputation.last_fraud_day else ""
    return (
        f"score {reputation.score_bps / 100:.0f} of 100 on {reputation.evidence / 1_000_000:g} outcomes, "
        f"{reputation.open_disputes} open disputes, {reputation.strikes} strikes{fraud}"
    )


def verdict_lines(verdict: Verdict) -> list[str]:
    """Return a verdict in words."""
    lines = [_OUTCOMES[verdict.outcome]]
    screening, thresholds = verdict.screening, verdict.thresholds
    if isinstance(screening, Prediction):
        probability = screening.fake_probability
        lines += [
            f"  probability manipulated {probability:.3f} ({BAND_WORDS[band_of(probability)]})",
            f"  review from {thresholds.review_at:.3f}, refusal from {thresholds.reject_at:.3f}",
            f"  model {screening.model_id}",
        ]
        lines.append(f"  {len(screening.frames)} frames judged, {screening.coverage:.0%} of the file covered")
    else:
        lines.append(f"  not judged: {screening.reason.replace('_', ' ')} ({screening.detail})")
    if verdict.reasons:
        lines.append(f"  reasons: {', '.join(verdict.reasons)}")
    return lines


def check_lines(check: Check, reputation: Reputation | None, dispute: Dispute | None) -> list[str]:
    """Return a check in words."""
    lines = [
        f"{_DECISIONS[check.decision]} (basis: {check.basis})",
        *verification_lines(check.verification, reputation, dispute),
    ]
    return [*lines, *verdict_lines(check.verdict)] if check.verdict else lines
