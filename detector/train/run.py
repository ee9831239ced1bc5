"""The whole training: media → crops → backbone → features → head → calibration → weights directory."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.progress import track

from detector.config import DetectorConfig
from detector.data import DenyList, Sample, Split, SplitPlan, padded, read_manifest
from detector.faces import HaarFaceFinder
from detector.inference.backbone import Backbone
from detector.inference.bundle import Calibration, Line
from detector.inference.gru import GruHead
from detector.metrics import auc, wilson_interval
from detector.network import build_backbone, build_frame_model, preprocess
from detector.train.calibrate import platt, thresholds, unit_weights
from detector.train.crops import FaceCrops, cache_crops
from detector.train.denied import permitted
from detector.train.export import (
    export_backbone,
    head_arrays,
    head_parity,
    keras_check,
    write_bundle,
    write_json,
)
from detector.train.frames import FramePlan, fine_tune
from detector.train.head import Track, served_track, train_head, training_tracks
from detector.train.landmarks import LandmarkNet
from detector.train.pairs import BatchPlan, PairSource
from registry.media import Decoder
from registry.model import MediaKind

log = logging.getLogger(__name__)

# YouTube Faces gives up to seven stills a person; more than this adds frames, not sources.
STILLS_PER_UNIT = 2
TRAINING_JSON = "training.json"


@dataclass(frozen=True, slots=True)
class Paths:
    """Where training reads and keeps its things.

    Attributes:
        media: folder with ``manifest.jsonl`` and the files it names.
        backbones: folder with the starting weights and the landmark network.
        splits: the split plan.
        denylist: media that must not be learnt from.
        cache: of crops, features and checkpoints; a run that was broken off goes on from it.
    """

    media: Path
    backbones: Path
    splits: Path
    denylist: Path
    cache: Path


def train(config: DetectorConfig, paths: Paths, out: Path, *, threads: int) -> None:
    """Train and write the weights directory.

    Raises:
        DetectorError: the manifest is damaged, or a file is on the deny-list.
        MediaError: a file of the manifest cannot be decoded.
    """
    began = time.monotonic()
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    cv2.setNumThreads(1)
    out.mkdir(parents=True, exist_ok=True)
    manifest = paths.media / "manifest.jsonl"
    parts = SplitPlan.load(paths.splits).divide(read_manifest(manifest))
    crops = {split: _crops(parts[split], config, paths, split) for split in (Split.TRAIN, Split.VALIDATION)}
    training = _thinned(crops[Split.TRAIN])
    points = _landmarks(training, paths)

    backbone = build_backbone(config, paths.backbones / "mobilenetv2_imagenet_notop.weights.h5")
    frame_model = build_frame_model(config, backbone)
    source = PairSource(training, points, BatchPlan(), config.crop_px)
    check = _frame_check(frame_model, [c for c in crops[Split.VALIDATION] if len(c.tight)])
    fine_tune(frame_model, source, config, FramePlan(), folder=paths.cache / "frames", check=check)

    engine = Backbone(export_backbone(backbone, config, out), threads=threads)
    tracks, held = _tracks(training, points, crops[Split.VALIDATION], engine, config)
    head = train_head(tracks, held, config)
    arrays = head_arrays(head, frame_model)
    parity = head_parity(head, arrays, config)
    calibration, report = _calibrated(
        GruHead.from_arrays(arrays), held, config, keras_check(backbone, frame_model, head, config)
    )
    write_bundle(out, config, arrays, calibration)
    rows = {split.value: _counted(parts[split]) for split in Split}
    report |= {
        "head_parity": parity,
        "manifest_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest(),
        "splits_sha256": hashlib.sha256(paths.splits.read_bytes()).hexdigest(),
        "seconds": round(time.monotonic() - began),
        "rows": rows,
    }
    write_json(out / TRAINING_JSON, report)
    log.info("wrote %s: %s", out, report)


def _crops(samples: Sequence[Sample], config: DetectorConfig, paths: Paths, split: Split) -> tuple[FaceCrops, ...]:
    """Return the crops of a split's files, none of which is on the deny-list."""
    # Other crops or another deny-list: another folder.
    key = hashlib.sha256(paths.denylist.read_bytes() + config.sha256().encode()).hexdigest()[:12]
    with Decoder() as decoder:
        decode = permitted(samples, paths.media, DenyList.load(paths.denylist), decoder.decode)
        return cache_crops(samples, decode, HaarFaceFinder(), config, paths.cache / f"crops-{key}-{split.value}")


