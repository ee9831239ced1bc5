"""The runner of registrations: it goes on after whatever one job does to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.jobs import JobRunner
from registry.adapters.journal import SqliteJournal
from registry.errors import JobConflictError, LedgerUnavailableError
from registry.model import Job, JobState, Media, Request, Visibility
from tests.values import NOW, digest


class Scripted:
    """A registrar that does to each job what its name says, and finishes it at the second try."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal
        self.tried: list[str] = []

    def open_jobs(self) -> list[Job]:
        return [job for job in self.journal.jobs() if job.state.is_open]

    def run(self, job: Job, *, media: Media | None = None) -> Job:
        first = job.job_id not in self.tried
        self.tried.append(job.job_id)
        if first and job.job_id == "outage":
            raise LedgerUnavailableError("down")
        if first and job.job_id == "surprise":
            raise ZeroDivisionError
        if first and job.job_id == "theirs":
            raise JobConflictError("moved by another")
        done = replace(job, state=JobState.FINAL, revision=job.revision + 1)
        self.journal.put(done)
        return done


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.sqlite")


@pytest.fixture
def registrar(journal: SqliteJournal) -> Scripted:
    return Scripted(journal)


@pytest.fixture
def runner(registrar: Scripted, journal: SqliteJournal) -> Iterator[JobRunner]:
    runner = JobRunner(registrar, journal, retry_s=0.01)  # type: ignore[arg-type]  # the part of it that is used
    yield runner
    runner.stop()


def put(journal: SqliteJournal, name: str) -> Job:
    job = Job(name, JobState.RECEIVED, Request(digest(name), name, 1, Visibility.PUBLIC), NOW, NOW)
    journal.put(job)
    return job


@pytest.mark.parametrize("name", ["outage", "surprise"])
def test_a_job_that_fails_is_tried_again_and_others_go_on(
    runner: JobRunner, journal: SqliteJournal, registrar: Scripted, name: str
) -> None:
    runner.start()
    runner.submit(put(journal, name))
    runner.submit(put(journal, "plain"))
    assert runner.wait("plain", timeout_s=10).state is JobState.FINAL
    assert runner.wait(name, timeout_s=10).state is JobState.FINAL
    assert registrar.tried.count(name) == 2
    assert runner.is_working


def test_a_job_that_another_process_moves_is_looked_at_again_later(
    runner: JobRunner, journal: SqliteJournal, registrar: Scripted
) -> None:
    runner.start()
    runner.submit(put(journal, "theirs"))
    runner.submit(put(journal, "plain"))
    assert runner.wait("plain", timeout_s=10).state is JobState.FINAL
    assert runner.wait("theirs", timeout_s=10).state is JobState.FINAL, "the other process may have ended before it"
    assert registrar.tried.count("theirs") == 2


def test_what_a_crash_left_open_is_taken_up_at_the_start(runner: JobRunner, journal: SqliteJournal) -> None:
    put(journal, "left")
    runner.start()
    assert runner.wait("left", timeout_s=10).state is JobState.FINAL


def test_what_another_process_owns_is_not_taken_up(journal: SqliteJournal, registrar: Scripted) -> None:
    put(journal, "left")
    runner = JobRunner(registrar, journal, take_up=False)  # type: ignore[arg-type]  # the part of it that is used
    runner.start()
    runner.submit(put(journal, "plain"))
    assert runner.wait("plain", timeout_s=10).state is JobState.FINAL
    runner.stop()
    assert registrar.tried == ["plain"]


def test_a_wait_gives_the_job_as_it_is_when_time_is_up(runner: JobRunner, journal: SqliteJournal) -> None:
    put(journal, "plain")
    assert runner.wait("plain", timeout_s=0).state is JobState.RECEIVED
