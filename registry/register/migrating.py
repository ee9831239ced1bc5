"""Moving a ledger's whole log to another one, as batches: planned from the log alone, so that a run can be repeated."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from registry import eip712
from registry.documents import Document, admission_document, hex_of
from registry.eip712 import Domain
from registry.errors import LedgerError, TransactionRevertedError
from registry.leaves import batch_leaf
from registry.manifest import Manifest, claims_hash_of, compose
from registry.merkle import MerkleTree
from registry.model import (
    ZERO_32,
    BatchAdmission,
    Cid,
    Digest,
    GateVerdict,
    Inclusion,
    LedgerInfo,
    Moved,
    Registration,
    SignedBatch,
    Standing,
)
from registry.model.moving import Logged
from registry.origin import Origin
from registry.ports import Clock, ContentStore, Signer
from registry.ports.migration import LedgerLog, MigrationTarget
from registry.receipt.migration import Head, Migration, NotCarried
from registry.register.admit import VERDICT_LIFETIME_S, signed_verdict

_log = logging.getLogger(__name__)

BATCH_SIZE = 1000
ALREADY_THERE = "BatchAlreadyRegistered"  # the contract's word
NO_DOCUMENT = Cid(ZERO_32, is_dag_pb=False)  # no part of a leaf: while it is planned there is no document yet


@dataclass(frozen=True, slots=True)
class Carried:
    """What one run did.

    Attributes:
        sent: batches registered by this run.
        found: batches that were there before.
        last: where the last one that was sent stands.
    """

    sent: int
    found: int
    last: Inclusion | None


class Migrator:
    """Moves one log; keeps nothing, since log and document say everything."""

    def __init__(
        self,
        *,
        log: LedgerLog,
        left: LedgerInfo,
        target: MigrationTarget,
        gate: Signer,
        store: ContentStore,
        clock: Clock,
    ) -> None:
        """Take the outside parts.

        Args:
            log: of the ledger that is left.
            left: which that is.
            target: where the records go.
            gate: signs there, and signed here.
            store: where manifests go.
            clock: for deadlines.
        """
        self._log = log
        self._left = Domain.of(left)
        self._target = target
        self._to = Domain.of(target.info)
        self._gate = gate
        self._store = store
        self._clock = clock

    def plan(self, head: Head, signers: bytes, *, size: int, seen: Callable[[], None] = lambda: None) -> Migration:
        """Return what a migration would be; nothing is sent, nothing is stored.

        Args:
            head: at which the ledger is left.
            signers: of it, as its admin signed the list.
            size: of a batch, at most.
            seen: is told of each record.
        """
        now = self._clock.now()
        deadline = now + VERDICT_LIFETIME_S
        not_carried: list[NotCarried] = []
        statements: list[Document] = []
        there = frozenset(each.digest for each in self._target.committed())

        def carried() -> Iterator[bytes]:
            for logged in self._log.logged():
                seen()
                statements.extend(_statements(logged))
                if logged.record.standing is not Standing.ACTIVE or logged.record.digest in there:
                    not_carried.append(_not_carried(logged, self._left))
                else:
                    yield self._leaf(logged, deadline)

        batches = tuple((MerkleTree(leaves).root, len(leaves)) for leaves in _groups(carried(), size))
        return Migration(
            left=self._left,
            head=head,
            to=self._to,
            batches=batches,
            admission_deadline=deadline,
            not_carried=tuple(not_carried),
            statements=tuple(statements),
            signers=signers,
            made_at=now,
        )

    def carry(self, migration: Migration, document: Cid, *, seen: Callable[[], None] = lambda: None) -> Carried:
        """Register each batch of a migration that is not there yet, and return what was done.

        Args:
            migration: as planned, and sealed since.
            document: names it; pinned before.
            seen: is told of each batch.

        Raises:
            LedgerError: the log is not the one that was planned, or a ledger does not answer.
            StoreError: a manifest cannot be stored or read.
            TransactionRevertedError: the new ledger refuses a batch.
        """
        sent, found, last = 0, 0, None
        for manifest in self._manifests(migration, document):
            cid = self._store.pin(io.BytesIO(manifest.body))  # before its root is on the ledger
            placed = self._put(manifest, cid)
            sent, found, last = sent + bool(placed), found + (not placed), placed or last
            seen()
        return Carried(sent, found, last)

    def first_batch(self, migration: Migration) -> SignedBatch | None:
        """Return the first batch as it would be sent, to see what it costs; nothing if there is none."""
        manifest = next(self._manifests(migration, NO_DOCUMENT), None)
        return None if manifest is None else self._signed(manifest, NO_DOCUMENT)

    # -- inside ------------------------------------------------------------------------------------------------

    def _manifests(self, migration: Migration, document: Cid) -> Iterator[Manifest]:
        left_out = {each.digest for each in migration.not_carried}
        records = (logged for logged in self._log.logged() if logged.record.digest not in left_out)
        for root, count in migration.batches:
            some = list(islice(records, count))
            manifest = compose(self._to, [self._moved(logged, migration, document) for logged in some])
            if manifest.tree.root != root:
                raise LedgerError(
                    f"expected a batch of {count} under 0x{root.hex()} as planned, got {len(some)} under "
                    f"0x{manifest.tree.root.hex()}: the log is not the one that was planned"
                )
            yield manifest

    def _moved(self, logged: Logged, migration: Migration, document: Cid) -> Registration:
        plain = _registration(logged, self._left, migration.admission_deadline, document)
        verdict = self._restated(plain, logged.registration.verdicts)
        return replace(plain, verdicts=(verdict,))

    def _restated(self, plain: Registration, before: Sequence[GateVerdict]) -> GateVerdict:
        """Return the finding of before, our own gate's if it has one, signed for the new ledger."""
        own = next((verdict for verdict in before if verdict.gate == self._gate.address), before[0])
        return signed_verdict(self._target.info, plain.admission, own.opinion, self._gate)

    def _leaf(self, logged: Logged, deadline: int) -> bytes:
        plain = _registration(logged, self._left, deadline, NO_DOCUMENT)
        return batch_leaf(self._to, plain.admission, visibility=plain.visibility, claims_hash=claims_hash_of(plain))

    def _put(self, manifest: Manifest, cid: Cid) -> Inclusion | None:
        """Return where a batch was registered, or nothing if it was there."""
        if self._target.has_batch(manifest.tree.root):
            return None
        try:
            return self._target.put_batch(self._signed(manifest, cid))
        except TransactionRevertedError as exc:
            if exc.error_name != ALREADY_THERE:
                raise
            _log.info("batch 0x%s was on its way since before", manifest.tree.root.hex())
            return None

    def _signed(self, manifest: Manifest, cid: Cid) -> SignedBatch:
        deadline = self._clock.now() + VERDICT_LIFETIME_S
        admission = BatchAdmission(manifest.tree.root, len(manifest.entries), cid, manifest.tallies, deadline)
        return SignedBatch(admission, (self._gate.sign_typed_data(eip712.batch_message(self._to, admission)),))


