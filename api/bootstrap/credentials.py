"""Which reader of Content Credentials runs in the decoder's children, and whom it trusts."""

from __future__ import annotations

import ssl
from pathlib import Path

from api.settings import Settings
from registry.errors import InvalidValueError
from registry.media import ReaderSpec


def credentials_reader(settings: Settings) -> ReaderSpec:
    """Return the C2PA reader with the configured trust; with no anchors no signer is trusted.

    Raises:
        InvalidValueError: a configured file cannot be read, or the anchors are not certificates in PEM.
    """
    return ReaderSpec(
        "registry.adapters.c2pa_reader:C2paReader",
        {
            "trust_anchors": _anchors(settings.c2pa_trust_anchors),
            "trust_config": _text("TOUCHSTONE_C2PA_TRUST_CONFIG", settings.c2pa_trust_config),
        },
    )


def _anchors(path: Path | None) -> str | None:
    """Return the anchors' text, read as certificates once: the library would take anything and trust nobody by it."""
    name = "TOUCHSTONE_C2PA_TRUST_ANCHORS"
    text = _text(name, path)
    if text is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError) as exc:
            raise InvalidValueError(f"{name}: expected certificates in PEM in {path}, got {exc}") from exc
    return text


def _text(name: str, path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text(encoding="utf-8")
    except (OSError, ValueError) as exc:
        raise InvalidValueError(f"{name}: {path} cannot be read: {exc}") from exc
