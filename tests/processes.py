"""Runs of the command line as processes of their own, forked from one that has everything imported."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "zygote.py"


class Zygote:
    """The process that forks."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        atexit.register(self._process.kill)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@cache
def zygote() -> Zygote:
    """Return this test process's own."""
    return Zygote()


@dataclass
class Run:
    """One run of the command line.

    Attributes:
        code: its exit code once it is known; negative for a signal.
    """

    pid: int
    code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code if the run is over."""
        if self.code is None:
            self.code = zygote().ask({"pid": self.pid, "wait": False})["code"]
        return self.code

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        if self.code is None:
            self.code = int(zygote().ask({"pid": self.pid, "wait": True})["code"])
        return self.code

    def kill(self) -> None:
        """End the run at once, if it is not over."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait()


def start(
    words: Sequence[str],
    *,
    home: Path,
    stdout: Path,
    stderr: Path,
    says: str = "0.1",
    dies: tuple[str, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> Run:
    """Start ``touchstone WORDS`` on a home.

    Args:
        words: of the command.
        home: of the installation.
        stdout: appended to.
        stderr: appended to.
        says: what the detector says of every file: a probability, or ``none`` for an abstention, and ``@NAME`` for
            another model's name; or ``what its model says``.
        dies: a job's state, or ``ballot`` for another gate's answer, and ``before`` or ``after``: the instant at which
            the run kills itself.
        settings: more variables of the environment.
    """
    run = {
        "words": list(words),
        "home": str(home),
        "stdout": str(stdout),
        "stderr": str(stderr),
        "says": says,
        "dies": list(dies),
        "settings": dict(settings or {}),
    }
    return Run(int(zygote().ask({"run": run})["pid"]))
