"""Documents that prove something, as bytes from anywhere: read within limits, and compared with their canonical form.

A value's place is written as a dotted path, such as ``opinions[0].signature``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import rfc8785

from registry.errors import ReceiptError

MAX_BYTES = 256 * 1024  # forty times a receipt of three gates in a batch of a million
MAX_DEPTH = 16  # a receipt has 5 levels
WHOLE = "document"  # the path of the document itself
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\[\]]{1,120}")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')


@dataclass(frozen=True, slots=True)
class NotInteger:
    """A number that none of our documents has: with a fraction or an exponent, infinite, or none at all."""

    text: str


class Members(dict[str, Any]):
    """A JSON object, with the names that occurred in it more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.repeated = tuple(name for name in self if names.count(name) > 1) if len(self) < len(names) else ()


def read_json(raw: bytes, *, most: int = MAX_BYTES) -> Members:
    """Return the JSON object in ``raw``; numbers that are no integers are left as `NotInteger`.

    Raises:
        ReceiptError: over a limit, not UTF-8, not JSON, or not an object.
    """
    if len(raw) > most:
        raise ReceiptError(WHOLE, expected=f"{most} bytes at most", got=str(len(raw)))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ReceiptError(WHOLE, expected="UTF-8", got=f"another byte at offset {exc.start}") from exc
    _require_shallow(text)
    try:
        value = json.loads(text, object_pairs_hook=Members, parse_float=NotInteger, parse_constant=NotInteger)
    except (ValueError, RecursionError) as exc:  # among them an integer of more digits than Python converts
        raise ReceiptError(WHOLE, expected="JSON", got=str(exc)) from exc
    if not isinstance(value, Members):
        raise ReceiptError(WHOLE, expected="a JSON object", got=described(value))
    return value


def canonical(value: object) -> bytes:
    """Return a value's canonical JSON (RFC 8785); it must be made of what `strict` lets through."""
    return rfc8785.dumps(cast(Any, value))


def described(value: object) -> str:
    """Return a JSON value in words that are safe to show: cut short, in ASCII."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, NotInteger):
        return f"the number {ascii(value.text[:80])[1:-1]}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return ascii(value)[:120] if isinstance(value, str) else str(value)[:80]


def member(path: str, name: str) -> str:
    """Return the path of an object's member."""
    shown = name if _PLAIN_NAME.fullmatch(name) else ascii(name)[1:-1][:80]
    return shown if path == WHOLE else f"{path}.{shown}"


def element(path: str, index: int) -> str:
    """Return the path of a list's element."""
    return f"{path}[{index}]"


def leaves(value: object, path: str = WHOLE) -> Iterator[tuple[str, object]]:
    """Yield every value that holds no other, with its path; an empty object or list is one."""
    if isinstance(value, dict) and value:
        for name, below in value.items():
            yield from leaves(below, member(path, name))
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from leaves(below, element(path, index))
    else:
        yield path, value


def first_difference(raw: bytes, document: Mapping[str, Any]) -> str | None:
    """Return the path of the value at which ``raw`` leaves the document's canonical form, or nothing if it does not.

    Args:
        raw: the bytes that the document was read from.
        document: of integers, texts, truth values, nulls, objects and lists alone.
    """
    at = 0
    for path, piece in _pieces(document, WHOLE):
        if raw[at : at + len(piece)] != piece:
            return path
        at += len(piece)
    return None if at == len(raw) else WHOLE


def _pieces(value: object, path: str) -> Iterator[tuple[str, bytes]]:
    """Yield the canonical form in pieces, each with whose it is; what follows a value (``,`` or a bracket) is its."""
    if isinstance(value, dict) and value:
        yield path, b"{"
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))  # RFC 8785, section 3.2.3
        for name in names:
            below = member(path, name)
            yield below, canonical(name) + b":"
            yield from _pieces(value[name], below)
            yield below, b"}" if name == names[-1] else b","
    elif isinstance(value, list) and value:
        yield path, b"["
        for index, each in enumerate(value):
            below = element(path, index)
            yield from _pieces(each, below)
            yield below, b"]" if index == len(value) - 1 else b","
    else:
        yield path, canonical(value)


def _require_shallow(text: str) -> None:
    depth = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        if depth > MAX_DEPTH:
            raise ReceiptError(WHOLE, expected=f"{MAX_DEPTH} levels at most", got="more")
