"""From Keras to what serving loads: a LiteRT backbone, numpy arrays, and proof that they compute the same."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.data import padded
from detector.inference.bundle import BACKBONE, CALIBRATION, CONFIG, HEAD, MANIFEST, Calibration, manifest_of
from detector.inference.detector import check_crops
from detector.inference.gru import GruHead
from detector.network import preprocess


def export_backbone(backbone: keras.Model, config: DetectorConfig, directory: Path) -> Path:
    """Write the backbone for LiteRT with half-precision weights and return its path.

    The model is wrapped in a fixed batch of one: a free batch is slower in the interpreter.
    """
    crop = keras.Input(batch_shape=(1, config.crop_px, config.crop_px, 3))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(crop, backbone(crop, training=False)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    path = directory / BACKBONE
    path.write_bytes(converter.convert())
    return path


def head_arrays(head: keras.Model, frame_model: keras.Model) -> dict[str, NDArray[np.float32]]:
    """Return the head's weights under the names that `GruHead.from_arrays` reads, float32."""
    normal = next(layer for layer in head.layers if isinstance(layer, keras.layers.Normalization))
    variance = np.maximum(np.asarray(normal.variance), keras.backend.epsilon() ** 2)
    arrays = {"mean": np.asarray(normal.mean).ravel(), "scale": (1 / np.sqrt(variance)).ravel()}
    for name in ("gru_1", "gru_2"):
        parts = ("kernel", "recurrent", "bias")
        arrays |= {f"{name}_{part}": w for part, w in zip(parts, head.get_layer(name).get_weights(), strict=True)}
    for name, layer in (
        ("dense", head.get_layer("dense")),
        ("output", head.get_layer("output")),
        ("frame", frame_model.get_layer("frame_logit")),
    ):
        arrays[f"{name}_kernel"], arrays[f"{name}_bias"] = layer.get_weights()
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def keras_check(
    backbone: keras.Model, frame_model: keras.Model, head: keras.Model, config: DetectorConfig
) -> tuple[float, float]:
    """Return what Keras gives for the self-check's input: the head's logit and the mean frame logit."""
    pictures = preprocess(check_crops(config))
    rows = np.asarray(backbone(pictures, training=False))
    probability = float(np.asarray(head(list(padded([rows], config.window_frames)), training=False))[0, 0])
    frames = float(np.asarray(frame_model(pictures, training=False)).mean())
    return float(np.log(probability) - np.log1p(-probability)), frames


def head_parity(head: keras.Model, arrays: dict[str, NDArray[np.float32]], config: DetectorConfig) -> float:
    """Return the largest difference in probability between Keras and numpy over 64 random masked sequences.

    Raises:
        ValueError: a result is NaN.
    """
    rng = np.random.default_rng(config.seed)
    mean, deviation = arrays["mean"], 1 / arrays["scale"]
    rows = [
        (mean + deviation * rng.standard_normal((n, len(mean)))).astype(np.float32)
        for n in rng.integers(1, config.window_frames + 1, 64)
    ]
    batch = padded(rows, config.window_frames)
    ours = 1 / (1 + np.exp(-GruHead.from_arrays(arrays).logits(*batch)))
    difference = float(np.abs(ours - head.predict(list(batch), verbose=0)[:, 0]).max())
    if not np.isfinite(difference):
        raise ValueError("parity: expected finite probabilities from Keras and numpy, got NaN")
    return difference


def write_bundle(
    directory: Path, config: DetectorConfig, arrays: dict[str, NDArray[np.float32]], calibration: Calibration
) -> None:
    """Write everything but the backbone, which lies there already, and the manifest last."""
    np.savez(directory / HEAD, allow_pickle=False, **arrays)
    config.save(directory / CONFIG)
    lines = {
        part: {kind.word: [line.slope, line.offset] for kind, line in getattr(calibration, part).items()}
        for part in ("whole", "frame")
    }
    values = lines | {
        "review_at": calibration.thresholds.review_at,
        "reject_at": calibration.thresholds.reject_at,
        "check": list(calibration.check),
    }
    write_json(directory / CALIBRATION, values)
    write_json(directory / MANIFEST, manifest_of(directory, config))


def write_json(path: Path, values: object) -> None:
    """Write a value as JSON, keys in order, with a final newline."""
    path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
