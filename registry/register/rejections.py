"""`Rejections`: what the gates of this installation refuse, they sign at once; the receipts of that, one file per job.

The job's row in the journal is the rejection: a file that is missing is written again from it.
"""

from __future__ import annotations

import logging
import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from registry import eip712
from registry.errors import JobStateError, LedgerUnavailableError
from registry.merkle import MerkleTree
from registry.model import (
    ClosedEpoch,
    GateSignature,
    Job,
    JobState,
    Rejection,
    epoch_of,
)
from registry.ports import Clock, Journal, Ledger, Signer
from registry.receipt import replace_file
from registry.register.admit import opinion_of
from registry.register.closing import Rejected
from registry.register.progress import Progress, require_screened
from registry.rejection import SALT_BYTES, detail_hash, intent_hash_of, leaf_of, rejection_receipt

_log = logging.getLogger(__name__)
_OPEN = b'"inclusion":null'  # canonical JSON has no blanks, and inside a text the quotes would be escaped


@dataclass(frozen=True, slots=True, eq=False)
class _Closed:
    """An epoch as it closed, and the tree of its leaves."""

    closed: ClosedEpoch
    tree: MerkleTree


class Rejections:
    """Signs, keeps and hands out rejections."""

    def __init__(
        self,
        directory: Path,
        *,
        ledger: Ledger,
        journal: Journal,
        gates: Sequence[Signer],
        progress: Progress,
        clock: Clock,
    ) -> None:
        """Keep who signs.

        Args:
            directory: of the receipts.
            ledger: on which epochs close.
            journal: of the jobs.
            gates: this installation's own.
            progress: makes the rejection durable.
            clock: says when it was.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._ledger = ledger
        self._journal = journal
        self._gates = tuple(gates)
        self._progress = progress
        self._clock = clock

    def reject(self, job: Job, reasons: Sequence[str]) -> Job:
        """Return the job refused, with the gates' signatures; one write of the journal makes it so.

        The lock keeps an epoch from closing between the moment that is signed and the write.

        Args:
            job: screened, as the journal has it.
            reasons: codes, most important first.

        Raises:
            JobConflictError: another process moved the job in the meantime.
            LedgerUnavailableError: the ledger cannot be asked, or has closed this day already: clocks differ.
            SignerError: a gate key cannot be used.
        """
        with self._journal.lock():
            rejection = self._signed(job, tuple(reasons))
            job = self._progress.close(replace(job, rejection=rejection), JobState.REJECTED, reasons)
        self.path(job)
        return job

    def path(self, job: Job) -> Path | None:
        """Return where the receipt of a rejected job is, written as far as it can be now; nothing for other jobs.

        It gets its path to the epoch's root when the epoch is closed and final.

        Raises:
            LedgerError: the ledger gave an answer that cannot be right.
        """
        if job.rejection is None:
            return None
        path = self._file(job)
        if not _is_complete(path):
            self._write(job, self._closed(job.rejection.epoch))
        return path

    def complete(self) -> None:
        """Write every receipt as far as it can be now; each day is looked up once."""
        waiting: dict[int, list[Job]] = defaultdict(list)
        for job in self._journal.jobs(JobState.REJECTED):
            if job.rejection is not None and not _is_complete(self._file(job)):
                waiting[job.rejection.epoch].append(job)
        for epoch, jobs in waiting.items():
            closed = self._closed(epoch)
            for job in jobs:
                self._write(job, closed)

    def rejected(self) -> Iterator[Rejected]:
        """Yield all that was ever rejected here, oldest first."""
        for job in self._journal.jobs(JobState.REJECTED):
            if job.rejection is not None:
                fingerprint = job.screened.fingerprint if job.screened else None
                yield Rejected(job.rejection, job.request.digest, fingerprint)

    def leaves(self, epoch: int) -> tuple[bytes, ...]:
        """Return the leaves of this installation's rejections in an epoch, 32 bytes each."""
        return tuple(each.rejection.leaf for each in self.rejected() if each.rejection.epoch == epoch)

    def _signed(self, job: Job, reasons: tuple[str, ...]) -> Rejection:
        screened, request, info = require_screened(job), job.request, self._ledger.info
        if job.rejection is not None:
            raise JobStateError(f"job {job.job_id}: expected no rejection yet, got one")
        now = self._clock.now()
        epoch = epoch_of(now)
        if self._ledger.closed_epoch(epoch) is not None:
            raise LedgerUnavailableError(f"epoch {epoch} closed before its day was over here; the job waits for that")
        uploader = request.intent.intent.uploader if request.intent else info.operator
        opinion = opinion_of(screened.verdict, now)
        policy_id = screened.verdict.policy_id
        salt, detail_salt = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
        details = detail_hash(
            detail_salt=detail_salt,
            digest=request.digest,
            reasons=reasons,
            opinion=opinion,
            policy_id=policy_id,
            rejected_at=now,
        )
        domain = eip712.Domain.of(info)
        leaf = leaf_of(domain, uploader=uploader, intent=request.intent, detail_hash=details, salt=salt)
        promise = eip712.rejection_message(domain, leaf, epoch=epoch, rejected_at=now)
        return Rejection(
            uploader=uploader,
            reasons=reasons,
            opinion=opinion,
            policy_id=policy_id,
            rejected_at=now,
            salt=salt,
            detail_salt=detail_salt,
            intent_hash=intent_hash_of(request.intent),
            detail_hash=details,
            leaf=leaf,
            signatures=tuple(GateSignature(gate.address, gate.sign_typed_data(promise)) for gate in self._gates),
        )

    def _file(self, job: Job) -> Path:
        return self._directory / f"{job.job_id}.rejection.json"

    def _closed(self, epoch: int) -> _Closed | None:
        """Return an epoch that closed, is final and has our leaves, or nothing."""
        try:
            closed = self._ledger.closed_epoch(epoch)
            if closed is None or not self._ledger.is_final(closed.inclusion):
                return None
        except LedgerUnavailableError as exc:
            _log.warning("rejections of epoch %d stay without their paths: %s", epoch, exc)
            return None
        leaves = self.leaves(epoch)
        tree = MerkleTree(leaves) if leaves else None
        if tree is None or tree.root != closed.root:
            _log.error("epoch %d closed without all of our rejections", epoch)
            return None
        return _Closed(closed, tree)

    def _write(self, job: Job, under: _Closed | None) -> None:
        path, rejection = self._file(job), job.rejection
        if rejection is None or (under is not None and rejection.leaf not in under.tree.leaves):
            under = None
        if rejection is None or (under is None and path.exists()):
            return
        body = rejection_receipt(
            info=self._ledger.info,
            digest=job.request.digest,
            rejection=rejection,
            intent=job.request.intent,
            closed=under.closed if under else None,
            path=under.tree.path(under.tree.leaves.index(rejection.leaf)) if under else (),
        )
        replace_file(path, body)


def _is_complete(path: Path) -> bool:
    return path.exists() and _OPEN not in path.read_bytes()
