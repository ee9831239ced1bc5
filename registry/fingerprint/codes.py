"""From decoded media to codes: those that are stored and those that a query asks with."""

from __future__ import annotations

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from registry.fingerprint import pdq
from registry.model import (
    PDQ256,
    PHASH64,
    Digest,
    Fingerprint,
    Frame,
    Media,
    MediaKind,
    PerceptualHash,
    Transform,
)

FP_VERSION = 1
# Below this a code stands on too little texture to be evidence: the gate of ThreatExchange (pdq/README.md).
MIN_QUALITY = 50
# A clip's frame within this of the one kept before it shows the same: a query at distance 31 - 8 of it still finds it.
SAME_SCENE_BITS = 8
# Frames of a clip that a query asks with: enough for a vote of 30 % to rest on five.
QUERY_FRAMES = 16


def fingerprint(media: Media, digest: Digest) -> Fingerprint:
    """Return the codes by which copies of the file are found: PDQ-256 and pHash-64 of each frame.

    Frames of a clip whose PDQ is within `SAME_SCENE_BITS` of the frame kept before are left out. Codes of low quality
    are kept and say so; the same media gives the same fingerprint in every process and thread.

    Args:
        media: as decoded by `registry.media`.
        digest: of the file's exact bytes.
    """
    hashes: list[PerceptualHash] = []
    kept: bytes | None = None
    for frame in media.frames:
        dct, quality = pdq.coefficients(frame.rgb)
        bits = pdq.code(dct)
        if kept is not None and distance_bits(kept, bits) <= SAME_SCENE_BITS:
            continue
        kept = bits
        t_s = _time(media, frame)
        hashes.append(PerceptualHash(PDQ256, bits, quality, t_s))
        hashes.append(PerceptualHash(PHASH64, _phash(frame.rgb), quality, t_s))
    return Fingerprint(FP_VERSION, media.kind, digest, tuple(hashes))


def query_codes(media: Media) -> tuple[tuple[Transform, PerceptualHash], ...]:
    """Return what to look up: of each frame eight PDQ codes, one per turn and mirroring, and its pHash as it is.

    A clip's frames are thinned evenly to `QUERY_FRAMES`.
    """
    codes: list[tuple[Transform, PerceptualHash]] = []
    for frame in _thinned(media.frames):
        dct, quality = pdq.coefficients(frame.rgb)
        t_s = _time(media, frame)
        for transform, bits in pdq.dihedral_codes(dct):
            codes.append((transform, PerceptualHash(PDQ256, bits, quality, t_s)))
        codes.append((Transform.IDENTITY, PerceptualHash(PHASH64, _phash(frame.rgb), quality, t_s)))
    return tuple(codes)


def distance_bits(first: bytes, second: bytes) -> int:
    """Return the Hamming distance of two codes of equal length."""
    return (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_count()


def _thinned(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    count = min(len(frames), QUERY_FRAMES)
    return tuple(frames[index * len(frames) // count] for index in range(count))


def _time(media: Media, frame: Frame) -> float | None:
    return None if media.kind is MediaKind.IMAGE else round(frame.t_s, 3)


def _phash(rgb: NDArray[np.uint8]) -> bytes:
    found = imagehash.phash(Image.fromarray(pdq.reduced(rgb)), hash_size=8)
    return np.packbits(found.hash.ravel()).tobytes()
