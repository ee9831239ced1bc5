"""Content Credentials in the sandbox: a reader that the fork server loads by name, and its answer as one document.

This room knows no C2PA library. Whoever composes the system names a reader; it runs in a child of its own, so that
whatever becomes of it, the file is decoded all the same.
"""

from __future__ import annotations

import importlib
import json
import mmap
import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import BinaryIO

from registry.errors import DecoderFailedError, UnsupportedMediaError
from registry.media.limits import MIB, MediaLimits
from registry.media.sniff import HEAD_BYTES, describe, sniff
from registry.model.credentials import (
    MAX_ACTIONS,
    MAX_CODES,
    MAX_DEPTH,
    MAX_INGREDIENTS,
    MAX_URL,
    UNREADABLE_CODE,
    Credentials,
    CredentialsAction,
    CredentialsIngredient,
    CredentialsState,
    plain,
)

CredentialsReader = Callable[[BinaryIO, str], Credentials]
OUTPUT_BYTES = MIB  # 128 ingredients with 32 codes of 200 characters are 0.9 MB
# A JPEG of 400 MB, which the library reads into memory as a whole, takes 1.3 s; the rest is for slower machines.
CPU_S = 20
WALL_S = 40.0
_UNIX_S = (-62_135_596_800, 253_402_300_799)  # the years 1 to 9999, all that a date can be shown of


@dataclass(frozen=True, slots=True)
class ReaderSpec:
    """Which reader the fork server loads.

    Attributes:
        factory: ``package.module:name``; called once, with ``options`` by name, before any fork.
        options: JSON values; they reach the server over its standard input.
    """

    factory: str
    options: Mapping[str, str | None] = field(default_factory=dict)

    def pack(self) -> bytes:
        """Return the specification as one document."""
        return json.dumps(asdict(self)).encode()


def loaded(document: bytes) -> CredentialsReader | None:
    """Return the reader that a packed specification names; nothing for an empty document."""
    if not document:
        return None
    spec = json.loads(document)
    module, _, name = spec["factory"].partition(":")
    reader: CredentialsReader = getattr(importlib.import_module(module), name)(**spec["options"])
    return reader


def limits_of(limits: MediaLimits) -> MediaLimits:
    """Return what one reading may cost: never more than a decoding."""
    return replace(limits, cpu_s=min(limits.cpu_s, CPU_S), wall_s=min(limits.wall_s, WALL_S))


def read(reader: CredentialsReader, stream: BinaryIO, output: mmap.mmap) -> int:
    """Write a file's credentials to the output, in the child, and return how many bytes that took.

    From here on the child can open nothing, no socket either: what it holds stays open, nothing is added.

    Raises:
        UnsupportedMediaError: no format that we decode.
        DecoderFailedError: the answer does not fit.
    """
    head = os.pread(stream.fileno(), HEAD_BYTES, 0)
    found = sniff(head)
    if found is None:
        raise UnsupportedMediaError(f"not a supported media format: {describe(head)}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    document = json.dumps(asdict(reader(stream, found[1]))).encode()
    if len(document) > len(output):
        raise DecoderFailedError(f"the credentials take {len(document)} bytes, more than {len(output)}")
    output[: len(document)] = document
    return len(document)


def unpacked(document: bytes) -> Credentials:
    """Return the credentials in a child's document; the child is not trusted, so every string is made plain again.

    Raises:
        ValueError: the document is not one of ours.
    """
    try:
        fields = json.loads(document)
        return Credentials(
            state=CredentialsState(fields["state"]),
            library=_text(fields["library"]),
            codes=_codes(fields["codes"]),
            detail=_text(fields["detail"]),
            title=_text(fields["title"]),
            generator=_text(fields["generator"]),
            signer=_text(fields["signer"]),
            issuer=_text(fields["issuer"]),
            signed_at=None if fields["signed_at"] is None else _within(fields["signed_at"], *_UNIX_S),
            actions=tuple(
                CredentialsAction(plain(each["name"]), _text(each["source_type"]))
                for each in fields["actions"][:MAX_ACTIONS]
            ),
            ingredients=tuple(
                CredentialsIngredient(
                    plain(each["title"]),
                    plain(each["relationship"]),
                    _within(each["depth"], 1, MAX_DEPTH),
                    _codes(each["codes"]),
                )
                for each in fields["ingredients"][:MAX_INGREDIENTS]
            ),
            manifests=_within(fields["manifests"], 0, OUTPUT_BYTES),
            remote_url=None if fields["remote_url"] is None else plain(fields["remote_url"], MAX_URL),
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"not a file's credentials: {document[:80]!r}") from exc


def unreadable(why: str) -> Credentials:
    """Return the answer where the reader crashed, hung or ran into its limits."""
    return Credentials(CredentialsState.UNREADABLE, None, codes=(UNREADABLE_CODE,), detail=plain(why))


def _codes(codes: list[str]) -> tuple[str, ...]:
    return tuple(plain(code) for code in codes[:MAX_CODES])


def _within(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"expected {low} to {high}, got {value}")
    return int(value)


def _text(text: str | None) -> str | None:
    return None if text is None else plain(text)
