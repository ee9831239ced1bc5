"""Rejections: what a gate commits to when it refuses a file, and how a day of them, an epoch, closes on the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from registry.model.batch import Tally
from registry.model.identity import Address, require_length
from registry.model.ledger import Inclusion, Opinion

DAY_S = 86_400
# The contract counts no rejection of an epoch that closes later than this many days after it (`GATE_DAYS`).
TALLY_DAYS = 3


def epoch_of(moment: int) -> int:
    """Return the epoch of a moment in Unix seconds: its UTC day number since 1970-01-01."""
    return moment // DAY_S


@dataclass(frozen=True, slots=True)
class GateSignature:
    """One gate's signature, 65 bytes."""

    gate: Address
    signature: bytes


@dataclass(frozen=True, slots=True)
class Rejection:
    """What the gates of an installation committed to when they refused a file; part of the file's job.

    Attributes:
        uploader: who wished for it, or the operator in its own name.
        reasons: codes, most important first.
        opinion: the gates' finding.
        policy_id: 32 bytes, the policy in force.
        rejected_at: Unix seconds.
        salt: 32 random bytes that hide the leaf; told when the gates prove a tally.
        detail_salt: 32 random bytes that hide what was found; nobody but the uploader is ever told.
        intent_hash: EIP-712 struct hash of the uploader's intent; zeros where the operator registers without one.
        detail_hash: SHA-256 of ``detail_salt`` and the details' canonical JSON.
        leaf: 32 bytes, what stands in the epoch's tree.
        signatures: of the gates, over leaf and epoch: their promise that it will stand there.
    """

    uploader: Address
    reasons: tuple[str, ...]
    opinion: Opinion
    policy_id: bytes
    rejected_at: int
    salt: bytes
    detail_salt: bytes
    intent_hash: bytes
    detail_hash: bytes
    leaf: bytes
    signatures: tuple[GateSignature, ...]

    def __post_init__(self) -> None:
        for name in ("policy_id", "salt", "detail_salt", "intent_hash", "detail_hash", "leaf"):
            require_length(name, getattr(self, name), 32)

    @property
    def epoch(self) -> int:
        """The UTC day on which it was."""
        return epoch_of(self.rejected_at)


@dataclass(frozen=True, slots=True)
class EpochClose:
    """What the gates sign when an epoch closes.

    Attributes:
        epoch: UTC day number.
        root: 32 bytes, of the epoch's rejections.
        tallies: of rejections that count, uploaders ascending.
        deadline: Unix seconds, the last one at which it is good.
    """

    epoch: int
    root: bytes
    tallies: tuple[Tally, ...]
    deadline: int

    def __post_init__(self) -> None:
        require_length("root", self.root, 32)


@dataclass(frozen=True, slots=True)
class SignedEpochClose:
    """An `EpochClose` with its gates' signatures, gates ascending."""

    close: EpochClose
    signatures: tuple[GateSignature, ...]


@dataclass(frozen=True, slots=True)
class ClosedEpoch:
    """An epoch as it closed on the ledger.

    Attributes:
        root: 32 bytes.
        inclusion: where that stands.
    """

    epoch: int
    root: bytes
    tallies: tuple[Tally, ...]
    inclusion: Inclusion


@dataclass(frozen=True, slots=True)
class Opening:
    """One rejection as a gate proves it to the ledger; it tells strangers nothing of the file.

    Attributes:
        intent_hash: 32 bytes; the intent's nonce hides the digest.
        detail_hash: 32 bytes.
        salt: 32 bytes.
        intent_signature: the uploader's, over that intent.
        path: from the leaf to the epoch's root, 32 bytes each.
    """

    intent_hash: bytes
    detail_hash: bytes
    salt: bytes
    intent_signature: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TallyDispute:
    """An epoch's rejections of one uploader that do not count until they are proven.

    Attributes:
        opened_at: Unix seconds.
        rejections: how many there were.
    """

    epoch: int
    uploader: Address
    challenger: Address
    opened_at: int
    rejections: int
