"""Content Credentials in words, for people at a terminal."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from registry.model import Credentials, CredentialsState

_STATES = {
    CredentialsState.NONE: "none in this file; a re-save drops them, so that says nothing",
    CredentialsState.REMOTE: "kept elsewhere, by the file's word; that address is not asked",
    CredentialsState.UNREADABLE: "could not be read; that says nothing about the file",
    CredentialsState.INVALID: "there, but they do not fit this file or their own signature; a re-save can do that",
    CredentialsState.VALID: "they fit this file; their signer is not among those trusted here",
    CredentialsState.TRUSTED: "they fit this file, by a signer trusted here",
}


def credentials_lines(credentials: Credentials | None) -> list[str]:
    """Return what a file's own credentials say, in words; nothing where they were not looked for."""
    return list(_lines(credentials)) if credentials is not None else []


def _lines(credentials: Credentials) -> Iterator[str]:
    yield f"  content credentials {credentials.state.value}: {_STATES[credentials.state]}"
    if credentials.codes:
        yield f"    codes: {', '.join(credentials.codes)}"
    if credentials.detail is not None:
        yield f"    reader: {credentials.detail}"
    if credentials.remote_url is not None:
        yield f"    address: {credentials.remote_url}"
    who = ", ".join(text for text in (credentials.signer, credentials.issuer) if text)
    if who:
        yield f"    signed by: {who}{_at(credentials.signed_at)}"
    if credentials.generator is not None:
        yield f"    made with, it says: {credentials.generator}"
    if credentials.says_ai:
        yield "    it says itself that a trained model made it, wholly or in part"
    for ingredient in credentials.ingredients:
        holds = f": does not hold ({', '.join(ingredient.codes)})" if ingredient.codes else ""
        inset = "  " * ingredient.depth
        yield f"  {inset}from {ingredient.title or 'unnamed'} ({ingredient.relationship}){holds}"


def _at(unix_s: int | None) -> str:
    if unix_s is None:
        return ""
    return datetime.datetime.fromtimestamp(unix_s, tz=datetime.UTC).strftime(", %Y-%m-%d %H:%M UTC")
