"""`Cid`: the name of a block by its content (multiformats CIDv1), as text and as bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from registry.errors import InvalidValueError
from registry.model import Digest

_V1 = 0x01
_SHA2_256 = bytes([0x12, 32])  # multihash code and length, multiformats table
_BYTES = 36  # version, codec, multihash header, digest
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Codec(IntEnum):
    """How a block's bytes are read, by its number in the multicodec table."""

    RAW = 0x55
    DAG_PB = 0x70


@dataclass(frozen=True, slots=True)
class Cid:
    """CIDv1 over SHA-256.

    Attributes:
        codec: raw for bytes of a file, dag-pb for a node that links blocks.
        digest: SHA-256 of the block, 32 bytes.
    """

    codec: Codec
    digest: bytes

    def __post_init__(self) -> None:
        Digest(self.digest)  # the same rule: 32 bytes

    @classmethod
    def of_block(cls, codec: Codec, data: bytes) -> Self:
        """Return the CID of these bytes."""
        return cls(codec, hashlib.sha256(data).digest())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the CID in its binary form: 36 bytes of CIDv1, or 34 of CIDv0, which means dag-pb.

        Raises:
            InvalidValueError: another version, codec or hash.
        """
        if len(data) == _BYTES - 2 and data[:2] == _SHA2_256:
            return cls(Codec.DAG_PB, data[2:])
        if len(data) != _BYTES or data[0] != _V1 or data[2:4] != _SHA2_256 or data[1] not in tuple(Codec):
            raise InvalidValueError(f"cid: expected CIDv1, raw or dag-pb, SHA-256, got {data[:40].hex()!r}")
        return cls(Codec(data[1]), data[4:])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the CID written in base32 (``b…``), base58btc (``z…``) or as CIDv0 (``Qm…``).

        Daemons answer in any of the three; two names of one block are equal as values.

        Raises:
            InvalidValueError: not such a text.
        """
        if text.startswith("b"):
            cid = cls.from_bytes(_base32_decode(text))
            if str(cid) != text:
                raise InvalidValueError(f"cid: expected canonical base32, got {text[:80]!r}")
            return cid
        return cls.from_bytes(_base58_decode(text.removeprefix("z")))

    @property
    def is_dag_pb(self) -> bool:
        """Whether the block is a node that links others, else raw bytes."""
        return self.codec is Codec.DAG_PB

    def to_bytes(self) -> bytes:
        """Return the binary form, 36 bytes."""
        return bytes([_V1, self.codec]) + _SHA2_256 + self.digest

    def matches(self, data: bytes) -> bool:
        """Return whether these bytes are the block that this CID names."""
        return hashlib.sha256(data).digest() == self.digest

    def __str__(self) -> str:
        return "b" + base64.b32encode(self.to_bytes()).decode("ascii").lower().rstrip("=")


def _base32_decode(text: str) -> bytes:
    """Return the bytes of a multibase ``b`` text (RFC 4648 base32, lower case, no padding)."""
    body = text[1:].upper()
    try:
        return base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError) as exc:
        raise InvalidValueError(f"cid: expected base32, got {text[:80]!r}") from exc


def _base58_decode(text: str) -> bytes:
    """Return the bytes of a base58btc text; a CID has no leading zero byte, so none is restored."""
    value = 0
    if not 0 < len(text) <= 2 * _BYTES:
        raise InvalidValueError(f"cid: expected base32, base58btc or CIDv0, got {text[:80]!r}")
    for letter in text:
        digit = _BASE58.find(letter)
        if digit < 0:
            raise InvalidValueError(f"cid: expected base58btc, got {text[:80]!r}")
        value = value * 58 + digit
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
