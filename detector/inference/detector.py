"""`GruDetector`: decoded media in, a calibrated prediction or an abstention out."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.data import evenly_spaced, padded
from detector.faces import FaceFinder, HaarFaceFinder, TrackedFace, crop_face, largest_track
from detector.inference.backbone import Backbone
from detector.inference.bundle import DEFAULT_DIRECTORY, Bundle
from registry.errors import DetectorError
from registry.model import (
    Abstention,
    AbstentionReason,
    Frame,
    FrameScore,
    Media,
    MediaKind,
    ModelId,
    Prediction,
    Screening,
    Thresholds,
    WindowScore,
)

# Half-precision weights move a logit by a few hundredths at most; a broken export moves it by whole units or to NaN.
SELF_CHECK_TOLERANCE = 0.1


class GruDetector:
    """The network that the project is named for, behind the `Detector` port; safe to share between threads.

    Args:
        bundle: weights, read and checked.
        backbone: the engine that turns crops into features.
        finder: finds faces.
    """

    def __init__(self, bundle: Bundle, backbone: Backbone, finder: FaceFinder) -> None:
        self._bundle, self._backbone, self._finder = bundle, backbone, finder
        self._lock = threading.Lock()  # neither the interpreter nor a cascade may be entered twice

    @classmethod
    def load(cls, directory: Path | None = None, *, threads: int = 2) -> Self:
        """Return the detector with the weights in a directory; those that come with the package by default.

        Args:
            directory: as `detector.train` writes it.
            threads: that the engine may use.

        Raises:
            DetectorError: weights are missing or damaged, or the engine computes something else than training did.
        """
        bundle = Bundle.load(directory or DEFAULT_DIRECTORY)
        detector = cls(bundle, Backbone(bundle.backbone, threads=threads), HaarFaceFinder())
        detector.check_engine()
        return detector

    @property
    def model_id(self) -> ModelId:
        """Which network judges: the hash of its manifest."""
        return self._bundle.model_id

    @property
    def thresholds(self) -> Thresholds:
        """Where this network's probabilities are sent to review and refused, as chosen on validation media."""
        return self._bundle.calibration.thresholds

    @property
    def config(self) -> DetectorConfig:
        """The numbers it was trained and is served with."""
        return self._bundle.config

    def predict(self, media: Media) -> Screening:
        """Return how strongly the face that fills most of the file points to forgery, or why it was not judged.

        Raises:
            DetectorError: the engine itself is broken.
        """
        config = self.config
        frames = [media.frames[i] for i in evenly_spaced(len(media.frames), config.max_frames)]
        with self._lock:
            tracked = largest_track([self._finder.find(frame.rgb) for frame in frames])
            faces = [face for face in tracked if face.box.side >= config.min_face_px]
            if (reason := self._no_basis(media.kind, tracked, faces, len(frames))) is not None:
                return reason
            crops = self._crops(frames, faces)
            features = self._backbone.features(crops)
            mirrored = self._backbone.features(crops[:, :, ::-1]) if media.kind is MediaKind.IMAGE else None
        times = [frames[face.index].t_s for face in faces]
        shares = [face.box.share_of(*frames[face.index].rgb.shape[1::-1]) for face in faces]
        per_frame = self._bundle.calibration.frame[media.kind].probability(self._bundle.head.frame_logits(features))
        rows = features if mirrored is None else np.concatenate([features, mirrored])
        whole, windows = self._windows(rows, times, media.kind)
        scores = tuple(FrameScore(t, float(p), box) for t, p, box in zip(times, per_frame, shares, strict=True))
        return Prediction(whole, self.model_id, windows, scores, len(faces) / len(frames))

    def _no_basis(
        self, kind: MediaKind, tracked: Sequence[TrackedFace], faces: Sequence[TrackedFace], frames: int
    ) -> Abstention | None:
        """Return why there is nothing to judge, or nothing if there is enough."""
        config = self.config
        if not tracked:
            detail = f"expected a face in at least one of {frames} frames, found none"
            return Abstention(AbstentionReason.NO_FACE, detail, self.model_id)
        if not faces:
            largest = max(face.box.side for face in tracked)
            detail = f"expected a face of at least {config.min_face_px} pixels, the largest has {largest:.0f}"
            return Abstention(AbstentionReason.FACE_TOO_SMALL, detail, self.model_id)
        if kind is MediaKind.VIDEO and len(faces) < config.min_frames:
            detail = f"expected one face in at least {config.min_frames} frames, got {len(faces)} of {frames}"
            return Abstention(AbstentionReason.TOO_FEW_FRAMES, detail, self.model_id)
        return None

    def _crops(self, frames: Sequence[Frame], faces: Sequence[TrackedFace]) -> NDArray[np.uint8]:
        config = self.config
        return np.array(
            [crop_face(frames[f.index].rgb, f.box, margin=config.margin, size=config.crop_px) for f in faces]
        )

    def _windows(
        self, rows: NDArray[np.float32], times: Sequence[float], kind: MediaKind
    ) -> tuple[float, tuple[WindowScore, ...]]:
        """Return the file's probability, from the mean logit of its windows, and each window's own."""
        length = self.config.window_frames
        parts = np.array_split(rows, math.ceil(len(rows) / length))
        logits = self._bundle.head.logits(*padded(parts, length))
        if not np.isfinite(logits).all():
            raise DetectorError(f"head: expected finite logits, got {logits}")
        line = self._bundle.calibration.whole[kind]
        whole = float(line.probability(logits.mean(keepdims=True))[0])
        if kind is MediaKind.IMAGE:
            return whole, (WindowScore(times[0], times[0], whole),)
        spans = np.array_split(np.array(times), len(parts))
        scored = zip(spans, line.probability(logits), strict=True)
        return whole, tuple(WindowScore(float(span[0]), float(span[-1]), float(p)) for span, p in scored)

    def check_engine(self) -> None:
        """Raise `DetectorError` unless the engine gives for a fixed input what Keras gave at export."""
        check = self._bundle.calibration.check
        features = self._backbone.features(check_crops(self.config))
        head = self._bundle.head
        got = (
            float(head.logits(*padded([features], self.config.window_frames))[0]),
            float(head.frame_logits(features).mean()),
        )
        if not np.allclose(got, check, rtol=0, atol=SELF_CHECK_TOLERANCE):
            raise DetectorError(f"self-check: expected logits {check} within {SELF_CHECK_TOLERANCE}, got {got}")


def check_crops(config: DetectorConfig) -> NDArray[np.uint8]:
    """Return the fixed input of the self-check, uint8 (3, crop, crop, 3): smooth random colours."""
    coarse = np.random.default_rng(config.seed).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    repeat = math.ceil(config.crop_px / 8)
    fine = coarse.repeat(repeat, axis=1).repeat(repeat, axis=2)
    return fine[:, : config.crop_px, : config.crop_px]
