"""From a log about rejections to its row of the event table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hexbytes import HexBytes
from web3.contract import Contract
from web3.types import LogReceipt

from registry.adapters.epoch_rows import EpochRow, TallyDisputeRow
from registry.adapters.event_readers import Reader
from registry.model import Address, ClosedEpoch, Inclusion, Tally


def epoch_readers_of(contract: Contract) -> Mapping[HexBytes, Reader]:
    """Return the readers of what is said of rejections, by topic; whether a dispute is over, the state tells."""
    events = contract.events
    return {
        HexBytes(events.EpochClosed().topic): epoch_reader(contract),
        HexBytes(events.TallyDisputed().topic): tally_dispute_reader(contract),
    }


def epoch_reader(contract: Contract) -> Reader:
    """Read that an epoch closed."""
    closed = contract.events.EpochClosed()

    def read(log: LogReceipt, place: Inclusion, _: Sequence[LogReceipt]) -> Iterator[EpochRow]:
        seen = closed.process_log(log)["args"]
        tallies = tuple(Tally(Address.from_hex(each["uploader"]), each["count"]) for each in seen["tallies"])
        yield EpochRow(ClosedEpoch(seen["epoch"], bytes(seen["rejectionRoot"]), tallies, place))

    return read


def tally_dispute_reader(contract: Contract) -> Reader:
    """Read that an uploader asked to see its rejections."""
    disputed = contract.events.TallyDisputed()

    def read(log: LogReceipt, place: Inclusion, _: Sequence[LogReceipt]) -> Iterator[TallyDisputeRow]:
        seen = disputed.process_log(log)["args"]
        yield TallyDisputeRow(place, seen["epoch"], Address.from_hex(seen["uploader"]))

    return read
