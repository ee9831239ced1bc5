"""What one file may cost and which of its frames are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from registry.errors import InvalidValueError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What one file may cost; more is refused, before decoding where its headers tell.

    Attributes:
        max_upload_bytes: of the file. 512 MiB: ten minutes at 7 Mbit/s, twice what phones write for 1080p.
        max_pixels: of one still. 100 million: the largest medium-format cameras; as RGBA it fits ``memory_bytes``.
        max_frame_pixels: of one frame of a clip. 7680 × 4320, 8K UHD.
        max_frames: decoded of one clip. 600 s at 60 frames a second.
        max_duration_s: of one clip. Ten minutes: at 5.3 ms a 1080p frame, 30 frames a second cost 95 s of CPU.
        memory_bytes: address space of the child (RLIMIT_AS). 2 GiB: libraries 0.4, twenty 8K frames 1.0.
        cpu_s: of the child (RLIMIT_CPU). Just above the costliest clip that the limits above mean to let through.
        wall_s: from fork to kill; twice ``cpu_s``, for a machine that is shared.
        max_children: decoded at once; further calls wait for a place.
    """

    max_upload_bytes: int = 512 * MIB
    max_pixels: int = 100_000_000
    max_frame_pixels: int = 7680 * 4320
    max_frames: int = 36_000
    max_duration_s: float = 600.0
    memory_bytes: int = 2048 * MIB
    cpu_s: int = 120
    wall_s: float = 240.0
    max_children: int = 4

    def __post_init__(self) -> None:
        _require_positive(self)


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """Which frames come back, and how large.

    Of a clip, the first frame at or after each point of the grid t = 0, ``interval_s``, 2 ``interval_s``, …; where that
    gives more than ``max_frames`` the interval doubles until it does not.

    Attributes:
        interval_s: seconds between grid points. 0.5: two frames a second, as the measured video matching queries.
        max_frames: kept of one clip. 120: a minute at two a second; 187 MB at most.
        frame_side_px: long side of a clip's frames at most. 720: a face of an eighth of the height keeps 50 px.
        still_side_px: long side of a still at most. 1280, for small faces in group photos.
        min_side_px: a JPEG is never decoded at a reduced scale below this long side. 512: PDQ's working size.
    """

    interval_s: float = 0.5
    max_frames: int = 120
    frame_side_px: int = 720
    still_side_px: int = 1280
    min_side_px: int = 512

    def __post_init__(self) -> None:
        _require_positive(self)

    @property
    def output_bytes(self) -> int:
        """The most that the frames of one file can take, in bytes."""
        return 3 * max(self.max_frames * self.frame_side_px**2, self.still_side_px**2)


def _require_positive(values: MediaLimits | SamplingPlan) -> None:
    for name, value in asdict(values).items():
        if not value > 0:
            raise InvalidValueError(f"{name}: expected more than 0, got {value}")
