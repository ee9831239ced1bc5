from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from registry.errors import MediaDecodeError, MediaError, SensitiveTag, UnsupportedMediaError
from registry.media import Decoder
from registry.model import Media
from tests.media_samples import panning, rotated_mp4, textured, write_clip

GPS = {1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)}
XMP = b"""<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF
xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description xmlns:photoshop='http://ns.adobe.com/photoshop/1.0/'
xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:exif='http://ns.adobe.com/exif/1.0/' photoshop:City='Berlin'
exif:GPSLatitude='52,30N' dc:format='image/jpeg'><dc:creator><rdf:Seq><rdf:li>Ada</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"""
IPTC = b"".join(
    b"\x1c\x02" + bytes([dataset]) + len(value).to_bytes(2, "big") + value
    for dataset, value in ((80, b"Ada Lovelace"), (90, b"Berlin"), (120, b"a caption"))
)
SECRETS = (b"Ada", b"Berlin", b"52.5", b"+52")


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x013B] = "Ada Lovelace"
    made[0x010F] = "a camera"
    made[0x0112] = 6
    made.get_ifd(0x8825).update(GPS)
    return made


def jpeg_with_iptc(path: Path) -> None:
    Image.fromarray(textured(1)).save(path)
    data = path.read_bytes()
    resource = b"8BIM\x04\x04\x00\x00" + len(IPTC).to_bytes(4, "big") + IPTC + b"\0" * (len(IPTC) % 2)
    body = b"Photoshop 3.0\x00" + resource
    path.write_bytes(data[:2] + b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body + data[2:])


