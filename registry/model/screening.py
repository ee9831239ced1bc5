"""What a detector says of one file: a `Prediction`, or an `Abstention`; never a number without a basis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from registry.errors import InvalidValueError
from registry.model.identity import ModelId

BAND_NOT_JUDGED = 255
# Cuts in calibrated probability: none, weak, moderate, strong, very strong. The words and the 0.5/0.7/0.9 cuts are the
# AFP/InVID plugin's; below 0.3 nothing points to forgery.
BAND_CUTS = (0.3, 0.5, 0.7, 0.9)
BAND_WORDS = {0: "none", 1: "weak", 2: "moderate", 3: "strong", 4: "very strong", BAND_NOT_JUDGED: "not judged"}


def basis_points(probability: float) -> int:
    """Return floor(10,000·p + 0.5), the form in which probabilities stand on chain."""
    return int(10_000 * probability + 0.5)


def band_of(probability: float) -> int:
    """Return how strongly a calibrated probability points to forgery, 0 (none) to 4 (very strong)."""
    return sum(probability >= cut for cut in BAND_CUTS)


def require_probability(name: str, value: float) -> None:
    """Raise `InvalidValueError` unless 0 <= value <= 1 (NaN is refused too)."""
    if not 0.0 <= value <= 1.0:
        raise InvalidValueError(f"{name}: expected a number in [0, 1], got {value}")


class AbstentionReason(StrEnum):
    """Why a detector gives no number."""

    NO_FACE = "no_face"
    FACE_TOO_SMALL = "face_too_small"
    TOO_FEW_FRAMES = "too_few_frames"
    MODEL_MISSING = "model_missing"
    DECODER_FAILED = "decoder_failed"


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face in a frame.

    Attributes:
        x0: left edge as a share of the frame's width, 0 to 1; likewise the others.
    """

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class FrameScore:
    """The detector's finding on one frame.

    Attributes:
        t_s: seconds from the start.
        fake_probability: 0 to 1.
        face: where the judged face is.
    """

    t_s: float
    fake_probability: float
    face: FaceBox

    def __post_init__(self) -> None:
        require_probability("fake_probability", self.fake_probability)


@dataclass(frozen=True, slots=True)
class WindowScore:
    """The detector's finding on a stretch of a clip, from ``start_s`` to ``end_s``."""

    start_s: float
    end_s: float
    fake_probability: float

    def __post_init__(self) -> None:
        require_probability("fake_probability", self.fake_probability)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The calibrated probability that a file is forged, and what it stands on.

    Attributes:
        fake_probability: 0 to 1; 1 is forged.
        model_id: which network said so.
        windows: at least one.
        frames: one per judged frame, in time order.
        coverage: seconds judged / seconds of the clip, 0 to 1; 1 for a judged still.
    """

    fake_probability: float
    model_id: ModelId
    windows: tuple[WindowScore, ...]
    frames: tuple[FrameScore, ...]
    coverage: float

    def __post_init__(self) -> None:
        require_probability("fake_probability", self.fake_probability)
        require_probability("coverage", self.coverage)


@dataclass(frozen=True, slots=True)
class Abstention:
    """The detector judged nothing, and why.

    Attributes:
        reason: the code.
        detail: got and expected, for people.
        model_id: which network abstained; absent where none was at hand.
    """

    reason: AbstentionReason
    detail: str
    model_id: ModelId | None


Screening = Prediction | Abstention
