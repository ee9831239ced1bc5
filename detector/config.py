"""`DetectorConfig`: every number that training and serving must agree on, in one frozen value and one JSON file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from registry.errors import DetectorError, InvalidValueError


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """What turns decoded media into the network's input, and the network's shape.

    Attributes:
        name: the model's name, the first half of its `ModelId`.
        crop_px: side of the square crop that the backbone sees, in pixels.
        margin: side of the crop / side of the face box; 1.3 as in the trials the recipe comes from.
        window_frames: frames that the GRU reads at once; shorter sequences are masked.
        max_frames: frames judged per file at most, evenly spaced over the frames that the decoder gave.
        min_frames: frames with a tracked face below which a clip is not judged.
        min_face_px: side of a face, in pixels of the decoded frame, below which it is not judged.
        gru_units: units of the first and the second GRU.
        dense_units: units of the layer before the sigmoid.
        dropout: share of the second GRU's output dropped in training.
        seed: of everything random in training.
    """

    name: str = "gru-v1"
    crop_px: int = 160
    margin: float = 1.3
    window_frames: int = 20
    max_frames: int = 60
    min_frames: int = 3
    min_face_px: int = 40
    gru_units: tuple[int, int] = (16, 8)
    dense_units: int = 8
    dropout: float = 0.4
    seed: int = 20261121

    def __post_init__(self) -> None:
        positive = ("crop_px", "window_frames", "max_frames", "min_frames", "min_face_px", "dense_units")
        for name in positive:
            if getattr(self, name) < 1:
                raise InvalidValueError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.margin < 1.0:
            raise InvalidValueError(f"margin: expected at least 1, got {self.margin}")
        if not 0.0 <= self.dropout < 1.0:
            raise InvalidValueError(f"dropout: expected a share in [0, 1), got {self.dropout}")
        if len(self.gru_units) != 2 or min(self.gru_units) < 1:
            raise InvalidValueError(f"gru_units: expected two positive numbers, got {self.gru_units}")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the configuration written in a JSON file by `save`.

        Raises:
            DetectorError: the file cannot be read, is not JSON, or names other fields than this version has.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as exc:
            raise DetectorError(f"configuration {path.name}: {exc}") from exc
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or set(values) != known:
            got = sorted(values) if isinstance(values, dict) else type(values).__name__
            raise DetectorError(f"configuration {path.name}: expected the fields {sorted(known)}, got {got}")
        values["gru_units"] = tuple(values["gru_units"])
        return cls(**values)

    def save(self, path: Path) -> None:
        """Write the configuration as JSON, keys in order."""
        path.write_bytes(self._json())

    def sha256(self) -> str:
        """Return the SHA-256 of the JSON that `save` writes, 64 hex digits."""
        return hashlib.sha256(self._json()).hexdigest()

    def _json(self) -> bytes:
        return (json.dumps(asdict(self), indent=2, sort_keys=True) + "\n").encode()
