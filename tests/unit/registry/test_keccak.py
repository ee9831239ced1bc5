"""Keccak-256: the same by every backend."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak as any_backend
from hypothesis import given
from hypothesis import strategies as st

from registry import keccak as module


@pytest.mark.parametrize(
    ("data", "expected"),
    [  # of the Keccak team's published vectors, before FIPS 202 changed the padding
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_known_hashes(data: bytes, expected: str) -> None:
    assert module.keccak(data).hex() == expected


@given(st.binary(max_size=300))
def test_it_is_what_any_backend_gives(data: bytes) -> None:
    assert module.keccak(data) == any_backend(data)


def test_without_the_fast_backend_the_other_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    load = module.load_backend

    def without_c(name: str) -> object:
        if name == "pysha3":
            raise ImportError(name)
        return load(name)

    monkeypatch.setattr(module, "load_backend", without_c)
    assert module._fastest()(b"abc") == module.keccak(b"abc")
