"""Several gates: who is asked, what is enough, what is kept when it is not, and how a job goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from registry import eip712
from registry.errors import CosignerUnavailableError, CosignRefusedError
from registry.media import Decoder
from registry.model import (
    Address,
    CosignRequest,
    Digest,
    GateVerdict,
    Job,
    JobState,
    Level,
    Registration,
    SignedIntent,
    UploadIntent,
    Visibility,
)
from registry.ports import Cosigner
from registry.register import canonical_claims, consent_of_operator
from registry.register.admit import VERDICT_LIFETIME_S, signed_verdict
from registry.register.claims import claims_hash
from registry.register.quorum import SPARE_S
from tests.fakes import GATE, UPLOADER, FixedDetector, KeySigner, MemoryStore
from tests.pictures import half_size, jpeg, picture, write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import NOW, abstention, prediction

SECOND, THIRD = KeySigner(4), KeySigner(5)


@dataclass
class Asked:
    """Passes on to another gate, counts, and can be switched off."""

    inner: Cosigner
    down: bool = False
    requests: list[CosignRequest] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def gate(self) -> Address:
        return self.inner.gate

    def cosign(self, request: CosignRequest, path: Path) -> GateVerdict:
        if self.down:
            raise CosignerUnavailableError("down")
        self.requests.append(request)
        return self.inner.cosign(request, path)


@dataclass
class Fixed:
    """Gives whatever it is told to."""

    key: KeySigner
    verdict: GateVerdict | None = None

    name = "fixed"

    @property
    def gate(self) -> Address:
        return self.key.address

    def cosign(self, request: CosignRequest, path: Path) -> GateVerdict:
        assert self.verdict is not None
        return self.verdict


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.jpg", seed=1)


@pytest.fixture
def second(tmp_path: Path, desk: Desk, decoder: Decoder) -> Desk:
    """Another installation on the same ledger, with a model of its own."""
    return other(tmp_path / "second", desk, decoder, SECOND)


@pytest.fixture
def asked(desk: Desk, second: Desk) -> Asked:
    """The second installation's gate as the first asks it, where two must sign."""
    asked = Asked(second.cogate)
    desk.ledger.threshold = 2
    desk.published = MemoryStore()
    desk.cosigners = (asked,)
    return asked


@pytest.fixture
def third(tmp_path: Path, desk: Desk, decoder: Decoder) -> Asked:
    return Asked(other(tmp_path / "third", desk, decoder, THIRD).cogate)


def other(root: Path, desk: Desk, decoder: Decoder, gate: KeySigner) -> Desk:
    root.mkdir()
    return Desk(root, decoder, ledger=desk.ledger, clock=desk.clock, gate=gate, detector=FixedDetector(prediction(0.2)))


def start(desk: Desk, path: Path, **fields: object) -> Job:
    return desk.registrar.run(desk.registrar.accept(path, request_for(path, **fields)).job)


def sent(desk: Desk) -> Registration:
    [registration] = desk.ledger.prepared.values()
    return registration


def wish(desk: Desk, path: Path, claims: str | None) -> SignedIntent:
    intent = UploadIntent(
        Digest.of_file(path), UPLOADER.address, Visibility.PRIVATE, claims_hash(claims), nonce=7, deadline=NOW + 10_000
    )
    message = eip712.intent_message(eip712.Domain.of(desk.ledger.info), intent)
    return SignedIntent(intent, UPLOADER.sign_typed_data(message))


def assert_nothing_was_kept(desk: Desk, *others: Desk) -> None:
    for one in (desk, *others):
        assert not one.local.blocks
        assert not (one.published and one.published.blocks)
        assert not one.index.fingerprints
        assert not list((one.root / "spool").iterdir())
    assert not desk.ledger.records
    assert not desk.ledger.submissions


# -- too few -------------------------------------------------------------------------------------------------------


def test_two_of_two_with_nobody_to_ask_fails_and_keeps_nothing(desk: Desk, photo: Path) -> None:
    desk.ledger.threshold = 2
    job = start(desk, photo)
    assert (job.state, job.reasons) == (JobState.FAILED, ("quorum_not_met",))
    assert_nothing_was_kept(desk)


def test_a_second_gate_that_flags_the_file_fails_the_job_with_its_reasons(
    desk: Desk, second: Desk, asked: Asked, photo: Path
) -> None:
    second.detector.screening = prediction(0.97)
    job = start(desk, photo)
    assert (job.state, job.reasons) == (JobState.FAILED, ("quorum_not_met", "flagged"))
    assert_nothing_was_kept(desk, second)