def _thinned(crops: Sequence[FaceCrops]) -> list[FaceCrops]:
    """Return the files with a face, of stills no more than a few per unit and label."""
    kept: list[FaceCrops] = []
    seen: Counter[tuple[str, bool]] = Counter()
    for c in crops:
        if not len(c.tight):
            continue
        if c.sample.kind == "image":
            seen[c.sample.unit, c.sample.fake] += 1
            if seen[c.sample.unit, c.sample.fake] > STILLS_PER_UNIT:
                continue
        kept.append(c)
    return kept


def _landmarks(crops: Sequence[FaceCrops], paths: Paths) -> list[NDArray[np.float32]]:
    net = LandmarkNet(paths.backbones / "landmarks68.npz")
    wide, shares = np.concatenate([c.wide for c in crops]), np.concatenate([c.face_share for c in crops])
    return np.split(net.points(wide, shares), np.cumsum([len(c.wide) for c in crops])[:-1])


def _frame_check(model: keras.Model, held: Sequence[FaceCrops]) -> Callable[[int], None]:
    """Return what logs the AUC of mean frame logits on the validation files."""
    chosen = [c.tight[:: max(1, len(c.tight) // 6)] for c in held]
    pictures, ends = np.concatenate(chosen), np.cumsum([len(c) for c in chosen])[:-1]
    fake, kinds = np.array([c.sample.fake for c in held]), np.array([c.sample.kind for c in held])

    def check(step: int) -> None:
        logits = model.predict(preprocess(pictures), batch_size=64, verbose=0)[:, 0]
        means = np.array([part.mean() for part in np.split(logits, ends)], np.float64)
        found = {kind: auc(fake[kinds == kind], means[kinds == kind]) for kind in ("video", "image")}
        log.info("step %d, validation AUC of single frames %s", step, found)

    return check


def _tracks(
    training: Sequence[FaceCrops],
    points: Sequence[NDArray[np.float32]],
    validation: Sequence[FaceCrops],
    engine: Backbone,
    config: DetectorConfig,
) -> tuple[list[Track], list[Track]]:
    """Return the features of all versions of the training files, and of the validation files as served."""
    pairs = enumerate(zip(training, points, strict=True))
    tracks = [
        version
        for number, (c, p) in track(pairs, total=len(training), description="features")
        for version in training_tracks(c, p, engine, config, number)
    ]
    return tracks, [served_track(c, engine) for c in validation if len(c.tight)]


def _calibrated(
    head: GruHead, held: Sequence[Track], config: DetectorConfig, check: tuple[float, float]
) -> tuple[Calibration, dict[str, object]]:
    """Return calibration and thresholds chosen on the validation files, and what they are there."""
    length = config.window_frames
    logits = np.array([head.logits(*padded([t.rows[:length]], length))[0] for t in held], np.float64)
    frames = np.array([head.frame_logits(t.rows).mean() for t in held], np.float64)
    fake = np.array([t.fake for t in held])
    weights = unit_weights([t.sample.unit for t in held])
    whole: dict[MediaKind, Line] = {}
    single: dict[MediaKind, Line] = {}
    genuine: dict[MediaKind, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    report: dict[str, object] = {}
    for kind in MediaKind:
        rows = np.array([t.sample.kind == kind.word for t in held])
        whole[kind] = platt(logits[rows], fake[rows], weights[rows])
        single[kind] = platt(frames[rows], fake[rows], weights[rows])
        honest = rows & ~fake
        genuine[kind] = (whole[kind].probability(logits[honest].astype(np.float32)), weights[honest])
        report[f"validation_auc_{kind.word}"] = auc(fake[rows], logits[rows])
        report[f"validation_frame_auc_{kind.word}"] = auc(fake[rows], frames[rows])
    lines = thresholds(list(genuine.values()))
    for kind, (probabilities, _) in genuine.items():
        for name, at in (("review", lines.review_at), ("reject", lines.reject_at)):
            hits = int((probabilities >= at).sum())
            share, interval = hits / len(probabilities), wilson_interval(hits, len(probabilities))
            report[f"validation_fpr_{name}_{kind.word}"] = {
                "files": len(probabilities),
                "rate": share,
                "ci95": interval,
            }
    return Calibration(whole, single, lines, check), report


def _counted(samples: Sequence[Sample]) -> dict[str, int]:
    cells = Counter(f"{sample.kind} {'fake' if sample.fake else 'real'}" for sample in samples)
    return dict(sorted(cells.items()))
