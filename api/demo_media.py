"""What the demo does to a file before it asks again: a re-encoded copy, and a forged one made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.forge import forge_frames, forge_image

Rgb = NDArray[np.uint8]
STILL_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})
COPY_JPEG_QUALITY = 60
COPY_CRF = 35
FORGED_CRF = 18
SEED = 7


def reencoded_copy(original: Path, studio: Path) -> Path:
    """Return a copy at half size: JPEG quality 60 for a still, H.264 CRF 35 for a clip."""
    if original.suffix.lower() in STILL_SUFFIXES:
        copy = studio / f"{original.stem}-copy.jpg"
        with Image.open(original) as image:
            half = image.convert("RGB").resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
        half.save(copy, "JPEG", quality=COPY_JPEG_QUALITY)
        return copy
    copy = studio / f"{original.stem}-copy.mp4"
    _encode(original, copy, crf=COPY_CRF, scale=0.5, change=lambda frames: frames)
    return copy


def forged_copy(original: Path, studio: Path) -> Path:
    """Return a copy whose face is forged; visibly marked, so that nobody takes it for more than it is.

    Raises:
        NoFaceError: there is no face to forge.
    """
    if original.suffix.lower() in STILL_SUFFIXES:
        forged = studio / f"{original.stem}-forged.jpg"
        with Image.open(original) as image:
            rgb = np.asarray(image.convert("RGB"))
        Image.fromarray(forge_image(rgb, seed=SEED)).save(forged, "JPEG", quality=92)
        return forged
    forged = studio / f"{original.stem}-forged.mp4"
    _encode(original, forged, crf=FORGED_CRF, scale=1.0, change=lambda frames: forge_frames(frames, seed=SEED))
    return forged


def _encode(source: Path, target: Path, *, crf: int, scale: float, change: Callable[[list[Rgb]], list[Rgb]]) -> None:
    """Decode a short clip, change its frames and encode it again as H.264."""
    with av.open(str(source)) as reader:
        video = reader.streams.video[0]
        rate = Fraction(video.average_rate or 25)
        frames = change(list(_frames(reader)))
    height, width = (int(side * scale) // 2 * 2 for side in frames[0].shape[:2])
    with av.open(str(target), "w") as writer:
        stream = writer.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for rgb in frames:
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(width=width, height=height)
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())


def _frames(reader: av.container.InputContainer) -> Iterator[Rgb]:
    for frame in reader.decode(video=0):
        yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