@pytest.mark.parametrize("screening", [prediction(0.5), abstention()], ids=["uncertain", "no_face"])
def test_a_second_gate_that_is_unsure_does_not_sign(
    desk: Desk, second: Desk, asked: Asked, photo: Path, screening: object
) -> None:
    second.detector.screening = screening  # type: ignore[assignment]  # by parameter
    assert start(desk, photo).state is JobState.FAILED
    assert_nothing_was_kept(desk, second)


def test_a_persons_decision_is_not_shared_by_a_second_gate(desk: Desk, second: Desk, asked: Asked, photo: Path) -> None:
    desk.detector = FixedDetector(abstention())
    waiting = start(desk, photo)
    job = desk.registrar.run(desk.registrar.decide(waiting.job_id, approved=True, reviewer="ada", reason="mine"))
    assert (job.state, job.reasons) == (JobState.FAILED, ("quorum_not_met", "needs_review"))
    assert_nothing_was_kept(desk, second)


def test_a_second_gate_that_knows_a_near_copy_does_not_sign_for_novelty(
    desk: Desk, second: Desk, asked: Asked, tmp_path: Path, photo: Path
) -> None:
    start(desk, photo)
    desk.index.clear()  # the first gate no longer knows what it recorded; the second heard of it
    job = desk.journal.latest_for(Digest.of_file(photo))
    assert job is not None
    assert job.screened is not None
    assert job.screened.fingerprint is not None
    second.index.add(job.screened.fingerprint)
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(jpeg(half_size(picture(1)), quality=60))
    failed = start(desk, copy)
    assert (failed.state, failed.reasons) == (JobState.FAILED, ("quorum_not_met", "near_duplicate"))


def test_a_gate_out_of_office_is_not_asked(desk: Desk, asked: Asked, photo: Path) -> None:
    desk.ledger.dismissed = {SECOND.address}
    job = start(desk, photo)
    assert (job.state, job.reasons) == (JobState.FAILED, ("quorum_not_met", "not_a_gate"))
    assert asked.requests == []


def test_our_own_gate_again_is_no_second_one(desk: Desk, photo: Path) -> None:
    desk.ledger.threshold = 2
    own = Asked(desk.cogate)
    desk.cosigners = (own,)
    assert start(desk, photo).reasons == ("quorum_not_met",)
    assert own.requests == []


@pytest.mark.parametrize("who", [SECOND, THIRD, GATE], ids=["another admission", "another key", "our own key"])
def test_a_verdict_that_is_not_this_gates_over_this_admission_counts_for_nothing(
    desk: Desk, asked: Asked, tmp_path: Path, photo: Path, who: KeySigner
) -> None:
    start(desk, photo)
    theirs = next(verdict for verdict in sent(desk).verdicts if verdict.gate == SECOND.address)
    signature = theirs.signature
    if who is not SECOND:
        registration = sent(desk)
        message = eip712.verdict_message(eip712.Domain.of(desk.ledger.info), registration.admission, theirs.opinion)
        signature = who.sign_typed_data(message)
    desk.cosigners = (Fixed(SECOND, replace(theirs, signature=signature)),)
    job = start(desk, write_photo(tmp_path / "other.jpg", seed=2))
    assert (job.state, job.reasons) == (JobState.FAILED, ("quorum_not_met", "verdict_invalid"))
    assert len(desk.ledger.records) == 1


# -- enough --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("band", [5, 254, 255])
def test_a_verdict_that_the_contract_would_refuse_counts_for_nothing(
    desk: Desk, asked: Asked, photo: Path, band: int
) -> None:
    heard = KeySigner(4)

    @dataclass
    class Odd(Asked):
        def cosign(self, request: CosignRequest, path: Path) -> GateVerdict:
            opinion = replace(super().cosign(request, path).opinion, band=band)
            return signed_verdict(desk.ledger.info, request.admission, opinion, heard)

    desk.cosigners = (Odd(asked),)
    assert start(desk, photo).reasons == ("quorum_not_met", "verdict_invalid")


def test_with_a_threshold_of_one_no_other_gate_is_asked(desk: Desk, asked: Asked, photo: Path) -> None:
    desk.ledger.threshold = 1
    assert start(desk, photo).state is JobState.FINAL
    assert asked.requests == []
    assert len(sent(desk).verdicts) == 1


