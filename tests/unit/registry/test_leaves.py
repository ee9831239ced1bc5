"""Leaves: encoded by hand as ``eth_account`` encodes them, and worth something in one installation only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import eip712
from registry.leaves import batch_leaf
from registry.model import Address, Admission, Digest, Level, Visibility

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
