"""PDQ-256 in numpy: the perceptual hash of ThreatExchange, with its quality and its eight dihedral codes.

Source: "PDQ & TMK + PDQF", Meta 2017 and 2019 (facebook/ThreatExchange, ``hashing/hashing.pdf``). The two passes of box
filters are linear, so only the 64 × 64 samples that are kept of them are computed, each a weighted sum of at most seven
by seven pixels; the departures from the C++ are the order of rounding and that pictures are first reduced to
`WORKING_SIDE_PX`. No library of threaded linear algebra touches a picture: its sums would depend on its threads.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from registry.model import Transform

Coefficients = NDArray[np.float64]

WORKING_SIDE_PX = 512  # the reference reduces files to 512 × 512 too; larger costs 28 times more for 4 to 8 bits
MIN_SIDE_PX = 5  # the reference hashes nothing smaller
_GRID = 64
_FREQUENCIES = 16
# Coefficients are of the order of 1 to 1000. Rounding to 1e-3 makes flat pictures exact zeros on every processor.
_DECIMALS = 3

_odd = np.arange(_FREQUENCIES) % 2 == 1
_ROWS = np.where(_odd, 1.0, -1.0)[:, np.newaxis]  # what turning upside down does to the DCT's rows
_COLUMNS = _ROWS.T
# How the DCT of the turned picture follows from the picture's own: signs, then a transposition or none.
_DIHEDRAL: tuple[tuple[Transform, Coefficients, bool], ...] = (
    (Transform.IDENTITY, np.ones((1, 1)), False),
    (Transform.ROTATE_90, _COLUMNS, True),
    (Transform.ROTATE_180, _ROWS * _COLUMNS, False),
    (Transform.ROTATE_270, _ROWS, True),
    (Transform.FLIP_X, _ROWS, False),
    (Transform.FLIP_Y, _COLUMNS, False),
    (Transform.FLIP_PLUS_1, np.ones((1, 1)), True),
    (Transform.FLIP_MINUS_1, _ROWS * _COLUMNS, True),
)


def coefficients(rgb: NDArray[np.uint8]) -> tuple[Coefficients, int]:
    """Return the 16 × 16 low DCT coefficients and the quality, 0 to 100.

    Args:
        rgb: uint8, shape (height, width, 3). Below `MIN_SIDE_PX` all is 0, as in the reference.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < MIN_SIDE_PX:
        return np.zeros((_FREQUENCIES, _FREQUENCIES)), 0
    red, green, blue = (reduced(rgb)[..., channel].astype(np.float64) for channel in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R BT.601
    grid = _downsampled(_downsampled(luma).T).T
    dct = _dct()
    return np.round(dct @ grid @ dct.T, _DECIMALS), _quality(np.round(grid, _DECIMALS))


def reduced(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with its long side at most `WORKING_SIDE_PX`, averaged by area."""
    height, width = rgb.shape[:2]
    scale = WORKING_SIDE_PX / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(MIN_SIDE_PX, round(width * scale)), max(MIN_SIDE_PX, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def code(dct: Coefficients) -> bytes:
    """Return 32 bytes, the highest frequency's bit first: which coefficients exceed the median (the lower of two)."""
    flat = dct.ravel()
    median = np.partition(flat, flat.size // 2 - 1)[flat.size // 2 - 1]
    return np.packbits((flat > median)[::-1]).tobytes()


def dihedral_codes(dct: Coefficients) -> tuple[tuple[Transform, bytes], ...]:
    """Return the codes of the picture turned and mirrored in all eight ways, from its own coefficients.

    Rotations are anticlockwise, as `numpy.rot90`; FLIP_X is upside down, FLIP_Y left to right, FLIP_PLUS_1 across the
    main diagonal, FLIP_MINUS_1 across the other.
    """
    codes = []
    for transform, signs, transposed in _DIHEDRAL:
        turned = dct * signs
        codes.append((transform, code(turned.T if transposed else turned)))
    return tuple(codes)


def _quality(grid: Coefficients) -> int:
    """Return how much gradient the 64 × 64 picture has; the constants are the reference's."""
    gradients = [np.trunc(np.diff(grid, axis=axis) * 100 / 255) for axis in (0, 1)]
    return min(100, int(sum(np.abs(each).sum() for each in gradients)) // 90)


@cache
def _dct() -> Coefficients:
    """Return frequencies 1 to 16 of the 64-point DCT-II, shape (16, 64)."""
    frequency = np.arange(1, _FREQUENCIES + 1)[:, np.newaxis]
    at = 2 * np.arange(_GRID) + 1
    return np.asarray(np.sqrt(2 / _GRID) * np.cos(np.pi / (2 * _GRID) * frequency * at), dtype=np.float64)


def _downsampled(luma: Coefficients) -> Coefficients:
    """Return the 64 rows that box filtering along the columns and decimation leave, shape (64, width)."""
    rows, weights = _taps(luma.shape[0])
    total = np.zeros((_GRID, luma.shape[1]))
    for tap in range(rows.shape[1]):
        total += weights[:, tap, np.newaxis] * luma[rows[:, tap]]
    return total


@cache
def _taps(size: int) -> tuple[NDArray[np.int64], Coefficients]:
    """Return which of ``size`` pixels make each of the 64 samples, and their weights, both of shape (64, taps)."""
    window = -(-size // (2 * _GRID))
    ahead = (window + 2) // 2  # 7 → 4, 8 → 5: an even window reaches one further forward

    def box(at: int) -> range:
        return range(max(0, at + ahead - window), min(size, at + ahead))  # at the edges only what is inside counts

    rows = np.zeros((_GRID, 2 * window - 1), dtype=np.int64)
    weights = np.zeros((_GRID, 2 * window - 1))
    for sample in range(_GRID):
        second = box(int((sample + 0.5) * size / _GRID))
        first = box(second[0])[0]
        rows[sample] = np.minimum(first + np.arange(2 * window - 1), size - 1)
        for middle in second:
            for at in box(middle):
                weights[sample, at - first] += 1 / (len(second) * len(box(middle)))
    return rows, weights
