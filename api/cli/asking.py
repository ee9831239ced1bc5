"""The ledger of this home, asked about a receipt, and whom its own events make a signer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import NamedTuple

from api.bootstrap import open_admin_side, own_signers
from api.cli.sides import ask_password
from api.settings import Settings
from registry.errors import LedgerError
from registry.ports import Ledger
from registry.ports.migration import MovedRecords
from registry.receipt import OFFLINE, Reason, SignerList
from registry.receipt.findings import unchecked


class Asked(NamedTuple):
    """This home's ledger.

    Attributes:
        ledger: absent, with the reason in ``without``, where it cannot be asked.
        own: reads its own signers.
        moved: what came to it from others.
    """

    ledger: Ledger | None
    without: Reason
    own: Callable[[], SignerList | None]
    moved: MovedRecords | None


@contextmanager
def open_own_ledger(run: Settings) -> Iterator[Asked]:
    """Yield this home's ledger, or the reason why it cannot be asked."""
    with ExitStack() as stack:
        try:
            side = stack.enter_context(open_admin_side(run, ask_password, dry_run=True))
        except LedgerError as exc:
            reason = unchecked("ledger_unavailable", None, f"the ledger cannot be asked: {exc}")
            yield Asked(None, reason, lambda: None, None)
        else:
            own = cache(lambda: own_signers(side.ledger, side.governor, side.admin.address))
            yield Asked(side.ledger, OFFLINE, own, side.moved)
