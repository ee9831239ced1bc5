"""The ledger of this home, asked about a receipt, and whom its own events make a signer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

from api.bootstrap import open_admin_side, own_signers
from api.cli.sides import ask_password
from api.settings import Settings
from registry.errors import LedgerError
from registry.ports import Ledger
from registry.receipt import OFFLINE, Reason, SignerList
from registry.receipt.findings import unchecked


@contextmanager
def open_own_ledger(run: Settings) -> Iterator[tuple[Ledger | None, Reason, Callable[[], SignerList | None]]]:
    """Yield this home's ledger, or the reason why it cannot be asked, and what reads its own signers."""
    with ExitStack() as stack:
        try:
            side = stack.enter_context(open_admin_side(run, ask_password, dry_run=True))
        except LedgerError as exc:
            reason = unchecked("ledger_unavailable", None, f"the ledger cannot be asked: {exc}")
            yield None, reason, lambda: None
        else:
            yield side.ledger, OFFLINE, cache(lambda: own_signers(side.ledger, side.governor, side.admin.address))
