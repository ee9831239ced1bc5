"""Which frames of a clip are kept, decided in one pass over their times."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from registry.media.limits import SamplingPlan


class Sampler:
    """Keeps the first frame of each grid cell; doubles the cell when the plan's number is exceeded.

    The outcome depends on the frames' times alone, not on what a header says of the duration: the first frame of a
    doubled cell is the first frame of one of its halves, so it is always among those kept.
    """

    def __init__(self, plan: SamplingPlan) -> None:
        self._plan = plan
        self._interval_s = plan.interval_s
        self._kept: list[tuple[float, NDArray[np.uint8]]] = []

    @property
    def kept(self) -> tuple[tuple[float, NDArray[np.uint8]], ...]:
        """Times in seconds and RGB frames kept so far, in time order."""
        return tuple(self._kept)

    def wants(self, t_s: float) -> bool:
        """Return whether the frame at ``t_s``, later than all before it, starts a new grid cell."""
        return not self._kept or self._cell(t_s) > self._cell(self._kept[-1][0])

    def keep(self, t_s: float, rgb: NDArray[np.uint8]) -> None:
        """Keep a wanted frame and thin out what is too much."""
        self._kept.append((t_s, rgb))
        while len(self._kept) > self._plan.max_frames:
            self._interval_s *= 2
            thinned: list[tuple[float, NDArray[np.uint8]]] = []
            for frame in self._kept:
                if not thinned or self._cell(frame[0]) > self._cell(thinned[-1][0]):
                    thinned.append(frame)
            self._kept = thinned

    def _cell(self, t_s: float) -> int:
        # A microsecond of slack: pts × time base lands a hair below the grid point it stands for.
        return int((t_s + 1e-6) / self._interval_s)


def fit(rgb: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    """Return the picture with its long side at most ``long_side_px``, averaged by area; never enlarged.

    Args:
        rgb: uint8, shape (height, width, 3).
        long_side_px: the most that the longer side may have.
    """
    height, width = rgb.shape[:2]
    scale = long_side_px / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
