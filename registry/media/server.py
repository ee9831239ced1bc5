"""The fork server: a small single-threaded process with the decoders loaded, one forked child per file.

Started as ``python -m registry.media.server FD`` by `registry.media.decoder.Decoder`, with an empty environment; it
ends when its control socket closes. It never reads a file's bytes itself. Standard input names, if anything, the reader
of Content Credentials to load (`registry.media.credentials.ReaderSpec`).
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import av.logging
from PIL import Image

from registry.media import child
from registry.media.credentials import CredentialsReader, loaded
from registry.media.wire import MESSAGE_BYTES, REQUEST_FDS, Ending, Request

av.logging.set_level(None)


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    deadline: float
    reply_socket: socket.socket


def serve(control: socket.socket, reader: CredentialsReader | None) -> None:
    """Fork a child for every request on ``control`` until it closes; end every child at its deadline.

    Each child's ending is reported on its reply socket after it is reaped, so that whoever reads it knows that nothing
    writes to the output any more.
    """
    children: dict[int, _Child] = {}  # by pidfd
    poller = select.poll()
    poller.register(control, select.POLLIN)
    while True:
        for descriptor, _event in poller.poll(_wait_ms(children)):
            if descriptor == control.fileno():
                started = _start(control, children, reader)
                if started is None:
                    _end_all(children)
                    return
                pidfd, started_child = started
                children[pidfd] = started_child
                poller.register(pidfd, select.POLLIN)
            else:
                poller.unregister(descriptor)
                _finish(descriptor, children.pop(descriptor), timed_out=False)
        for pidfd, running in list(children.items()):
            if time.monotonic() >= running.deadline:
                os.kill(running.pid, signal.SIGKILL)
                poller.unregister(pidfd)
                del children[pidfd]
                _finish(pidfd, running, timed_out=True)


def _wait_ms(children: dict[int, _Child]) -> float | None:
    if not children:
        return None
    first = min(running.deadline for running in children.values())
    return max(0.0, (first - time.monotonic()) * 1000 + 1)


def _start(
    control: socket.socket, children: dict[int, _Child], reader: CredentialsReader | None
) -> tuple[int, _Child] | None:
    message, fds, _flags, _address = socket.recv_fds(control, MESSAGE_BYTES, REQUEST_FDS)
    if not message:
        return None
    input_fd, output_fd, reply_fd = fds
    request = Request.unpack(message)
    reply_socket = socket.socket(fileno=reply_fd)
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            for pidfd, other in children.items():
                os.close(pidfd)
                other.reply_socket.close()
            child.run(request, input_fd, output_fd, reply_socket, reader)
        finally:
            os._exit(0)
    os.close(input_fd)
    os.close(output_fd)
    return os.pidfd_open(pid), _Child(pid, time.monotonic() + request.limits.wall_s, reply_socket)


def _finish(pidfd: int, ended: _Child, *, timed_out: bool) -> None:
    _pid, status = os.waitpid(ended.pid, 0)
    os.close(pidfd)
    with ended.reply_socket:
        try:
            ended.reply_socket.send(Ending(os.waitstatus_to_exitcode(status), timed_out).pack(), socket.MSG_DONTWAIT)
        except OSError:
            return  # whoever asked is gone


def _end_all(children: dict[int, _Child]) -> None:
    for running in children.values():
        os.kill(running.pid, signal.SIGKILL)
        os.waitpid(running.pid, 0)


def main() -> None:
    """Serve the control socket whose descriptor is the only argument."""
    reader = loaded(sys.stdin.buffer.read())
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise SystemExit(f"the fork server must have one thread, it has {threads}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes the socket
    Image.preinit()
    gc.freeze()  # children share these pages
    with socket.socket(fileno=int(sys.argv[1])) as control:
        serve(control, reader)


if __name__ == "__main__":
    main()
