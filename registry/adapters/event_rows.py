"""What the event table keeps: one kind of row for each table, and how a row becomes columns and columns a row.

A new kind of event is a row class here or in a module of its own, its table in `event_table.TABLES`, and its reader in
`event_readers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from registry.model import Act, Address, Digest, EventName, Inclusion, LedgerEvent, Standing, Visibility

MODEL_ID_BYTES = 32
ADDRESS_BYTES = 20

EVENT_TABLE = """
CREATE TABLE event (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash BLOB NOT NULL, block_time INTEGER NOT NULL,
    tx_hash BLOB NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, standing INTEGER NOT NULL,
    policy_id BLOB, model_ids BLOB, gates BLOB, content_hash BLOB, fingerprint_hash BLOB, visibility INTEGER,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE INDEX event_digest ON event (digest);
"""
EVENT_COLUMNS = (
    "block_number, log_index, block_hash, block_time, tx_hash, name, digest, standing, "
    "policy_id, model_ids, gates, content_hash, fingerprint_hash, visibility"
)
STATEMENT_TABLE = """
CREATE TABLE statement (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_time INTEGER NOT NULL,
    digest BLOB NOT NULL, signer BLOB NOT NULL, act INTEGER NOT NULL, detail BLOB NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
CREATE INDEX statement_digest ON statement (digest);
"""
GATE_TABLE = """
CREATE TABLE gate (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL,
    gate BLOB NOT NULL, run_by BLOB, compromised_since INTEGER NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
"""

EventColumns = tuple[
    int,
    int,
    bytes,
    int,
    bytes,
    str,
    bytes,
    int,
    bytes | None,
    bytes | None,
    bytes | None,
    bytes | None,
    bytes | None,
    int | None,
]


class Row(Protocol):
    """One row of one table; every table has ``block_number``, so that a block can be forgotten.

    Attributes:
        table: its table's name.
    """

    table: ClassVar[str]

    def columns(self) -> tuple[object, ...]:
        """Return the values of all columns, in the table's order."""
        ...


@dataclass(frozen=True, slots=True)
class Registered:
    """What only the registration's logs tell of a record.

    Attributes:
        policy_id: 32 bytes.
        model_ids: 32 bytes each, one per gate opinion.
        gates: whose opinions these are.
        content_hash: 32 bytes.
        fingerprint_hash: 32 bytes.
        visibility: as wished for.
    """

    policy_id: bytes
    model_ids: tuple[bytes, ...]
    gates: tuple[Address, ...]
    content_hash: bytes
    fingerprint_hash: bytes
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class EventRow:
    """One change of a record's standing; the first, its registration, with what else its logs tell."""

    table: ClassVar[str] = "event"

    event: LedgerEvent
    registered: Registered | None = None

    def columns(self) -> tuple[object, ...]:
        """Return the values of all columns, in the table's order."""
        event, place, more = self.event, self.event.inclusion, self.registered
        return (
            place.block_number,
            place.log_index,
            place.block_hash,
            place.block_time,
            place.tx_hash,
            event.name,
            event.digest.value,
            int(event.standing),
            more.policy_id if more else None,
            b"".join(more.model_ids) if more else None,
            b"".join(gate.value for gate in more.gates) if more else None,
            more.content_hash if more else None,
            more.fingerprint_hash if more else None,
            int(more.visibility) if more else None,
        )

    @staticmethod
    def of(columns: EventColumns) -> EventRow:
        """Return the row that has these columns."""
        block_number, log_index, block_hash, block_time, tx_hash, name, digest, standing, *more, visibility = columns
        place = Inclusion(tx_hash, block_number, block_hash, log_index, block_time)
        policy_id, models, gates, content_hash, fingerprint_hash = (value or b"" for value in more)
        registered = (
            Registered(
                policy_id,
                tuple(chunks(models, MODEL_ID_BYTES)),
                tuple(map(Address, chunks(gates, ADDRESS_BYTES))),
                content_hash,
                fingerprint_hash,
                Visibility(visibility or 0),
            )
            if policy_id
            else None
        )
        return EventRow(LedgerEvent(EventName(name), Digest(digest), Standing(standing), place), registered)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One statement: who said what of a record; ``detail`` as in `registry.model.Statement`."""

    table: ClassVar[str] = "statement"

    inclusion: Inclusion
    digest: Digest
    by: Address
    act: Act
    detail: bytes

    def columns(self) -> tuple[object, ...]:
        """Return the values of all columns, in the table's order."""
        place = self.inclusion
        at = (place.block_number, place.log_index, place.block_time)
        return (*at, self.digest.value, self.by.value, int(self.act), self.detail)


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate's term began or ended.

    Attributes:
        run_by: whose gate it is; absent at its end.
        compromised_since: Unix seconds since when its key is in other hands, 0 if not.
    """

    table: ClassVar[str] = "gate"

    inclusion: Inclusion
    gate: Address
    run_by: Address | None
    compromised_since: int

    def columns(self) -> tuple[object, ...]:
        """Return the values of all columns, in the table's order."""
        at = (self.inclusion.block_number, self.inclusion.log_index)
        return (*at, self.gate.value, self.run_by.value if self.run_by else None, self.compromised_since)


@dataclass(frozen=True, slots=True)
class GateHistory:
    """What is known of a gate: whose it is, and since when its key is in other hands (Unix seconds, 0 if not)."""

    run_by: Address
    compromised_since: int

    @staticmethod
    def of(terms: Sequence[tuple[bytes, int]]) -> GateHistory:
        """Return what a gate's terms come to: ``run_by`` and ``compromised_since`` of each, the first one first."""
        marks = [since for _, since in terms if since]
        return GateHistory(Address(terms[0][0]), min(marks, default=0))


def chunks(joined: bytes, length: int) -> Iterator[bytes]:
    """Yield the pieces of equal length that were joined."""
    return (joined[at : at + length] for at in range(0, len(joined), length))
