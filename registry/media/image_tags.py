"""Location and author tags of images: EXIF, IPTC, XMP, PNG text; runs in the child."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from PIL import ExifTags, ImageFile, IptcImagePlugin

from registry.errors import SensitiveTag

AUTHOR_WORDS = (
    "artist", "author", "by-line", "byline", "composer", "copyright", "creator", "credit", "director", "owner",
    "performer", "photographer", "producer", "rights",
)  # fmt: skip
LOCATION_WORDS = ("location", "gps", "latitude", "longitude", "geotag", "xyz", "sublocation")

_EXIF_AUTHOR = (0x013B, 0x8298, 0x9C9D, 0xA430)  # Artist, Copyright, XPAuthor, CameraOwnerName (EXIF 2.32)
_GPS_IFD = 0x8825
# GPS tags that tell nothing of the place: version, clock, satellites, status, mode, precision, datum, date, correction.
_GPS_NO_PLACE = (0, 7, 8, 9, 10, 11, 18, 29, 30)
# IPTC IIM 4.2, record 2
_IPTC = {
    80: "author", 85: "author", 110: "author", 116: "author",
    26: "location", 27: "location", 90: "location", 92: "location", 95: "location", 100: "location", 101: "location",
}  # fmt: skip
_IPTC_NAMES = {
    26: "ContentLocationCode", 27: "ContentLocationName", 80: "By-line", 85: "By-lineTitle", 90: "City",
    92: "Sub-location", 95: "Province-State", 100: "Country-Code", 101: "Country-Name", 110: "Credit",
    116: "CopyrightNotice",
}  # fmt: skip
# Element or attribute names of XMP (ISO 16684-1; IPTC Photo Metadata 2023). Read by pattern, not by an XML parser:
# the packet is a stranger's.
_XMP_NAME = re.compile(rb"[<\s]((?:exif|exifEX|dc|photoshop|xmpRights|Iptc4xmpCore|Iptc4xmpExt|plus|tiff|aux):\w+)")
_XMP_PLACES = (b"City", b"State", b"Country", b"CountryCode", b"CountryName", b"ProvinceState", b"WorldRegion")


def category_of(name: str) -> str | None:
    """Return ``location`` or ``author`` by a tag's name, or nothing."""
    lowered = name.lower()
    if any(word in lowered for word in LOCATION_WORDS):
        return "location"
    if any(word in lowered for word in AUTHOR_WORDS):
        return "author"
    return None


def named_tags(names: Iterable[str]) -> Iterator[SensitiveTag]:
    """Yield the tags among free-form names that tell a place or a person."""
    for name in names:
        category = category_of(name)
        if category:
            yield SensitiveTag(category, name)


def image_tags(image: ImageFile.ImageFile) -> tuple[SensitiveTag, ...]:
    """Return the location and author tags of a loaded image, each name once, in file order by kind."""
    found = [*_exif_tags(image), *_iptc_tags(image), *_xmp_tags(image), *_text_tags(image)]
    return tuple(dict.fromkeys(found))


def _exif_tags(image: ImageFile.ImageFile) -> Iterator[SensitiveTag]:
    exif = image.getexif()
    for tag, value in exif.get_ifd(_GPS_IFD).items():
        if tag not in _GPS_NO_PLACE and value not in (None, "", b""):
            yield SensitiveTag("location", ExifTags.GPSTAGS.get(tag, f"GPS 0x{tag:04x}"))
    nested = exif.get_ifd(ExifTags.IFD.Exif)
    for tag in _EXIF_AUTHOR:
        value = exif.get(tag, nested.get(tag))
        if value not in (None, "", b""):
            yield SensitiveTag("author", ExifTags.TAGS.get(tag, f"0x{tag:04x}"))


def _iptc_tags(image: ImageFile.ImageFile) -> Iterator[SensitiveTag]:
    for record, dataset in IptcImagePlugin.getiptcinfo(image) or {}:
        if record == 2 and dataset in _IPTC:
            yield SensitiveTag(_IPTC[dataset], f"IPTC {_IPTC_NAMES[dataset]}")


def _xmp_tags(image: ImageFile.ImageFile) -> Iterator[SensitiveTag]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return xmp_tags(packet.encode() if isinstance(packet, str) else packet)


def xmp_tags(packet: bytes) -> Iterator[SensitiveTag]:
    """Yield the location and author tags of an XMP packet."""
    for match in _XMP_NAME.finditer(packet):
        name = match.group(1)
        local = name.split(b":")[1]
        category = "location" if local in _XMP_PLACES else category_of(local.decode())
        if category:
            yield SensitiveTag(category, f"XMP {name.decode()}")


def _text_tags(image: ImageFile.ImageFile) -> Iterator[SensitiveTag]:
    texts = getattr(image, "text", {})
    return named_tags(name for name in texts if name != "XML:com.adobe.xmp")
