"""Where a clip's own headers say that its file ends; FFmpeg takes one cut between two packets for complete.

Sources: ISO 14496-12 4.2 (boxes), RFC 8794 and RFC 9559 (EBML, Matroska), the RIFF specification of 1991 (AVI).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

_EBML_HEAD_BYTES = 4096  # the EBML header is some forty bytes long
_MEDIA_BOXES = (b"moov", b"moof", b"mdat")  # recorders append trailers of their own, which are no boxes
_SEGMENT = b"\x18\x53\x80\x67"
_RIFF_UNKNOWN = (0, 0xFFFFFFFF)  # what a recorder writes before it knows the length


def declared_end(stream: BinaryIO, demuxer: str) -> int | None:
    """Return the offset at which the file ends by its own headers, or nothing where they do not say (live streams).

    Args:
        stream: seekable; its position is lost.
        demuxer: a key of `registry.media.videos.DEMUXERS`.
    """
    match demuxer:
        case "matroska":
            stream.seek(0)
            return _segment_end(stream.read(_EBML_HEAD_BYTES))
        case "avi":
            stream.seek(4)
            length = int.from_bytes(stream.read(4), "little")
            return None if length in _RIFF_UNKNOWN else 8 + length
        case _:
            return max((at + size for at, size, kind, _ in boxes(stream) if kind in _MEDIA_BOXES), default=None)


def boxes(stream: BinaryIO) -> Iterator[tuple[int, int, bytes, int]]:
    """Yield each top-level box: its offset, its size, its type, and the bytes of its header.

    A box of declared size 0 reaches to the end of the file. The walk ends past the file, and at a box that is smaller
    than its header.

    Args:
        stream: seekable; its position is lost.
    """
    length = stream.seek(0, os.SEEK_END)
    at = 0
    while at < length:
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        header = 8
        if size == 1:
            if len(head) < 16:
                return
            size, header = struct.unpack_from(">Q", head, 8)[0], 16
        size = size or length - at
        if size < header:
            return
        yield at, size, kind, header
        at += size


def _segment_end(head: bytes) -> int | None:
    header = _ebml_size(head, 4)
    if header is None:
        return None
    at = header[0] + header[1]
    if head[at : at + 4] != _SEGMENT:
        return None
    segment = _ebml_size(head, at + 4)
    return None if segment is None else segment[0] + segment[1]


def _ebml_size(head: bytes, at: int) -> tuple[int, int] | None:
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
