"""`Pins`: the lists of signers that this installation trusts, one file each, never an older one than before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from registry.eip712 import Domain
from registry.ports import Ledger
from registry.ports.migration import MovedRecords
from registry.receipt.files import replace_file
from registry.receipt.moved import signers_before
from registry.receipt.signers import SignerList, read_signers, require_successor

TrustSource = Literal["pinned", "given", "own_ledger", "migration", "none"]


def trusted_for(
    domain: Domain,
    *,
    pins: Pins,
    ledger: Ledger | None,
    own: Callable[[], SignerList | None],
    moved: MovedRecords | None = None,
) -> tuple[SignerList | None, TrustSource]:
    """Return whom to trust about an installation, and where that comes from: a pin, else its own ledger.

    Of an installation that moved to that ledger, those that its migration names.

    Args:
        domain: of the installation that a proof is said to be of.
        pins: what was pinned.
        ledger: that is asked, if one is.
        own: reads the signers of that ledger from its events; nothing at a reader's, whose keys have no say there.
        moved: what came to that ledger from others; absent where that is not looked into.

    Raises:
        ReceiptError: the pinned file is damaged.
        TrustError: it is not as its admin signed it.
    """
    pinned = pins.of(domain)
    if pinned is not None:
        return pinned, "pinned"
    if ledger is not None and Domain.of(ledger.info) == domain and (signers := own()) is not None:
        return signers, "own_ledger"
    if ledger is not None and moved is not None and Domain.of(ledger.info) != domain and own() is not None:
        before = signers_before(domain, ledger=ledger, moved=moved)
        return before, "migration" if before is not None else "none"
    return None, "none"


class Pins:
    """A directory of pinned lists; read without making it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def of(self, domain: Domain) -> SignerList | None:
        """Return the list pinned for an installation, or nothing.

        Raises:
            ReceiptError: the file that is kept is damaged.
            TrustError: it is not as its admin signed it.
        """
        path = self._path(domain)
        return read_signers(path.read_bytes()) if path.is_file() else None

    def all(self) -> Iterator[SignerList]:
        """Yield every pinned list, by file name.

        Raises:
            ReceiptError: a file that is kept is damaged.
            TrustError: one is not as its admin signed it.
        """
        for path in sorted(self._directory.glob("*.signers.json")) if self._directory.is_dir() else ():
            yield read_signers(path.read_bytes())

    def pin(self, raw: bytes) -> SignerList:
        """Trust a list from now on, and return it; the first one of an installation is the caller's to decide on.

        Raises:
            ReceiptError: not a list of signers.
            TrustError: it may not take the place of the one that is pinned.
        """
        offered = read_signers(raw)
        pinned = self.of(offered.domain)
        if pinned is not None:
            require_successor(pinned, offered)
        path = self._path(offered.domain)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, raw)
        return offered

    def _path(self, domain: Domain) -> Path:
        name = f"{domain.instance_id.hex()}-{domain.chain_id}-{domain.contract.value.hex()}.signers.json"
        return self._directory / name
