"""Batches of pairs: a genuine crop and a forged one that differ in the forgery and in as little else as possible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.data import Sample
from detector.faces import PixelBox
from detector.forge.blend import Mask, Picture, ellipse_mask, self_blend
from detector.forge.swap import swap_face
from detector.train.crops import WIDE_MARGIN, FaceCrops
from detector.train.degrade import Degradation

JAW_AND_BROWS = slice(0, 27)
EYES_AND_BROWS = np.r_[17:27, 36:48]
MOUTH = slice(48, 68)
BELOW_BROWS = np.r_[2:15, 27:31, 36:48]


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How many pairs of each sort make a batch.

    Attributes:
        self_blends: a genuine crop and its self-blended twin.
        swaps: a genuine crop and the same with another genuine face laid over.
        same_unit: a given fake and the genuine crop of its own unit.
        given: a given fake, even over generators, and a genuine crop of its repository or, failing that, its kind.
    """

    self_blends: int = 6
    swaps: int = 1
    same_unit: int = 2
    given: int = 3


class PairSource:
    """Draws batches from training crops; sources, not files, are drawn evenly.

    Args:
        crops: of training files only; files without a face are passed over.
        points: 68 landmarks of each file's wide crops, in the same order.
        plan: what a batch is made of.
        crop_px: side of the crops given out.
    """

    def __init__(
        self, crops: Sequence[FaceCrops], points: Sequence[NDArray[np.float32]], plan: BatchPlan, crop_px: int
    ) -> None:
        self._plan, self._crop_px = plan, crop_px
        self._points = {c.sample.file: p for c, p in zip(crops, points, strict=True)}
        seen = [c for c in crops if len(c.wide)]
        real = [c for c in seen if not c.sample.fake]
        fake = [c for c in seen if c.sample.fake]
        self._real_by_repo = _grouped(real, lambda sample: sample.repo)
        self._real_by_kind = {
            kind: [group for (k, _), group in self._real_by_repo.items() if k == kind] for kind in ("image", "video")
        }
        self._fake_by_generator = _grouped(fake, lambda sample: sample.generator)
        self._real_by_unit = _grouped(real, lambda sample: sample.unit)
        self._paired = [c for c in fake if (c.sample.kind, c.sample.unit) in self._real_by_unit]

    def batch(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return uint8 crops (2·pairs, crop, crop, 3), genuine half first, and their labels, 1 for forged."""
        plan = self._plan
        pairs = [self._self_blend(rng) for _ in range(plan.self_blends)]
        pairs += [self._swap(rng) for _ in range(plan.swaps)]
        pairs += [self._same_unit(rng) for _ in range(plan.same_unit)]
        pairs += [self._given(rng) for _ in range(plan.given)]
        ready = []
        for pair in pairs:
            degradation = Degradation.draw(rng)
            ready.append([degradation.apply(wide, WIDE_MARGIN, self._crop_px) for wide in pair])
        crops = np.array([real for real, _ in ready] + [fake for _, fake in ready])
        return crops, np.repeat(np.array([0, 1], np.float32), len(ready))

    def _genuine(self, rng: np.random.Generator) -> tuple[Picture, NDArray[np.float32]]:
        kind = "image" if rng.random() < 0.5 else "video"
        return self._frame(self._real_of_kind(kind, rng), rng)

    def _real_of_kind(self, kind: str, rng: np.random.Generator) -> FaceCrops:
        groups: list[list[FaceCrops]] = self._real_by_kind[kind]
        # Between "every repository alike" and "every file alike": the square root of what a repository holds.
        weights = np.sqrt([len(group) for group in groups])
        group = groups[rng.choice(len(groups), p=weights / weights.sum())]
        return group[rng.integers(len(group))]

    def _frame(self, crops: FaceCrops, rng: np.random.Generator) -> tuple[Picture, NDArray[np.float32]]:
        index = rng.integers(len(crops.wide))
        return crops.wide[index], self._points[crops.sample.file][index]

    def _self_blend(self, rng: np.random.Generator) -> tuple[Picture, Picture]:
        wide, points = self._genuine(rng)
        return self_blend(wide, random_mask(points, wide.shape[0], rng), rng)

    def _swap(self, rng: np.random.Generator) -> tuple[Picture, Picture]:
        target, points = self._genuine(rng)
        donor, donor_points = self._genuine(rng)
        mask = random_mask(points, target.shape[0], rng)
        kernel = 2 * int(rng.integers(2, 12)) + 1
        soft = np.asarray(cv2.GaussianBlur(mask, (kernel, kernel), 0), np.float32)
        return target, swap_face(target, points, donor, donor_points, soft)

    def _same_unit(self, rng: np.random.Generator) -> tuple[Picture, Picture]:
        fake = self._paired[rng.integers(len(self._paired))]
        partners = self._real_by_unit[fake.sample.kind, fake.sample.unit]
        real = partners[rng.integers(len(partners))]
        return self._frame(real, rng)[0], self._frame(fake, rng)[0]

    def _given(self, rng: np.random.Generator) -> tuple[Picture, Picture]:
        groups = list(self._fake_by_generator.values())
        group = groups[rng.integers(len(groups))]
        fake = group[rng.integers(len(group))]
        kind = fake.sample.kind
        same_repo = self._real_by_repo.get((kind, fake.sample.repo))
        real = same_repo[rng.integers(len(same_repo))] if same_repo else self._real_of_kind(kind, rng)
        return self._frame(real, rng)[0], self._frame(fake, rng)[0]


def random_mask(points: NDArray[np.float32], side: int, rng: np.random.Generator) -> Mask:
    """Return one of several plausible regions of a face as float32 (side, side), 1 inside."""
    choice = rng.random()
    if choice < 0.15:
        low, high = points.min(0), points.max(0)
        middle, size = (low + high) / 2, float((high - low).max())
        return ellipse_mask(side, side, PixelBox(middle[0] - size / 2, middle[1] - size / 2, size))
    if choice < 0.55:
        chosen = points
    elif choice < 0.75:
        brows = points[17:27]
        chosen = np.concatenate([points[JAW_AND_BROWS], brows + (brows - points[33]) * 0.35])
    elif choice < 0.85:
        chosen = points[MOUTH] + (points[MOUTH] - points[MOUTH].mean(0)) * 0.3
    elif choice < 0.92:
        chosen = points[EYES_AND_BROWS]
    else:
        chosen = points[BELOW_BROWS]
    mask = np.zeros((side, side), np.float32)
    hull = cv2.convexHull(chosen.round().astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1.0)
    return mask


def _grouped(crops: Sequence[FaceCrops], key: Callable[[Sample], str]) -> dict[tuple[str, str], list[FaceCrops]]:
    """Return the crops by kind and what the key gives."""
    groups: defaultdict[tuple[str, str], list[FaceCrops]] = defaultdict(list)
    for c in crops:
        groups[c.sample.kind, key(c.sample)].append(c)
    return dict(groups)
