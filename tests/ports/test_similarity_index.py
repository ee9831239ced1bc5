"""One suite for every `SimilarityIndex`: it gives exactly what comparing everything with everything gives."""

from __future__ import annotations

import random
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.adapters.hamming import HammingIndex
from registry.fingerprint import FP_VERSION, MIN_QUALITY, distance_bits
from registry.model import PDQ256, PHASH64, Digest, Fingerprint, IndexHit, MediaKind, PerceptualHash
from registry.ports import SimilarityIndex

SIZES = {PDQ256: 32, PHASH64: 8}


def digest_of(number: int) -> Digest:
    return Digest(number.to_bytes(32, "little"))  # ends in zeros: a fixed-width text field would lose them


def code(bits: bytes, *, quality: int = 100, t_s: float | None = None) -> PerceptualHash:
    return PerceptualHash(PDQ256 if len(bits) == 32 else PHASH64, bits, quality, t_s)


def still(number: int, *codes: PerceptualHash, fp_version: int = FP_VERSION) -> Fingerprint:
    return Fingerprint(fp_version, MediaKind.IMAGE, digest_of(number), codes)


def flipped(bits: bytes, count: int, rng: random.Random) -> bytes:
    value = int.from_bytes(bits, "big")
    for position in rng.sample(range(len(bits) * 8), count):
        value ^= 1 << position
    return value.to_bytes(len(bits), "big")


def brute_force(
    stored: list[Fingerprint], query: list[PerceptualHash], radius_bits: int
) -> list[tuple[int, Digest, str, int, float | None]]:
    found = []
    for fingerprint in {each.digest: each for each in reversed(stored)}.values():
        for held in fingerprint.hashes:
            for index, asked in enumerate(query):
                if held.alg != asked.alg or held.quality < MIN_QUALITY or fingerprint.fp_version != FP_VERSION:
                    continue
                distance = distance_bits(held.bits, asked.bits)
                if distance <= radius_bits:
                    found.append((distance, fingerprint.digest, held.alg, index, held.t_s))
    return found


def as_tuples(hits: tuple[IndexHit, ...]) -> list[tuple[int, Digest, str, int, float | None]]:
    return [(hit.distance_bits, hit.digest, hit.alg, hit.query_index, hit.stored_t_s) for hit in hits]


