"""Who may do what in a registry, and what becomes of an admin's wish to change that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.model.identity import Address


class Role(StrEnum):
    """A power that the contract keeps a list of holders for."""

    ADMIN = "admin"
    GUARDIAN = "guardian"
    ARBITER = "arbiter"
    REVIEWER = "reviewer"


@dataclass(frozen=True, slots=True)
class GateTerm:
    """When a gate's verdicts count.

    Attributes:
        run_by: who runs it, as the admin knows.
        valid_from: Unix seconds.
        valid_until: Unix seconds, the first one at which it no longer counts; absent for no end.
        compromised_since: Unix seconds since when its key is in other hands, 0 if it is not.
    """

    gate: Address
    run_by: Address
    valid_from: int
    valid_until: int | None
    compromised_since: int

    def is_in_office(self, now: int) -> bool:
        """Return whether its verdicts count at ``now``, Unix seconds."""
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True)
class Threshold:
    """How many gates had to sign from one moment on.

    Attributes:
        gates: how many.
        since: Unix seconds.
    """

    gates: int
    since: int


@dataclass(frozen=True, slots=True)
class Governance:
    """A registry's powers at one moment.

    Attributes:
        holders: of each role, in the order in which they got it.
        gates: past and present, in the order in which they came.
        threshold: how many gates must sign.
        is_paused: whether writes are stopped.
        dispute_bond_wei: what a first challenge costs.
        delay_s: how long what the admin proposes can be seen before it happens; absent where no timelock is admin.
        code_hash: 32 bytes, Keccak-256 of the contract's code.
        as_of: Unix seconds of the block that this was read at.
        thresholds: how many gates had to sign, and since when, the present number last.
    """

    holders: Mapping[Role, tuple[Address, ...]]
    gates: tuple[GateTerm, ...]
    threshold: int
    is_paused: bool
    dispute_bond_wei: int
    delay_s: int | None
    code_hash: bytes
    as_of: int
    thresholds: tuple[Threshold, ...] = ()

    @property
    def gates_in_office(self) -> tuple[GateTerm, ...]:
        """Return the gates whose verdicts count."""
        return tuple(gate for gate in self.gates if gate.is_in_office(self.as_of))


class ChangeState(StrEnum):
    """How far a change of powers is."""

    PLANNED = "planned"  # nothing was sent
    SCHEDULED = "scheduled"  # proposed just now
    WAITING = "waiting"  # proposed before, and its time has not come
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of powers, and how far it is.

    Attributes:
        call: what is called, for people.
        ready_at: Unix seconds from which it can be done; only while it is scheduled or waits.
        data: the call's bytes.
    """

    state: ChangeState
    call: str
    data: bytes
    ready_at: int | None = None
