"""What is signed: against struct hashes computed by hand, and changed by every change of a field."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.keystore import KeystoreSigner
from registry.eip712 import (
    SECP256K1_N,
    Domain,
    cosign_message,
    intent_message,
    recover,
    seal_message,
    signing_hash,
    verdict_message,
)
from registry.errors import InvalidValueError, SignatureError
from registry.model import Address, Admission, Digest, LedgerInfo, Level, Opinion, UploadIntent, Visibility

# the type strings of IMediaRegistry.sol, written out: nothing here is built by the code under test
ADMISSION_TYPE = (
    "Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,"
    "bytes32 policyId,uint8 levels,bool earnsReputation,uint64 deadline)"
)
OPINION_TYPE = "Opinion(bytes32 modelId,uint8 band,uint16 thresholdBps,uint64 issuedAt)"
VERDICT_TYPE = f"GateVerdict(Admission admission,Opinion opinion){ADMISSION_TYPE}{OPINION_TYPE}"
INTENT_TYPE = (
    "UploadIntent(bytes32 digest,address uploader,uint8 visibility,bytes32 claimsHash,uint256 nonce,uint64 deadline)"
)
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"

SIGNER = KeystoreSigner(b"\x2a" * 32)
DOMAIN = Domain(31337, Address(b"\xc0" * 20), b"\x05" * 32)
ADMISSION = Admission(
    digest=Digest(b"\x01" * 32),
    fingerprint_hash=b"\x02" * 32,
    content_hash=b"\x03" * 32,
    kind=0x82,
    uploader=Address(b"\x04" * 20),
    policy_id=b"\x06" * 32,
    levels=Level.GATE | Level.UPLOADER,
    earns_reputation=True,
    deadline=1_800_003_600,
)
OPINION = Opinion(model_id=b"\x07" * 32, band=2, threshold_bps=6543, issued_at=1_800_000_000)
INTENT = UploadIntent(
    digest=Digest(b"\x01" * 32),
    uploader=Address(b"\x04" * 20),
    visibility=Visibility.PRIVATE,
    claims_hash=b"\x08" * 32,
    nonce=2**255 + 17,
    deadline=1_802_592_000,
)

words = st.binary(min_size=32, max_size=32)
accounts = st.binary(min_size=20, max_size=20).map(Address)
seconds = st.integers(0, 2**64 - 1)


def by_hand(struct_hash: bytes) -> bytes:
    domain = encode(
        ["bytes32", "bytes32", "bytes32", "uint256", "address", "bytes32"],
        [keccak(text=DOMAIN_TYPE), keccak(text="Touchstone"), keccak(text="1"), 31337, b"\xc0" * 20, b"\x05" * 32],
    )
    return keccak(b"\x19\x01" + keccak(domain) + struct_hash)


def test_recover_refuses_a_signature_of_another_length() -> None:
    message = seal_message(DOMAIN, bytes(32))
    signature = SIGNER.sign_typed_data(message)
    for wrong in (b"", signature[:64], signature + b"\x00"):
        with pytest.raises(SignatureError, match="length"):
            recover(message, wrong)


def test_recover_refuses_the_other_s_of_the_same_signature() -> None:
    message = seal_message(DOMAIN, bytes(32))
    signature = SIGNER.sign_typed_data(message)
    high_s = SECP256K1_N - int.from_bytes(signature[32:64], "big")
    with pytest.raises(SignatureError, match="high s"):
        recover(message, signature[:32] + high_s.to_bytes(32, "big") + bytes([55 - signature[64]]))


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_recover_refuses_a_v_that_the_contract_refuses(v: int) -> None:
    message = seal_message(DOMAIN, bytes(32))
    with pytest.raises(SignatureError, match="v: expected 27 or 28"):
        recover(message, SIGNER.sign_typed_data(message)[:64] + bytes([v]))


@given(signature=st.binary(min_size=65, max_size=65))
def test_recover_gives_an_account_or_a_signature_error_for_any_bytes(signature: bytes) -> None:
    with suppress(SignatureError):
        assert recover(seal_message(DOMAIN, bytes(32)), signature) != SIGNER.address


@pytest.mark.parametrize("r", [0, SECP256K1_N, 2**256 - 1])
def test_recover_refuses_an_r_that_is_no_point(r: int) -> None:
    signature = r.to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b"
    with pytest.raises(SignatureError, match="recovery"):
        recover(seal_message(DOMAIN, bytes(32)), signature)


def test_a_domain_refuses_an_instance_id_of_another_length() -> None:
    with pytest.raises(InvalidValueError):
        Domain(1, Address(bytes(20)), bytes(31))
    with pytest.raises(InvalidValueError):
        seal_message(DOMAIN, bytes(31))


# The admission's struct, encoded by hand.
ADMISSION_STRUCT = encode(
    ["bytes32"] * 4 + ["uint8", "address", "bytes32", "uint8", "bool", "uint64"],
    [
        keccak(text=ADMISSION_TYPE),
        b"\x01" * 32,
        b"\x02" * 32,
        b"\x03" * 32,
        0x82,
        b"\x04" * 20,
        b"\x06" * 32,
        3,
        True,
        1_800_003_600,
    ],
)


def test_the_verdicts_hash_is_the_one_computed_by_hand() -> None:
    opinion = encode(
        ["bytes32", "bytes32", "uint8", "uint16", "uint64"],
        [keccak(text=OPINION_TYPE), b"\x07" * 32, 2, 6543, 1_800_000_000],
    )
    verdict = keccak(text=VERDICT_TYPE) + keccak(ADMISSION_STRUCT) + keccak(opinion)
    assert signing_hash(verdict_message(DOMAIN, ADMISSION, OPINION)) == by_hand(keccak(verdict))


def test_the_intents_hash_is_the_one_computed_by_hand() -> None:
    intent = encode(
        ["bytes32", "bytes32", "address", "uint8", "bytes32", "uint256", "uint64"],
        [keccak(text=INTENT_TYPE), b"\x01" * 32, b"\x04" * 20, 1, b"\x08" * 32, 2**255 + 17, 1_802_592_000],
    )
    assert signing_hash(intent_message(DOMAIN, INTENT)) == by_hand(keccak(intent))


def test_the_hash_of_a_word_between_gates_is_the_one_computed_by_hand() -> None:
    type_ = "CosignRequest(Admission admission,uint8 visibility,bytes32 claimsHash)" + ADMISSION_TYPE
    word = keccak(text=type_) + keccak(ADMISSION_STRUCT) + (1).to_bytes(32, "big") + b"\x08" * 32
    message = cosign_message(DOMAIN, ADMISSION, visibility=Visibility.PRIVATE, claims_hash=b"\x08" * 32)
    assert signing_hash(message) == by_hand(keccak(word))


def test_the_seals_hash_is_the_one_computed_by_hand() -> None:
    seal = keccak(text="ReceiptSeal(bytes32 receiptHash)") + b"\x0b" * 32
    assert signing_hash(seal_message(DOMAIN, b"\x0b" * 32)) == by_hand(keccak(seal))


def test_a_signature_recovers_to_its_signer_here_and_in_eth_account() -> None:
    for message in (
        verdict_message(DOMAIN, ADMISSION, OPINION),
        intent_message(DOMAIN, INTENT),
        seal_message(DOMAIN, b"\x0b" * 32),
        cosign_message(DOMAIN, ADMISSION, visibility=Visibility.PUBLIC, claims_hash=bytes(32)),
    ):
        signature = SIGNER.sign_typed_data(message)
        assert recover(message, signature) == SIGNER.address
        theirs = Account._recover_hash(signing_hash(message), signature=signature)
        assert Address.from_hex(theirs) == SIGNER.address


def test_the_domain_of_a_ledger_is_its_installation() -> None:
    info = LedgerInfo("embedded", 31337, Address(b"\xc0" * 20), b"\x05" * 32, Address(b"\x01" * 20))
    assert Domain.of(info) == DOMAIN


@given(
    change=st.one_of(
        st.builds(lambda v: {"digest": Digest(v)}, words),
        st.builds(lambda v: {"fingerprint_hash": v}, words),
        st.builds(lambda v: {"content_hash": v}, words),
        st.builds(lambda v: {"kind": v}, st.integers(0, 255)),
        st.builds(lambda v: {"uploader": v}, accounts),
        st.builds(lambda v: {"policy_id": v}, words),
        st.builds(lambda v: {"levels": Level(v)}, st.integers(0, 15)),
        st.builds(lambda v: {"earns_reputation": v}, st.booleans()),
        st.builds(lambda v: {"deadline": v}, seconds),
    )
)
def test_any_changed_field_of_the_admission_changes_the_hash(change: dict[str, object]) -> None:
    changed = replace(ADMISSION, **change)
    same = signing_hash(verdict_message(DOMAIN, changed, OPINION)) == signing_hash(
        verdict_message(DOMAIN, ADMISSION, OPINION)
    )
    assert same == (changed == ADMISSION)


@given(
    change=st.one_of(
        st.builds(lambda v: {"model_id": v}, words),
        st.builds(lambda v: {"band": v}, st.integers(0, 255)),
        st.builds(lambda v: {"threshold_bps": v}, st.integers(0, 65535)),
        st.builds(lambda v: {"issued_at": v}, seconds),
    )
)
def test_any_changed_field_of_the_opinion_changes_the_hash(change: dict[str, object]) -> None:
    changed = replace(OPINION, **change)
    same = signing_hash(verdict_message(DOMAIN, ADMISSION, changed)) == signing_hash(
        verdict_message(DOMAIN, ADMISSION, OPINION)
    )
    assert same == (changed == OPINION)


@given(
    change=st.one_of(
        st.builds(lambda v: {"digest": Digest(v)}, words),
        st.builds(lambda v: {"uploader": v}, accounts),
        st.builds(lambda v: {"visibility": v}, st.sampled_from(Visibility)),
        st.builds(lambda v: {"claims_hash": v}, words),
        st.builds(lambda v: {"nonce": v}, st.integers(0, 2**256 - 1)),
        st.builds(lambda v: {"deadline": v}, seconds),
    )
)
def test_any_changed_field_of_the_intent_changes_the_hash(change: dict[str, object]) -> None:
    changed = replace(INTENT, **change)
    same = signing_hash(intent_message(DOMAIN, changed)) == signing_hash(intent_message(DOMAIN, INTENT))
    assert same == (changed == INTENT)


@given(
    change=st.one_of(
        st.builds(lambda v: {"chain_id": v}, st.integers(0, 2**256 - 1)),
        st.builds(lambda v: {"contract": v}, accounts),
        st.builds(lambda v: {"instance_id": v}, words),
    )
)
def test_any_changed_field_of_the_domain_changes_the_hash(change: dict[str, object]) -> None:
    changed = replace(DOMAIN, **change)
    same = signing_hash(intent_message(changed, INTENT)) == signing_hash(intent_message(DOMAIN, INTENT))
    assert same == (changed == DOMAIN)
