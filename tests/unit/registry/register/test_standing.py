"""What changes how a record stands: which signed words are carried to the ledger, and when."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from registry import eip712
from registry.errors import LedgerUnavailableError, StatementError
from registry.model import (
    ZERO_32,
    Act,
    Address,
    Digest,
    DisputeReason,
    JobState,
    Ruling,
    SignedStatement,
    Standing,
    Statement,
)
from registry.register import (
    MAX_STATEMENT_LIFETIME_S,
    derive,
    dispute,
    hash_of_words,
    require_attestation,
    rule,
    signed_by,
    supersede,
)
from tests.fakes import GATE, UPLOADER, MemoryLedger
from tests.pictures import write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import NOW, digest, record

WITNESS = UPLOADER


def statement(**changes: object) -> Statement:
    plain = Statement(digest(), WITNESS.address, Act.ATTEST, ZERO_32, secrets.randbits(256), NOW + 60)
    return replace(plain, **changes)  # type: ignore[arg-type]  # by name


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(records={digest(): record(), digest("y"): record("y")})


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"digest": digest("y")}, "digest: expected"),
        ({"deadline": NOW}, "deadline: expected in the 30 days"),
        ({"deadline": NOW + MAX_STATEMENT_LIFETIME_S + 1}, "deadline: expected in the 30 days"),
        ({"by": GATE.address}, f"signature: expected {GATE.address}, got {WITNESS.address}"),
        ({"act": Act.REVOKE}, "act: expected ATTEST, REVIEW or RETRACT, got REVOKE"),
        ({"act": Act.SUPERSEDE}, "act: expected"),
        ({"act": Act.DERIVE}, "act: expected"),
    ],
)
def test_a_statement_that_does_not_hold_is_refused_by_name(
    ledger: MemoryLedger, changes: dict[str, object], check: str
) -> None:
    signed = signed_by(WITNESS, statement(**changes), ledger=ledger)
    with pytest.raises(StatementError, match=check):
        require_attestation(signed, digest=digest(), ledger=ledger, now=NOW)


def test_a_statement_without_a_signature_is_nobodys(ledger: MemoryLedger) -> None:
    with pytest.raises(StatementError, match="signature: length"):
        require_attestation(SignedStatement(statement()), digest=digest(), ledger=ledger, now=NOW)


def test_a_statement_changed_after_it_was_signed_is_refused(ledger: MemoryLedger) -> None:
    signed = signed_by(WITNESS, statement(), ledger=ledger)
    changed = replace(signed, statement=replace(signed.statement, detail=b"\x01" * 32))
    with pytest.raises(StatementError, match="signature"):
        require_attestation(changed, digest=digest(), ledger=ledger, now=NOW)


@pytest.mark.parametrize("act", [Act.ATTEST, Act.REVIEW, Act.RETRACT])
def test_a_statement_of_its_author_is_carried(ledger: MemoryLedger, act: Act) -> None:
    deadline = NOW + MAX_STATEMENT_LIFETIME_S
    signed = signed_by(WITNESS, statement(act=act, deadline=deadline), ledger=ledger)
    require_attestation(signed, digest=digest(), ledger=ledger, now=NOW)


def test_a_contract_wallet_attests_too(ledger: MemoryLedger) -> None:
    wallet = Address(b"\x5a" * 20)
    said = statement(by=wallet)
    message = eip712.statement_message(eip712.Domain.of(ledger.info), said)
    ledger.wallet_words.add((wallet, eip712.signing_hash(message), b"\x02" * 130))
    require_attestation(SignedStatement(said, b"\x02" * 130), digest=digest(), ledger=ledger, now=NOW)


def test_links_name_the_other_record() -> None:
    theirs = MemoryLedger()
    own = {name: record(name, uploader=theirs.operator) for name in ("old", "new", "cut")}
    theirs.records = {kept.digest: kept for kept in own.values()}
    supersede(theirs, digest("old"), by=digest("new"))
    derive(theirs, digest("cut"), parent=digest("old"))
    assert theirs.records[digest("old")].superseded_by == digest("new")
    assert theirs.records[digest("cut")].derived_from == (digest("old"),)


@pytest.mark.parametrize("ruling", list(Ruling))
def test_a_challenge_ends_by_a_ruling(ledger: MemoryLedger, ruling: Ruling) -> None:
    dispute(ledger, digest(), reason=DisputeReason.RIGHTS, words="mine")
    assert ledger.records[digest()].standing is Standing.DISPUTED
    rule(ledger, digest(), ruling=ruling, words="heard")
    ended = Standing.ACTIVE if ruling is Ruling.DISMISSED else Standing.REVOKED
    assert ledger.records[digest()].standing is ended


def test_no_words_have_no_hash() -> None:
    assert hash_of_words("") == ZERO_32
    assert hash_of_words("é") == hashlib.sha256("é".encode()).digest()


def test_an_act_waits_until_what_was_signed_before_it_is_sent(desk: Desk, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    desk.ledger.mines = False
    job = desk.registrar.accept(photo, request_for(photo)).job
    with pytest.raises(LedgerUnavailableError):
        desk.registrar.run(job)
    called: list[Digest] = []

    def call() -> object:
        called.append(job.request.digest)
        return desk.ledger.dispute(job.request.digest, reason=DisputeReason.OTHER, reason_hash=ZERO_32)

    with pytest.raises(LedgerUnavailableError):
        desk.registrar.act(call)  # type: ignore[arg-type]  # an inclusion
    assert not called
    desk.ledger.mines = True
    desk.ledger._mine(desk.ledger.submissions[0])
    desk.registrar.act(call)  # type: ignore[arg-type]  # an inclusion
    assert desk.journal.get(job.job_id).state is JobState.INCLUDED
    assert desk.ledger.records[job.request.digest].standing is Standing.DISPUTED
