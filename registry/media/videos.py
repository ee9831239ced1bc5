"""Clips, decoded by FFmpeg through PyAV; runs in the child."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from registry.errors import MediaDecodeError, MediaTooLargeError, UnsupportedMediaError
from registry.media.extent import declared_end
from registry.media.limits import MediaLimits, SamplingPlan
from registry.media.sampling import Sampler, fit
from registry.media.video_tags import video_tags
from registry.model import Frame, Media, MediaKind

DEMUXERS = {"mov": "mov", "matroska": "matroska", "avi": "avi"}
CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg"})
FALLBACK_RATE = Fraction(25)
# Only the stream handed in is read: no other file, no network, no playlist.
OPTIONS = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0", "export_xmp": "1"}


def decode_video(stream: BinaryIO, demuxer: str, limits: MediaLimits, plan: SamplingPlan) -> Media:
    """Return the clip: its sampled frames, upright, with their own times.

    Args:
        stream: seekable, at the file's first byte.
        demuxer: a key of `DEMUXERS`; FFmpeg's own probing is not asked.
        limits: pixels, frames and seconds are checked in the headers and again while decoding.
        plan: size and sampling of the frames.

    Raises:
        UnsupportedMediaError: no video stream, or a codec that is not in `CODECS`.
        MediaDecodeError: truncated or corrupt, no frame.
        MediaTooLargeError: over a limit.
        MemoryError: FFmpeg got no memory.
    """
    _require_whole(stream, demuxer)
    try:
        with open_container(stream, demuxer) as container:
            video = _video_stream(container)
            _check_header(container, video, limits)
            return _decode(container, video, stream, limits, plan)
    except (av.error.MemoryError, MemoryError) as exc:
        raise MemoryError(str(exc)) from exc
    except av.error.FFmpegError as exc:
        raise MediaDecodeError(f"{demuxer}: {exc.strerror}") from exc
    except ValueError as exc:
        raise MediaDecodeError(f"{demuxer}: {exc}") from exc


def open_container(stream: BinaryIO, demuxer: str) -> InputContainer:
    """Return the opened file, its headers read."""
    return av.open(stream, "r", format=DEMUXERS[demuxer], options=dict(OPTIONS), metadata_errors="replace")


def _require_whole(stream: BinaryIO, demuxer: str) -> None:
    end = declared_end(stream, demuxer)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if end is not None and end > size:
        raise MediaDecodeError(f"truncated: the file should have {end} bytes, it has {size}")


def _video_stream(container: InputContainer) -> VideoStream:
    videos = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if not videos:
        found = ", ".join(f"{each.type} {_codec_name(each)}" for each in container.streams) or "no stream at all"
        raise UnsupportedMediaError(f"{container.format.name} without a video stream: {found}")
    video = videos[0]
    if _codec_name(video) not in CODECS:
        raise UnsupportedMediaError(f"video codec {_codec_name(video)}; supported are {', '.join(sorted(CODECS))}")
    video.thread_count = 1
    video.thread_type = "NONE"
    return video


def _codec_name(stream: object) -> str:
    context = getattr(stream, "codec_context", None)
    return str(context.codec.canonical_name) if context is not None else "unknown"


def _check_header(container: InputContainer, video: VideoStream, limits: MediaLimits) -> None:
    _check_pixels(video.width, video.height, limits)
    if container.duration is not None and container.duration / av.time_base > limits.max_duration_s:
        raise MediaTooLargeError("max_duration_s", limit=limits.max_duration_s, value=container.duration / av.time_base)
    if video.frames > limits.max_frames:
        raise MediaTooLargeError("max_frames", limit=limits.max_frames, value=video.frames)


def _check_pixels(width: int, height: int, limits: MediaLimits) -> None:
    if width * height > limits.max_frame_pixels:
        raise MediaTooLargeError("max_frame_pixels", limit=limits.max_frame_pixels, value=width * height)


def _decode(
    container: InputContainer, video: VideoStream, stream: BinaryIO, limits: MediaLimits, plan: SamplingPlan
) -> Media:
    sampler = Sampler(plan)
    frame_s = float(1 / (video.average_rate or FALLBACK_RATE))
    start_s = last_s = end_s = 0.0
    width = height = 0
    for count, frame in enumerate(_frames(container, video)):
        if count >= limits.max_frames:
            raise MediaTooLargeError("max_frames", limit=limits.max_frames, value=count + 1)
        _check_pixels(frame.width, frame.height, limits)
        tick_s = float(frame.time_base or video.time_base or 0)
        at_s = frame.pts * tick_s if frame.pts is not None else start_s + last_s + frame_s
        if count == 0:
            start_s = at_s
            width, height = (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)
        t_s = max(at_s - start_s, last_s)  # times that run backwards count as standing still
        if t_s > limits.max_duration_s:
            raise MediaTooLargeError("max_duration_s", limit=limits.max_duration_s, value=t_s)
        if sampler.wants(t_s):
            sampler.keep(t_s, fit(_upright_rgb(frame), plan.frame_side_px))
        last_s = t_s
        end_s = t_s + (frame.duration * tick_s or frame_s)
    if not sampler.kept:
        raise MediaDecodeError(f"{container.format.name}: no frame of {_codec_name(video)} could be decoded")
    frames = tuple(Frame(t_s, rgb) for t_s, rgb in sampler.kept)
    return Media(MediaKind.VIDEO, container.format.name, width, height, end_s, frames, video_tags(container, stream))


def _frames(container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
    """Yield decoded frames in presentation order; a packet that is cut short ends in an error.

    Packets that cannot be decoded before the first frame are passed over: a clip cut between key frames begins so.
    """
    began = False
    for packet in container.demux(video):
        if packet.is_corrupt:
            raise MediaDecodeError(f"truncated: the packet at byte {packet.pos} is cut short")
        try:
            decoded = packet.decode()
        except av.error.InvalidDataError:
            if began:
                raise
            continue
        began = began or bool(decoded)
        yield from decoded


def _upright_rgb(frame: VideoFrame) -> NDArray[np.uint8]:
    """Return the frame as sRGB uint8 (height, width, 3), turned as its display matrix says."""
    rgb = np.asarray(frame.to_ndarray(format="rgb24", threads=1), dtype=np.uint8)
    # ``rotation`` counts anticlockwise degrees, as np.rot90 does.
    return np.ascontiguousarray(np.rot90(rgb, round(frame.rotation / 90) % 4))
