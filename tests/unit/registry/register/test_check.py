"""Advice before publishing: by standing where the bytes are recorded, by the gate where they are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import UnsupportedMediaError
from registry.model import Check, Decision, Digest, RecordGate, Standing, VerificationResult
from tests.fakes import FixedDetector
from tests.pictures import half_size, jpeg, picture, write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import ALICE, abstention, prediction


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.jpg", seed=1)


def recorded(desk: Desk, path: Path) -> None:
    desk.registrar.run(desk.registrar.accept(path, request_for(path)).job)


def put_standing(desk: Desk, path: Path, standing: Standing) -> None:
    digest = Digest.of_file(path)
    desk.ledger.records[digest] = replace(desk.ledger.records[digest], standing=standing)


def test_bytes_that_are_no_media_get_no_advice(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear all")
    with pytest.raises(UnsupportedMediaError):
        desk.checker.check(path)


@pytest.mark.parametrize(
    ("standing", "decision"),
    [
        (Standing.ACTIVE, Decision.ALLOW),
        (Standing.DISPUTED, Decision.REVIEW),
        (Standing.REVOKED, Decision.BLOCK),
    ],
)
def test_recorded_bytes_are_judged_by_their_standing_alone(
    desk: Desk, photo: Path, standing: Standing, decision: Decision
) -> None:
    recorded(desk, photo)
    put_standing(desk, photo, standing)
    desk.detector = FixedDetector(prediction(0.99))
    check = desk.checker.check(photo)
    assert (check.decision, check.basis, check.verdict) == (decision, "hash", None)


@pytest.mark.parametrize(
    ("standing", "decision"),
    [
        (Standing.ACTIVE, Decision.REVIEW),
        (Standing.DISPUTED, Decision.REVIEW),
        (Standing.REVOKED, Decision.BLOCK),
    ],
)
def test_a_record_that_came_in_under_a_stolen_key_is_never_allowed_unseen(
    desk: Desk, photo: Path, standing: Standing, decision: Decision
) -> None:
    recorded(desk, photo)
    put_standing(desk, photo, standing)
    digest = Digest.of_file(photo)
    stolen = RecordGate(ALICE, ALICE, is_suspect=True)
    desk.ledger.records[digest] = replace(desk.ledger.records[digest], gates=(stolen,))
    check = desk.checker.check(photo)
    assert (check.decision, check.verification.reasons) == (decision, ("gate_key_compromised",))


@pytest.mark.parametrize(
    ("probability", "decision"), [(0.1, Decision.ALLOW), (0.5, Decision.REVIEW), (0.9, Decision.BLOCK)]
)
def test_unknown_bytes_are_judged_by_the_gate(desk: Desk, photo: Path, probability: float, decision: Decision) -> None:
    desk.detector = FixedDetector(prediction(probability))
    check = desk.checker.check(photo)
    assert (check.decision, check.basis) == (decision, "full")
    assert check.verification.result is VerificationResult.UNKNOWN


def test_a_file_that_was_not_judged_is_for_a_person(desk: Desk, photo: Path) -> None:
    desk.detector = FixedDetector(abstention())
    assert desk.checker.check(photo).decision is Decision.REVIEW


def _copy_checked(desk: Desk, tmp_path: Path) -> Check:
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(jpeg(half_size(picture(1)), quality=60))
    return desk.checker.check(copy)


def test_a_copy_of_an_active_record_is_allowed_and_shown_as_similar(desk: Desk, tmp_path: Path, photo: Path) -> None:
    recorded(desk, photo)
    check = _copy_checked(desk, tmp_path)
    assert (check.decision, check.verification.result) == (Decision.ALLOW, VerificationResult.SIMILAR)


def test_a_copy_of_a_revoked_record_is_for_a_person(desk: Desk, tmp_path: Path, photo: Path) -> None:
    recorded(desk, photo)
    put_standing(desk, photo, Standing.REVOKED)
    assert _copy_checked(desk, tmp_path).decision is Decision.REVIEW


def test_a_check_writes_nothing(desk: Desk, photo: Path) -> None:
    desk.checker.check(photo)
    desk.verifier.verify(photo)
    assert desk.nothing_stored()
