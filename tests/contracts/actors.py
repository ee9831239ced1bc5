"""Who acts in these tests, and the interface's numbers by name."""

from __future__ import annotations

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

GATE, UPLOADER, REVIEWER, CREDENTIALS = 1, 2, 4, 8
NONE, ACTIVE, DISPUTED, REVOKED = 0, 1, 2, 3
PUBLIC, PRIVATE = 0, 1
IMAGE, VIDEO, DAG_PB = 1, 2, 0x80
PRIVATE_BIT, EARNS_BIT = 0x40, 0x80  # in a record's kind and in its levels
REVOKE, SUPERSEDE, DERIVE, ATTEST, REVIEW, RETRACT = range(6)
FORGERY, DEPICTED_PERSON, RIGHTS, MISTAKE, MODEL_DOUBT = range(1, 6)
DISMISSED, REMOVED, CORRECTED, FRAUD = range(4)
NOT_JUDGED = 255
DAY = 86_400
START = 4_102_444_800  # 2100-01-01T00:00:00Z, the same day in every run; the registry is deployed in its first second
BOND = 10**15
FAR = 2**40  # Unix seconds that no test reaches
EMPTY_HASH = bytes(32)
NOBODY = "0x" + "00" * 20
SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def hash_of(text: str) -> bytes:
    """32 bytes that stand for a hash of something."""
    return keccak(text=text)


def high_s(signature: bytes) -> bytes:
    """The other signature of the same words: s mirrored, v flipped."""
    s = SECP256K1_N - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([27 + 28 - signature[64]])


def actor(name: str) -> LocalAccount:
    """An account whose key is made from its name."""
    account: LocalAccount = Account.from_key(keccak(text=f"actor {name}"))
    return account


ADMIN, GUARDIAN, ARBITER, OPERATOR = actor("admin"), actor("guardian"), actor("arbiter"), actor("operator")
ALICE, BOB, CAROL, STRANGER = actor("alice"), actor("bob"), actor("carol"), actor("stranger")
GATES = sorted((actor(f"gate {k}") for k in range(4)), key=lambda account: int(account.address, 16))
ACTORS = (ADMIN, GUARDIAN, ARBITER, OPERATOR, ALICE, BOB, CAROL, STRANGER, *GATES)
INSTANCE_ID = hash_of("this installation")
