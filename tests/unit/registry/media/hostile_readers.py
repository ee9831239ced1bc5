"""A reader of credentials that hangs, crashes, lies or reaches out, as it is told."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Callable
from typing import Any, BinaryIO

from registry.model import Credentials, CredentialsAction, CredentialsIngredient, CredentialsState


def _hang() -> None:
    while True:
        signal.pause()


def _segfault() -> None:
    ctypes.string_at(0)


def _abort() -> None:
    os.abort()


def _memory() -> None:
    bytearray(1 << 40)


def _bug() -> None:
    raise RuntimeError("planted")


def _call() -> None:
    socket.socket()


def _open() -> None:
    os.open("/dev/null", os.O_RDONLY)


def _found(**fields: Any) -> Credentials:
    return Credentials(**{"state": CredentialsState.TRUSTED, "library": "x", **fields})


def _flood() -> Credentials:
    return _found(title="x" * (2 << 20))


def _long() -> Credentials:
    part = CredentialsIngredient("<b>\x1b[2J" + "y" * 500, "z" * 500, 1, ("c" * 500,) * 40)
    return _found(
        title="<script>\x00" * 100, actions=(CredentialsAction("a" * 500, "b" * 500),) * 90, ingredients=(part,)
    )


def _depth() -> Credentials:
    return _found(ingredients=(CredentialsIngredient("x", "y", 10**9, ()),))


def _time() -> Credentials:
    return _found(signed_at=10**18)


def _shape() -> Credentials:
    return _found(ingredients=({"title": 3},))


def _state() -> Credentials:
    return _found(state="SPLENDID")


WORDS: dict[str, Callable[[], Credentials | None]] = {
    function.__name__.strip("_"): function
    for function in (
        _hang,
        _segfault,
        _abort,
        _memory,
        _bug,
        _call,
        _open,
        _flood,
        _long,
        _depth,
        _time,
        _shape,
        _state,
    )
}


class HostileReader:
    """Does what its only option says; without one, what the word behind a JPEG's first three bytes says."""

    def __init__(self, word: str | None = None) -> None:
        self._word = word

    def __call__(self, stream: BinaryIO, container: str) -> Credentials:
        return WORDS[self._word or stream.read()[3:].decode()]() or Credentials(CredentialsState.NONE, "survived")
