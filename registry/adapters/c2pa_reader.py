"""Content Credentials read by the C2PA library; runs in a child of the decoder's fork server (ADR 0014)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import BinaryIO

import c2pa

from registry.adapters.c2pa_store import credentials_of
from registry.model.credentials import MAX_URL, UNREADABLE_CODE, Credentials, CredentialsState, plain

LIBRARY = f"c2pa-python {c2pa.__version__}"
# Our names of containers; the others that we decode, BMP and Matroska, have no place for a manifest.
MEDIA_TYPES: Mapping[str, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mov": "video/mp4",
    "avi": "video/avi",
}
_REMOTE = "Remote: must fetch remote manifests from url "


class C2paReader:
    """Reads with fixed settings: nothing is fetched, and only a configured anchor makes a signer trusted."""

    def __init__(self, trust_anchors: str | None = None, trust_config: str | None = None) -> None:
        """Keep the settings; called in the fork server before it forks, so nothing of the library is made here.

        Args:
            trust_anchors: PEM certificates. Without any, no signer is trusted.
            trust_config: the library's list of extended key usages (OIDs) that a signer may have; absent, its own.
        """
        # Several locks on one door, since the library passes over a setting that it does not know: no manifest and no
        # certificate status is fetched, no host may be asked, no identity assertion is followed (a did:web would be).
        self._settings: dict[str, dict[str, object]] = {
            "core": {"allowed_network_hosts": [], "decode_identity_assertions": False},
            "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
            "trust": {
                name: text
                for name, text in (("trust_anchors", trust_anchors), ("trust_config", trust_config))
                if text is not None
            },
        }

    def __call__(self, stream: BinaryIO, container: str) -> Credentials:
        """Return the credentials of a file.

        Args:
            stream: seekable, at the file's first byte.
            container: as `registry.media.sniff` names it; another has none.
        """
        media_type = MEDIA_TYPES.get(container)
        if media_type is None:
            return Credentials(CredentialsState.NONE, LIBRARY)
        return self.read(stream, media_type)

    def read(self, stream: BinaryIO, media_type: str) -> Credentials:
        """Return the credentials of a file of that media type."""
        try:
            with (
                c2pa.Context.from_dict(self._settings) as context,
                c2pa.Reader(media_type, stream, context=context) as reader,
            ):
                return credentials_of(json.loads(reader.json()), LIBRARY)
        except c2pa.C2paError.ManifestNotFound:
            return Credentials(CredentialsState.NONE, LIBRARY)
        except c2pa.C2paError as exc:
            message = str(exc)
            if message.startswith(_REMOTE):
                url = plain(message.removeprefix(_REMOTE), MAX_URL)
                return Credentials(CredentialsState.REMOTE, LIBRARY, remote_url=url)
            return Credentials(CredentialsState.UNREADABLE, LIBRARY, codes=(UNREADABLE_CODE,), detail=plain(message))
