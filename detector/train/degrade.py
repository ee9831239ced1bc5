"""What happens to pictures on their way, drawn once and done alike to both halves of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way of cutting, recolouring, resizing and compressing a wide crop.

    Attributes:
        margin: side of the cut / side of the face box, before the picture's edges.
        across: shift of the cut as a share of its side; likewise ``down``.
        mirrored: left and right swapped.
        gain: factor on contrast, around mid-grey.
        offset: added to every channel, of 255.
        saturation: factor on the distance from grey.
        reduced_to: side before it is enlarged again / side of the cut.
        blur: deviation of a Gaussian in pixels, 0 for none.
        noise: deviation of grain, of 255.
        noise_seed: the grain.
        jpeg: quality of each compression in turn.
    """

    margin: float = 1.3
    across: float = 0.0
    down: float = 0.0
    mirrored: bool = False
    gain: float = 1.0
    offset: float = 0.0
    saturation: float = 1.0
    reduced_to: float = 1.0
    blur: float = 0.0
    noise: float = 0.0
    noise_seed: int = 0
    jpeg: tuple[int, ...] = ()

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return a random one: phone, messenger and broadcast alike, a third of them mild."""
        harsh = rng.random() < 0.67
        return cls(
            margin=rng.uniform(1.15, 1.45),
            across=rng.uniform(-0.04, 0.04),
            down=rng.uniform(-0.04, 0.04),
            mirrored=bool(rng.random() < 0.5),
            gain=rng.uniform(0.8, 1.2),
            offset=rng.uniform(-0.08, 0.08),
            saturation=rng.uniform(0.6, 1.3) if rng.random() < 0.9 else 0.0,
            reduced_to=rng.uniform(0.35, 1.0) if harsh else 1.0,
            blur=rng.uniform(0.3, 1.2) if rng.random() < 0.2 else 0.0,
            noise=rng.uniform(0.003, 0.02) if rng.random() < 0.2 else 0.0,
            noise_seed=int(rng.integers(1 << 31)),
            jpeg=tuple(int(q) for q in rng.integers(35, 96, rng.integers(0, 3 if harsh else 2))),
        )

    def apply(self, wide: Picture, wide_margin: float, size: int) -> Picture:
        """Return the degraded crop, uint8 (size, size, 3), of a wide crop that has ``wide_margin``."""
        side = wide.shape[0]
        cut = min(side, round(side * self.margin / wide_margin))
        x = min(max(round((side - cut) / 2 + self.across * cut), 0), side - cut)
        y = min(max(round((side - cut) / 2 + self.down * cut), 0), side - cut)
        face = wide[y : y + cut, x : x + cut]
        face = np.ascontiguousarray(face[:, ::-1] if self.mirrored else face)
        small = max(24, round(size * self.reduced_to))
        out = np.asarray(cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA), np.float32)
        grey = out @ np.array([0.299, 0.587, 0.114], np.float32)
        out = grey[..., None] + (out - grey[..., None]) * np.float32(self.saturation)
        out = (out - 128) * np.float32(self.gain) + np.float32(128 + 255 * self.offset)
        if self.blur:
            out = np.asarray(cv2.GaussianBlur(out, (0, 0), self.blur), np.float32)
        if self.noise:
            grain = np.random.default_rng(self.noise_seed).standard_normal(out.shape[:2]).astype(np.float32)
            out = out + np.float32(255 * self.noise) * grain[..., None]
        picture = out.round().clip(0, 255).astype(np.uint8)
        for quality in self.jpeg:
            _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)
