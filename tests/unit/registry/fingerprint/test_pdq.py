from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from registry.fingerprint import distance_bits, pdq
from registry.model import Transform
from tests.media_samples import Rgb, textured
from tests.vectors.pdq_pictures import PICTURES

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "pdq.json").read_text())["rows"]
TEXTURED = [row for row in VECTORS if row["quality"] >= 50]

TURNS = {
    Transform.IDENTITY: lambda rgb: rgb,
    Transform.ROTATE_90: lambda rgb: np.rot90(rgb, 1),
    Transform.ROTATE_180: lambda rgb: np.rot90(rgb, 2),
    Transform.ROTATE_270: lambda rgb: np.rot90(rgb, 3),
    Transform.FLIP_X: np.flipud,
    Transform.FLIP_Y: np.fliplr,
    Transform.FLIP_PLUS_1: lambda rgb: rgb.transpose(1, 0, 2),
    Transform.FLIP_MINUS_1: lambda rgb: np.rot90(rgb, 2).transpose(1, 0, 2),
}


def codes_of(rgb: Rgb) -> dict[Transform, bytes]:
    return dict(pdq.dihedral_codes(pdq.coefficients(np.ascontiguousarray(rgb))[0]))


@pytest.mark.parametrize("row", TEXTURED, ids=lambda row: row["name"])
def test_every_code_of_a_textured_picture_is_the_references(row: dict[str, object]) -> None:
    codes = codes_of(PICTURES[str(row["name"])]())
    assert {transform.value: bits.hex() for transform, bits in codes.items()} == row["codes"]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["name"])
def test_the_quality_of_every_picture_is_the_references(row: dict[str, object]) -> None:
    assert pdq.coefficients(PICTURES[str(row["name"])]())[1] == row["quality"]


def test_the_vectors_hold_textured_and_flat_pictures() -> None:
    assert len(TEXTURED) == 8
    assert {row["name"] for row in VECTORS} == set(PICTURES)


@pytest.mark.parametrize("transform", list(Transform))
def test_a_turned_picture_has_the_code_that_is_named_for_the_turn(transform: Transform) -> None:
    rgb = textured(5, 256, 384)
    turned = codes_of(TURNS[transform](rgb))[Transform.IDENTITY]
    # Not 0: an even box window is not symmetric, so turning shifts the grid by half a pixel; the reference does too.
    assert distance_bits(codes_of(rgb)[transform], turned) <= 31
    others = [bits for name, bits in codes_of(rgb).items() if name is not transform]
    assert min(distance_bits(bits, turned) for bits in others) > 60


def test_a_picture_of_one_colour_has_no_quality_and_an_empty_code() -> None:
    dct, quality = pdq.coefficients(np.full((100, 100, 3), 200, np.uint8))
    assert quality == 0
    assert not dct.any()
    assert pdq.code(dct) == bytes(32)


def test_a_picture_too_small_to_hash_has_no_quality() -> None:
    dct, quality = pdq.coefficients(np.zeros((4, 100, 3), np.uint8))
    assert quality == 0
    assert pdq.code(dct) == bytes(32)


def test_a_long_thin_picture_is_hashed() -> None:
    dct, _ = pdq.coefficients(textured(1, 6, 4000))
    assert dct.any()


def test_reducing_a_large_picture_first_moves_few_bits() -> None:
    large = textured(7, 1000, 1400)
    assert distance_bits(codes_of(large)[Transform.IDENTITY], codes_of(large[::2, ::2])[Transform.IDENTITY]) <= 10
