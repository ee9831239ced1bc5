"""Location and author tags of video containers; runs in the child."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from av.container import InputContainer

from registry.errors import SensitiveTag
from registry.media.extent import boxes
from registry.media.image_tags import named_tags, xmp_tags

# Timed tracks that carry positions: GoPro telemetry, Google's camera motion, Apple's timed metadata.
POSITION_TRACKS = (b"gpmd", b"camm", b"mebx")
MAX_MOOV_BYTES = 1 << 26  # tables of the longest clips that the limits let through are a few MiB
# ISO 14496-12, 8.5.2: type, version and flags, number of entries, size of the first entry, its type
_FIRST_SAMPLE_ENTRY = re.compile(rb"stsd.{12}(.{4})", re.DOTALL)


def video_tags(container: InputContainer, stream: BinaryIO) -> tuple[SensitiveTag, ...]:
    """Return the location and author tags of the container, its tracks and chapters, each name once.

    FFmpeg gives QuickTime's ``udta`` and ``meta`` atoms (``©xyz``, ``loci``, ``com.apple.quicktime.location.ISO6709``,
    ``©ART``, ``cprt``), Matroska tags and RIFF INFO as names and values, and MP4's XMP box as text.

    Args:
        container: opened, and read as far as it will be.
        stream: the same file; its position is lost.
    """
    return tuple(dict.fromkeys(_tags(container, stream)))


def _tags(container: InputContainer, stream: BinaryIO) -> Iterator[SensitiveTag]:
    yield from named_tags(container.metadata)
    yield from xmp_tags(container.metadata.get("xmp", "").encode())
    for track in container.streams:
        yield from named_tags(track.metadata)
    for chapter in container.chapters():
        yield from named_tags(chapter["metadata"])
    # PyAV tells no codec tag of a data track.
    if container.format.name == "mov":
        for entry in _FIRST_SAMPLE_ENTRY.findall(_moov(stream)):
            if entry in POSITION_TRACKS:
                yield SensitiveTag("location", f"{entry.decode()} track")


def _moov(stream: BinaryIO) -> bytes:
    """Return the body of the movie box, or nothing where there is none."""
    for at, size, kind, header in boxes(stream):
        if kind == b"moov":
            stream.seek(at + header)
            return stream.read(min(size, MAX_MOOV_BYTES))
    return b""
