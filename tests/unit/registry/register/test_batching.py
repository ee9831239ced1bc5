"""Registrations that go together: when, which, and that a kill at any step loses and doubles none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import JobStateError, LedgerUnavailableError, StoreUnavailableError
from registry.model import Job, JobState, Tally, Visibility
from registry.receipt import read_receipt
from registry.register import Grouping
from registry.register.batching import ALREADY_REGISTERED, MANIFEST_NAME
from registry.register.intent import INTENT_LAPSED
from tests.fakes import RECORDER, UPLOADER
from tests.pictures import write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.unit.registry.register.test_registrar import intent_for


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return [write_photo(tmp_path / f"{seed}.jpg", seed=seed) for seed in range(3)]


@pytest.fixture
def three(desk: Desk) -> Desk:
    """A desk whose batches are of three."""
    desk.grouping = Grouping(size=3, age_s=60)
    return desk


def bring(desk: Desk, path: Path, **fields: object) -> Job:
    accepted = desk.registrar.accept(path, request_for(path, batched=True, **fields))
    return desk.registrar.run(accepted.job, media=accepted.media)


def states(desk: Desk) -> list[JobState]:
    """Return the states of the files' jobs."""
    return [job.state for job in desk.journal.jobs() if job.batch is None]


def carriers(desk: Desk) -> list[Job]:
    return [job for job in desk.journal.jobs() if job.batch is not None]


# -- refused ---------------------------------------------------------------------------------------------------------


def test_a_member_whose_intent_lapsed_while_it_waited_fails_alone(three: Desk, photos: list[Path]) -> None:
    late = bring(three, photos[0], intent=intent_for(three, photos[0]))
    bring(three, photos[1])
    three.clock.at += 61
    three.registrar.flush()
    assert three.journal.get(late.job_id).reasons == (INTENT_LAPSED,)
    assert states(three) == [JobState.FAILED, JobState.FINAL]


def test_a_member_that_was_recorded_meanwhile_fails_alone(three: Desk, photos: list[Path]) -> None:
    twice = bring(three, photos[0])
    other = Desk(three.root / "other", three.decoder, ledger=three.ledger)
    accepted = other.registrar.accept(photos[0], request_for(photos[0]))
    assert other.registrar.run(accepted.job).state is JobState.FINAL
    bring(three, photos[1])
    three.registrar.flush()
    assert three.journal.get(twice.job_id).reasons == (ALREADY_REGISTERED,)
    assert states(three) == [JobState.FAILED, JobState.FINAL]


def test_a_batch_that_the_contract_refuses_fails_with_all_it_carries(three: Desk, photos: list[Path]) -> None:
    jobs = [bring(three, path) for path in photos[:2]]
    three.ledger.refuses = "NotAGate"
    three.registrar.flush()
    assert [job.state for job in carriers(three)] == [JobState.FAILED]
    assert states(three) == [JobState.FAILED] * 2
    assert all(three.journal.get(job.job_id).reasons == ("NotAGate",) for job in jobs)
    assert not three.ledger.records


def test_a_quorum_of_several_installations_registers_one_by_one(three: Desk, photos: list[Path]) -> None:
    three.ledger.threshold = 2
    job = three.registrar.accept(photos[0], request_for(photos[0], batched=True)).job
    assert three.registrar.run(job).state is JobState.FAILED  # no other gate is known here, so no quorum is met
    assert carriers(three) == []


# -- when ------------------------------------------------------------------------------------------------------------


def test_jobs_wait_for_each_other_until_they_are_enough(three: Desk, photos: list[Path]) -> None:
    assert bring(three, photos[0]).state is JobState.PINNED
    assert bring(three, photos[1]).state is JobState.PINNED
    assert not three.ledger.submissions
    assert bring(three, photos[2]).state is JobState.FINAL
    assert states(three) == [JobState.FINAL] * 3
    assert len(three.ledger.submissions) == 1


def test_a_job_that_has_waited_long_enough_goes_with_whoever_is_there(three: Desk, photos: list[Path]) -> None:
    bring(three, photos[0])
    waiting = bring(three, photos[1])
    three.clock.at += 60
    assert three.registrar.run(waiting).state is JobState.FINAL
    assert states(three) == [JobState.FINAL] * 2


def test_flush_takes_whoever_waits(three: Desk, photos: list[Path]) -> None:
    bring(three, photos[0])
    three.registrar.flush()
    assert states(three) == [JobState.FINAL]
    three.registrar.flush()
    assert len(three.ledger.submissions) == 1


def test_more_than_a_batch_may_hold_become_several(three: Desk, photos: list[Path]) -> None:
    three.grouping = Grouping(size=3, age_s=60)
    for path in photos[:2]:
        bring(three, path)
    three.grouping = Grouping(size=1, age_s=60)
    three.registrar.flush()
    assert [len(job.batch.members) for job in carriers(three) if job.batch] == [1, 1]
    assert states(three) == [JobState.FINAL] * 2


def test_a_job_that_was_not_asked_to_wait_does_not(three: Desk, photos: list[Path]) -> None:
    bring(three, photos[0])
    accepted = three.registrar.accept(photos[1], request_for(photos[1]))
    assert three.registrar.run(accepted.job).state is JobState.FINAL
    assert states(three) == [JobState.PINNED, JobState.FINAL]


