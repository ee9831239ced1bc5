"""The real service with a fixed detector, which kills itself at a chosen moment; run as a script.

usage: service.py PORT [STATE before|after]

``before`` is the instant before the journal learns of STATE, ``after`` the instant after.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from api import bootstrap
from api.cli import main
from registry.adapters.journal import SqliteJournal
from registry.model import Job
from tests.fakes import FixedDetector
from tests.values import abstention, prediction

port, *moment = sys.argv[1:]
says = os.environ.get("TEST_DETECTOR_SAYS", "0.1")
bootstrap._detector = lambda settings: FixedDetector(abstention() if says == "none" else prediction(float(says)))

if moment:
    state, when = moment
    put = SqliteJournal.put

    def put_and_die(self: SqliteJournal, job: Job) -> None:
        dies = job.state == state
        if dies and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, job)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)

    SqliteJournal.put = put_and_die  # type: ignore[method-assign]

sys.argv = ["touchstone", "serve", "--port", port]

if __name__ == "__main__":
    main()
