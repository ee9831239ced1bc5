"""Whether those signed a receipt who may: its recorder, a quorum of gates in office, and its uploader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from registry import eip712
from registry.errors import SignatureError
from registry.model import Address, GateVerdict, SignedIntent
from registry.receipt.agreement import disagreements
from registry.receipt.canonical import first_difference
from registry.receipt.fields import changed_fields
from registry.receipt.findings import Finding, Reason, remark, unchecked, wrong
from registry.receipt.issuing import SEAL, seal_hash, unnamed
from registry.receipt.signers import SignerList
from registry.receipt.values import Receipt

AskWallet = Callable[[Address, bytes, bytes], bool]
"""Asks a contract's wallet whether a signature over a hash is its own (EIP-1271)."""


def judge_signatures(receipt: Receipt, signers: SignerList | None, ask_wallet: AskWallet | None) -> Finding:
    """Return what the receipt's signatures are worth, and whether its parts agree.

    Args:
        receipt: well formed.
        signers: whom the verifier trusts for some installation; absent where it trusts nobody.
        ask_wallet: absent where no ledger can be asked.

    Raises:
        LedgerError: the wallet cannot be asked.
    """
    reasons = [*judge_form(receipt.raw, receipt.document, receipt.fields), *disagreements(receipt)]
    known = signers
    if signers is None:
        reasons.append(unchecked("no_signers", None, "no list of signers is pinned for this installation"))
    elif signers.domain != receipt.domain:
        reasons.append(_foreign(receipt.domain, signers.domain))
        known = None
    reasons += _recorder(receipt, known)
    reasons += _gates(receipt, known)
    reasons += _uploader(receipt, known, ask_wallet)
    return Finding.of(reasons)


def judge_form(raw: bytes, document: Mapping[str, Any], fields: Mapping[str, str] | None) -> Iterator[Reason]:
    """Yield which fields were changed, and whether the bytes are the one canonical form of what they say.

    Args:
        raw: as it came.
        document: what that says.
        fields: its fingerprints; absent in receipts made before there were any.
    """
    for field in changed_fields(unnamed(document), fields) if fields is not None else ():
        yield wrong("field_changed", field, f"{field}: this is not the value that was issued")
    different = first_difference(raw, document)
    if different is not None:
        text = f"{different}: expected the canonical form (RFC 8785) from here on, got another way of writing it"
        yield wrong("not_canonical", different, text)


def judge_gate(message: eip712.TypedData, signature: bytes, gate: Address, *, over: str, field: str) -> Reason | None:
    """Say why a signature is not this gate's over a message, of which ``over`` tells people; nothing where it is."""
    try:
        signer = eip712.recover(message, signature)
    except SignatureError as exc:
        return wrong("gate_signature_invalid", field, f"{field}: {exc}")
    if signer == gate:
        return None
    return wrong(
        "gate_signature_invalid", field, f"{field}: expected the signature of {gate} over {over}, got another one"
    )


def _foreign(claimed: eip712.Domain, trusted: eip712.Domain) -> Reason:
    for field in ("instance_id", "chain_id", "contract"):
        if getattr(claimed, field) != getattr(trusted, field):
            break
    text = f"ledger.{field}: the receipt is of another installation than the list of signers"
    return unchecked("other_signers", f"ledger.{field}", text)


def _recorder(receipt: Receipt, signers: SignerList | None) -> Iterator[Reason]:
    message = eip712.seal_message(receipt.domain, seal_hash(receipt.document))
    try:
        recorder = eip712.recover(message, receipt.seal)
    except SignatureError as exc:
        yield wrong("seal_invalid", SEAL, f"{SEAL}: {exc}")
        return
    if signers is None:
        yield unchecked("recorder_unknown", SEAL, f"{SEAL}: whether {recorder} may seal receipts is not known here")
    elif recorder not in signers.recorders:
        expected = " or ".join(map(str, signers.recorders)) or "nobody"
        yield wrong(
            "seal_invalid", SEAL, f"{SEAL}: expected the seal of {expected} over this receipt, got {recorder}'s"
        )


