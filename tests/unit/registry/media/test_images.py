from __future__ import annotations

import contextlib
import io
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from registry.errors import MediaDecodeError, MediaTooLargeError, UnsupportedMediaError
from registry.media import Decoder, MediaLimits
from registry.model import Media, MediaKind
from tests.media_samples import Rgb, png_bomb, save, textured

STILLS = ("a.png", "a.jpg", "a.webp", "a.bmp", "a.gif")


def apart(first: Rgb, second: Rgb) -> float:
    """Return the mean absolute difference of two pictures of one size."""
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


def decoded(decoder: Decoder, tmp_path: Path, image: Image.Image, name: str, **options: object) -> Media:
    image.save(tmp_path / name, **options)
    return decoder.decode(tmp_path / name)


@pytest.mark.parametrize("name", STILLS)
def test_a_still_of_every_format_shows_what_was_saved(decoder: Decoder, tmp_path: Path, name: str) -> None:
    rgb = textured(1)
    media = decoder.decode(save(tmp_path / name, rgb))
    assert media.kind is MediaKind.IMAGE
    assert media.container == {"jpg": "jpeg"}.get(name[2:], name[2:])
    assert (media.width, media.height, media.duration_s) == (320, 240, 0.0)
    assert len(media.frames) == 1
    assert apart(media.frames[0].rgb, rgb) < (12 if name == "a.gif" else 6)
    assert media.sensitive_tags == ()


@pytest.mark.parametrize("name", STILLS)
def test_the_first_bytes_decide_and_not_the_name(decoder: Decoder, tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, textured(1))
    other = path.rename(tmp_path / "photo.mp4")
    assert decoder.decode(other).kind is MediaKind.IMAGE


@pytest.mark.parametrize("name", STILLS)
def test_a_still_cut_short_is_corrupt(decoder: Decoder, tmp_path: Path, name: str) -> None:
    data = save(tmp_path / name, textured(1)).read_bytes()
    for share in (0.1, 0.5, 0.95):
        with pytest.raises(MediaDecodeError):
            decoder.decode(io.BytesIO(data[: int(len(data) * share)]))


@pytest.mark.parametrize("name", STILLS)
def test_flipped_bytes_end_in_media_or_a_media_error_and_in_time(decoder: Decoder, tmp_path: Path, name: str) -> None:
    data = save(tmp_path / name, textured(1, 60, 80)).read_bytes()
    rng = random.Random(name)
    for _ in range(12):
        mutant = bytearray(data)
        for _ in range(rng.choice([1, 4, 16])):
            mutant[rng.randrange(len(mutant))] = rng.randrange(256)
        began = time.monotonic()
        with contextlib.suppress(UnsupportedMediaError, MediaDecodeError, MediaTooLargeError):
            assert decoder.decode(io.BytesIO(mutant)).frames
        assert time.monotonic() - began < 5


def test_a_large_still_is_reduced_and_its_size_told(decoder: Decoder, tmp_path: Path) -> None:
    rgb = textured(2, 900, 1300)
    for name in ("a.png", "a.jpg"):
        media = decoder.decode(save(tmp_path / name, rgb))
        assert (media.width, media.height) == (1300, 900)
        assert media.frames[0].rgb.shape == (886, 1280, 3)


