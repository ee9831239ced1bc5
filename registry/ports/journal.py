"""Registrations on their way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from registry.model import (
    Digest,
    Job,
    JobState,
    Queue,
)


class Journal(Protocol):
    """The one durable table of registrations on their way.

    Every method may raise `JournalError`.
    """

    def put(self, job: Job) -> None:
        """Write the job as it is now, durably (synced) before returning.

        Raises:
            JobConflictError: the journal does not hold the revision before this one: another process moved the job.
        """
        ...

    def get(self, job_id: str) -> Job:
        """Return the job.

        Raises:
            JobNotFoundError: no such job.
        """
        ...

    def by_idempotency_key(self, key: str) -> Job | None:
        """Return the job that was created under this key, or nothing."""
        ...

    def latest_for(self, digest: Digest) -> Job | None:
        """Return the newest job of a digest, or nothing."""
        ...

    def jobs(self, *states: JobState) -> Iterator[Job]:
        """Yield the jobs in one of these states, or all if none is named, oldest first."""
        ...

    def batches(self, *states: JobState) -> Iterator[Job]:
        """Yield the jobs in one of these states that carry others, oldest first."""
        ...

    def carrier_of(self, job_id: str) -> Job | None:
        """Return the oldest open job that carries this one, or nothing."""
        ...

    def waiting(self) -> Iterator[Job]:
        """Yield the pinned jobs that are to go with others and that no open job carries, the longest there first."""
        ...

    def queue(self) -> Queue:
        """Return how many jobs `waiting` would yield, and since when the first of them is there; none is read."""
        ...

    def counts(self) -> Mapping[JobState, int]:
        """Return how many jobs are in each state; a state without jobs is absent."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Hold, across threads and processes, the right to move jobs from pinned to included: one nonce owner."""
        ...
