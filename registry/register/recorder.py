"""`Recorder`: from pinned to included. One nonce owner, so one job at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from registry.errors import (
    FeeTooHighError,
    IntentError,
    LedgerUnavailableError,
    NonceTakenError,
    QuorumNotMetError,
    TransactionRevertedError,
)
from registry.model import Inclusion, Job, JobState, Registration, Signed, SignedBatch, SignedTransaction
from registry.ports import Clock, Journal, Ledger
from registry.register.intent import INTENT_LAPSED, require_intent
from registry.register.progress import Progress, require_signed
from registry.register.quorum import Quorum

_log = logging.getLogger(__name__)

# Ethereum's slot time is 12 s; a transaction that is not in after five slots waits for the next run of its job.
INCLUSION_WAIT_S = 60
STUCK_AFTER_S = 180  # fifteen slots: the base fee doubles in six full blocks, so it has outrun what was offered
TRANSACTION_FAILED = "TransactionFailed"
_IN_FLIGHT = frozenset({JobState.SIGNED, JobState.SUBMITTED})
RECORDING = frozenset({JobState.PINNED}) | _IN_FLIGHT


class Recorder:
    """Signs verdicts, sends transactions and sees them included."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        journal: Journal,
        quorum: Quorum,
        progress: Progress,
        clock: Clock,
        stuck_after_s: int = STUCK_AFTER_S,
    ) -> None:
        """Own the operator's nonces.

        Args:
            ledger: where to.
            journal: whose lock gives the turns.
            quorum: signs what is recorded.
            progress: makes each step durable.
            clock: for deadlines.
            stuck_after_s: how long a transaction may wait before the same goes out for higher fees.
        """
        self._ledger = ledger
        self._journal = journal
        self._quorum = quorum
        self._progress = progress
        self._clock = clock
        self._stuck_after_s = stuck_after_s

    def record(self, job_id: str) -> Job:
        """Return the job included or failed.

        Transactions that were signed before a crash or an outage are finished first: their nonces come first.

        Raises:
            LedgerUnavailableError: the job waits durably where it is.
            CosignerUnavailableError: likewise, where another gate has to sign anew.
        """
        with self._journal.lock():
            self._settle()
            return self._send(self._journal.get(job_id))

    def act(self, call: Callable[[], Inclusion]) -> Inclusion:
        """Return where an act on the ledger stands that is no registration; it waits its turn like one.

        Raises:
            LedgerUnavailableError: a registration that was signed before cannot be sent yet; nothing was called.
        """
        with self._journal.lock():
            self._settle()
            return call()

    def _settle(self) -> None:
        """Finish what was signed before, in the order of the nonces."""
        self._take_back_lost()
        for job in sorted(self._journal.jobs(*_IN_FLIGHT), key=_nonce):
            self._send(job)

    def _take_back_lost(self) -> None:
        """Put jobs back whose nonces are free again: a reorganisation took the blocks that had them."""
        included = list(self._journal.jobs(JobState.INCLUDED))
        next_nonce = self._ledger.next_nonce() if included else 0
        for job in included:
            if _nonce(job) >= next_nonce:
                _log.warning("job %s: block %s is gone, its transaction is sent again", job.job_id, job.inclusion)
                self._progress.put(replace(job, state=JobState.SIGNED, inclusion=None))

    def _send(self, job: Job) -> Job:
        try:
            while job.state in RECORDING:
                job = self._step(job)
        except NonceTakenError as exc:
            _log.warning("job %s: %s", job.job_id, exc)
            return self._send(self._progress.put(replace(self._journal.get(job.job_id), state=JobState.PINNED)))
        except TransactionRevertedError as exc:
            _log.warning("job %s: %s", job.job_id, exc)
            return self._refused(self._journal.get(job.job_id), exc)
        except IntentError as exc:
            _log.warning("job %s: %s", job.job_id, exc)
            return self._fail(job, (INTENT_LAPSED,))
        except QuorumNotMetError as exc:  # asked again, since what the gates had signed lapsed meanwhile
            _log.warning("job %s: %s", job.job_id, exc)
            return self._fail(job, exc.reasons)
        return job

    def _refused(self, job: Job, exc: TransactionRevertedError) -> Job:
        """Fail the job, unless it is recorded, or failed on the chain only because its verdict had lapsed by then."""
        signed = job.signed
        if signed is not None and exc.error_name == TRANSACTION_FAILED and self._has_lapsed(signed):
            # that nonce is spent: the gates sign anew, under the next one
            return self._send(self._progress.put(replace(job, state=JobState.PINNED, signed=None)))
        if signed is not None and exc.error_name != TRANSACTION_FAILED:  # an earlier one came in while we prepared
            inclusion = self._ledger.inclusion(*signed.tx_hashes)
            if inclusion is not None:
                return self._progress.put(replace(job, state=JobState.INCLUDED, inclusion=inclusion))
        return self._fail(job, (exc.error_name,))

    def _fail(self, job: Job, reasons: Sequence[str]) -> Job:
        """Close the job as the journal has it: the step that failed may have written other gates' verdicts before."""
        return self._progress.close(self._journal.get(job.job_id), JobState.FAILED, reasons)

    def _step(self, job: Job) -> Job:
        signed = job.signed
        if signed is not None and (inclusion := self._ledger.inclusion(*signed.tx_hashes)) is not None:
            return self._progress.put(replace(job, state=JobState.INCLUDED, inclusion=inclusion))
        if signed is None or job.state is JobState.PINNED:
            return self._sign(job, replaces=None)
        if self._has_lapsed(signed):  # unmined: the same nonce carries a new verdict
            return self._sign(job, replaces=signed.transaction)
        if self._is_stuck(signed):
            return self._raise_fees(job, signed)
        if job.state is JobState.SIGNED:
            self._ledger.submit(signed.transaction)
            return self._progress.put(replace(job, state=JobState.SUBMITTED))
        return self._see_included(job, signed)

    def _sign(self, job: Job, *, replaces: SignedTransaction | None) -> Job:
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
        return self._signed(job, self._quorum.registration(job), replaces=replaces)

    def _signed(self, job: Job, registration: Registration | SignedBatch, *, replaces: SignedTransaction | None) -> Job:
        """Return the job with a transaction to send; those before it are kept, since any of them may be included."""
        transaction = self._ledger.prepare(registration, replaces=replaces)
        earlier = job.signed.attempts if job.signed else ()
        signed = Signed(registration, transaction, self._clock.now(), earlier)
        return self._progress.put(replace(job, state=JobState.SIGNED, signed=signed, ballot=None))

    def _raise_fees(self, job: Job, signed: Signed) -> Job:
        try:
            return self._signed(job, signed.registration, replaces=signed.transaction)
        except (FeeTooHighError, TransactionRevertedError) as exc:  # what is on its way may be included all the same
            self._ledger.submit(signed.transaction)
            raise LedgerUnavailableError(
                f"nonce {signed.transaction.nonce} waits for the fees that it has: {exc}"
            ) from exc

    def _see_included(self, job: Job, signed: Signed) -> Job:
        patience_s = min(INCLUSION_WAIT_S, max(0, signed.signed_at + self._stuck_after_s - self._clock.now()))
        inclusion = self._ledger.inclusion(*signed.tx_hashes, wait_s=patience_s)
        if inclusion is not None:
            return self._progress.put(replace(job, state=JobState.INCLUDED, inclusion=inclusion))
        if self._has_lapsed(signed) or self._is_stuck(signed):
            return job
        self._ledger.submit(signed.transaction)  # the nodes may have dropped it
        raise LedgerUnavailableError(f"not included within {patience_s} s; the job goes on when it is")

    def _has_lapsed(self, signed: Signed) -> bool:
        return self._clock.now() >= signed.registration.admission.deadline

    def _is_stuck(self, signed: Signed) -> bool:
        return self._clock.now() >= signed.signed_at + self._stuck_after_s


def _nonce(job: Job) -> int:
    return require_signed(job).transaction.nonce
