"""Copies of files without their metadata; runs in the child.

Pictures are copied chunk by chunk, so that no pixel changes; clips are remuxed, so that no frame changes.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from PIL import Image

from registry.errors import MediaDecodeError, MediaTooLargeError
from registry.media.images import FORMATS, ORIENTATION
from registry.media.limits import MediaLimits
from registry.media.remux import remux

# PNG 3rd edition 11.3: what changes how the pixels look, and APNG's frames.
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD",
     b"pHYs", b"acTL", b"fcTL", b"fdAT"}
)  # fmt: skip
_WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
_VP8X_EXIF_XMP = 0x08 | 0x04
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def strip_file(stream: BinaryIO, name: str, output: mmap.mmap, limits: MediaLimits) -> int:
    """Write the file without metadata into ``output`` and return how many bytes that took.

    Kept are colour profile, orientation and timing; location, author and every other tag, thumbnails, comments,
    telemetry tracks and whatever follows the picture's end are dropped.

    Args:
        stream: seekable, at the file's first byte.
        name: as `registry.media.sniff.sniff` gave it.
        output: mapping of the output memory file.
        limits: of the output's size.

    Raises:
        MediaDecodeError: truncated or corrupt.
        MediaTooLargeError: the copy does not fit ``output``.
    """
    copy = _STRIPPERS.get(name)
    if copy is None:
        return remux(stream, name, output)
    orientation = 1 if name == "bmp" else _orientation(stream)
    data = stream.read()
    size = 0
    try:
        for piece in copy(data, orientation):
            if size + len(piece) > len(output):
                raise MediaTooLargeError("max_upload_bytes", limit=limits.max_upload_bytes, value=size + len(piece))
            output[size : size + len(piece)] = piece
            size += len(piece)
    except (struct.error, IndexError) as exc:
        raise MediaDecodeError(f"{name}: truncated") from exc
    return size


def _orientation(stream: BinaryIO) -> int:
    try:
        value = Image.open(stream, formats=FORMATS).getexif().get(ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, TypeError) as exc:
        raise MediaDecodeError(f"the image's header cannot be read: {exc}") from exc
    stream.seek(0)
    return value if value in range(1, 9) else 1


def _tiff_orientation(orientation: int) -> bytes:
    """Return EXIF that says nothing but the orientation: a TIFF header and one directory with one entry."""
    return b"MM\x00*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, orientation, 0, 0)


def _jpeg(data: bytes, orientation: int) -> Iterator[bytes]:
    """Yield the segments of ITU-T T.81 without APPn and COM, except JFIF, the ICC profile and Adobe's colour flag."""
    yield data[:2]
    if orientation != 1:
        body = b"Exif\x00\x00" + _tiff_orientation(orientation)
        yield b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    at = 2
    while True:
        if data[at] != 0xFF:
            raise MediaDecodeError(f"jpeg: no marker at byte {at}")
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if marker == 0xD9:
            yield b"\xff\xd9"
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        body = data[at + 4 : end]
        dropped = (0xE0 <= marker <= 0xEF or marker == 0xFE) and not (
            (marker == 0xE0 and body.startswith(b"JFIF\x00"))
            or (marker == 0xE2 and body.startswith(b"ICC_PROFILE\x00"))
            or (marker == 0xEE and body.startswith(b"Adobe"))
        )
        if not dropped:
            yield data[at:end]
        at = end
        if marker == 0xDA:
            at = _end_of_scan(data, at)
            yield data[end:at]


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the next marker begins that is neither a stuffed byte nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise MediaDecodeError("jpeg: truncated in the scan")
        if data[at + 1] != 0x00 and not 0xD0 <= data[at + 1] <= 0xD7 and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _png(data: bytes, orientation: int) -> Iterator[bytes]:
    yield data[:8]
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise MediaDecodeError("png: truncated")
        if kind in _PNG_KEPT:
            yield data[at:end]
        if kind == b"IHDR" and orientation != 1:
            yield _png_chunk(b"eXIf", _tiff_orientation(orientation))
        if kind == b"IEND":
            return
        at = end


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _webp(data: bytes, orientation: int) -> Iterator[bytes]:
    """Yield a RIFF file with the chunks that make the picture (RFC 9649)."""
    end = min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    chunks: list[bytes] = []
    at = 12
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        stop = at + 8 + length + length % 2
        if stop > len(data):
            raise MediaDecodeError("webp: truncated")
        if kind == b"VP8X":
            flags = data[at + 8] & ~_VP8X_EXIF_XMP | (0x08 if orientation != 1 else 0)
            chunks.append(data[at : at + 8] + bytes([flags]) + data[at + 9 : stop])
        elif kind not in _WEBP_DROPPED:
            chunks.append(data[at:stop])
        at = stop
    if orientation != 1:
        exif = _tiff_orientation(orientation)
        chunks.append(b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\x00" * (len(exif) % 2))
    body = b"WEBP" + b"".join(chunks)
    yield b"RIFF" + struct.pack("<I", len(body)) + body


def _gif(data: bytes, _orientation: int) -> Iterator[bytes]:
    """Yield the blocks of GIF89a without comments, plain text and applications other than the loop count."""
    at = 13 + _colour_table(data[10])
    yield data[:at]
    while True:
        introducer = data[at]
        if introducer == 0x3B:
            yield b"\x3b"
            return
        if introducer == 0x2C:
            end = _end_of_blocks(data, at + 11 + _colour_table(data[at + 9]))
            kept = True
        elif introducer == 0x21:
            label = data[at + 1]
            end = _end_of_blocks(data, at + 2)
            kept = label == 0xF9 or (label == 0xFF and data[at + 3 : at + 14] in _GIF_LOOPS)
        else:
            raise MediaDecodeError(f"gif: no block at byte {at}")
        if kept:
            yield data[at:end]
        at = end


def _colour_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


def _bmp(data: bytes, _orientation: int) -> Iterator[bytes]:
    """Yield the file as it is up to the size that its header gives: BMP has no tags."""
    yield data[: struct.unpack_from("<I", data, 2)[0] or len(data)]


_STRIPPERS: dict[str, Callable[[bytes, int], Iterator[bytes]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
    "bmp": _bmp,
}
