"""Rejections that can be proven: what a gate promised, how a day of them closes, and what a broken promise is worth."""

from registry.rejection.conviction import Conviction, Judgement, convict, is_conviction, judge, read_conviction
from registry.rejection.details import SALT_BYTES, detail_hash, intent_hash_of, leaf_of
from registry.rejection.documents import epoch_list, rejection_receipt
from registry.rejection.reading import is_rejection, read_epoch_list, read_rejection
from registry.rejection.values import EpochList, RejectionReceipt
from registry.rejection.verifying import verify_rejection

__all__ = [
    "SALT_BYTES",
    "Conviction",
    "EpochList",
    "Judgement",
    "RejectionReceipt",
    "convict",
    "detail_hash",
    "epoch_list",
    "intent_hash_of",
    "is_conviction",
    "is_rejection",
    "judge",
    "leaf_of",
    "read_conviction",
    "read_epoch_list",
    "read_rejection",
    "rejection_receipt",
    "verify_rejection",
]
