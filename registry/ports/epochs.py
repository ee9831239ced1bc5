"""Rejections as the ledger counts them: a day at a time, and open to dispute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from registry.model import Address, ClosedEpoch, Inclusion, Opening, SignedEpochClose, TallyDispute
from registry.ports.signing import Signer


class EpochLedger(Protocol):
    """What a ledger knows of rejections.

    Every method may raise `LedgerUnavailableError` (try again) or `LedgerError`, every act `TransactionRevertedError`.
    """

    def closed_epoch(self, epoch: int) -> ClosedEpoch | None:
        """Return an epoch as it closed, or nothing while it is open."""
        ...

    def close_epoch(self, signed: SignedEpochClose) -> Inclusion:
        """Close an epoch, once and after its day, and return where that stands."""
        ...

    def signed_epoch(self, epoch: int) -> SignedEpochClose | None:
        """Return what the gates signed when an epoch closed, or nothing where the transaction does not tell it."""
        ...

    def dispute_tally(self, epoch: int, uploader: Address, *, by: Signer) -> Inclusion:
        """Ask to see an epoch's rejections of an uploader, and return where that stands; they count no longer.

        Args:
            epoch: closed, and its rejections not settled yet.
            uploader: whose they are.
            by: the uploader's own key, or the one that it was rotated to; it sends and pays the bond.
        """
        ...

    def answer_tally(self, epoch: int, uploader: Address, openings: Sequence[Opening]) -> Inclusion:
        """Prove disputed rejections, and return where that stands; the recorder sends.

        Args:
            epoch: of the rejections.
            uploader: whose they are.
            openings: sorted by intent hash ascending; fewer than are disputed only when the gates' time is up.
        """
        ...

    def tally_disputes(self) -> tuple[TallyDispute, ...]:
        """Return the disputes of tallies that are open, in the order in which they were opened."""
        ...
