"""`Cid`: the name of content by its hash."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Self

from registry.errors import InvalidValueError
from registry.model.identity import require_length

RAW_CODEC = 0x55
DAG_PB_CODEC = 0x70
_SHA2_256_32 = b"\x12\x20"  # multihash header: SHA-256, 32 bytes


@dataclass(frozen=True, slots=True)
class Cid:
    """A CIDv1 over SHA-256; its text is base32 (multiformats CID specification, multibase ``b``).

    Attributes:
        digest: 32 bytes, SHA-256 of the root block.
        is_dag_pb: the root block is a dag-pb node; else raw bytes.
    """

    digest: bytes
    is_dag_pb: bool

    def __post_init__(self) -> None:
        require_length("cid digest", self.digest, 32)

    def __bytes__(self) -> bytes:
        return bytes((1, DAG_PB_CODEC if self.is_dag_pb else RAW_CODEC)) + _SHA2_256_32 + self.digest

    def __str__(self) -> str:
        return "b" + base64.b32encode(bytes(self)).decode("ascii").rstrip("=").lower()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the CID in its binary form.

        Raises:
            InvalidValueError: not a CIDv1 over SHA-256 with codec raw or dag-pb.
        """
        if len(data) != 36 or data[0] != 1 or data[1] not in {RAW_CODEC, DAG_PB_CODEC} or data[2:4] != _SHA2_256_32:
            raise InvalidValueError(f"cid: expected CIDv1 raw or dag-pb over SHA-256, got {data[:40].hex()}")
        return cls(data[4:], data[1] == DAG_PB_CODEC)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the CID in its base32 text form, of which each CID has exactly one.

        Raises:
            InvalidValueError: not such a text.
        """
        body = text[1:].upper()
        try:
            data = base64.b32decode(body + "=" * (-len(body) % 8)) if text[:1] == "b" else b""
        except ValueError as exc:  # binascii.Error is one; letters outside ASCII raise another
            raise InvalidValueError(f"cid: expected base32 CIDv1, got {text[:80]!r}") from exc
        cid = cls.from_bytes(data)
        if str(cid) != text:  # upper case or spare bits: a second spelling would be a second key
            raise InvalidValueError(f"cid: expected {cid}, got {text[:80]!r}")
        return cid
