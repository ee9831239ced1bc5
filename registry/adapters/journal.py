"""`SqliteJournal`: the one table of registrations, in SQLite with write-ahead log and full sync.

A row is the job as JSON beside the few columns that are searched. A row of another schema version is refused, never
guessed at.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from registry.adapters.wal import use_wal
from registry.errors import JobConflictError, JobNotFoundError, JournalError
from registry.model import Digest, Job, JobState, Queue
from registry.model.job import JOB_SCHEMA_VERSION

_SCHEMA = """
create table if not exists jobs (
    job_id text primary key,
    digest blob not null,
    idempotency_key text unique,
    state text not null,
    created_at integer not null,
    schema_version integer not null,
    revision integer not null,
    body text not null
) strict;
create index if not exists jobs_by_digest on jobs (digest, created_at);
create index if not exists jobs_by_state on jobs (state, created_at);
create index if not exists jobs_that_carry on jobs (state, created_at)
    where json_extract(body, '$[0].batch') is not null;
create index if not exists jobs_for_a_batch on jobs (json_extract(body, '$[0].updated_at'), job_id)
    where state = 'pinned' and json_extract(body, '$[0].request.batched') and json_extract(body, '$[0].batch') is null;
"""
# Of a file that is to go with others, pinned, and in no batch under way; the indexes above have all that is asked.
_OPEN = ", ".join(f"'{state.value}'" for state in JobState if state.is_open)
_CARRIERS = f"state in ({_OPEN}) and json_extract(body, '$[0].batch') is not null"
_CARRIED = f"select value from jobs as carrier, json_each(body, '$[0].batch.members') where {_CARRIERS}"  # noqa: S608  constants
_WAITING = f"""
jobs indexed by jobs_for_a_batch
where state = 'pinned' and json_extract(body, '$[0].request.batched') and json_extract(body, '$[0].batch') is null
and job_id not in ({_CARRIED})
"""
_PUT = """
insert into jobs values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (job_id) do update set state = excluded.state, revision = excluded.revision, body = excluded.body
where jobs.revision = excluded.revision - 1
"""
_BUSY_TIMEOUT_S = 30.0
# A list of one, since pydantic takes a configuration only for types that have none of their own.
_BODY = TypeAdapter(list[Job], config=ConfigDict(ser_json_bytes="hex", val_json_bytes="hex"))


class SqliteJournal:
    """Implements `registry.ports.Journal` in one database file; threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock_path = path.with_suffix(".lock")
        self._thread_lock = threading.Lock()
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    def put(self, job: Job) -> None:
        """Write the job as it is now, synced before returning.

        Raises:
            JobConflictError: the journal does not hold the revision before this one.
        """
        row = (
            job.job_id,
            job.request.digest.value,
            job.request.idempotency_key,
            job.state.value,
            job.created_at,
            JOB_SCHEMA_VERSION,
            job.revision,
            _BODY.dump_json([job]).decode(),
        )
        with self._connection() as connection, connection:
            if connection.execute(_PUT, row).rowcount != 1:
                raise JobConflictError(f"job {job.job_id}: another process moved it before revision {job.revision}")

    def get(self, job_id: str) -> Job:
        """Return the job.

        Raises:
            JobNotFoundError: no such job.
        """
        job = self._one("where job_id = ?", job_id)
        if job is None:
            raise JobNotFoundError(f"no job {job_id[:64]!r}")
        return job

    def by_idempotency_key(self, key: str) -> Job | None:
        """Return the job that was created under this key, or nothing."""
        return self._one("where idempotency_key = ?", key)

    def latest_for(self, digest: Digest) -> Job | None:
        """Return the newest job of a digest, or nothing."""
        return self._one("where digest = ? order by created_at desc, rowid desc limit 1", digest.value)

    def jobs(self, *states: JobState) -> Iterator[Job]:
        """Yield the jobs in one of these states, or all if none is named, oldest first."""
        places = ", ".join("?" * len(states))
        condition = f"where state in ({places}) " if states else ""
        yield from self._select(condition + "order by created_at, rowid", *states)

    def batches(self, *states: JobState) -> Iterator[Job]:
        """Yield the jobs in one of these states that carry others, oldest first."""
        places = ", ".join("?" * len(states))
        carries = "json_extract(body, '$[0].batch') is not null"
        yield from self._select(f"where state in ({places}) and {carries} order by created_at, rowid", *states)

    def carrier_of(self, job_id: str) -> Job | None:
        """Return the oldest open job that carries this one, or nothing."""
        has_it = "? in (select value from json_each(body, '$[0].batch.members'))"
        return self._one(f"where {_CARRIERS} and {has_it} order by created_at, rowid limit 1", job_id)

    def waiting(self) -> Iterator[Job]:
        """Yield the pinned jobs that are to go with others and that no open job carries, the longest there first."""
        order = "order by json_extract(body, '$[0].updated_at'), rowid"
        with self._connection() as connection:
            names = connection.execute(f"select job_id from {_WAITING} {order}").fetchall()  # noqa: S608  constants
        yield from (self.get(job_id) for (job_id,) in names)

    def queue(self) -> Queue:
        """Return how many jobs `waiting` would yield, and since when the first of them is there."""
        query = f"select count(*), min(json_extract(body, '$[0].updated_at')) from {_WAITING}"  # noqa: S608  constants
        with self._connection() as connection:
            return Queue(*connection.execute(query).fetchone())

    def counts(self) -> Mapping[JobState, int]:
        """Return how many jobs are in each state; a state without jobs is absent."""
        with self._connection() as connection:
            rows = connection.execute("select state, count(*) from jobs group by state").fetchall()
        return {JobState(state): count for state, count in rows}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold, across threads and processes, the right to move jobs from pinned to included."""
        with self._thread_lock, self._lock_path.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)  # released with the file, or with the process
            yield

    def _one(self, condition: str, value: str | bytes) -> Job | None:
        return next(self._select(condition, value), None)

    def _select(self, condition: str, *values: str | bytes) -> Iterator[Job]:
        with self._connection() as connection:
            rows = connection.execute(f"select schema_version, body from jobs {condition}", values).fetchall()  # noqa: S608  # our own fixed conditions
        return (_job(version, body) for version, body in rows)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S)) as connection:
                use_wal(connection, wait_s=_BUSY_TIMEOUT_S)
                connection.execute("pragma synchronous = full")
                yield connection
        except sqlite3.Error as exc:
            raise JournalError(f"journal {self._path.name}: {exc}") from exc


def _job(version: int, body: str) -> Job:
    if version != JOB_SCHEMA_VERSION:
        raise JournalError(f"journal row: expected schema version {JOB_SCHEMA_VERSION}, got {version}")
    try:
        return _BODY.validate_json(body)[0]
    except ValidationError as exc:
        raise JournalError(f"journal row cannot be read: {exc}") from exc
