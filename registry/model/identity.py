"""`Digest` and `Address`: the two identities that everything else hangs on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from registry.errors import InvalidValueError

ZERO_32 = bytes(32)


def require_length(name: str, value: bytes, length: int) -> None:
    """Raise `InvalidValueError` unless ``value`` is exactly ``length`` bytes."""
    if len(value) != length:
        raise InvalidValueError(f"{name}: expected {length} bytes, got {len(value)}")


def bytes_from_hex(name: str, text: str, length: int | None = None) -> bytes:
    """Return the bytes written as hex, with or without ``0x``, in either case.

    Raises:
        InvalidValueError: not hex, or not ``length`` bytes where a length is given.
    """
    try:
        value = bytes.fromhex(text.removeprefix("0x").removeprefix("0X"))
    except ValueError as exc:
        raise InvalidValueError(f"{name}: expected hex digits, got {text[:80]!r}") from exc
    if length is not None:
        require_length(name, value, length)
    return value


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """SHA-256 of a file's exact bytes: the hard binding, key of the registry (FIPS 180-4).

    Attributes:
        value: 32 bytes.
    """

    value: bytes

    def __post_init__(self) -> None:
        require_length("digest", self.value, 32)

    @classmethod
    def of_bytes(cls, data: bytes) -> Self:
        """Return the digest of ``data``."""
        return cls(hashlib.sha256(data).digest())

    @classmethod
    def of_stream(cls, stream: BinaryIO) -> Self:
        """Return the digest of what is left in ``stream``, read in chunks."""
        sha256 = hashlib.sha256()
        while chunk := stream.read(1 << 20):
            sha256.update(chunk)
        return cls(sha256.digest())

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Return the digest of the file at ``path``."""
        with path.open("rb") as stream:
            return cls.of_stream(stream)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Return the digest written as 64 hex digits, with or without ``0x``.

        Raises:
            InvalidValueError: not 64 hex digits.
        """
        return cls(bytes_from_hex("digest", text, 32))

    @property
    def hex(self) -> str:
        """64 lower-case hex digits without prefix, as ``sha256sum`` prints them."""
        return self.value.hex()

    def __str__(self) -> str:
        return self.hex


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An account on an EVM network.

    Attributes:
        value: 20 bytes.
    """

    value: bytes

    def __post_init__(self) -> None:
        require_length("address", self.value, 20)

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """Return the address written as 40 hex digits in any case, with or without ``0x``.

        Raises:
            InvalidValueError: not 40 hex digits.
        """
        return cls(bytes_from_hex("address", text, 20))

    @property
    def hex(self) -> str:
        """``0x`` and 40 lower-case hex digits."""
        return "0x" + self.value.hex()

    def __str__(self) -> str:
        return self.hex


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which network judged.

    The id is the SHA-256 of the canonical manifest ``{name, weights sha256, config sha256, engine}``.

    Attributes:
        name: the model's name, such as ``gru-v1``.
        value: 32 bytes, the chain's ``bytes32 modelId``.
    """

    name: str
    value: bytes

    def __post_init__(self) -> None:
        require_length("model id", self.value, 32)

    def __str__(self) -> str:
        return f"{self.name}@{self.value.hex()[:12]}"