def png_with_text(path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Ada Lovelace")
    text.add_text("Software", "an editor")
    text.add_itxt("Location", "Berlin", zip=True)
    Image.fromarray(textured(1)).save(path, pnginfo=text)


def save_with(name: str, **options: object) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(textured(1)).save(path, **options)


EXIF_TAGS = {
    SensitiveTag("author", "Artist"),
    *(SensitiveTag("location", f"GPS{name}") for name in ("Latitude", "LatitudeRef", "Longitude", "LongitudeRef")),
}
XMP_TAGS = {
    SensitiveTag("location", "XMP photoshop:City"),
    SensitiveTag("location", "XMP exif:GPSLatitude"),
    SensitiveTag("author", "XMP dc:creator"),
}
STILLS: dict[str, tuple[Callable[[Path], None], set[SensitiveTag]]] = {
    "exif.jpg": (save_with("exif.jpg", exif=exif()), EXIF_TAGS),
    "exif.png": (save_with("exif.png", exif=exif()), EXIF_TAGS),
    "exif.webp": (save_with("exif.webp", exif=exif(), lossless=True), EXIF_TAGS),
    "xmp.jpg": (save_with("xmp.jpg", xmp=XMP), XMP_TAGS),
    "xmp.webp": (save_with("xmp.webp", xmp=XMP), XMP_TAGS),
    "text.png": (png_with_text, {SensitiveTag("author", "Author"), SensitiveTag("location", "Location")}),
    "iptc.jpg": (
        jpeg_with_iptc,
        {SensitiveTag("author", "IPTC By-line"), SensitiveTag("location", "IPTC City")},
    ),
}

CLIPS: dict[str, tuple[dict[str, str], dict[str, str], set[SensitiveTag]]] = {
    "location.mp4": (
        {"location": "+52.5000+013.4000/", "artist": "Ada", "title": "a title"},
        {},
        {SensitiveTag("location", "location"), SensitiveTag("author", "artist")},
    ),
    "quicktime.mov": (
        {"com.apple.quicktime.location.ISO6709": "+52.5000+013.4000/", "com.apple.quicktime.author": "Ada"},
        {"movflags": "use_metadata_tags"},
        {
            SensitiveTag("location", "com.apple.quicktime.location.ISO6709"),
            SensitiveTag("author", "com.apple.quicktime.author"),
        },
    ),
    "tags.mkv": (
        {"ARTIST": "Ada", "RECORDING_LOCATION": "Berlin"},
        {},
        {SensitiveTag("author", "ARTIST"), SensitiveTag("location", "RECORDING_LOCATION")},
    ),
    "info.avi": ({"artist": "Ada", "copyright": "Ada"}, {}, {SensitiveTag("author", "artist")}),
}


def clip(tmp_path: Path, name: str) -> Path:
    metadata, muxer_options, _ = CLIPS[name]
    codec = "mjpeg" if name.endswith("avi") else "libx264"
    return write_clip(tmp_path / name, panning(1, 12), codec=codec, metadata=metadata, muxer_options=muxer_options)


def assert_same_frames(one: Media, other: Media) -> None:
    assert (one.width, one.height, one.container) == (other.width, other.height, other.container)
    assert other.duration_s == pytest.approx(one.duration_s, abs=0.002)
    for first, second in zip(one.frames, other.frames, strict=True):
        assert second.t_s == pytest.approx(first.t_s, abs=0.002)
        np.testing.assert_array_equal(first.rgb, second.rgb)


def stripped(decoder: Decoder, source: Path | io.BytesIO) -> bytes:
    out = io.BytesIO()
    decoder.strip(source, out)
    return out.getvalue()


@pytest.mark.parametrize("name", STILLS)
def test_location_and_author_of_a_still_are_found_and_nothing_else(decoder: Decoder, tmp_path: Path, name: str) -> None:
    write, expected = STILLS[name]
    write(tmp_path / name)
    assert set(decoder.decode(tmp_path / name).sensitive_tags) == expected


@pytest.mark.parametrize("name", STILLS)
def test_a_stripped_still_has_no_tag_and_the_same_pixels(decoder: Decoder, tmp_path: Path, name: str) -> None:
    STILLS[name][0](tmp_path / name)
    before = decoder.decode(tmp_path / name)
    data = stripped(decoder, tmp_path / name)
    after = decoder.decode(io.BytesIO(data))
    assert after.sensitive_tags == ()
    assert_same_frames(before, after)
    assert not [secret for secret in SECRETS if secret in data]


@pytest.mark.parametrize("name", CLIPS)
def test_location_and_author_of_a_clip_are_found(decoder: Decoder, tmp_path: Path, name: str) -> None:
    assert set(decoder.decode(clip(tmp_path, name)).sensitive_tags) >= CLIPS[name][2]


@pytest.mark.parametrize("name", CLIPS)
def test_a_stripped_clip_has_no_tag_and_the_same_frames(decoder: Decoder, tmp_path: Path, name: str) -> None:
    path = clip(tmp_path, name)
    data = stripped(decoder, path)
    after = decoder.decode(io.BytesIO(data))
    assert after.sensitive_tags == ()
    assert_same_frames(decoder.decode(path), after)
    assert not [secret for secret in SECRETS if secret in data]


def with_telemetry(tmp_path: Path) -> bytes:
    """Return a clip whose second track is GoPro's telemetry by its tags: a sound track under another name."""
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        video = container.add_stream("mpeg4", rate=10, width=160, height=120, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=8000)
        for rgb in panning(1, 5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.rate = 8000
        container.mux(sound.encode(silence))
        for stream in (video, sound):
            container.mux(stream.encode())
    return (tmp_path / "a.mp4").read_bytes().replace(b"soun", b"meta").replace(b"mp4a", b"gpmd")


def test_a_track_of_positions_is_found_and_stripped(decoder: Decoder, tmp_path: Path) -> None:
    data = with_telemetry(tmp_path)
    assert decoder.decode(io.BytesIO(data)).sensitive_tags == (SensitiveTag("location", "gpmd track"),)
    clean = stripped(decoder, io.BytesIO(data))
    assert decoder.decode(io.BytesIO(clean)).sensitive_tags == ()
    assert b"gpmd" not in clean


def test_an_xmp_box_of_a_clip_is_found_and_stripped(decoder: Decoder, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", panning(1, 5))
    box = b"uuid" + bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP  # XMP specification part 3, 1.1.5
    data = path.read_bytes() + (len(box) + 4).to_bytes(4, "big") + box
    assert set(decoder.decode(io.BytesIO(data)).sensitive_tags) == XMP_TAGS
    clean = stripped(decoder, io.BytesIO(data))
    assert decoder.decode(io.BytesIO(clean)).sensitive_tags == ()
    assert b"Berlin" not in clean


def test_a_stripped_clip_stays_upright(decoder: Decoder, tmp_path: Path) -> None:
    turned = io.BytesIO(rotated_mp4(write_clip(tmp_path / "a.mp4", panning(1, 8)).read_bytes(), 1))
    assert_same_frames(decoder.decode(turned), decoder.decode(io.BytesIO(stripped(decoder, turned))))


def test_a_clean_file_has_no_tags_and_strips_to_the_same_picture(decoder: Decoder, tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "a.webp", "a.bmp", "a.gif"):
        Image.fromarray(textured(1)).save(tmp_path / name)
        before = decoder.decode(tmp_path / name)
        assert before.sensitive_tags == ()
        assert_same_frames(before, decoder.decode(io.BytesIO(stripped(decoder, tmp_path / name))))


def test_comments_and_what_follows_the_picture_are_dropped(decoder: Decoder, tmp_path: Path) -> None:
    image = Image.fromarray(textured(1))
    for name, options in (("a.jpg", {"comment": b"by Ada"}), ("a.gif", {"comment": b"by Ada"}), ("a.png", {})):
        image.save(tmp_path / name, **options)
        with (tmp_path / name).open("ab") as stream:
            stream.write(b"motion photo of Berlin")
        assert not [secret for secret in SECRETS if secret in stripped(decoder, tmp_path / name)]


def test_an_animation_keeps_its_loop_and_times(decoder: Decoder, tmp_path: Path) -> None:
    frames = [Image.fromarray(textured(seed)) for seed in range(3)]
    for name in ("a.gif", "a.png", "a.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=600, loop=0)
        data = stripped(decoder, tmp_path / name)
        assert_same_frames(decoder.decode(tmp_path / name), decoder.decode(io.BytesIO(data)))
        assert Image.open(io.BytesIO(data)).info["loop"] == 0


@pytest.mark.parametrize("name", ["exif.jpg", "exif.png", "exif.webp"])
def test_a_file_cut_short_is_not_stripped(decoder: Decoder, tmp_path: Path, name: str) -> None:
    STILLS[name][0](tmp_path / name)
    data = (tmp_path / name).read_bytes()
    out = io.BytesIO()
    with pytest.raises(MediaDecodeError):
        decoder.strip(io.BytesIO(data[: len(data) // 2]), out)
    assert out.getvalue() == b""


def test_what_is_not_media_is_not_stripped(decoder: Decoder) -> None:
    with pytest.raises(UnsupportedMediaError):
        decoder.strip(io.BytesIO(b"words"), io.BytesIO())


def test_a_stripped_jpeg_keeps_every_byte_of_its_scans(decoder: Decoder, tmp_path: Path) -> None:
    Image.fromarray(textured(1)).save(tmp_path / "a.jpg", progressive=True, exif=exif(), comment=b"Ada")
    data = (tmp_path / "a.jpg").read_bytes()
    scan = data[data.index(b"\xff\xda") :]
    assert stripped(decoder, tmp_path / "a.jpg").endswith(scan)


def test_flipped_bytes_never_break_stripping(decoder: Decoder, tmp_path: Path) -> None:
    for name in ("exif.jpg", "exif.webp", "text.png"):
        STILLS[name][0](tmp_path / name)
        data = (tmp_path / name).read_bytes()
        for at in range(0, min(len(data), 400), 40):
            mutant = bytearray(data)
            mutant[at] ^= 0xFF
            try:
                decoder.strip(io.BytesIO(mutant), io.BytesIO())
            except MediaError as exc:
                assert isinstance(exc, MediaDecodeError | UnsupportedMediaError)
