"""What changes how a record stands, or whose name it is: statements, challenges, rotations; the contract's values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from registry.model.identity import Address, Digest, require_length


class DisputeReason(IntEnum):
    """Why a record is challenged: ``Reason`` of the contract."""

    OTHER = 0
    FORGERY = 1
    DEPICTED_PERSON = 2
    RIGHTS = 3
    MISTAKE = 4
    MODEL_DOUBT = 5

    @property
    def word(self) -> str:
        """How people and programs name it, such as ``depicted-person``."""
        return self.name.lower().replace("_", "-")


class Ruling(IntEnum):
    """What an arbiter decides; in all but DISMISSED the record is revoked."""

    DISMISSED = 0
    REMOVED = 1
    CORRECTED = 2
    FRAUD = 3


class Act(IntEnum):
    """What a statement says of the record it is about."""

    REVOKE = 0
    SUPERSEDE = 1
    DERIVE = 2
    ATTEST = 3
    REVIEW = 4
    RETRACT = 5


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody says of one record.

    Attributes:
        digest: of the record.
        by: who says it, and signs.
        act: what is said.
        detail: 32 bytes, zeros if none. REVOKE, RETRACT: SHA-256 of the reason; SUPERSEDE: the successor's digest;
            DERIVE: the parent's; ATTEST, REVIEW: SHA-256 of the claims' canonical JSON.
        nonce: 256 bits, unordered, spent once; shared with the intents.
        deadline: Unix seconds.
    """

    digest: Digest
    by: Address
    act: Act
    detail: bytes
    nonce: int = 0
    deadline: int = 0

    def __post_init__(self) -> None:
        require_length("detail", self.detail, 32)


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A `Statement` with its signature; empty where who says it sends the transaction."""

    statement: Statement
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """An uploader's wish to go on under another key, or not to.

    Attributes:
        from_: the present key, which signs.
        to: the new key, which signs as well; absent: the wish before is taken back.
        nonce: 256 bits, unordered, spent once; shared with the intents.
        deadline: Unix seconds.
    """

    from_: Address
    to: Address | None
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedKeyRotation:
    """A `KeyRotation` with both signatures; the new key's is empty where the wish before is taken back."""

    rotation: KeyRotation
    from_signature: bytes
    to_signature: bytes = b""


@dataclass(frozen=True, slots=True)
class PendingRotation:
    """A wish that its uploader may still take back; Unix seconds from which it can be completed."""

    to: Address
    completable_at: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """An open challenge.

    Attributes:
        opened_at: Unix seconds of the block.
        bond_wei: what the challenger put up.
    """

    challenger: Address
    opened_at: int
    reason: DisputeReason
    bond_wei: int
