"""The write side (`Registrar`) and the advice before publishing (`Checker`); both run the same gate (`Examiner`)."""

from registry.register.batching import Batching, Grouping
from registry.register.check import Checker
from registry.register.claims import canonical_claims, claims_hash, consent_of_operator
from registry.register.cosign import CoGate
from registry.register.epochs import EpochKeeper, EpochStatus
from registry.register.examine import Examination, Examiner
from registry.register.index_check import IndexCheck, check_index
from registry.register.progress import Progress
from registry.register.quorum import Quorum
from registry.register.rebuild import Rebuilt, documents, rebuild_index
from registry.register.receipts import ReceiptFiles
from registry.register.reception import Accepted, Reception, Stores
from registry.register.recorder import Recorder
from registry.register.registrar import Registrar
from registry.register.rejections import Rejections
from registry.register.rescreen import Rescreened, in_question, rescreen
from registry.register.spool import Spool
from registry.register.standing import (
    MAX_STATEMENT_LIFETIME_S,
    derive,
    dispute,
    hash_of_words,
    require_attestation,
    revoke,
    rule,
    signed_by,
    supersede,
)

__all__ = [
    "MAX_STATEMENT_LIFETIME_S",
    "Accepted",
    "Batching",
    "Checker",
    "CoGate",
    "EpochKeeper",
    "EpochStatus",
    "Examination",
    "Examiner",
    "Grouping",
    "IndexCheck",
    "Progress",
    "Quorum",
    "Rebuilt",
    "ReceiptFiles",
    "Reception",
    "Recorder",
    "Registrar",
    "Rejections",
    "Rescreened",
    "Spool",
    "Stores",
    "canonical_claims",
    "check_index",
    "claims_hash",
    "consent_of_operator",
    "derive",
    "dispute",
    "documents",
    "hash_of_words",
    "in_question",
    "rebuild_index",
    "require_attestation",
    "rescreen",
    "revoke",
    "rule",
    "signed_by",
    "supersede",
]
