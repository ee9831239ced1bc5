"""`Record`s, from the contract's state and from the events that tell the rest of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from web3 import Web3
from web3.contract import Contract
from web3.types import TxParams

from registry.adapters import statements as said
from registry.adapters.batches import Batches
from registry.adapters.contract import ledger_errors
from registry.adapters.event_rows import Registered
from registry.adapters.event_table import EventTable
from registry.errors import LedgerError
from registry.model import (
    DAG_PB_BIT,
    EARNS_BIT,
    PRIVATE_BIT,
    Address,
    Digest,
    Level,
    MediaKind,
    Record,
    RecordGate,
    Standing,
)


class _State(NamedTuple):
    """What ``recordOf`` gives; standing 0 where there is no slot."""

    uploader: str
    registered_at: int
    block: int
    kind: int
    levels: int
    standing: int


class Records:
    """Puts records together."""

    def __init__(
        self,
        contract: Contract,
        table: EventTable,
        batches: Batches,
        sync: Callable[[], None],
        *,
        endpoint: str,
        asker: Address,
    ) -> None:
        """Read the contract's state and its events.

        Args:
            contract: the registry.
            table: its events.
            batches: the records that have no slot of their own.
            sync: brings both up to the latest block.
            endpoint: the network's name in messages.
            asker: in whose name calls are made.
        """
        self._contract = contract
        self._table = table
        self._batches = batches
        self._sync = sync
        self._endpoint = endpoint
        self._caller = TxParams({"from": Web3.to_checksum_address(asker.hex)})

    def find(self, digest: Digest) -> Record | None:
        """Return the record of exactly these bytes, with a slot of its own or in a batch, or nothing.

        Raises:
            LedgerError: the chain's state and its events disagree.
        """
        state = self._state(digest)
        self._sync()  # after the state, so that its registration is among the events
        record = self._alone(digest, state) if state.standing else self._batched(digest, Standing.ACTIVE)
        return None if record is None else self._with_statements(record)

    def unchanged_in_batch(self, digest: Digest) -> Record | None:
        """Return a batched record whose standing never changed, or nothing of any other; the chain is not asked.

        The events must be at hand: a change of standing is always one.
        """
        if self._table.standing_changed_at(digest) is not None:
            return None
        record = self._batched(digest, Standing.ACTIVE)
        return None if record is None else self._with_statements(record)

    def _with_statements(self, record: Record) -> Record:
        statements = self._table.statements_of(record.digest)
        return replace(
            record,
            superseded_by=said.successor(statements),
            derived_from=said.parents(statements),
            attestations=said.attestations(statements),
        )

    def is_folded(self, digest: Digest) -> bool:
        """Return whether the record stands in a batch and has no slot of its own yet."""
        folded = not self._state(digest).standing
        self._sync()
        return folded and self._batches.leaf(digest) is not None

    def _batched(self, digest: Digest, standing: Standing) -> Record | None:
        leaf = self._batches.leaf(digest)
        if leaf is None:
            return None
        gates = self._gates_of(leaf.registered, registered_at=leaf.batch.inclusion.block_time)
        return leaf.record(standing=standing, gates=gates)

    def _alone(self, digest: Digest, state: _State) -> Record:
        found = self._table.registration_of(digest)
        if found is None or found.registered is None:
            unfolded = self._batched(digest, Standing(state.standing))
            if unfolded is None:
                raise LedgerError(
                    f"expected the registration of {digest} among the events up to block {state.block}, got none"
                )
            return unfolded
        more = found.registered
        return Record(
            digest=digest,
            kind=MediaKind(state.kind & ~(DAG_PB_BIT | PRIVATE_BIT)),
            visibility=more.visibility,
            content_hash=more.content_hash,
            content_is_dag_pb=bool(state.kind & DAG_PB_BIT),
            fingerprint_hash=more.fingerprint_hash,
            uploader=Address.from_hex(state.uploader),
            levels=Level(state.levels & ~EARNS_BIT),
            earns_reputation=bool(state.levels & EARNS_BIT),
            model_ids=more.model_ids,
            policy_id=more.policy_id,
            standing=Standing(state.standing),
            registered_at=state.registered_at,
            block=state.block,
            tx=found.event.inclusion.tx_hash,
            gates=self._gates_of(more, registered_at=state.registered_at),
        )

    def _gates_of(self, more: Registered, *, registered_at: int) -> tuple[RecordGate, ...]:
        """Return the gates of a record; backdating an opinion helps no thief, since the block's time decides.

        Raises:
            LedgerError: one of them never was a gate.
        """
        return tuple(self._gate(gate, registered_at) for gate in more.gates)

    def _gate(self, gate: Address, registered_at: int) -> RecordGate:
        known = self._table.gate(gate)
        if known is None:
            raise LedgerError(f"expected the gate {gate} among the events, got none")
        return RecordGate(gate, known.run_by, 0 < known.compromised_since <= registered_at)

    def _state(self, digest: Digest) -> _State:
        with ledger_errors(self._endpoint):
            return _State(*self._contract.functions.recordOf(digest.value).call(self._caller))
