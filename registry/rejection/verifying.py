"""What a rejection receipt is worth: signatures, inclusion and standing, each on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry import eip712
from registry.errors import LedgerUnavailableError
from registry.merkle import root_of
from registry.model import DAY_S, Address, ClosedEpoch, GateSignature, epoch_of
from registry.ports import Ledger
from registry.receipt.findings import Finding, Reason, ReceiptVerification, remark, unchecked, wrong
from registry.receipt.signatures import AskWallet, judge_form, judge_gate, judge_intent
from registry.receipt.signers import SignerList
from registry.receipt.verifying import ELSEWHERE, OFFLINE
from registry.rejection.details import detail_hash, intent_hash_of, leaf_of
from registry.rejection.values import RejectionReceipt

MAX_PATH = 32  # more than any epoch's tree is high


def verify_rejection(
    receipt: RejectionReceipt, *, signers: SignerList | None, ledger: Ledger | None, without: Reason = OFFLINE
) -> ReceiptVerification:
    """Return what a rejection receipt is worth; its `stands` is absent, since no record is.

    Args:
        receipt: well formed.
        signers: whom the verifier trusts; absent where it trusts nobody.
        ledger: to be asked; absent where none can be or may be.
        without: why it is absent.

    Raises:
        LedgerError: the ledger gave an answer that cannot be right.
    """
    if ledger is not None and eip712.Domain.of(ledger.info) == receipt.domain:
        try:
            closed = ledger.closed_epoch(receipt.rejection.epoch)
            return ReceiptVerification(
                signatures=Finding.of(_signatures(receipt, signers, ledger.wallet_accepts)),
                inclusion=Finding.of([*_by_path(receipt), *_by_ledger(receipt, closed, ledger)]),
                standing=Finding.of(_standing(receipt, closed, ledger)),
                stands=None,
            )
        except LedgerUnavailableError as exc:
            without = unchecked("ledger_unavailable", None, f"the ledger does not answer: {exc}")
    elif ledger is not None:
        without = ELSEWHERE
    return ReceiptVerification(
        signatures=Finding.of(_signatures(receipt, signers, None)),
        inclusion=Finding.of([*_by_path(receipt), without]),
        standing=Finding.of([without]),
        stands=None,
    )


def promise_problem(
    domain: eip712.Domain, signed: GateSignature, *, leaf: bytes, epoch: int, rejected_at: int, field: str
) -> Reason | None:
    """Say why a gate's signature is no promise that this leaf will stand in this epoch."""
    message = eip712.rejection_message(domain, leaf, epoch=epoch, rejected_at=rejected_at)
    return judge_gate(message, signed.signature, signed.gate, over="leaf and epoch", field=field)


def judge_promises(
    domain: eip712.Domain,
    promises: Sequence[GateSignature],
    signers: SignerList | None,
    *,
    leaf: bytes,
    epoch: int,
    rejected_at: int,
) -> Iterator[Reason]:
    """Yield which of the gates' signatures are no promise, or of a gate that was not in office then."""
    for index, signed in enumerate(promises):
        field = f"gates[{index}]"
        problem = promise_problem(
            domain, signed, leaf=leaf, epoch=epoch, rejected_at=rejected_at, field=f"{field}.signature"
        )
        if problem is None and signers is not None:
            closes_at = (epoch_of(rejected_at) + 1) * DAY_S
            problem = term_problem(signers, signed.gate, rejected_at, f"{field}.gate", begun_by=closes_at)
        if problem is not None:
            yield problem


def term_problem(
    signers: SignerList, gate: Address, at: int, field: str, *, begun_by: int | None = None
) -> Reason | None:
    """Say why a gate's word of a moment does not count.

    Args:
        signers: who were gates, and when.
        gate: whose word it is.
        at: Unix seconds at which it was given.
        field: that names it.
        begun_by: Unix seconds at which the term must have begun; absent where that is ``at``. A rejection counts once
            its day is over, and the time of the block that made the gate one may run ahead of the gate's own clock.
    """
    term = signers.term_of(gate)
    if term is None:
        return wrong("no_gate", field, f"{field}: {gate} was never a gate of this installation")
    begun_by = at if begun_by is None else begun_by
    if begun_by < term.valid_from or (term.valid_until is not None and at >= term.valid_until):
        return wrong("gate_out_of_term", field, f"{field}: {gate} was not in office at {at}")
    if 0 < term.compromised_since <= at:
        text = f"{field}: the key of {gate} was in other hands from {term.compromised_since}, and signed at {at}"
        return wrong("gate_key_compromised", field, text)
    return None


