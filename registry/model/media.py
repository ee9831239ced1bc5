"""Decoded media as frozen values; how they are decoded is `registry.media`'s business."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from registry.errors import InvalidValueError, SensitiveTag


class MediaKind(IntEnum):
    """What a file is; the low bits of the chain's ``uint8 kind``."""

    IMAGE = 1
    VIDEO = 2

    @property
    def word(self) -> str:
        """``image`` or ``video``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture.

    Attributes:
        t_s: seconds from the start of the clip, 0 for a still.
        rgb: uint8, shape (height, width, 3), sRGB, upright (EXIF or rotation matrix applied), alpha on white,
            read-only.
    """

    t_s: float
    rgb: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3:
            raise InvalidValueError(f"frame: expected uint8 (h, w, 3), got {self.rgb.dtype} {self.rgb.shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """What the decoder found in one file.

    Attributes:
        kind: still or clip. An animated image is a clip.
        container: the format's short name, such as ``jpeg``, ``mov`` or ``matroska``.
        width: upright width of the original in pixels, before any reduction.
        height: upright height of the original in pixels.
        duration_s: seconds from the first frame to the end of the last one, 0 for a still.
        frames: at least one, in time order; reduced in size and sampled as the decoder's plan says.
        sensitive_tags: location and author tags found in the file.
    """

    kind: MediaKind
    container: str
    width: int
    height: int
    duration_s: float
    frames: tuple[Frame, ...]
    sensitive_tags: tuple[SensitiveTag, ...] = ()

    def __post_init__(self) -> None:
        if not self.frames:
            raise InvalidValueError("media: expected at least one frame, got none")
