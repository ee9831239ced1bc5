"""From frames to face crops: one path for training and serving, with no network and no TensorFlow.

Faces are found with OpenCV's Haar cascades (Viola and Jones, 2001; the cascades of Lienhart et al., 2003, that
opencv-python 4.14 carries), linked along the clip by overlap, and the track that fills most of the clip is cut out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from registry.errors import DetectorError, InvalidValueError
from registry.model import FaceBox

# Cascades see pictures reduced to this long side; a 40-pixel face in a 720-pixel frame is still 26 pixels there.
WORK_PX = 480
SMALLEST_AT_WORK_PX = 24  # the cascades were trained on windows of 20 to 24 pixels
# Already cropped faces touch the picture's edge, where a cascade finds nothing: repeat the edge over this share.
PAD_SHARE = 0.2
# Half a second apart, a talking head still covers itself by more than this; two people do not.
LINK_IOU = 0.3
# (cascade, neighbours): tried in this order until one finds a face. alt2 errs least, default misses least.
ATTEMPTS = (
    ("haarcascade_frontalface_alt2.xml", 4),
    ("haarcascade_frontalface_default.xml", 6),
    ("haarcascade_frontalface_alt2.xml", 2),
)


class NoFaceError(DetectorError):
    """A face is needed and none was found."""


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A square around a face.

    Attributes:
        x: left edge in pixels of the frame; may lie outside the picture, likewise the others.
        y: top edge.
        side: in pixels.
    """

    x: float
    y: float
    side: float

    def share_of(self, width: int, height: int) -> FaceBox:
        """Return the box as shares of a frame of that size, cut at its edges."""
        x0, y0 = max(self.x / width, 0.0), max(self.y / height, 0.0)
        return FaceBox(x0, y0, min((self.x + self.side) / width, 1.0), min((self.y + self.side) / height, 1.0))


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """The box of the tracked face in the frame with number ``index``."""

    index: int
    box: PixelBox


class FaceFinder(Protocol):
    """Finds the faces of one picture."""

    def find(self, rgb: NDArray[np.uint8]) -> tuple[PixelBox, ...]:
        """Return the faces in uint8 RGB of shape (h, w, 3), in any order."""
        ...


class HaarFaceFinder:
    """Finds upright, roughly frontal faces with the cascades of ``cv2.data``."""

    def __init__(self) -> None:
        folder = Path(cv2.__file__).parent / "data"  # cv2.data, which the package's types do not know
        self._attempts = [(cv2.CascadeClassifier(str(folder / name)), neighbours) for name, neighbours in ATTEMPTS]
        if any(cascade.empty() for cascade, _ in self._attempts):
            raise DetectorError(f"expected the Haar cascades of opencv-python 4.14, OpenCV {cv2.__version__} has none")

    def find(self, rgb: NDArray[np.uint8]) -> tuple[PixelBox, ...]:
        """Return the faces in uint8 RGB of shape (h, w, 3); the first cascade that finds any decides."""
        pad = int(PAD_SHARE * max(rgb.shape[:2]))
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        grey = cv2.copyMakeBorder(grey, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        scale = min(1.0, WORK_PX / max(grey.shape))
        if scale < 1.0:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        smallest = (SMALLEST_AT_WORK_PX, SMALLEST_AT_WORK_PX)
        for cascade, neighbours in self._attempts:
            found = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=neighbours, minSize=smallest)
            if len(found):
                return tuple(
                    PixelBox(float(x / scale - pad), float(y / scale - pad), float(side / scale))
                    for x, y, side, _ in found
                )
        return ()


def iou(a: PixelBox, b: PixelBox) -> float:
    """Return the area shared by two boxes / the area covered by either, 0 to 1."""
    wide = min(a.x + a.side, b.x + b.side) - max(a.x, b.x)
    high = min(a.y + a.side, b.y + b.side) - max(a.y, b.y)
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (a.side**2 + b.side**2 - wide * high)


def largest_track(found: Sequence[Sequence[PixelBox]]) -> tuple[TrackedFace, ...]:
    """Return the face that fills most of the clip: the track with the largest sum of box sides.

    Each box continues the track whose last box it covers best (IoU of at least `LINK_IOU`), else it begins one; so a
    false find in one frame loses against a face that stays. Empty if no frame has a face.

    Args:
        found: per frame, the boxes found in it.
    """
    tracks: list[list[TrackedFace]] = []
    for index, boxes in enumerate(found):
        open_tracks = [track for track in tracks if track[-1].index < index]
        for box in sorted(boxes, key=lambda b: -b.side):
            overlaps = [iou(track[-1].box, box) for track in open_tracks]
            best = max(range(len(overlaps)), key=overlaps.__getitem__, default=None)
            if best is not None and overlaps[best] >= LINK_IOU:
                open_tracks.pop(best).append(TrackedFace(index, box))
            else:
                tracks.append([TrackedFace(index, box)])
    return tuple(max(tracks, key=lambda track: sum(face.box.side for face in track), default=[]))


def crop_face(rgb: NDArray[np.uint8], box: PixelBox, *, margin: float, size: int) -> NDArray[np.uint8]:
    """Return the square around a face, uint8 RGB (size, size, 3).

    The square has ``margin`` times the box's side; it is moved, then shrunk, to lie inside the picture: an edge made
    up by mirroring looks forged to the network.

    Raises:
        InvalidValueError: the box does not touch the picture.
    """
    height, width = rgb.shape[:2]
    if box.x >= width or box.y >= height or box.x + box.side <= 0 or box.y + box.side <= 0:
        raise InvalidValueError(f"face box: expected one inside {width}x{height}, got {box}")
    side = max(1, min(round(box.side * margin), width, height))
    x = min(max(round(box.x + (box.side - side) / 2), 0), width - side)
    y = min(max(round(box.y + (box.side - side) / 2), 0), height - side)
    cut = rgb[y : y + side, x : x + side]
    method = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, (size, size), interpolation=method), dtype=np.uint8)
