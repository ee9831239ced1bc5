"""Bytes by content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from registry.model import (
    Cid,
)


class ContentStore(Protocol):
    """Bytes by content: blocks under Kubo's CIDs (profile ``unixfs-v1-2025``, IPIP-499).

    Every method may raise `StoreUnavailableError` (try again) or `StoreError`.
    """

    def pin(self, stream: BinaryIO) -> Cid:
        """Store all bytes left in ``stream``, keep them and return their CID; the same bytes again change nothing."""
        ...

    def cid_of(self, stream: BinaryIO) -> Cid:
        """Return the CID that `pin` would give all bytes left in ``stream``; nothing is stored."""
        ...

    def unpin(self, cid: Cid) -> None:
        """Stop keeping the content; not an error if it is not kept."""
        ...

    def has(self, cid: Cid) -> bool:
        """Return whether all blocks of the content are here."""
        ...

    def read(self, cid: Cid) -> Iterator[bytes]:
        """Yield the content in order, each block checked against its hash.

        Raises:
            BlockNotFoundError: a block is missing.
            BlockCorruptError: a block does not hash to its CID.
        """
        ...
