"""A face laid over another, aligned and toned: the classic swap, for training and for the demo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.forge.blend import Mask, Picture, blended
from registry.errors import DetectorError

Points = NDArray[np.float32]


def swap_face(target: Picture, target_points: Points, donor: Picture, donor_points: Points, mask: Mask) -> Picture:
    """Return ``target`` with the donor's face where the mask is, uint8.

    The donor is moved by the rotation, scale and shift that bring its points nearest to the target's, and given the
    target's mean and spread of colour under the mask (Reinhard et al., 2001, in CIE Lab).

    Args:
        target: uint8 RGB (h, w, 3).
        target_points: float32 (n, 2) as x, y in pixels, n >= 3.
        donor: uint8 RGB of any size.
        donor_points: the same points on the donor.
        mask: float32 (h, w), weight of the donor.

    Raises:
        DetectorError: the points do not fix a transform.
    """
    matrix, _ = cv2.estimateAffinePartial2D(donor_points, target_points)
    if matrix is None:
        raise DetectorError(f"swap: expected points that fix a transform, got {len(donor_points)} degenerate ones")
    height, width = mask.shape
    moved = cv2.warpAffine(donor, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return blended(target, _toned(np.asarray(moved, np.uint8), target, mask), mask)


def _toned(source: Picture, target: Picture, mask: Mask) -> Picture:
    """Return ``source`` with the target's mean and deviation of Lab colour under the mask."""
    face = mask > 0.5
    if not face.any():
        return source
    ours = cv2.cvtColor(source, cv2.COLOR_RGB2LAB).astype(np.float32)
    theirs = cv2.cvtColor(target, cv2.COLOR_RGB2LAB).astype(np.float32)[face]
    mean, spread = ours[face].mean(0), ours[face].std(0)
    gain = (theirs.std(0) / np.maximum(spread, 1.0)).clip(0.5, 2.0)
    toned = ((ours - mean) * gain + theirs.mean(0)).round().clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(toned, cv2.COLOR_LAB2RGB), np.uint8)
