"""The network in Keras: MobileNetV2 per frame, then masked GRU → GRU → dropout → dense → sigmoid along the clip.

TensorFlow is imported here and in `detector.train` only; serving reads what `detector.train` exports.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from detector.config import DetectorConfig

FEATURES = 1280  # MobileNetV2's last convolution, averaged over the picture


def build_backbone(config: DetectorConfig, weights: Path | None) -> keras.Model:
    """Return MobileNetV2 (Sandler et al., CVPR 2018): float32 (n, crop, crop, 3) in [-1, 1], RGB → (n, 1280).

    Args:
        config: gives the crop size.
        weights: an HDF5 file of Keras' ``MobileNetV2(include_top=False)``; none for random weights.
    """
    shape = (config.crop_px, config.crop_px, 3)
    backbone = keras.applications.MobileNetV2(input_shape=shape, include_top=False, pooling="avg", weights=None)
    if weights is not None:
        backbone.load_weights(weights)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.99  # the published 0.999 never settles in a thousand steps
    return backbone


def build_frame_model(config: DetectorConfig, backbone: keras.Model) -> keras.Model:
    """Return crops → one logit of forgery per frame, (n, 1); what the backbone is fine-tuned with."""
    crops = keras.Input((config.crop_px, config.crop_px, 3))
    dropped = keras.layers.Dropout(0.2, seed=config.seed)(backbone(crops))
    return keras.Model(crops, keras.layers.Dense(1, name="frame_logit")(dropped))


def build_head(config: DetectorConfig, mean: NDArray[np.float32], variance: NDArray[np.float32]) -> keras.Model:
    """Return (features (n, length, 1280), mask (n, length)) → probability of forgery (n, 1), for any length.

    Args:
        config: gives layer sizes.
        mean: of each feature over the training frames, (1280,); features enter standardised.
        variance: likewise.
    """
    features = keras.Input((None, len(mean)), name="features")
    mask = keras.Input((None,), dtype="bool", name="mask")
    standard = keras.layers.Normalization(mean=mean, variance=variance)(features)
    first, second = config.gru_units
    # Recurrent kernels do not need a GPU's fused kernel here; reset_after is Keras' default and what serving computes.
    along = keras.layers.GRU(first, return_sequences=True, name="gru_1")(standard, mask=mask)
    last = keras.layers.GRU(second, name="gru_2")(along, mask=mask)
    dropped = keras.layers.Dropout(config.dropout, seed=config.seed)(last)
    dense = keras.layers.Dense(config.dense_units, activation="relu", name="dense")(dropped)
    return keras.Model([features, mask], keras.layers.Dense(1, activation="sigmoid", name="output")(dense))


def preprocess(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return uint8 crops scaled to [-1, 1], as the backbone expects them."""
    return crops.astype(np.float32) / np.float32(127.5) - np.float32(1)
