"""Where a Matroska or WebM file must end (RFC 8794, RFC 9559); FFmpeg takes one that is cut short for complete."""

from __future__ import annotations

HEAD_BYTES = 4096  # the EBML header is some forty bytes long
_SEGMENT = b"\x18\x53\x80\x67"


def segment_end(head: bytes) -> int | None:
    """Return the offset at which the file's one Segment ends, or nothing where it does not say (live streams).

    Args:
        head: the file's first `HEAD_BYTES` bytes, fewer if it is shorter.
    """
    header = _size(head, 4)
    if header is None:
        return None
    at = header[0] + header[1]
    if head[at : at + 4] != _SEGMENT:
        return None
    segment = _size(head, at + 4)
    return None if segment is None else segment[0] + segment[1]


def _size(head: bytes, at: int) -> tuple[int, int] | None:
    """Return where an element's data begins and how long it is; nothing if its size is unknown or not within."""
    if at >= len(head) or head[at] == 0:
        return None
    length = 9 - head[at].bit_length()
    if at + length > len(head):
        return None
    value = int.from_bytes(head[at : at + length], "big") & ((1 << 7 * length) - 1)
    if value == (1 << 7 * length) - 1:  # all ones: unknown
        return None
    return at + length, value
