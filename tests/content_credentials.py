"""Small pictures with Content Credentials of our own making, and the reader's settings that trust their signer."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import c2pa

from registry.media import ReaderSpec
from tests.pictures import jpeg, picture

KEYS = Path(__file__).parent / "vectors" / "c2pa"
SIGNER = "Touchstone test signer"
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
BY_A_MODEL = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
READER = "registry.adapters.c2pa_reader:C2paReader"
NO_TRUST = ReaderSpec(READER)
TRUST = ReaderSpec(READER, {"trust_anchors": (KEYS / "root.pem").read_text()})
PHOTO = jpeg(picture(7, width=320, height=240))


def signed(
    photo: bytes = PHOTO,
    *,
    title: str = "photo.jpg",
    generator: str = "tests",
    source_type: str = CAPTURED,
    ingredients: Sequence[bytes] = (),
    remote_url: str | None = None,
) -> bytes:
    """Return a JPEG with a manifest; with ``remote_url``, one that only says where its manifest is."""
    first = {"action": "c2pa.created", "digitalSourceType": source_type}
    definition: dict[str, Any] = {
        "title": title,
        "claim_generator_info": [{"name": generator, "version": "1"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [first]}}],
    }
    key, chain = (KEYS / "signer.key").read_bytes(), (KEYS / "signer.pem").read_bytes()
    settings = {"builder": {"thumbnail": {"enabled": False}}, "verify": {"verify_after_sign": False}}
    out = io.BytesIO()
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Builder(json.dumps(definition), context=context) as builder,
        c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", chain, key, None)) as signer,
    ):
        for number, each in enumerate(ingredients):
            about = {"title": f"part {number}.jpg", "relationship": "componentOf"}
            builder.add_ingredient(json.dumps(about), "image/jpeg", io.BytesIO(each))
        if remote_url is not None:
            builder.set_no_embed()
            builder.set_remote_url(remote_url)
        builder.sign(signer, "image/jpeg", io.BytesIO(photo), out)
    return out.getvalue()


def tampered(photo: bytes) -> bytes:
    """Return a picture one bit of whose compressed pixels is another."""
    return photo[:-40] + bytes([photo[-40] ^ 1]) + photo[-39:]
