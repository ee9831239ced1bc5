"""Rejections from the gate's no to the closed epoch, over ports in memory with the real journal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from registry import eip712
from registry.errors import EpochError, JobConflictError, LedgerUnavailableError, RegistryError
from registry.model import (
    DAY_S,
    ZERO_32,
    Cid,
    Digest,
    Job,
    JobState,
    SignedIntent,
    Tally,
    UploadIntent,
    Visibility,
    epoch_of,
)
from registry.receipt import Result
from registry.register import Rejections
from registry.register.registrar import REJECTED_BY_REVIEWER
from registry.rejection import is_rejection, read_epoch_list, read_rejection, verify_rejection
from tests.fakes import GATE, UPLOADER, FixedDetector, MemoryLedger, MemoryStore
from tests.pictures import half_size, jpeg, picture, write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import NOW, abstention, prediction

TODAY = epoch_of(NOW)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.jpg", seed=1)


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """A desk whose gate refuses everything."""
    desk.detector = FixedDetector(prediction(0.95))
    return desk


def intent_for(desk: Desk, path: Path, nonce: int = 7) -> SignedIntent:
    intent = UploadIntent(Digest.of_file(path), UPLOADER.address, Visibility.PUBLIC, ZERO_32, nonce, NOW + 30 * DAY_S)
    message = eip712.intent_message(eip712.Domain.of(desk.ledger.info), intent)
    return SignedIntent(intent, UPLOADER.sign_typed_data(message))


def refuse(desk: Desk, path: Path, **fields: object) -> Job:
    accepted = desk.registrar.accept(path, request_for(path, **fields))
    job = desk.registrar.run(accepted.job, media=accepted.media)
    assert job.state is JobState.REJECTED
    return job


def receipt(desk: Desk, job: Job) -> dict[str, object]:
    path = desk.rejections.path(job)
    assert path is not None
    return dict(json.loads(path.read_bytes()))


# -- at once ------------------------------------------------------------------------------------------------------


def test_a_refused_file_gives_its_uploader_a_signed_receipt_at_once(strict: Desk, photo: Path) -> None:
    job = refuse(strict, photo, intent=intent_for(strict, photo))
    path = strict.rejections.path(job)
    assert path is not None
    assert is_rejection(path.read_bytes())
    said = read_rejection(path.read_bytes())
    assert (said.digest, said.rejection.uploader, said.epoch) == (Digest.of_file(photo), UPLOADER.address, TODAY)
    assert said.rejection.reasons == job.reasons
    assert [each.gate for each in said.rejection.signatures] == [GATE.address]
    found = verify_rejection(said, signers=None, ledger=strict.ledger)
    assert {reason.code for reason in found.signatures.reasons} == {"no_signers"}
    assert not strict.local.blocks, "nothing of a refused file is kept"


def test_a_reviewers_no_is_signed_like_the_gates(desk: Desk, photo: Path) -> None:
    desk.detector = FixedDetector(abstention())
    accepted = desk.registrar.accept(photo, request_for(photo))
    job = desk.registrar.run(accepted.job, media=accepted.media)
    job = desk.registrar.decide(job.job_id, approved=False, reviewer="ann", reason="no")
    assert job.rejection is not None
    assert job.rejection.reasons[0] == REJECTED_BY_REVIEWER
    assert (job.rejection.opinion.band, job.rejection.opinion.threshold_bps) == (255, 0)


def test_an_accepted_file_has_no_rejection(desk: Desk, photo: Path) -> None:
    accepted = desk.registrar.accept(photo, request_for(photo))
    job = desk.registrar.run(accepted.job, media=accepted.media)
    assert (job.state, job.rejection, desk.rejections.path(job)) == (JobState.FINAL, None, None)


def test_a_day_that_another_clock_closed_already_takes_no_more_rejections(strict: Desk, photo: Path) -> None:
    refuse(strict, photo)
    strict.clock.at += DAY_S
    strict.epochs.close(TODAY)
    strict.clock.at -= DAY_S
    with pytest.raises(LedgerUnavailableError, match="closed before its day was over"):
        refuse(strict, photo)
    strict.clock.at += DAY_S
    (waiting,) = strict.registrar.open_jobs()
    assert strict.registrar.run(waiting).state is JobState.REJECTED


# -- killed -------------------------------------------------------------------------------------------------------


def test_killed_before_the_journal_is_written_there_is_one_rejection_after(strict: Desk, photo: Path) -> None:
    accepted = strict.registrar.accept(photo, request_for(photo))
    put = strict.journal.put

    def dies(job: Job) -> None:
        if job.state is JobState.REJECTED:
            raise KeyboardInterrupt
        put(job)

    with mock.patch.object(strict.journal, "put", dies), pytest.raises(KeyboardInterrupt):
        strict.registrar.run(accepted.job)
    assert list(strict.rejections.rejected()) == []
    (job,) = strict.registrar.open_jobs()
    done = strict.registrar.run(job)
    (only,) = strict.rejections.rejected()
    assert only.rejection == done.rejection


def test_killed_before_the_receipt_is_written_the_same_one_is_written_later(strict: Desk, photo: Path) -> None:
    accepted = strict.registrar.accept(photo, request_for(photo))
    with mock.patch.object(Rejections, "path", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        strict.registrar.run(accepted.job)
    (job,) = strict.journal.jobs()
    assert (job.state, list((strict.root / "receipts").glob("*.rejection.json"))) == (JobState.REJECTED, [])
    strict.epochs.tend()
    (path,) = (strict.root / "receipts").glob("*.rejection.json")
    assert job.rejection is not None
    assert read_rejection(path.read_bytes()).rejection.salt == job.rejection.salt
    body = path.read_bytes()
    path.unlink()
    assert strict.rejections.path(job) == path
    assert path.read_bytes() == body


def test_of_two_processes_that_refuse_one_job_one_does(desk: Desk, photo: Path) -> None:
    desk.detector = FixedDetector(abstention())
    job = desk.registrar.run(desk.registrar.accept(photo, request_for(photo)).job)
    desk.rejections.reject(job, ("no_face",))
    with pytest.raises(JobConflictError):
        desk.rejections.reject(job, ("no_face",))
    assert len(list(desk.rejections.rejected())) == 1


# -- closing ------------------------------------------------------------------------------------------------------


def test_a_day_closes_when_it_is_over_with_its_tallies_and_its_list_pinned_before(strict: Desk, photo: Path) -> None:
    job = refuse(strict, photo, intent=intent_for(strict, photo))
    with pytest.raises(EpochError, match="to be over"):
        strict.epochs.close(TODAY)
    strict.clock.at += DAY_S
    down = mock.patch.object(MemoryLedger, "close_epoch", side_effect=LedgerUnavailableError("down"))
    with down, pytest.raises(LedgerUnavailableError):
        strict.epochs.close(TODAY)
    (cid,) = strict.local.blocks
    assert isinstance(cid, Cid)
    listed = read_epoch_list(strict.local.blocks[cid])
    closed = strict.epochs.close(TODAY)
    assert job.rejection is not None
    assert (listed.epoch, listed.root, listed.leaves) == (TODAY, closed.root, (job.rejection.leaf,))
    assert closed.tallies == (Tally(UPLOADER.address, 1),)
    assert strict.epochs.close(TODAY) == closed, "closing again changes nothing"
    assert strict.epochs.list_of(TODAY) == strict.local.blocks[cid]


def test_a_closed_and_final_day_completes_its_receipts(strict: Desk, photo: Path) -> None:
    job = refuse(strict, photo, intent=intent_for(strict, photo))
    assert receipt(strict, job)["inclusion"] is None
    strict.clock.at += DAY_S
    strict.ledger.final = False
    strict.epochs.tend()
    assert receipt(strict, job)["inclusion"] is None
    strict.ledger.final = True
    strict.epochs.tend()
    path = strict.rejections.path(job)
    assert path is not None
    found = verify_rejection(read_rejection(path.read_bytes()), signers=None, ledger=strict.ledger)
    assert (found.inclusion.result, found.standing.reasons[0].code) == (Result.VALID, "counted")


def test_a_ledger_that_is_down_leaves_a_receipt_as_it_is(strict: Desk, photo: Path) -> None:
    job = refuse(strict, photo)
    before = receipt(strict, job)
    strict.clock.at += DAY_S
    strict.ledger.down = True
    assert receipt(strict, job) == before


def test_an_open_day_shows_no_list_and_an_unknown_one_has_none(strict: Desk, photo: Path) -> None:
    refuse(strict, photo)
    for epoch in (TODAY, TODAY - 1):
        with pytest.raises(EpochError, match="not closed"):
            strict.epochs.list_of(epoch)


def test_a_day_more_than_three_days_ago_closes_without_tallies(strict: Desk, photo: Path) -> None:
    refuse(strict, photo, intent=intent_for(strict, photo))
    strict.clock.at += 3 * DAY_S
    (status,) = strict.epochs.status()
    assert status.closing.tallies
    strict.clock.at += DAY_S
    assert strict.epochs.close(TODAY).tallies == ()


def test_a_day_without_rejections_is_not_closed(strict: Desk) -> None:
    with pytest.raises(EpochError, match="nothing was rejected"):
        strict.epochs.close(TODAY - 1)
    strict.epochs.tend()
    assert strict.ledger.epochs == {}


def test_half_the_size_of_a_refused_picture_is_the_same_try(strict: Desk, photo: Path, tmp_path: Path) -> None:
    smaller = tmp_path / "smaller.jpg"
    smaller.write_bytes(jpeg(half_size(picture(1))))
    for number, path in enumerate((photo, smaller)):
        refuse(strict, path, intent=intent_for(strict, path, nonce=number))
    strict.clock.at += DAY_S
    closed = strict.epochs.close(TODAY)
    assert closed.tallies == (Tally(UPLOADER.address, 1),)
    assert len(read_epoch_list(strict.epochs.list_of(TODAY)).leaves) == 2


def test_a_quorum_of_other_installations_is_asked_for_by_name_of_the_number(strict: Desk, photo: Path) -> None:
    refuse(strict, photo)
    strict.clock.at += DAY_S
    strict.ledger.threshold = 2
    with pytest.raises(EpochError, match="expected 2 gates to sign its closing, got 1"):
        strict.epochs.close(TODAY)
    strict.epochs.tend()
    assert strict.ledger.epochs == {}


def test_a_day_that_closed_without_our_rejections_is_told_and_its_receipts_stay_open(strict: Desk, photo: Path) -> None:
    job = refuse(strict, photo)
    other = Desk(strict.root / "other", strict.decoder, ledger=strict.ledger, detector=strict.detector)
    refuse(other, photo)
    other.clock.at += DAY_S
    other.epochs.close(TODAY)
    strict.clock.at += DAY_S
    with pytest.raises(EpochError, match="not under ours"):
        strict.epochs.close(TODAY)
    assert receipt(strict, job)["inclusion"] is None
    with pytest.raises(EpochError, match="are not here"):
        strict.epochs.list_of(TODAY)


def test_tending_goes_on_after_what_fails(strict: Desk, photo: Path) -> None:
    refuse(strict, photo)
    strict.clock.at += DAY_S
    refuse(strict, photo)
    strict.clock.at += DAY_S
    with mock.patch.object(MemoryStore, "pin", side_effect=[RegistryError("no"), None]):
        strict.epochs.tend()
    assert set(strict.ledger.epochs) == {TODAY + 1}
    strict.epochs.tend()
    assert set(strict.ledger.epochs) == {TODAY, TODAY + 1}


# -- disputes -----------------------------------------------------------------------------------------------------


def test_a_disputed_tally_is_proven_by_what_the_journal_has(strict: Desk, photo: Path, tmp_path: Path) -> None:
    another = write_photo(tmp_path / "another.jpg", seed=2)
    jobs = [refuse(strict, path, intent=intent_for(strict, path)) for path in (photo, another)]
    strict.clock.at += 1
    refuse(strict, photo, intent=intent_for(strict, photo, nonce=9))
    strict.clock.at += DAY_S
    strict.epochs.tend()
    with pytest.raises(EpochError, match="not disputed"):
        strict.epochs.answer(TODAY, UPLOADER.address)
    strict.ledger.dispute_tally(TODAY, UPLOADER.address, by=UPLOADER)
    strict.epochs.tend()
    ((epoch, uploader, openings),) = strict.ledger.answers
    assert (epoch, uploader, strict.ledger.tally_disputes()) == (TODAY, UPLOADER.address, ())
    assert [each.intent_hash for each in openings] == sorted(job.rejection.intent_hash for job in jobs if job.rejection)


def test_a_tally_that_cannot_be_proven_is_not_answered(strict: Desk, photo: Path) -> None:
    refuse(strict, photo, intent=intent_for(strict, photo))
    strict.clock.at += DAY_S
    strict.epochs.tend()
    strict.ledger.dispute_tally(TODAY, UPLOADER.address, by=UPLOADER)
    key = (TODAY, UPLOADER.address)
    strict.ledger.tallies_disputed[key] = replace(strict.ledger.tallies_disputed[key], rejections=2)
    strict.epochs.tend()
    assert strict.ledger.answers == []
    strict.clock.at += 2 * DAY_S
    strict.epochs.tend()
    ((_, _, openings),) = strict.ledger.answers
    assert len(openings) == 1, "when the time is up, what can be proven counts"
