"""Location and author tags of video containers; runs in the child."""

from __future__ import annotations

from collections.abc import Iterator

from av.container import InputContainer

from registry.errors import SensitiveTag
from registry.media.image_tags import named_tags

# Timed tracks that carry positions: GoPro telemetry, Google's camera motion, Apple's timed metadata.
POSITION_TRACKS = ("gpmd", "camm", "mebx")


def video_tags(container: InputContainer) -> tuple[SensitiveTag, ...]:
    """Return the location and author tags of the container, its streams and chapters, each name once.

    FFmpeg gives QuickTime's ``udta`` and ``meta`` atoms (``©xyz``, ``loci``, ``com.apple.quicktime.location.ISO6709``,
    ``©ART``, ``cprt``), Matroska tags and RIFF INFO as names and values.
    """
    return tuple(dict.fromkeys(_tags(container)))


def _tags(container: InputContainer) -> Iterator[SensitiveTag]:
    yield from named_tags(container.metadata)
    for stream in container.streams:
        yield from named_tags(stream.metadata)
        if str(getattr(stream, "codec_tag", "")) in POSITION_TRACKS:
            yield SensitiveTag("location", f"{stream.codec_tag} track")
    for chapter in container.chapters():
        yield from named_tags(chapter["metadata"])
