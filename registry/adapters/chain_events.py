"""From the contract's logs to the event table: each block is read once, and again if the chain changed its mind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BlockNotFound
from web3.types import BlockData, FilterParams, LogReceipt

from registry.adapters.event_table import Checkpoint, EventRow, EventTable, GateRow, Registered, Row, StatementRow
from registry.errors import LedgerUnavailableError
from registry.model import Act, Address, Digest, EventName, Inclusion, LedgerEvent, Standing

BLOCKS_A_CALL = 1000  # public endpoints refuse `eth_getLogs` over more than a few thousand blocks


class ChainEvents:
    """Reads one contract's events; whatever web3 raises passes through, the caller translates it."""

    def __init__(self, web3: Web3, contract: Contract) -> None:
        self._web3 = web3
        self._address = contract.address
        self._registered = contract.events.MediaRegistered()
        self._opinion = contract.events.OpinionRecorded()
        self._changed = contract.events.StandingChanged()
        self._said = contract.events.StatementMade()
        self._gate_added = contract.events.GateAdded()
        self._gate_ended = contract.events.GateEnded()

    def sync(self, table: EventTable, *, first_block: int) -> None:
        """Bring the table up to the latest block.

        Raises:
            LedgerUnavailableError: the chain was reorganised while it was read; try again.
        """
        head = self._web3.eth.get_block("latest")
        at = table.checkpoint()
        while at is not None and not self.has_block(at.block_number, at.block_hash):
            table.rewind(at)
            at = table.checkpoint()
        start = first_block if at is None else at.block_number + 1
        while start <= head["number"]:
            end = min(start + BLOCKS_A_CALL - 1, head["number"])
            upto = Checkpoint(end, bytes(self._web3.eth.get_block(end)["hash"]))
            rows = self.rows(self._logs(start, end))
            if not self.has_block(end, upto.block_hash):
                raise LedgerUnavailableError(f"the chain was reorganised at block {end} while it was read")
            table.append(rows, after=at, upto=upto)
            at, start = upto, end + 1

    def has_block(self, number: int, block_hash: bytes) -> bool:
        """Return whether the block at this height is the one with this hash."""
        try:
            return bytes(self._web3.eth.get_block(number)["hash"]) == block_hash
        except BlockNotFound:
            return False

    def place(self, logs: Sequence[LogReceipt]) -> Inclusion | None:
        """Return where the contract's first log among these stands, or nothing if it wrote none."""
        mine = [log for log in logs if log["address"] == self._address]
        return _place(mine[0], self._web3.eth.get_block(mine[0]["blockHash"])) if mine else None

    def rows(self, logs: Sequence[LogReceipt]) -> tuple[Row, ...]:
        """Return what readers follow among the contract's logs, in chain order."""
        mine = [log for log in logs if log["address"] == self._address]
        return tuple(self._rows(sorted(mine, key=lambda log: (log["blockNumber"], log["logIndex"]))))

    @cached_property
    def _readers(self) -> dict[HexBytes, Callable[[LogReceipt, Inclusion], Row]]:
        """What each event but the registration says, by its topic."""
        return {
            HexBytes(self._changed.topic): self._change,
            HexBytes(self._said.topic): self._statement,
            HexBytes(self._gate_added.topic): self._gate_term,
            HexBytes(self._gate_ended.topic): self._gate_end,
        }

    def _logs(self, start: int, end: int) -> list[LogReceipt]:
        return self._web3.eth.get_logs(FilterParams(address=self._address, fromBlock=start, toBlock=end))

    def _rows(self, logs: Sequence[LogReceipt]) -> Iterator[Row]:
        blocks: dict[HexBytes, BlockData] = {}
        registered = HexBytes(self._registered.topic)
        for log in logs:
            topic = log["topics"][0]
            if topic != registered and topic not in self._readers:
                continue
            if log["blockHash"] not in blocks:
                blocks[log["blockHash"]] = self._web3.eth.get_block(log["blockHash"])
            place = _place(log, blocks[log["blockHash"]])
            yield self._registration(logs, log, place) if topic == registered else self._readers[topic](log, place)

    def _registration(self, logs: Sequence[LogReceipt], log: LogReceipt, place: Inclusion) -> EventRow:
        """Return a registration with the opinions on it: same transaction, same digest, gates ascending."""
        admission = self._registered.process_log(log)["args"]["admission"]
        topic, digest = HexBytes(self._opinion.topic), log["topics"][1]
        opinions = [
            self._opinion.process_log(each)["args"]
            for each in logs
            if each["transactionHash"] == log["transactionHash"] and each["topics"][:2] == [topic, digest]
        ]
        more = Registered(
            policy_id=admission["policyId"],
            model_ids=tuple(opinion["opinion"]["modelId"] for opinion in opinions),
            gates=tuple(Address.from_hex(opinion["gate"]) for opinion in opinions),
            content_hash=admission["contentHash"],
            fingerprint_hash=admission["fingerprintHash"],
        )
        return EventRow(LedgerEvent(EventName.REGISTERED, Digest(bytes(digest)), Standing.ACTIVE, place), more)

    def _change(self, log: LogReceipt, place: Inclusion) -> EventRow:
        seen = self._changed.process_log(log)["args"]
        standing = Standing(seen["to"])
        return EventRow(LedgerEvent(EventName.STANDING_CHANGED, Digest(seen["digest"]), standing, place))

    def _statement(self, log: LogReceipt, place: Inclusion) -> StatementRow:
        seen = self._said.process_log(log)["args"]
        by = Address.from_hex(seen["by"])
        return StatementRow(place, Digest(seen["digest"]), by, Act(seen["act"]), seen["detail"])

    def _gate_term(self, log: LogReceipt, place: Inclusion) -> GateRow:
        seen = self._gate_added.process_log(log)["args"]
        return GateRow(place, Address.from_hex(seen["gate"]), Address.from_hex(seen["runBy"]), 0)

    def _gate_end(self, log: LogReceipt, place: Inclusion) -> GateRow:
        seen = self._gate_ended.process_log(log)["args"]
        return GateRow(place, Address.from_hex(seen["gate"]), None, seen["compromisedSince"])


def _place(log: LogReceipt, block: BlockData) -> Inclusion:
    return Inclusion(
        tx_hash=bytes(log["transactionHash"]),
        block_number=log["blockNumber"],
        block_hash=bytes(log["blockHash"]),
        log_index=log["logIndex"],
        block_time=block["timestamp"],
    )
