"""Claims have one form, and their hash is what is signed."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidValueError
from registry.model import ZERO_32
from registry.register.claims import canonical_claims, claims_hash, consent_of_operator, gates_may_screen

JSON = st.dictionaries(st.text(max_size=8), st.one_of(st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text()))


@pytest.mark.parametrize("text", ["", "[]", "true", "{", '{"a": NaN}', "[" * 16_000, '{"a":' * 8_000])
def test_claims_that_are_no_json_object_are_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="claims"):
        canonical_claims(text)


@given(JSON)
def test_the_same_claims_have_one_form_and_one_hash_however_they_are_written(claims: dict[str, object]) -> None:
    compact = canonical_claims(json.dumps(claims))
    spread = canonical_claims(json.dumps(dict(reversed(claims.items())), indent=3, ensure_ascii=False))
    assert compact == spread == canonical_claims(compact)
    assert claims_hash(compact) == hashlib.sha256(compact.encode()).digest()


def test_no_claims_have_the_hash_that_an_intent_without_any_holds() -> None:
    assert claims_hash(None) == ZERO_32


def test_only_a_plain_true_is_consent() -> None:
    assert gates_may_screen(consent_of_operator())
    for claims in (None, "{}", '{"gates_may_screen":"true"}', '{"gates_may_screen":1}', '{"Gates_may_screen":true}'):
        assert not gates_may_screen(claims)
