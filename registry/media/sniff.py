"""What a file is by its first bytes; its name is never asked."""

from __future__ import annotations

from typing import Literal

Family = Literal["image", "video"]
HEAD_BYTES = 64

# Formats that are decoded. TIFF, AVIF, HEIC, JPEG 2000 and SVG are not: each is a further large parser (docs).
_IMAGES = ((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF87a", "gif"), (b"GIF89a", "gif"))
_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # a QuickTime file may lack ``ftyp``
_STILL_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heif", b"hevc", b"hevx", b"mif1", b"msf1")

# Formats that are named in the refusal.
_OTHERS = (
    (b"PK\x03\x04", "zip archive"),
    (b"%PDF", "PDF document"),
    (b"II*\x00", "TIFF image"),
    (b"MM\x00*", "TIFF image"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x7fELF", "ELF program"),
    (b"\x00\x00\x01\x00", "ICO image"),
    (b"8BPS", "Photoshop document"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "JPEG 2000 image"),
    (b"DDS ", "DDS image"),
    (b"OggS", "Ogg stream"),
    (b"fLaC", "FLAC audio"),
    (b"ID3", "MP3 audio"),
    (b"#EXTM3U", "HLS playlist"),
    (b"FLV\x01", "FLV video"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
    (b"G@", "MPEG transport stream"),
)


def sniff(head: bytes) -> tuple[Family, str] | None:
    """Return the family and short name of a supported format, or nothing.

    Args:
        head: the file's first `HEAD_BYTES` bytes, fewer if it is shorter.
    """
    for magic, name in _IMAGES:
        if head.startswith(magic):
            return "image", name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image", "webp"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video", "avi"
    if head[:2] == b"BM":
        return "image", "bmp"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video", "matroska"
    if head[4:8] in _ATOMS or (head[4:8] == b"ftyp" and head[8:12] not in _STILL_BRANDS):
        return "video", "mov"
    return None


def describe(head: bytes) -> str:
    """Return in words what the bytes of an unsupported file look like."""
    for magic, name in _OTHERS:
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return f"HEIF image (brand {head[8:12].decode('ascii', 'replace')})"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:5].lower() in {b"<?xml", b"<svg ", b"<html", b"<!doc"}:
        return "markup (SVG, XML or HTML)"
    if head and all(byte >= 32 or byte in b"\t\r\n\f" for byte in head):
        return "text"
    return f"unknown data that begins {head[:8].hex()}"
