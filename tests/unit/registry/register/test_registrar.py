"""Registration over ports in memory: what is refused, what is kept, and how a job goes on after every interruption."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from registry import eip712
from registry.errors import (
    AlreadyRegisteredError,
    FeeTooHighError,
    IntentError,
    JobStateError,
    LedgerUnavailableError,
    MediaDecodeError,
    MediaTooLargeError,
    MetadataNotAcceptedError,
    StoreUnavailableError,
    UnsupportedMediaError,
)
from registry.media import Decoder, MediaLimits
from registry.model import (
    ZERO_32,
    AbstentionReason,
    Digest,
    JobState,
    Level,
    SignedIntent,
    Standing,
    UploadIntent,
    VerificationResult,
    Visibility,
)
from registry.register import rebuild_index
from registry.register.admit import VERDICT_LIFETIME_S
from registry.register.recorder import STUCK_AFTER_S
from registry.register.registrar import SWEEP_AFTER_S
from tests.fakes import GATE, RECORDER, UPLOADER, FixedDetector, MemoryStore
from tests.pictures import half_size, jpeg, picture, write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import NOW, abstention, prediction


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.jpg", seed=1)


def intent_for(desk: Desk, path: Path, **changes: object) -> SignedIntent:
    intent = UploadIntent(
        digest=Digest.of_file(path),
        uploader=UPLOADER.address,
        visibility=Visibility.PUBLIC,
        claims_hash=ZERO_32,
        nonce=7,
        deadline=NOW + 60,
    )
    signed = eip712.intent_message(eip712.Domain.of(desk.ledger.info), intent)
    return SignedIntent(replace(intent, **changes), UPLOADER.sign_typed_data(signed))  # type: ignore[arg-type]  # by name


def register(desk: Desk, path: Path, **fields: object) -> JobState:
    accepted = desk.registrar.accept(path, request_for(path, **fields))
    return desk.registrar.run(accepted.job, media=accepted.media).state


# -- refused before anything is stored -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", UnsupportedMediaError),
        (b"this is a letter", UnsupportedMediaError),
        (jpeg(picture(1))[:2000], MediaDecodeError),
    ],
    ids=["empty", "not media", "truncated"],
)
def test_bytes_that_are_no_media_are_refused_and_nothing_is_stored(
    desk: Desk, tmp_path: Path, content: bytes, error: type[Exception]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(error):
        desk.registrar.accept(path, request_for(path))
    assert desk.nothing_stored()


def test_a_file_over_a_limit_is_refused_with_limit_and_value(tmp_path: Path, photo: Path) -> None:
    with Decoder(MediaLimits(max_upload_bytes=1000)) as decoder:
        desk = Desk(tmp_path / "small", decoder)
        with pytest.raises(MediaTooLargeError) as caught:
            desk.registrar.accept(photo, request_for(photo))
    assert (caught.value.limit, caught.value.value) == (1000, photo.stat().st_size)
    assert desk.nothing_stored()


def test_recorded_bytes_are_refused_a_second_time(desk: Desk, photo: Path) -> None:
    assert register(desk, photo) is JobState.FINAL
    with pytest.raises(AlreadyRegisteredError):
        desk.registrar.accept(photo, request_for(photo))
    assert len(list(desk.journal.jobs())) == 1


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"deadline": NOW + 61}, "signature"),
        ({"nonce": 8}, "signature"),
        ({"digest": Digest.of_bytes(b"other")}, "digest"),
        ({"deadline": NOW}, "deadline"),
        ({"uploader": GATE.address}, "signature"),
        ({"visibility": Visibility.PRIVATE}, "visibility"),
    ],
)
def test_an_intent_that_does_not_hold_is_refused_by_name(
    desk: Desk, photo: Path, changes: dict[str, object], check: str
) -> None:
    intent = intent_for(desk, photo, **changes)
    with pytest.raises(IntentError, match=f"intent {check}"):
        desk.registrar.accept(photo, request_for(photo, intent=intent))
    assert desk.nothing_stored()


def test_an_account_that_is_not_the_operators_registers_nothing_without_an_intent(desk: Desk, photo: Path) -> None:
    desk.ledger.operator = GATE.address
    with pytest.raises(IntentError, match="expected one"):
        desk.registrar.accept(photo, request_for(photo))
    assert desk.nothing_stored()
    assert register(desk, photo, intent=intent_for(desk, photo)) is JobState.FINAL


def _photo_with_author(path: Path) -> Path:
    exif = Image.Exif()
    exif[0x013B] = "Ada"  # Artist
    Image.fromarray(picture(2)).save(path, "JPEG", exif=exif)
    return path


def test_author_tags_must_be_accepted_before_bytes_leave_the_machine(desk: Desk, tmp_path: Path) -> None:
    desk.published = MemoryStore()
    path = _photo_with_author(tmp_path / "signed.jpg")
    with pytest.raises(MetadataNotAcceptedError) as caught:
        desk.registrar.accept(path, request_for(path))
    assert [tag.category for tag in caught.value.tags] == ["author"]
    assert desk.nothing_stored()
    assert not desk.published.blocks


@pytest.mark.parametrize("fields", [{"accept_metadata": True}, {"visibility": Visibility.PRIVATE}])
def test_author_tags_pass_where_they_are_accepted_or_stay_here(
    desk: Desk, tmp_path: Path, fields: dict[str, object]
) -> None:
    desk.published = MemoryStore()
    path = _photo_with_author(tmp_path / "signed.jpg")
    assert register(desk, path, **fields) is JobState.FINAL


# -- the gate -----------------------------------------------------------------------------


def test_refused_media_is_neither_pinned_nor_recorded(desk: Desk, photo: Path) -> None:
    desk.detector = FixedDetector(prediction(0.95))
    assert register(desk, photo) is JobState.REJECTED
    assert not desk.local.blocks
    assert not desk.ledger.records
    assert not desk.ledger.submissions
    assert not desk.index.fingerprints
    assert not list((desk.root / "spool").iterdir())


def test_an_appeal_puts_a_refused_file_before_a_person(desk: Desk, photo: Path) -> None:
    desk.detector = FixedDetector(prediction(0.95))
    job = desk.registrar.run(desk.registrar.accept(photo, request_for(photo, appeal=True)).job)
    assert (job.state, job.reasons) == (JobState.REVIEW, ("flagged",))
    assert not desk.local.blocks
    desk.registrar.run(desk.registrar.decide(job.job_id, approved=True, reviewer="ada", reason="I took it"))
    assert desk.ledger.records[Digest.of_file(photo)].levels == Level.REVIEWER


def test_without_a_detector_a_person_decides(desk: Desk, photo: Path) -> None:
    desk.detector = None
    assert register(desk, photo) is JobState.REVIEW
    assert [job.reasons for job in desk.journal.jobs()] == [("model_missing",)]


def test_approved_by_a_person_a_record_says_reviewer_and_not_gate(desk: Desk, photo: Path) -> None:
    desk.detector = FixedDetector(abstention(AbstentionReason.NO_FACE))
    accepted = desk.registrar.accept(photo, request_for(photo))
    waiting = desk.registrar.run(accepted.job)
    assert not desk.ledger.records
    approved = desk.registrar.decide(waiting.job_id, approved=True, reviewer="ada", reason="a landscape")
    assert desk.registrar.run(approved).state is JobState.FINAL
    assert desk.ledger.records[Digest.of_file(photo)].levels == Level.REVIEWER


def test_refused_by_a_person_nothing_is_kept_but_the_job(desk: Desk, photo: Path) -> None:
    desk.detector = FixedDetector(abstention())
    job = desk.registrar.run(desk.registrar.accept(photo, request_for(photo)).job)
    assert desk.registrar.decide(job.job_id, approved=False, reviewer="ada", reason="no").state is JobState.REJECTED
    assert not desk.local.blocks
    assert not list((desk.root / "spool").iterdir())


def test_only_a_waiting_job_can_be_decided(desk: Desk, photo: Path) -> None:
    register(desk, photo)
    job = desk.journal.latest_for(Digest.of_file(photo))
    assert job is not None
    with pytest.raises(JobStateError, match="expected state review, got final"):
        desk.registrar.decide(job.job_id, approved=True, reviewer="ada", reason="again")


def test_a_near_copy_of_anothers_record_waits_for_a_person_and_earns_nothing(
    desk: Desk, tmp_path: Path, photo: Path
) -> None:
    register(desk, photo)
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(jpeg(half_size(picture(1)), quality=60))
    intent = intent_for(desk, copy)
    job = desk.registrar.run(desk.registrar.accept(copy, request_for(copy, intent=intent)).job)
    assert (job.state, job.reasons) == (JobState.REVIEW, ("near_duplicate",))
    desk.registrar.run(desk.registrar.decide(job.job_id, approved=True, reviewer="ada", reason="theirs too"))
    record = desk.ledger.records[Digest.of_file(copy)]
    assert not record.earns_reputation
    assert record.levels == Level.REVIEWER | Level.UPLOADER


# -- what is recorded -----------------------------------------------------------------------------


def test_a_signed_intent_makes_the_uploader_the_owner(desk: Desk, photo: Path) -> None:
    assert register(desk, photo, intent=intent_for(desk, photo)) is JobState.FINAL
    record = desk.ledger.records[Digest.of_file(photo)]
    assert record.uploader == UPLOADER.address
    assert record.levels == Level.GATE | Level.UPLOADER


def test_verify_after_register_is_exact_and_a_reencoded_copy_similar(desk: Desk, tmp_path: Path, photo: Path) -> None:
    register(desk, photo)
    assert desk.verifier.verify(photo).result is VerificationResult.EXACT
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(jpeg(half_size(picture(1)), quality=60))
    verification = desk.verifier.verify(copy)
    assert verification.result is VerificationResult.SIMILAR
    assert verification.standing is Standing.ACTIVE
    assert verification.matches[0].distance_bits <= 31
    stranger = write_photo(tmp_path / "stranger.jpg", seed=99)
    assert desk.verifier.verify(stranger).result is VerificationResult.UNKNOWN


def test_a_private_record_shows_salted_hashes_and_no_cid(desk: Desk, photo: Path) -> None:
    desk.published = MemoryStore()
    register(desk, photo, visibility=Visibility.PRIVATE)
    record = desk.ledger.records[Digest.of_file(photo)]
    job = desk.journal.latest_for(record.digest)
    assert job is not None
    assert job.pinned is not None
    assert job.pinned.salt is not None
    assert record.cid is None
    assert record.content_hash == hashlib.sha256(job.pinned.salt + job.pinned.cid.digest).digest()
    assert not desk.published.blocks
    assert desk.local.has(job.pinned.cid)


def test_the_receipt_is_sealed_by_the_recorder(desk: Desk, photo: Path) -> None:
    register(desk, photo)
    receipt = json.loads(desk.receipts.path(Digest.of_file(photo)).read_bytes())
    from registry.receipt import seal_hash

    seal = eip712.seal_message(eip712.Domain.of(desk.ledger.info), seal_hash(receipt))
    assert eip712.recover(seal, bytes.fromhex(receipt["recorder_signature"][2:])) == RECORDER.address
    assert receipt["record"]["digest"] == Digest.of_file(photo).hex


# -- interruptions -----------------------------------------------------------------------------


def test_a_store_that_fails_leaves_the_ledger_untouched_and_the_job_waiting(desk: Desk, photo: Path) -> None:
    desk.local.down = True
    accepted = desk.registrar.accept(photo, request_for(photo))
    with pytest.raises(StoreUnavailableError):
        desk.registrar.run(accepted.job)
    assert not desk.ledger.submissions
    desk.local.down = False
    [job] = desk.registrar.open_jobs()
    assert job.state is JobState.SCREENED
    assert desk.registrar.run(job).state is JobState.FINAL


def test_a_ledger_outage_after_signing_sends_the_same_transaction_later(desk: Desk, photo: Path) -> None:
    desk.ledger.mines = False
    accepted = desk.registrar.accept(photo, request_for(photo))
    with pytest.raises(LedgerUnavailableError):
        desk.registrar.run(accepted.job)
    [waiting] = desk.registrar.open_jobs()
    assert waiting.state is JobState.SUBMITTED
    assert waiting.signed is not None
    desk.ledger.mines = True
    desk.ledger.submit(waiting.signed.transaction)
    assert desk.registrar.run(waiting).state is JobState.FINAL
    assert set(desk.ledger.submissions) == {waiting.signed.transaction.tx_hash}


def test_a_verdict_that_lapsed_unmined_is_signed_anew_under_the_same_nonce(desk: Desk, photo: Path) -> None:
    desk.ledger.mines = False
    accepted = desk.registrar.accept(photo, request_for(photo))
    with pytest.raises(LedgerUnavailableError):
        desk.registrar.run(accepted.job)
    desk.clock.at += VERDICT_LIFETIME_S
    desk.ledger.mines = True
    [waiting] = desk.registrar.open_jobs()
    assert desk.registrar.run(waiting).state is JobState.FINAL
    assert desk.ledger.nonces == [0, 0]
    assert len(desk.ledger.records) == 1


def test_a_stuck_transaction_is_replaced_under_its_nonce_and_any_of_them_may_be_included(
    desk: Desk, photo: Path
) -> None:
    desk.ledger.mines = False
    job = desk.registrar.accept(photo, request_for(photo)).job
    for _ in range(3):
        with pytest.raises(LedgerUnavailableError):
            desk.registrar.run(desk.journal.get(job.job_id))
        desk.clock.at += STUCK_AFTER_S
    signed = desk.journal.get(job.job_id).signed
    assert signed is not None
    assert len(set(signed.tx_hashes)) == 3
    assert desk.ledger.nonces == [0, 0, 0]
    assert set(desk.ledger.submissions) == set(signed.tx_hashes), "each was durable, and each went out"
    oldest = signed.tx_hashes[-1]
    desk.ledger._mine(oldest)
    final = desk.registrar.run(desk.journal.get(job.job_id))
    assert final.inclusion is not None
    assert (final.state, final.inclusion.tx_hash) == (JobState.FINAL, oldest)


def test_fees_above_the_cap_leave_a_stuck_transaction_on_its_way(
    desk: Desk, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ledger.mines = False
    job = desk.registrar.accept(photo, request_for(photo)).job
    with pytest.raises(LedgerUnavailableError):
        desk.registrar.run(job)
    before = desk.journal.get(job.job_id).signed
    desk.clock.at += STUCK_AFTER_S

    def too_dear(*_: object, **__: object) -> None:
        raise FeeTooHighError("the network asks 80 gwei")

    monkeypatch.setattr(desk.ledger, "prepare", too_dear)
    with pytest.raises(LedgerUnavailableError, match="waits for the fees that it has: the network asks 80 gwei"):
        desk.registrar.run(desk.journal.get(job.job_id))
    assert desk.journal.get(job.job_id).signed == before
    desk.ledger.mines = True
    desk.ledger.submit(before.transaction)
    assert desk.registrar.run(desk.journal.get(job.job_id)).state is JobState.FINAL


def test_a_job_whose_block_is_gone_goes_out_again_before_a_new_nonce_is_taken(
    desk: Desk, tmp_path: Path, photo: Path
) -> None:
    desk.ledger.final = False
    first = desk.registrar.accept(photo, request_for(photo)).job
    with pytest.raises(LedgerUnavailableError, match="not final"):
        desk.registrar.run(first)
    desk.ledger.included.clear()
    desk.ledger.records.clear()
    other = write_photo(tmp_path / "other.jpg", seed=2)
    second = desk.registrar.accept(other, request_for(other)).job
    with pytest.raises(LedgerUnavailableError, match="not final"):
        desk.registrar.run(second)
    nonces = [desk.journal.get(job.job_id).signed.transaction.nonce for job in (first, second)]
    assert nonces == [0, 1]
    assert not list((desk.root / "receipts").rglob("*.json")), "a receipt before finality"
    desk.ledger.final = True
    for job in (first, second):
        assert desk.registrar.run(desk.journal.get(job.job_id)).state is JobState.FINAL
    assert len(desk.ledger.records) == 2


def test_an_intent_that_lapses_while_waiting_fails_the_job_by_name(desk: Desk, photo: Path) -> None:
    desk.local.down = True
    accepted = desk.registrar.accept(photo, request_for(photo, intent=intent_for(desk, photo)))
    with pytest.raises(StoreUnavailableError):
        desk.registrar.run(accepted.job)
    desk.local.down = False
    desk.clock.at += 61
    [waiting] = desk.registrar.open_jobs()
    failed = desk.registrar.run(waiting)
    assert (failed.state, failed.reasons) == (JobState.FAILED, ("intent_lapsed",))
    assert not desk.ledger.records


def test_the_same_bytes_sent_again_meanwhile_are_the_same_job(desk: Desk, photo: Path) -> None:
    first = desk.registrar.accept(photo, request_for(photo)).job
    assert desk.registrar.accept(photo, request_for(photo)).job == first


def test_anothers_bytes_under_way_are_not_taken_over(desk: Desk, photo: Path) -> None:
    desk.registrar.accept(photo, request_for(photo))
    with pytest.raises(JobStateError, match="another uploader"):
        desk.registrar.accept(photo, request_for(photo, intent=intent_for(desk, photo)))


def test_leftovers_of_a_kill_are_swept_from_the_spool(desk: Desk, photo: Path) -> None:
    job = desk.registrar.accept(photo, request_for(photo)).job
    stray, fresh = (desk.root / "spool" / name for name in ("0123.partial", "4567.partial"))
    for path, age_s in ((stray, SWEEP_AFTER_S + 1), (fresh, SWEEP_AFTER_S - 1)):
        path.write_bytes(b"half a file")
        os.utime(path, (NOW - age_s, NOW - age_s))
    assert [open_job.job_id for open_job in desk.registrar.open_jobs()] == [job.job_id]
    assert not stray.exists()
    assert fresh.exists(), "another process may be writing it"
    assert desk.spool.path(job.job_id).exists()


def test_the_bytes_of_a_job_that_is_over_are_swept_at_once(desk: Desk, photo: Path) -> None:
    job = desk.registrar.run(desk.registrar.accept(photo, request_for(photo)).job)
    desk.spool.keep(photo, job.job_id)  # killed between the last journal entry and the drop
    assert desk.registrar.open_jobs() == []
    assert not desk.spool.path(job.job_id).exists()


def test_an_index_rebuilt_from_ledger_and_documents_equals_the_live_one(desk: Desk, tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        register(desk, write_photo(tmp_path / f"{seed}.jpg", seed=seed))
    register(desk, write_photo(tmp_path / "4.jpg", seed=4), visibility=Visibility.PRIVATE)
    live = dict(desk.index.fingerprints)
    rebuilt = rebuild_index(ledger=desk.ledger, store=desk.local, journal=desk.journal, index=desk.index)
    assert desk.index.fingerprints == live
    assert not rebuilt.missing


def test_a_missing_document_is_named_by_the_rebuild(desk: Desk, tmp_path: Path, photo: Path) -> None:
    register(desk, photo)
    job = desk.journal.latest_for(Digest.of_file(photo))
    assert job is not None
    assert job.pinned is not None
    desk.local.unpin(job.pinned.fingerprint_cid)
    rebuilt = rebuild_index(ledger=desk.ledger, store=desk.local, journal=desk.journal, index=desk.index)
    assert rebuilt.missing == (Digest.of_file(photo),)
    assert not desk.index.fingerprints


def test_a_block_that_is_reorganised_away_is_waited_for_again(desk: Desk, photo: Path) -> None:
    desk.ledger.final = False
    accepted = desk.registrar.accept(photo, request_for(photo))
    with pytest.raises(LedgerUnavailableError, match="not final yet"):
        desk.registrar.run(accepted.job)
    desk.ledger.included.clear()
    desk.ledger.records.clear()
    desk.ledger.final = True
    [waiting] = desk.registrar.open_jobs()
    assert waiting.state is JobState.INCLUDED
    assert desk.registrar.run(waiting).state is JobState.FINAL
    assert len(desk.ledger.records) == 1
    assert len(set(desk.ledger.submissions)) == 1
