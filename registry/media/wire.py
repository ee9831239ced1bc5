"""What parent, server and child say to each other.

Two sockets of type SOCK_SEQPACKET, so that one message is one packet. Over the control socket the parent sends a
request as JSON with three descriptors: the file (read-only), the output (a memory file of fixed size), the child's end
of a reply socket. Over the reply socket come at most one `Reply` from the child and then one `Ending` from the server.
"""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from registry.media.limits import MediaLimits, SamplingPlan

MESSAGE_BYTES = 1 << 16  # 120 frames with times and shapes are 6 KiB, tags are capped at MAX_TAGS
MAX_TAGS = 200
REQUEST_FDS = 3


@dataclass(frozen=True, slots=True)
class Request:
    """One file's work.

    Attributes:
        operation: decode to frames, copy without metadata, or read the Content Credentials.
        output_bytes: size of the output memory file.
    """

    operation: Literal["decode", "strip", "credentials"]
    limits: MediaLimits
    plan: SamplingPlan
    output_bytes: int

    def pack(self) -> bytes:
        """Return the request as one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, message: bytes) -> Self:
        """Return the request in a message."""
        fields = json.loads(message)
        fields["limits"] = MediaLimits(**fields["limits"])
        fields["plan"] = SamplingPlan(**fields["plan"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where a frame's height × width × 3 bytes begin in the output, and its time."""

    t_s: float
    height: int
    width: int
    offset: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What the child found; ``error`` names a class of `registry.errors` and leaves the rest empty.

    Attributes:
        arguments: of the error: ``message``, or ``limit_name``, ``limit`` and ``value``.
        kind: of `registry.model.MediaKind`.
        tags: pairs of category and name.
        size: bytes written by ``strip`` or ``credentials``.
    """

    error: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    kind: int = 0
    container: str = ""
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    frames: tuple[FramePlace, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    size: int = 0

    def pack(self) -> bytes:
        """Return the reply as one message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def unpack(cls, fields: dict[str, Any]) -> Self:
        """Return the reply in a message's fields."""
        fields["frames"] = tuple(FramePlace(**place) for place in fields["frames"])
        fields["tags"] = tuple((str(category), str(name)) for category, name in fields["tags"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the child ended, as the server saw it.

    Attributes:
        exit_code: 0, or minus the signal's number.
        timed_out: the server killed it at its wall-clock limit.
    """

    exit_code: int
    timed_out: bool

    def pack(self) -> bytes:
        """Return the ending as one message."""
        return json.dumps({"ending": asdict(self)}).encode()


def receive(reply_socket: socket.socket) -> Reply | Ending | None:
    """Return the next message of a reply socket, or nothing once it is closed.

    Raises:
        TimeoutError: none came within the socket's time.
        ValueError: the message is not one of ours.
    """
    message = reply_socket.recv(MESSAGE_BYTES)
    if not message:
        return None
    try:
        fields = json.loads(message)
        if "ending" in fields:
            return Ending(**fields["ending"])
        return Reply.unpack(fields)
    except (TypeError, KeyError, AttributeError) as exc:
        raise ValueError(f"not a reply: {message[:80]!r}") from exc
