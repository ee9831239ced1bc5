"""From one log of the contract to what the event table keeps of it: a reader for each kind of event, by its topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from hexbytes import HexBytes
from web3.contract import Contract
from web3.types import LogReceipt

from registry.adapters.batch_rows import BatchRow
from registry.adapters.event_rows import EventRow, GateRow, Registered, Row, StatementRow
from registry.adapters.log_words import LogWords
from registry.model import Act, Address, Cid, Digest, EventName, Inclusion, LedgerEvent, Standing, Visibility

# the log, where it stands, and the contract's logs of the same transaction, itself among them, by log index
Reader = Callable[[LogReceipt, Inclusion, Sequence[LogReceipt]], Iterator[Row]]


def readers_of(contract: Contract) -> Mapping[HexBytes, Reader]:
    """Return the reader of each kind of event that we follow; the contract's others have none."""
    events = contract.events
    return {
        HexBytes(events.MediaRegistered().topic): registration_reader(contract),
        HexBytes(events.StandingChanged().topic): standing_reader(contract),
        HexBytes(events.StatementMade().topic): statement_reader(contract),
        HexBytes(events.GateAdded().topic): gate_reader(contract),
        HexBytes(events.GateEnded().topic): gate_end_reader(contract),
        HexBytes(events.BatchRegistered().topic): batch_reader(contract),
    }


def registration_reader(contract: Contract) -> Reader:
    """Read a registration with the opinions on it: same transaction, same digest, gates ascending."""
    registered, opinion = LogWords(contract.events.MediaRegistered()), LogWords(contract.events.OpinionRecorded())
    opinion_topic = HexBytes(contract.events.OpinionRecorded().topic)

    def read(log: LogReceipt, place: Inclusion, beside: Sequence[LogReceipt]) -> Iterator[EventRow]:
        digest = log["topics"][1]
        opinions = [each for each in beside if each["topics"][:2] == [opinion_topic, digest]]
        more = Registered(
            policy_id=registered.word(log, "admission.policyId"),
            model_ids=tuple(opinion.word(each, "opinion.modelId") for each in opinions),
            gates=tuple(opinion.address(each, "gate") for each in opinions),
            content_hash=registered.word(log, "admission.contentHash"),
            fingerprint_hash=registered.word(log, "admission.fingerprintHash"),
            visibility=Visibility(registered.number(log, "visibility")),
        )
        yield EventRow(LedgerEvent(EventName.REGISTERED, Digest(bytes(digest)), Standing.ACTIVE, place), more)

    return read


def standing_reader(contract: Contract) -> Reader:
    """Read a change of standing."""
    changed = LogWords(contract.events.StandingChanged())

    def read(log: LogReceipt, place: Inclusion, _: Sequence[LogReceipt]) -> Iterator[EventRow]:
        digest, standing = Digest(changed.word(log, "digest")), Standing(changed.number(log, "to"))
        yield EventRow(LedgerEvent(EventName.STANDING_CHANGED, digest, standing, place))

    return read


def statement_reader(contract: Contract) -> Reader:
    """Read what somebody said of a record."""
    said = LogWords(contract.events.StatementMade())

    def read(log: LogReceipt, place: Inclusion, _: Sequence[LogReceipt]) -> Iterator[StatementRow]:
        digest, act = Digest(said.word(log, "digest")), Act(said.number(log, "act"))
        yield StatementRow(place, digest, said.address(log, "by"), act, said.word(log, "detail"))

    return read


def gate_reader(contract: Contract) -> Reader:
    """Read the beginning of a gate's term."""
    added = LogWords(contract.events.GateAdded())

    def read(log: LogReceipt, place: Inclusion, _: Sequence[LogReceipt]) -> Iterator[GateRow]:
        yield GateRow(place, added.address(log, "gate"), added.address(log, "runBy"), 0)

    return read


def gate_end_reader(contract: Contract) -> Reader:
    """Read the end of a gate's term."""
    ended = LogWords(contract.events.GateEnded())

    def read(log: LogReceipt, place: Inclusion, _: Sequence[LogReceipt]) -> Iterator[GateRow]:
        yield GateRow(place, ended.address(log, "gate"), None, ended.number(log, "compromisedSince"))

    return read


def batch_reader(contract: Contract) -> Reader:
    """Read the registration of a batch."""
    registered = contract.events.BatchRegistered()

    def read(log: LogReceipt, place: Inclusion, _: Sequence[LogReceipt]) -> Iterator[BatchRow]:
        seen = registered.process_log(log)["args"]
        manifest = Cid(seen["manifestHash"], is_dag_pb=seen["manifestIsDagPb"])
        yield BatchRow(place, seen["root"], seen["count"], manifest, tuple(map(Address.from_hex, seen["gates"])))

    return read
