"""`verify`: signatures, inclusion and standing of one receipt, each on its own."""

from __future__ import annotations

from registry.errors import LedgerUnavailableError
from registry.model import Standing
from registry.ports import Ledger
from registry.receipt import inclusion, signatures
from registry.receipt.findings import Finding, Reason, ReceiptVerification, remark, unchecked, wrong
from registry.receipt.signers import SignerList
from registry.receipt.values import Receipt

OFFLINE = unchecked("offline", None, "offline: the ledger was not asked")
ELSEWHERE = unchecked("other_ledger", "ledger", "ledger: the receipt is of another ledger than the one at hand")
NO_LEDGER = unchecked("no_ledger", None, "no ledger is set up here that could be asked")


def verify(
    receipt: Receipt, *, signers: SignerList | None, ledger: Ledger | None, without: Reason = OFFLINE
) -> ReceiptVerification:
    """Return what a receipt is worth.

    Args:
        receipt: well formed.
        signers: whom the verifier trusts; absent where it trusts nobody.
        ledger: to be asked; absent where none can be or may be.
        without: why it is absent.

    Raises:
        LedgerError: the ledger gave an answer that cannot be right.
    """
    if ledger is not None and _is_of(receipt, ledger):
        try:
            return _with_ledger(receipt, signers, ledger)
        except LedgerUnavailableError as exc:
            without = unchecked("ledger_unavailable", None, f"the ledger does not answer: {exc}")
    elif ledger is not None:
        without = ELSEWHERE
    return ReceiptVerification(
        signatures=signatures.judge_signatures(receipt, signers, None),
        inclusion=Finding.of([*inclusion.by_path(receipt), without]),
        standing=Finding.of([without]),
        stands=None,
    )


def _with_ledger(receipt: Receipt, signers: SignerList | None, ledger: Ledger) -> ReceiptVerification:
    record = ledger.find(receipt.record.digest)
    reasons = [*inclusion.by_path(receipt), *inclusion.by_ledger(receipt, ledger, record)]
    return ReceiptVerification(
        signatures=signatures.judge_signatures(receipt, signers, ledger.wallet_accepts),
        inclusion=Finding.of(reasons),
        standing=_standing(record.standing if record else None),
        stands=record.standing if record else None,
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
