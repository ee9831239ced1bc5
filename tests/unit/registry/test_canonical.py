"""The quick way to canonical JSON: byte for byte what `rfc8785` gives."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from registry.canonical import MAX_INTEGER, canonical, is_plain, without_point

NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 2.0**53, -(2.0**53), 1e-5, 5e-324])
def test_a_number_that_the_encoders_write_differently_is_not_plain(number: float) -> None:
    assert not is_plain(number)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_an_object_without_fractions_is_written_as_the_rfc_says(value: dict[str, object]) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # any JSON


@given(st.floats())
@example(0.0001)
@example(0.00012345678901234567)
@example(-0.0)
@example(5.0)
@example(2.0**53 - 1)
@example(4503599627370495.5)
def test_a_plain_number_is_written_as_the_rfc_says(number: float) -> None:
    if is_plain(number):
        assert canonical({"n": without_point(number)}) == rfc8785.dumps({"n": number})
