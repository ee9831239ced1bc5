"""The weights directory: what lies in it, whether it is whole, and which `ModelId` it has."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.inference.gru import GruHead
from registry.errors import DetectorError, InvalidValueError
from registry.model import MediaKind, ModelId, Thresholds

DEFAULT_DIRECTORY = Path(__file__).resolve().parent.parent / "weights"
BACKBONE, HEAD, CONFIG, CALIBRATION, MANIFEST = (
    "backbone.tflite",
    "head.npz",
    "config.json",
    "calibration.json",
    "manifest.json",
)
# Everything that can move an answer is under the weights' hash, the calibration and its thresholds included.
WEIGHT_FILES = (BACKBONE, HEAD, CALIBRATION)
ENGINE = "litert-fp16+numpy"


@dataclass(frozen=True, slots=True)
class Line:
    """A calibrated probability: sigmoid(slope · logit + offset), slope > 0 (Platt, 1999)."""

    slope: float
    offset: float

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise InvalidValueError(f"slope: expected more than 0, got {self.slope}")

    def probability(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probabilities of forgery, 0 to 1."""
        z = logits.astype(np.float64) * self.slope + self.offset
        return np.asarray(0.5 * (1 + np.tanh(z / 2)), np.float64)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From logits to probabilities, by kind of media, and where the gate draws its lines.

    Attributes:
        whole: of a file's or a window's logit.
        frame: of a single frame's.
        thresholds: chosen on validation media at stated false-positive rates.
        check: what Keras gave at export for the self-check's input: the head's logit and the mean frame logit.
    """

    whole: dict[MediaKind, Line]
    frame: dict[MediaKind, Line]
    thresholds: Thresholds
    check: tuple[float, float]

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Return the calibration written in a JSON file.

        Raises:
            DetectorError: the file cannot be read or is no such calibration.
        """
        values = read_json(path)
        try:
            whole, frame = (
                {kind: Line(*map(float, values[part][kind.word])) for kind in MediaKind} for part in ("whole", "frame")
            )
            thresholds = Thresholds(float(values["review_at"]), float(values["reject_at"]))
            whole_logit, frame_logit = values["check"]
            return cls(whole, frame, thresholds, (float(whole_logit), float(frame_logit)))
        except (KeyError, TypeError, ValueError) as exc:
            raise DetectorError(f"calibration {path.name}: {exc!r}") from exc


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Everything that serving needs, read and checked."""

    config: DetectorConfig
    backbone: Path
    head: GruHead
    calibration: Calibration
    model_id: ModelId

    @classmethod
    def load(cls, directory: Path) -> Bundle:
        """Return the weights in a directory.

        Raises:
            DetectorError: a file is missing or damaged, or the manifest names other bytes than lie there.
        """
        config = DetectorConfig.load(directory / CONFIG)
        manifest = read_json(directory / MANIFEST)
        expected = manifest_of(directory, config)
        if manifest != expected:
            raise DetectorError(f"weights: the manifest says {manifest}, the files give {expected}")
        try:
            with np.load(directory / HEAD, allow_pickle=False) as arrays:
                head = GruHead.from_arrays({name: arrays[name] for name in arrays.files})
        except (OSError, ValueError) as exc:
            raise DetectorError(f"weights {HEAD}: {exc}") from exc
        calibration = Calibration.load(directory / CALIBRATION)
        model_id = ModelId(config.name, hashlib.sha256(rfc8785.dumps(manifest)).digest())
        return cls(config, directory / BACKBONE, head, calibration, model_id)


def manifest_of(directory: Path, config: DetectorConfig) -> dict[str, str]:
    """Return the manifest of the files in a directory: name, sha256 of weights and configuration, engine.

    ``weights`` is the SHA-256 over the SHA-256 of each weight file in the order of `WEIGHT_FILES`.

    Raises:
        DetectorError: a file cannot be read.
    """
    try:
        digests = [hashlib.sha256((directory / name).read_bytes()).digest() for name in WEIGHT_FILES]
    except OSError as exc:
        raise DetectorError(f"weights: {exc}") from exc
    weights = hashlib.sha256(b"".join(digests)).hexdigest()
    return {"name": config.name, "weights_sha256": weights, "config_sha256": config.sha256(), "engine": ENGINE}


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        DetectorError: it cannot be read or is no object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise DetectorError(f"weights {path.name}: {exc}") from exc
    if not isinstance(values, dict):
        raise DetectorError(f"weights {path.name}: expected a JSON object, got {type(values).__name__}")
    return values
