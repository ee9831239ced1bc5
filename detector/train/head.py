"""Stage two: the masked GRU learns from cached features of whole clips and stills."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.data import Sample, padded
from detector.forge.blend import self_blend
from detector.inference.backbone import Backbone
from detector.metrics import auc
from detector.network import build_head
from detector.train.crops import WIDE_MARGIN, FaceCrops
from detector.train.degrade import Degradation
from detector.train.pairs import random_mask

log = logging.getLogger(__name__)

HEAD_BATCH = 96


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The features of one version of one file.

    Attributes:
        sample: the file.
        rows: float32 (n, features); of a still, its crop and that mirrored.
        fake: the label of this version.
    """

    sample: Sample
    rows: NDArray[np.float32]
    fake: bool


def served_track(crops: FaceCrops, backbone: Backbone) -> Track:
    """Return the features that serving would compute for the file."""
    return _track(crops, crops.tight, backbone, fake=crops.sample.fake)


def training_tracks(
    crops: FaceCrops, points: NDArray[np.float32], backbone: Backbone, config: DetectorConfig, number: int
) -> Iterator[Track]:
    """Yield the file as served, then a forged one degraded, a genuine one degraded with and without a self-blend.

    Every degradation and every blend is drawn once per version and is the same in all frames, so that what changes
    along the clip is the clip.
    """
    sample, rng = crops.sample, np.random.default_rng((config.seed, 2, number))
    yield served_track(crops, backbone)
    if sample.fake:
        yield _track(crops, _degraded(crops.wide, Degradation.draw(rng), config), backbone, fake=True)
        return
    degradation, seed = Degradation.draw(rng), int(rng.integers(1 << 31))
    pairs = [_blend(wide, p, seed) for wide, p in zip(crops.wide, points, strict=True)]
    for half, fake in ((0, False), (1, True)):
        wide = np.array([pair[half] for pair in pairs])
        yield _track(crops, _degraded(wide, degradation, config), backbone, fake=fake)


def train_head(
    training: Sequence[Track], validation: Sequence[Track], config: DetectorConfig, *, epochs: int = 12
) -> keras.Model:
    """Return the head with its weights averaged over the second half of the epochs.

    Picking the epoch that parts validation best would pick its noise: with fewer than fifty genuine clips the figure
    moves by 0.05 from one epoch to the next. Validation is logged, not chosen by.
    """
    keras.utils.set_random_seed(config.seed)
    rows = np.concatenate([track.rows for track in training])
    head = build_head(config, rows.mean(0), rows.var(0) + 1e-4)
    weights, rng = balanced_weights(training), np.random.default_rng((config.seed, 3))
    longest = min(config.window_frames, max(len(track.rows) for track in training))
    held, held_labels = _arrays(validation, config.window_frames), _labels(validation)
    head.compile(optimizer=keras.optimizers.AdamW(5e-4, weight_decay=1e-2), loss="binary_crossentropy")
    late: list[list[NDArray[np.float32]]] = []
    for epoch in range(epochs):
        losses = []
        for chosen in batches(training, rng):
            part = [training[i] for i in chosen]
            length = 2 if part[0].sample.kind == "image" else longest  # two shapes: two compiled steps
            losses.append(head.train_on_batch(_arrays(part, length), _labels(part), sample_weight=weights[chosen]))
        log.info("epoch %d of %d, loss %.3f", epoch + 1, epochs, np.mean(losses))
        if 2 * epoch >= epochs:
            late.append(head.get_weights())
    head.set_weights([np.mean(versions, axis=0) for versions in zip(*late, strict=True)])
    scores = head.predict(held, batch_size=256, verbose=0)[:, 0].astype(np.float64)
    log.info("validation AUC %s", validation_figures(validation, held_labels, scores))
    return head


def batches(tracks: Sequence[Track], rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield every track's number once, in random batches of stills or of clips.

    Apart, so that a still's two rows need not be padded to a clip's twenty.
    """
    parts: list[NDArray[np.int64]] = []
    for kind in ("image", "video"):
        place = rng.permutation([n for n, track in enumerate(tracks) if track.sample.kind == kind]).astype(np.int64)
        parts += np.array_split(place, max(1, len(place) // HEAD_BATCH))
    for number in rng.permutation(len(parts)):
        yield parts[number]


def balanced_weights(tracks: Sequence[Track]) -> NDArray[np.float64]:
    """Return a weight per track, mean 1, under which a file's source says as little as can be of its label.

    Inside a repository, forged and genuine versions weigh alike: given fakes and self-blends against genuine ones. A
    repository weighs the square root of what it holds, one that holds a single class half of that; clips and stills
    weigh alike. Without this the head learns from which collection a file comes, and that fakes abound there.
    """
    sources = [(track.sample.kind, track.sample.repo) for track in tracks]
    cells = [(*source, track.fake) for source, track in zip(sources, tracks, strict=True)]
    sizes, in_cell = Counter(sources), Counter(cells)
    raw = [sizes[source] ** 0.5 / 2 / in_cell[cell] for source, cell in zip(sources, cells, strict=True)]
    totals: Counter[str] = Counter()
    for (kind, _), weight in zip(sources, raw, strict=True):
        totals[kind] += weight
    weights = np.array([weight / totals[kind] for (kind, _), weight in zip(sources, raw, strict=True)])
    return np.asarray(weights * len(tracks) / weights.sum(), np.float64)


def validation_figures(
    tracks: Sequence[Track], labels: NDArray[np.bool_], scores: NDArray[np.float64]
) -> dict[str, float]:
    """Return the pooled AUC of clips and of stills, and the mean AUC inside repositories that hold both classes."""
    kinds = np.array([track.sample.kind for track in tracks])
    repos = np.array([f"{track.sample.kind} {track.sample.repo}" for track in tracks])
    found = {kind: auc(labels[kinds == kind], scores[kinds == kind]) for kind in ("video", "image")}
    inside = [
        auc(labels[own], scores[own])
        for own in (repos == repo for repo in np.unique(repos))
        if labels[own].any() and not labels[own].all()
    ]
    return found | ({"inside": float(np.mean(inside))} if inside else {})


def _arrays(tracks: Sequence[Track], length: int) -> list[NDArray[np.generic]]:
    return list(padded([track.rows[:length] for track in tracks], length))


def _labels(tracks: Sequence[Track]) -> NDArray[np.bool_]:
    return np.array([track.fake for track in tracks])


def _track(crops: FaceCrops, pictures: NDArray[np.uint8], backbone: Backbone, *, fake: bool) -> Track:
    sample = crops.sample
    rows = backbone.features(pictures)
    if sample.kind == "image":
        rows = np.concatenate([rows, backbone.features(pictures[:, :, ::-1])])
    return Track(sample, rows, fake)


def _degraded(wide: NDArray[np.uint8], degradation: Degradation, config: DetectorConfig) -> NDArray[np.uint8]:
    return np.array([degradation.apply(picture, WIDE_MARGIN, config.crop_px) for picture in wide])


def _blend(
    wide: NDArray[np.uint8], points: NDArray[np.float32], seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return self_blend(wide, random_mask(points, wide.shape[0], rng), rng)
