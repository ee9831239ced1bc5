"""`Registrar`: the write side, a job that moves one durable step at a time.

``received → screened → (review) → pinned → signed → submitted → included → final``, or ``rejected`` / ``failed``.
Each step takes the job as the journal has it, does one idempotent thing and returns the job with that thing's outcome,
which is durable before the next step begins. A kill at any instant therefore repeats at most one step.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from registry.errors import (
    DecoderFailedError,
    JobNotFoundError,
    JobStateError,
    LedgerUnavailableError,
    QuorumNotMetError,
    TransactionRevertedError,
)
from registry.fingerprint import document, fingerprint
from registry.media import Decoder
from registry.model import (
    Digest,
    Inclusion,
    Job,
    JobState,
    Media,
    Outcome,
    Pinned,
    Registration,
    Request,
    ReviewDecision,
    Screened,
    SignedBatch,
    SignedStatement,
    Visibility,
)
from registry.ports import Clock, Journal, Ledger, SimilarityIndex
from registry.register.batching import Batching, require_batch
from registry.register.examine import Examiner
from registry.register.progress import Progress, require_included, require_screened, require_signed
from registry.register.quorum import Quorum
from registry.register.receipts import ReceiptFiles
from registry.register.reception import Accepted, Reception, Stores
from registry.register.recorder import RECORDING, Recorder
from registry.register.rejections import Rejections
from registry.register.spool import Spool
from registry.register.standing import require_attestation

# Finality on a proof-of-stake network takes two epochs, about 13 minutes; a job looks again each time it is run.
FINALITY_WAIT_S = 60.0
SWEEP_AFTER_S = 3_600  # copying the largest upload into the spool takes seconds
_OPEN = tuple(state for state in JobState if state.is_open)
REJECTED_BY_REVIEWER = "rejected_by_reviewer"


class Registrar:
    """Takes files through the gate into the registry."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        index: SimilarityIndex,
        stores: Stores,
        journal: Journal,
        examiner: Examiner,
        decoder: Decoder,
        reception: Reception,
        recorder: Recorder,
        quorum: Quorum,
        batching: Batching,
        progress: Progress,
        spool: Spool,
        receipts: ReceiptFiles,
        rejections: Rejections,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._index = index
        self._stores = stores
        self._journal = journal
        self._examiner = examiner
        self._decoder = decoder
        self._reception = reception
        self._recorder = recorder
        self._quorum = quorum
        self._batching = batching
        self._progress = progress
        self._spool = spool
        self._receipts = receipts
        self._rejections = rejections
        self._clock = clock

    def accept(self, path: Path, request: Request) -> Accepted:
        """Return a durable job for the bytes at ``path``; see `Reception.accept` for what is refused."""
        return self._reception.accept(path, request)

    def run(self, job: Job, *, media: Media | None = None) -> Job:
        """Return the job as far as it goes without a person: in review, rejected, failed, final, or waiting for others.

        Args:
            job: as the journal has it.
            media: of its bytes, if they were just decoded.

        Raises:
            LedgerUnavailableError: the job waits durably where it is; likewise for the others.
            StoreUnavailableError: the content store cannot be reached.
            CosignerUnavailableError: another gate's verdict is needed, and it cannot be asked.
            SimilarityIndexError: the index is damaged.
        """
        while job.state.is_open:
            if job.state is JobState.PINNED and self._batching.may_carry(job):
                job = self._carried(job)
                if job.state is JobState.PINNED:
                    break
            else:
                job = self._recorder.record(job.job_id) if job.state in RECORDING else self._step(job, media)
        return job

    def flush(self) -> None:
        """Take every pinned job that waits for others to the ledger now.

        Raises:
            LedgerUnavailableError: they wait durably where they are; likewise for the others.
        """
        for under_way in self._batching.carriers():
            self._carry(under_way)
        while (carrier := self._batching.form()) is not None:
            self._carry(carrier)

    def _carried(self, job: Job) -> Job:
        """Return a job that goes with others as it then is: still pinned, if it has to wait for them."""
        carrier = self._batching.carrier_of(job) or (self._batching.form() if self._batching.is_due() else None)
        if carrier is not None:
            self._carry(carrier)
        return self._journal.get(job.job_id)

    def _carry(self, carrier: Job) -> None:
        """Take a batch to its end; where it fails, all that it carries does."""
        carrier = self.run(carrier)
        if carrier.state is JobState.FAILED:
            for job_id in require_batch(carrier).members:
                self._progress.close(self._journal.get(job_id), JobState.FAILED, carrier.reasons)

    def act(self, call: Callable[[], Inclusion]) -> Inclusion:
        """Return where an act on the ledger stands that is no registration; see `Recorder.act`."""
        return self._recorder.act(call)

    def attest(self, signed: SignedStatement, *, digest: Digest) -> Inclusion:
        """Publish somebody's signed word on a record, and return where it stands; the recorder pays.

        Raises:
            StatementError: it is not its author's own, not alive, or about another record.
            RecordNotFoundError: no such record.
            TransactionRevertedError: the contract refuses it.
        """
        require_attestation(signed, digest=digest, ledger=self._ledger, now=self._clock.now())
        return self.act(lambda: self._ledger.publish(signed))

    def open_jobs(self) -> list[Job]:
        """Return the jobs that a crash or an outage left open, oldest first, and sweep the spool of all others."""
        live = list(self._journal.jobs(JobState.REVIEW, *_OPEN))
        self._sweep_spool(frozenset(job.job_id for job in live))
        return [job for job in live if job.state.is_open]

    def _sweep_spool(self, live: frozenset[str]) -> None:
        """Drop the bytes of jobs that are over, and what no job ever named once nobody can be writing it any more."""
        for name, written_at in self._spool.ages().items():
            if name in live:
                continue
            if self._is_known(name) or written_at < self._clock.now() - SWEEP_AFTER_S:
                self._spool.drop(name)

    def _is_known(self, job_id: str) -> bool:
        try:
            self._journal.get(job_id)
        except JobNotFoundError:
            return False
        return True

    def decide(self, job_id: str, *, approved: bool, reviewer: str, reason: str) -> Job:
        """Return the job with a person's decision on it; an approval is durable and `run` carries it out.

        Raises:
            JobNotFoundError: no such job.
            JobStateError: the job does not wait for a person, or was never decoded and so cannot be approved.
        """
        job = self._journal.get(job_id)
        if job.state is not JobState.REVIEW:
            raise JobStateError(f"job {job_id}: expected state review, got {job.state}")
        review = ReviewDecision(approved, reviewer, reason, self._clock.now())
        if not approved:
            reasons = (REJECTED_BY_REVIEWER, *job.reasons)
            return self._rejections.reject(replace(job, review=review), reasons)
        if require_screened(job).fingerprint is None:
            raise JobStateError(f"job {job_id}: the decoder failed on this file, so there is nothing to record")
        return self._progress.put(replace(job, state=JobState.SCREENED, review=review))

    def _step(self, job: Job, media: Media | None) -> Job:
        match job.state:
            case JobState.RECEIVED:
                return self._screen(job, media)
            case JobState.SCREENED:
                return self._settle(job)
            case JobState.INCLUDED:
                return self._finish(job)
        raise JobStateError(f"job {job.job_id}: no step follows from {job.state}")

    def _screen(self, job: Job, media: Media | None) -> Job:
        if media is None:
            media = self._decode(job)
        intent = job.request.intent
        uploader = intent.intent.uploader if intent else self._ledger.info.operator
        examination = self._examiner.examine(media, uploader=uploader)
        screened = Screened(
            verdict=examination.verdict,
            kind=media.kind if media else None,
            fingerprint=fingerprint(media, job.request.digest) if media else None,
            matches=tuple(neighbour.match for neighbour in examination.comparison.neighbours),
            credentials=self._decoder.credentials(self._spool.path(job.job_id)),
        )
        reasons = examination.verdict.reasons
        return self._progress.put(replace(job, state=JobState.SCREENED, screened=screened, reasons=reasons))

    def _decode(self, job: Job) -> Media | None:
        try:
            return self._decoder.decode(self._spool.path(job.job_id))
        except DecoderFailedError:
            return None

    def _settle(self, job: Job) -> Job:
        screened = require_screened(job)
        outcome = screened.verdict.outcome
        if job.review is not None or outcome is Outcome.ACCEPTED:
            return self._pin(job, screened)
        if outcome is Outcome.REJECTED and not job.request.appeal:
            return self._rejections.reject(job, screened.verdict.reasons)
        return self._progress.put(replace(job, state=JobState.REVIEW))

    def _pin(self, job: Job, screened: Screened) -> Job:
        """Pin what a quorum of gates signs: the others are asked before anything is stored."""
        if screened.fingerprint is None:
            raise JobStateError(f"job {job.job_id}: expected a decoded file, got one that the decoder failed on")
        store = self._stores.store_for(job.request.visibility)
        body = document(screened.fingerprint)
        try:
            job = self._quorum.gather(job if job.pinned else replace(job, pinned=self._named(job, body)))
        except QuorumNotMetError as exc:
            return self._progress.close(self._journal.get(job.job_id), JobState.FAILED, exc.reasons)
        with self._spool.path(job.job_id).open("rb") as stream:
            store.pin(stream)
        store.pin(io.BytesIO(body))
        return self._progress.put(replace(job, state=JobState.PINNED))

    def _named(self, job: Job, body: bytes) -> Pinned:
        with self._spool.path(job.job_id).open("rb") as stream:
            cid = self._stores.local.cid_of(stream)
        salt = secrets.token_bytes(32) if job.request.visibility is Visibility.PRIVATE else None
        return Pinned(cid, self._stores.local.cid_of(io.BytesIO(body)), salt)

    def _finish(self, job: Job) -> Job:
        found = self._still_included(job)
        if found is None:  # its block was reorganised away: the same transaction is sent again
            return self._progress.put(replace(job, state=JobState.SIGNED, inclusion=None))
        if found != job.inclusion:  # in another block now, or at another place in it
            return self._progress.put(replace(job, inclusion=found))
        registration, inclusion = require_included(job)
        if not self._ledger.is_final(inclusion, wait_s=FINALITY_WAIT_S):
            raise LedgerUnavailableError(f"block {inclusion.block_number} is not final yet; the job goes on when it is")
        if isinstance(registration, SignedBatch):
            return self._finish_batch(job, inclusion)
        return self._conclude(job, registration, inclusion)

    def _finish_batch(self, carrier: Job, inclusion: Inclusion) -> Job:
        """Conclude every member that a kill has not left concluded already, then the batch itself."""
        members = [
            (job, registration)
            for job_id, registration in self._batching.registrations(carrier)
            if (job := self._journal.get(job_id)).state is JobState.PINNED
        ]
        screenings = (require_screened(job) for job, _ in members)
        self._index.add(*(screened.fingerprint for screened in screenings if screened.fingerprint is not None))
        for job, registration in members:
            self._conclude(replace(job, inclusion=inclusion), registration, inclusion)
        return self._progress.close(carrier, JobState.FINAL, carrier.reasons)

    def _conclude(self, job: Job, registration: Registration, inclusion: Inclusion) -> Job:
        """Make a final registration findable, and give its receipt out."""
        fingerprint = require_screened(job).fingerprint
        if fingerprint is not None:
            self._index.add(fingerprint)
        record = self._ledger.find(job.request.digest)
        if record is None:
            raise JobStateError(f"job {job.job_id}: in block {inclusion.block_number}, but no record is found")
        proof = self._ledger.proof_of(job.request.digest) if record.batch else None
        self._receipts.write(record, fingerprint, registration, inclusion, proof.path if proof else ())
        return self._progress.close(job, JobState.FINAL, job.reasons)

    def _still_included(self, job: Job) -> Inclusion | None:
        try:
            return self._ledger.inclusion(*require_signed(job).tx_hashes)
        except TransactionRevertedError:  # in its new block it failed: the recorder knows what follows
            return None
