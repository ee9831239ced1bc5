"""What is signed, written down a second time from the design: nothing here comes from the code under test."""

from __future__ import annotations

from typing import Any

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

Fields = dict[str, Any]

ADMISSION = [
    {"name": "digest", "type": "bytes32"},
    {"name": "fingerprintHash", "type": "bytes32"},
    {"name": "contentHash", "type": "bytes32"},
    {"name": "kind", "type": "uint8"},
    {"name": "uploader", "type": "address"},
    {"name": "policyId", "type": "bytes32"},
    {"name": "levels", "type": "uint8"},
    {"name": "earnsReputation", "type": "bool"},
    {"name": "deadline", "type": "uint64"},
]
OPINION = [
    {"name": "modelId", "type": "bytes32"},
    {"name": "band", "type": "uint8"},
    {"name": "thresholdBps", "type": "uint16"},
    {"name": "issuedAt", "type": "uint64"},
]
UPLOAD_INTENT = [
    {"name": "digest", "type": "bytes32"},
    {"name": "uploader", "type": "address"},
    {"name": "visibility", "type": "uint8"},
    {"name": "claimsHash", "type": "bytes32"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint64"},
]
STATEMENT = [
    {"name": "digest", "type": "bytes32"},
    {"name": "by", "type": "address"},
    {"name": "act", "type": "uint8"},
    {"name": "detail", "type": "bytes32"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint64"},
]
KEY_ROTATION = [
    {"name": "from", "type": "address"},
    {"name": "to", "type": "address"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint64"},
]
TALLY = [{"name": "uploader", "type": "address"}, {"name": "count", "type": "uint32"}]
EPOCH_CLOSE = [
    {"name": "epoch", "type": "uint32"},
    {"name": "rejectionRoot", "type": "bytes32"},
    {"name": "tallies", "type": "Tally[]"},
    {"name": "deadline", "type": "uint64"},
]
BATCH_ADMISSION = [
    {"name": "root", "type": "bytes32"},
    {"name": "count", "type": "uint32"},
    {"name": "manifestHash", "type": "bytes32"},
    {"name": "manifestIsDagPb", "type": "bool"},
    {"name": "tallies", "type": "Tally[]"},
    {"name": "deadline", "type": "uint64"},
]
BATCH_LEAF = [
    {"name": "admission", "type": "Admission"},
    {"name": "visibility", "type": "uint8"},
    {"name": "claimsHash", "type": "bytes32"},
]
REJECTION_LEAF = [
    {"name": "uploader", "type": "address"},
    {"name": "intentHash", "type": "bytes32"},
    {"name": "detailHash", "type": "bytes32"},
    {"name": "salt", "type": "bytes32"},
]
GATE_VERDICT = [{"name": "admission", "type": "Admission"}, {"name": "opinion", "type": "Opinion"}]
DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
    {"name": "salt", "type": "bytes32"},
]


def verdict_message(domain: Fields, admission: Fields, opinion: Fields) -> Fields:
    """The full EIP-712 message that a gate signs for an admission."""
    types = {"GateVerdict": GATE_VERDICT, "Admission": ADMISSION, "Opinion": OPINION}
    return _message(domain, types, {"admission": admission, "opinion": opinion})


def intent_message(domain: Fields, intent: Fields) -> Fields:
    """The full EIP-712 message by which an uploader wishes for a record."""
    return _message(domain, {"UploadIntent": UPLOAD_INTENT}, intent)


def statement_message(domain: Fields, statement: Fields) -> Fields:
    """The full EIP-712 message by which somebody says something of a record."""
    return _message(domain, {"Statement": STATEMENT}, statement)


def rotation_message(domain: Fields, rotation: Fields) -> Fields:
    """The full EIP-712 message that an uploader's old and new key sign."""
    return _message(domain, {"KeyRotation": KEY_ROTATION}, rotation)


def epoch_message(domain: Fields, close: Fields) -> Fields:
    """The full EIP-712 message that a gate signs when an epoch closes."""
    return _message(domain, {"EpochClose": EPOCH_CLOSE, "Tally": TALLY}, close)


def batch_message(domain: Fields, batch: Fields) -> Fields:
    """The full EIP-712 message that a gate signs for many records at once."""
    return _message(domain, {"BatchAdmission": BATCH_ADMISSION, "Tally": TALLY}, batch)


def batch_leaf_message(domain: Fields, admission: Fields, visibility: int, claims_hash: bytes) -> Fields:
    """What a batch's leaf is the hash of; nobody signs it."""
    leaf = {"admission": admission, "visibility": visibility, "claimsHash": claims_hash}
    return _message(domain, {"BatchLeaf": BATCH_LEAF, "Admission": ADMISSION}, leaf)


def rejection_leaf_message(domain: Fields, leaf: Fields) -> Fields:
    """What a rejection's leaf is the hash of; nobody signs it."""
    return _message(domain, {"RejectionLeaf": REJECTION_LEAF}, leaf)


def _message(domain: Fields, types: dict[str, list[dict[str, str]]], message: Fields) -> Fields:
    """The first of the types is the one that is signed."""
    return {
        "types": {"EIP712Domain": DOMAIN, **types},
        "primaryType": next(iter(types)),
        "domain": domain,
        "message": message,
    }


def sign(account: LocalAccount, message: Fields) -> bytes:
    """The 65-byte signature r ‖ s ‖ v."""
    return bytes(account.sign_typed_data(full_message=message).signature)


def struct_hash(message: Fields) -> bytes:
    """The 32 bytes that stand for a message without its domain."""
    return bytes(encode_typed_data(full_message=message).body)


def signing_hash(message: Fields) -> bytes:
    """The 32 bytes that a key signs and that a wallet (EIP-1271) is asked about."""
    signable = encode_typed_data(full_message=message)
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))
