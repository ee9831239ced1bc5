"""What a receipt is worth, and who is trusted for that, in words."""

from __future__ import annotations

import datetime
from typing import Any

from registry.model.trust import ledger_line
from registry.receipt import Finding, Receipt, ReceiptVerification, Result, SignerList, TrustSource

RESULTS = {Result.VALID: "valid", Result.INVALID: "INVALID", Result.NOT_CHECKED: "not checked"}
_SOURCES: dict[TrustSource, str] = {
    "given": "the list given",
    "pinned": "the pinned list",
    "own_ledger": "this installation's own ledger, which vouches for its own gates: no list is pinned",
    "migration": "the migration of this installation's ledger, which names those of before: no list is pinned",
    "none": "nobody: `touchstone trust add` pins a list of signers",
}


def verification_lines(
    receipt: Receipt, found: ReceiptVerification, media: Finding | None, signers: SignerList | None, source: TrustSource
) -> list[str]:
    """Return a verification in words: a headline, then what each result stands on."""
    stands = f" ({found.stands.name})" if found.stands else ""
    results = [
        ("signatures", found.signatures, ""),
        ("inclusion", found.inclusion, ""),
        ("standing", found.standing, stands),
        *([("file", media, "")] if media else []),
    ]
    head = ", ".join(f"{name} {RESULTS[finding.result]}{more}" for name, finding, more in results)
    return [
        head,
        f"  of {receipt.record.digest}, registered {when(receipt.record.registered_at)} by {receipt.record.uploader}",
        *(f"  {name}: {reason.message}" for name, finding, _ in results for reason in finding.reasons),
        trust_line(signers, source),
        f"  {ledger_line(receipt.ledger_kind)}",
    ]


def trust_line(signers: SignerList | None, source: TrustSource) -> str:
    """Return who was trusted in words."""
    version = f" (version {signers.version}, admin {signers.admin})" if signers and source != "own_ledger" else ""
    return f"  trusted: {_SOURCES[source]}{version}"


def signers_document(signers: SignerList) -> dict[str, Any]:
    """Return a list of signers in short."""
    return {
        "instance_id": "0x" + signers.domain.instance_id.hex(),
        "chain_id": signers.domain.chain_id,
        "contract": str(signers.domain.contract),
        "version": signers.version,
        "issued_at": signers.issued_at,
        "admin": str(signers.admin),
        "threshold": signers.thresholds[-1].gates,
        "gates": [str(term.gate) for term in signers.gates],
        "recorders": [str(recorder) for recorder in signers.recorders],
    }


def signers_lines(signers: SignerList) -> list[str]:
    """Return a list of signers in words."""
    domain = signers.domain
    lines = [
        f"signers of installation 0x{domain.instance_id.hex()}",
        f"  contract {domain.contract} on chain {domain.chain_id}",
        f"  version {signers.version} of {when(signers.issued_at)}, signed by the admin {signers.admin}",
        f"  {signers.thresholds[-1].gates} of these gates must sign:",
    ]
    for term in signers.gates:
        until = f" until {when(term.valid_until)}" if term.valid_until is not None else ""
        stolen = f", its key in other hands since {when(term.compromised_since)}" if term.compromised_since else ""
        lines.append(f"    {term.gate}, run by {term.run_by}, from {when(term.valid_from)}{until}{stolen}")
    return [*lines, *(f"  recorder {recorder}" for recorder in signers.recorders)]


def when(unix_s: int) -> str:
    """Return a moment in Unix seconds as people read it."""
    try:
        return datetime.datetime.fromtimestamp(unix_s, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):  # a year beyond 9999, which only a forged document has
        return f"at {unix_s}"
