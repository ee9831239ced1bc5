"""Near records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from registry.model import (
    Digest,
    Fingerprint,
    IndexHit,
    PerceptualHash,
)


class SimilarityIndex(Protocol):
    """Finds stored codes near a query; a cache that is rebuilt from ledger and documents.

    Every method may raise `SimilarityIndexError`.
    """

    def add(self, *fingerprints: Fingerprint) -> None:
        """Make the files' codes findable, durably, all at once; adding the same digest again changes nothing."""
        ...

    def nearest(self, query: Sequence[PerceptualHash], *, radius_bits: int) -> tuple[IndexHit, ...]:
        """Return every stored code within ``radius_bits`` of a query code of the same alg, nearest first.

        Stored codes of quality below 50 or of another version than the fingerprints made now are not found.
        """
        ...

    def fp_version_of(self, digest: Digest) -> int | None:
        """Return the fingerprint version under which a digest's codes stand here, or nothing."""
        ...

    def digests(self) -> frozenset[Digest]:
        """Return whose codes are here."""
        ...

    def clear(self) -> None:
        """Forget everything, durably."""
        ...
