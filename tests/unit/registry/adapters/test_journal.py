"""The journal: what is put comes back, and two processes cannot move one job."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.journal import SqliteJournal
from registry.errors import JobConflictError, JobNotFoundError, JournalError
from registry.model import (
    PDQ256,
    ZERO_32,
    Admission,
    Batch,
    BatchAdmission,
    Cid,
    Digest,
    Fingerprint,
    GateVerdict,
    Inclusion,
    Job,
    JobState,
    Level,
    Match,
    MediaKind,
    Opinion,
    Outcome,
    PerceptualHash,
    Pinned,
    Queue,
    Registration,
    Request,
    ReviewDecision,
    Screened,
    Signed,
    SignedIntent,
    SignedTransaction,
    Thresholds,
    Transform,
    UploadIntent,
    Verdict,
    Visibility,
)
from tests.values import ALICE, NOW, abstention, digest, prediction

BYTES_32 = st.binary(min_size=32, max_size=32)


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.sqlite")


def job(name: str = "a", **fields: object) -> Job:
    request = Request(digest(name), f"{name}.jpg", 3, Visibility.PUBLIC)
    given = {"state": JobState.RECEIVED, "request": request, "created_at": NOW, "updated_at": NOW, **fields}
    return Job(name, **given)  # type: ignore[arg-type]  # by name


@given(BYTES_32, st.integers(0, 2**256 - 1), st.binary(max_size=200), st.booleans(), st.booleans())
def test_a_job_comes_back_as_it_was(value: bytes, nonce: int, signature: bytes, private: bool, judged: bool) -> None:
    fingerprint = Fingerprint(1, MediaKind.VIDEO, Digest(value), (PerceptualHash(PDQ256, value, 90, 0.5),))
    screening = prediction(0.25) if judged else abstention()
    verdict = Verdict(Outcome.ACCEPTED, ("near_duplicate",), Thresholds(0.3, 0.5), screening, value)
    match = Match(Digest(value), 3, PDQ256, Transform.FLIP_X, "hash", (0.0, 0.0, 1.0, 1.0))
    intent = UploadIntent(Digest(value), ALICE, Visibility.PRIVATE, value, nonce, NOW)
    admission = Admission(Digest(value), value, value, 0x82, ALICE, value, Level.GATE | Level.UPLOADER, True, NOW)
    registration = Registration(
        admission,
        (GateVerdict(Opinion(value, 1, 4000, NOW), ALICE, signature),),
        SignedIntent(intent, signature),
        Visibility.PRIVATE,
    )
    full = job(
        state=JobState.INCLUDED,
        request=Request(
            Digest(value), "ü.mp4", 3, Visibility.PRIVATE, SignedIntent(intent, signature), True, True, "key"
        ),
        screened=Screened(verdict, MediaKind.VIDEO, fingerprint, (match,)),
        review=ReviewDecision(True, "ada", "seen", NOW),
        pinned=Pinned(Cid(value, True), Cid(value, False), value if private else None),
        signed=Signed(registration, SignedTransaction(signature, value, 3)),
        inclusion=Inclusion(value, 1, ZERO_32, 0, NOW),
        reasons=("a", "b"),
    )
    from registry.adapters.journal import _BODY

    assert _BODY.validate_json(_BODY.dump_json([full])) == [full]


def test_an_unknown_job_is_an_error(journal: SqliteJournal) -> None:
    with pytest.raises(JobNotFoundError):
        journal.get("0123")


def test_a_put_is_there_for_the_next_process(tmp_path: Path, journal: SqliteJournal) -> None:
    journal.put(job())
    assert SqliteJournal(tmp_path / "journal.sqlite").get("a") == job()


def test_two_processes_cannot_move_one_job(journal: SqliteJournal) -> None:
    journal.put(job())
    ours = replace(job(), state=JobState.SCREENED, revision=1)
    journal.put(ours)
    with pytest.raises(JobConflictError):
        journal.put(replace(job(), state=JobState.FAILED, revision=1))
    assert journal.get("a") == ours


def test_the_newest_job_of_a_digest_is_found(journal: SqliteJournal) -> None:
    journal.put(job("a"))
    again = replace(job("b"), request=job("a").request, created_at=NOW + 1)
    journal.put(again)
    assert journal.latest_for(digest("a")) == again
    assert journal.latest_for(digest("c")) is None


def test_an_idempotency_key_names_one_job(journal: SqliteJournal) -> None:
    keyed = replace(job("a"), request=replace(job("a").request, idempotency_key="k"))
    journal.put(keyed)
    assert journal.by_idempotency_key("k") == keyed
    with pytest.raises(JournalError):
        journal.put(replace(job("b"), request=replace(job("b").request, idempotency_key="k")))


def test_jobs_come_oldest_first(journal: SqliteJournal) -> None:
    journal.put(job("late", created_at=NOW + 5))
    journal.put(job("early"))
    assert [found.job_id for found in journal.jobs()] == ["early", "late"]


def test_jobs_are_found_and_counted_by_state(journal: SqliteJournal) -> None:
    journal.put(job("a"))
    journal.put(job("b", state=JobState.REVIEW))
    journal.put(job("c", state=JobState.FINAL))
    assert [found.job_id for found in journal.jobs(JobState.REVIEW, JobState.FINAL)] == ["b", "c"]
    journal.put(replace(job("b"), state=JobState.FINAL, revision=1))
    assert journal.counts() == {JobState.RECEIVED: 1, JobState.FINAL: 2}


def test_a_row_of_another_schema_version_is_refused(tmp_path: Path, journal: SqliteJournal) -> None:
    journal.put(job())
    with sqlite3.connect(tmp_path / "journal.sqlite") as connection:
        connection.execute("update jobs set schema_version = 99")
    with pytest.raises(JournalError, match="expected schema version 1, got 99"):
        journal.get("a")


def test_a_file_that_is_no_database_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(JournalError):
        SqliteJournal(tmp_path / "journal.sqlite")


# -- those that wait for others --------------------------------------------------------------------------------------


def batched(name: str, **fields: object) -> Job:
    request = Request(digest(name), f"{name}.jpg", 3, Visibility.PUBLIC, batched=True)
    return job(name, **{"state": JobState.PINNED, "request": request, **fields})


def carrying(name: str, *members: str, state: JobState = JobState.PINNED) -> Job:
    admission = BatchAdmission(b"\x01" * 32, len(members), Cid(b"\x02" * 32, is_dag_pb=False), (), NOW)
    return job(name, state=state, batch=Batch(members, admission))


def test_whoever_is_carried_or_goes_alone_or_is_not_pinned_waits_for_nobody(journal: SqliteJournal) -> None:
    for each in (batched("carried"), job("alone", state=JobState.PINNED), batched("new", state=JobState.SCREENED)):
        journal.put(each)
    journal.put(carrying("carrier", "carried", "another"))
    assert list(journal.waiting()) == []
    assert journal.queue() == Queue(0, None)


def test_those_that_wait_come_in_the_order_of_their_last_step(journal: SqliteJournal) -> None:
    late, early = batched("late", updated_at=NOW + 9), batched("early", updated_at=NOW + 5)
    journal.put(late)
    journal.put(early)
    assert list(journal.waiting()) == [early, late]
    assert journal.queue() == Queue(2, NOW + 5)


def test_the_members_of_a_batch_that_is_over_wait_again(journal: SqliteJournal) -> None:
    journal.put(batched("member"))
    carrier = carrying("carrier", "member")
    journal.put(carrier)
    assert journal.carrier_of("member") == carrier
    journal.put(replace(carrier, state=JobState.FAILED, revision=1))
    assert journal.carrier_of("member") is None
    assert [each.job_id for each in journal.waiting()] == ["member"]
