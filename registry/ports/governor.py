"""Who may do what in a registry."""

from __future__ import annotations

from typing import Protocol

from registry.model import (
    Address,
    Change,
    Governance,
    Role,
)


class Governor(Protocol):
    """The admin's side of a registry: who holds which power, and changes of that.

    Each change does the next thing that can be done, at once or through the registry's timelock, and may be asked for
    again. Every method may raise `LedgerUnavailableError` (try again), `LedgerError`, and `LedgerMismatchError` where
    this installation's admin key has no say; every change `TransactionRevertedError`.
    """

    def survey(self) -> Governance:
        """Return the powers as they are."""
        ...

    def grant(self, role: Role, account: Address) -> Change:
        """Give a role."""
        ...

    def withdraw(self, role: Role, account: Address) -> Change:
        """Take a role."""
        ...

    def add_gate(self, gate: Address, *, run_by: Address, valid_from: int = 0, valid_until: int = 0) -> Change:
        """Make an account a gate for a time, Unix seconds; 0 for now, and for no end."""
        ...

    def end_gate(self, gate: Address, *, compromised_since: int = 0) -> Change:
        """End a gate's term at once; Unix seconds since when its key is in other hands, 0 if it is not."""
        ...

    def set_threshold(self, threshold: int) -> Change:
        """Set how many gates must sign."""
        ...

    def pause(self) -> Change:
        """Stop writes at once."""
        ...

    def unpause(self) -> Change:
        """Let writes go on."""
        ...
