"""The truth: what is recorded, and who says what of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from registry.model import (
    Address,
    BatchProof,
    Committed,
    Digest,
    Dispute,
    DisputeReason,
    EndpointHealth,
    Inclusion,
    LedgerEvent,
    LedgerInfo,
    PendingRotation,
    Record,
    Registration,
    Reputation,
    Ruling,
    SignedBatch,
    SignedKeyRotation,
    SignedStatement,
    SignedTransaction,
)
from registry.ports.epochs import EpochLedger


class Ledger(EpochLedger, Protocol):
    """The truth: an EVM network with the registry contract.

    Every method may raise `LedgerUnavailableError` (try again) or `LedgerError`.
    """

    @property
    def info(self) -> LedgerInfo:
        """Which ledger answers."""
        ...

    def find(self, digest: Digest) -> Record | None:
        """Return the record of exactly these bytes, or nothing."""
        ...

    def proof_of(self, digest: Digest) -> BatchProof | None:
        """Return that a record stands in its batch, or nothing of one that was registered alone."""
        ...

    def batches_without_manifest(self) -> tuple[bytes, ...]:
        """Return the roots of batches whose manifests are not at hand: what is in them cannot be looked up here."""
        ...

    def committed(self) -> Iterator[Committed]:
        """Yield what every record commits to, in chain order, from events and manifests alone."""
        ...

    def reputation_of(self, uploader: Address) -> Reputation:
        """Return the uploader's reputation now; a newcomer's for an address never seen."""
        ...

    def quorum(self) -> int:
        """Return how many gates must sign a registration now."""
        ...

    def is_gate(self, account: Address) -> bool:
        """Return whether the account is a gate in office now."""
        ...

    def prepare(
        self, registration: Registration | SignedBatch, *, replaces: SignedTransaction | None = None
    ) -> SignedTransaction:
        """Return the signed transaction that will register a record, or a batch; nothing is sent.

        The caller makes it durable, submits it and waits for its inclusion before it prepares another: one nonce owner.

        Args:
            registration: with all its signatures; a batch's manifest must be in the content store.
            replaces: a waiting transaction whose nonce this one takes, for fees high enough that nodes let it; absent
                for the account's next nonce.

        Raises:
            TransactionRevertedError: the contract would refuse it now.
            FeeTooHighError: the network asks more than the cap.
        """
        ...

    def next_nonce(self) -> int:
        """Return the number of the operator's next transaction, as the latest block has it."""
        ...

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known or included is no error.

        Raises:
            NonceTakenError: another transaction of this account was included under its nonce.
            TransactionRevertedError: the network refused it.
        """
        ...

    def inclusion(self, *tx_hashes: bytes, wait_s: float = 0.0) -> Inclusion | None:
        """Return where the registration stands on the chain, or nothing if it is not included within ``wait_s``.

        Args:
            tx_hashes: of all transactions that may have brought it there; at most one of one nonce does.
            wait_s: how long to look.

        Raises:
            TransactionRevertedError: it was included and failed.
        """
        ...

    def is_final(self, inclusion: Inclusion, *, wait_s: float = 0.0) -> bool:
        """Return whether the block can no longer be undone (embedded: durably synced), waiting up to ``wait_s``."""
        ...

    def publish(self, signed: SignedStatement) -> Inclusion:
        """Publish what somebody says of a record, and return where it stands.

        Args:
            signed: without a signature it must be the operator's own word.

        Raises:
            RecordNotFoundError: a record that it names does not exist.
            TransactionRevertedError: the contract refuses it.
        """
        ...

    def dispute(self, digest: Digest, *, reason: DisputeReason, reason_hash: bytes) -> Inclusion:
        """Challenge an ACTIVE record in the operator's name, for its bond, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not ACTIVE, or the bond is not at hand.
        """
        ...

    def rule(self, digest: Digest, *, ruling: Ruling, reason_hash: bytes) -> Inclusion:
        """End a challenge as the arbiter, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not DISPUTED, or this key may not rule on it.
        """
        ...

    def dispute_of(self, digest: Digest) -> Dispute | None:
        """Return the open challenge of a record, or nothing."""
        ...

    def bond_wei(self) -> int:
        """Return what the operator's next challenge would cost, in wei."""
        ...

    def credit_wei(self) -> int:
        """Return what the operator may take out: bonds that came back, and those of challenges that it withstood."""
        ...

    def withdraw_credit(self) -> Inclusion:
        """Pay the operator what it has to its credit, and return where that stands."""
        ...

    def rotate_key(self, signed: SignedKeyRotation) -> Inclusion:
        """Put an uploader's wish to go on under another key, or its veto, and return where it stands.

        Raises:
            TransactionRevertedError: the contract refuses it.
        """
        ...

    def complete_key_rotation(self, from_: Address) -> Inclusion:
        """Hand an uploader's reputation to its new key once the delay is over, and return where that stands.

        Raises:
            TransactionRevertedError: no rotation is under way, or the uploader may still veto it.
        """
        ...

    def pending_rotation(self, from_: Address) -> PendingRotation | None:
        """Return the rotation of this key that is under way, or nothing."""
        ...

    def holder_of(self, uploader: Address) -> Address:
        """Return who answers for an uploader's name now: the address itself, or the key it was rotated to."""
        ...

    def wallet_accepts(self, wallet: Address, signing_hash: bytes, signature: bytes) -> bool:
        """Return whether a contract stands at this address and calls the signature its own (EIP-1271)."""
        ...

    def events(self) -> Iterator[LedgerEvent]:
        """Yield every event so far in chain order; of a batch, one for each record whose manifest is at hand."""
        ...

    def height(self) -> int:
        """Return the number of the latest block."""
        ...

    def endpoints(self) -> tuple[EndpointHealth, ...]:
        """Return the ways to the network, each asked now; none for an embedded ledger."""
        ...

    def close(self) -> None:
        """Release what is held; nothing durable is lost."""
        ...
