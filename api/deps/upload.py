"""Receiving a form with a file: streamed, hashed and counted, in a temporary file that has no name.

The file is unlinked from its first byte on, so that neither an error nor a kill leaves bytes behind; its path is that
of the descriptor (Linux, proc_pid_fd(5)), which opens it anew from the start.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from registry.errors import InvalidValueError, MediaTooLargeError
from registry.model import Digest

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILE_FIELD = "file"
MAX_FIELD_BYTES = 16 * 1024  # an intent with an EIP-1271 signature of some kilobytes fits
MAX_FIELDS = 16
_FORM_OVERHEAD_BYTES = 2 * MAX_FIELDS * MAX_FIELD_BYTES  # fields and part headers
_MAX_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One uploaded file, there as long as its request.

    Attributes:
        path: opens the bytes from the start; void once the request is over.
        name: as the sender gave it, for people only.
    """

    path: Path
    name: str
    digest: Digest
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ReceivedForm:
    """A ``multipart/form-data`` body (RFC 7578): its text fields and its one file, if it has one."""

    fields: Mapping[str, str]
    file: ReceivedFile | None

    def require_file(self) -> ReceivedFile:
        """Return the file.

        Raises:
            InvalidValueError: the form has none.
        """
        if self.file is None:
            raise InvalidValueError(f"form: expected a file in field {FILE_FIELD!r}, got fields {sorted(self.fields)}")
        return self.file


@asynccontextmanager
async def received_form(request: Request, *, max_bytes: int) -> AsyncIterator[ReceivedForm]:
    """Yield the form of a request; the file's bytes are gone when the context ends, however it ends.

    Args:
        request: with a ``multipart/form-data`` body.
        max_bytes: of the file.

    Raises:
        MediaTooLargeError: the file has more bytes; the rest is not read.
        InvalidValueError: not such a body, or more fields than are ever needed.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes + _FORM_OVERHEAD_BYTES:
        raise MediaTooLargeError("max_upload_bytes", limit=max_bytes, value=int(declared))
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidValueError("content-type: expected multipart/form-data with a boundary")
    with tempfile.TemporaryFile(prefix="touchstone-") as stream:
        parts = _Parts(stream, max_bytes)
        try:
            parser = MultipartParser(boundary, parts.callbacks())
            async for chunk in request.stream():
                parser.write(chunk)
        except FormParserError as exc:
            raise InvalidValueError(f"form: expected multipart/form-data: {exc}") from exc
        stream.flush()
        yield parts.form()


@dataclass(slots=True)
class _Part:
    """The part under way."""

    headers: dict[str, str] = field(default_factory=dict)
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)
    name: str = ""
    value: bytearray = field(default_factory=bytearray)


class _Parts:
    """What the parser's callbacks gather."""

    def __init__(self, stream: IO[bytes], max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._part = _Part()
        self._fields: dict[str, str] = {}
        self._file_name: str | None = None
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._complete = False

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._part.header_name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._part.header_value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def form(self) -> ReceivedForm:
        if not self._complete:
            raise InvalidValueError("form: expected multipart/form-data, got a body without its closing boundary")
        file = None
        if self._file_name is not None:
            path = Path(f"/proc/self/fd/{self._stream.fileno()}")
            file = ReceivedFile(path, self._file_name, Digest(self._sha256.digest()), self._size)
        return ReceivedForm(self._fields, file)

    def _begin(self) -> None:
        self._part = _Part()

    def _end_header(self) -> None:
        part = self._part
        part.headers[part.header_name.decode("latin-1").lower()] = part.header_value.decode("latin-1")
        part.header_name.clear()
        part.header_value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._part.headers.get("content-disposition", ""))
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._part.name != FILE_FIELD:
            return
        if self._file_name is not None:
            raise InvalidValueError("form: expected one file, got several")
        self._file_name = _name_for_people(options.get(b"filename", b""))

    def _data(self, data: bytes) -> None:
        if self._part.name == FILE_FIELD:
            self._size += len(data)
            if self._size > self._max_bytes:
                raise MediaTooLargeError("max_upload_bytes", limit=self._max_bytes, value=self._size)
            self._sha256.update(data)
            self._stream.write(data)
            return
        self._part.value += data
        if len(self._part.value) > MAX_FIELD_BYTES:
            raise InvalidValueError(f"form: expected at most {MAX_FIELD_BYTES} bytes in field {self._part.name[:64]!r}")

    def _end(self) -> None:
        self._complete = True

    def _end_part(self) -> None:
        if self._part.name == FILE_FIELD:
            return
        self._fields[self._part.name] = self._part.value.decode("utf-8", "replace")
        if len(self._fields) > MAX_FIELDS:
            raise InvalidValueError(f"form: expected at most {MAX_FIELDS} fields")


def _name_for_people(raw: bytes) -> str:
    name = raw.decode("utf-8", "replace").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in name if char.isprintable())[:_MAX_NAME_LENGTH]
