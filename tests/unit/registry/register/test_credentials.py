"""Credentials in answers and records: read beside, a level of their own where trusted, and of no other weight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry.media import Decoder, MediaLimits, ReaderSpec
from registry.model import (
    Credentials,
    CredentialsState,
    Decision,
    Job,
    JobState,
    Level,
    Screened,
    VerificationResult,
)
from registry.register import Registrar
from registry.register.admit import levels_of
from tests.content_credentials import NO_TRUST, PHOTO, TRUST, signed, tampered
from tests.fakes import FixedDetector, KeySigner
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import NOW, prediction

SECOND = KeySigner(4)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder(credentials_reader=TRUST) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def unknowing() -> Iterator[Decoder]:
    with Decoder(credentials_reader=NO_TRUST) as decoder:
        yield decoder


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    return path


def registered(desk: Desk, path: Path) -> Job:
    registrar: Registrar = desk.registrar
    accepted = registrar.accept(path, request_for(path))
    return registrar.run(accepted.job, media=accepted.media)


def state_of(found: Credentials | None) -> CredentialsState:
    assert found is not None
    return found.state


@pytest.mark.parametrize(
    ("data", "state", "levels"),
    [
        (PHOTO, CredentialsState.NONE, Level.GATE),
        (signed(), CredentialsState.TRUSTED, Level.GATE | Level.CREDENTIALS),
        (signed(ingredients=[signed()]), CredentialsState.TRUSTED, Level.GATE | Level.CREDENTIALS),
        (signed(ingredients=[tampered(signed())]), CredentialsState.TRUSTED, Level.GATE),
        (tampered(signed()), CredentialsState.INVALID, Level.GATE),
        (signed(remote_url="http://127.0.0.1:9/x"), CredentialsState.REMOTE, Level.GATE),
    ],
    ids=["none", "trusted", "good part", "bad part", "changed", "remote"],
)
def test_a_record_bears_the_level_for_a_trusted_and_whole_chain_only(
    desk: Desk, tmp_path: Path, data: bytes, state: CredentialsState, levels: Level
) -> None:
    job = registered(desk, write(tmp_path, data))
    assert job.state is JobState.FINAL, "no credentials keep a file out"
    assert job.screened is not None
    assert state_of(job.screened.credentials) is state
    record = desk.ledger.find(job.request.digest)
    assert record is not None
    assert record.levels == levels
    assert desk.journal.get(job.job_id) == job, "they come back from the journal as they were"


def test_without_anchors_the_same_file_bears_no_level(tmp_path: Path, unknowing: Decoder) -> None:
    desk = Desk(tmp_path / "home", unknowing)
    job = registered(desk, write(tmp_path, signed()))
    record = desk.ledger.find(job.request.digest)
    assert record is not None
    assert record.levels == Level.GATE


def test_a_record_of_a_batch_bears_the_level_as_one_of_its_own_does(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path, signed())
    accepted = desk.registrar.accept(path, request_for(path, batched=True))
    assert desk.registrar.run(accepted.job, media=accepted.media).state is JobState.PINNED
    desk.registrar.flush()
    record = desk.ledger.find(accepted.job.request.digest)
    assert record is not None
    assert record.batch is not None
    assert record.levels == Level.GATE | Level.CREDENTIALS


def test_a_signature_from_after_the_verdict_bears_no_level(desk: Desk, tmp_path: Path) -> None:
    job = registered(desk, write(tmp_path, signed()))
    assert job.screened is not None
    assert job.screened.credentials is not None
    later = replace(job.screened, credentials=replace(job.screened.credentials, signed_at=NOW + 1))
    assert levels_of(job, job.screened, NOW) == Level.GATE | Level.CREDENTIALS
    assert levels_of(job, later, NOW) == Level.GATE
    assert levels_of(job, later, NOW + 1) == Level.GATE | Level.CREDENTIALS


def test_trusted_credentials_do_not_open_the_gate(desk: Desk, tmp_path: Path) -> None:
    desk.detector = FixedDetector(prediction(0.95))
    assert registered(desk, write(tmp_path, signed())).state is JobState.REJECTED
    assert not desk.ledger.records


def test_broken_credentials_do_not_shut_it(desk: Desk, tmp_path: Path) -> None:
    check = desk.checker.check(write(tmp_path, tampered(signed())))
    assert check.decision is Decision.ALLOW
    assert state_of(check.verification.credentials) is CredentialsState.INVALID


def test_a_verification_has_them_beside_whether_the_bytes_are_recorded_or_not(desk: Desk, tmp_path: Path) -> None:
    path = write(tmp_path, signed())
    before = desk.verifier.verify(path)
    assert (before.result, state_of(before.credentials)) == (VerificationResult.UNKNOWN, CredentialsState.TRUSTED)
    registered(desk, path)
    after = desk.verifier.verify(path)
    assert (after.result, state_of(after.credentials)) == (VerificationResult.EXACT, CredentialsState.TRUSTED)
    assert replace(after, credentials=None) == desk.verifier.look_up(after.digest)
    assert state_of(desk.checker.check(path).verification.credentials) is CredentialsState.TRUSTED


def test_a_digest_alone_tells_nothing_of_them(desk: Desk, tmp_path: Path) -> None:
    job = registered(desk, write(tmp_path, signed()))
    found = desk.verifier.look_up(job.request.digest)
    assert found is not None
    assert found.credentials is None


def test_a_reader_that_crashes_changes_no_answer(tmp_path: Path) -> None:
    crash = ReaderSpec("tests.unit.registry.media.hostile_readers:HostileReader", {"word": "segfault"})
    with Decoder(MediaLimits(wall_s=5), credentials_reader=crash) as crashing:
        desk = Desk(tmp_path / "home", crashing)
        path = write(tmp_path, signed())
        assert desk.verifier.verify(path).result is VerificationResult.UNKNOWN
        job = registered(desk, path)
        assert job.state is JobState.FINAL
        found = desk.verifier.verify(path)
    assert (found.result, state_of(found.credentials)) == (VerificationResult.EXACT, CredentialsState.UNREADABLE)
    assert found.record is not None
    assert found.record.levels == Level.GATE


# -- several gates -------------------------------------------------------------------------------------------------


def second_gate(desk: Desk, root: Path, decoder: Decoder) -> Desk:
    desk.ledger.threshold = 2
    second = Desk(root, decoder, ledger=desk.ledger, clock=desk.clock, gate=SECOND)
    desk.cosigners = (second.cogate,)
    return second


def test_a_second_gate_signs_credentials_that_it_trusts_itself(desk: Desk, tmp_path: Path, decoder: Decoder) -> None:
    second_gate(desk, tmp_path / "second", decoder)
    job = registered(desk, write(tmp_path, signed()))
    assert job.state is JobState.FINAL
    record = desk.ledger.find(job.request.digest)
    assert record is not None
    assert record.levels == Level.GATE | Level.CREDENTIALS


def test_a_second_gate_refuses_credentials_that_it_does_not_trust(
    desk: Desk, tmp_path: Path, unknowing: Decoder
) -> None:
    second_gate(desk, tmp_path / "second", unknowing)
    job = registered(desk, write(tmp_path, signed()))
    assert job.state is JobState.FAILED
    assert "credentials_not_trusted" in job.reasons
    assert not desk.ledger.records


def test_levels_without_a_screening_of_credentials_are_what_they_were(desk: Desk, tmp_path: Path) -> None:
    job = registered(desk, write(tmp_path, PHOTO))
    assert job.screened is not None
    old = Screened(job.screened.verdict, job.screened.kind, job.screened.fingerprint, ())
    assert levels_of(job, old, NOW) == Level.GATE