# -- what is recorded -------------------------------------------------------------------------------------------------


def test_each_file_gets_a_receipt_of_its_own_with_its_way_to_the_root(three: Desk, photos: list[Path]) -> None:
    for path in photos:
        bring(three, path)
    [carrier] = carriers(three)
    assert carrier.batch is not None
    for path in photos:
        digest = request_for(path).digest
        receipt = read_receipt(three.receipts.path(digest).read_bytes())
        proof = three.ledger.proofs[digest]
        assert receipt.inclusion.batch is not None
        assert receipt.inclusion.path == proof.path
        assert proof.root == carrier.batch.admission.root


def test_the_manifest_is_stored_before_its_root_is_sent(three: Desk, photos: list[Path]) -> None:
    bring(three, photos[0])
    three.local.down = True
    with pytest.raises(StoreUnavailableError):
        three.registrar.flush()
    assert not three.ledger.submissions
    assert carriers(three) == []
    three.local.down = False
    three.registrar.flush()
    [carrier] = carriers(three)
    assert carrier.batch is not None
    assert three.local.has(carrier.batch.admission.manifest)
    assert carrier.request.file_name == MANIFEST_NAME


def test_a_manifest_holds_no_hash_that_a_private_record_salts(three: Desk, photos: list[Path]) -> None:
    job = bring(three, photos[0], visibility=Visibility.PRIVATE)
    assert job.pinned is not None
    assert job.pinned.salt is not None
    three.registrar.flush()
    [carrier] = carriers(three)
    assert carrier.batch is not None
    body = b"".join(three.local.read(carrier.batch.admission.manifest))
    assert json.loads(body)["visibility"] == "private"
    for hidden in (job.pinned.fingerprint_cid.digest, job.pinned.salt):  # the file's digest is the key, and plain
        assert hidden.hex().encode() not in body


def test_a_batch_tallies_its_uploaders_in_order(three: Desk, photos: list[Path]) -> None:
    bring(three, photos[0], intent=intent_for(three, photos[0]))
    bring(three, photos[1])
    bring(three, photos[2])
    [carrier] = carriers(three)
    assert carrier.batch is not None
    expected = sorted([Tally(UPLOADER.address, 1), Tally(RECORDER.address, 2)], key=lambda tally: tally.uploader)
    assert list(carrier.batch.admission.tallies) == expected


def test_every_member_becomes_findable(three: Desk, photos: list[Path]) -> None:
    for path in photos:
        bring(three, path)
    assert set(three.index.fingerprints) == {request_for(path).digest for path in photos}


# -- interruptions ----------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """A kill, as far as this process can tell."""


def test_a_kill_after_any_write_of_the_journal_loses_and_doubles_nothing(
    three: Desk, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [bring(three, path) for path in photos[:2]]
    put, writes = three.journal.put, 0

    def put_and_die(job: Job) -> None:
        put(job)
        raise Killed

    while any(state.is_open for state in [*states(three), *(job.state for job in carriers(three))]):
        monkeypatch.setattr(three.journal, "put", put_and_die)
        with pytest.raises(Killed):
            three.registrar.flush()
            for job in three.registrar.open_jobs():
                three.registrar.run(job)
        writes += 1
    monkeypatch.undo()
    assert writes > 6  # formed, signed, submitted, included, two members, the batch
    assert states(three) == [JobState.FINAL] * 2
    assert [job.state for job in carriers(three)] == [JobState.FINAL]
    assert len(set(three.ledger.submissions)) == 1
    assert len(three.ledger.records) == 2
    assert all(three.receipts.path(job.request.digest).is_file() for job in jobs)


def test_an_outage_while_a_batch_is_under_way_leaves_its_members_waiting(three: Desk, photos: list[Path]) -> None:
    three.ledger.mines = False
    for path in photos[:2]:
        bring(three, path)
    with pytest.raises(LedgerUnavailableError):
        bring(three, photos[2])
    assert states(three) == [JobState.PINNED] * 3
    for sent in set(three.ledger.submissions):
        three.ledger._mine(sent)
    for job in three.registrar.open_jobs():
        three.registrar.run(job)
    assert states(three) == [JobState.FINAL] * 3
    assert len(three.ledger.records) == 3


def test_a_batch_that_lapsed_unmined_is_signed_anew_over_the_same_root_and_nonce(
    three: Desk, photos: list[Path]
) -> None:
    three.ledger.mines = False
    bring(three, photos[0])
    with pytest.raises(LedgerUnavailableError):
        three.registrar.flush()
    [before] = carriers(three)
    three.clock.at += 3_601
    with pytest.raises(LedgerUnavailableError):
        three.registrar.run(before)
    [after] = carriers(three)
    assert before.signed is not None
    assert after.signed is not None
    assert after.signed.transaction.nonce == before.signed.transaction.nonce
    assert after.signed.registration.admission.deadline > before.signed.registration.admission.deadline
    assert three.ledger.nonces == [0, 0]


def test_only_a_batch_has_members(three: Desk, photos: list[Path]) -> None:
    job = bring(three, photos[0])
    with pytest.raises(JobStateError, match="single file"):
        list(three.registrar._batching.registrations(replace(job)))