def _gates(receipt: Receipt, signers: SignerList | None) -> Iterator[Reason]:
    counted: set[Address] = set()
    for index, verdict in enumerate(receipt.verdicts):
        place = f"opinions[{index}]"
        problem = _verdict_problem(receipt, verdict, place)
        if problem is None and verdict.gate in counted:
            problem = wrong("gate_twice", f"{place}.gate", f"{place}.gate: {verdict.gate} has signed already")
        if problem is None and signers is not None:
            problem = _term_problem(receipt, verdict, place, signers)
        if problem is None:
            counted.add(verdict.gate)
        else:
            yield problem
    if signers is None:
        yield unchecked("gates_unknown", "opinions", "opinions: which gates were in office is not known here")
        return
    first = min((verdict.opinion.issued_at for verdict in receipt.verdicts), default=receipt.admission.deadline)
    needed = signers.threshold_between(first, max(receipt.admission.deadline, receipt.record.registered_at))
    if len(counted) < needed:
        text = f"opinions: expected verdicts of {needed} gates in office, got {len(counted)}"
        yield wrong("quorum_not_met", "opinions", text)
    operators = {term.run_by for gate in counted if (term := signers.term_of(gate))}
    if len(counted) > 1 and len(operators) == 1:
        text = f"opinions: all {len(counted)} gates are run by {operators.pop()}: no second opinion"
        yield remark("single_operator_quorum", "opinions", text)


def _verdict_problem(receipt: Receipt, verdict: GateVerdict, place: str) -> Reason | None:
    message = eip712.verdict_message(receipt.domain, receipt.admission, verdict.opinion)
    return judge_gate(
        message, verdict.signature, verdict.gate, over="admission and opinion", field=f"{place}.signature"
    )


def _term_problem(receipt: Receipt, verdict: GateVerdict, place: str, signers: SignerList) -> Reason | None:
    """Say why a gate's verdict does not count.

    The contract counts a verdict if the gate is in office at the block that takes it in, so a term must have begun by
    then. It must not have ended when the verdict was signed, nor at that block; likewise with a stolen key.
    """
    field = f"{place}.gate"
    term = signers.term_of(verdict.gate)
    if term is None:
        return wrong("no_gate", field, f"{field}: {verdict.gate} was never a gate of this installation")
    signed_at, registered_at = verdict.opinion.issued_at, receipt.record.registered_at
    latest = max(signed_at, registered_at)
    if registered_at < term.valid_from or (term.valid_until is not None and latest >= term.valid_until):
        until = "on" if term.valid_until is None else f"to {term.valid_until}"
        text = f"{field}: {verdict.gate} is in office from {term.valid_from} {until}, and signed at {signed_at}"
        return wrong("gate_out_of_term", field, f"{text} for {registered_at}")
    if 0 < term.compromised_since <= latest:
        text = f"{field}: the key of {verdict.gate} was in other hands from {term.compromised_since}"
        return wrong("gate_key_compromised", field, f"{text}, and signed at {signed_at} for {registered_at}")
    return None


def _uploader(receipt: Receipt, signers: SignerList | None, ask_wallet: AskWallet | None) -> Iterator[Reason]:
    signed = receipt.intent
    if signed is None:
        if signers is not None and receipt.admission.uploader not in signers.recorders:
            text = f"intent: expected one of {receipt.admission.uploader}: only the operator registers without"
            yield wrong("intent_missing", "intent", text)
        return
    yield from judge_intent(receipt.domain, signed, ask_wallet)


def judge_intent(domain: eip712.Domain, signed: SignedIntent, ask_wallet: AskWallet | None) -> Iterator[Reason]:
    """Yield what an intent's signature is worth; nothing where it is its uploader's own key's."""
    field = "intent.signature"
    message = eip712.intent_message(domain, signed.intent)
    try:
        if eip712.recover(message, signed.signature) == signed.intent.uploader:
            return
        text = f"{field}: expected the signature of {signed.intent.uploader} over the intent, got another one"
    except SignatureError as exc:
        text = f"{field}: {exc}"
    if ask_wallet is None:
        advice = "it may be of a wallet that is a contract (EIP-1271), which only the ledger can tell"
        yield unchecked("wallet_not_asked", field, f"{text}; {advice}")
    elif ask_wallet(signed.intent.uploader, eip712.signing_hash(message), signed.signature):
        yield remark("wallet_signature", field, f"{field}: the uploader's wallet, a contract, calls it its own now")
    else:
        yield wrong("intent_signature_invalid", field, text)
