"""ThreatExchange's own pictures; only where the shared folder is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from registry.adapters.hamming import HammingIndex
from registry.fingerprint import distance_bits, fingerprint, query_codes
from registry.media import Decoder
from registry.model import PDQ256, Digest, Fingerprint, MediaKind, PerceptualHash, Transform

PDQ = Path(__file__).parents[4].parent / "shared" / "data" / "conformance" / "pdq"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not PDQ.is_dir(), reason="the shared folder of media is not beside the checkout"),
]
DIHEDRAL = (
    "1-original", "2-rotate-90", "3-rotate-180", "4-rotate-270", "5-flipx", "6-flipy", "7-flip-plus-1",
    "8-flip-minus-1",
)  # fmt: skip


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder()


def path_of(name: str) -> Path:
    return next(PDQ.glob(f"threatexchange__{name}*"))


def code_of(decoder: Decoder, name: str, alg: str = PDQ256) -> bytes:
    found = fingerprint(decoder.decode(path_of(name)), Digest(bytes(32)))
    return next(code.bits for code in found.hashes if code.alg == alg)


def test_every_modification_of_the_bridge_is_near_it(decoder: Decoder) -> None:
    original = code_of(decoder, "dih_bridge-1-original")
    names = sorted(path.name.removeprefix("threatexchange__") for path in PDQ.glob("*bridge-mods*"))
    assert len(names) >= 10
    distances = {name: distance_bits(original, code_of(decoder, name)) for name in names}
    assert {name: bits for name, bits in distances.items() if bits > 16} == {}


@pytest.mark.parametrize(("name", "transform"), list(zip(DIHEDRAL, Transform, strict=True)))
def test_a_turned_bridge_is_found_by_one_variant_only(decoder: Decoder, name: str, transform: Transform) -> None:
    original = code_of(decoder, "dih_bridge-1-original")
    media = decoder.decode(path_of(f"dih_bridge-{name}"))
    near = [
        turn for turn, code in query_codes(media) if code.alg == PDQ256 and distance_bits(original, code.bits) <= 31
    ]
    assert len(near) == 1
    turned_there_and_back = {Transform.ROTATE_90: Transform.ROTATE_270, Transform.ROTATE_270: Transform.ROTATE_90}
    assert near == [turned_there_and_back.get(transform, transform)]


@pytest.mark.parametrize("orientation", [1, 3, 8])
def test_a_photo_with_an_orientation_tag_hashes_as_its_upright_pixels(
    decoder: Decoder, tmp_path: Path, orientation: int
) -> None:
    name = f"exif-rotn_exif-rotn-{orientation}"
    with Image.open(path_of(name)) as image:
        assert image.getexif()[0x0112] == orientation
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((1280, 1280))
    upright.save(tmp_path / "upright.png", compress_level=1)
    plain = fingerprint(decoder.decode(tmp_path / "upright.png"), Digest(bytes(32)))
    assert distance_bits(plain.hashes[0].bits, code_of(decoder, name)) <= 16


def test_needles_in_the_haystack_are_found_as_often_as_by_the_reference(tmp_path: Path) -> None:
    def hashes(name: str) -> tuple[PerceptualHash, ...]:
        lines = path_of(name).read_text().split()
        return tuple(PerceptualHash(PDQ256, bytes.fromhex(line[:64]), 100, float(at)) for at, line in enumerate(lines))

    index = HammingIndex(tmp_path)
    index.add(Fingerprint(1, MediaKind.VIDEO, Digest(bytes(32)), hashes("reg-test-input_haystack")))
    assert len(index.nearest(hashes("reg-test-input_needles"), radius_bits=31)) == 250


def test_a_picture_in_every_colour_mode_is_near_the_original(decoder: Decoder) -> None:
    original = code_of(decoder, "modes_original")
    for mode in ("L.png", "LA.png", "P.png", "RGB.jpg", "RGBA.png", "CMYK.jpg", "YCbCr.jpg", "HSV.webp", "PA.webp"):
        assert distance_bits(original, code_of(decoder, f"modes_{mode}")) <= 16, mode
    assert np.unpackbits(np.frombuffer(original, np.uint8)).sum() in range(120, 137)
