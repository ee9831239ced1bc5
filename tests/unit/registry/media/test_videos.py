from __future__ import annotations

import contextlib
import io
import random
import struct
import time
from pathlib import Path

import av
import numpy as np
import pytest

from registry.errors import MediaDecodeError, MediaTooLargeError, UnsupportedMediaError
from registry.fingerprint import distance_bits, fingerprint
from registry.media import Decoder, MediaLimits, SamplingPlan
from registry.model import PDQ256, Digest, Media, MediaKind
from tests.media_samples import Rgb, panning, rotated_mp4, textured, write_clip

KINDS = (
    ("a.mp4", "libx264"),
    ("a.mp4", "libx265"),
    ("a.mp4", "mpeg4"),
    ("a.mov", "libx264"),
    ("a.webm", "libvpx"),
    ("a.webm", "libvpx-vp9"),
    ("a.mkv", "libx264"),
    ("a.mkv", "libsvtav1"),
    ("a.avi", "mjpeg"),
)


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", panning(1, 30))
    return path.read_bytes()


def apart(first: Rgb, second: Rgb) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.parametrize(("name", "codec"), KINDS)
def test_a_clip_of_every_kind_shows_what_was_written(decoder: Decoder, tmp_path: Path, name: str, codec: str) -> None:
    frames = panning(1, 16)
    options = {"preset": "12"} if codec == "libsvtav1" else {}
    media = decoder.decode(write_clip(tmp_path / name, frames, codec=codec, options=options))
    assert media.kind is MediaKind.VIDEO
    assert (media.width, media.height) == (160, 120)
    assert media.duration_s == pytest.approx(1.6, abs=0.11)
    assert [frame.t_s for frame in media.frames] == pytest.approx([0, 0.5, 1.0, 1.5])
    for frame, index in zip(media.frames, (0, 5, 10, 15), strict=True):
        assert apart(frame.rgb, frames[index]) < 25
        assert apart(frame.rgb, frames[index]) < apart(frame.rgb, frames[(index + 8) % 16])


def test_frames_of_variable_rate_keep_their_own_times(decoder: Decoder, tmp_path: Path) -> None:
    times_s = [0, 0.04, 0.3, 0.55, 0.9, 2.2, 2.25, 3.1]
    media = decoder.decode(write_clip(tmp_path / "a.mp4", panning(1, 8), times_s=times_s))
    assert [frame.t_s for frame in media.frames] == pytest.approx([0, 0.55, 2.2, 3.1], abs=0.002)


def test_a_clip_that_starts_late_begins_at_zero(decoder: Decoder, tmp_path: Path) -> None:
    times_s = [5 + index / 10 for index in range(12)]
    media = decoder.decode(write_clip(tmp_path / "a.mkv", panning(1, 12), times_s=times_s))
    assert [frame.t_s for frame in media.frames] == pytest.approx([0, 0.5, 1.0])
    assert media.duration_s == pytest.approx(1.2, abs=0.01)


@pytest.mark.parametrize("quarter_turns", range(4))
def test_the_display_matrix_is_applied(decoder: Decoder, mp4: bytes, quarter_turns: int) -> None:
    plain = decoder.decode(io.BytesIO(mp4)).frames[0].rgb
    media = decoder.decode(io.BytesIO(rotated_mp4(mp4, quarter_turns)))
    turned = np.rot90(plain, -quarter_turns)
    assert (media.height, media.width) == turned.shape[:2]
    np.testing.assert_array_equal(media.frames[0].rgb, turned)


def test_frames_are_reduced_by_the_plan(tmp_path: Path, mp4: bytes) -> None:
    with Decoder(plan=SamplingPlan(interval_s=0.1, max_frames=8, frame_side_px=80)) as small:
        media = small.decode(io.BytesIO(mp4))
    assert {frame.rgb.shape for frame in media.frames} == {(60, 80, 3)}
    assert (media.width, media.height) == (160, 120)
    assert [frame.t_s for frame in media.frames] == pytest.approx([0.4 * index for index in range(8)])


