"""What is signed, written down a second time from the design: nothing here comes from the code under test."""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount

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
GATE_VERDICT = [{"name": "admission", "type": "Admission"}, {"name": "opinion", "type": "Opinion"}]
DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
    {"name": "salt", "type": "bytes32"},
]


def verdict_message(domain: Fields, admission: Fields, opinion: Fields) -> Fields:
    """The full EIP-712 message that a gate signs."""
    return {
        "types": {"EIP712Domain": DOMAIN, "GateVerdict": GATE_VERDICT, "Admission": ADMISSION, "Opinion": OPINION},
        "primaryType": "GateVerdict",
        "domain": domain,
        "message": {"admission": admission, "opinion": opinion},
    }


def intent_message(domain: Fields, intent: Fields) -> Fields:
    """The full EIP-712 message that an uploader signs."""
    return {
        "types": {"EIP712Domain": DOMAIN, "UploadIntent": UPLOAD_INTENT},
        "primaryType": "UploadIntent",
        "domain": domain,
        "message": intent,
    }


def sign(account: LocalAccount, message: Fields) -> bytes:
    """The 65-byte signature r ‖ s ‖ v."""
    return bytes(account.sign_typed_data(full_message=message).signature)
