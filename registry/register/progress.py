"""`Progress`: how every step makes its outcome durable, and what a step may take for granted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from registry.errors import JobStateError
from registry.model import Inclusion, Job, JobState, Pinned, Registration, Screened, Signed, SignedBatch
from registry.ports import Clock, Journal
from registry.register.spool import Spool

_log = logging.getLogger(__name__)


class Progress:
    """Writes jobs to the journal and drops the bytes of those that are over."""

    def __init__(self, *, journal: Journal, spool: Spool, clock: Clock) -> None:
        self._journal = journal
        self._spool = spool
        self._clock = clock

    def put(self, job: Job) -> Job:
        """Return the job as it now stands in the journal.

        Raises:
            JobConflictError: another process moved the job in the meantime.
        """
        job = replace(job, updated_at=self._clock.now(), revision=job.revision + 1)
        self._journal.put(job)
        _log.info("job %s %s %s", job.job_id, job.request.digest.hex[:12], job.state)
        return job

    def close(self, job: Job, state: JobState, reasons: Sequence[str]) -> Job:
        """Return the job in its last state.

        The bytes are dropped after the journal is written: a kill between the two leaves a file, never a hole.
        """
        job = self.put(replace(job, state=state, reasons=tuple(reasons)))
        self._spool.drop(job.job_id)
        return job


def require_screened(job: Job) -> Screened:
    """Return the job's screening.

    Raises:
        JobStateError: it has none.
    """
    if job.screened is None:
        raise JobStateError(f"job {job.job_id}: expected a screening in state {job.state}, got none")
    return job.screened


def require_pinned(job: Job) -> Pinned:
    """Return the names of the job's contents.

    Raises:
        JobStateError: it has none.
    """
    if job.pinned is None:
        raise JobStateError(f"job {job.job_id}: expected its contents named in state {job.state}, got no names")
    return job.pinned


def require_included(job: Job) -> tuple[Registration | SignedBatch, Inclusion]:
    """Return what is on the chain of the job, and where: one of its attempts, not always the latest.

    Raises:
        JobStateError: nothing is.
    """
    inclusion = job.inclusion
    for attempt in require_signed(job).attempts:
        if inclusion is not None and attempt.transaction.tx_hash == inclusion.tx_hash:
            return attempt.registration, inclusion
    raise JobStateError(f"job {job.job_id}: expected an inclusion of its own in state {job.state}, got {inclusion}")


def require_signed(job: Job) -> Signed:
    """Return the job's signatures.

    Raises:
        JobStateError: it has none.
    """
    if job.signed is None:
        raise JobStateError(f"job {job.job_id}: expected signatures in state {job.state}, got none")
    return job.signed
