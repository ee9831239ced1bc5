"""`EpochKeeper`: closes the days that are over, completes their receipts, and proves what is disputed."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from registry import eip712
from registry.errors import EpochError, RegistryError, TransactionRevertedError
from registry.merkle import MerkleTree
from registry.model import (
    DAY_S,
    TALLY_DAYS,
    Address,
    ClosedEpoch,
    EpochClose,
    GateSignature,
    Inclusion,
    JobState,
    Opening,
    SignedEpochClose,
    TallyDispute,
    epoch_of,
)
from registry.ports import Clock, ContentStore, Journal, Ledger, Signer
from registry.register.closing import Closing, closing_of, counting
from registry.register.recorder import Recorder
from registry.register.rejections import Rejections
from registry.rejection import epoch_list

_log = logging.getLogger(__name__)

CLOSE_LIFETIME_S = 3_600


@dataclass(frozen=True, slots=True)
class EpochStatus:
    """How an epoch of this installation's rejections stands.

    Attributes:
        closing: what it comes to by our journal.
        closed: as it closed on the ledger; absent while it is open.
        is_over: whether its day is.
    """

    closing: Closing
    closed: ClosedEpoch | None
    is_over: bool


class EpochKeeper:
    """Looks after the epochs of one installation."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        journal: Journal,
        rejections: Rejections,
        recorder: Recorder,
        gates: Sequence[Signer],
        store: ContentStore,
        clock: Clock,
    ) -> None:
        """Keep the outside parts.

        Args:
            ledger: on which epochs close.
            journal: knows the intents of the rejected.
            rejections: of this installation.
            recorder: sends one transaction at a time.
            gates: this installation's own.
            store: where the lists of leaves are pinned.
            clock: says which days are over.
        """
        self._ledger = ledger
        self._journal = journal
        self._rejections = rejections
        self._recorder = recorder
        self._gates = tuple(gates)
        self._store = store
        self._clock = clock
        self._closed: set[int] = set()  # for good, so that they are not asked for again

    def status(self) -> Iterator[EpochStatus]:
        """Yield every epoch in which something was rejected here, oldest first."""
        rejected = list(self._rejections.rejected())
        for epoch in sorted({each.rejection.epoch for each in rejected}):
            closing = closing_of(epoch, rejected, with_tallies=self._in_time(epoch))
            if closing is not None:
                yield EpochStatus(closing, self._ledger.closed_epoch(epoch), epoch < self._today())

    def close(self, epoch: int) -> ClosedEpoch:
        """Return an epoch closed; one that is closed already is returned as it is.

        Its list of leaves is pinned before its root is sent.

        Raises:
            EpochError: its day is not over, nothing was rejected in it, too few gates are ours, or it closed without
                our rejections.
            LedgerUnavailableError: try again.
            TransactionRevertedError: the contract refuses it.
        """
        if epoch >= self._today():
            raise EpochError(f"epoch {epoch}: expected its day to be over, got today {self._today()}")
        if self._ledger.closed_epoch(epoch) is None:
            try:
                self._recorder.act(lambda: self._send(epoch))
            except TransactionRevertedError:
                if self._ledger.closed_epoch(epoch) is None:
                    raise
        closed = self._ledger.closed_epoch(epoch)
        if closed is None:
            raise EpochError(f"epoch {epoch}: expected it closed, got it open")
        ours = closing_of(epoch, self._rejections.rejected())
        if ours is not None and ours.root != closed.root:
            raise EpochError(f"epoch {epoch} closed under 0x{closed.root.hex()}, not under ours 0x{ours.root.hex()}")
        return closed

    def list_of(self, epoch: int) -> bytes:
        """Return the list of leaves of a closed epoch; that of an open one would tell when files are refused.

        Raises:
            EpochError: it is not closed, or not with our rejections.
        """
        closed = self._ledger.closed_epoch(epoch)
        if closed is None:
            raise EpochError(f"epoch {epoch} is not closed")
        leaves = self._rejections.leaves(epoch)
        if not leaves or MerkleTree(leaves).root != closed.root:
            raise EpochError(f"the leaves of epoch {epoch} are not here")
        return epoch_list(epoch, closed.root, leaves)

    def openings(self, epoch: int, uploader: Address) -> tuple[Opening, ...]:
        """Return what proves an epoch's tally of an uploader, sorted by intent hash; empty where there is none."""
        counted = counting(epoch, self._rejections.rejected()).get(uploader, ())
        if not counted:
            return ()
        tree = MerkleTree(self._rejections.leaves(epoch))
        signatures = {
            job.rejection.leaf: job.request.intent.signature
            for job in self._journal.jobs(JobState.REJECTED)
            if job.rejection is not None and job.request.intent is not None
        }
        openings = (
            Opening(
                intent_hash=each.rejection.intent_hash,
                detail_hash=each.rejection.detail_hash,
                salt=each.rejection.salt,
                intent_signature=signatures[each.rejection.leaf],
                path=tree.path(tree.leaves.index(each.rejection.leaf)),
            )
            for each in counted
        )
        return tuple(sorted(openings, key=lambda opening: opening.intent_hash))

    def answer(self, epoch: int, uploader: Address) -> Inclusion:
        """Prove an epoch's disputed rejections of an uploader, and return where that stands.

        Raises:
            EpochError: they are not disputed.
            TransactionRevertedError: fewer are proven than were counted, and time is left.
        """
        disputes = {(each.epoch, each.uploader): each.rejections for each in self._ledger.tally_disputes()}
        if (epoch, uploader) not in disputes:
            raise EpochError(f"epoch {epoch}: the rejections of {uploader} are not disputed")
        openings = self.openings(epoch, uploader)[: disputes[epoch, uploader]]
        return self._recorder.act(lambda: self._ledger.answer_tally(epoch, uploader, openings))

    def tend(self) -> None:
        """Do all that is due: close past epochs, complete receipts, answer disputes. What fails is tried next time."""
        for epoch in self._due():
            _attempt(f"closing epoch {epoch}", partial(self.close, epoch))
        _attempt("completing receipts", self._rejections.complete)
        for dispute in self._ledger.tally_disputes():
            _attempt(f"answering {dispute.uploader} for epoch {dispute.epoch}", partial(self._settle, dispute))

    def _due(self) -> list[int]:
        """Return the epochs that are over and not closed, as far as something was rejected in them here."""
        past = {each.rejection.epoch for each in self._rejections.rejected() if each.rejection.epoch < self._today()}
        for epoch in sorted(past - self._closed):
            closed = self._ledger.closed_epoch(epoch)
            if closed is not None and self._ledger.is_final(closed.inclusion):
                self._closed.add(epoch)
            past -= {epoch} if closed is not None else set()
        return sorted(past - self._closed)

    def _settle(self, dispute: TallyDispute) -> None:
        """Prove all that is disputed; of what cannot be, take what can when the gates' time is up."""
        proof = self.openings(dispute.epoch, dispute.uploader)
        is_up = self._clock.now() >= dispute.opened_at + TALLY_DAYS * DAY_S
        if len(proof) < dispute.rejections:
            _log.error(
                "epoch %d: %d rejections of %s are disputed, and %d can be proven",
                dispute.epoch,
                dispute.rejections,
                dispute.uploader,
                len(proof),
            )
        if len(proof) >= dispute.rejections or is_up:
            self.answer(dispute.epoch, dispute.uploader)

    def _send(self, epoch: int) -> Inclusion:
        """Sign and send, under the lock that rejecting takes too: no rejection of that day can come after."""
        closing = closing_of(epoch, self._rejections.rejected(), with_tallies=self._in_time(epoch))
        if closing is None:
            raise EpochError(f"epoch {epoch}: nothing was rejected in it")
        close = EpochClose(epoch, closing.root, closing.tallies, self._clock.now() + CLOSE_LIFETIME_S)
        signed = SignedEpochClose(close, self._signatures(close))
        self._store.pin(io.BytesIO(epoch_list(epoch, closing.root, closing.leaves)))
        return self._ledger.close_epoch(signed)

    def _signatures(self, close: EpochClose) -> tuple[GateSignature, ...]:
        needed = self._ledger.quorum()
        gates = sorted((gate for gate in self._gates if self._ledger.is_gate(gate.address)), key=lambda g: g.address)
        if len(gates) < needed:
            raise EpochError(
                f"epoch {close.epoch}: expected {needed} gates to sign its closing, got {len(gates)} that are ours"
            )
        message = eip712.epoch_message(eip712.Domain.of(self._ledger.info), close)
        return tuple(GateSignature(gate.address, gate.sign_typed_data(message)) for gate in gates)

    def _in_time(self, epoch: int) -> bool:
        return self._today() <= epoch + TALLY_DAYS

    def _today(self) -> int:
        return epoch_of(self._clock.now())


def _attempt(what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except RegistryError as exc:
        _log.warning("%s waits: %s", what, exc)
