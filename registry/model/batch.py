"""A batch: many records admitted at once, under one root."""

from __future__ import annotations

from dataclasses import dataclass

from registry.model.cid import Cid
from registry.model.identity import Address, Digest, require_length
from registry.model.ledger import Visibility

MAX_LEAVES = 1 << 20
MAX_TALLIES = 256


@dataclass(frozen=True, slots=True)
class Tally:
    """How many outcomes of one uploader there are: earning leaves of a batch, or an epoch's rejections."""

    uploader: Address
    count: int


@dataclass(frozen=True, slots=True)
class BatchAdmission:
    """What the gates sign to admit many records at once, field for field as in ``IMediaRegistry.sol``.

    Attributes:
        root: 32 bytes, of the records' leaves (`registry.leaves.batch_leaf`).
        count: of leaves, 1 to `MAX_LEAVES`.
        manifest: names the file with a line for each leaf, in the leaves' order.
        tallies: of leaves that earn reputation, uploaders ascending, at most `MAX_TALLIES`.
        deadline: Unix seconds after which the gates' word is void.
    """

    root: bytes
    count: int
    manifest: Cid
    tallies: tuple[Tally, ...]
    deadline: int

    def __post_init__(self) -> None:
        require_length("root", self.root, 32)


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """A batch's admission with the gates' EIP-712 signatures (65 bytes each), sorted by gate ascending."""

    admission: BatchAdmission
    signatures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """What a record commits to: enough to find its fingerprint document.

    Attributes:
        block: that holds it.
        fingerprint_hash: 32 bytes, SHA-256 of the fingerprint document; salted if private.
    """

    digest: Digest
    block: int
    visibility: Visibility
    fingerprint_hash: bytes


@dataclass(frozen=True, slots=True)
class BatchProof:
    """That one record stands in a batch.

    Attributes:
        root: 32 bytes.
        index: of its leaf, in ascending order of all.
        path: the leaf's siblings up to the root, 32 bytes each.
    """

    root: bytes
    index: int
    path: tuple[bytes, ...]
