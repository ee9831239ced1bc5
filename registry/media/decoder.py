"""`Decoder`: the parent's side of the sandboxed decoding."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, ClassVar, Self

from registry.errors import (
    DecoderFailedError,
    MediaDecodeError,
    MediaError,
    MediaTooLargeError,
    SensitiveTag,
    UnsupportedMediaError,
)
from registry.media import credentials
from registry.media.credentials import ReaderSpec
from registry.media.limits import MIB, MediaLimits, SamplingPlan
from registry.media.output import OutputFile, frame_view, opened_input
from registry.media.wire import Ending, Reply, Request, receive
from registry.model import Credentials, Frame, Media, MediaKind

GRACE_S = 10.0  # on top of the wall-clock limit, for the server to kill and report
# No variable of ours reaches the server: no password, no proxy. One thread, or forking would not be safe.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
_ERRORS: dict[str, type[MediaError]] = {
    error.__name__: error for error in (UnsupportedMediaError, MediaDecodeError, DecoderFailedError)
}


class Decoder:
    """Decodes files in limited children of a fork server, one child per file; safe to share between threads.

    Use as a context manager, or call `close`. The server is started on creation and again if it dies.
    """

    _COMMAND: ClassVar[tuple[str, ...]] = ("-m", "registry.media.server")

    def __init__(
        self,
        limits: MediaLimits | None = None,
        plan: SamplingPlan | None = None,
        *,
        credentials_reader: ReaderSpec | None = None,
    ) -> None:
        self.limits = limits or MediaLimits()
        self._reader = credentials_reader
        self.plan = plan or SamplingPlan()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self.limits.max_children)
        self._server: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._closed = False
        with self._lock:
            self._start()

    def decode(self, source: Path | BinaryIO) -> Media:
        """Return what the file shows.

        Args:
            source: a path, or an open file that is read from its first byte whatever its position.

        Raises:
            UnsupportedMediaError: empty, not media, or a format or codec that is not supported.
            MediaDecodeError: truncated or corrupt.
            MediaTooLargeError: over a limit.
            DecoderFailedError: the child crashed, hung or ran into its resource limits.
            OSError: the source itself cannot be read.
        """
        with opened_input(source, self.limits.max_upload_bytes) as input_fd:
            request = Request("decode", self.limits, self.plan, self.plan.output_bytes)
            with OutputFile(request.output_bytes) as output:
                return _media(self._ask(request, input_fd, output.fd), output)

    def credentials(self, source: Path | BinaryIO) -> Credentials | None:
        """Return what the file's own Content Credentials say; nothing where no reader was configured.

        A child of its own reads them. A crash, a hang or a limit is an answer, state UNREADABLE: what a stranger writes
        into a manifest decides over nothing.

        Args:
            source: as for `decode`.

        Raises:
            OSError: the source itself cannot be read.
        """
        if self._reader is None:
            return None
        try:
            with opened_input(source, self.limits.max_upload_bytes) as input_fd:
                request = Request(
                    "credentials", credentials.limits_of(self.limits), self.plan, credentials.OUTPUT_BYTES
                )
                with OutputFile(request.output_bytes) as output:
                    reply = self._ask(request, input_fd, output.fd)
                    return credentials.unpacked(output.sealed(reply.size)[:])
        except (MediaError, ValueError) as exc:
            return credentials.unreadable(str(exc))

    def strip(self, source: Path | BinaryIO, out: BinaryIO) -> None:
        """Write the file to ``out`` without location, author and any other metadata; pixels and packets unchanged.

        Args:
            source: as for `decode`.
            out: where the derivative's bytes go.

        Raises:
            MediaError: as for `decode`; nothing is written then.
            OSError: the source cannot be read or ``out`` not be written.
        """
        with opened_input(source, self.limits.max_upload_bytes) as input_fd:
            # A remuxed clip's tables may be larger than the original's; a memory file costs only what is written.
            request = Request("strip", self.limits, self.plan, 2 * os.fstat(input_fd).st_size + MIB)
            with OutputFile(request.output_bytes) as output:
                reply = self._ask(request, input_fd, output.fd)
                out.write(output.sealed(reply.size))

    def close(self) -> None:
        """End the server and its children; calling it again changes nothing."""
        with self._lock:
            self._closed = True
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, request: Request, input_fd: int, output_fd: int) -> Reply:
        """Return the child's reply once it has ended; raise its error."""
        with self._places:
            answer = self._try(request, input_fd, output_fd)
            if (
                answer is None
            ):  # the server was dead, or died before this child's end was known: once more, on a new one
                answer = self._try(request, input_fd, output_fd)
        if answer is None:
            raise DecoderFailedError("the decoder's server died twice")
        reply, ending = answer
        if ending.timed_out:
            raise DecoderFailedError(f"the decoder was killed after wall_s = {request.limits.wall_s:g} s")
        if reply is None or ending.exit_code != 0:
            raise DecoderFailedError(f"the decoder ended with exit code {ending.exit_code} and no answer")
        if reply.error is not None:
            raise _error(reply)
        return reply

    def _try(self, request: Request, input_fd: int, output_fd: int) -> tuple[Reply | None, Ending] | None:
        """Return the child's reply and ending, or nothing where the server is gone; the next try starts a new one."""
        ours, childs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, childs:
            ours.settimeout(request.limits.wall_s + GRACE_S)
            with self._lock:
                server, control = self._running()
                try:
                    socket.send_fds(control, [request.pack()], [input_fd, output_fd, childs.fileno()])
                except OSError:
                    self._discard(server)
                    return None
            childs.close()
            reply: Reply | None = None
            try:
                while message := receive(ours):
                    if isinstance(message, Ending):
                        return reply, message
                    reply = message
            except TimeoutError as exc:
                with self._lock:
                    self._discard(server)
                raise DecoderFailedError("the decoder's server failed to end its child in time") from exc
            except (ValueError, ConnectionError) as exc:
                raise DecoderFailedError(f"the decoder's answer cannot be read: {exc}") from exc
            with self._lock:
                self._discard(server)
            return None

    def _discard(self, server: subprocess.Popen[bytes]) -> None:
        """End a server that cannot be relied on, unless another thread has done so."""
        if self._server is not None and self._server[0] is server:
            server.kill()
            self._stop()

    def _running(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        if self._closed:
            raise DecoderFailedError("the decoder is closed")
        if self._server is None or self._server[0].poll() is not None:
            self._stop()
            self._start()
        if self._server is None:
            raise DecoderFailedError("the decoder's server did not start")
        return self._server

    def _start(self) -> None:
        ours, servers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with servers, self._standard_input() as given:
            path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
            process = subprocess.Popen(
                [sys.executable, "-P", *self._COMMAND, str(servers.fileno())],
                stdin=given,
                stdout=subprocess.DEVNULL,
                pass_fds=[servers.fileno()],
                env=_ENVIRONMENT | {"PYTHONPATH": path},
            )
        self._server = (process, ours)

    def _standard_input(self) -> BinaryIO:
        """Return the file that names the server's reader of credentials; empty for none."""
        given = os.fdopen(os.memfd_create("touchstone-reader", os.MFD_CLOEXEC), "w+b")
        if self._reader is not None:
            given.write(self._reader.pack())
            given.flush()
            given.seek(0)
        return given

    def _stop(self) -> None:
        if self._server is None:
            return
        process, control = self._server
        self._server = None
        control.close()
        try:
            process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _error(reply: Reply) -> MediaError:
    arguments = reply.arguments
    try:
        if reply.error == "MediaTooLargeError":
            return MediaTooLargeError(arguments["limit_name"], limit=arguments["limit"], value=arguments["value"])
        return _ERRORS[str(reply.error)](arguments["message"])
    except (KeyError, TypeError, ValueError):
        return DecoderFailedError(f"the decoder's answer cannot be read: {reply.error!r}")


def _media(reply: Reply, output: OutputFile) -> Media:
    """Return the frames as views of the sealed output; the reply is not trusted."""
    try:
        room = output.sealed(max(place.offset + place.height * place.width * 3 for place in reply.frames))
        frames = tuple(Frame(place.t_s, frame_view(room, place)) for place in reply.frames)
        tags = tuple(SensitiveTag(category, name) for category, name in reply.tags)
        return Media(MediaKind(reply.kind), reply.container, reply.width, reply.height, reply.duration_s, frames, tags)
    except (ValueError, TypeError) as exc:
        raise DecoderFailedError(f"the decoder's answer does not hold together: {exc}") from exc
