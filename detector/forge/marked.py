"""Forged copies for the demo: a real face swap, with a mark in the corner so that nobody mistakes it for genuine."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from detector.faces import FaceFinder, HaarFaceFinder, NoFaceError, PixelBox, largest_track
from detector.forge.blend import Mask, Picture, ellipse_mask
from detector.forge.swap import Points, swap_face

MARK = "FORGED"
# What the donor's face is changed by, so that a picture may be its own donor: shares of the face box.
LARGEST_SHIFT, LARGEST_SCALE = 0.03, 0.06


def forge_image(
    rgb: Picture, *, seed: int = 0, donor: Picture | None = None, finder: FaceFinder | None = None
) -> Picture:
    """Return a copy whose largest face is replaced by the donor's, marked as forged; deterministic.

    Args:
        rgb: uint8 (h, w, 3).
        seed: of the small shift, scale and outline of the forgery.
        donor: a picture with a face; without one, the picture's own, mirrored.
        finder: finds the faces.

    Raises:
        NoFaceError: the picture or the donor shows no face.
    """
    return forge_frames([rgb], seed=seed, donor=donor, finder=finder)[0]


def forge_frames(
    frames: Sequence[Picture], *, seed: int = 0, donor: Picture | None = None, finder: FaceFinder | None = None
) -> list[Picture]:
    """Return the frames of a clip with the same face forged in each where it is found, all marked; deterministic.

    Raises:
        NoFaceError: no frame, or not the donor, shows a face.
    """
    finder = finder or HaarFaceFinder()
    boxes = {face.index: face.box for face in largest_track([finder.find(rgb) for rgb in frames])}
    if not boxes:
        raise NoFaceError(f"expected a face in at least one of {len(frames)} pictures, found none")
    given = None if donor is None else (donor, _only_face(donor, finder))
    forged = []
    for index, rgb in enumerate(frames):
        box = boxes.get(index)
        forged.append(rgb if box is None else _forged(rgb, box, given, np.random.default_rng(seed)))
    return [marked(rgb) for rgb in forged]


def marked(rgb: Picture) -> Picture:
    """Return the picture with the word in its lower left corner, black on yellow, a sixth of its width."""
    out = rgb.copy()
    height, width = out.shape[:2]
    scale = max(0.25, width / 6 / cv2.getTextSize(MARK, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)[0][0])
    (wide, high), below = cv2.getTextSize(MARK, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    cv2.rectangle(out, (0, height - high - below - 4), (wide + 6, height), (255, 221, 0), -1)
    cv2.putText(out, MARK, (3, height - below), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    return out


def _only_face(picture: Picture, finder: FaceFinder) -> PixelBox:
    found = finder.find(picture)
    if not found:
        raise NoFaceError("donor: expected a face, found none")
    return max(found, key=lambda box: box.side)


def _forged(rgb: Picture, box: PixelBox, given: tuple[Picture, PixelBox] | None, rng: np.random.Generator) -> Picture:
    if given is None:
        mirrored = np.ascontiguousarray(rgb[:, ::-1])
        given = mirrored, PixelBox(rgb.shape[1] - box.x - box.side, box.y, box.side)
    donor, donor_box = given
    shift = rng.uniform(-LARGEST_SHIFT, LARGEST_SHIFT, 2) * box.side
    side = box.side * (1 + rng.uniform(-LARGEST_SCALE, LARGEST_SCALE))
    placed = PixelBox(box.x + shift[0] + (box.side - side) / 2, box.y + shift[1] + (box.side - side) / 2, side)
    mask = _soft(ellipse_mask(rgb.shape[0], rgb.shape[1], box), box.side)
    return swap_face(rgb, _corners(placed), donor, _corners(donor_box), mask)


def _soft(mask: Mask, side: float) -> Mask:
    """Return the mask with an edge as wide as a twelfth of the face."""
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.8, side / 24)), np.float32)


def _corners(box: PixelBox) -> Points:
    x, y, side = box.x, box.y, box.side
    return np.array([[x, y], [x + side, y], [x, y + side], [x + side, y + side]], np.float32)
