"""`JobRunner`: moves registrations in a thread of its own, so that a request need not wait for a chain.

The jobs are the journal's rows; nothing here holds state that a restart would miss. A job that an outside part keeps
waiting is tried again after a while.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass, field

from registry.errors import JobConflictError, RegistryError
from registry.model import Job, JobState, Media
from registry.ports import Journal
from registry.register import Registrar

_log = logging.getLogger(__name__)

RETRY_S = 30.0
BATCH_LOOK_S = 1.0  # how soon one of the jobs that wait for others looks again whether a batch is due
# Decoded frames of a clip take up to about 100 MB; a job further back in the queue is decoded again from the spool.
MAX_MEDIA_HELD = 2


@dataclass(order=True, slots=True)
class _Turn:
    at: float
    job_id: str = field(compare=False)
    media: Media | None = field(compare=False, default=None)
    looks: bool = field(compare=False, default=False)  # for all that wait to be registered together


class JobRunner:
    """Runs one job at a time, oldest first."""

    def __init__(
        self, registrar: Registrar, journal: Journal, *, take_up: bool = True, retry_s: float = RETRY_S
    ) -> None:
        """Make a runner; ``take_up`` is false where another process owns what a crash left open."""
        self._take_up = take_up
        self._registrar = registrar
        self._journal = journal
        self._retry_s = retry_s
        self._turns: queue.PriorityQueue[_Turn] = queue.PriorityQueue()
        self._waiting: dict[str, None] = {}  # for others, to be registered together; in the order in which they came
        self._look_is_due = False  # one of them has a turn, for all
        self._moved = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Take up what a crash left open, then whatever comes."""
        for job in self._registrar.open_jobs() if self._take_up else ():
            self.submit(job)
        self._thread.start()

    def submit(self, job: Job, media: Media | None = None) -> None:
        """Run this job when its turn comes."""
        held = media if self._turns.qsize() < MAX_MEDIA_HELD else None
        self._turns.put(_Turn(time.monotonic(), job.job_id, held))

    def wait(self, job_id: str, *, timeout_s: float) -> Job:
        """Return the job once it has settled (final, rejected, failed or in review), or as it is after ``timeout_s``.

        Raises:
            JobNotFoundError: no such job.
        """
        deadline = time.monotonic() + timeout_s
        with self._moved:
            while (job := self._journal.get(job_id)).state.is_open:
                left = deadline - time.monotonic()
                if left <= 0 or self._stopping.is_set():
                    break
                self._moved.wait(left)
        return job

    @property
    def is_working(self) -> bool:
        """Whether the thread that moves registrations is alive."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let the job under way finish its run, then end."""
        self._stopping.set()
        self._turns.put(_Turn(0.0, ""))
        if self._thread.is_alive():
            self._thread.join()
        with self._moved:
            self._moved.notify_all()

    def _work(self) -> None:
        while not self._stopping.is_set():
            turn = self._turns.get()
            delay_s = turn.at - time.monotonic()
            if delay_s > 0 and not self._stopping.is_set():
                self._turns.put(turn)
                self._wait_for_turn(delay_s)
            elif turn.job_id:
                self._run(turn)

    def _wait_for_turn(self, delay_s: float) -> None:
        """Wait until the next turn is due or an earlier one was put before it."""
        self._stopping.wait(min(delay_s, 1.0))

    def _try_again_later(self, turn: _Turn, delay_s: float) -> None:
        if not turn.looks:  # whoever looks stays among those that wait
            self._turns.put(_Turn(time.monotonic() + delay_s, turn.job_id))

    def _run(self, turn: _Turn) -> None:
        pause_s = self._retry_s
        if turn.looks:
            self._look_is_due = False
        try:
            job = self._journal.get(turn.job_id)
            if turn.looks or not _waits(job):
                job = self._registrar.run(job, media=turn.media)
            if _waits(job):
                self._waiting[job.job_id] = None
                pause_s = BATCH_LOOK_S
            else:
                self._waiting.pop(job.job_id, None)
                pause_s = 0.0
        except JobConflictError as exc:
            _log.info("%s", exc)
            self._try_again_later(turn, self._retry_s)  # should the other process end before the job does
        except RegistryError as exc:
            _log.warning("job %s waits %.0f s: %s", turn.job_id, self._retry_s, exc)
            self._try_again_later(turn, self._retry_s)
        except Exception:  # noqa: BLE001  # the thread's last stand: one job's surprise must not keep the others waiting
            _log.exception("job %s waits %.0f s after an unforeseen error", turn.job_id, self._retry_s)
            self._try_again_later(turn, self._retry_s)
        finally:
            self._look_later(pause_s)
            with self._moved:
                self._moved.notify_all()

    def _look_later(self, pause_s: float) -> None:
        """Give one of those that wait a turn, unless one has it: its batch is that of the others too."""
        if self._waiting and not self._look_is_due:
            self._look_is_due = True
            self._turns.put(_Turn(time.monotonic() + pause_s, next(iter(self._waiting)), looks=True))


def _waits(job: Job) -> bool:
    """Return whether a job is ready to be registered together with others."""
    return job.state is JobState.PINNED and job.request.batched and job.batch is None
