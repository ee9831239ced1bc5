"""`Batching`: registrations that wait for each other and go to the ledger together, under one root."""

from __future__ import annotations

import io
import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from registry import eip712
from registry.errors import IntentError, JobStateError
from registry.manifest import Manifest, compose, entries_of
from registry.model import (
    MAX_LEAVES,
    MAX_TALLIES,
    Address,
    Batch,
    BatchAdmission,
    Digest,
    Job,
    JobState,
    Registration,
    Request,
    Visibility,
)
from registry.ports import Clock, Journal, Ledger
from registry.register.admit import VERDICT_LIFETIME_S
from registry.register.intent import INTENT_LAPSED, require_intent
from registry.register.progress import Progress
from registry.register.quorum import Quorum
from registry.register.reception import Stores

_log = logging.getLogger(__name__)

MANIFEST_NAME = "manifest.ndjson"
ALREADY_REGISTERED = "MediaAlreadyRegistered"  # what the contract answers to a single registration
OPEN = tuple(state for state in JobState if state.is_open)


@dataclass(frozen=True, slots=True)
class Grouping:
    """When registrations go together.

    Attributes:
        size: as many as this are enough, 1 to `MAX_LEAVES`.
        age_s: the oldest waits no longer than this, however few there are.
    """

    size: int = 1000
    age_s: int = 60


class Batching:
    """Groups pinned jobs by count or age; each group is a job of its own, which carries the others."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        journal: Journal,
        quorum: Quorum,
        stores: Stores,
        progress: Progress,
        clock: Clock,
        grouping: Grouping,
    ) -> None:
        """Take the outside parts.

        Args:
            ledger: says how many gates must sign, and what is recorded already.
            journal: has the jobs; its lock is held while a group is formed.
            quorum: signs each file's verdict.
            stores: where manifests go; a manifest has no private content.
            progress: makes each step durable.
            clock: for ages and deadlines.
            grouping: how many, and how long.
        """
        self._ledger = ledger
        self._journal = journal
        self._quorum = quorum
        self._stores = stores
        self._progress = progress
        self._clock = clock
        self._grouping = grouping

    def may_carry(self, job: Job) -> bool:
        """Return whether a pinned job goes with others: it was asked for, and our own gates are enough to sign."""
        return job.request.batched and job.batch is None and self._quorum.is_ours()

    def carriers(self) -> list[Job]:
        """Return the open jobs that carry others, oldest first."""
        return list(self._journal.batches(*OPEN))

    def carrier_of(self, job: Job) -> Job | None:
        """Return the open job that carries this one, or nothing."""
        return self._journal.carrier_of(job.job_id)

    def is_due(self) -> bool:
        """Return whether enough jobs wait, or one has waited long enough."""
        queue = self._journal.queue()
        if queue.since is None:
            return False
        return queue.length >= self._grouping.size or queue.since <= self._clock.now() - self._grouping.age_s

    def form(self) -> Job | None:
        """Return a new durable job that carries those that wait now, at most a group; nothing if none may go.

        A job whose intent has lapsed, or whose bytes were recorded meanwhile, fails here and keeps nobody else.

        Raises:
            LedgerUnavailableError: the ledger cannot be asked now.
            StoreUnavailableError: the manifest cannot be stored now.
        """
        with self._journal.lock():
            members = self._admissible() if self._quorum.is_ours() else []
            if not members:
                return None
            registrations = {job.job_id: self._quorum.of_file(job) for job in members}
            manifest = compose(self._domain, registrations.values())
            cid = self._stores.published.pin(io.BytesIO(manifest.body))
            now = self._clock.now()
            request = Request(
                digest=Digest.of_bytes(manifest.body),
                file_name=MANIFEST_NAME,
                size_bytes=len(manifest.body),
                visibility=Visibility.PUBLIC,
            )
            admission = BatchAdmission(
                manifest.tree.root, len(members), cid, manifest.tallies, now + VERDICT_LIFETIME_S
            )
            carrier = Job(
                job_id=secrets.token_hex(16),
                state=JobState.PINNED,
                request=request,
                created_at=now,
                updated_at=now,
                batch=Batch(_in_order(manifest, registrations), admission),
            )
            self._journal.put(carrier)
            _log.info("batch %s: %d records under 0x%s", carrier.job_id, len(members), manifest.tree.root.hex())
            return carrier

    def registrations(self, job: Job) -> Iterator[tuple[str, Registration]]:
        """Yield each member's job id and what was registered of it, in the order of the leaves.

        Raises:
            StoreError: the manifest cannot be read.
        """
        batch = require_batch(job)
        entries = entries_of(self._domain, self._stores.published.read(batch.admission.manifest))
        for job_id, entry in zip(batch.members, entries, strict=True):
            yield job_id, entry.registration

    # -- inside ------------------------------------------------------------------------------------------------

    @property
    def _domain(self) -> eip712.Domain:
        return eip712.Domain.of(self._ledger.info)

    def _admissible(self) -> list[Job]:
        admissible: list[Job] = []
        digests: set[Digest] = set()
        uploaders: set[Address] = set()
        for job in self._journal.waiting():
            if len(admissible) == min(self._grouping.size, MAX_LEAVES):
                break
            uploader = job.request.intent.intent.uploader if job.request.intent else self._ledger.info.operator
            if job.request.digest in digests or (uploader not in uploaders and len(uploaders) == MAX_TALLIES):
                continue  # its turn comes with the next batch
            if (refusal := self._refusal(job)) is not None:
                self._progress.close(job, JobState.FAILED, (refusal,))
                continue
            admissible.append(job)
            digests.add(job.request.digest)
            uploaders.add(uploader)
        return admissible

    def _refusal(self, job: Job) -> str | None:
        if self._ledger.find(job.request.digest) is not None:
            return ALREADY_REGISTERED
        if job.request.intent is None:
            return None
        try:
            require_intent(
                job.request.intent,
                digest=job.request.digest,
                visibility=job.request.visibility,
                ledger=self._ledger,
                now=self._clock.now(),
            )
        except IntentError as exc:
            _log.warning("job %s: %s", job.job_id, exc)
            return INTENT_LAPSED
        return None


def require_batch(job: Job) -> Batch:
    """Return what the job carries for others.

    Raises:
        JobStateError: it carries nothing.
    """
    if job.batch is None:
        raise JobStateError(f"job {job.job_id}: expected a batch, got a single file")
    return job.batch


def _in_order(manifest: Manifest, registrations: dict[str, Registration]) -> tuple[str, ...]:
    by_digest = {registration.admission.digest: job_id for job_id, registration in registrations.items()}
    return tuple(by_digest[entry.registration.admission.digest] for entry in manifest.entries)
