"""Whom an installation's own ledger makes its signers."""

from __future__ import annotations

import time
from collections.abc import Callable

from registry.errors import LedgerError
from registry.model import Address
from registry.ports import Governor, Ledger
from registry.receipt import SignerList

KEPT_S = 60.0  # on a network reading them is a walk over the whole log


def own_signers(ledger: Ledger, governor: Governor, admin: Address) -> SignerList | None:
    """Return the signers by the ledger's events, or nothing where they cannot be read.

    That is where the ledger is down, and in a reader's home on somebody else's network: its keys have no say there.
    """
    try:
        powers = governor.survey()
    except LedgerError:
        return None
    return SignerList.of(ledger.info, powers, version=0, issued_at=int(time.time()), admin=admin)


def kept(ask: Callable[[], SignerList | None]) -> Callable[[], SignerList | None]:
    """Return ``ask`` with its answer kept for a minute."""
    answers: list[tuple[float, SignerList | None]] = []

    def answer() -> SignerList | None:
        now = time.monotonic()
        if not answers or now - answers[-1][0] > KEPT_S:
            answers[:] = [(now, ask())]
        return answers[-1][1]

    return answer