def test_a_jpeg_decoded_at_reduced_scale_shows_the_same(decoder: Decoder, tmp_path: Path) -> None:
    rgb = textured(2, 1300, 2600)
    from_jpeg = decoder.decode(save(tmp_path / "a.jpg", rgb, quality=95)).frames[0].rgb
    from_png = decoder.decode(save(tmp_path / "a.png", rgb, compress_level=1)).frames[0].rgb
    assert apart(from_jpeg, from_png) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_the_orientation_tag_is_applied(decoder: Decoder, tmp_path: Path, orientation: int, name: str) -> None:
    upright = textured(3, 160, 240)
    turned: dict[int, Callable[[Rgb], Rgb]] = {  # how a camera stores what it tags so (EXIF 2.32)
        1: lambda rgb: rgb,
        2: lambda rgb: rgb[:, ::-1],
        3: lambda rgb: rgb[::-1, ::-1],
        4: lambda rgb: rgb[::-1],
        5: lambda rgb: rgb.transpose(1, 0, 2),
        6: lambda rgb: np.rot90(rgb, 1),
        7: lambda rgb: np.rot90(rgb.transpose(1, 0, 2), 2),
        8: lambda rgb: np.rot90(rgb, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(turned[orientation](upright)))
    media = decoded(decoder, tmp_path, image, name, exif=exif)
    assert (media.width, media.height) == (240, 160)
    assert apart(media.frames[0].rgb, upright) < 8


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_lies_on_white(decoder: Decoder, tmp_path: Path, mode: str) -> None:
    rgba = Image.new("RGBA", (40, 20), (255, 0, 0, 255))
    rgba.paste((0, 0, 0, 0), (0, 0, 20, 20))
    if mode in {"P", "PA"}:
        image = rgba.convert("RGB").convert("P")
        options = {"transparency": image.getpixel((0, 0))}
    else:
        image, options = rgba.convert(mode), {}
    if mode == "PA":
        image, options = rgba, {}
    media = decoded(decoder, tmp_path, image, "a.png", **options)
    assert media.frames[0].rgb[10, 5].tolist() == [255, 255, 255]
    assert media.frames[0].rgb[10, 35].tolist() != [255, 255, 255]


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK"])
def test_every_mode_becomes_rgb(decoder: Decoder, tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(textured(1)).convert(mode)
    media = decoded(decoder, tmp_path, image, "a.jpg" if mode == "CMYK" else "a.png")
    assert apart(media.frames[0].rgb, np.asarray(image.convert("RGB"))) < 6


def test_sixteen_bits_of_grey_are_scaled_and_not_clipped(decoder: Decoder, tmp_path: Path) -> None:
    grey = np.linspace(0, 65535, 256 * 64).reshape(64, 256).astype(np.uint16)
    media = decoded(decoder, tmp_path, Image.fromarray(grey), "a.png")
    assert apart(media.frames[0].rgb[..., 0], (grey >> 8).astype(np.uint8)) < 1


def test_a_colour_profile_is_turned_into_srgb(decoder: Decoder, tmp_path: Path) -> None:
    image = Image.fromarray(textured(1))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    untouched = decoded(decoder, tmp_path, image, "broken.png", icc_profile=profile)  # not for RGB: ignored
    assert apart(untouched.frames[0].rgb, np.asarray(image)) == 0
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = decoded(decoder, tmp_path, image, "srgb.png", icc_profile=srgb)
    assert apart(same.frames[0].rgb, np.asarray(image)) < 1


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp"])
def test_an_animated_image_is_a_clip_with_its_own_times(decoder: Decoder, tmp_path: Path, name: str) -> None:
    frames = [Image.fromarray(textured(seed, 120, 160)) for seed in range(4)]
    media = decoded(
        decoder, tmp_path, frames[0], name, save_all=True, append_images=frames[1:], duration=[400, 400, 1200, 1000]
    )
    assert media.kind is MediaKind.VIDEO
    assert media.duration_s == pytest.approx(3.0)
    assert [frame.t_s for frame in media.frames] == pytest.approx([0, 0.8, 2.0])
    for frame, seed in zip(media.frames, (0, 2, 3), strict=True):
        assert apart(frame.rgb, textured(seed, 120, 160)) < 12


def test_a_gif_without_delays_plays_ten_frames_a_second(decoder: Decoder, tmp_path: Path) -> None:
    frames = [Image.fromarray(textured(seed, 120, 160)) for seed in range(6)]
    media = decoded(decoder, tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:], duration=0)
    assert media.duration_s == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("limits", "limit_name", "value"),
    [
        (MediaLimits(max_frames=3), "max_frames", 4),
        (MediaLimits(max_duration_s=2.5), "max_duration_s", 3.0),
        (MediaLimits(max_frame_pixels=1000), "max_frame_pixels", 160 * 120),
    ],
)
def test_an_animation_over_a_limit_is_refused(
    tmp_path: Path, limits: MediaLimits, limit_name: str, value: float
) -> None:
    frames = [Image.fromarray(textured(seed, 120, 160)) for seed in range(4)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=[400, 400, 1200, 1000])
    with Decoder(limits) as decoder, pytest.raises(MediaTooLargeError) as caught:
        decoder.decode(tmp_path / "a.gif")
    assert caught.value.limit_name == limit_name
    assert caught.value.value == pytest.approx(value)


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "colour_type"), [(1, 0), (16, 0), (8, 2), (8, 6)])
def test_the_largest_still_that_is_let_through_fits_the_memory(decoder: Decoder, bits: int, colour_type: int) -> None:
    media = decoder.decode(io.BytesIO(png_bomb(10_000, 10_000, bits=bits, colour_type=colour_type)))
    assert (media.width, media.height) == (10_000, 10_000)
    assert media.frames[0].rgb.shape == (1280, 1280, 3)
    assert media.frames[0].rgb.max() == (255 if colour_type == 6 else 0)


@pytest.mark.parametrize("image_format", ["TIFF", "ICO", "JPEG2000", "AVIF"])
def test_formats_that_are_not_on_the_list_are_named(decoder: Decoder, image_format: str) -> None:
    out = io.BytesIO()
    Image.fromarray(textured(1, 64, 64)).save(out, image_format)
    named = {"TIFF": "TIFF", "ICO": "ICO", "JPEG2000": "JPEG 2000", "AVIF": "HEIF image .brand avif"}[image_format]
    with pytest.raises(UnsupportedMediaError, match=named):
        decoder.decode(out)