def test_two_gates_sign_the_same_admission_with_opinions_of_their_own(
    desk: Desk, second: Desk, asked: Asked, photo: Path
) -> None:
    assert start(desk, photo).state is JobState.FINAL
    registration = sent(desk)
    domain = eip712.Domain.of(desk.ledger.info)
    signers = [
        eip712.recover(eip712.verdict_message(domain, registration.admission, verdict.opinion), verdict.signature)
        for verdict in registration.verdicts
    ]
    assert signers == sorted((GATE.address, SECOND.address))
    receipt = json.loads(desk.receipts.path(Digest.of_file(photo)).read_bytes())
    assert [opinion["gate"] for opinion in receipt["opinions"]] == [str(signer) for signer in signers]
    assert not second.local.blocks
    assert not second.index.fingerprints
    assert list(second.journal.jobs()) == []


def test_an_uploaders_intent_is_what_the_second_gate_checks(desk: Desk, asked: Asked, photo: Path) -> None:
    intent = replace(wish(desk, photo, None).intent, visibility=Visibility.PUBLIC)
    message = eip712.intent_message(eip712.Domain.of(desk.ledger.info), intent)
    assert start(desk, photo, intent=SignedIntent(intent, UPLOADER.sign_typed_data(message))).state is JobState.FINAL
    assert sent(desk).admission.levels == Level.GATE | Level.UPLOADER
    assert asked.requests[0].operator_signature is None


def test_of_three_gates_two_are_enough_and_the_third_is_not_asked(
    desk: Desk, asked: Asked, third: Asked, photo: Path
) -> None:
    desk.cosigners = (asked, third)
    assert start(desk, photo).state is JobState.FINAL
    assert third.requests == []


def test_where_one_gate_refuses_another_may_still_make_the_quorum(
    desk: Desk, second: Desk, asked: Asked, third: Asked, photo: Path
) -> None:
    second.detector.screening = prediction(0.97)
    desk.cosigners = (asked, third)
    assert start(desk, photo).state is JobState.FINAL
    assert [verdict.gate for verdict in sent(desk).verdicts] == sorted((GATE.address, THIRD.address))


# -- private -------------------------------------------------------------------------------------------------------


def test_a_private_file_without_consent_never_leaves(desk: Desk, second: Desk, asked: Asked, photo: Path) -> None:
    job = start(desk, photo, visibility=Visibility.PRIVATE)
    assert (job.state, job.reasons) == (JobState.FAILED, ("private_without_consent",))
    assert asked.requests == []
    assert_nothing_was_kept(desk, second)


@pytest.mark.parametrize("claims", [None, '{"gates_may_screen":false}', '{"gates_may_screen":1}', '{"title":"x"}'])
def test_a_private_upload_goes_to_no_other_gate_unless_its_uploader_signed_that_it_may(
    desk: Desk, asked: Asked, photo: Path, claims: str | None
) -> None:
    job = start(desk, photo, visibility=Visibility.PRIVATE, intent=wish(desk, photo, claims), claims=claims)
    assert job.reasons == ("private_without_consent",)
    assert asked.requests == []


@pytest.mark.parametrize("own", [True, False], ids=["the operator's", "an uploader's"])
def test_a_private_file_with_consent_is_recorded_with_salted_hashes(
    desk: Desk, second: Desk, asked: Asked, photo: Path, own: bool
) -> None:
    claims = consent_of_operator() if own else canonical_claims('{"title": "x", "gates_may_screen": true}')
    intent = None if own else wish(desk, photo, claims)
    assert start(desk, photo, visibility=Visibility.PRIVATE, intent=intent, claims=claims).state is JobState.FINAL
    record = desk.ledger.records[Digest.of_file(photo)]
    assert record.cid is None
    assert not second.local.blocks
    assert desk.published is not None
    assert not desk.published.blocks


# -- waiting -------------------------------------------------------------------------------------------------------


def test_a_gate_that_is_down_is_waited_for_and_nothing_is_pinned_meanwhile(
    desk: Desk, asked: Asked, photo: Path
) -> None:
    asked.down = True
    with pytest.raises(CosignerUnavailableError):
        start(desk, photo)
    [waiting] = desk.registrar.open_jobs()
    assert waiting.state is JobState.SCREENED
    assert not desk.local.blocks
    asked.down = False
    assert desk.registrar.run(waiting).state is JobState.FINAL


