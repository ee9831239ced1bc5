"""The exported per-frame network under LiteRT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from registry.errors import DetectorError


class Backbone:
    """The exported MobileNetV2 under LiteRT: crops in, features out, one crop at a time.

    One crop at a time makes an answer independent of what else is in the batch.
    """

    def __init__(self, path: Path, *, threads: int) -> None:
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
            self._interpreter.allocate_tensors()
            self._input = self._interpreter.get_input_details()[0]["index"]
            self._output = self._interpreter.get_output_details()[0]["index"]
        except (ValueError, RuntimeError) as exc:
            raise DetectorError(f"backbone {path.name}: {exc}") from exc

    def features(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features of crops (n, crop, crop, 3), float32 (n, features).

        Raises:
            DetectorError: the engine fails or gives a number that is none.
        """
        rows = []
        for crop in crops:
            try:
                scaled = crop[None].astype(np.float32) / np.float32(127.5) - np.float32(1)
                self._interpreter.set_tensor(self._input, scaled)
                self._interpreter.invoke()
                rows.append(np.array(self._interpreter.get_tensor(self._output)[0], np.float32))
            except (ValueError, RuntimeError) as exc:
                raise DetectorError(f"backbone: {exc}") from exc
        features = np.array(rows, np.float32)
        if not np.isfinite(features).all():
            raise DetectorError("backbone: expected finite features, got NaN or infinity")
        return features
