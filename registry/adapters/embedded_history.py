"""Reading an embedded chain's file back from genesis, believing none of it: every hash is made anew.

A block's hash commits to its parent, its transactions and its receipts. So whoever holds one block's hash from outside
can tell whether a file holds the history that led to it. The state is not computed again: the hash of the block that
names its root is enough to tell that it is the same.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from eth.abc import BlockAPI, BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth.db.trie import make_trie_root_and_nodes
from eth.exceptions import PyEVMError
from eth_typing import BlockNumber
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from registry.adapters.clock import SystemClock
from registry.adapters.deployment import installation_at
from registry.adapters.embedded import CHAIN_FILE, CONTRACT_NOTE, ENDPOINT, web3_on
from registry.adapters.embedded_evm import EmbeddedChain
from registry.adapters.sqlite_evm import SqliteChainDB
from registry.errors import LedgerError, LedgerMismatchError, LedgerUnavailableError
from registry.model import ZERO_32, Address, LedgerInfo
from registry.model.chain import ChainHead, ChainHistory

UNREADABLE = (KeyError, IndexError, ValueError, TypeError, PyEVMError, ValidationError, RLPException)


class EmbeddedHistory:
    """One embedded ledger's file; needs no key."""

    def __init__(self, directory: Path) -> None:
        """Open the chain in a home's ledger directory.

        Raises:
            LedgerMismatchError: no embedded chain is there.
            LedgerUnavailableError: its file cannot be opened.
        """
        path = directory / CHAIN_FILE
        if not path.is_file():
            raise LedgerMismatchError(f"expected an embedded chain at {path}, found none")
        self._database = SqliteChainDB(path)
        with ExitStack() as opened:
            opened.callback(self._database.close)
            self._contract = _contract_on(self._database)
            with _reading("its head"):
                self._chain = EmbeddedChain(self._database)
            opened.pop_all()

    def info(self) -> LedgerInfo:
        """Return which ledger this is."""
        return installation_at(
            web3_on(self._database, SystemClock()), self._contract, kind="embedded", endpoint=ENDPOINT
        )

    def head(self) -> ChainHead:
        """Return the latest block, as the file says; nothing is made anew."""
        with _reading("its head"):
            return _head(self._chain.get_canonical_head())

    def upto(self, number: int, seen: Callable[[int], None] = lambda _number: None) -> ChainHistory | None:
        """Return the history up to a block, every hash on the way made anew; nothing if the chain is not that long.

        Args:
            number: of the block.
            seen: is told of each block read.

        Raises:
            LedgerError: the file contradicts itself: something was changed in it.
        """
        if number > self.head().block_number:
            return None
        parent, count, root = ZERO_32, 0, ZERO_32
        for at in range(number + 1):
            with _reading(f"block {at}"):
                block = self._chain.get_canonical_block_by_number(BlockNumber(at))
                for event in self._events(block, at, parent):
                    root, count = fold_event(root, event), count + 1
                parent = bytes(block.header.hash)
                head = _head(block.header)
            seen(at)
        return ChainHistory(head, count, root)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _events(self, block: BlockAPI, number: int, parent: bytes) -> Iterator[bytes]:
        """Yield the contract's logs in a block, each as bytes, after the block was found true to its own hash."""
        header = block.header
        receipts = block.get_receipts(self._chain.chaindb)
        _require(number, "its number", number, header.block_number)
        _require(number, "its parent", parent, bytes(header.parent_hash))
        _require(number, "its transactions", _root(block.transactions), bytes(header.transaction_root))
        _require(number, "its receipts", _root(receipts), bytes(header.receipt_root))
        index = 0
        for transaction, receipt in zip(block.transactions, receipts, strict=True):
            for log in receipt.logs:
                if bytes(log.address) == self._contract.value:
                    topics = b"".join(topic.to_bytes(32, "big") for topic in log.topics)
                    yield event_bytes(number, index, bytes(transaction.hash), topics, bytes(log.data))
                index += 1


def _contract_on(database: SqliteChainDB) -> Address:
    contract = database.note(CONTRACT_NOTE)
    if contract is None:
        raise LedgerMismatchError("expected a registry on the embedded chain, found an empty file")
    return Address.from_hex(contract)


def event_bytes(block_number: int, log_index: int, tx_hash: bytes, topics: bytes, data: bytes) -> bytes:
    """Return one log as the bytes that are hashed.

    Args:
        block_number: as 8 bytes, big-endian.
        log_index: within the block, as 4 bytes.
        tx_hash: 32 bytes.
        topics: 32 bytes each; their number goes before them as one byte.
        data: the rest, as the contract wrote it.
    """
    place = block_number.to_bytes(8, "big") + log_index.to_bytes(4, "big")
    return place + tx_hash + bytes([len(topics) // 32]) + topics + data


def fold_event(root: bytes, event: bytes) -> bytes:
    """Return SHA-256(root ‖ SHA-256(event)); the root of no events is 32 zero bytes."""
    return hashlib.sha256(root + hashlib.sha256(event).digest()).digest()


def _head(header: BlockHeaderAPI) -> ChainHead:
    return ChainHead(header.block_number, bytes(header.hash), header.timestamp, bytes(header.state_root))


def _root(items: Sequence[ReceiptAPI] | Sequence[SignedTransactionAPI]) -> bytes:
    root, _ = make_trie_root_and_nodes(items)
    return bytes(root)


def _require(number: int, what: str, expected: object, got: object) -> None:
    if expected != got:
        shown = [value.hex() if isinstance(value, bytes) else value for value in (expected, got)]
        raise LedgerError(f"block {number} contradicts {what}: expected {shown[0]}, got {shown[1]}")


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except LedgerError:
        raise
    except sqlite3.Error as exc:
        raise LedgerUnavailableError(f"the embedded chain cannot be read: {exc}") from exc
    except UNREADABLE as exc:
        raise LedgerError(f"the embedded chain is damaged: {what} cannot be read ({type(exc).__name__})") from exc
