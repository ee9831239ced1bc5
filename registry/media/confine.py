"""What a child gives up before it looks at a stranger's bytes."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

from registry.media.limits import MediaLimits

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_NO_NEW_PRIVS = 38
MAX_DESCRIPTOR = 16


def confine(limits: MediaLimits) -> None:
    """Set the child's resource limits, for good; it dies with the server.

    No file may grow (output goes to a memory file of fixed size through its mapping), no process be started, no core
    be written. RLIMIT_NPROC does not bind root. A seccomp filter belongs here, after the limits.

    Raises:
        OSError: the system refused a limit.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_PDEATHSIG, int(signal.SIGKILL)), (PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl({option})")
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTOR),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
    ):
        resource.setrlimit(kind, (value, value))


def silence() -> None:
    """Point standard input, output and error at nothing: a child speaks over its reply socket only."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
