"""What credentials are worth, and that no string in them does anything but be read."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.model import Credentials, CredentialsAction, CredentialsIngredient, CredentialsState
from registry.model.credentials import MAX_TEXT, plain

NOW = 1_790_000_000
GOOD = Credentials(CredentialsState.TRUSTED, "reader 1", signed_at=NOW - 1, manifests=1)
PART = CredentialsIngredient("part.jpg", "componentOf", 1, ())


@pytest.mark.parametrize("state", [state for state in CredentialsState if state is not CredentialsState.TRUSTED])
def test_trusted_alone_earns_the_level(state: CredentialsState) -> None:
    assert GOOD.earns_level(NOW)
    assert not replace(GOOD, state=state).earns_level(NOW)


def test_a_code_anywhere_costs_the_level() -> None:
    fails = replace(PART, depth=3, codes=("claimSignature.mismatch",))
    assert replace(GOOD, ingredients=(PART,)).earns_level(NOW)
    assert not replace(GOOD, ingredients=(PART, fails)).earns_level(NOW)
    assert not replace(GOOD, codes=("signingCredential.untrusted",)).earns_level(NOW)


def test_a_signature_from_the_future_costs_the_level() -> None:
    assert replace(GOOD, signed_at=NOW).earns_level(NOW)
    assert replace(GOOD, signed_at=None).earns_level(NOW)
    assert not replace(GOOD, signed_at=NOW + 1).earns_level(NOW)


def test_what_a_model_made_is_known_by_its_source_type_alone() -> None:
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    for word, says_ai in {
        "trainedAlgorithmicMedia": True,
        "compositeWithTrainedAlgorithmicMedia": True,
        "algorithmicMedia": False,
        "digitalCapture": False,
    }.items():
        assert replace(GOOD, actions=(CredentialsAction("c2pa.created", kind + word),)).says_ai is says_ai, word
    assert not replace(GOOD, actions=(CredentialsAction("trainedAlgorithmicMedia", None),)).says_ai


@given(st.text(st.characters(), max_size=3 * MAX_TEXT))
def test_a_strangers_text_is_one_short_line_without_control_or_direction_characters(text: str) -> None:
    shown = plain(text)
    assert len(shown) <= MAX_TEXT
    assert shown == plain(shown)
    assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for letter in shown)


def test_colours_line_breaks_and_turned_writing_are_gone() -> None:
    assert plain("a\x1b[31mb\r\nc\u202egpj.exe\u2028d\x00") == "a[31mbcgpj.exed"
    assert plain("x" * 1_000_000) == "x" * MAX_TEXT
