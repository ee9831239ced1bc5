"""The fork server with children that hang, crash or eat memory, as the words in the file say."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

from registry.errors import MediaDecodeError
from registry.media import child, server
from registry.media.wire import FramePlace, Reply, Request


def _hang(_request: Request) -> None:
    while True:
        signal.pause()


def _spin(_request: Request) -> None:
    while True:
        pass


def _segfault(_request: Request) -> None:
    ctypes.string_at(0)


def _exit(_request: Request) -> None:
    os._exit(7)


def _memory(request: Request) -> None:
    bytearray(request.limits.memory_bytes)


def _bug(_request: Request) -> None:
    raise RuntimeError("planted")


def _write(_request: Request) -> None:
    Path("written-by-the-child").write_bytes(b"x")


def _descriptors(_request: Request) -> None:
    raise MediaDecodeError(",".join(each.name for each in Path("/proc/self/fd").iterdir()))


def _environment(_request: Request) -> None:
    raise MediaDecodeError(",".join(os.environ))


def _kill_the_server(request: Request) -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    _hang(request)


def _lie(request: Request) -> Reply:
    return Reply(kind=1, container="x", width=1, height=1, frames=(FramePlace(0.0, 1, 1, request.output_bytes),))


def _claim_an_overlap_below_zero(_request: Request) -> Reply:
    return Reply(kind=1, container="x", width=1, height=1, frames=(FramePlace(0.0, 1, 1, -3),))


def _claim_no_frame(_request: Request) -> Reply:
    return Reply(kind=1, container="x", width=1, height=1)


def _good(_request: Request) -> None:
    raise MediaDecodeError("served")


WORDS: dict[str, Callable[[Request], Reply | None]] = {
    function.__name__.strip("_").replace("_", " "): function
    for function in (
        _hang,
        _spin,
        _segfault,
        _exit,
        _memory,
        _bug,
        _write,
        _descriptors,
        _environment,
        _kill_the_server,
        _lie,
        _claim_an_overlap_below_zero,
        _claim_no_frame,
        _good,
    )
}


def _misbehave(request: Request, input_fd: int, _output_fd: int) -> Reply:
    return WORDS[os.pread(input_fd, 64, 0).decode()](request) or Reply()


child.work = _misbehave
if __name__ == "__main__":
    server.main()
