"""The ledger of this home, asked about a receipt, and whom its own events make a signer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from api.bootstrap import open_admin_side
from api.cli.sides import ask_password
from api.deps import AdminSide
from api.settings import Settings
from registry.errors import LedgerError, LedgerMismatchError
from registry.ports import Ledger
from registry.receipt import OFFLINE, Reason, SignerList
from registry.receipt.findings import unchecked


@contextmanager
def open_own_ledger(run: Settings) -> Iterator[tuple[Ledger | None, SignerList | None, Reason]]:
    """Yield this home's ledger with its own signers, or neither with the reason why it cannot be asked."""
    with ExitStack() as stack:
        try:
            side = stack.enter_context(open_admin_side(run, ask_password, dry_run=True))
            own = _own_signers(side)
        except LedgerError as exc:
            yield None, None, unchecked("ledger_unavailable", None, f"the ledger cannot be asked: {exc}")
        else:
            yield side.ledger, own, OFFLINE


def _own_signers(side: AdminSide) -> SignerList | None:
    try:
        powers = side.governor.survey()
    except LedgerMismatchError:  # a reader's home on somebody else's network: its keys have no say there
        return None
    return SignerList.of(side.ledger.info, powers, version=0, issued_at=int(time.time()), admin=side.admin.address)
