"""The descriptors that go to a child: the file, read-only, and the memory that it answers in."""

from __future__ import annotations

import fcntl
import io
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from registry.errors import DecoderFailedError, MediaTooLargeError, UnsupportedMediaError
from registry.media.wire import FramePlace

CHUNK_BYTES = 1 << 20


class OutputFile:
    """A memory file of fixed size that a child fills; sealed against writing before it is read.

    The pages that the child never touches cost nothing.
    """

    def __init__(self, size: int) -> None:
        self.fd = os.memfd_create("touchstone-output", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.fd, size)
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        self._size = size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self.fd)

    def sealed(self, size: int) -> mmap.mmap:
        """Return a read-only mapping of the first ``size`` bytes, which nothing can change any more.

        Raises:
            DecoderFailedError: ``size`` is not within the file, or something still holds it open for writing.
        """
        if not 0 < size <= self._size:
            raise DecoderFailedError(f"the decoder gave {size} bytes, expected 1 to {self._size}")
        try:
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
        except OSError as exc:
            raise DecoderFailedError("the decoder's output is still being written") from exc
        return mmap.mmap(self.fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)


def frame_view(room: mmap.mmap, place: FramePlace) -> NDArray[np.uint8]:
    """Return a read-only view of one frame, uint8 (height, width, 3); it keeps the mapping alive.

    Raises:
        ValueError: the place is not within the mapping.
    """
    if place.height <= 0 or place.width <= 0 or place.offset < 0:
        raise ValueError(f"frame of {place.width} × {place.height} at {place.offset}")
    flat = np.frombuffer(room, dtype=np.uint8, count=place.height * place.width * 3, offset=place.offset)
    return flat.reshape(place.height, place.width, 3)


@contextmanager
def opened_input(source: Path | BinaryIO, max_bytes: int) -> Iterator[int]:
    """Hold a read-only descriptor of the source with a file offset of its own.

    An open file is opened anew through ``/proc``, so that a child can neither write to it nor move its position; what
    is no regular file is copied into memory.

    Raises:
        MediaTooLargeError: larger than ``max_bytes``.
        UnsupportedMediaError: the path names a directory, a pipe or a device.
        OSError: the source cannot be read.
    """
    descriptor = _open(source, max_bytes)
    try:
        size = os.fstat(descriptor).st_size
        if size > max_bytes:
            raise MediaTooLargeError("max_upload_bytes", limit=max_bytes, value=size)
        yield descriptor
    finally:
        os.close(descriptor)


def _open(source: Path | BinaryIO, max_bytes: int) -> int:
    if isinstance(source, Path):
        # Not blocking: a named pipe without a writer would hold the caller for ever.
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UnsupportedMediaError(f"{source.name} is not a regular file")
        return descriptor
    try:
        descriptor = source.fileno()
    except (io.UnsupportedOperation, AttributeError):
        return _copy(source, max_bytes)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return _copy(source, max_bytes)
    return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)


def _copy(source: BinaryIO, max_bytes: int) -> int:
    if source.seekable():
        source.seek(0)
    descriptor = os.memfd_create("touchstone-input", os.MFD_CLOEXEC)
    room = max_bytes + 1  # one byte more than allowed is enough for the caller to see that it is too large
    try:
        while room and (chunk := source.read(min(room, CHUNK_BYTES))):
            os.write(descriptor, chunk)
            room -= len(chunk)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
