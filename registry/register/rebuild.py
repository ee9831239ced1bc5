"""Rebuilding the index: from the ledger's events and the content-addressed documents whose hashes it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice

from registry.errors import BlockCorruptError, BlockNotFoundError, InvalidValueError
from registry.fingerprint import parse_document
from registry.model import Cid, Committed, Digest, Fingerprint, Visibility
from registry.ports import ContentStore, Journal, Ledger, SimilarityIndex

CHUNK = 10_000  # records that are made durable together: seven syncs of 5 ms each, and 10 MiB of memory
READERS = 8  # threads: a document that is on the disk alone, or at a daemon, takes ten times as long to come as to read
PART = 500  # records that a reader takes at once


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        indexed: digests whose documents were found.
        missing: digests whose documents are not at hand, or do not hash or parse; matching cannot find these.
        batches: roots (32 bytes) of batches whose manifests are not at hand; nothing in them can be found.
    """

    indexed: tuple[Digest, ...]
    missing: tuple[Digest, ...]
    batches: tuple[bytes, ...] = ()


def rebuild_index(
    *,
    ledger: Ledger,
    store: ContentStore,
    journal: Journal,
    index: SimilarityIndex,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Rebuilt:
    """Clear the index and fill it again from ledger and documents.

    Args:
        ledger: the truth.
        store: where documents are.
        journal: knows the documents of private records, whose hashes on the ledger are salted.
        index: to be rebuilt.
        on_progress: told how many records were looked at.

    Raises:
        LedgerUnavailableError: the ledger cannot be asked now.
        StoreUnavailableError: the store cannot be asked now.
    """
    private = {job.request.digest: job.pinned.fingerprint_cid for job in journal.jobs() if job.pinned}
    index.clear()
    indexed: list[Digest] = []
    missing: list[Digest] = []

    def read(records: Sequence[Committed]) -> list[Fingerprint | None]:
        return [_fingerprint_of(record, store, private) for record in records]

    with ThreadPoolExecutor(READERS) as readers:
        for some in _chunks(ledger.committed()):
            parts = [some[start : start + PART] for start in range(0, len(some), PART)]
            found = list(chain.from_iterable(readers.map(read, parts)))
            index.add(*(each for each in found if each is not None))
            for record, fingerprint in zip(some, found, strict=True):
                (missing if fingerprint is None else indexed).append(record.digest)
            on_progress(len(indexed) + len(missing))
    return Rebuilt(tuple(indexed), tuple(missing), ledger.batches_without_manifest())


def _chunks(records: Iterator[Committed]) -> Iterator[tuple[Committed, ...]]:
    while some := tuple(islice(records, CHUNK)):
        yield some


def _fingerprint_of(record: Committed, store: ContentStore, private: Mapping[Digest, Cid]) -> Fingerprint | None:
    if record.visibility is Visibility.PUBLIC:
        cid: Cid | None = Cid(record.fingerprint_hash, is_dag_pb=False)
    else:
        cid = private.get(record.digest)
    if cid is None:
        return None
    try:
        fingerprint = parse_document(b"".join(store.read(cid)))
    except (BlockNotFoundError, BlockCorruptError, InvalidValueError):
        return None
    return fingerprint if fingerprint.digest == record.digest else None


def documents(*, ledger: Ledger, store: ContentStore, journal: Journal) -> Iterator[tuple[Digest, Fingerprint | None]]:
    """Yield every record's digest with its fingerprint document, or with nothing where that is not at hand.

    Raises:
        LedgerUnavailableError: the ledger cannot be asked now.
        StoreUnavailableError: the store cannot be asked now.
    """
    private = {job.request.digest: job.pinned.fingerprint_cid for job in journal.jobs() if job.pinned}
    for record in ledger.committed():
        yield record.digest, _fingerprint_of(record, store, private)
