"""From the contract's logs to the event table: each block is read once, and again if the chain changed its mind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BlockNotFound
from web3.types import BlockData, FilterParams, LogReceipt

from registry.adapters.event_table import Checkpoint, EventRow, EventTable
from registry.errors import LedgerUnavailableError
from registry.model import Digest, EventName, Inclusion, LedgerEvent, Standing

BLOCKS_A_CALL = 1000  # public endpoints refuse `eth_getLogs` over more than a few thousand blocks


class ChainEvents:
    """Reads one contract's events; whatever web3 raises passes through, the caller translates it."""

    def __init__(self, web3: Web3, contract: Contract) -> None:
        self._web3 = web3
        self._address = contract.address
        self._registered = contract.events.MediaRegistered()
        self._opinion = contract.events.OpinionRecorded()
        self._changed = contract.events.StandingChanged()

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

    def rows(self, logs: Sequence[LogReceipt]) -> tuple[EventRow, ...]:
        """Return what readers follow among the contract's logs, in chain order."""
        mine = [log for log in logs if log["address"] == self._address]
        return tuple(self._rows(sorted(mine, key=lambda log: (log["blockNumber"], log["logIndex"]))))

    @cached_property
    def _topics(self) -> dict[HexBytes, EventName]:
        return {
            HexBytes(self._registered.topic): EventName.REGISTERED,
            HexBytes(self._changed.topic): EventName.STANDING_CHANGED,
        }

    def _logs(self, start: int, end: int) -> list[LogReceipt]:
        return self._web3.eth.get_logs(FilterParams(address=self._address, fromBlock=start, toBlock=end))

    def _rows(self, logs: Sequence[LogReceipt]) -> Iterator[EventRow]:
        blocks: dict[HexBytes, BlockData] = {}
        for log in logs:
            name = self._topics.get(log["topics"][0])
            if name is None:
                continue
            if log["blockHash"] not in blocks:
                blocks[log["blockHash"]] = self._web3.eth.get_block(log["blockHash"])
            place = _place(log, blocks[log["blockHash"]])
            if name is EventName.REGISTERED:
                seen = self._registered.process_log(log)["args"]
                event = LedgerEvent(name, Digest(seen["digest"]), Standing.ACTIVE, place)
                yield EventRow(event, seen["policyId"], self._models(logs, log))
            else:
                seen = self._changed.process_log(log)["args"]
                yield EventRow(LedgerEvent(name, Digest(seen["digest"]), Standing(seen["to"]), place))

    def _models(self, logs: Sequence[LogReceipt], registered: LogReceipt) -> tuple[bytes, ...]:
        """Return the model of each opinion on this registration: same transaction, same digest, gates ascending."""
        topic, digest = HexBytes(self._opinion.topic), registered["topics"][1]
        return tuple(
            self._opinion.process_log(log)["args"]["modelId"]
            for log in logs
            if log["transactionHash"] == registered["transactionHash"] and log["topics"][:2] == [topic, digest]
        )


def _place(log: LogReceipt, block: BlockData) -> Inclusion:
    return Inclusion(
        tx_hash=bytes(log["transactionHash"]),
        block_number=log["blockNumber"],
        block_hash=bytes(log["blockHash"]),
        log_index=log["logIndex"],
        block_time=block["timestamp"],
    )
