"""Whether two files that were refused show the same, by their stored codes."""

from __future__ import annotations

from registry.fingerprint import MIN_QUALITY, distance_bits
from registry.model import PDQ256, Fingerprint
from registry.verify import HASH_RADIUS_BITS, MIN_VOTE


def look_the_same(first: Fingerprint, second: Fingerprint) -> bool:
    """Return whether one's codes meet the other's as a query's meet a record's: within 31 bits, in 30 % of frames.

    Only the picture as it stands is compared: turned or mirrored ones count as others, since of a refused file the
    codes alone are kept.
    """
    if first.fp_version != second.fp_version or first.kind is not second.kind:
        return False
    ours, theirs = _codes(first), _codes(second)
    if not ours or not theirs:
        return False
    fewer, more = sorted((ours, theirs), key=len)
    votes = sum(any(distance_bits(code, other) <= HASH_RADIUS_BITS for other in more) for code in fewer)
    return votes >= max(1.0, MIN_VOTE * len(fewer))


def _codes(fingerprint: Fingerprint) -> list[bytes]:
    return [code.bits for code in fingerprint.hashes if code.alg == PDQ256 and code.quality >= MIN_QUALITY]
