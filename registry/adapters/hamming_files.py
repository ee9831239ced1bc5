"""The files behind `HammingIndex`: append-only arrays and one header that says how much of them counts.

A directory holds, for generation g: ``digests-g`` (rows of digest and fingerprint version) and per algorithm
``<alg>-g.codes`` and ``<alg>-g.rows``. ``header`` is replaced atomically after the arrays are synced, so a torn tail
lies beyond the counts and is overwritten by the next append. Clearing starts a new generation: a reader's mappings of
the old one stay valid.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from registry.errors import SimilarityIndexError
from registry.model.fingerprint import HASH_LENGTH_BYTES

SCHEMA_VERSION = 1
ROW = np.dtype([("digest", "<u4"), ("quality", "u1"), ("timed", "u1"), ("fp_version", "<u2"), ("t_s", "<f8")])
DIGEST_ROW = np.dtype([("digest", "V32"), ("fp_version", "<u4")])


@dataclass(frozen=True, slots=True)
class Header:
    """What counts.

    Attributes:
        generation: of the array files.
        digests: how many digests are here.
        codes: how many codes of each algorithm.
    """

    generation: int = 0
    digests: int = 0
    codes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HASH_LENGTH_BYTES, 0))
    schema_version: int = SCHEMA_VERSION


class IndexFiles:
    """One directory; the caller keeps its own view of what it has read.

    Raises:
        SimilarityIndexError: from every method, where a file is damaged, of another version or cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with _as_index_error("open"):
            directory.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the right to write, across threads and processes."""
        with _as_index_error("lock"):
            descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def header(self) -> Header:
        """Return the committed header; a new directory's is empty."""
        path = self._directory / "header"
        try:
            checksum, _, body = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return Header()
        except OSError as exc:
            raise SimilarityIndexError(f"index header: {exc}") from exc
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            raise SimilarityIndexError("index header: its checksum does not match; rebuild the index")
        try:
            header = Header(**json.loads(body))
        except (ValueError, TypeError) as exc:
            raise SimilarityIndexError(f"index header: {exc}; rebuild the index") from exc
        if header.schema_version != SCHEMA_VERSION or header.codes.keys() != HASH_LENGTH_BYTES.keys():
            raise SimilarityIndexError(
                f"index: expected schema {SCHEMA_VERSION} with {sorted(HASH_LENGTH_BYTES)}, got "
                f"{header.schema_version} with {sorted(header.codes)}; rebuild the index"
            )
        return header

    def digests(self, header: Header, start: int) -> NDArray[np.void]:
        """Return the digest rows from ``start`` to the header's count."""
        with _as_index_error("digests"):
            room = self._mapped(f"digests-{header.generation}", DIGEST_ROW.itemsize * header.digests)
            return np.frombuffer(room, dtype=DIGEST_ROW)[start:]

    def codes(self, header: Header, alg: str) -> tuple[NDArray[np.uint64], NDArray[np.void]]:
        """Return an algorithm's codes, shape (n, words), and rows, shape (n,), as read-only mappings."""
        count = header.codes[alg]
        words = HASH_LENGTH_BYTES[alg] // 8
        name = f"{alg}-{header.generation}"
        with _as_index_error(alg):
            codes = np.frombuffer(self._mapped(f"{name}.codes", 8 * words * count), dtype=np.uint64)
            rows = np.frombuffer(self._mapped(f"{name}.rows", ROW.itemsize * count), dtype=ROW)
            return codes.reshape(count, words), rows

    def append(
        self, header: Header, digests: NDArray[np.void], codes: dict[str, tuple[bytes, NDArray[np.void]]]
    ) -> Header:
        """Return the header after digests' rows and codes are durable; call it within `writing`.

        Args:
            header: as `header` gave it within the same `writing`.
            digests: rows of `DIGEST_ROW`.
            codes: by algorithm, the codes' bytes and their rows.
        """
        counts = dict(header.codes)
        with _as_index_error("append"):
            self._write(f"digests-{header.generation}", header.digests * DIGEST_ROW.itemsize, digests.tobytes())
            for alg, (bits, rows) in codes.items():
                name = f"{alg}-{header.generation}"
                self._write(f"{name}.codes", counts[alg] * HASH_LENGTH_BYTES[alg], bits)
                self._write(f"{name}.rows", counts[alg] * ROW.itemsize, rows.tobytes())
                counts[alg] += len(rows)
            return self._commit(Header(header.generation, header.digests + len(digests), counts))

    def clear(self) -> Header:
        """Return the empty header of a new generation, durable; call it within `writing`.

        This works on a damaged index too: it is how one starts to rebuild it.
        """
        with _as_index_error("clear"):
            old = [path for path in self._directory.iterdir() if path.name not in {"lock", "header"}]
            generations = [int(path.name.split(".")[0].rpartition("-")[2]) for path in old]
            header = self._commit(Header(generation=max(generations, default=0) + 1))
            for path in old:
                path.unlink()
            return header

    def _mapped(self, name: str, size: int) -> mmap.mmap | bytes:
        if size == 0:
            return b""
        with (self._directory / name).open("rb") as stream:
            found = os.fstat(stream.fileno()).st_size
            if found < size:
                raise SimilarityIndexError(f"{name}: expected {size} bytes, got {found}; rebuild the index")
            return mmap.mmap(stream.fileno(), size, prot=mmap.PROT_READ)

    def _write(self, name: str, offset: int, data: bytes) -> None:
        descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, offset)  # cut a torn tail off; no committed byte is touched
            while data:
                written = os.pwrite(descriptor, data, offset)
                data, offset = data[written:], offset + written
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _commit(self, header: Header) -> Header:
        body = json.dumps(asdict(header), sort_keys=True).encode()
        fresh = self._directory / "header.new"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(self._directory / "header")
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return header


@contextmanager
def _as_index_error(doing: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as exc:
        raise SimilarityIndexError(f"index, {doing}: {exc}") from exc
