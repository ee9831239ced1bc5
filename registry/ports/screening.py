"""Judgement: this installation's own, and that of other gates."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from registry.model import (
    Address,
    CosignRequest,
    GateVerdict,
    Media,
    ModelId,
    Screening,
)


class Detector(Protocol):
    """Judges decoded media; deterministic."""

    @property
    def model_id(self) -> ModelId:
        """Which network judges."""
        ...

    def predict(self, media: Media) -> Screening:
        """Return a prediction, or an abstention with its reason; never a number without a basis.

        Raises:
            DetectorError: the engine itself is broken.
        """
        ...


class Cosigner(Protocol):
    """Another installation's gate: it screens the bytes with its own model and signs with its own key."""

    @property
    def name(self) -> str:
        """What people know it by, in messages."""
        ...

    @property
    def gate(self) -> Address:
        """Whose verdicts it gives."""
        ...

    def cosign(self, request: CosignRequest, path: Path) -> GateVerdict:
        """Return its verdict on the bytes at ``path``, to be checked before it is trusted.

        Raises:
            CosignRefusedError: it looked and will not sign.
            CosignerUnavailableError: it cannot be asked now.
        """
        ...
