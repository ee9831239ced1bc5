"""Answers in words, for people at a terminal."""

from __future__ import annotations

import datetime

from registry.model import (
    BAND_WORDS,
    Check,
    Decision,
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


def verification_lines(verification: Verification, reputation: Reputation | None) -> list[str]:
    """Return a verification in words."""
    lines = [_RESULTS[verification.result]]
    if verification.record is not None:
        lines += record_lines(verification.record)
    if reputation is not None:
        lines.append(f"  uploader's reputation: {reputation_line(reputation)}")
    lines += [f"  match: {match_line(match)}" for match in verification.matches]
    lines += [f"  note: {reason.replace('_', ' ')}" for reason in verification.reasons]
    if verification.ledger == "embedded":
        lines.append("  ledger: embedded (its operator's word)")
    return lines


def record_lines(record: Record) -> list[str]:
    """Return a record in words."""
    when = datetime.datetime.fromtimestamp(record.registered_at, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return [
        f"  record {record.digest}, {record.standing.name}",
        f"  registered {when} by {record.uploader}, levels {' '.join(record.levels.words) or 'none'}",
        f"  block {record.block}, transaction 0x{record.tx.hex()}",
        f"  content {record.cid or 'private'}",
    ]


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


def check_lines(check: Check, reputation: Reputation | None) -> list[str]:
    """Return a check in words."""
    lines = [
        f"{_DECISIONS[check.decision]} (basis: {check.basis})",
        *verification_lines(check.verification, reputation),
    ]
    return [*lines, *verdict_lines(check.verdict)] if check.verdict else lines
