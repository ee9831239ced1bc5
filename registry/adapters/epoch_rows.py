"""What the event table keeps of closed epochs and of disputed tallies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from registry.model import Address, ClosedEpoch, Inclusion, Tally

EPOCH_TABLE = """
CREATE TABLE epoch (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash BLOB NOT NULL, block_time INTEGER NOT NULL,
    tx_hash BLOB NOT NULL, epoch INTEGER NOT NULL UNIQUE, root BLOB NOT NULL, tallies BLOB NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
"""
TALLY_DISPUTE_TABLE = """
CREATE TABLE tally_dispute (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, epoch INTEGER NOT NULL, uploader BLOB NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
"""
EPOCH_QUERY = (
    "SELECT block_number, log_index, block_hash, block_time, tx_hash, epoch, root, tallies FROM epoch WHERE epoch = ?"
)
TALLY_DISPUTE_QUERY = "SELECT epoch, uploader FROM tally_dispute ORDER BY block_number, log_index"

_ADDRESS_BYTES, _COUNT_BYTES = 20, 4
_TALLY_BYTES = _ADDRESS_BYTES + _COUNT_BYTES

EpochColumns = tuple[int, int, bytes, int, bytes, int, bytes, bytes]


@dataclass(frozen=True, slots=True)
class EpochRow:
    """An epoch closed."""

    table: ClassVar[str] = "epoch"

    closed: ClosedEpoch

    def columns(self) -> tuple[object, ...]:
        """Return the values of all columns, in the table's order."""
        closed, place = self.closed, self.closed.inclusion
        where = (place.block_number, place.log_index, place.block_hash, place.block_time, place.tx_hash)
        return (*where, closed.epoch, closed.root, _packed(closed.tallies))


@dataclass(frozen=True, slots=True)
class TallyDisputeRow:
    """An uploader asked to see an epoch's rejections of it; whether that is open still, the contract's state tells."""

    table: ClassVar[str] = "tally_dispute"

    inclusion: Inclusion
    epoch: int
    uploader: Address

    def columns(self) -> tuple[object, ...]:
        """Return the values of all columns, in the table's order."""
        return (self.inclusion.block_number, self.inclusion.log_index, self.epoch, self.uploader.value)


def closed_of(columns: Sequence[EpochColumns]) -> ClosedEpoch | None:
    """Return the epoch that a query found, or nothing."""
    for block, log, block_hash, time, tx, epoch, root, tallies in columns:
        return ClosedEpoch(epoch, root, _unpacked(tallies), Inclusion(tx, block, block_hash, log, time))
    return None


def _packed(tallies: Iterable[Tally]) -> bytes:
    return b"".join(tally.uploader.value + tally.count.to_bytes(_COUNT_BYTES, "big") for tally in tallies)


def _unpacked(packed: bytes) -> tuple[Tally, ...]:
    rows = (packed[at : at + _TALLY_BYTES] for at in range(0, len(packed), _TALLY_BYTES))
    return tuple(Tally(Address(row[:_ADDRESS_BYTES]), int.from_bytes(row[_ADDRESS_BYTES:], "big")) for row in rows)
