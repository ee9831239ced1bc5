"""The C2PA project's own test files, where the shared folder of media has them, and how they are read."""

from __future__ import annotations

from pathlib import Path

from registry.adapters.c2pa_reader import C2paReader
from registry.media import ReaderSpec
from registry.model import Credentials

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "conformance" / "c2pa"
PREFIX = "c2pa-rs__fixtures_"
MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".svg": "image/svg+xml",
    ".tiff": "image/tiff",
}


def files() -> list[Path]:
    """Return every fixture that is a picture or a clip, by name."""
    return sorted(FOLDER.glob(f"{PREFIX}*"))


def spec(*, trusting: bool) -> ReaderSpec:
    """Return the reader's settings: with the fixtures' own anchors, or with none."""
    options = {
        "trust_anchors": (FOLDER / "c2pa-rs__trust_test_cert_root_bundle.pem").read_text(),
        "trust_config": (FOLDER / "c2pa-rs__trust_store.cfg").read_text(),
    }
    return ReaderSpec("registry.adapters.c2pa_reader:C2paReader", options if trusting else {})


def read(path: Path, *, trusting: bool) -> Credentials:
    """Return what the library reads, outside the sandbox: it knows kinds of files that the decoder refuses."""
    with path.open("rb") as stream:
        return C2paReader(**spec(trusting=trusting).options).read(stream, MEDIA_TYPES[path.suffix])


def row(found: Credentials) -> dict[str, object]:
    """Return what a vector holds of an answer."""
    return {
        "state": found.state.value,
        "codes": list(found.codes),
        "detail": found.detail,
        "generator": found.generator,
        "signer": found.signer,
        "issuer": found.issuer,
        "signed_at": found.signed_at,
        "actions": [[action.name, action.source_type] for action in found.actions],
        "ingredients": [[part.title, part.relationship, part.depth, list(part.codes)] for part in found.ingredients],
        "manifests": found.manifests,
        "remote_url": found.remote_url,
    }
