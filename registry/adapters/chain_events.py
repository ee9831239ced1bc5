"""From the contract's logs to the event table: each block is read once, and again if the chain changed its mind.

Only headers and logs are asked for, never state at an old block: any node that keeps logs will do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BlockNotFound, Web3RPCError
from web3.types import FilterParams, LogReceipt, RPCEndpoint, RPCResponse

from registry.adapters.epoch_readers import epoch_readers_of
from registry.adapters.event_readers import readers_of
from registry.adapters.event_rows import Row
from registry.adapters.event_table import Checkpoint, EventTable
from registry.adapters.failover import FailoverProvider
from registry.adapters.log_pages import LogPages
from registry.errors import LedgerUnavailableError
from registry.model import Inclusion

HEADERS_A_CALL = 100  # requests in one batch, which endpoints cap too


class ChainEvents:
    """Reads one contract's events; whatever web3 raises passes through, the caller translates it."""

    def __init__(self, web3: Web3, contract: Contract) -> None:
        self._web3 = web3
        self._address = contract.address
        self._readers = {**readers_of(contract), **epoch_readers_of(contract)}
        self._pages = LogPages()

    def sync(self, table: EventTable, *, first_block: int) -> None:
        """Bring the table up to the latest block; what was read stays, page by page, if it cannot be finished.

        Raises:
            LedgerUnavailableError: the chain was reorganised while it was read; try again.
        """
        head = int(self._web3.eth.get_block("latest")["number"])
        at = table.checkpoint()
        while at is not None and not self.has_block(at.block_number, at.block_hash):
            table.rewind(at)
            at = table.checkpoint()
        start = first_block if at is None else at.block_number + 1
        for end, (upto, logs) in self._pages.read(self._page, start, head):
            rows = self.rows(logs)
            if not self.has_block(end, upto.block_hash):
                raise LedgerUnavailableError(f"the chain was reorganised at block {end} while it was read")
            table.append(rows, after=at, upto=upto)
            at = upto

    def has_block(self, number: int, block_hash: bytes) -> bool:
        """Return whether the block at this height is the one with this hash."""
        try:
            return bytes(self._web3.eth.get_block(number)["hash"]) == block_hash
        except BlockNotFound:
            return False

    def place(self, logs: Sequence[LogReceipt]) -> Inclusion | None:
        """Return where the contract's first log among these stands, or nothing if it wrote none."""
        mine = [log for log in logs if log["address"] == self._address]
        return _place(mine[0], self._times(mine[:1])) if mine else None

    def rows(self, logs: Sequence[LogReceipt]) -> tuple[Row, ...]:
        """Return what readers follow among the contract's logs, in chain order."""
        mine = [log for log in logs if log["address"] == self._address]
        return tuple(self._rows(sorted(mine, key=lambda log: (log["blockNumber"], log["logIndex"]))))

    def _page(self, start: int, end: int) -> tuple[Checkpoint, list[LogReceipt]]:
        """Return the logs of some blocks, and the hash of the last one from before they were read."""
        try:
            upto = Checkpoint(end, bytes(self._web3.eth.get_block(end)["hash"]))
        except BlockNotFound as exc:
            raise LedgerUnavailableError(f"the chain was reorganised below block {end} while it was read") from exc
        return upto, self._logs(start, end)

    def _logs(self, start: int, end: int) -> list[LogReceipt]:
        """Return the contract's logs; of a node as they come, since web3's own shaping costs more than reading them."""
        provider = self._web3.provider
        if not isinstance(provider, FailoverProvider):
            return self._web3.eth.get_logs(FilterParams(address=self._address, fromBlock=start, toBlock=end))
        wish = {"address": self._address, "fromBlock": hex(start), "toBlock": hex(end)}
        answer = provider.make_request(RPCEndpoint("eth_getLogs"), [wish])
        if not isinstance(answer.get("result"), list):
            raise Web3RPCError(f"{answer.get('error')}", rpc_response=answer)
        return [_log(each, self._address) for each in answer["result"]]

    def _rows(self, logs: Sequence[LogReceipt]) -> Iterator[Row]:
        followed = [log for log in logs if log["topics"][0] in self._readers]
        times = self._times(followed)
        beside: defaultdict[HexBytes, list[LogReceipt]] = defaultdict(list)
        for log in logs:
            beside[log["transactionHash"]].append(log)
        for log in followed:
            read = self._readers[log["topics"][0]]
            yield from read(log, _place(log, times), beside[log["transactionHash"]])

    def _times(self, logs: Sequence[LogReceipt]) -> dict[HexBytes, int]:
        """Return the time of each log's block by the block's hash: as the log has it, else from the headers."""
        times = {log["blockHash"]: _time_in(log) for log in logs}
        unknown = [block_hash for block_hash, time in times.items() if not time]
        for start in range(0, len(unknown), HEADERS_A_CALL):
            some = unknown[start : start + HEADERS_A_CALL]
            times |= zip(some, self._header_times(some), strict=True)
        return times

    def _header_times(self, block_hashes: Sequence[HexBytes]) -> list[int]:
        provider = self._web3.provider
        if not isinstance(provider, FailoverProvider) or len(block_hashes) == 1:
            return [self._web3.eth.get_block(block_hash)["timestamp"] for block_hash in block_hashes]
        method = RPCEndpoint("eth_getBlockByHash")
        answers = provider.make_batch_request(
            [(method, [block_hash.to_0x_hex(), False]) for block_hash in block_hashes]
        )
        return [_header_time(answer) for answer in answers]


def _log(raw: Mapping[str, Any], address: ChecksumAddress) -> LogReceipt:
    """Return one log of the contract in the shape that web3 gives it."""
    log = {
        "address": address,
        "topics": [HexBytes(topic) for topic in raw["topics"]],
        "data": HexBytes(raw["data"]),
        "blockNumber": int(raw["blockNumber"], 16),
        "blockHash": HexBytes(raw["blockHash"]),
        "blockTimestamp": raw.get("blockTimestamp", 0),
        "transactionHash": HexBytes(raw["transactionHash"]),
        "transactionIndex": int(raw["transactionIndex"], 16),
        "logIndex": int(raw["logIndex"], 16),
        "removed": False,
    }
    return cast(LogReceipt, log)


def _time_in(log: LogReceipt) -> int:
    """Return the block's time as newer nodes put it into the log (execution-apis, 2025), or 0."""
    time = cast(Mapping[str, object], log).get("blockTimestamp", 0)
    return int(time, 16) if isinstance(time, str) else int(cast(int, time))


def _header_time(answer: RPCResponse) -> int:
    header = answer.get("result")
    if not isinstance(header, dict):
        raise LedgerUnavailableError("the chain was reorganised while it was read: a block of an event is gone")
    return int(header["timestamp"], 16)


def _place(log: LogReceipt, times: Mapping[HexBytes, int]) -> Inclusion:
    return Inclusion(
        tx_hash=bytes(log["transactionHash"]),
        block_number=log["blockNumber"],
        block_hash=bytes(log["blockHash"]),
        log_index=log["logIndex"],
        block_time=times[log["blockHash"]],
    )
