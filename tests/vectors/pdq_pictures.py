"""Seeded pictures for the PDQ vectors, in integer arithmetic so that every machine makes the same bytes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]


def _blobs(seed: int, height: int, width: int, cell: int) -> Rgb:
    """Return random cells, smoothed by integer box sums: texture at one scale and below."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 256, (-(-height // cell) + 1, -(-width // cell) + 1, 3), dtype=np.int64)
    picture = np.repeat(np.repeat(cells, cell, axis=0), cell, axis=1)
    for axis in (0, 1):
        sums = np.cumsum(picture, axis=axis)
        picture = np.take(sums, range(cell, sums.shape[axis]), axis) - np.take(
            sums, range(sums.shape[axis] - cell), axis
        )
        picture //= cell
    return picture[:height, :width].astype(np.uint8)


def _gradient(height: int, width: int) -> Rgb:
    row = np.arange(width) * 255 // (width - 1)
    return np.repeat(np.repeat(row[np.newaxis, :, np.newaxis], height, axis=0), 3, axis=2).astype(np.uint8)


PICTURES: dict[str, Callable[[], Rgb]] = {
    "blobs 512 x 512": lambda: _blobs(1, 512, 512, 24),
    "blobs 384 x 512": lambda: _blobs(2, 384, 512, 17),
    "blobs 511 x 301": lambda: _blobs(3, 511, 301, 31),
    "blobs 64 x 64": lambda: _blobs(4, 64, 64, 7),
    "blobs 100 x 37": lambda: _blobs(5, 100, 37, 5),
    "blobs 200 x 500": lambda: _blobs(6, 200, 500, 40),
    "blobs 480 x 270": lambda: _blobs(7, 480, 270, 11),
    "faint blobs 300 x 400": lambda: _blobs(9, 300, 400, 20) // 3 + 80,
    "gradient 200 x 300": lambda: _gradient(200, 300),
    "flat 128 x 128": lambda: np.full((128, 128, 3), 77, np.uint8),
    "tiny 4 x 9": lambda: _blobs(8, 4, 9, 2),
}
