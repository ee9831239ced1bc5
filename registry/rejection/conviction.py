"""Conviction: a gate promised that a rejection would stand in its epoch, and the epoch closed without it.

The evidence, ``touchstone-conviction/1``, has the gate's own signature over leaf and epoch, the root under which the
epoch closed with the signatures of the gates that closed it, and all leaves under that root. It says nothing of the
file. Whoever has the installation's list of signers can judge it offline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry import eip712
from registry.documents import Document, hex_of
from registry.errors import ConvictionError, LedgerUnavailableError, ReceiptError, SignatureError
from registry.merkle import MerkleTree
from registry.model import (
    DAY_S,
    Address,
    ClosedEpoch,
    EpochClose,
    GateSignature,
    LedgerInfo,
    LedgerKind,
    SignedEpochClose,
    Tally,
)
from registry.ports import Ledger
from registry.receipt.canonical import canonical, first_difference, read_json
from registry.receipt.findings import Finding, Reason, Result, unchecked, wrong
from registry.receipt.signers import SignerList
from registry.receipt.strict import Reader
from registry.receipt.verifying import ELSEWHERE, OFFLINE
from registry.rejection.documents import gates_document, ledger_document, place_document
from registry.rejection.reading import MAX_EPOCH, MAX_LIST_BYTES, format_of, read_gates, read_leaves, read_ledger
from registry.rejection.values import EpochList, RejectionReceipt
from registry.rejection.verifying import judge_promises, promise_problem, term_problem

CONVICTION_FORMAT = "touchstone-conviction/1"


@dataclass(frozen=True, slots=True)
class Conviction:
    """What the evidence says, well formed and not yet believed.

    Attributes:
        promises: of the gates, over leaf and epoch.
        root: 32 bytes, under which the epoch closed.
        close: what the gates signed when it closed; absent where the transaction did not tell it.
        leaves: all under that root, 32 bytes each, ascending.
    """

    domain: eip712.Domain
    ledger_kind: LedgerKind
    leaf: bytes
    epoch: int
    rejected_at: int
    promises: tuple[GateSignature, ...]
    root: bytes
    close: SignedEpochClose | None
    leaves: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the evidence is worth.

    Attributes:
        promise: whether gates of this installation promised.
        omission: whether the leaves make the root, and the promised one is not among them.
        closing: whether the epoch closed under that root.
        guilty: the gates that it convicts: who promised, and whose operator closed the epoch.
    """

    promise: Finding
    omission: Finding
    closing: Finding
    guilty: tuple[Address, ...]


def convict(
    receipt: RejectionReceipt,
    listed: EpochList,
    *,
    info: LedgerInfo,
    closed: ClosedEpoch | None,
    signed: SignedEpochClose | None,
) -> bytes:
    """Return the evidence against the gates that signed a rejection and left it out.

    Args:
        receipt: the uploader's.
        listed: the leaves of its epoch.
        info: the ledger that closed the epoch.
        closed: the epoch as it closed there.
        signed: by whom, if the transaction tells it.

    Raises:
        ConvictionError: nothing convicts.
    """
    said = receipt.rejection
    if eip712.Domain.of(info) != receipt.domain:
        raise ConvictionError("the rejection is of another installation than the ledger at hand")
    if closed is None:
        raise ConvictionError(f"epoch {receipt.epoch} has not closed on the ledger: nothing is broken yet")
    if listed.epoch != receipt.epoch or MerkleTree(listed.leaves).root != closed.root:
        raise ConvictionError(f"the list does not make the root 0x{closed.root.hex()} of epoch {receipt.epoch}")
    if said.leaf in listed.leaves:
        raise ConvictionError(f"leaf 0x{said.leaf.hex()} stands in epoch {receipt.epoch}: the gate kept its promise")
    promises = tuple(each for each in said.signatures if _holds(receipt, each))
    if not promises:
        raise ConvictionError("no gate signed this leaf for this epoch")
    body: Document = {
        "format": CONVICTION_FORMAT,
        "ledger": ledger_document(info),
        "leaf": hex_of(said.leaf),
        "epoch": receipt.epoch,
        "rejected_at": said.rejected_at,
        "gates": gates_document(promises),
        "closing": {
            "root": hex_of(closed.root),
            **place_document(closed.inclusion),
            "signed": _signed_document(signed) if signed else None,
        },
        "leaves": [hex_of(leaf) for leaf in listed.leaves],
    }
    return canonical(body)


