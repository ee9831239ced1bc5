"""The runner of registrations: it goes on after whatever one job does to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api import jobs
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


def wait_together(journal: SqliteJournal, count: int) -> list[Job]:
    requests = [Request(digest(str(k)), str(k), 1, Visibility.PUBLIC, batched=True) for k in range(count)]
    waiting = [Job(str(k), JobState.PINNED, request, NOW, NOW) for k, request in enumerate(requests)]
    for job in waiting:
        journal.put(job)
    return waiting


def test_of_those_that_wait_for_others_one_looks_for_all(
    journal: SqliteJournal, registrar: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a turn for each, ten thousand that wait would keep the thread from whatever comes in."""
    monkeypatch.setattr(jobs, "BATCH_LOOK_S", 0.0)
    looked: list[str] = []

    def run(job: Job, *, media: Media | None = None) -> Job:
        if not job.state.is_open:
            return job
        looked.append(job.job_id)
        if len(looked) < 5:
            return job
        for each in journal.waiting():
            journal.put(replace(each, state=JobState.FINAL, revision=1))
        return journal.get(job.job_id)

    monkeypatch.setattr(registrar, "run", run)
    waiting = wait_together(journal, 20)
    runner = JobRunner(registrar, journal, retry_s=0.01)  # type: ignore[arg-type]  # the part of it that is used
    runner.start()
    assert all(runner.wait(job.job_id, timeout_s=10).state is JobState.FINAL for job in waiting)
    runner.stop()
    assert set(looked) == {"0"}
    assert len(looked) == 5


def test_where_the_one_that_looks_fails_the_next_one_looks(
    journal: SqliteJournal, registrar: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH_LOOK_S", 0.0)
    wait_together(journal, 3)  # `Scripted` finishes whichever looks, and nobody with it
    runner = JobRunner(registrar, journal, retry_s=0.01)  # type: ignore[arg-type]  # the part of it that is used
    runner.start()
    assert all(runner.wait(str(k), timeout_s=10).state is JobState.FINAL for k in range(3))
    runner.stop()
    assert registrar.tried == ["0", "1", "2"]


def test_an_outage_met_by_the_one_that_looks_is_met_once_a_while(
    journal: SqliteJournal, registrar: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH_LOOK_S", 0.0)
    looked: list[str] = []
    run = registrar.run

    def fail_twice(job: Job, *, media: Media | None = None) -> Job:
        looked.append(job.job_id)
        if len(looked) < 3:
            raise LedgerUnavailableError("down")
        return run(job, media=media)

    monkeypatch.setattr(registrar, "run", fail_twice)
    wait_together(journal, 2)
    runner = JobRunner(registrar, journal, retry_s=0.01)  # type: ignore[arg-type]  # the part of it that is used
    runner.start()
    assert all(runner.wait(str(k), timeout_s=10).state is JobState.FINAL for k in range(2))
    runner.stop()
    assert looked == ["0", "0", "0", "1"]
