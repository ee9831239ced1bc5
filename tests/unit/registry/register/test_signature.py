"""Whose word a signed message is: a key's, or a contract wallet's (EIP-1271)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry import eip712
from registry.eip712 import MAX_SIGNATURE_BYTES
from registry.errors import IntentError, SignatureError
from registry.model import ZERO_32, Address, Digest, JobState, SignedIntent, UploadIntent, Visibility
from registry.register.admit import VERDICT_LIFETIME_S
from registry.register.signature import require_signature
from tests.fakes import GATE, UPLOADER, MemoryLedger
from tests.pictures import write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import NOW, digest

WALLET = Address(b"\x5a" * 20)


def message(ledger: MemoryLedger, by: Address = WALLET) -> eip712.TypedData:
    return eip712.intent_message(eip712.Domain.of(ledger.info), intent(digest(), by))


def intent(of: Digest, by: Address) -> UploadIntent:
    return UploadIntent(of, by, Visibility.PUBLIC, ZERO_32, nonce=7, deadline=NOW + 60)


@pytest.mark.parametrize(
    ("signature", "check"),
    [
        (b"", "length: expected 1 to 4096 bytes, got 0"),
        (b"\x01" * (MAX_SIGNATURE_BYTES + 1), "length: expected 1 to 4096 bytes, got 4097"),
        (b"\x01" * 64, "length: expected a signature of 65 bytes, got 64"),
        (b"\x01" * 65, "v: expected 27 or 28"),
    ],
)
def test_what_is_no_signature_is_refused_by_name(signature: bytes, check: str) -> None:
    ledger = MemoryLedger()
    with pytest.raises(SignatureError, match=check):
        require_signature(ledger, message(ledger), signature, by=WALLET)


@pytest.mark.parametrize("length", [0, MAX_SIGNATURE_BYTES + 1])
def test_a_wallet_is_not_asked_about_nothing_or_too_much(length: int) -> None:
    ledger = MemoryLedger()
    signed, signature = message(ledger), b"\x01" * length
    ledger.wallet_words.add((WALLET, eip712.signing_hash(signed), signature))
    with pytest.raises(SignatureError, match="length"):
        require_signature(ledger, signed, signature, by=WALLET)


def test_anothers_key_is_refused_with_both_names() -> None:
    ledger = MemoryLedger()
    signed = message(ledger)
    with pytest.raises(SignatureError, match=f"expected {WALLET}, got {GATE.address}"):
        require_signature(ledger, signed, GATE.sign_typed_data(signed), by=WALLET)


def test_a_wallets_word_holds_for_one_message_and_one_signature() -> None:
    ledger = MemoryLedger()
    signed, other = message(ledger), eip712.intent_message(eip712.Domain.of(ledger.info), intent(digest("y"), WALLET))
    ledger.wallet_words.add((WALLET, eip712.signing_hash(signed), b"\x02" * 130))
    require_signature(ledger, signed, b"\x02" * 130, by=WALLET)
    for foreign, signature in ((other, b"\x02" * 130), (signed, b"\x03" * 130)):
        with pytest.raises(SignatureError):
            require_signature(ledger, foreign, signature, by=WALLET)


def test_a_key_needs_no_wallet() -> None:
    ledger = MemoryLedger()
    signed = message(ledger, UPLOADER.address)
    require_signature(ledger, signed, UPLOADER.sign_typed_data(signed), by=UPLOADER.address)


def test_a_wallet_that_changes_its_mind_before_the_verdict_is_signed_fails_the_job(desk: Desk, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    wish = replace(intent(Digest.of_file(photo), WALLET), deadline=NOW + 2 * VERDICT_LIFETIME_S)
    signing_hash = eip712.signing_hash(eip712.intent_message(eip712.Domain.of(desk.ledger.info), wish))
    request = request_for(photo, intent=SignedIntent(wish, b"\x02" * 130))
    with pytest.raises(IntentError, match="intent signature"):
        desk.registrar.accept(photo, request)
    assert desk.nothing_stored()
    desk.ledger.wallet_words.add((WALLET, signing_hash, b"\x02" * 130))
    job = desk.registrar.accept(photo, request).job
    desk.ledger.wallet_words.clear()
    assert desk.registrar.run(job).state is JobState.FAILED
    assert not desk.ledger.records