def _signatures(
    receipt: RejectionReceipt, signers: SignerList | None, ask_wallet: AskWallet | None
) -> Iterator[Reason]:
    yield from judge_form(receipt.raw, receipt.document, receipt.fields)
    yield from _commitments(receipt)
    known = signers if signers is not None and signers.domain == receipt.domain else None
    if known is None:
        code, what = ("no_signers", "no list") if signers is None else ("other_signers", "the list of another one")
        yield unchecked(code, None, f"{what} of signers is pinned for this installation")
    said = receipt.rejection
    yield from judge_promises(
        receipt.domain, said.signatures, known, leaf=said.leaf, epoch=receipt.epoch, rejected_at=said.rejected_at
    )
    yield from _wish(receipt, ask_wallet)


def _commitments(receipt: RejectionReceipt) -> Iterator[Reason]:
    """Yield where the leaf is not of what the receipt says."""
    said = receipt.rejection
    details = detail_hash(
        detail_salt=said.detail_salt,
        digest=receipt.digest,
        reasons=said.reasons,
        opinion=said.opinion,
        policy_id=said.policy_id,
        rejected_at=said.rejected_at,
    )
    leaf = leaf_of(receipt.domain, uploader=said.uploader, intent=receipt.intent, detail_hash=details, salt=said.salt)
    for name, expected, got in (
        ("epoch", said.epoch, receipt.epoch),
        ("detail_hash", details, said.detail_hash),
        ("intent_hash", intent_hash_of(receipt.intent), said.intent_hash),
        ("leaf", leaf, said.leaf),
    ):
        if expected != got:
            field = f"rejection.{name}"
            yield wrong("commitment_mismatch", field, f"{field}: expected {_told(expected)}, got {_told(got)}")


def _wish(receipt: RejectionReceipt, ask_wallet: AskWallet | None) -> Iterator[Reason]:
    signed, said = receipt.intent, receipt.rejection
    if signed is None:
        yield remark("own_name", "intent", "intent: none: the operator asked in its own name, so this never counts")
        return
    if (signed.intent.digest, signed.intent.uploader) != (receipt.digest, said.uploader):
        text = f"intent: expected one of {said.uploader} for {receipt.digest}, got another one"
        yield wrong("intent_mismatch", "intent", text)
    yield from judge_intent(receipt.domain, signed, ask_wallet)


def _by_path(receipt: RejectionReceipt) -> Iterator[Reason]:
    claimed = receipt.inclusion
    if claimed is None:
        text = f"inclusion: none yet: epoch {receipt.epoch} closes after its day; fetch the receipt again then"
        yield unchecked("epoch_open", "inclusion", text)
        return
    if claimed.epoch != receipt.epoch:
        text = f"inclusion.epoch: expected {receipt.epoch}, got {claimed.epoch}"
        yield wrong("other_epoch", "inclusion.epoch", text)
    if len(claimed.path) > MAX_PATH:
        text = f"inclusion.path: expected {MAX_PATH} nodes at most, got {len(claimed.path)}"
        yield wrong("path_too_long", "inclusion.path", text)
    elif (root := root_of(receipt.rejection.leaf, claimed.path)) != claimed.root:
        text = f"inclusion.path: expected a way to the root {_told(claimed.root)}, got one to {_told(root)}"
        yield wrong("path_mismatch", "inclusion.path", text)


def _by_ledger(receipt: RejectionReceipt, closed: ClosedEpoch | None, ledger: Ledger) -> Iterator[Reason]:
    claimed = receipt.inclusion
    if claimed is None:
        return
    if closed is None:
        yield wrong("epoch_not_closed", "inclusion", f"inclusion: the ledger has epoch {receipt.epoch} open")
        return
    place = closed.inclusion
    for name, there, got in (
        ("root", closed.root, claimed.root),
        ("tx", place.tx_hash, claimed.tx),
        ("block_number", place.block_number, claimed.block_number),
        ("block_hash", place.block_hash, claimed.block_hash),
        ("log_index", place.log_index, claimed.log_index),
    ):
        if there != got:
            field = f"inclusion.{name}"
            yield wrong("not_on_ledger", field, f"{field}: the ledger says {_told(there)}, the receipt {_told(got)}")
    if not ledger.is_final(place):
        yield unchecked("not_final", "inclusion", "inclusion: the block may still be undone: ask again later")


def _standing(receipt: RejectionReceipt, closed: ClosedEpoch | None, ledger: Ledger) -> Iterator[Reason]:
    """Yield a remark: whether the rejection weighs on its uploader's reputation."""
    uploader, epoch = receipt.rejection.uploader, receipt.epoch
    if closed is None:
        yield remark("epoch_open", None, f"epoch {epoch} is open: nothing counts yet")
        return
    if not any(tally.uploader == uploader for tally in closed.tallies):
        yield remark("not_counted", None, f"epoch {epoch} closed without counting any rejection of {uploader}")
    elif any((each.epoch, each.uploader) == (epoch, uploader) for each in ledger.tally_disputes()):
        yield remark("tally_disputed", None, f"the rejections of {uploader} in epoch {epoch} are disputed: none counts")
    else:
        yield remark("counted", None, f"epoch {epoch} counts rejections of {uploader}; see its reputation")


def _told(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
