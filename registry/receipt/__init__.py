"""Receipts: portable evidence of registration, sealed by the recorder, and what they are worth.

A receipt never brings its own trust: who its signers are is checked against a pinned list, not against itself.
"""

from registry.documents import admission_document, intent_document
from registry.receipt.canonical import MAX_BYTES, first_difference, read_json
from registry.receipt.documents import record_document
from registry.receipt.files import replace_file
from registry.receipt.findings import Finding, Reason, ReceiptVerification, Result
from registry.receipt.issuing import RECEIPT_FORMAT, issue, seal_hash
from registry.receipt.pins import Pins, TrustSource, trusted_for
from registry.receipt.reading import read_receipt
from registry.receipt.signers import SIGNERS_FORMAT, SignerList, next_signers, read_signers, require_successor
from registry.receipt.values import Receipt
from registry.receipt.verifying import NO_LEDGER, OFFLINE, verify

__all__ = [
    "MAX_BYTES",
    "NO_LEDGER",
    "OFFLINE",
    "RECEIPT_FORMAT",
    "SIGNERS_FORMAT",
    "Finding",
    "Pins",
    "Reason",
    "Receipt",
    "ReceiptVerification",
    "Result",
    "SignerList",
    "TrustSource",
    "admission_document",
    "first_difference",
    "intent_document",
    "issue",
    "next_signers",
    "read_json",
    "read_receipt",
    "read_signers",
    "record_document",
    "replace_file",
    "require_successor",
    "seal_hash",
    "trusted_for",
    "verify",
]
