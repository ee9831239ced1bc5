"""Synthetic media, seeded: textured enough for perceptual hashes, different enough to be told apart."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture(seed: int, *, width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """Return an RGB picture of random shapes, large and small: smooth ones alone leave PDQ's higher bits to chance."""
    rng = np.random.default_rng(seed)
    coarse, fine = (rng.integers(0, 256, (12 * k, 16 * k, 3)).astype(np.float32) for k in (1, 4))
    large, small = (cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) for grid in (coarse, fine))
    return np.clip(0.5 * large + 0.5 * small, 0, 255).astype(np.uint8)


def jpeg(rgb: NDArray[np.uint8], *, quality: int = 92) -> bytes:
    """Return the picture as JPEG."""
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return out.getvalue()


def write_photo(path: Path, seed: int, **size: int) -> Path:
    """Write a JPEG of `picture` and return its path."""
    path.write_bytes(jpeg(picture(seed, **size)))
    return path


def half_size(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture at half its width and height."""
    height, width = rgb.shape[:2]
    return np.asarray(cv2.resize(rgb, (width // 2, height // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8)
