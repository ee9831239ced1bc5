"""A ledger that is left, and one that records were moved to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from registry.model import Committed, Digest, Inclusion, LedgerInfo, SignedBatch
from registry.model.moving import Logged, MovedLine, NamedMigration


class LedgerLog(Protocol):
    """The whole log of a ledger.

    Every method may raise `LedgerUnavailableError` (try again) or `LedgerError`.
    """

    def logged(self) -> Iterator[Logged]:
        """Yield every record in the order of registration, each once.

        Raises:
            StoreError: a batch's manifest is not at hand.
        """
        ...


class MovedRecords(Protocol):
    """What the manifests of a ledger say of records that came from elsewhere.

    Every method may raise `LedgerUnavailableError` (try again) or `LedgerError`.
    """

    def migrations(self) -> Iterator[NamedMigration]:
        """Yield each document that the manifests name as a migration, where it is at hand."""
        ...

    def line_of(self, digest: Digest, roots: frozenset[bytes]) -> MovedLine | None:
        """Return the line of these bytes in one of these batches, or nothing."""
        ...

    def at_hand(self, roots: frozenset[bytes]) -> frozenset[bytes]:
        """Return which of these batches are on the ledger with their manifests at hand."""
        ...


class MigrationTarget(Protocol):
    """The ledger that a log is moved to.

    Every method may raise `LedgerUnavailableError` (try again) or `LedgerError`.
    """

    @property
    def info(self) -> LedgerInfo:
        """Which ledger answers."""
        ...

    def committed(self) -> Iterator[Committed]:
        """Yield what every record commits to, in chain order, from events and manifests alone."""
        ...

    def has_batch(self, root: bytes) -> bool:
        """Return whether a batch with this root is registered."""
        ...

    def put_batch(self, batch: SignedBatch) -> Inclusion:
        """Register a batch, and return where it stands; what was sent before a kill is seen to its end first.

        Raises:
            TransactionRevertedError: the contract refuses it.
        """
        ...

    def is_final(self, inclusion: Inclusion, *, wait_s: float = 0.0) -> bool:
        """Return whether the block can no longer be undone, waiting up to ``wait_s``."""
        ...
