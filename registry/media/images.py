"""Stills and animated images, decoded by Pillow; runs in the child."""

from __future__ import annotations

import io
import warnings
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import (
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    MpoImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from registry.errors import MediaDecodeError, MediaTooLargeError, SensitiveTag, UnsupportedMediaError
from registry.media.image_tags import image_tags
from registry.media.limits import MediaLimits, SamplingPlan
from registry.media.sampling import Sampler, fit
from registry.model import Frame, Media, MediaKind

STILL_FORMATS = ("JPEG", "MPO", "BMP")  # the further pictures of an MPO are previews and depth maps
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
# Animated GIFs may give no delay, or 0; browsers show such frames for 0.1 s.
DEFAULT_DELAY_S = 0.1
# Loaded with the server: a child may open no file, and phones' multi-picture JPEGs become MPO.
PLUGINS = (MpoImagePlugin, WebPImagePlugin)
ORIENTATION = 0x0112
SWAPPED_ORIENTATIONS = (5, 6, 7, 8)  # EXIF 2.32: width and height trade places
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = None  # the limit is ours: checked before any pixel is decoded


def decode_image(stream: BinaryIO, limits: MediaLimits, plan: SamplingPlan) -> Media:
    """Return the still, or the clip where the image is animated.

    Args:
        stream: seekable, at the file's first byte.
        limits: ``max_pixels`` for stills; those of clips for animations.
        plan: size and sampling of the frames.

    Raises:
        UnsupportedMediaError: a variant of the format that Pillow does not read.
        MediaDecodeError: truncated or corrupt.
        MediaTooLargeError: over a limit.
    """
    image = _open(stream)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a child has nobody to warn
            count = 1 if image.format in STILL_FORMATS else int(getattr(image, "n_frames", 1))
            if count > 1:
                return _decode_clip(image, count, limits, plan)
            _check_size(image, "max_pixels", limits.max_pixels)
            return _decode_still(image, plan)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError) as exc:
        # Pillow's plugins let all of these out on damaged files.
        raise MediaDecodeError(f"{image.format}: {exc}") from exc


def _open(stream: BinaryIO) -> ImageFile.ImageFile:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(stream, formats=FORMATS)
    except UnidentifiedImageError as exc:
        raise MediaDecodeError("the header is that of an image, the rest is not readable as one") from exc
    except NotImplementedError as exc:
        raise UnsupportedMediaError(f"an unsupported kind of image: {exc}") from exc
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError) as exc:
        raise MediaDecodeError(f"the image's header cannot be read: {exc}") from exc


def _check_size(image: Image.Image, limit_name: str, limit: int) -> None:
    pixels = image.width * image.height
    if pixels > limit:
        raise MediaTooLargeError(limit_name, limit=limit, value=pixels)
    if pixels == 0:
        raise MediaDecodeError(f"{image.format}: {image.width} × {image.height} pixels")


def _decode_still(image: ImageFile.ImageFile, plan: SamplingPlan) -> Media:
    width, height = image.size
    container = "jpeg" if image.format == "MPO" else str(image.format).lower()
    orientation = image.getexif().get(ORIENTATION, 1)
    # A JPEG's coefficients give a half, a quarter or an eighth of the size for less than the whole.
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        scale = max(plan.still_side_px, plan.min_side_px) / max(width, height)
        image.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
    image.load()
    tags = image_tags(image)
    rgb = _upright_rgb(image, plan.still_side_px)
    if orientation in SWAPPED_ORIENTATIONS:
        width, height = height, width
    return Media(MediaKind.IMAGE, container, width, height, 0.0, (Frame(0.0, rgb),), tags)


def _decode_clip(image: ImageFile.ImageFile, count: int, limits: MediaLimits, plan: SamplingPlan) -> Media:
    container = str(image.format).lower()
    sampler = Sampler(plan)
    t_s = 0.0
    tags: tuple[SensitiveTag, ...] = ()
    if count > limits.max_frames:
        raise MediaTooLargeError("max_frames", limit=limits.max_frames, value=count)
    for index in range(count):
        image.seek(index)
        _check_size(image, "max_frame_pixels", limits.max_frame_pixels)  # a later frame may enlarge the canvas
        image.load()
        if index == 0:
            tags = image_tags(image)
        if sampler.wants(t_s):
            sampler.keep(t_s, _upright_rgb(image, plan.frame_side_px))
        t_s += (image.info.get("duration") or 0) / 1000 or DEFAULT_DELAY_S
        if t_s > limits.max_duration_s:
            raise MediaTooLargeError("max_duration_s", limit=limits.max_duration_s, value=t_s)
    frames = tuple(Frame(at, rgb) for at, rgb in sampler.kept)
    return Media(MediaKind.VIDEO, container, image.width, image.height, t_s, frames, tags)


def _upright_rgb(image: Image.Image, long_side_px: int) -> NDArray[np.uint8]:
    """Return sRGB, upright, alpha on white, reduced; large pictures are reduced before anything copies them."""
    turn = _TURNS.get(image.getexif().get(ORIENTATION, 1))
    profile = image.info.get("icc_profile")
    plain = _continuous(image)
    factor = max(plain.size) // long_side_px
    if factor > 1:
        plain = plain.reduce(factor)
    if turn is not None:
        plain = plain.transpose(turn)
    if plain.mode in {"LA", "RGBA"}:
        rgba = plain.convert("RGBA")
        plain = Image.new("RGB", rgba.size, (255, 255, 255))
        plain.paste(rgba, mask=rgba.getchannel("A"))
    return fit(np.asarray(_to_srgb(plain, profile), dtype=np.uint8), long_side_px)


def _continuous(image: Image.Image) -> Image.Image:
    """Return the picture in a mode whose values can be averaged, 8 bits a channel."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        # Pillow clips 16-bit grey to 8 bits instead of scaling it.
        grey = np.asarray(image)
        return Image.fromarray((np.clip(grey, 0, 65535) >> 8).astype(np.uint8))
    if image.mode not in {"LA", "RGBA"} and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"1", "P"}:
        return image.convert("RGB")
    return image


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and image.mode in {"RGB", "CMYK"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # a broken profile is ignored, as browsers do
        if converted is not None:
            return converted
    return image.convert("RGB")
