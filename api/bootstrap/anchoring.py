"""Anchors of this home's embedded ledger: made, published, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.bootstrap.keys import AskPassword, open_keyring
from api.settings import Settings
from registry import anchor as anchors
from registry.adapters.clock import SystemClock
from registry.adapters.embedded import CHAIN_FILE
from registry.adapters.embedded_history import EmbeddedHistory
from registry.adapters.witness import NetworkWitness
from registry.anchor import Anchor
from registry.errors import InvalidValueError, LedgerMismatchError
from registry.register.anchoring import AnchorCheck, AnchorFiles, check, publish


@dataclass(frozen=True, slots=True)
class Watched:
    """Who is told how far a walk over the chain is.

    Attributes:
        total: is told of how many blocks there are.
        seen: is told of each block read.
    """

    total: Callable[[int], None]
    seen: Callable[[int], None]


def anchor_files(settings: Settings) -> AnchorFiles:
    """Return the anchors made in this home."""
    return AnchorFiles(settings.home / "anchors")


def make_anchor(settings: Settings, ask_password: AskPassword, *, rpc_url: str | None, watched: Watched) -> Path:
    """Anchor the head of this home's embedded ledger and return the file that says so.

    Args:
        settings: of this home.
        ask_password: for the operator's key.
        rpc_url: of a node of the network on which the anchor's hash is to stand; unset, it stands in the file only.
        watched: hears how far it is.

    Raises:
        InvalidValueError: this home's ledger is a network, which needs no anchor.
        LedgerMismatchError: there is no ledger yet.
        LedgerError: the ledger contradicts itself, or the other network cannot be asked or refuses.
        SignerError: the operator's key cannot be used.
    """
    if settings.rpc_url is not None:
        raise InvalidValueError("expected an embedded ledger, got a network: it needs no anchor, anybody can ask it")
    witness = NetworkWitness(rpc_url) if rpc_url else None
    with _ledger_of(settings) as ledger:
        if ledger is None:
            raise LedgerMismatchError(f"expected an embedded ledger in {settings.home}, found none")
        operator = open_keyring(settings, ask_password).recorder
        number = ledger.head().block_number
        watched.total(number + 1)
        history = ledger.upto(number, watched.seen)
        if history is None:
            raise LedgerMismatchError(f"expected block {number} on the ledger, found an end before it")
        anchor = anchors.make(ledger.info(), history, operator=operator, made_at=SystemClock().now())
    keep = anchor_files(settings).keep
    return keep(publish(anchor, witness, operator=operator, keep=keep) if witness else anchor)


def check_anchor(settings: Settings, anchor: Anchor, *, rpc_url: str | None, watched: Watched) -> AnchorCheck:
    """Return what is true of an anchor: of its signature, this home's ledger, and a network's transaction.

    Raises:
        LedgerUnavailableError: ledger or network cannot be asked now.
    """
    witness = NetworkWitness(rpc_url) if rpc_url else None
    watched.total(anchor.block_number + 1)
    with _ledger_of(settings) as ledger:
        return check(anchor, ledger=ledger, witness=witness, seen=watched.seen)


@contextmanager
def _ledger_of(settings: Settings) -> Iterator[EmbeddedHistory | None]:
    """Yield the embedded ledger of this home; none where it has none, as at a stranger's. Nothing is made."""
    directory = settings.home / "ledger"
    with ExitStack() as stack:
        if not (directory / CHAIN_FILE).is_file():
            yield None
            return
        ledger = EmbeddedHistory(directory)
        stack.callback(ledger.close)
        yield ledger
