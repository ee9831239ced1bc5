"""From the contract's logs to the event table: each block is read once, and again if the chain changed its mind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BlockNotFound
from web3.types import BlockData, FilterParams, LogReceipt

from registry.adapters.event_readers import readers_of
from registry.adapters.event_rows import Row
from registry.adapters.event_table import Checkpoint, EventTable
from registry.errors import LedgerUnavailableError
from registry.model import Inclusion

BLOCKS_A_CALL = 1000  # public endpoints refuse `eth_getLogs` over more than a few thousand blocks


class ChainEvents:
    """Reads one contract's events; whatever web3 raises passes through, the caller translates it."""

    def __init__(self, web3: Web3, contract: Contract) -> None:
        self._web3 = web3
        self._address = contract.address
        self._readers = readers_of(contract)

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

    def _logs(self, start: int, end: int) -> list[LogReceipt]:
        return self._web3.eth.get_logs(FilterParams(address=self._address, fromBlock=start, toBlock=end))

    def _rows(self, logs: Sequence[LogReceipt]) -> Iterator[Row]:
        blocks: dict[HexBytes, BlockData] = {}
        beside: defaultdict[HexBytes, list[LogReceipt]] = defaultdict(list)
        for log in logs:
            beside[log["transactionHash"]].append(log)
        for log in logs:
            reader = self._readers.get(log["topics"][0])
            if reader is None:
                continue
            if log["blockHash"] not in blocks:
                blocks[log["blockHash"]] = self._web3.eth.get_block(log["blockHash"])
            yield from reader(log, _place(log, blocks[log["blockHash"]]), beside[log["transactionHash"]])


def _place(log: LogReceipt, block: BlockData) -> Inclusion:
    return Inclusion(
        tx_hash=bytes(log["transactionHash"]),
        block_number=log["blockNumber"],
        block_hash=bytes(log["blockHash"]),
        log_index=log["logIndex"],
        block_time=block["timestamp"],
    )
