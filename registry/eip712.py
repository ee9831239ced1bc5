"""What is signed: the EIP-712 messages of one installation, their hash, and who signed them.

The types are those of ``IMediaRegistry.sol``, field for field. The domain carries ``salt = instanceId``, so that
nothing signed for one installation has a meaning in another with equal chain id and address.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from registry.errors import SignatureError
from registry.model import (
    Address,
    Admission,
    BatchAdmission,
    EpochClose,
    KeyRotation,
    LedgerInfo,
    Opinion,
    Statement,
    UploadIntent,
    Visibility,
)
from registry.model.identity import require_length

# py-ecc, below eth-account, lets Python recurse 100,000 deep when it is imported. Python's JSON parser relies on that
# limit: at 100,000 it overruns the stack, and 100 kB of brackets end the process.
RECURSION_LIMIT = 1000  # what Python starts with
sys.setrecursionlimit(RECURSION_LIMIT)

NAME = "Touchstone"
VERSION = "1"
NOBODY = "0x" + "00" * 20
SECP256K1_N = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # SEC 2, section 2.4.1

# A wallet's owners sign 65 bytes each: 63 of them fit. More is not worth the calldata that the recorder pays for.
MAX_SIGNATURE_BYTES = 4_096

Fields = list[dict[str, str]]
TypedData = Mapping[str, Any]


def _fields(declaration: str) -> Fields:
    """Return the fields written as in Solidity: ``"bytes32 digest, uint8 kind"``."""
    pairs = (part.split() for part in declaration.split(","))
    return [{"name": name, "type": type_} for type_, name in pairs]


DOMAIN_FIELDS = _fields("string name, string version, uint256 chainId, address verifyingContract, bytes32 salt")
ADMISSION_FIELDS = _fields(
    "bytes32 digest, bytes32 fingerprintHash, bytes32 contentHash, uint8 kind, address uploader, bytes32 policyId, "
    "uint8 levels, bool earnsReputation, uint64 deadline"
)
OPINION_FIELDS = _fields("bytes32 modelId, uint8 band, uint16 thresholdBps, uint64 issuedAt")
VERDICT_FIELDS = _fields("Admission admission, Opinion opinion")
INTENT_FIELDS = _fields(
    "bytes32 digest, address uploader, uint8 visibility, bytes32 claimsHash, uint256 nonce, uint64 deadline"
)
STATEMENT_FIELDS = _fields("bytes32 digest, address by, uint8 act, bytes32 detail, uint256 nonce, uint64 deadline")
ROTATION_FIELDS = _fields("address from, address to, uint256 nonce, uint64 deadline")
COSIGN_FIELDS = _fields("Admission admission, uint8 visibility, bytes32 claimsHash")
TALLY_FIELDS = _fields("address uploader, uint32 count")
BATCH_FIELDS = _fields(
    "bytes32 root, uint32 count, bytes32 manifestHash, bool manifestIsDagPb, Tally[] tallies, uint64 deadline"
)
SEAL_FIELDS = _fields("bytes32 receiptHash")
SIGNERS_FIELDS = _fields("bytes32 signersHash")
ANCHOR_FIELDS = _fields("bytes32 anchorHash")
REJECTION_FIELDS = _fields("bytes32 leaf, uint32 epoch, uint64 rejectedAt")
EPOCH_FIELDS = _fields("uint32 epoch, bytes32 rejectionRoot, Tally[] tallies, uint64 deadline")
MIGRATION_FIELDS = _fields("bytes32 migrationHash")


@dataclass(frozen=True, slots=True)
class Domain:
    """The EIP-712 domain of one installation.

    Attributes:
        chain_id: EIP-155.
        contract: the registry contract.
        instance_id: 32 bytes, the salt.
    """

    chain_id: int
    contract: Address
    instance_id: bytes

    def __post_init__(self) -> None:
        require_length("instance_id", self.instance_id, 32)

    @classmethod
    def of(cls, info: LedgerInfo) -> Self:
        """Return the domain of the ledger that answers."""
        return cls(info.chain_id, info.contract, info.instance_id)


def verdict_message(domain: Domain, admission: Admission, opinion: Opinion) -> TypedData:
    """Return the full message that a gate signs: what is admitted, and its own finding."""
    types = {"GateVerdict": VERDICT_FIELDS, "Admission": ADMISSION_FIELDS, "Opinion": OPINION_FIELDS}
    message = {
        "admission": _admission(admission),
        "opinion": {
            "modelId": _hex(opinion.model_id),
            "band": opinion.band,
            "thresholdBps": opinion.threshold_bps,
            "issuedAt": opinion.issued_at,
        },
    }
    return _typed_data(domain, "GateVerdict", types, message)


def cosign_message(domain: Domain, admission: Admission, *, visibility: Visibility, claims_hash: bytes) -> TypedData:
    """Return the full message by which the operator asks other gates to screen what it registers in its own name.

    The contract knows no such message: it is a word between gates.

    Args:
        domain: of the installation.
        admission: what the gates are to sign.
        visibility: of the record.
        claims_hash: 32 bytes, SHA-256 of the operator's claims, zeros if none.
    """
    require_length("claims_hash", claims_hash, 32)
    types = {"CosignRequest": COSIGN_FIELDS, "Admission": ADMISSION_FIELDS}
    message = {
        "admission": _admission(admission),
        "visibility": int(visibility),
        "claimsHash": _hex(claims_hash),
    }
    return _typed_data(domain, "CosignRequest", types, message)


def intent_message(domain: Domain, intent: UploadIntent) -> TypedData:
    """Return the full message that an uploader signs."""
    message = {
        "digest": _hex(intent.digest.value),
        "uploader": intent.uploader.hex,
        "visibility": int(intent.visibility),
        "claimsHash": _hex(intent.claims_hash),
        "nonce": str(intent.nonce),  # 256 bits: as text, since a browser's JSON keeps 53
        "deadline": intent.deadline,
    }
    return _typed_data(domain, "UploadIntent", {"UploadIntent": INTENT_FIELDS}, message)


def statement_message(domain: Domain, statement: Statement) -> TypedData:
    """Return the full message by which somebody says something of a record."""
    message = {
        "digest": _hex(statement.digest.value),
        "by": statement.by.hex,
        "act": int(statement.act),
        "detail": _hex(statement.detail),
        "nonce": str(statement.nonce),
        "deadline": statement.deadline,
    }
    return _typed_data(domain, "Statement", {"Statement": STATEMENT_FIELDS}, message)


def rotation_message(domain: Domain, rotation: KeyRotation) -> TypedData:
    """Return the full message by which an uploader goes on under another key; both keys sign it."""
    message = {
        "from": rotation.from_.hex,
        "to": rotation.to.hex if rotation.to else NOBODY,
        "nonce": str(rotation.nonce),
        "deadline": rotation.deadline,
    }
    return _typed_data(domain, "KeyRotation", {"KeyRotation": ROTATION_FIELDS}, message)


def batch_message(domain: Domain, batch: BatchAdmission) -> TypedData:
    """Return the full message that a gate signs to admit a batch."""
    message = {
        "root": _hex(batch.root),
        "count": batch.count,
        "manifestHash": _hex(batch.manifest.digest),
        "manifestIsDagPb": batch.manifest.is_dag_pb,
        "tallies": [{"uploader": tally.uploader.hex, "count": tally.count} for tally in batch.tallies],
        "deadline": batch.deadline,
    }
    return _typed_data(domain, "BatchAdmission", {"BatchAdmission": BATCH_FIELDS, "Tally": TALLY_FIELDS}, message)


def seal_message(domain: Domain, receipt_hash: bytes) -> TypedData:
    """Return the full message by which the recorder seals a receipt.

    Args:
        domain: of the installation that issues the receipt.
        receipt_hash: 32 bytes, SHA-256 of the receipt's canonical JSON without its seal.
    """
    require_length("receipt_hash", receipt_hash, 32)
    return _typed_data(domain, "ReceiptSeal", {"ReceiptSeal": SEAL_FIELDS}, {"receiptHash": _hex(receipt_hash)})


def signers_message(domain: Domain, signers_hash: bytes) -> TypedData:
    """Return the full message by which the admin vouches for a list of signers.

    Args:
        domain: of the installation whose signers they are.
        signers_hash: 32 bytes, SHA-256 of the list's canonical JSON without the admin's signature.
    """
    require_length("signers_hash", signers_hash, 32)
    return _typed_data(domain, "SignersSeal", {"SignersSeal": SIGNERS_FIELDS}, {"signersHash": _hex(signers_hash)})


def anchor_message(domain: Domain, anchor_hash: bytes) -> TypedData:
    """Return the full message by which the operator signs an anchor.

    Args:
        domain: of the installation whose ledger is anchored.
        anchor_hash: 32 bytes, as `registry.anchor.Anchor.hash` gives it.
    """
    require_length("anchor_hash", anchor_hash, 32)
    return _typed_data(domain, "AnchorSeal", {"AnchorSeal": ANCHOR_FIELDS}, {"anchorHash": _hex(anchor_hash)})


def rejection_message(domain: Domain, leaf: bytes, *, epoch: int, rejected_at: int) -> TypedData:
    """Return the full message by which a gate promises that a rejection will stand in its epoch.

    The contract knows no such message: it is a word from gate to uploader.

    Args:
        domain: of the installation.
        leaf: 32 bytes, `registry.leaves.rejection_leaf`.
        epoch: UTC day number.
        rejected_at: Unix seconds.
    """
    require_length("leaf", leaf, 32)
    message = {"leaf": _hex(leaf), "epoch": epoch, "rejectedAt": rejected_at}
    return _typed_data(domain, "RejectionReceipt", {"RejectionReceipt": REJECTION_FIELDS}, message)


def epoch_message(domain: Domain, close: EpochClose) -> TypedData:
    """Return the full message that the gates sign when an epoch closes."""
    message = {
        "epoch": close.epoch,
        "rejectionRoot": _hex(close.root),
        "tallies": [{"uploader": tally.uploader.hex, "count": tally.count} for tally in close.tallies],
        "deadline": close.deadline,
    }
    return _typed_data(domain, "EpochClose", {"EpochClose": EPOCH_FIELDS, "Tally": TALLY_FIELDS}, message)


def migration_message(domain: Domain, migration_hash: bytes) -> TypedData:
    """Return the full message by which operator and gates of a ledger say where it was moved to.

    Args:
        domain: of the installation that is left.
        migration_hash: 32 bytes, SHA-256 of the migration's canonical JSON without its seals.
    """
    require_length("migration_hash", migration_hash, 32)
    fields = {"MigrationSeal": MIGRATION_FIELDS}
    return _typed_data(domain, "MigrationSeal", fields, {"migrationHash": _hex(migration_hash)})


def signing_hash(typed_data: TypedData) -> bytes:
    """Return the 32 bytes that are signed: keccak256(0x19 0x01 ‖ domain separator ‖ struct hash)."""
    signable = _signable(typed_data)
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))


def recover(typed_data: TypedData, signature: bytes) -> Address:
    """Return the account whose key made the signature r ‖ s ‖ v.

    Raises:
        SignatureError: not 65 bytes, v not 27 or 28, s in the upper half (EIP-2), or no key makes it.
    """
    if len(signature) != 65:
        raise SignatureError(f"length: expected a signature of 65 bytes, got {len(signature)}")
    if signature[64] not in (27, 28):
        raise SignatureError(f"v: expected 27 or 28, got {signature[64]}")
    s = int.from_bytes(signature[32:64], "big")
    if s > SECP256K1_N // 2:
        raise SignatureError("high s: expected s in the lower half of the curve's order (EIP-2), got the upper half")
    try:
        signer = Address.from_hex(Account.recover_message(_signable(typed_data), signature=signature))
    except (BadSignature, ValidationError, ValueError) as exc:
        raise SignatureError("recovery: expected a point on the curve, got a signature that no key makes") from exc
    if signer.value == bytes(20):
        raise SignatureError("zero address: expected an account, got the zero address")
    return signer


def _admission(admission: Admission) -> dict[str, Any]:
    return {
        "digest": _hex(admission.digest.value),
        "fingerprintHash": _hex(admission.fingerprint_hash),
        "contentHash": _hex(admission.content_hash),
        "kind": admission.kind,
        "uploader": admission.uploader.hex,
        "policyId": _hex(admission.policy_id),
        "levels": int(admission.levels),
        "earnsReputation": admission.earns_reputation,
        "deadline": admission.deadline,
    }


def _typed_data(domain: Domain, primary: str, types: Mapping[str, Fields], message: Mapping[str, Any]) -> TypedData:
    return {
        "types": {"EIP712Domain": DOMAIN_FIELDS, **types},
        "primaryType": primary,
        "domain": {
            "name": NAME,
            "version": VERSION,
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract.hex,
            "salt": _hex(domain.instance_id),
        },
        "message": message,
    }


def _signable(typed_data: TypedData) -> SignableMessage:
    return encode_typed_data(full_message=dict(typed_data))


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
