"""What the event table keeps of batches: the batch itself, from the chain, and its leaves, from its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from registry.adapters.event_rows import ADDRESS_BYTES, MODEL_ID_BYTES, Registered, chunks
from registry.manifest import Entry
from registry.model import (
    DAG_PB_BIT,
    EARNS_BIT,
    PRIVATE_BIT,
    Address,
    Cid,
    Digest,
    Inclusion,
    Level,
    MediaKind,
    Record,
    RecordGate,
    Standing,
    Visibility,
)
from registry.model.ledger import BatchPlace

BATCH_TABLE = """
CREATE TABLE batch (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash BLOB NOT NULL, block_time INTEGER NOT NULL,
    tx_hash BLOB NOT NULL, root BLOB NOT NULL, leaf_count INTEGER NOT NULL,
    manifest BLOB NOT NULL, manifest_is_dag_pb INTEGER NOT NULL, gates BLOB NOT NULL,
    PRIMARY KEY (block_number, log_index)
) WITHOUT ROWID;
"""
BATCH_COLUMNS = (
    "block_number, log_index, block_hash, block_time, tx_hash, root, leaf_count, manifest, manifest_is_dag_pb, gates"
)
LEAF_TABLE = """
CREATE TABLE leaf (
    block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, leaf_index INTEGER NOT NULL,
    hash BLOB NOT NULL, digest BLOB NOT NULL, uploader BLOB NOT NULL, kind INTEGER NOT NULL, levels INTEGER NOT NULL,
    content_hash BLOB NOT NULL, fingerprint_hash BLOB NOT NULL, policy_id BLOB NOT NULL, model_ids BLOB NOT NULL,
    PRIMARY KEY (block_number, log_index, leaf_index)
) WITHOUT ROWID;
CREATE INDEX leaf_digest ON leaf (digest);
"""
LEAF_COLUMNS = "leaf_index, hash, digest, uploader, kind, levels, content_hash, fingerprint_hash, policy_id, model_ids"

BatchColumns = tuple[int, int, bytes, int, bytes, bytes, int, bytes, int, bytes]
LeafColumns = tuple[int, bytes, bytes, bytes, int, int, bytes, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch.

    Attributes:
        root: 32 bytes.
        count: of leaves.
        manifest: what the leaves are made of.
        gates: that signed, ascending.
    """

    table: ClassVar[str] = "batch"

    inclusion: Inclusion
    root: bytes
    count: int
    manifest: Cid
    gates: tuple[Address, ...]

    def columns(self) -> tuple[object, ...]:
        """Return the values of all columns, in the table's order."""
        place = self.inclusion
        return (
            place.block_number,
            place.log_index,
            place.block_hash,
            place.block_time,
            place.tx_hash,
            self.root,
            self.count,
            self.manifest.digest,
            int(self.manifest.is_dag_pb),
            b"".join(gate.value for gate in self.gates),
        )

    @staticmethod
    def of(columns: BatchColumns) -> BatchRow:
        """Return the row that has these columns."""
        block, log, block_hash, block_time, tx_hash, root, count, manifest, is_dag_pb, gates = columns
        return BatchRow(
            Inclusion(tx_hash, block, block_hash, log, block_time),
            root,
            count,
            Cid(manifest, is_dag_pb=bool(is_dag_pb)),
            tuple(map(Address, chunks(gates, ADDRESS_BYTES))),
        )


def leaf_columns(batch: BatchRow, index: int, entry: Entry) -> tuple[object, ...]:
    """Return the values of a leaf's columns, in the table's order."""
    registration = entry.registration
    admission = registration.admission
    private = PRIVATE_BIT if registration.visibility is Visibility.PRIVATE else 0
    return (
        batch.inclusion.block_number,
        batch.inclusion.log_index,
        index,
        entry.leaf,
        admission.digest.value,
        admission.uploader.value,
        admission.kind | private,
        int(admission.levels) | (EARNS_BIT if admission.earns_reputation else 0),
        admission.content_hash,
        admission.fingerprint_hash,
        admission.policy_id,
        b"".join(verdict.opinion.model_id for verdict in registration.verdicts),
    )


@dataclass(frozen=True, slots=True)
class LeafRow:
    """One record of a batch: what its leaf (``hash``, 32 bytes) says, as the event table keeps it."""

    batch: BatchRow
    index: int
    hash: bytes
    digest: Digest
    uploader: Address
    kind: int
    levels: int
    registered: Registered

    @staticmethod
    def of(batch: BatchRow, columns: LeafColumns) -> LeafRow:
        """Return the row of a leaf from the `LEAF_COLUMNS`."""
        index, hash_, digest, uploader, kind, levels, content_hash, fingerprint_hash, policy_id, model_ids = columns
        models = tuple(chunks(model_ids, MODEL_ID_BYTES))
        visibility = Visibility.PRIVATE if kind & PRIVATE_BIT else Visibility.PUBLIC
        more = Registered(policy_id, models, batch.gates, content_hash, fingerprint_hash, visibility)
        return LeafRow(batch, index, hash_, Digest(digest), Address(uploader), kind, levels, more)

    def record(self, *, standing: Standing, gates: tuple[RecordGate, ...]) -> Record:
        """Return the record, without what was said of it since."""
        more = self.registered
        return Record(
            digest=self.digest,
            kind=MediaKind(self.kind & ~(DAG_PB_BIT | PRIVATE_BIT)),
            visibility=more.visibility,
            content_hash=more.content_hash,
            content_is_dag_pb=bool(self.kind & DAG_PB_BIT),
            fingerprint_hash=more.fingerprint_hash,
            uploader=self.uploader,
            levels=Level(self.levels & ~EARNS_BIT),
            earns_reputation=bool(self.levels & EARNS_BIT),
            model_ids=more.model_ids,
            policy_id=more.policy_id,
            standing=standing,
            registered_at=self.batch.inclusion.block_time,
            block=self.batch.inclusion.block_number,
            tx=self.batch.inclusion.tx_hash,
            batch=BatchPlace(self.batch.root, self.index),
            gates=gates,
        )