class SimilarityIndexSuite(ABC):
    """What every index promises."""

    @abstractmethod
    def open(self, directory: Path) -> SimilarityIndex: ...

    @pytest.fixture
    def index(self, tmp_path: Path) -> SimilarityIndex:
        return self.open(tmp_path)

    def test_an_empty_index_finds_nothing(self, index: SimilarityIndex) -> None:
        assert index.nearest([code(bytes(32))], radius_bits=256) == ()
        assert index.digests() == frozenset()
        assert index.fp_version_of(digest_of(1)) is None

    def test_a_code_is_found_at_its_distance_and_not_below_it(self, index: SimilarityIndex) -> None:
        rng = random.Random(1)
        bits = rng.randbytes(32)
        index.add(still(1, code(bits)))
        query = [code(flipped(bits, 31, rng))]
        assert index.nearest(query, radius_bits=30) == ()
        assert index.nearest(query, radius_bits=31) == (IndexHit(digest_of(1), PDQ256, 31, 0, None),)

    def test_a_complement_is_as_far_as_can_be(self, index: SimilarityIndex) -> None:
        index.add(still(1, code(bytes(32)), code(bytes(8))))
        query = [code(b"\xff" * 32), code(b"\xff" * 8)]
        assert [hit.distance_bits for hit in index.nearest(query, radius_bits=256)] == [64, 256]

    def test_codes_of_different_algorithms_are_not_compared(self, index: SimilarityIndex) -> None:
        index.add(still(1, code(bytes(8))))
        assert index.nearest([code(bytes(32))], radius_bits=256) == ()

    def test_a_code_of_low_quality_is_kept_and_not_found(self, index: SimilarityIndex) -> None:
        index.add(still(1, code(bytes(32), quality=MIN_QUALITY - 1)))
        index.add(still(2, code(bytes(32), quality=MIN_QUALITY)))
        assert [hit.digest for hit in index.nearest([code(bytes(32))], radius_bits=0)] == [digest_of(2)]
        assert index.digests() == {digest_of(1), digest_of(2)}

    def test_a_code_of_another_version_is_kept_and_not_found(self, index: SimilarityIndex) -> None:
        index.add(still(1, code(bytes(32)), fp_version=FP_VERSION + 1))
        assert index.nearest([code(bytes(32))], radius_bits=256) == ()
        assert index.fp_version_of(digest_of(1)) == FP_VERSION + 1

    def test_adding_the_same_digest_again_changes_nothing(self, index: SimilarityIndex) -> None:
        index.add(still(1, code(bytes(32))))
        index.add(still(1, code(bytes(32)), code(b"\xff" * 32)))
        assert len(index.nearest([code(bytes(32))], radius_bits=256)) == 1

    def test_a_clips_codes_keep_their_times(self, index: SimilarityIndex) -> None:
        index.add(still(1, code(bytes(32), t_s=0.0), code(b"\x01" + bytes(31), t_s=0.517)))
        assert [hit.stored_t_s for hit in index.nearest([code(bytes(32))], radius_bits=5)] == [0.0, 0.517]

    def test_a_fingerprint_without_codes_is_held(self, index: SimilarityIndex) -> None:
        index.add(still(1))
        assert index.digests() == {digest_of(1)}

    def test_a_cleared_index_is_empty_and_can_be_filled_again(self, index: SimilarityIndex) -> None:
        index.add(still(1, code(bytes(32))))
        index.clear()
        index.clear()
        assert index.digests() == frozenset()
        assert index.nearest([code(bytes(32))], radius_bits=256) == ()
        index.add(still(2, code(bytes(32))))
        assert index.digests() == {digest_of(2)}

    def test_what_was_added_is_there_after_opening_again(self, tmp_path: Path) -> None:
        self.open(tmp_path).add(still(1, code(bytes(32))))
        assert self.open(tmp_path).nearest([code(bytes(32))], radius_bits=0)[0].digest == digest_of(1)

    def test_two_that_are_open_see_each_others_changes(self, tmp_path: Path) -> None:
        one, other = self.open(tmp_path), self.open(tmp_path)
        one.add(still(1, code(bytes(32))))
        other.add(still(2, code(bytes(32))))
        one.add(still(3, code(bytes(32))))
        for index in (one, other):
            assert {hit.digest for hit in index.nearest([code(bytes(32))], radius_bits=0)} == set(
                map(digest_of, (1, 2, 3))
            )
        one.clear()
        assert other.digests() == frozenset()
        other.add(still(4, code(bytes(32))))
        assert one.digests() == {digest_of(4)}

    @settings(max_examples=20)
    @given(seed=st.integers(0, 2**32), radius_bits=st.sampled_from([0, 1, 8, 31, 64, 130, 256]))
    def test_it_finds_exactly_what_comparing_all_with_all_finds(self, seed: int, radius_bits: int) -> None:
        rng = random.Random(seed)
        seeds = {alg: [rng.randbytes(size) for _ in range(3)] for alg, size in SIZES.items()}

        def near(alg: str) -> PerceptualHash:
            bits = flipped(rng.choice(seeds[alg]), rng.choice([0, 1, 7, 8, 9, 30, 31, 32, 60]), rng)
            return code(bits, quality=rng.choice([0, 49, 50, 100]), t_s=rng.choice([None, 0.0, 1.5]))

        stored = [
            still(
                rng.randrange(12),
                *[near(rng.choice([PDQ256, PHASH64])) for _ in range(rng.randrange(5))],
                fp_version=rng.choice([FP_VERSION, FP_VERSION, 7]),
            )
            for _ in range(rng.randrange(12))
        ]
        query = [near(rng.choice([PDQ256, PHASH64])) for _ in range(rng.randrange(6))]
        with tempfile.TemporaryDirectory() as directory:
            index = self.open(Path(directory))
            for fingerprint in stored:
                index.add(fingerprint)
            found = as_tuples(index.nearest(query, radius_bits=radius_bits))
        assert sorted(map(repr, found)) == sorted(map(repr, brute_force(stored, query, radius_bits)))
        assert [row[0] for row in found] == sorted(row[0] for row in found)


class TestHammingIndex(SimilarityIndexSuite):
    def open(self, directory: Path) -> SimilarityIndex:
        return HammingIndex(directory)
