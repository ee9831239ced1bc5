"""Laws of credentials: whatever a file brings along, no answer gets better for it, and none gets worse."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from registry.media.credentials import unpacked
from registry.model import (
    Credentials,
    CredentialsAction,
    CredentialsIngredient,
    CredentialsState,
    Frame,
    Job,
    JobState,
    Level,
    Media,
    MediaKind,
    Request,
    ReviewDecision,
    Screened,
    Thresholds,
    Verdict,
    Visibility,
)
from registry.model.credentials import plain
from registry.policy import AdmissionPolicy
from registry.register import Checker, Examiner
from registry.register.admit import levels_of
from registry.verify import Verifier
from tests.fakes import FixedDetector, MemoryIndex, MemoryLedger
from tests.values import NOW, digest, prediction

POLICY = AdmissionPolicy(Thresholds(review_at=0.4, reject_at=0.8))
TEXT = st.text(max_size=20).map(plain)
CODES = st.lists(TEXT, max_size=3).map(tuple)
CREDENTIALS = st.builds(
    Credentials,
    state=st.sampled_from(CredentialsState),
    library=st.none() | TEXT,
    codes=CODES,
    detail=st.none() | TEXT,
    title=st.none() | TEXT,
    signed_at=st.none() | st.integers(NOW - 3, NOW + 3),
    actions=st.lists(st.builds(CredentialsAction, TEXT, st.none() | TEXT), max_size=2).map(tuple),
    ingredients=st.lists(st.builds(CredentialsIngredient, TEXT, TEXT, st.integers(1, 16), CODES), max_size=3).map(
        tuple
    ),
    manifests=st.integers(0, 9),
    remote_url=st.none() | TEXT,
)
PROBABILITY = st.floats(0.0, 1.0)
MEDIA = Media(MediaKind.IMAGE, "jpeg", 64, 64, 0.0, (Frame(0.0, np.zeros((64, 64, 3), dtype=np.uint8)),))


class Reading:
    """A decoder that found one picture and these credentials."""

    def __init__(self, found: Credentials | None) -> None:
        self._found = found

    def decode(self, _source: Path | BinaryIO) -> Media:
        return MEDIA

    def credentials(self, _source: Path | BinaryIO) -> Credentials | None:
        return self._found


def checker(found: Credentials | None, probability: float) -> Checker:
    ledger, decoder = MemoryLedger(), Reading(found)
    verifier = Verifier(ledger=ledger, index=MemoryIndex(), decoder=decoder)  # type: ignore[arg-type]  # as far as used
    detector = FixedDetector(prediction(probability))
    examiner = Examiner(verifier=verifier, ledger=ledger, detector=detector, policy=POLICY)
    return Checker(verifier=verifier, examiner=examiner, decoder=decoder)  # type: ignore[arg-type]  # as far as used


@given(CREDENTIALS, PROBABILITY)
def test_a_check_says_the_same_whatever_the_file_brings(found: Credentials, probability: float) -> None:
    path = Path(__file__)  # any bytes will do: what they show is given
    with_them, without = checker(found, probability).check(path), checker(None, probability).check(path)
    assert with_them.verification.credentials == found
    assert replace(with_them, verification=replace(with_them.verification, credentials=None)) == without


def job_of(verdict: Verdict, found: Credentials | None, *, reviewed: bool) -> Job:
    request = Request(digest(), "x", 1, Visibility.PUBLIC)
    review = ReviewDecision(True, "ada", "seen", NOW) if reviewed else None
    screened = Screened(verdict, MediaKind.IMAGE, None, (), found)
    return Job("a", JobState.PINNED, request, NOW, NOW, screened=screened, review=review)


@given(CREDENTIALS, PROBABILITY, st.booleans())
def test_credentials_add_their_own_level_and_touch_no_other(
    found: Credentials, probability: float, reviewed: bool
) -> None:
    verdict = POLICY.decide(prediction(probability))
    with_them, without = (job_of(verdict, each, reviewed=reviewed) for each in (found, None))
    assert with_them.screened is not None
    assert without.screened is not None
    levels = levels_of(with_them, with_them.screened, NOW)
    assert levels & ~Level.CREDENTIALS == levels_of(without, without.screened, NOW)
    assert (Level.CREDENTIALS in levels) == found.earns_level(NOW)
    if Level.CREDENTIALS in levels:
        assert found.state is CredentialsState.TRUSTED
        assert not found.codes
        assert all(not part.codes for part in found.ingredients)


@given(CREDENTIALS)
def test_credentials_cross_from_the_child_as_they_are(found: Credentials) -> None:
    assert unpacked(json.dumps(asdict(found)).encode()) == found


@given(CREDENTIALS, TEXT.filter(bool))
def test_one_more_code_never_earns_the_level(found: Credentials, code: str) -> None:
    worse = replace(found, ingredients=(*found.ingredients, CredentialsIngredient("x", "y", 1, (code,))))
    assert not worse.earns_level(NOW)
    assert not replace(found, codes=(*found.codes, code)).earns_level(NOW)
