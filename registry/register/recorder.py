"""`Recorder`: from pinned to included. One nonce owner, so one job at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from registry.errors import IntentError, LedgerUnavailableError, QuorumNotMetError, TransactionRevertedError
from registry.model import Inclusion, Job, JobState, Signed
from registry.ports import Clock, Journal, Ledger
from registry.register.intent import require_intent
from registry.register.progress import Progress, require_signed
from registry.register.quorum import Quorum

_log = logging.getLogger(__name__)

# Ethereum's slot time is 12 s; a transaction that is not in after five slots waits for the next run of its job.
INCLUSION_WAIT_S = 60.0
INTENT_LAPSED = "intent_lapsed"
_IN_FLIGHT = frozenset({JobState.SIGNED, JobState.SUBMITTED})
RECORDING = frozenset({JobState.PINNED}) | _IN_FLIGHT


class Recorder:
    """Signs verdicts, sends transactions and sees them included."""

    def __init__(self, *, ledger: Ledger, journal: Journal, quorum: Quorum, progress: Progress, clock: Clock) -> None:
        self._ledger = ledger
        self._journal = journal
        self._quorum = quorum
        self._progress = progress
        self._clock = clock

    def record(self, job_id: str) -> Job:
        """Return the job included or failed.

        Transactions that were signed before a crash or an outage are finished first: their nonces come first.

        Raises:
            LedgerUnavailableError: the job waits durably where it is.
            CosignerUnavailableError: likewise, where another gate has to sign anew.
        """
        with self._journal.lock():
            for other in self._journal.jobs(*_IN_FLIGHT):
                if other.job_id != job_id:
                    self._send(other)
            return self._send(self._journal.get(job_id))

    def act(self, call: Callable[[], Inclusion]) -> Inclusion:
        """Return where an act on the ledger stands that is no registration; it waits its turn like one.

        Raises:
            LedgerUnavailableError: a registration that was signed before cannot be sent yet; nothing was called.
        """
        with self._journal.lock():
            for other in self._journal.jobs(*_IN_FLIGHT):
                self._send(other)
            return call()

    def _send(self, job: Job) -> Job:
        try:
            while job.state in RECORDING:
                job = self._step(job)
        except TransactionRevertedError as exc:
            _log.warning("job %s: %s", job.job_id, exc)
            return self._fail(job, (exc.error_name,))
        except IntentError as exc:
            _log.warning("job %s: %s", job.job_id, exc)
            return self._fail(job, (INTENT_LAPSED,))
        except QuorumNotMetError as exc:  # asked again, since what the gates had signed lapsed meanwhile
            _log.warning("job %s: %s", job.job_id, exc)
            return self._fail(job, exc.reasons)
        return job

    def _fail(self, job: Job, reasons: Sequence[str]) -> Job:
        """Close the job as the journal has it: the step that failed may have written other gates' verdicts before."""
        return self._progress.close(self._journal.get(job.job_id), JobState.FAILED, reasons)

    def _step(self, job: Job) -> Job:
        match job.state:
            case JobState.PINNED:
                return self._sign(job, nonce=None)
            case JobState.SIGNED if self._has_lapsed(job):
                return self._sign(job, nonce=require_signed(job).transaction.nonce)
            case JobState.SIGNED:
                self._ledger.submit(require_signed(job).transaction)
                return self._progress.put(replace(job, state=JobState.SUBMITTED))
            case _:
                return self._see_included(job)

    def _sign(self, job: Job, *, nonce: int | None) -> Job:
        now = self._clock.now()
        request = job.request
        if request.intent is not None:
            require_intent(
                request.intent,
                digest=request.digest,
                visibility=request.visibility,
                ledger=self._ledger,
                now=now,
            )
        job = self._quorum.gather(job)
        registration = self._quorum.registration(job)
        transaction = self._ledger.prepare(registration, nonce=nonce)
        signed = Signed(registration, transaction)
        return self._progress.put(replace(job, state=JobState.SIGNED, signed=signed, ballot=None))

    def _see_included(self, job: Job) -> Job:
        signed = require_signed(job)
        inclusion = self._ledger.inclusion(signed.transaction.tx_hash, wait_s=INCLUSION_WAIT_S)
        if inclusion is not None:
            return self._progress.put(replace(job, state=JobState.INCLUDED, inclusion=inclusion))
        if self._has_lapsed(job):  # unmined: the same nonce carries a new verdict
            return self._sign(job, nonce=signed.transaction.nonce)
        raise LedgerUnavailableError(f"not included within {INCLUSION_WAIT_S:.0f} s; the job goes on when it is")

    def _has_lapsed(self, job: Job) -> bool:
        return self._clock.now() >= require_signed(job).registration.admission.deadline