def is_conviction(raw: bytes) -> bool:
    """Return whether bytes say of themselves that they are evidence against a gate."""
    return format_of(raw) == CONVICTION_FORMAT


def read_conviction(raw: bytes) -> Conviction:
    """Return what evidence says.

    Raises:
        ReceiptError: none, or not in canonical form.
    """
    document = read_json(raw, most=MAX_LIST_BYTES)
    parts = Reader(document).members("closing", "epoch", "format", "gates", "leaf", "leaves", "ledger", "rejected_at")
    parts["format"].word({CONVICTION_FORMAT: None})
    domain, kind = read_ledger(parts["ledger"])
    closing = parts["closing"].members("block_hash", "block_number", "log_index", "root", "signed", "tx")
    for name, length in (("block_hash", 32), ("tx", 32)):
        closing[name].hexadecimal(length)
    for name in ("block_number", "log_index"):
        closing[name].integer()
    if (different := first_difference(raw, document)) is not None:
        raise ReceiptError(different, expected="the canonical form (RFC 8785)", got="another way of writing it")
    epoch, root = parts["epoch"].integer(MAX_EPOCH), closing["root"].hexadecimal(32)
    return Conviction(
        domain=domain,
        ledger_kind=kind,
        leaf=parts["leaf"].hexadecimal(32),
        epoch=epoch,
        rejected_at=parts["rejected_at"].integer(),
        promises=read_gates(parts["gates"]),
        root=root,
        close=closing["signed"].optional(lambda reader: _read_signed(reader, epoch, root)),
        leaves=read_leaves(parts["leaves"]),
    )


def judge(
    conviction: Conviction, *, signers: SignerList | None, ledger: Ledger | None, without: Reason = OFFLINE
) -> Judgement:
    """Return what evidence is worth.

    Args:
        conviction: well formed.
        signers: whom the verifier trusts; absent where it trusts nobody.
        ledger: to be asked how the epoch closed; absent where none can be.
        without: why it is absent.

    Raises:
        LedgerError: the ledger gave an answer that cannot be right.
    """
    known = signers if signers is not None and signers.domain == conviction.domain else None
    promise = Finding.of(_promises(conviction, known))
    omission = Finding.of(_omission(conviction))
    closing = Finding.of(_closing(conviction, known, ledger, without))
    if known is None or any(finding.result is not Result.VALID for finding in (promise, omission, closing)):
        return Judgement(promise, omission, closing, ())
    guilty = tuple(_guilty(conviction, known))
    if not guilty:
        text = (
            "closing: none of those who promised is known to have closed the epoch: another operator's gates may have"
        )
        closing = Finding.of([*closing.reasons, unchecked("closed_by_others", "closing.signed", text)])
    return Judgement(promise, omission, closing, guilty)


def _guilty(conviction: Conviction, signers: SignerList) -> Iterator[Address]:
    """Yield the gates that promised and whose operator closed the epoch; another's closing is not their doing.

    Where it is not known who closed it, that is certain only if all gates are one operator's.
    """
    closers = set()
    for each in conviction.close.signatures if conviction.close else ():
        term = signers.term_of(each.gate)
        if term is not None and _closed_by(conviction, each):
            closers.add(term.run_by)
    operators = {term.run_by for term in signers.gates}
    for each in conviction.promises:
        term = signers.term_of(each.gate)
        if term is not None and (term.run_by in closers or len(operators) == 1):
            yield each.gate


def _closed_by(conviction: Conviction, signed: GateSignature) -> bool:
    if conviction.close is None:
        return False
    try:
        gate = eip712.recover(eip712.epoch_message(conviction.domain, conviction.close.close), signed.signature)
    except SignatureError:
        return False
    return gate == signed.gate


