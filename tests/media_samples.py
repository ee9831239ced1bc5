"""Synthetic media with seeds: textured pictures, clips, and hostile files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]


def textured(seed: int, height: int = 240, width: int = 320) -> Rgb:
    """Return a smooth random picture with detail at every scale, as photographs have."""
    rng = np.random.default_rng(seed)
    sum_of_scales = np.zeros((height, width, 3), np.float32)
    for octave in range(2, 8):
        cells = 2**octave
        noise = rng.standard_normal((cells, cells, 3)).astype(np.float32)
        sum_of_scales += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) / (octave - 1)
    low, high = sum_of_scales.min(), sum_of_scales.max()
    return ((sum_of_scales - low) * (255 / (high - low))).astype(np.uint8)


def panning(seed: int, count: int, height: int = 120, width: int = 160) -> list[Rgb]:
    """Return frames that look at a moving part of one textured picture."""
    wide = textured(seed, height * 2, width * 2)
    frames = []
    for index in range(count):
        top = int(height * (0.5 + 0.45 * np.sin(index / 11)))
        left = int(width * (0.5 + 0.45 * np.cos(index / 17)))
        frames.append(np.ascontiguousarray(wide[top : top + height, left : left + width]))
    return frames


def write_clip(
    path: Path,
    frames: Iterable[Rgb],
    *,
    rate: int = 10,
    codec: str = "libx264",
    times_s: Sequence[float] | None = None,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    muxer_options: dict[str, str] | None = None,
) -> Path:
    """Encode the frames, at ``times_s`` where given, and return the path."""
    with av.open(str(path), "w", options=muxer_options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate, options={"threads": "1", **(options or {})})
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        tick = Fraction(1, 1000) if times_s is not None else Fraction(1, rate)
        stream.codec_context.time_base = tick
        for index, rgb in enumerate(frames):
            if index == 0:
                stream.height, stream.width = rgb.shape[:2]
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts = index if times_s is None else round(times_s[index] / tick)
            frame.time_base = tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def save(path: Path, rgb: Rgb, **options: object) -> Path:
    """Save a picture by its suffix and return the path."""
    Image.fromarray(rgb).save(path, **options)
    return path


def png_bomb(width: int, height: int, *, bits: int = 1, colour_type: int = 0) -> bytes:
    """Return a small PNG whose pixels are all zero; colour types are PNG's (0 grey, 2 RGB, 6 RGBA)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    deflate = zlib.compressobj(9)
    channels = {0: 1, 2: 3, 6: 4}[colour_type]
    row = bytes(1 + (width * bits * channels + 7) // 8)
    pixels = b"".join(deflate.compress(row) for _ in range(height)) + deflate.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def rotated_mp4(data: bytes, quarter_turns: int) -> bytes:
    """Return the MP4 with its track's display matrix (ISO 14496-12, tkhd) turned clockwise."""
    one, minus = 0x00010000, 0xFFFF0000
    a, b, c, d = [(one, 0, 0, one), (0, one, minus, 0), (minus, 0, 0, minus), (0, minus, one, 0)][quarter_turns % 4]
    at = data.index(b"tkhd") + 4 + 40
    return data[:at] + struct.pack(">9I", a, b, 0, c, d, 0, 0, 0, 0x40000000) + data[at + 36 :]
