"""`HammingIndex`: every code in memory-mapped files, every query an exact scan."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from registry.adapters.hamming_files import DIGEST_ROW, ROW, Header, IndexFiles
from registry.errors import SimilarityIndexError
from registry.fingerprint import FP_VERSION, MIN_QUALITY
from registry.model import Digest, Fingerprint, IndexHit, PerceptualHash

CHUNK_ROWS = 8192  # 256 KiB of 256-bit codes: a chunk stays in the second-level cache for all of a query's codes


@dataclass(frozen=True, slots=True)
class _Stored:
    """One algorithm's codes, shape (n, words), and rows, shape (n,)."""

    codes: NDArray[np.uint64]
    rows: NDArray[np.void]


class HammingIndex:
    """A `SimilarityIndex` in one directory, shared by threads and processes; whoever queries sees the latest rows.

    Codes of quality below `MIN_QUALITY` are kept but never found, for they are no evidence; nor are codes of another
    version than `FP_VERSION`, which cannot be compared.
    """

    def __init__(self, directory: Path) -> None:
        self._files = IndexFiles(directory)
        self._lock = threading.Lock()
        self._forget(Header())  # nothing is read yet: a damaged index can still be cleared

    def add(self, *fingerprints: Fingerprint) -> None:
        """Make the files' codes findable, durably, all at once; adding the same digest again changes nothing."""
        with self._lock, self._files.writing():
            header = self._files.header()
            self._refresh(header)
            fresh: dict[Digest, Fingerprint] = {}
            for each in fingerprints:
                if each.digest not in self._versions:
                    fresh.setdefault(each.digest, each)
            if not fresh:
                return
            rows = np.array([(each.digest.value, each.fp_version) for each in fresh.values()], dtype=DIGEST_ROW)
            bits: dict[str, list[bytes]] = defaultdict(list)
            about: dict[str, list[tuple[int, int, bool, int, float]]] = defaultdict(list)
            for number, each in enumerate(fresh.values(), header.digests):
                for code in each.hashes:
                    bits[code.alg].append(code.bits)
                    about[code.alg].append(
                        (number, code.quality, code.t_s is not None, each.fp_version, code.t_s or 0.0)
                    )
            codes = {alg: (b"".join(bits[alg]), np.array(about[alg], dtype=ROW)) for alg in bits}
            self._refresh(self._files.append(header, rows, codes))

    def nearest(self, query: Sequence[PerceptualHash], *, radius_bits: int) -> tuple[IndexHit, ...]:
        """Return every stored code of sufficient quality within ``radius_bits`` of a query code of the same alg.

        Nearest first; equal distances by digest, query code and time, so that the answer is always the same.
        """
        with self._lock:
            self._catch_up()
            stored, digests = dict(self._stored), self._digests  # the list only ever grows at its end
        hits: list[IndexHit] = []
        for alg, held in stored.items():
            asked = [(index, code) for index, code in enumerate(query) if code.alg == alg]
            if asked and len(held.rows):
                hits.extend(_scan(held, digests, asked, alg, radius_bits))
        return tuple(sorted(hits, key=_order))

    def fp_version_of(self, digest: Digest) -> int | None:
        """Return the fingerprint version under which a digest's codes stand here, or nothing."""
        with self._lock:
            self._catch_up()
            return self._versions.get(digest)

    def digests(self) -> frozenset[Digest]:
        """Return whose codes are here."""
        with self._lock:
            self._catch_up()
            return frozenset(self._versions)

    def clear(self) -> None:
        """Forget everything, durably; also what is damaged."""
        with self._lock, self._files.writing():
            self._refresh(self._files.clear())

    def _forget(self, header: Header) -> None:
        self._header = Header(generation=header.generation)
        self._digests: list[Digest] = []
        self._versions: dict[Digest, int] = {}
        self._stored: dict[str, _Stored] = {}

    def _catch_up(self) -> None:
        header = self._files.header()
        try:
            self._refresh(header)
        except SimilarityIndexError:
            if self._files.header().generation == header.generation:
                raise
            self._refresh(self._files.header())  # another process cleared the index between header and files

    def _refresh(self, header: Header) -> None:
        """Take in what was committed since the last look."""
        if header.generation != self._header.generation or header.digests < self._header.digests:
            self._forget(header)
        if header == self._header:
            return
        for row in self._files.digests(header, self._header.digests):
            digest = Digest(row["digest"].tobytes())
            self._digests.append(digest)
            self._versions[digest] = int(row["fp_version"])
        self._stored = {alg: _Stored(*self._files.codes(header, alg)) for alg in header.codes}
        self._header = header


def _scan(
    held: _Stored, digests: Sequence[Digest], asked: Sequence[tuple[int, PerceptualHash]], alg: str, radius_bits: int
) -> list[IndexHit]:
    words = [np.frombuffer(code.bits, dtype=np.uint64) for _, code in asked]
    hits = []
    for start in range(0, len(held.rows), CHUNK_ROWS):
        chunk = held.codes[start : start + CHUNK_ROWS]
        for (query_index, _), code in zip(asked, words, strict=True):
            for at, distance in _within(chunk, code, radius_bits):
                row = held.rows[start + at]
                if row["quality"] < MIN_QUALITY or row["fp_version"] != FP_VERSION:
                    continue
                t_s = float(row["t_s"]) if row["timed"] else None
                hits.append(IndexHit(digests[row["digest"]], alg, distance, query_index, t_s))
    return hits


def _within(codes: NDArray[np.uint64], code: NDArray[np.uint64], radius_bits: int) -> Iterator[tuple[int, int]]:
    """Yield row and Hamming distance of every row of ``codes`` (n, words) within the radius of ``code`` (words,).

    Half of the words rule out nearly all: of unrelated codes, one in 10^9 differs in 31 or fewer of 128 bits.
    """
    half = (len(code) + 1) // 2
    near = np.flatnonzero(_distances(codes[:, :half], code[:half]) <= radius_bits)
    distances = _distances(codes[near], code)
    for at, distance in zip(near, distances, strict=True):
        if distance <= radius_bits:
            yield int(at), int(distance)


def _distances(codes: NDArray[np.uint64], code: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return the Hamming distance of each row of ``codes`` (n, words) to ``code`` (words,), shape (n,)."""
    total = np.zeros(len(codes), dtype=np.uint16)
    for word in range(len(code)):
        total += np.bitwise_count(codes[:, word] ^ code[word])
    return total


def _order(hit: IndexHit) -> tuple[int, bytes, str, int, float]:
    return (
        hit.distance_bits,
        hit.digest.value,
        hit.alg,
        hit.query_index,
        -1.0 if hit.stored_t_s is None else hit.stored_t_s,
    )
