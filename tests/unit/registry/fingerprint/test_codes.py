from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from registry.fingerprint import FP_VERSION, MIN_QUALITY, distance_bits, document, fingerprint, query_codes
from registry.model import PDQ256, PHASH64, Digest, Frame, Media, MediaKind, Transform
from tests.media_samples import Rgb, panning, textured

DIGEST = Digest(bytes(32))
ROOT = Path(__file__).parents[4]


def still(rgb: Rgb) -> Media:
    return Media(MediaKind.IMAGE, "png", rgb.shape[1], rgb.shape[0], 0.0, (Frame(0.0, rgb),))


def clip(frames: list[Rgb]) -> Media:
    timed = tuple(Frame(0.5 * index, rgb) for index, rgb in enumerate(frames))
    return Media(MediaKind.VIDEO, "mov", 1, 1, len(frames) / 2, timed)


def test_a_still_has_one_code_of_each_kind_and_no_time() -> None:
    found = fingerprint(still(textured(1)), DIGEST)
    assert found.fp_version == FP_VERSION == 1
    assert [(code.alg, code.t_s) for code in found.hashes] == [(PDQ256, None), (PHASH64, None)]
    assert found.hashes[0].quality >= MIN_QUALITY


def test_the_phash_is_imagehashs() -> None:
    rgb = textured(2, 200, 300)
    found = fingerprint(still(rgb), DIGEST).hashes[1]
    assert found.bits.hex() == str(imagehash.phash(Image.fromarray(rgb)))


def test_a_flat_picture_keeps_its_codes_and_says_that_they_are_worth_nothing() -> None:
    found = fingerprint(still(np.full((64, 64, 3), 9, np.uint8)), DIGEST)
    assert [code.quality for code in found.hashes] == [0, 0]


def test_frames_that_show_the_same_leave_one_code() -> None:
    a, b = textured(1), textured(2)
    found = fingerprint(clip([a, a, a, b, b, a]), DIGEST)
    assert [code.t_s for code in found.hashes if code.alg == PDQ256] == [0.0, 1.5, 2.5]


def test_a_frame_left_out_is_within_eight_bits_of_one_kept() -> None:
    frames = panning(4, 40)
    kept = [code.bits for code in fingerprint(clip(frames), DIGEST).hashes if code.alg == PDQ256]
    assert len(kept) > 1
    for rgb in frames:
        bits = fingerprint(still(rgb), DIGEST).hashes[0].bits
        assert min(distance_bits(bits, other) for other in kept) <= 8


def test_a_query_asks_with_eight_turns_and_one_phash() -> None:
    codes = query_codes(still(textured(1)))
    assert [transform for transform, code in codes if code.alg == PDQ256] == list(Transform)
    assert [transform for transform, code in codes if code.alg == PHASH64] == [Transform.IDENTITY]


def test_the_first_code_of_a_query_is_the_stored_one() -> None:
    media = still(textured(1))
    assert query_codes(media)[0] == (Transform.IDENTITY, fingerprint(media, DIGEST).hashes[0])


def test_a_long_clip_asks_with_sixteen_frames_spread_over_it() -> None:
    times = {code.t_s for _, code in query_codes(clip([textured(1, 64, 64)] * 100))}
    assert len(times) == 16
    assert min(times) == 0
    assert max(times) > 45


@settings(max_examples=15)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_distance_is_symmetric_and_zero_on_itself(first: bytes, second: bytes) -> None:
    assert distance_bits(first, second) == distance_bits(second, first)
    assert distance_bits(first, first) == 0
    assert (distance_bits(first, second) == 0) == (first == second)


def fingerprint_of_seed(seed: int) -> str:
    return hashlib.sha256(document(fingerprint(still(textured(seed, 300, 400)), DIGEST))).hexdigest()


def test_every_thread_and_process_gives_the_same_fingerprint() -> None:
    expected = [fingerprint_of_seed(seed) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(fingerprint_of_seed, range(6))) == expected
    program = (
        "from tests.unit.registry.fingerprint.test_codes import fingerprint_of_seed\n"
        "print(*[fingerprint_of_seed(seed) for seed in range(6)])"
    )
    for threads in ("1", "2"):
        ended = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ended.stdout.split() == expected
