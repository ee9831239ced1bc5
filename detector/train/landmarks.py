"""68 landmarks by the network of face-api.js (MIT), used in training only, for masks and alignment."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

INPUT_PX = 112
MEAN_RGB = (122.782, 117.001, 104.298)
BATCH = 256


class LandmarkNet:
    """Finds 68 points (iBUG order) on a tight square face crop."""

    def __init__(self, weights: Path) -> None:
        with np.load(weights) as arrays:
            self._weights = {name: tf.constant(arrays[name], tf.float32) for name in arrays.files}

    def points(self, wide: NDArray[np.uint8], face_share: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the points of wide crops in their pixels, float32 (n, 68, 2) as x, y.

        Args:
            wide: uint8 (n, side, side, 3), the face box in the middle.
            face_share: side of the box / side of the crop, (n,).
        """
        side = wide.shape[1]
        found = []
        for start in range(0, len(wide), BATCH):
            shares = face_share[start : start + BATCH].clip(0.3, 1.0)
            faces = [_middle(crop, s) for crop, s in zip(wide[start : start + BATCH], shares, strict=True)]
            relative = self._forward(tf.constant(np.stack(faces))).numpy().reshape(-1, 68, 2)
            found.append((relative * shares[:, None, None] + (1 - shares[:, None, None]) / 2) * side)
        return np.concatenate(found).astype(np.float32)

    def _forward(self, faces: tf.Tensor) -> tf.Tensor:
        x = (faces - tf.constant(MEAN_RGB, tf.float32)) / 255.0
        for block in range(4):
            a = tf.nn.relu(self._convolve(x, f"dense{block}/conv0", 2))
            b = self._convolve(a, f"dense{block}/conv1", 1)
            c = self._convolve(tf.nn.relu(a + b), f"dense{block}/conv2", 1)
            d = self._convolve(tf.nn.relu(a + b + c), f"dense{block}/conv3", 1)
            x = tf.nn.relu(a + b + c + d)
        pooled = tf.reduce_mean(x, axis=(1, 2))
        return pooled @ self._weights["fc/weights"] + self._weights["fc/bias"]

    def _convolve(self, x: tf.Tensor, name: str, stride: int) -> tf.Tensor:
        weights, strides = self._weights, (1, stride, stride, 1)
        if f"{name}/filters" in weights:
            y = tf.nn.conv2d(x, weights[f"{name}/filters"], strides, "SAME")
        else:
            depthwise, pointwise = weights[f"{name}/depthwise_filter"], weights[f"{name}/pointwise_filter"]
            y = tf.nn.separable_conv2d(x, depthwise, pointwise, strides, "SAME")
        return y + weights[f"{name}/bias"]


def _middle(crop: NDArray[np.uint8], share: float) -> NDArray[np.float32]:
    side = max(8, round(crop.shape[0] * share))
    start = (crop.shape[0] - side) // 2
    cut = crop[start : start + side, start : start + side]
    return np.asarray(cv2.resize(cut, (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA), np.float32)
