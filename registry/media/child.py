"""One file's work in one process: read it, leave the frames in the output, reply, end."""

from __future__ import annotations

import mmap
import os
import socket

import cv2
import numpy as np

from registry.errors import DecoderFailedError, MediaError, MediaTooLargeError, UnsupportedMediaError
from registry.media.confine import confine, silence
from registry.media.credentials import CredentialsReader, read
from registry.media.images import decode_image
from registry.media.sniff import HEAD_BYTES, describe, sniff
from registry.media.strip import strip_file
from registry.media.videos import decode_video
from registry.media.wire import MAX_TAGS, FramePlace, Reply, Request
from registry.model import Media


def run(
    request: Request, input_fd: int, output_fd: int, reply_socket: socket.socket, reader: CredentialsReader | None
) -> None:
    """Do the request and send one `Reply`; whatever goes wrong is a reply too, as long as the process lives."""
    try:
        silence()
        confine(request.limits)
        cv2.setNumThreads(1)
        if request.operation == "credentials":
            reply = read_credentials(request, input_fd, output_fd, reader)
        else:
            reply = work(request, input_fd, output_fd)
    except MediaTooLargeError as exc:
        arguments = {"limit_name": exc.limit_name, "limit": exc.limit, "value": exc.value}
        reply = Reply(error="MediaTooLargeError", arguments=arguments)
    except MediaError as exc:
        reply = Reply(error=type(exc).__name__, arguments={"message": str(exc)[:500]})
    except MemoryError:
        message = f"the decoder needs more than {request.limits.memory_bytes} bytes of memory"
        reply = Reply(error="DecoderFailedError", arguments={"message": message})
    except Exception as exc:  # noqa: BLE001 - the boundary of a process that reads hostile bytes
        message = f"the decoder failed: {type(exc).__name__}: {exc}"[:500]
        reply = Reply(error="DecoderFailedError", arguments={"message": message})
    reply_socket.send(reply.pack())


def work(request: Request, input_fd: int, output_fd: int) -> Reply:
    """Return the reply for a file that is read from its first byte.

    Raises:
        MediaError: as design section 9 has it.
    """
    head = os.pread(input_fd, HEAD_BYTES, 0)
    if not head:
        raise UnsupportedMediaError("empty file (0 bytes)")
    found = sniff(head)
    if found is None:
        raise UnsupportedMediaError(f"not a supported media format: {describe(head)}")
    family, name = found
    with os.fdopen(input_fd, "rb", closefd=False) as stream, mmap.mmap(output_fd, request.output_bytes) as output:
        if request.operation == "strip":
            return Reply(size=strip_file(stream, name, output, request.limits))
        if family == "image":
            return _reply(decode_image(stream, request.limits, request.plan), output)
        return _reply(decode_video(stream, name, request.limits, request.plan), output)


def read_credentials(request: Request, input_fd: int, output_fd: int, reader: CredentialsReader | None) -> Reply:
    """Return the reply for a file whose Content Credentials are read from its first byte.

    Raises:
        UnsupportedMediaError: no format that we decode.
        DecoderFailedError: the server was started without a reader, or the answer does not fit.
    """
    if reader is None:
        raise DecoderFailedError("expected a reader of Content Credentials, got none")
    with os.fdopen(input_fd, "rb", closefd=False) as stream, mmap.mmap(output_fd, request.output_bytes) as output:
        return Reply(size=read(reader, stream, output))


def _reply(media: Media, output: mmap.mmap) -> Reply:
    places: list[FramePlace] = []
    end = 0
    for frame in media.frames:
        height, width = frame.rgb.shape[:2]
        if end + frame.rgb.nbytes > len(output):
            raise DecoderFailedError(f"the frames take more than {len(output)} bytes")
        room = np.frombuffer(output, dtype=np.uint8, count=frame.rgb.nbytes, offset=end)
        room.reshape(frame.rgb.shape)[:] = frame.rgb
        del room  # a mapping with a view on it cannot be closed
        places.append(FramePlace(frame.t_s, height, width, end))
        end += frame.rgb.nbytes
    return Reply(
        kind=int(media.kind),
        container=media.container,
        width=media.width,
        height=media.height,
        duration_s=media.duration_s,
        frames=tuple(places),
        tags=tuple((tag.category, tag.name[:100]) for tag in media.sensitive_tags[:MAX_TAGS]),
    )
