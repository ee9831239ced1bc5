"""`PerceptualHash` and the fingerprint of one file."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import InvalidValueError
from registry.model.identity import Digest
from registry.model.media import MediaKind

PHASH64 = "phash64-v1"
PDQ256 = "pdq256-v1"
HASH_LENGTH_BYTES = {PHASH64: 8, PDQ256: 32}


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """A named, versioned algorithm and its bits: a soft binding.

    Attributes:
        alg: ``phash64-v1`` or ``pdq256-v1``.
        bits: the code, most significant bit first; 8 or 32 bytes by ``alg``.
        quality: 0 to 100, how much texture the code stands on (PDQ's measure); below 50 a code is no evidence.
        t_s: seconds from the start of the clip, absent for a still.
    """

    alg: str
    bits: bytes
    quality: int
    t_s: float | None = None

    def __post_init__(self) -> None:
        expected = HASH_LENGTH_BYTES.get(self.alg)
        if expected is None:
            raise InvalidValueError(f"alg: expected one of {sorted(HASH_LENGTH_BYTES)}, got {self.alg!r}")
        if len(self.bits) != expected:
            raise InvalidValueError(f"{self.alg}: expected {expected} bytes, got {len(self.bits)}")
        if not 0 <= self.quality <= 100:
            raise InvalidValueError(f"quality: expected 0 to 100, got {self.quality}")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything by which copies of one file are found again.

    Attributes:
        fp_version: the version of decode and hash rules that made it; codes of different versions are not compared.
        kind: still or clip.
        digest: of the exact bytes.
        hashes: in time order for a clip; at least one.
    """

    fp_version: int
    kind: MediaKind
    digest: Digest
    hashes: tuple[PerceptualHash, ...]
