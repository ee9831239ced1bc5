"""Write gru.json: a small head with random weights, masked sequences, and what Keras gives for them.

Run from the repository's root with the ``train`` extra: ``python tests/vectors/build_gru.py``.
"""

import json
from pathlib import Path

import numpy as np

from detector.config import DetectorConfig
from detector.data import padded
from detector.network import build_frame_model, build_head
from detector.train.export import head_arrays

FEATURES = 5


def main() -> None:
    import keras

    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(7)
    config = DetectorConfig(window_frames=6, gru_units=(4, 3), dense_units=2, crop_px=32)
    mean, variance = rng.standard_normal(FEATURES), rng.uniform(0.5, 2.0, FEATURES)
    head = build_head(config, mean.astype(np.float32), variance.astype(np.float32))
    head.set_weights([w if i < 3 else rng.normal(0, 0.7, w.shape) for i, w in enumerate(head.get_weights())])
    frame = build_frame_model(config, keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(FEATURES)]))
    rows = [rng.standard_normal((n, FEATURES)).astype(np.float32) for n in (1, 2, 4, 6)]
    probabilities = head.predict(list(padded(rows, config.window_frames)), verbose=0)[:, 0]
    arrays = head_arrays(head, frame)
    vectors = {
        "window_frames": config.window_frames,
        "arrays": {name: array.tolist() for name, array in arrays.items()},
        "sequences": [row.tolist() for row in rows],
        "probabilities": probabilities.tolist(),
    }
    Path(__file__).with_name("gru.json").write_text(json.dumps(vectors) + "\n")


if __name__ == "__main__":
    main()