def _groups(leaves: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while group := list(islice(leaves, size)):
        yield group


def _registration(logged: Logged, left: Domain, deadline: int, document: Cid) -> Registration:
    """Return what is registered of a record on the new ledger, without the gate's word.

    Reputation stays where it was earned, or it would count twice.
    """
    before = logged.registration
    admission = replace(before.admission, earns_reputation=False, deadline=deadline)
    moved = Moved(_origin(logged, left).canonical(), document)
    return Registration(admission, (), None, before.visibility, moved)


def _origin(logged: Logged, left: Domain) -> Origin:
    before = logged.registration
    return Origin(
        domain=left,
        inclusion=logged.inclusion,
        batch=logged.record.batch,
        admission_deadline=before.admission.deadline,
        earns_reputation=before.admission.earns_reputation,
        verdicts=before.verdicts,
        intent=before.intent,
    )


def _not_carried(logged: Logged, left: Domain) -> NotCarried:
    admission = admission_document(logged.registration.admission)
    return NotCarried(admission, _origin(logged, left), logged.record.standing, logged.reason_hash)


def _statements(logged: Logged) -> Iterator[Document]:
    """Yield what was said of a record: signed for the former ledger, so nobody but its author can say it anew."""
    record = logged.record

    def said(act: str, by: object, detail: bytes, said_at: int | None = None) -> Document:
        digest: Digest = record.digest
        return {"digest": digest.hex, "act": act, "by": str(by), "detail": hex_of(detail), "said_at": said_at}

    if record.superseded_by is not None:
        yield said("supersede", record.uploader, record.superseded_by.value)
    for parent in record.derived_from:
        yield said("derive", record.uploader, parent.value)
    for word in record.attestations:
        act = "review" if word.level.name == "REVIEWER" else "attest"
        yield said(act, word.attester, word.claims_hash, word.attested_at)
