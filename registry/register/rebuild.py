"""Rebuilding the index: from the ledger's events and the content-addressed documents whose hashes it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.errors import BlockCorruptError, BlockNotFoundError, InvalidValueError
from registry.fingerprint import parse_document
from registry.model import Cid, Digest, EventName, Fingerprint, Record, Visibility
from registry.ports import ContentStore, Journal, Ledger, SimilarityIndex


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        indexed: digests whose documents were found.
        missing: digests whose documents are not at hand, or do not hash or parse; matching cannot find these.
    """

    indexed: tuple[Digest, ...]
    missing: tuple[Digest, ...]


def rebuild_index(*, ledger: Ledger, store: ContentStore, journal: Journal, index: SimilarityIndex) -> Rebuilt:
    """Clear the index and fill it again from ledger and documents.

    Args:
        ledger: the truth.
        store: where documents are.
        journal: knows the documents of private records, whose hashes on the ledger are salted.
        index: to be rebuilt.

    Raises:
        LedgerUnavailableError: the ledger cannot be asked now.
        StoreUnavailableError: the store cannot be asked now.
    """
    private = {job.request.digest: job.pinned.fingerprint_cid for job in journal.jobs() if job.pinned}
    index.clear()
    indexed: list[Digest] = []
    missing: list[Digest] = []
    for record in _records(ledger):
        fingerprint = _fingerprint_of(record, store, private)
        if fingerprint is None:
            missing.append(record.digest)
        else:
            index.add(fingerprint)
            indexed.append(record.digest)
    return Rebuilt(tuple(indexed), tuple(missing))


def _records(ledger: Ledger) -> Iterator[Record]:
    for event in ledger.events():
        if event.name is EventName.REGISTERED and (record := ledger.find(event.digest)) is not None:
            yield record


def _fingerprint_of(record: Record, store: ContentStore, private: Mapping[Digest, Cid]) -> Fingerprint | None:
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