def _holds(receipt: RejectionReceipt, signed: GateSignature) -> bool:
    said = receipt.rejection
    problem = promise_problem(
        receipt.domain, signed, leaf=said.leaf, epoch=receipt.epoch, rejected_at=said.rejected_at, field="gates"
    )
    return problem is None


def _promises(conviction: Conviction, signers: SignerList | None) -> Iterator[Reason]:
    if signers is None:
        yield unchecked("no_signers", None, "no list of signers is pinned for this installation")
    if conviction.rejected_at // DAY_S != conviction.epoch:
        text = f"epoch: expected the day of {conviction.rejected_at}, got {conviction.epoch}"
        yield wrong("other_epoch", "epoch", text)
    yield from judge_promises(
        conviction.domain,
        conviction.promises,
        signers,
        leaf=conviction.leaf,
        epoch=conviction.epoch,
        rejected_at=conviction.rejected_at,
    )


def _omission(conviction: Conviction) -> Iterator[Reason]:
    if conviction.leaf in conviction.leaves:
        yield wrong("leaf_listed", "leaves", "leaves: the promised leaf is among them")
    root = MerkleTree(conviction.leaves).root
    if root != conviction.root:
        text = f"leaves: expected the root 0x{conviction.root.hex()} of them, got 0x{root.hex()}"
        yield wrong("other_root", "leaves", text)


def _closing(
    conviction: Conviction, signers: SignerList | None, ledger: Ledger | None, without: Reason
) -> Iterator[Reason]:
    """Yield why the root may not be the epoch's: the ledger tells, and without it, those who signed the closing."""
    if ledger is not None and eip712.Domain.of(ledger.info) == conviction.domain:
        try:
            closed = ledger.closed_epoch(conviction.epoch)
        except LedgerUnavailableError as exc:
            without = unchecked("ledger_unavailable", None, f"the ledger does not answer: {exc}")
        else:
            if closed is None or closed.root != conviction.root:
                there = f"0x{closed.root.hex()}" if closed else "no root"
                yield wrong("not_on_ledger", "closing.root", f"closing.root: the ledger has {there} for this epoch")
            return
    elif ledger is not None:
        without = ELSEWHERE
    if signers is None or conviction.close is None:
        yield without
        return
    yield from _closers(conviction, conviction.close, signers)


def _closers(conviction: Conviction, signed: SignedEpochClose, signers: SignerList) -> Iterator[Reason]:
    message = eip712.epoch_message(conviction.domain, signed.close)
    ended, deadline = (conviction.epoch + 1) * DAY_S, signed.close.deadline
    counted: set[Address] = set()
    for index, each in enumerate(signed.signatures):
        field = f"closing.signed.gates[{index}]"
        try:
            gate = eip712.recover(message, each.signature)
        except SignatureError as exc:
            yield wrong("closing_signature_invalid", field, f"{field}: {exc}")
            continue
        problems = [term_problem(signers, gate, moment, field) for moment in (ended, deadline)]
        if gate != each.gate:
            text = f"{field}: expected the signature of {each.gate} over the closing, got another one"
            yield wrong("closing_signature_invalid", field, text)
        elif None in problems:
            counted.add(gate)
    needed = signers.threshold_between(ended, deadline)
    if len(counted) < needed:
        text = f"closing: expected {needed} gates in office to have signed, got {len(counted)}: ask the ledger"
        yield unchecked("quorum_not_seen", "closing.signed", text)


def _signed_document(signed: SignedEpochClose) -> Document:
    close = signed.close
    return {
        "tallies": [{"uploader": str(tally.uploader), "count": tally.count} for tally in close.tallies],
        "deadline": close.deadline,
        "gates": gates_document(signed.signatures),
    }


def _read_signed(reader: Reader, epoch: int, root: bytes) -> SignedEpochClose:
    parts = reader.members("deadline", "gates", "tallies")
    rows = [each.members("count", "uploader") for each in parts["tallies"].elements()]
    tallies = tuple(Tally(row["uploader"].address(), row["count"].integer(MAX_EPOCH)) for row in rows)
    close = EpochClose(epoch, root, tallies, parts["deadline"].integer())
    return SignedEpochClose(close, read_gates(parts["gates"]))
