"""Rejections on a real chain, day by day: closed, counted, disputed, proven or lost, and a gate convicted."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry import eip712
from registry.adapters.clock import SystemClock
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.journal import SqliteJournal
from registry.model import (
    DAY_S,
    ZERO_32,
    Digest,
    Job,
    JobState,
    MediaKind,
    Request,
    Screened,
    SignedIntent,
    Thresholds,
    UploadIntent,
    Visibility,
)
from registry.policy import AdmissionPolicy
from registry.ports import Signer
from registry.receipt import Result, SignerList
from registry.register import EpochKeeper, Progress, Quorum, Recorder, Rejections, Spool
from registry.register.closing import Rejected
from registry.rejection import (
    RejectionReceipt,
    convict,
    judge,
    read_conviction,
    read_epoch_list,
    read_rejection,
    verify_rejection,
)
from tests.fakes import MemoryStore
from tests.ledgers import Roles, SetClock, embedded, new_key
from tests.values import prediction

pytestmark = pytest.mark.slow

FORGED = AdmissionPolicy(Thresholds(review_at=0.4, reject_at=0.8)).decide(prediction(0.95))


class LyingRejections(Rejections):
    """Leaves one rejection out of its day."""

    hidden: bytes = b""

    def rejected(self) -> Iterator[Rejected]:
        return (each for each in super().rejected() if each.rejection.leaf != self.hidden)


@dataclass
class Gate:
    """An installation that refuses everything, on a chain of its own in time that is set."""

    root: Path
    clock: SetClock
    roles: Roles
    ledger: EthereumLedger

    def __post_init__(self) -> None:
        self.journal = SqliteJournal(self.root / "journal.sqlite")
        self.store = MemoryStore()
        spool = Spool(self.root / "spool")
        progress = Progress(journal=self.journal, spool=spool, clock=self.clock)
        self.rejections = LyingRejections(
            self.root / "receipts",
            ledger=self.ledger,
            journal=self.journal,
            gates=(self.roles.gate,),
            progress=progress,
            clock=self.clock,
        )
        quorum = Quorum(
            ledger=self.ledger,
            gates=(self.roles.gate,),
            cosigners=(),
            operator=self.roles.recorder,
            progress=progress,
            spool=spool,
            clock=self.clock,
        )
        self.epochs = EpochKeeper(
            ledger=self.ledger,
            journal=self.journal,
            rejections=self.rejections,
            recorder=Recorder(
                ledger=self.ledger, journal=self.journal, quorum=quorum, progress=progress, clock=self.clock
            ),
            gates=(self.roles.gate,),
            store=self.store,
            clock=self.clock,
        )

    @property
    def today(self) -> int:
        return self.clock.now() // DAY_S

    def refuse(self, uploader: Signer) -> Job:
        now, digest = self.clock.now(), Digest(secrets.token_bytes(32))
        wish = UploadIntent(digest, uploader.address, Visibility.PUBLIC, ZERO_32, secrets.randbits(256), now + DAY_S)
        message = eip712.intent_message(eip712.Domain.of(self.ledger.info), wish)
        intent = SignedIntent(wish, uploader.sign_typed_data(message))
        request = Request(digest, "photo.jpg", 1, Visibility.PUBLIC, intent)
        screened = Screened(FORGED, MediaKind.IMAGE, None, ())
        job = Job(secrets.token_hex(16), JobState.SCREENED, request, now, now, screened)
        self.journal.put(job)
        return self.rejections.reject(job, FORGED.reasons)

    def receipt(self, job: Job) -> RejectionReceipt:
        path = self.rejections.path(job)
        assert path is not None
        return read_rejection(path.read_bytes())

    @property
    def signers(self) -> SignerList:
        powers = self.ledger.governor(self.roles.admin).survey()
        admin = self.roles.admin.address
        return SignerList.of(self.ledger.info, powers, version=1, issued_at=self.clock.now(), admin=admin)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    clock, roles = SetClock(SystemClock().now() // DAY_S * DAY_S + DAY_S + 3600), Roles()
    ledger = embedded(tmp_path / "ledger", roles, clock)
    clock.seconds += 60
    yield Gate(tmp_path, clock, roles, ledger)
    ledger.close()


def test_an_uploader_opens_its_leaf_and_a_true_tally_that_it_disputes_is_proven(gate: Gate) -> None:
    uploader, stranger = new_key(), new_key()
    jobs = [gate.refuse(uploader), gate.refuse(uploader), gate.refuse(stranger)]
    day = gate.today
    gate.clock.seconds += DAY_S
    gate.epochs.tend()
    for job in jobs:
        found = verify_rejection(gate.receipt(job), signers=gate.signers, ledger=gate.ledger)
        assert (found.signatures.result, found.inclusion.result) == (Result.VALID, Result.VALID)
        assert [reason.code for reason in found.standing.reasons] == ["counted"]
    counted = gate.ledger.reputation_of(uploader.address)
    gate.ledger.dispute_tally(day, uploader.address, by=uploader)
    found = verify_rejection(gate.receipt(jobs[0]), signers=gate.signers, ledger=gate.ledger)
    assert [reason.code for reason in found.standing.reasons] == ["tally_disputed"]
    gate.epochs.tend()
    assert gate.ledger.tally_disputes() == ()
    assert gate.ledger.reputation_of(uploader.address) == counted
    gate.clock.seconds += 9 * DAY_S
    assert gate.ledger.reputation_of(uploader.address).score_bps < 2000


def test_a_gate_that_leaves_a_rejection_out_is_convicted_by_its_own_signatures(gate: Gate) -> None:
    uploader = new_key()
    hidden, shown = gate.refuse(uploader), gate.refuse(uploader)
    assert hidden.rejection is not None
    gate.rejections.hidden = hidden.rejection.leaf
    day = gate.today
    gate.clock.seconds += DAY_S
    closed = gate.epochs.close(day)
    listed = read_epoch_list(gate.epochs.list_of(day))
    evidence = convict(
        gate.receipt(hidden), listed, info=gate.ledger.info, closed=closed, signed=gate.ledger.signed_epoch(day)
    )
    found = judge(read_conviction(evidence), signers=gate.signers, ledger=None)
    assert found.guilty == (gate.roles.gate.address,)
    assert judge(read_conviction(evidence), signers=gate.signers, ledger=gate.ledger).guilty == found.guilty
    assert shown.rejection is not None
    assert shown.rejection.leaf in listed.leaves


def test_a_rejection_that_the_gate_cannot_open_is_lost_after_its_three_days(gate: Gate) -> None:
    uploader = new_key()
    gate.refuse(uploader)
    lost = gate.refuse(uploader)
    day = gate.today
    gate.clock.seconds += DAY_S
    gate.epochs.tend()
    gate.ledger.dispute_tally(day, uploader.address, by=uploader)
    assert lost.rejection is not None
    gate.rejections.hidden = lost.rejection.leaf
    gate.epochs.tend()
    assert len(gate.ledger.tally_disputes()) == 1, "the gate that forgot a leaf cannot make a path to the root"
    gate.clock.seconds += 3 * DAY_S + 60
    gate.ledger.answer_tally(day, uploader.address, ())
    gate.clock.seconds += 9 * DAY_S
    assert gate.ledger.reputation_of(uploader.address) == gate.ledger.reputation_of(new_key().address)
