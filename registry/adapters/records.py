"""`Record`s, from the contract's state and from the events that tell the rest of them."""

from __future__ import annotations

from collections.abc import Callable

from web3 import Web3
from web3.contract import Contract
from web3.types import TxParams

from registry.adapters import statements as said
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
    Visibility,
)


class Records:
    """Puts records together."""

    def __init__(
        self, contract: Contract, table: EventTable, sync: Callable[[], None], *, endpoint: str, asker: Address
    ) -> None:
        """Read the contract's state and its events.

        Args:
            contract: the registry.
            table: its events.
            sync: brings the table up to the latest block.
            endpoint: the network's name in messages.
            asker: in whose name calls are made.
        """
        self._contract = contract
        self._table = table
        self._sync = sync
        self._endpoint = endpoint
        self._caller = TxParams({"from": Web3.to_checksum_address(asker.hex)})

    def single(self, digest: Digest) -> Record | None:
        """Return the single record of exactly these bytes, or nothing.

        Raises:
            LedgerError: the chain's state and its events disagree.
        """
        uploader, registered_at, block, kind, levels, standing = self._state(digest)
        if standing == 0:
            return None
        self._sync()  # after the state, so that its registration is among the events
        found = self._table.registration_of(digest)
        if found is None or found.registered is None:
            raise LedgerError(f"expected the registration of {digest} among the events up to block {block}, got none")
        more = found.registered
        statements = self._table.statements_of(digest)
        return Record(
            digest=digest,
            kind=MediaKind(kind & ~(DAG_PB_BIT | PRIVATE_BIT)),
            visibility=Visibility.PRIVATE if kind & PRIVATE_BIT else Visibility.PUBLIC,
            content_hash=more.content_hash,
            content_is_dag_pb=bool(kind & DAG_PB_BIT),
            fingerprint_hash=more.fingerprint_hash,
            uploader=Address.from_hex(uploader),
            levels=Level(levels & ~EARNS_BIT),
            earns_reputation=bool(levels & EARNS_BIT),
            model_ids=more.model_ids,
            policy_id=more.policy_id,
            standing=Standing(standing),
            registered_at=registered_at,
            block=block,
            tx=found.event.inclusion.tx_hash,
            superseded_by=said.successor(statements),
            derived_from=said.parents(statements),
            gates=self.gates_of(more, registered_at=registered_at),
            attestations=said.attestations(statements),
        )

    def gates_of(self, more: Registered, *, registered_at: int) -> tuple[RecordGate, ...]:
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

    def _state(self, digest: Digest) -> tuple[str, int, int, int, int, int]:
        with ledger_errors(self._endpoint):
            uploader, registered_at, block, kind, levels, standing = self._contract.functions.recordOf(
                digest.value
            ).call(self._caller)
        return uploader, registered_at, block, kind, levels, standing