def with_duration(path: Path, duration_s: float) -> io.BytesIO:
    """Return the Matroska file with another duration in its header (RFC 9559, element 0x4489, a double)."""
    data = bytearray(path.read_bytes())
    struct.pack_into(">d", data, data.index(b"\x44\x89\x88") + 3, duration_s * 1000)
    return io.BytesIO(data)


@pytest.mark.parametrize("told_s", [0.1, 123.0])
def test_a_header_that_lies_about_the_duration_is_not_believed(decoder: Decoder, tmp_path: Path, told_s: float) -> None:
    lying = with_duration(write_clip(tmp_path / "a.mkv", panning(1, 20)), told_s)
    with av.open(lying) as container:
        assert container.duration == pytest.approx(told_s * av.time_base)
    assert decoder.decode(lying).duration_s == pytest.approx(2.0, abs=0.11)


def test_a_clip_longer_than_its_header_tells_is_refused_while_decoding(tmp_path: Path) -> None:
    lying = with_duration(write_clip(tmp_path / "a.mkv", panning(1, 20)), 0.1)
    with Decoder(MediaLimits(max_duration_s=1.0)) as decoder, pytest.raises(MediaTooLargeError, match="max_duration_s"):
        decoder.decode(lying)


def test_a_stream_without_a_duration_is_measured(decoder: Decoder, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", panning(1, 20), muxer_options={"live": "1"})
    assert decoder.decode(path).duration_s == pytest.approx(2.0, abs=0.11)


@pytest.mark.parametrize(
    ("limits", "limit_name", "value"),
    [
        (MediaLimits(max_frames=29), "max_frames", 30),
        (MediaLimits(max_duration_s=2.5), "max_duration_s", 3.0),
        (MediaLimits(max_frame_pixels=19_000), "max_frame_pixels", 19_200),
    ],
)
def test_a_clip_over_a_limit_is_refused_by_its_header(
    mp4: bytes, limits: MediaLimits, limit_name: str, value: float
) -> None:
    with Decoder(limits) as decoder, pytest.raises(MediaTooLargeError) as caught:
        decoder.decode(io.BytesIO(mp4))
    assert (caught.value.limit_name, caught.value.value) == (limit_name, pytest.approx(value, abs=0.1))


@pytest.mark.parametrize("limits", [MediaLimits(max_frames=10), MediaLimits(max_duration_s=1.0)])
def test_a_clip_whose_header_tells_nothing_is_refused_while_decoding(tmp_path: Path, limits: MediaLimits) -> None:
    path = write_clip(tmp_path / "a.mkv", panning(1, 30), muxer_options={"live": "1"})
    with Decoder(limits) as decoder, pytest.raises(MediaTooLargeError):
        decoder.decode(path)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx"), ("a.avi", "mjpeg")])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_clip_cut_short_is_corrupt(decoder: Decoder, tmp_path: Path, name: str, codec: str, share: float) -> None:
    data = write_clip(tmp_path / name, panning(1, 20), codec=codec).read_bytes()
    assert decoder.decode(io.BytesIO(data)).frames
    with pytest.raises(MediaDecodeError):
        decoder.decode(io.BytesIO(data[: int(len(data) * share)]))


@pytest.mark.parametrize(
    ("name", "codec", "muxer_options"),
    [("a.mp4", "libx264", {"movflags": "faststart"}), ("a.avi", "mjpeg", {}), ("a.webm", "libvpx", {})],
)
def test_a_clip_cut_between_two_packets_is_corrupt(
    decoder: Decoder, tmp_path: Path, name: str, codec: str, muxer_options: dict[str, str]
) -> None:
    """FFmpeg reads such a file to its new end without a word; where the packets lie depends on the encoder's CPU."""
    path = write_clip(tmp_path / name, panning(1, 12), codec=codec, muxer_options=muxer_options)
    data = path.read_bytes()
    with av.open(str(path)) as clip:
        starts = [packet.pos for packet in clip.demux(video=0) if packet.pos]
    for start in starts[1:]:
        with pytest.raises(MediaDecodeError, match="truncated"):
            decoder.decode(io.BytesIO(data[:start]))


def test_an_mp4_with_a_recorders_trailer_is_whole(decoder: Decoder, tmp_path: Path) -> None:
    data = write_clip(tmp_path / "a.mp4", panning(1, 12)).read_bytes()
    assert decoder.decode(io.BytesIO(data + b"\x7f\xff\xff\xffSEFT" + bytes(40))).frames


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_an_avi_that_does_not_tell_its_length_is_decoded(decoder: Decoder, tmp_path: Path, length: int) -> None:
    data = bytearray(write_clip(tmp_path / "a.avi", panning(1, 12), codec="mjpeg").read_bytes())
    data[4:8] = length.to_bytes(4, "little")
    assert decoder.decode(io.BytesIO(data)).frames


@pytest.mark.slow
@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx-vp9")])
def test_flipped_bytes_end_in_media_or_a_media_error_and_in_time(
    decoder: Decoder, tmp_path: Path, name: str, codec: str
) -> None:
    data = write_clip(tmp_path / name, panning(1, 10, 60, 80), codec=codec).read_bytes()
    rng = random.Random(name)
    for _ in range(25):
        mutant = bytearray(data)
        for _ in range(rng.choice([1, 4, 16])):
            mutant[rng.randrange(len(mutant))] = rng.randrange(256)
        began = time.monotonic()
        with contextlib.suppress(UnsupportedMediaError, MediaDecodeError, MediaTooLargeError):
            assert decoder.decode(io.BytesIO(mutant)).frames
        assert time.monotonic() - began < 10


def test_sound_alone_is_unsupported_and_named(decoder: Decoder, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(UnsupportedMediaError, match="audio aac"):
        decoder.decode(tmp_path / "a.mp4")


def test_a_codec_that_is_not_on_the_list_is_named(decoder: Decoder, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", panning(1, 3), codec="ffv1")
    with pytest.raises(UnsupportedMediaError, match="ffv1"):
        decoder.decode(path)


def codes(media: Media) -> list[bytes]:
    found = fingerprint(media, Digest(bytes(32)))
    return [code.bits for code in found.hashes if code.alg == PDQ256]


@pytest.mark.slow
def test_a_copy_of_half_the_size_at_crf_35_is_within_31_bits_on_most_frames(decoder: Decoder, tmp_path: Path) -> None:
    frames = panning(6, 60, 360, 640)
    half = [np.ascontiguousarray(frame[::2, ::2]) for frame in frames]
    original = decoder.decode(write_clip(tmp_path / "original.mp4", frames, options={"crf": "18"}))
    copy = decoder.decode(write_clip(tmp_path / "copy.mp4", half, options={"crf": "35"}))
    stranger = decoder.decode(write_clip(tmp_path / "stranger.mp4", panning(7, 60, 360, 640)))
    stored = codes(original)

    def share_near(media: Media) -> float:
        near = [min(distance_bits(code, other) for other in stored) <= 31 for code in codes(media)]
        return sum(near) / len(near)

    assert share_near(copy) >= 0.8
    assert share_near(stranger) == 0


def test_the_same_clip_gives_the_same_frames_every_time(decoder: Decoder, mp4: bytes) -> None:
    first, again = decoder.decode(io.BytesIO(mp4)), decoder.decode(io.BytesIO(mp4))
    with Decoder() as other:
        elsewhere = other.decode(io.BytesIO(mp4))
    for media in (again, elsewhere):
        for one, two in zip(first.frames, media.frames, strict=True):
            np.testing.assert_array_equal(one.rgb, two.rgb)


def test_a_picture_of_an_album_is_no_video(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError):
        decoder.decode(io.BytesIO(b"ID3\x04" + textured(1).tobytes()[:1000]))
