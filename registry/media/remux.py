"""Clips copied packet by packet into a new container without metadata; runs in the child."""

from __future__ import annotations

import io
import mmap
from typing import BinaryIO

import av
from av.container import InputContainer, OutputContainer
from av.stream import Disposition

from registry.errors import MediaDecodeError, MediaTooLargeError, UnsupportedMediaError
from registry.media.videos import open_container


class MappedFile(io.RawIOBase):
    """A seekable file inside a mapping of fixed size; a write beyond its end is refused."""

    def __init__(self, room: mmap.mmap) -> None:
        self._room = room
        self._at = 0
        self.size = 0

    def writable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` from start, position or end, and return the new position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = base + offset
        return self._at

    def write(self, data: bytes) -> int:  # type: ignore[override]  # PyAV hands bytes only
        """Write at the position.

        Raises:
            MediaTooLargeError: the mapping is full.
        """
        end = self._at + len(data)
        if end > len(self._room):
            raise MediaTooLargeError("output_bytes", limit=len(self._room), value=end)
        self._room[self._at : end] = data
        self._at = end
        self.size = max(self.size, end)
        return len(data)


def remux(stream: BinaryIO, demuxer: str, output: mmap.mmap) -> int:
    """Write the clip's picture and sound without any metadata or other track; return how many bytes that took.

    Raises:
        UnsupportedMediaError: no video stream, or a stream that its container's own format cannot carry again.
        MediaDecodeError: truncated or corrupt.
        MediaTooLargeError: the copy does not fit ``output``.
    """
    mapped = MappedFile(output)
    try:
        with open_container(stream, demuxer) as source:
            muxer = _muxer(source, demuxer)
            with av.open(mapped, "w", format=muxer, options={"fflags": "+bitexact"}) as target:
                _copy(source, target)
    except (av.error.MemoryError, MemoryError) as exc:
        raise MemoryError(str(exc)) from exc
    except av.error.FFmpegError as exc:
        raise MediaDecodeError(f"{demuxer}: {exc.strerror}") from exc
    except ValueError as exc:
        raise MediaDecodeError(f"{demuxer}: {exc}") from exc
    return mapped.size


def _muxer(source: InputContainer, demuxer: str) -> str:
    if demuxer == "mov":
        return "mov" if source.metadata.get("major_brand", "qt  ").strip() == "qt" else "mp4"
    if demuxer == "matroska":
        webm = {"vp8", "vp9", "av1", "vorbis", "opus"}
        names = {each.codec_context.codec.canonical_name for each in (*source.streams.video, *source.streams.audio)}
        return "webm" if names <= webm else "matroska"
    return demuxer


def _copy(source: InputContainer, target: OutputContainer) -> None:
    kept = {}
    for stream in (*source.streams.video, *source.streams.audio):
        if stream.disposition & Disposition.attached_pic:
            continue
        copy = target.add_stream_from_template(stream)
        copy.metadata.clear()
        kept[stream.index] = copy
    if not any(copy.type == "video" for copy in kept.values()):
        raise UnsupportedMediaError(f"{source.format.name} without a video stream")
    copied = False
    for packet in source.demux(*(source.streams[index] for index in kept)):
        if packet.is_corrupt:
            raise MediaDecodeError(f"truncated: the packet at byte {packet.pos} is cut short")
        if packet.size == 0:
            continue  # the flush packet at the end
        packet.stream = kept[packet.stream_index]
        target.mux(packet)
        copied = True
    if not copied:
        raise MediaDecodeError(f"{source.format.name}: no packet of picture or sound")
