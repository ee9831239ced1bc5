"""A chain's latest block, and everything that was said up to it."""

from __future__ import annotations

from dataclasses import dataclass

from registry.model.identity import Address, require_length


@dataclass(frozen=True, slots=True)
class ChainHead:
    """A block.

    Attributes:
        block_number: its height.
        block_hash: 32 bytes; it commits to all blocks before, by each one's parent hash.
        block_time: Unix seconds.
        state_root: 32 bytes.
    """

    block_number: int
    block_hash: bytes
    block_time: int
    state_root: bytes

    def __post_init__(self) -> None:
        require_length("block_hash", self.block_hash, 32)
        require_length("state_root", self.state_root, 32)


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How far a ledger is.

    Attributes:
        head: its latest block.
        final_block: the latest that can no longer be undone; absent on a network in its first minutes.
        events_to: up to which block its events are in our table; absent while that is empty.
    """

    head: ChainHead
    final_block: int | None
    events_to: int | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A transaction as a network shows it.

    Attributes:
        sender: who signed and paid.
        data: what it carries.
        block_number: of the block that includes it.
        index: of the transaction in that block.
        block_time: Unix seconds.
        confirmations: blocks from that one to the latest, both counted.
        is_final: the network itself calls the block finalized.
    """

    sender: Address
    data: bytes
    block_number: int
    index: int
    block_time: int
    confirmations: int
    is_final: bool


@dataclass(frozen=True, slots=True)
class ChainHistory:
    """All that a registry's contract said up to a block.

    Attributes:
        head: that block.
        event_count: of the contract's logs up to it.
        events_root: 32 bytes that these logs fold into; see `fold_event`.
    """

    head: ChainHead
    event_count: int
    events_root: bytes

    def __post_init__(self) -> None:
        require_length("events_root", self.events_root, 32)
