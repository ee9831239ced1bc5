"""Leaves: encoded by hand as ``eth_account`` encodes them, and worth something in one installation only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from registry import eip712
from registry.leaves import batch_leaf, intent_hash, rejection_leaf
from registry.model import Address, Admission, Digest, Level, UploadIntent, Visibility

words = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(Address)
admissions = st.builds(
    Admission,
    digest=words.map(Digest),
    fingerprint_hash=words,
    content_hash=words,
    kind=st.integers(0, 255),
    uploader=addresses,
    policy_id=words,
    levels=st.integers(0, 31).map(Level),
    earns_reputation=st.booleans(),
    deadline=st.integers(0, 2**64 - 1),
)
domains = st.builds(eip712.Domain, st.integers(0, 2**64), addresses, words)
DOMAIN = eip712.Domain(1337, Address(b"\x0c" * 20), b"\x5a" * 32)


@given(domains, admissions, st.sampled_from(Visibility), words)
def test_a_leaf_is_what_the_library_would_sign(
    domain: eip712.Domain, admission: Admission, visibility: Visibility, claims_hash: bytes
) -> None:
    asked = eip712.cosign_message(domain, admission, visibility=visibility, claims_hash=claims_hash)
    fields = asked["types"]["CosignRequest"]
    types = {name: value for name, value in asked["types"].items() if name != "CosignRequest"}
    message = {**asked, "primaryType": "BatchLeaf", "types": {**types, "BatchLeaf": fields}}
    assert batch_leaf(domain, admission, visibility=visibility, claims_hash=claims_hash) == eip712.signing_hash(message)


@pytest.mark.parametrize(
    "other",
    [
        replace(DOMAIN, chain_id=1338),
        replace(DOMAIN, contract=Address(b"\x0d" * 20)),
        replace(DOMAIN, instance_id=b"\x5b" * 32),
    ],
    ids=["chain", "contract", "installation"],
)
@given(admission=admissions)
def test_a_leaf_is_another_one_elsewhere(other: eip712.Domain, admission: Admission) -> None:
    here, there = (
        batch_leaf(domain, admission, visibility=Visibility.PUBLIC, claims_hash=bytes(32)) for domain in (DOMAIN, other)
    )
    assert here != there


intents = st.builds(
    UploadIntent,
    digest=words.map(Digest),
    uploader=addresses,
    visibility=st.sampled_from(Visibility),
    claims_hash=words,
    nonce=st.integers(0, 2**256 - 1),
    deadline=st.integers(0, 2**64 - 1),
)
LEAF_FIELDS = [
    {"name": "uploader", "type": "address"},
    {"name": "intentHash", "type": "bytes32"},
    {"name": "detailHash", "type": "bytes32"},
    {"name": "salt", "type": "bytes32"},
]


@given(domains, addresses, words, words, words)
def test_a_rejection_leaf_is_what_the_library_would_sign(
    domain: eip712.Domain, uploader: Address, intent: bytes, details: bytes, salt: bytes
) -> None:
    asked = eip712.rejection_message(domain, salt, epoch=1, rejected_at=1)
    message = {
        "uploader": uploader.hex,
        "intentHash": "0x" + intent.hex(),
        "detailHash": "0x" + details.hex(),
        "salt": "0x" + salt.hex(),
    }
    types = {"EIP712Domain": asked["types"]["EIP712Domain"], "RejectionLeaf": LEAF_FIELDS}
    full = {**asked, "primaryType": "RejectionLeaf", "types": types, "message": message}
    leaf = rejection_leaf(domain, uploader=uploader, intent_hash=intent, detail_hash=details, salt=salt)
    assert leaf == eip712.signing_hash(full)


@given(domains, intents)
def test_an_intents_hash_is_what_its_uploader_signs(domain: eip712.Domain, intent: UploadIntent) -> None:
    signable = encode_typed_data(full_message=dict(eip712.intent_message(domain, intent)))
    assert intent_hash(intent) == signable.body
