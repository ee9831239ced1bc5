"""The index against brute truth: what each difference is called, and that all of them are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.hamming import HammingIndex
from registry.fingerprint import FP_VERSION
from registry.model import PDQ256, Digest, Fingerprint, MediaKind, PerceptualHash
from registry.ports import SimilarityIndex
from registry.register import check_index
from tests.fakes import MemoryIndex
from tests.values import digest


def fingerprint(name: str, *, bits: bytes | None = None, quality: int = 100) -> Fingerprint:
    code = PerceptualHash(PDQ256, bits or digest(name).value, quality=quality)
    return Fingerprint(FP_VERSION, MediaKind.IMAGE, digest(name), (code,))


@pytest.fixture(params=["memory", "files"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> SimilarityIndex:
    return MemoryIndex() if request.param == "memory" else HammingIndex(tmp_path / "index")


def test_every_difference_is_named(index: SimilarityIndex) -> None:
    same, other = fingerprint("same"), fingerprint("other")
    index.add(same)
    index.add(replace(other, hashes=fingerprint("else").hashes))
    index.add(fingerprint("stray"))
    truth = [
        (digest("same"), same),
        (digest("other"), other),
        (digest("absent"), fingerprint("absent")),
        (digest("lost"), None),
    ]
    heard: list[Digest] = []
    found = check_index(truth, index, seen=heard.append)
    assert found.different == (digest("other"),)
    assert found.missing == (digest("absent"),)
    assert found.without_document == (digest("lost"),)
    assert found.stray == (digest("stray"),)
    assert not found.is_whole
    assert heard == [name for name, _ in truth]


def test_codes_that_are_no_evidence_and_equal_codes_of_others_are_no_difference(index: SimilarityIndex) -> None:
    bits = digest("bits").value
    truth = [fingerprint("plain", bits=bits), fingerprint("twin", bits=bits), fingerprint("blank", quality=3)]
    for each in truth:
        index.add(each)
    assert check_index([(each.digest, each) for each in truth], index).is_whole


@given(recorded=st.sets(st.integers(0, 9)), lost=st.sets(st.integers(0, 9)), indexed=st.sets(st.integers(0, 9)))
def test_what_is_named_is_what_sets_say(recorded: set[int], lost: set[int], indexed: set[int]) -> None:
    index = MemoryIndex()
    for each in indexed:
        index.add(fingerprint(str(each)))
    truth = [(digest(str(each)), None if each in lost else fingerprint(str(each))) for each in sorted(recorded)]
    found = check_index(truth, index)

    def names(numbers: set[int]) -> set[Digest]:
        return {digest(str(each)) for each in numbers}

    assert set(found.without_document) == names(recorded & lost)
    assert set(found.missing) == names(recorded - lost - indexed)
    assert set(found.stray) == names(indexed - recorded)
    assert found.different == ()
