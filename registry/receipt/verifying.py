"""`verify`: signatures, inclusion and standing of one receipt, each on its own."""

from __future__ import annotations

from registry.errors import LedgerError
from registry.model import Standing
from registry.ports import Ledger
from registry.ports.migration import MovedRecords
from registry.receipt import inclusion, signatures
from registry.receipt.findings import Finding, Reason, ReceiptVerification, Result, remark, unchecked, wrong
from registry.receipt.moved import judge_moved
from registry.receipt.signers import SignerList
from registry.receipt.values import Receipt

OFFLINE = unchecked("offline", None, "offline: the ledger was not asked")
ELSEWHERE = unchecked("other_ledger", "ledger", "ledger: the receipt is of another ledger than the one at hand")
NO_LEDGER = unchecked("no_ledger", None, "no ledger is set up here that could be asked")


def verify(
    receipt: Receipt,
    *,
    signers: SignerList | None,
    ledger: Ledger | None,
    without: Reason = OFFLINE,
    moved: MovedRecords | None = None,
) -> ReceiptVerification:
    """Return what a receipt is worth.

    Args:
        receipt: well formed.
        signers: whom the verifier trusts; absent where it trusts nobody.
        ledger: to be asked; absent where none can be or may be.
        without: why it is absent.
        moved: what came to that ledger from others; absent where that is not looked into.

    A ledger that does not answer, or not as it should, leaves open what it alone knows.
    """
    if ledger is not None and _is_of(receipt, ledger):
        try:
            return _with_ledger(receipt, signers, ledger)
        except LedgerError as exc:
            without = unchecked("ledger_unavailable", None, f"the ledger cannot be asked: {exc}")
    elif ledger is not None:
        without = ELSEWHERE
        try:
            if moved is not None and (found := judge_moved(receipt, signers, ledger, moved)) is not None:
                return found
        except LedgerError as exc:
            without = unchecked("ledger_unavailable", None, f"the ledger cannot be asked: {exc}")
    return ReceiptVerification(
        signatures=signatures.judge_signatures(receipt, signers, None),
        inclusion=Finding.of([*inclusion.by_path(receipt), without]),
        standing=Finding.of([without]),
        stands=None,
    )


def _with_ledger(receipt: Receipt, signers: SignerList | None, ledger: Ledger) -> ReceiptVerification:
    record = ledger.find(receipt.record.digest)
    included = Finding.of([*inclusion.by_path(receipt), *inclusion.by_ledger(receipt, ledger, record)])
    stands = record.standing if record else None
    if stands is None and included.result is not Result.INVALID:
        # proven by its path alone, in a batch whose manifest is not at hand: whatever changes a leaf's standing gives
        # it a record first, and there is none
        stands = Standing.ACTIVE
    return ReceiptVerification(
        signatures=signatures.judge_signatures(receipt, signers, ledger.wallet_accepts),
        inclusion=included,
        standing=_standing(stands),
        stands=stands,
    )


def _standing(stands: Standing | None) -> Finding:
    if stands is None:
        return Finding.of([wrong("not_recorded", "record.digest", "record.digest: the ledger holds no such record")])
    if stands is Standing.ACTIVE:
        return Finding.of([])
    return Finding.of([remark(stands.name.lower(), None, f"the record is {stands.name} now")])


def _is_of(receipt: Receipt, ledger: Ledger) -> bool:
    info, domain = ledger.info, receipt.domain
    return (info.instance_id, info.chain_id, info.contract) == (domain.instance_id, domain.chain_id, domain.contract)
