"""Self-blended faces: a face blended with a slightly changed copy of itself, which leaves the seams of a face swap.

After Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images" (CVPR 2022), sections 3.2 to 3.4, with the
published probabilities; the mask is whatever the caller knows of the face, an ellipse where that is only a box.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.faces import PixelBox

Picture = NDArray[np.uint8]
Mask = NDArray[np.float32]

# The published strengths are for faces of about this many pixels; they are scaled with the picture.
REFERENCE_PX = 256
RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)


def ellipse_mask(height: int, width: int, box: PixelBox) -> Mask:
    """Return 1 on the inner face of a box and 0 elsewhere, float32 (height, width).

    A Haar box reaches from mid-forehead to chin; the ellipse keeps hair and background out.
    """
    mask = np.zeros((height, width), np.float32)
    centre = (round(box.x + 0.5 * box.side), round(box.y + 0.54 * box.side))
    axes = (max(1, round(0.36 * box.side)), max(1, round(0.44 * box.side)))
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1.0, -1)
    return mask


def self_blend(rgb: Picture, mask: Mask, rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Return a genuine picture and its forged twin, equal outside the blended region.

    Args:
        rgb: uint8 (h, w, 3) around one face.
        mask: float32 (h, w), 1 where the face may be replaced.
        rng: of every choice made here.
    """
    source, target = rgb, rgb
    if rng.random() < 0.5:
        source = _restyled(rgb, rng)
    else:
        target = _restyled(rgb, rng)
    source, moved = _shifted(source, mask, rng)
    weight = _softened(_elastic(moved, rng), rng) * float(rng.choice(RATIOS))
    return target, blended(target, source, weight)


def blended(target: Picture, source: Picture, weight: Mask) -> Picture:
    """Return ``source`` over ``target`` by a weight of 0 to 1 per pixel, uint8."""
    share = weight[..., None]
    mixed = target.astype(np.float32) * (1 - share) + source.astype(np.float32) * share
    return mixed.round().clip(0, 255).astype(np.uint8)


def _restyled(rgb: Picture, rng: np.random.Generator) -> Picture:
    """Return the picture with slightly other colours, contrast and sharpness."""
    out = rgb.astype(np.float32)
    if rng.random() < 0.3:
        out += rng.uniform(-20, 20, 3).astype(np.float32)
    if rng.random() < 0.5:
        hsv = np.asarray(cv2.cvtColor(out.clip(0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV), np.float32)
        hsv[..., 0] = (hsv[..., 0] + rng.uniform(-0.3, 0.3) * 15) % 180
        hsv[..., 1:] *= 1 + rng.uniform(-0.3, 0.3, 2).astype(np.float32) * 0.6
        out = np.asarray(cv2.cvtColor(hsv.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB), np.float32)
    out = (out - 128) * rng.uniform(0.9, 1.1) + 128 + 255 * rng.uniform(-0.1, 0.1)
    out = out.clip(0, 255)
    height, width = rgb.shape[:2]
    if rng.random() < 0.5:
        factor = int(rng.choice((2, 4)))
        small = cv2.resize(out, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
        out = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    else:
        out += np.float32(rng.uniform(0.2, 0.5)) * (out - np.asarray(cv2.GaussianBlur(out, (0, 0), 1.5), np.float32))
    return np.asarray(out.clip(0, 255).astype(np.uint8))


def _shifted(rgb: Picture, mask: Mask, rng: np.random.Generator) -> tuple[Picture, Mask]:
    """Return picture and mask moved and scaled together by a few per cent."""
    height, width = mask.shape
    scale = rng.uniform(0.95, 1 / 0.95)
    across, down = rng.uniform(-0.03, 0.03) * width, rng.uniform(-0.015, 0.015) * height
    centre = np.array([width / 2, height / 2])
    move = centre * (1 - scale) + (across, down)
    matrix = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
    moved = cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8), np.asarray(cv2.warpAffine(mask, matrix, (width, height)), np.float32)


def _elastic(mask: Mask, rng: np.random.Generator) -> Mask:
    """Return the mask with a wavy outline (elastic deformation, α 50 and σ 7 at the reference size)."""
    height, width = mask.shape
    scale = max(height, width) / REFERENCE_PX
    noise = rng.uniform(-1, 1, (2, height, width)).astype(np.float32)
    waves = [cv2.GaussianBlur(layer, (0, 0), 7 * scale) for layer in noise]
    # Blurring by σ leaves a deviation of about 1 / (2·√π·σ) of the noise's; α 50 is meant before the picture's scale.
    shift = [np.asarray(layer * (50 * scale * scale), np.float32) for layer in waves]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(cv2.remap(mask, x + shift[0], y + shift[1], cv2.INTER_LINEAR), np.float32)


def _softened(mask: Mask, rng: np.random.Generator) -> Mask:
    """Return the mask blurred twice by 5 to 25 pixels at the reference size."""
    scale = max(mask.shape) / REFERENCE_PX
    for _ in range(2):
        kernel = 2 * round(rng.integers(5, 26) * scale / 2) + 1
        mask = np.asarray(cv2.GaussianBlur(mask, (kernel, kernel), 0), np.float32)
    return mask
