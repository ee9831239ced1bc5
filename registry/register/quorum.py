"""`Quorum`: gathers the verdicts of as many gates as the ledger asks for, before anything is pinned or recorded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from registry import eip712
from registry.errors import CosignerUnavailableError, CosignRefusedError, QuorumNotMetError, SignatureError
from registry.model import (
    BAND_NOT_JUDGED,
    BAND_WORDS,
    Address,
    Ballot,
    Batch,
    CosignRequest,
    GateVerdict,
    Job,
    Level,
    Refusal,
    Registration,
    SignedBatch,
    Visibility,
)
from registry.ports import Clock, Cosigner, Ledger, Signer
from registry.register.admit import VERDICT_LIFETIME_S, ascending, registration_of
from registry.register.claims import claims_hash, gates_may_screen
from registry.register.progress import Progress, require_pinned
from registry.register.spool import Spool

_log = logging.getLogger(__name__)

QUORUM_NOT_MET = "quorum_not_met"
PRIVATE_WITHOUT_CONSENT = "private_without_consent"
NOT_A_GATE = "not_a_gate"
VERDICT_INVALID = "verdict_invalid"
# A ballot that is about to lapse is taken anew: pinning and mining still follow, five slots of 12 s at least.
SPARE_S = 600


class Quorum:
    """Asks the gates of other installations where this one's own are not enough."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        gates: Sequence[Signer],
        cosigners: Sequence[Cosigner],
        operator: Signer,
        progress: Progress,
        spool: Spool,
        clock: Clock,
    ) -> None:
        """Keep who signs.

        Args:
            ledger: says how many gates must sign.
            gates: this installation's own.
            cosigners: the others', in the order in which they are asked.
            operator: signs the wish to register in its own name.
            progress: makes each answer durable.
            spool: has the bytes.
            clock: for deadlines.
        """
        self._ledger = ledger
        self._gates = tuple(gates)
        self._cosigners = tuple(cosigners)
        self._operator = operator
        self._progress = progress
        self._spool = spool
        self._clock = clock

    def gather(self, job: Job) -> Job:
        """Return the job with a ballot on which enough gates sign; without one where our own are enough.

        Each answer is durable before the next gate is asked; one that was lost in a kill is asked for again. A ballot
        that lapses is taken anew, from all gates, since its deadline is part of what they sign.

        Args:
            job: accepted, with its contents named.

        Raises:
            CosignerUnavailableError: a gate whose verdict may still be enough cannot be asked now.
            QuorumNotMetError: too few gates will sign, or none may be asked.
        """
        needed = self._ledger.quorum()
        if job.batch is not None or needed <= len(self._gates):
            return replace(job, ballot=None)
        ballot = self._ballot(job)
        silent: list[CosignerUnavailableError] = []
        for cosigner in self._cosigners:
            if len(ballot.registration.verdicts) >= needed:
                break
            if cosigner.gate in _heard(ballot):
                continue
            if job.request.visibility is Visibility.PRIVATE and not gates_may_screen(job.request.claims):
                raise QuorumNotMetError((PRIVATE_WITHOUT_CONSENT,))
            try:
                ballot = self._asked(cosigner, job, ballot)
            except CosignerUnavailableError as exc:
                _log.warning("job %s: gate %s: %s", job.job_id, cosigner.name, exc)
                silent.append(exc)
                continue
            job = self._progress.put(replace(job, ballot=ballot))
        missing = needed - len(ballot.registration.verdicts)
        if missing > len(silent):
            said = (reason for refusal in ballot.refusals for reason in refusal.reasons)
            raise QuorumNotMetError(tuple(dict.fromkeys((QUORUM_NOT_MET, *said))))
        if missing > 0:
            raise silent[0]
        return replace(job, ballot=ballot)

    def is_ours(self) -> bool:
        """Return whether our own gates are enough."""
        return self._ledger.quorum() <= len(self._gates)

    def registration(self, job: Job) -> Registration | SignedBatch:
        """Return what is sent to the ledger for a job.

        Raises:
            SignerError: a gate key cannot be used.
        """
        return self._signed(job.batch) if job.batch else self.of_file(job)

    def of_file(self, job: Job) -> Registration:
        """Return a file's registration: as the ballot has it, else signed by our own gates now.

        Raises:
            SignerError: a gate key cannot be used.
        """
        return job.ballot.registration if job.ballot else self._own(job)

    def _signed(self, batch: Batch) -> SignedBatch:
        admission = replace(batch.admission, deadline=self._clock.now() + VERDICT_LIFETIME_S)
        message = eip712.batch_message(eip712.Domain.of(self._ledger.info), admission)
        gates = sorted(self._gates, key=lambda gate: gate.address)
        return SignedBatch(admission, tuple(gate.sign_typed_data(message) for gate in gates))

    def _own(self, job: Job) -> Registration:
        return registration_of(job, info=self._ledger.info, gates=self._gates, now=self._clock.now())

    def _ballot(self, job: Job) -> Ballot:
        ballot = job.ballot
        if ballot is None or ballot.registration.admission.deadline < self._clock.now() + SPARE_S:
            return Ballot(self._own(job))
        return ballot

    def _asked(self, cosigner: Cosigner, job: Job, ballot: Ballot) -> Ballot:
        registration = ballot.registration
        try:
            self._require_in_office(cosigner)
            verdict = cosigner.cosign(self._request(job, registration), self._spool.path(job.job_id))
            self._require_verdict(verdict, registration, cosigner)
        except CosignRefusedError as exc:
            _log.warning("job %s: gate %s: %s", job.job_id, cosigner.name, exc)
            return replace(ballot, refusals=(*ballot.refusals, Refusal(cosigner.gate, exc.reasons)))
        verdicts = ascending((*registration.verdicts, verdict))
        return replace(ballot, registration=replace(registration, verdicts=verdicts))

    def _require_in_office(self, cosigner: Cosigner) -> None:
        """Return if the ledger would take its word: a verdict of any other would make it refuse all."""
        if not self._ledger.is_gate(cosigner.gate):
            raise CosignRefusedError((NOT_A_GATE,))

    def _request(self, job: Job, registration: Registration) -> CosignRequest:
        info, request, admission = self._ledger.info, job.request, registration.admission
        wish = None
        if request.intent is None:
            message = eip712.cosign_message(
                eip712.Domain.of(info),
                admission,
                visibility=request.visibility,
                claims_hash=claims_hash(request.claims),
            )
            wish = self._operator.sign_typed_data(message)
        return CosignRequest(
            chain_id=info.chain_id,
            contract=info.contract,
            instance_id=info.instance_id,
            admission=admission,
            visibility=request.visibility,
            intent=request.intent,
            claims=request.claims,
            salt=require_pinned(job).salt,
            operator_signature=wish,
        )

    def _require_verdict(self, verdict: GateVerdict, registration: Registration, cosigner: Cosigner) -> None:
        """Return if the verdict is this gate's, over this very admission: one that is not would cost a fee."""
        admission = registration.admission
        message = eip712.verdict_message(eip712.Domain.of(self._ledger.info), admission, verdict.opinion)
        try:
            signer = eip712.recover(message, verdict.signature)
        except SignatureError as exc:
            raise CosignRefusedError((VERDICT_INVALID,)) from exc
        band = verdict.opinion.band
        unjudged = Level.GATE in admission.levels and band == BAND_NOT_JUDGED
        if unjudged or band not in BAND_WORDS or not signer == verdict.gate == cosigner.gate:
            raise CosignRefusedError((VERDICT_INVALID,))


def _heard(ballot: Ballot) -> frozenset[Address]:
    """Return the gates that have answered."""
    return frozenset(
        [verdict.gate for verdict in ballot.registration.verdicts] + [refusal.gate for refusal in ballot.refusals]
    )
