"""The crop cache: every file decoded, tracked and cut once, by the code that serves."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from detector.config import DetectorConfig
from detector.data import Sample, evenly_spaced
from detector.faces import FaceFinder, crop_face, largest_track
from registry.model import Media

SHARD_FILES = 100
# Room around the serving crop for jitter and for blending masks: margin and side of the wide crops.
WIDE_MARGIN = 1.6
WIDE_PX = 224


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrops:
    """The crops of one file's tracked face; no rows where none was found.

    Attributes:
        sample: the file.
        tight: uint8 (n, crop, crop, 3), exactly what serving sees.
        wide: uint8 (n, 224, 224, 3), with more margin.
        face_share: side of the face box / side of the wide crop, (n,).
    """

    sample: Sample
    tight: NDArray[np.uint8]
    wide: NDArray[np.uint8]
    face_share: NDArray[np.float32]


def cut_crops(sample: Sample, media: Media, finder: FaceFinder, config: DetectorConfig) -> FaceCrops:
    """Return the crops of the face that fills most of the clip."""
    frames = [media.frames[i].rgb for i in evenly_spaced(len(media.frames), config.max_frames)]
    faces = [f for f in largest_track([finder.find(rgb) for rgb in frames]) if f.box.side >= config.min_face_px]
    tight = [crop_face(frames[f.index], f.box, margin=config.margin, size=config.crop_px) for f in faces]
    wide = [crop_face(frames[f.index], f.box, margin=WIDE_MARGIN, size=WIDE_PX) for f in faces]
    shares = [f.box.side / min(f.box.side * WIDE_MARGIN, *frames[f.index].shape[:2]) for f in faces]
    return FaceCrops(
        sample,
        np.array(tight, np.uint8).reshape(-1, config.crop_px, config.crop_px, 3),
        np.array(wide, np.uint8).reshape(-1, WIDE_PX, WIDE_PX, 3),
        np.array(shares, np.float32),
    )


def cache_crops(
    samples: Sequence[Sample],
    decode: Callable[[Sample], Media],
    finder: FaceFinder,
    config: DetectorConfig,
    folder: Path,
) -> tuple[FaceCrops, ...]:
    """Return every file's crops in order, from ``folder`` where they lie already; a broken-off run goes on there.

    Raises:
        ValueError: the folder holds the crops of other samples.
    """
    folder.mkdir(parents=True, exist_ok=True)
    crops: list[FaceCrops] = []
    for start in track(range(0, len(samples), SHARD_FILES), description="crops"):
        part = samples[start : start + SHARD_FILES]
        path = folder / f"{start:06d}.npz"
        if not path.exists():
            _write_shard(path, [cut_crops(sample, decode(sample), finder, config) for sample in part])
        crops += _read_shard(path, part)
    return tuple(crops)


def _write_shard(path: Path, crops: Sequence[FaceCrops]) -> None:
    names = json.dumps([c.sample.file for c in crops])
    scratch = path.with_suffix(".part.npz")
    np.savez(
        scratch,
        files=np.array(names),
        counts=np.array([len(c.tight) for c in crops]),
        tight=np.concatenate([c.tight for c in crops]),
        wide=np.concatenate([c.wide for c in crops]),
        face_share=np.concatenate([c.face_share for c in crops]),
    )
    scratch.replace(path)


def _read_shard(path: Path, part: Sequence[Sample]) -> list[FaceCrops]:
    with np.load(path) as shard:
        files = json.loads(str(shard["files"]))
        if files != [sample.file for sample in part]:
            raise ValueError(f"{path.name}: expected the crops of {part[0].file} and on; cached for other samples")
        ends = np.cumsum(shard["counts"])[:-1]
        tight, wide, shares = (np.split(shard[key], ends) for key in ("tight", "wide", "face_share"))
    return [FaceCrops(*row) for row in zip(part, tight, wide, shares, strict=True)]