def test_a_verdict_in_hand_is_not_asked_for_again_while_another_gate_is_down(
    desk: Desk, second: Desk, asked: Asked, third: Asked, photo: Path
) -> None:
    desk.ledger.threshold = 3
    third.down = True
    desk.cosigners = (third, asked)
    with pytest.raises(CosignerUnavailableError):
        start(desk, photo)
    third.down = False
    [waiting] = desk.registrar.open_jobs()
    assert desk.registrar.run(waiting).state is JobState.FINAL
    assert (len(asked.requests), len(third.requests)) == (1, 1)


def test_a_refusal_and_an_outage_wait_only_while_the_quorum_can_still_be_met(
    desk: Desk, second: Desk, asked: Asked, third: Asked, photo: Path
) -> None:
    second.detector.screening = prediction(0.97)
    third.down = True
    desk.cosigners = (asked, third)
    with pytest.raises(CosignerUnavailableError):
        start(desk, photo)
    desk.ledger.threshold = 3
    [waiting] = desk.registrar.open_jobs()
    failed = desk.registrar.run(waiting)
    assert (failed.state, failed.reasons) == (JobState.FAILED, ("quorum_not_met", "flagged"))
    assert len(asked.requests) == 1, "its no was kept"


def test_a_ballot_about_to_lapse_is_taken_anew_from_all_gates(
    desk: Desk, second: Desk, asked: Asked, third: Asked, photo: Path
) -> None:
    desk.ledger.threshold = 3
    third.down = True
    desk.cosigners = (asked, third)
    with pytest.raises(CosignerUnavailableError):
        start(desk, photo)
    desk.clock.at += VERDICT_LIFETIME_S - SPARE_S + 1
    third.down = False
    [waiting] = desk.registrar.open_jobs()
    assert desk.registrar.run(waiting).state is JobState.FINAL
    assert len(asked.requests) == 2
    assert sent(desk).admission.deadline == desk.clock.at + VERDICT_LIFETIME_S


def test_a_registration_that_lapsed_unmined_is_signed_anew_by_all_gates_under_the_same_nonce(
    desk: Desk, asked: Asked, photo: Path
) -> None:
    desk.ledger.mines = False
    with pytest.raises(Exception, match="not included"):
        start(desk, photo)
    desk.clock.at += VERDICT_LIFETIME_S
    desk.ledger.mines = True
    asked.down = True
    [waiting] = desk.registrar.open_jobs()
    with pytest.raises(CosignerUnavailableError):
        desk.registrar.run(waiting)
    asked.down = False
    [waiting] = desk.registrar.open_jobs()
    assert desk.registrar.run(waiting).state is JobState.FINAL
    assert desk.ledger.nonces == [0, 0]
    assert len(desk.ledger.records) == 1


def test_a_gate_that_changes_its_mind_when_asked_anew_fails_the_job(
    desk: Desk, second: Desk, asked: Asked, photo: Path
) -> None:
    desk.ledger.mines = False
    with pytest.raises(Exception, match="not included"):
        start(desk, photo)
    desk.clock.at += VERDICT_LIFETIME_S
    second.detector.screening = prediction(0.97)
    [waiting] = desk.registrar.open_jobs()
    failed = desk.registrar.run(waiting)
    assert (failed.state, failed.reasons) == (JobState.FAILED, ("quorum_not_met", "flagged"))
    assert not desk.ledger.records


class KilledError(Exception):
    """Stands for the process's end."""


@pytest.mark.parametrize("moment", ["before the answer is durable", "after the answer is durable", "while pinning"])
def test_killed_around_a_second_gates_answer_the_job_ends_as_if_undisturbed(
    desk: Desk, asked: Asked, photo: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    put, pin = desk.journal.put, MemoryStore.pin

    def dying_put(job: Job) -> None:
        ballot_is_new = job.state is JobState.SCREENED and job.ballot is not None
        if ballot_is_new and moment.startswith("before"):
            raise KilledError
        put(job)
        if ballot_is_new and moment.startswith("after"):
            raise KilledError

    def dying_pin(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(desk.journal, "put", dying_put)
        if moment == "while pinning":
            patch.setattr(MemoryStore, "pin", dying_pin)
        with pytest.raises(KilledError):
            start(desk, photo)
    assert MemoryStore.pin is pin
    assert not desk.local.blocks
    [open_job] = desk.registrar.open_jobs()
    assert desk.registrar.run(open_job).state is JobState.FINAL
    assert len(asked.requests) == (2 if moment.startswith("before") else 1)
    assert len(desk.ledger.submissions) == 1


def test_refused_error_names_its_reasons() -> None:
    assert CosignRefusedError(("flagged", "no_face")).reasons == ("flagged", "no_face")
