"""Strict reading: each value has one type and one way of being written, and what is not expected is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from registry.eip712 import MAX_SIGNATURE_BYTES
from registry.errors import InvalidValueError, ReceiptError
from registry.model import Address, Digest
from registry.receipt.canonical import WHOLE, Members, described, element, member

Value = TypeVar("Value")

MAX_INTEGER = 2**53 - 1  # what every JSON reader keeps (RFC 8785, section 3.2.2.3)
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")
_FINGERPRINT = re.compile(r"[0-9a-f]{8}")
_HEX = re.compile(r"[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Reader:
    """One value of a JSON document, and where it stands.

    Every method raises `ReceiptError`, naming the place, where the value is not what is asked for.
    """

    value: object
    path: str = WHOLE

    def members(self, *names: str, optional: tuple[str, ...] = ()) -> dict[str, Reader]:
        """Return an object's members; those of ``optional`` may be missing, and there may be no others."""
        value = self.value
        if not isinstance(value, Members):
            raise self.wrong("an object")
        for name in value.repeated:
            raise ReceiptError(member(self.path, name), expected="one value", got="several")
        for name in names:
            if name not in value:
                raise ReceiptError(member(self.path, name), expected="a value", got="none")
        for name in value:
            if name not in names and name not in optional:
                raise ReceiptError(member(self.path, name), expected="no such field", got=described(value[name]))
        return {name: Reader(below, member(self.path, name)) for name, below in value.items()}

    def mapping(self) -> dict[str, Reader]:
        """Return an object's members, whatever their names."""
        names = tuple(self.value) if isinstance(self.value, Members) else ()
        return self.members(optional=names)

    def elements(self) -> tuple[Reader, ...]:
        """Return a list's elements."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return tuple(Reader(below, element(self.path, index)) for index, below in enumerate(self.value))

    def optional(self, read: Callable[[Reader], Value]) -> Value | None:
        """Return what ``read`` makes of the value, or nothing where it is null."""
        return None if self.value is None else read(self)

    def integer(self, most: int = MAX_INTEGER) -> int:
        """Return an integer from 0 to ``most``."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= most:
            raise self.wrong(f"an integer from 0 to {most}")
        return self.value

    def decimal(self) -> int:
        """Return an unsigned integer of 256 bits written in a text."""
        if not isinstance(self.value, str) or not _DECIMAL.fullmatch(self.value) or int(self.value) >= 2**256:
            raise self.wrong("a text of decimal digits, below 2^256")
        return int(self.value)

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def word(self, meanings: Mapping[str, Value]) -> Value:
        """Return what one of these words means."""
        if not isinstance(self.value, str) or self.value not in meanings:
            raise self.wrong(" or ".join(map(repr, meanings)))
        return meanings[self.value]

    def hexadecimal(self, length: int) -> bytes:
        """Return bytes written as ``0x`` and lower-case hex digits, ``length`` of them."""
        expected = f"0x and {2 * length} lower-case hex digits"
        if not isinstance(self.value, str) or not self.value.startswith("0x") or len(self.value) != 2 + 2 * length:
            raise self.wrong(expected)
        return self._bytes(self.value[2:], expected)

    def signature(self) -> bytes:
        """Return a signature: of 65 bytes, or of another length where a contract's wallet made it (EIP-1271)."""
        most = 2 * MAX_SIGNATURE_BYTES
        expected = f"0x and an even number of lower-case hex digits, {most} at most"
        value = self.value
        if not isinstance(value, str) or not value.startswith("0x") or len(value) % 2 or len(value) > 2 + most:
            raise self.wrong(expected)
        return self._bytes(value[2:], expected)

    def digest(self) -> Digest:
        """Return a digest: 64 lower-case hex digits."""
        expected = "64 lower-case hex digits"
        if not isinstance(self.value, str) or len(self.value) != 64:
            raise self.wrong(expected)
        return Digest(self._bytes(self.value, expected))

    def fingerprint(self) -> str:
        """Return 8 lower-case hex digits as they are written."""
        if not isinstance(self.value, str) or not _FINGERPRINT.fullmatch(self.value):
            raise self.wrong("8 lower-case hex digits")
        return self.value

    def address(self) -> Address:
        """Return an account: ``0x`` and 40 lower-case hex digits."""
        return Address(self.hexadecimal(20))

    def text(self, read: Callable[[str], Value]) -> Value:
        """Return what ``read`` makes of a text; it refuses with `InvalidValueError`."""
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        try:
            return read(self.value)
        except InvalidValueError as exc:
            raise ReceiptError(self.path, expected="another text", got=str(exc)) from exc

    def wrong(self, expected: str) -> ReceiptError:
        """Return the error that says what was expected here."""
        return ReceiptError(self.path, expected=expected, got=described(self.value))

    def _bytes(self, digits: str, expected: str) -> bytes:
        if not _HEX.fullmatch(digits):
            raise self.wrong(expected)
        return bytes.fromhex(digits)
