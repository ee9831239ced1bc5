"""Leaves: what stands in a tree for one record of a batch or one rejection of an epoch, as the contract hashes it.

A leaf is an EIP-712 hash under the installation's own domain, so that none is worth anything elsewhere. The structs are
encoded by hand, since a batch may have a million leaves; tests hold them against ``eth_account``.
"""

from __future__ import annotations

from functools import lru_cache

from registry import eip712
from registry.keccak import keccak
from registry.model import Address, Admission, UploadIntent, Visibility

_ADMISSION_TYPE = (
    b"Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,"
    b"bytes32 policyId,uint8 levels,bool earnsReputation,uint64 deadline)"
)
_ADMISSION_HASH = keccak(_ADMISSION_TYPE)
_BATCH_LEAF_HASH = keccak(b"BatchLeaf(Admission admission,uint8 visibility,bytes32 claimsHash)" + _ADMISSION_TYPE)
_INTENT_HASH = keccak(
    b"UploadIntent(bytes32 digest,address uploader,uint8 visibility,bytes32 claimsHash,uint256 nonce,uint64 deadline)"
)
_REJECTION_LEAF_HASH = keccak(b"RejectionLeaf(address uploader,bytes32 intentHash,bytes32 detailHash,bytes32 salt)")
_DOMAIN_HASH = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
)


def batch_leaf(domain: eip712.Domain, admission: Admission, *, visibility: Visibility, claims_hash: bytes) -> bytes:
    """Return the leaf of one record in a batch, 32 bytes.

    Args:
        domain: of the installation.
        admission: what the gates admitted.
        visibility: of the record.
        claims_hash: 32 bytes, SHA-256 of the claims' canonical JSON, zeros if none.
    """
    struct = keccak(_BATCH_LEAF_HASH + _admission_hash(admission) + _word(int(visibility)) + claims_hash)
    return _typed_hash(domain, struct)


def rejection_leaf(
    domain: eip712.Domain, *, uploader: Address, intent_hash: bytes, detail_hash: bytes, salt: bytes
) -> bytes:
    """Return the leaf of one rejection in its epoch, 32 bytes.

    Args:
        domain: of the installation.
        uploader: who wished for the registration.
        intent_hash: `intent_hash` of that wish, 32 bytes; zeros where there was none.
        detail_hash: 32 bytes, of what the gate found, salted.
        salt: 32 random bytes; without them nobody can tell whose leaf it is.
    """
    fields = _account(uploader) + intent_hash + detail_hash + salt
    return _typed_hash(domain, keccak(_REJECTION_LEAF_HASH + fields))


def intent_hash(intent: UploadIntent) -> bytes:
    """Return the EIP-712 struct hash of an upload intent, 32 bytes; the same under every domain."""
    return keccak(
        _INTENT_HASH
        + intent.digest.value
        + _account(intent.uploader)
        + _word(int(intent.visibility))
        + intent.claims_hash
        + _word(intent.nonce)
        + _word(intent.deadline)
    )


def _typed_hash(domain: eip712.Domain, struct_hash: bytes) -> bytes:
    return keccak(b"\x19\x01" + _separator(domain) + struct_hash)


@lru_cache(maxsize=8)
def _separator(domain: eip712.Domain) -> bytes:
    name, version = keccak(eip712.NAME.encode()), keccak(eip712.VERSION.encode())
    contract = _account(domain.contract)
    return keccak(_DOMAIN_HASH + name + version + _word(domain.chain_id) + contract + domain.instance_id)


def _admission_hash(a: Admission) -> bytes:
    return keccak(
        _ADMISSION_HASH
        + a.digest.value
        + a.fingerprint_hash
        + a.content_hash
        + _word(a.kind)
        + _account(a.uploader)
        + a.policy_id
        + _word(int(a.levels))
        + _word(int(a.earns_reputation))
        + _word(a.deadline)
    )


def _account(address: Address) -> bytes:
    return address.value.rjust(32, b"\0")


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")
