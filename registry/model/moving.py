"""What it takes to move a ledger's log: each record as it was registered, and as it stands in its new place."""

from __future__ import annotations

from dataclasses import dataclass

from registry.model.ledger import BatchPlace, Inclusion, Record, Registration


@dataclass(frozen=True, slots=True)
class Logged:
    """One record of a log.

    Attributes:
        registration: as it was sent, with all signatures.
        record: as it stands now.
        inclusion: where it was registered.
        reason_hash: 32 bytes, SHA-256 of why its standing changed last; absent where it never did.
    """

    registration: Registration
    record: Record
    inclusion: Inclusion
    reason_hash: bytes | None


@dataclass(frozen=True, slots=True)
class NamedMigration:
    """A document that a ledger's manifests name as a migration.

    Attributes:
        document: its bytes, not looked at.
        named_at: Unix seconds of the first block that has a batch of it.
    """

    document: bytes
    named_at: int


@dataclass(frozen=True, slots=True)
class MovedLine:
    """One line of a manifest, of a record that was moved here.

    Attributes:
        place: its batch and leaf.
        inclusion: of the batch.
        registration: what the line says.
    """

    place: BatchPlace
    inclusion: Inclusion
    registration: Registration
