"""Fingerprints of a receipt's leaves: by them a verifier can say *which* value was changed.

They prove nothing, since whoever changes a value can change its fingerprint too: the seal proves, these name. The entry
``fields`` is of all the others, so that a changed value can be told from a changed fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from registry.documents import Document
from registry.receipt.canonical import canonical, leaves, member

FIELDS = "fields"
HEX_DIGITS = 8  # 32 bits: a change of one value goes unnamed once in four thousand million times, and never unnoticed


def with_fields(body: Document) -> Document:
    """Return a receipt's body with the fingerprints of its leaves."""
    return {**body, FIELDS: fingerprints(body)}


def fingerprints(body: Document) -> dict[str, str]:
    """Return by its path the first 8 hex digits of the SHA-256 of each leaf's canonical JSON, and theirs."""
    named = {path: _fingerprint(value) for path, value in leaves(body)}
    return {**named, FIELDS: _fingerprint(named)}


def changed_fields(body: Document, claimed: Mapping[str, str]) -> tuple[str, ...]:
    """Return the paths of the values that are not as fingerprinted, in the order of their names.

    Args:
        body: the receipt without its fingerprints and its seal.
        claimed: its fingerprints.
    """
    actual = fingerprints(body)
    others = {path: given for path, given in claimed.items() if path != FIELDS}
    differing = sorted(
        path for path in (actual.keys() | others.keys()) - {FIELDS} if actual.get(path) != others.get(path)
    )
    if claimed.get(FIELDS) == _fingerprint(others):
        return tuple(differing)
    return tuple(member(FIELDS, path) for path in differing) or (member(FIELDS, FIELDS),)


def _fingerprint(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()[:HEX_DIGITS]
