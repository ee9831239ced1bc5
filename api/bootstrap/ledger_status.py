"""Looking at this home's ledger as a whole."""

from __future__ import annotations

from collections import Counter

from api.bootstrap.anchoring import anchor_files
from api.bootstrap.keys import AskPassword, nobody, open_keyring
from api.bootstrap.ledgers import deployment_path, open_ledger
from api.bootstrap.moved import done_path, kept_migration
from api.deps.ledger_status import LedgerStatus
from api.settings import Settings
from registry.model import Digest, Standing


def ledger_status(settings: Settings, ask_password: AskPassword = nobody) -> LedgerStatus:
    """Return what there is to say of this home's ledger now.

    Raises:
        LedgerUnavailableError: it cannot be asked.
        LedgerMismatchError: the network is not the configured one.
        InvalidValueError: an anchor was edited.
    """
    keys = open_keyring(settings, ask_password)
    ledger = open_ledger(settings, keys)
    try:
        standings: dict[Digest, Standing] = {}
        for event in ledger.events():
            standings[event.digest] = event.standing
        return LedgerStatus(
            info=ledger.info,
            state=ledger.state(),
            powers=ledger.governor(keys.admin).survey(),
            records=Counter(standings.values()),
            deployment=deployment_path(settings) if settings.rpc_url else None,
            anchors=tuple(anchor_files(settings).all()),
            migration=kept_migration(settings),
            is_migrated=done_path(settings).is_file(),
        )
    finally:
        ledger.close()
