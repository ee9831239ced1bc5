"""A process that has everything imported and forks the command line for each run; run as a script by `tests.processes`.

Starting Python and importing the EVM takes seconds; a fork takes milliseconds and can be killed like any process.
Requests and answers are JSON lines on stdin and stdout.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import api.cli.commands  # noqa: F401  # once, before the forks
from api.bootstrap import sides
from api.cli import main
from registry.adapters import restore
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.journal import SqliteJournal
from registry.model import Digest, Inclusion, Job, JobState, ModelId, SignedBatch
from tests.fakes import FixedDetector
from tests.values import abstention, prediction


def be(run: dict[str, Any]) -> None:
    """Become one run of the command line: its detector says the same of every file, and it may have to die."""
    os.environ |= {"TOUCHSTONE_HOME": run["home"], **run["settings"]}
    for descriptor, path in ((1, run["stdout"]), (2, run["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if run["says"] != "what its model says":
        sides._detector = lambda settings: detector_that(run["says"])
    if run["dies"]:
        die_at(*run["dies"])
    sys.argv = ["touchstone", *run["words"]]
    code = 70  # an exception that nobody caught
    try:
        main()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001  # whatever it is, it must show and end the run
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def detector_that(says: str) -> FixedDetector:
    """Return the detector of ``PROBABILITY`` or ``none``, under another model's name where ``@NAME`` follows."""
    said, _, name = says.partition("@")
    screening = abstention() if said == "none" else prediction(float(said))
    if name:
        screening = replace(screening, model_id=ModelId(name, Digest.of_bytes(name.encode()).value))
    return FixedDetector(screening)


def die_at(state: str, when: str) -> None:
    """Kill this process the instant before, or after, the journal learns of a state, or of another gate's answer."""
    if state == "restore":
        die_in_a_restore(after_files=int(when))
    if state == "batch sent":
        die_in_a_migration(when)
    put = SqliteJournal.put

    def put_and_die(self: SqliteJournal, job: Job) -> None:
        dies = state == ("ballot" if job.state is JobState.SCREENED and job.ballot else job.state)
        if dies and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, job)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)

    SqliteJournal.put = put_and_die  # type: ignore[method-assign]


def die_in_a_migration(when: str) -> None:
    """Kill this process the instant before, or after, its second batch goes to the network."""
    put_batch, sent = EthereumLedger.put_batch, 0

    def put_and_die(self: EthereumLedger, batch: SignedBatch) -> Inclusion:
        nonlocal sent
        sent += 1
        if sent == 2 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        place = put_batch(self, batch)
        if sent == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return place

    EthereumLedger.put_batch = put_and_die  # type: ignore[method-assign]


def die_in_a_restore(*, after_files: int) -> None:
    """Kill this process when a restore has written some files of the home."""
    copy_member, written = restore.copy_member, 0

    def copy_and_die(*args: Any) -> str:
        nonlocal written
        written += 1
        if written > after_files:
            os.kill(os.getpid(), signal.SIGKILL)
        return copy_member(*args)

    restore.copy_member = copy_and_die


def serve() -> None:
    """Fork runs and report on them until stdin ends."""
    for line in sys.stdin:
        request = json.loads(line)
        if "run" in request:
            pid = os.fork()
            if pid == 0:
                be(request["run"])
            answer: dict[str, Any] = {"pid": pid}
        else:
            options = 0 if request["wait"] else os.WNOHANG
            ended, status = os.waitpid(request["pid"], options)
            answer = {"code": os.waitstatus_to_exitcode(status) if ended else None}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
