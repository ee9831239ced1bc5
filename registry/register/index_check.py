"""Comparing the index with what a rebuild would make of it, without touching it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from registry.fingerprint import FP_VERSION, MIN_QUALITY
from registry.model import Digest, Fingerprint
from registry.ports import SimilarityIndex


@dataclass(frozen=True, slots=True)
class IndexCheck:
    """Where index, ledger and documents differ.

    Attributes:
        without_document: on the ledger, their documents not at hand; no rebuild can make these findable.
        missing: on the ledger with a document, not in the index.
        different: in the index with other codes than their documents have.
        stray: in the index, not on the ledger.
    """

    without_document: tuple[Digest, ...]
    missing: tuple[Digest, ...]
    different: tuple[Digest, ...]
    stray: tuple[Digest, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every record is findable by the codes of its document, and nothing is that is not recorded."""
        return not (self.without_document or self.missing or self.different or self.stray)


def check_index(
    documents: Iterable[tuple[Digest, Fingerprint | None]],
    index: SimilarityIndex,
    *,
    seen: Callable[[Digest], None] = lambda _digest: None,
) -> IndexCheck:
    """Return where the index differs from the truth.

    Args:
        documents: of every record, as `registry.register.documents` yields them.
        index: only read.
        seen: is told of each record looked at.

    Raises:
        SimilarityIndexError: the index is damaged.
    """
    indexed, recorded = index.digests(), set()
    without_document, missing, different = [], [], []
    for digest, fingerprint in documents:
        recorded.add(digest)
        if fingerprint is None:
            without_document.append(digest)
        elif digest not in indexed:
            missing.append(digest)
        elif not _has_codes_of(index, fingerprint):
            different.append(digest)
        seen(digest)
    stray = sorted(indexed - recorded, key=lambda digest: digest.value)
    return IndexCheck(tuple(without_document), tuple(missing), tuple(different), tuple(stray))


def _has_codes_of(index: SimilarityIndex, fingerprint: Fingerprint) -> bool:
    """Return whether each code of the document that can be found is found, at distance 0 and its own time."""
    if index.fp_version_of(fingerprint.digest) != fingerprint.fp_version:
        return False
    if fingerprint.fp_version != FP_VERSION:
        return True  # codes of another version are kept and never found
    hits = index.nearest(fingerprint.hashes, radius_bits=0)
    found = {(hit.alg, hit.query_index, hit.stored_t_s) for hit in hits if hit.digest == fingerprint.digest}
    expected = {(code.alg, at, code.t_s) for at, code in enumerate(fingerprint.hashes) if code.quality >= MIN_QUALITY}
    return expected <= found
