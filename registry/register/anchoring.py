"""Making, publishing and checking anchors of an embedded ledger."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from registry.anchor import Anchor, Publication
from registry.eip712 import Domain
from registry.errors import InvalidValueError, LedgerError, LedgerUnavailableError, SignatureError
from registry.model.chain import Sighting
from registry.ports import ChainReader, Signer, Witness

INCLUSION_WAIT_S = 120.0  # ten blocks of a network with 12 s slots


class Finding(StrEnum):
    """What a check came to; "could not check" is never the same as "wrong"."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, and why."""

    finding: Finding
    why: str


@dataclass(frozen=True, slots=True)
class AnchorCheck:
    """Three findings on an anchor, kept apart.

    Attributes:
        signature: whether the operator signed it.
        history: whether the ledger at hand has this history.
        publication: whether a network shows its hash.
    """

    signature: Found
    history: Found
    publication: Found


class AnchorFiles:
    """The anchors made here, one file each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, anchor: Anchor) -> Path:
        """Write it durably under its block and hash, in place of what is known of the same one, and return where."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{anchor.block_number:010d}-{anchor.hash.hex()[:16]}.anchor.json"
        partial = path.with_suffix(".partial")
        with partial.open("wb") as stream:
            stream.write(anchor.document() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
        return path

    def all(self) -> Iterator[tuple[Path, Anchor]]:
        """Yield those that are here, by block ascending.

        Raises:
            InvalidValueError: one was edited.
        """
        for path in sorted(self._directory.glob("*.anchor.json")):
            try:
                yield path, Anchor.parse(path.read_bytes())
            except InvalidValueError as exc:
                raise InvalidValueError(f"{path}: {exc}") from exc


def publish(anchor: Anchor, witness: Witness, *, operator: Signer, keep: Callable[[Anchor], Path]) -> Anchor:
    """Put an anchor's hash on a network and return the anchor with where it stands.

    It is kept with its transaction before that is sent: a hash on a network without its document proves nothing.

    Raises:
        TransactionRevertedError: the network refused it.
        LedgerUnavailableError: it is not included yet; its file names the transaction.
    """
    transaction = witness.prepare(operator, anchor.calldata)
    published = Publication(witness.chain_id, transaction.tx_hash)
    keep(replace(anchor, publication=published))
    witness.submit(transaction)
    seen = witness.sighting(transaction.tx_hash, wait_s=INCLUSION_WAIT_S)
    if seen is None:
        raise LedgerUnavailableError(f"0x{transaction.tx_hash.hex()} is not included after {INCLUSION_WAIT_S:.0f} s")
    anchor = replace(anchor, publication=replace(published, block_number=seen.block_number, index=seen.index))
    keep(anchor)
    return anchor


def check(
    anchor: Anchor,
    *,
    ledger: ChainReader | None,
    witness: Witness | None,
    seen: Callable[[int], None] = lambda _block: None,
) -> AnchorCheck:
    """Return what is true of an anchor, as far as it can be told here.

    Args:
        anchor: from anybody.
        ledger: the embedded ledger at hand, if there is one.
        witness: the network to be asked, if one is.
        seen: is told of each block read.

    Raises:
        LedgerUnavailableError: ledger or network cannot be asked now.
    """
    own = ledger if ledger is not None and Domain.of(ledger.info()) == anchor.domain else None
    return AnchorCheck(_signature(anchor, own), _history(anchor, own, seen), _publication(anchor, witness))


def _signature(anchor: Anchor, ledger: ChainReader | None) -> Found:
    try:
        signer = anchor.signer
    except SignatureError as exc:
        return Found(Finding.FAILS, str(exc))
    if ledger is None:
        return Found(Finding.UNCHECKED, f"signed by {signer}; whether that is the ledger's operator is not known here")
    if signer != ledger.info().operator:
        return Found(Finding.FAILS, f"expected the operator {ledger.info().operator}, signed by {signer}")
    return Found(Finding.HOLDS, f"signed by {signer}, the ledger's operator")


def _history(anchor: Anchor, ledger: ChainReader | None, seen: Callable[[int], None]) -> Found:
    if ledger is None:
        return Found(Finding.UNCHECKED, "the ledger that it speaks of is not here")
    try:
        history = ledger.upto(anchor.block_number, seen)
    except LedgerUnavailableError:
        raise
    except LedgerError as exc:
        return Found(Finding.FAILS, str(exc))
    if history is None:
        return Found(Finding.FAILS, f"the ledger here has no block {anchor.block_number}: something is left out")
    for name, said, got in (
        ("block hash", anchor.block_hash, history.head.block_hash),
        ("state root", anchor.state_root, history.head.state_root),
        ("events root", anchor.events_root, history.events_root),
    ):
        if said != got:
            return Found(Finding.FAILS, f"{name} of block {anchor.block_number}: it says {said.hex()}, got {got.hex()}")
    if anchor.event_count != history.event_count:
        return Found(Finding.FAILS, f"it says {anchor.event_count} events, got {history.event_count}")
    return Found(
        Finding.HOLDS, f"block {anchor.block_number} and the {anchor.event_count} events up to it are unchanged"
    )


def _publication(anchor: Anchor, witness: Witness | None) -> Found:
    told = anchor.publication
    if told is None:
        return Found(Finding.UNCHECKED, "it names no transaction: look where it was printed")
    if witness is None:
        return Found(Finding.UNCHECKED, f"no node of chain {told.chain_id} was asked")
    if witness.chain_id != told.chain_id:
        return Found(Finding.UNCHECKED, f"the node is of chain {witness.chain_id}, it names chain {told.chain_id}")
    found = witness.sighting(told.tx)
    if found is None and told.block_number is not None and told.index is not None:
        found = witness.sighting_at(told.block_number, told.index)
    if found is None:
        return Found(Finding.UNCHECKED, f"the node does not know 0x{told.tx.hex()}: not included yet, or not kept")
    return _seen(anchor, found)


def _seen(anchor: Anchor, found: Sighting) -> Found:
    if found.data != anchor.calldata:
        return Found(Finding.FAILS, f"expected the data 0x{anchor.calldata.hex()}, got 0x{found.data[:64].hex()}")
    try:
        signer = anchor.signer
    except SignatureError as exc:
        return Found(Finding.FAILS, str(exc))
    if found.sender != signer:
        return Found(Finding.FAILS, f"expected a transaction of {signer}, who signed it, got one of {found.sender}")
    final = "final" if found.is_final else f"{found.confirmations} confirmations, not final yet"
    return Found(Finding.HOLDS, f"on the network since {found.block_time} (block {found.block_number}, {final})")
