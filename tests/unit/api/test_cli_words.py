"""What the command line tells people of a record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.cli.words import record_lines, verification_lines
from registry.model import (
    ZERO_32,
    Attestation,
    Dispute,
    DisputeReason,
    LedgerKind,
    Level,
    RecordGate,
    Standing,
    Verification,
    VerificationResult,
)
from registry.verify import reasons_of
from tests.values import ALICE, BOB, NOW, digest, record


def test_a_plain_record_says_nothing_of_disputes_gates_or_others() -> None:
    text = "\n".join(record_lines(record(), None))
    assert "levels GATE" in text
    assert not any(word in text for word in ("disputed", "gates", "attested", "superseded", "derived"))


def test_a_dispute_an_attestation_and_links_are_told() -> None:
    words = (Attestation(ALICE, Level.THIRD_PARTY, ZERO_32, NOW), Attestation(BOB, Level.REVIEWER, ZERO_32, NOW))
    linked = replace(
        record(standing=Standing.DISPUTED),
        attestations=words,
        superseded_by=digest("new"),
        derived_from=(digest("old"),),
    )
    text = "\n".join(record_lines(linked, Dispute(BOB, NOW, DisputeReason.DEPICTED_PERSON, bond_wei=0)))
    for said in (
        "levels GATE REVIEWER THIRD_PARTY",
        f"disputed 2026-09-21 14:13 UTC by {BOB}: depicted person",
        f"attested 2026-09-21 14:13 UTC by {ALICE}, a third party",
        f"by {BOB}, a reviewer",
        f"superseded by {digest('new')}",
        f"derived from {digest('old')}",
    ):
        assert said in text, said


def test_what_the_gates_are_worth_is_told_in_sentences() -> None:
    gates = (RecordGate(ALICE, BOB, is_suspect=True), RecordGate(BOB, BOB, is_suspect=False))
    found = replace(record(), gates=gates)
    verification = Verification(
        digest(), VerificationResult.EXACT, found.standing, found, (), (*reasons_of(found), "low_quality"), "network"
    )
    text = "\n".join(verification_lines(verification, None, None))
    for said in (
        "2 gates of 1 operators let it in",
        f"gate {ALICE} is suspect",
        "note: the key of a gate that let it in was in other hands",
        "note: all the gates that let it in are one operator's",
        "note: low quality",
    ):
        assert said in text, said


@pytest.mark.parametrize(
    ("kind", "line"),
    [("embedded", "  ledger: embedded (operator's word)"), ("network", "  ledger: network (anybody can ask it)")],
)
def test_every_verification_ends_by_saying_on_whose_word_it_stands(kind: LedgerKind, line: str) -> None:
    unknown = Verification(digest(), VerificationResult.UNKNOWN, None, None, (), (), kind)
    assert verification_lines(unknown, None, None)[-1] == line
