"""What a rejection receipt, or evidence against a gate, is worth, as JSON and in words."""

from __future__ import annotations

from typing import Any

from api.cli.output import wire
from api.cli.proof_words import RESULTS, trust_line, when
from api.schemas.proofs import FindingOut, TrustOut
from registry.model.trust import ledger_line
from registry.receipt import Finding, ReceiptVerification, SignerList, TrustSource
from registry.rejection import Conviction, Judgement, RejectionReceipt


def rejection_document(
    receipt: RejectionReceipt,
    found: ReceiptVerification,
    media: Finding | None,
    signers: SignerList | None,
    source: TrustSource,
) -> dict[str, Any]:
    """Return the verification of a rejection receipt in its public JSON form."""
    return {
        "digest": receipt.digest.hex,
        "rejected": True,
        "uploader": str(receipt.rejection.uploader),
        "epoch": receipt.epoch,
        "reasons": list(receipt.rejection.reasons),
        "ledger": receipt.ledger_kind,
        "signatures": wire(FindingOut.of(found.signatures)),
        "inclusion": wire(FindingOut.of(found.inclusion)),
        "standing": wire(FindingOut.of(found.standing)),
        "media": wire(FindingOut.of(media)) if media else None,
        "trust": wire(TrustOut.of(signers, source)),
    }


def rejection_lines(
    receipt: RejectionReceipt,
    found: ReceiptVerification,
    media: Finding | None,
    signers: SignerList | None,
    source: TrustSource,
) -> list[str]:
    """Return the verification of a rejection receipt in words."""
    said = receipt.rejection
    results = [
        ("signatures", found.signatures),
        ("inclusion", found.inclusion),
        ("standing", found.standing),
        *([("file", media)] if media else []),
    ]
    return [
        ", ".join(f"{name} {RESULTS[finding.result]}" for name, finding in results),
        f"  rejection of {receipt.digest}, {when(said.rejected_at)}, for {said.uploader}: {', '.join(said.reasons)}",
        *(f"  {name}: {reason.message}" for name, finding in results for reason in finding.reasons),
        trust_line(signers, source),
        f"  {ledger_line(receipt.ledger_kind)}",
    ]


def judgement_document(
    conviction: Conviction, found: Judgement, signers: SignerList | None, source: TrustSource
) -> dict[str, Any]:
    """Return what evidence against a gate is worth in its public JSON form."""
    return {
        "epoch": conviction.epoch,
        "leaf": "0x" + conviction.leaf.hex(),
        "ledger": conviction.ledger_kind,
        "convicted": [str(gate) for gate in found.guilty],
        "promise": wire(FindingOut.of(found.promise)),
        "omission": wire(FindingOut.of(found.omission)),
        "closing": wire(FindingOut.of(found.closing)),
        "trust": wire(TrustOut.of(signers, source)),
    }


def judgement_lines(
    conviction: Conviction, found: Judgement, signers: SignerList | None, source: TrustSource
) -> list[str]:
    """Return what evidence against a gate is worth in words."""
    results = (("promise", found.promise), ("omission", found.omission), ("closing", found.closing))
    head = f"convicts {', '.join(map(str, found.guilty))}" if found.guilty else "convicts nobody"
    return [
        f"{head}: " + ", ".join(f"{name} {RESULTS[finding.result]}" for name, finding in results),
        f"  leaf 0x{conviction.leaf.hex()}, promised {when(conviction.rejected_at)} for epoch {conviction.epoch}",
        f"  {len(conviction.leaves)} leaves under 0x{conviction.root.hex()}",
        *(f"  {name}: {reason.message}" for name, finding in results for reason in finding.reasons),
        trust_line(signers, source),
        f"  {ledger_line(conviction.ledger_kind)}",
    ]
