"""The gate as others ask it: every lie in a request is refused by name, and nothing of the bytes is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry import eip712
from registry.errors import CosignRefusedError, InvalidValueError, LedgerUnavailableError
from registry.media import Decoder, MediaLimits
from registry.model import (
    BAND_NOT_JUDGED,
    Abstention,
    AbstentionReason,
    Address,
    CosignRequest,
    Digest,
    Level,
    SignedIntent,
    UploadIntent,
    Visibility,
)
from registry.policy import AbstentionMode, AdmissionPolicy
from registry.register import CoGate, Examiner, consent_of_operator
from registry.register.admit import VERDICT_LIFETIME_S
from registry.register.claims import claims_hash
from registry.register.cosign import CLOCK_SKEW_S
from tests.fakes import GATE, RECORDER, UPLOADER, FixedDetector, KeySigner
from tests.pictures import write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import NOW, abstention, prediction, record

SECOND = KeySigner(4)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "photo.jpg", seed=1)


@pytest.fixture
def second(tmp_path: Path, desk: Desk, decoder: Decoder) -> Desk:
    (tmp_path / "second").mkdir()
    return Desk(tmp_path / "second", decoder, ledger=desk.ledger, clock=desk.clock, gate=SECOND)


def asked(desk: Desk, path: Path, **fields: object) -> CosignRequest:
    """Return what an honest installation asks of the second gate."""
    desk.ledger.threshold = 2
    heard: list[CosignRequest] = []

    class Ear:
        name = "ear"
        gate = SECOND.address

        def cosign(self, request: CosignRequest, _: Path) -> None:
            heard.append(request)
            raise CosignRefusedError(("enough",))

    desk.cosigners = (Ear(),)  # type: ignore[assignment]  # it never gives a verdict
    desk.registrar.run(desk.registrar.accept(path, request_for(path, **fields)).job)
    [request] = heard
    return request


def admitting(request: CosignRequest, **changes: object) -> CosignRequest:
    """Return the request for another admission, as its operator would sign it."""
    admission = replace(request.admission, **changes)  # type: ignore[arg-type]  # by name
    return wished(replace(request, admission=admission))


def wished(request: CosignRequest, key: KeySigner = RECORDER) -> CosignRequest:
    domain = eip712.Domain(request.chain_id, request.contract, request.instance_id)
    message = eip712.cosign_message(
        domain, request.admission, visibility=request.visibility, claims_hash=claims_hash(request.claims)
    )
    return replace(request, operator_signature=key.sign_typed_data(message))


def refusal(gate: CoGate, request: CosignRequest, path: Path) -> tuple[str, ...]:
    with pytest.raises(CosignRefusedError) as caught:
        gate.cosign(request, path)
    return caught.value.reasons


def test_an_honest_request_gets_a_verdict_with_our_own_model_and_threshold(
    desk: Desk, second: Desk, photo: Path
) -> None:
    request = asked(desk, photo)
    second.detector = FixedDetector(prediction(0.35))
    verdict = second.cogate.cosign(request, photo)
    message = eip712.verdict_message(eip712.Domain.of(desk.ledger.info), request.admission, verdict.opinion)
    assert eip712.recover(message, verdict.signature) == verdict.gate == SECOND.address
    assert (verdict.opinion.band, verdict.opinion.threshold_bps, verdict.opinion.issued_at) == (1, 4_000, NOW)
    assert not second.local.blocks
    assert not second.index.fingerprints
    assert list(second.journal.jobs()) == []
    assert list((second.root / "spool").iterdir()) == []


LIES: dict[str, tuple[str, Callable[[CosignRequest], CosignRequest]]] = {
    "another chain": ("other_installation", lambda r: wished(replace(r, chain_id=2))),
    "another contract": ("other_installation", lambda r: wished(replace(r, contract=Address(b"\xdd" * 20)))),
    "another installation": ("other_installation", lambda r: wished(replace(r, instance_id=b"\x12" * 32))),
    "a deadline that passed": ("deadline", lambda r: admitting(r, deadline=NOW)),
    "a deadline too far ahead": (
        "deadline",
        lambda r: admitting(r, deadline=NOW + VERDICT_LIFETIME_S + CLOCK_SKEW_S + 1),
    ),
    "a person's decision": ("needs_review", lambda r: admitting(r, levels=Level.REVIEWER)),
    "credentials": ("credentials_not_trusted", lambda r: admitting(r, levels=Level.GATE | Level.CREDENTIALS)),
    "a level by attestation": ("levels", lambda r: admitting(r, levels=Level.GATE | Level.THIRD_PARTY)),
    "level UPLOADER without an intent": ("levels", lambda r: admitting(r, levels=Level.GATE | Level.UPLOADER)),
    "another digest": ("digest_mismatch", lambda r: admitting(r, digest=Digest(b"\x01" * 32))),
    "another kind": ("kind_mismatch", lambda r: admitting(r, kind=2)),
    "another codec": ("kind_mismatch", lambda r: admitting(r, kind=0x81)),
    "another content": ("content_mismatch", lambda r: admitting(r, content_hash=b"\x01" * 32)),
    "another fingerprint": ("fingerprint_mismatch", lambda r: admitting(r, fingerprint_hash=b"\x01" * 32)),
    "another uploader": ("operator", lambda r: admitting(r, uploader=UPLOADER.address)),
    "signed by somebody else": ("operator", lambda r: wished(r, UPLOADER)),
    "signed by a gate": ("operator", lambda r: wished(r, GATE)),
    "not what was signed": (
        "operator",
        lambda r: replace(r, admission=replace(r.admission, policy_id=b"\x01" * 32)),
    ),
    "no signature at all": ("operator", lambda r: replace(r, operator_signature=bytes(65))),
}


@pytest.mark.parametrize(("reason", "lie"), LIES.values(), ids=LIES)
def test_a_lie_is_refused_by_name(
    desk: Desk, second: Desk, photo: Path, reason: str, lie: Callable[[CosignRequest], CosignRequest]
) -> None:
    assert refusal(second.cogate, lie(asked(desk, photo)), photo) == (reason,)


def test_the_last_deadline_within_the_skew_of_clocks_is_signed(desk: Desk, second: Desk, photo: Path) -> None:
    request = admitting(asked(desk, photo), deadline=NOW + VERDICT_LIFETIME_S + CLOCK_SKEW_S)
    assert second.cogate.cosign(request, photo).gate == SECOND.address


def intended(desk: Desk, path: Path, *, claims: str | None = None, **changes: object) -> SignedIntent:
    intent = UploadIntent(
        Digest.of_file(path), UPLOADER.address, Visibility.PUBLIC, claims_hash(claims), nonce=7, deadline=NOW + 60
    )
    message = eip712.intent_message(eip712.Domain.of(desk.ledger.info), intent)
    return SignedIntent(replace(intent, **changes), UPLOADER.sign_typed_data(message))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": Digest(b"\x01" * 32)},
        {"nonce": 8},
        {"deadline": NOW},
        {"uploader": GATE.address},
        {"visibility": Visibility.PRIVATE},
        {"claims_hash": b"\x01" * 32},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_intent_that_does_not_hold_is_refused(
    desk: Desk, second: Desk, photo: Path, changes: dict[str, object]
) -> None:
    request = asked(desk, photo, intent=intended(desk, photo))
    assert request.intent is not None
    assert second.cogate.cosign(request, photo).gate == SECOND.address
    false = replace(request, intent=intended(desk, photo, **changes))
    assert refusal(second.cogate, false, photo) == ("intent",)


def test_claims_that_the_uploader_did_not_sign_are_refused(desk: Desk, second: Desk, photo: Path) -> None:
    request = replace(asked(desk, photo, intent=intended(desk, photo)), claims='{"a":1}')
    assert refusal(second.cogate, request, photo) == ("intent",)


def test_a_private_file_is_screened_only_with_its_owners_consent_and_opens_with_its_salt(
    desk: Desk, second: Desk, photo: Path
) -> None:
    request = asked(desk, photo, visibility=Visibility.PRIVATE, claims=consent_of_operator())
    assert second.cogate.cosign(request, photo).gate == SECOND.address
    assert refusal(second.cogate, wished(replace(request, claims=None)), photo) == ("private_without_consent",)
    assert refusal(second.cogate, replace(request, salt=b"\x01" * 32), photo) == ("content_mismatch",)


def test_the_operators_consent_cannot_be_added_by_the_installation_that_asks(
    desk: Desk, second: Desk, photo: Path
) -> None:
    request = asked(desk, photo, visibility=Visibility.PRIVATE, claims=consent_of_operator())
    unsigned = wished(replace(request, claims=None))
    assert refusal(second.cogate, replace(unsigned, claims=consent_of_operator()), photo) == ("operator",)


def test_other_bytes_than_those_admitted_are_refused(desk: Desk, second: Desk, tmp_path: Path, photo: Path) -> None:
    request = asked(desk, photo)
    assert refusal(second.cogate, request, write_photo(tmp_path / "other.jpg", seed=2)) == ("digest_mismatch",)


@pytest.mark.parametrize(
    ("screening", "reasons"),
    [(prediction(0.97), ("flagged",)), (prediction(0.5), ("uncertain",)), (abstention(), ("no_face",))],
    ids=["flagged", "uncertain", "no_face"],
)
def test_what_our_own_gate_would_not_accept_is_refused_with_its_reasons(
    desk: Desk, second: Desk, photo: Path, screening: object, reasons: tuple[str, ...]
) -> None:
    request = asked(desk, photo)
    second.detector = FixedDetector(screening)  # type: ignore[arg-type]  # by parameter
    assert refusal(second.cogate, request, photo) == reasons


def test_without_a_model_nothing_is_signed(desk: Desk, second: Desk, photo: Path) -> None:
    request = asked(desk, photo)
    second.detector = None
    assert refusal(second.cogate, request, photo) == ("model_missing",)


def lenient(second: Desk, detector: FixedDetector | None) -> CoGate:
    """Return the second gate under a policy that accepts files without a face as not screened."""
    modes = tuple((reason, AbstentionMode.ACCEPT) for reason in AbstentionReason)
    policy = AdmissionPolicy(second.examiner.decide(prediction(0.1)).thresholds, on_abstention=modes)
    return CoGate(
        ledger=second.ledger,
        store=second.local,
        decoder=second.decoder,
        examiner=Examiner(verifier=second.verifier, ledger=second.ledger, detector=detector, policy=policy),
        gate=second.gate,
        clock=second.clock,
    )


def test_level_gate_needs_a_model_of_ours_and_no_level_only_our_policy(desk: Desk, second: Desk, photo: Path) -> None:
    request = asked(desk, photo)
    gate = lenient(second, FixedDetector(Abstention(AbstentionReason.NO_FACE, "none", None)))
    assert refusal(gate, request, photo) == ("not_screened",)
    assert gate.cosign(admitting(request, levels=Level(0)), photo).opinion.band == BAND_NOT_JUDGED


def test_a_file_that_we_cannot_read_is_refused(desk: Desk, second: Desk, tmp_path: Path, photo: Path) -> None:
    request = asked(desk, photo)
    letter = tmp_path / "letter"
    letter.write_bytes(b"this is a letter")
    assert refusal(second.cogate, admitting(request, digest=Digest.of_file(letter)), letter) == ("unreadable",)
    with Decoder(MediaLimits(max_upload_bytes=1_000)) as small:
        second.decoder = small
        assert refusal(second.cogate, request, photo) == ("too_large",)


def test_a_gate_out_of_office_signs_nothing(desk: Desk, second: Desk, photo: Path) -> None:
    request = asked(desk, photo)
    desk.ledger.dismissed = {SECOND.address}
    assert refusal(second.cogate, request, photo) == ("not_a_gate",)


def test_bytes_that_are_recorded_meanwhile_are_refused(desk: Desk, second: Desk, photo: Path) -> None:
    request = asked(desk, photo)
    desk.ledger.records[request.admission.digest] = record()
    assert refusal(second.cogate, request, photo) == ("already_recorded",)


def test_an_outage_on_our_side_is_no_refusal(
    desk: Desk, second: Desk, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(desk, photo)

    def down(_: Address) -> bool:
        raise LedgerUnavailableError("down")

    monkeypatch.setattr(desk.ledger, "is_gate", down)
    with pytest.raises(LedgerUnavailableError):
        second.cogate.cosign(request, photo)


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": bytes(32)},
        {"visibility": Visibility.PRIVATE},
        {"operator_signature": None},
        {"instance_id": b"short"},
    ],
    ids=["salt of a public one", "private without salt", "nobody's wish", "short instance id"],
)
def test_a_request_whose_parts_do_not_go_together_cannot_be_made(
    desk: Desk, photo: Path, changes: dict[str, object]
) -> None:
    request = asked(desk, photo)
    with pytest.raises(InvalidValueError):
        replace(request, **changes)  # type: ignore[arg-type]  # by name
