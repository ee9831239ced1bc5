"""`Examiner`: the reading half that `check` and `register` share: compare, screen, decide. It writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import DetectorError
from registry.model import Abstention, AbstentionReason, Address, Media, Screening, Verdict
from registry.policy import AdmissionPolicy
from registry.ports import Detector, Ledger
from registry.verify import DECODER_FAILED, Comparison, Verifier


@dataclass(frozen=True, slots=True)
class Examination:
    """What a file resembles and what the gate says of it."""

    comparison: Comparison
    verdict: Verdict


class Examiner:
    """Runs the gate over one file."""

    def __init__(
        self, *, verifier: Verifier, ledger: Ledger, detector: Detector | None, policy: AdmissionPolicy
    ) -> None:
        """Without a detector every file is inconclusive: no number without a basis."""
        self._verifier = verifier
        self._ledger = ledger
        self._detector = detector
        self._policy = policy

    def examine(self, media: Media | None, *, uploader: Address | None) -> Examination:
        """Return comparison and verdict for decoded media.

        Args:
            media: absent where the decoding child was killed.
            uploader: who registers, absent for a check.

        Raises:
            LedgerUnavailableError: the ledger cannot be asked now.
            SimilarityIndexError: the index is damaged.
        """
        comparison = Comparison((), (DECODER_FAILED,)) if media is None else self._verifier.compare(media)
        verdict = self._policy.decide(
            self.screen(media),
            neighbours=[neighbour.record for neighbour in comparison.neighbours],
            uploader=uploader,
            reputation=None if uploader is None else self._ledger.reputation_of(uploader),
        )
        return Examination(comparison, verdict)

    def screen(self, media: Media | None) -> Screening:
        """Return the detector's finding alone; an engine that fails is an abstention, never a pass."""
        if self._detector is None:
            return Abstention(AbstentionReason.MODEL_MISSING, "no detector is installed", None)
        if media is None:
            detail = "the decoding child was killed at its limits"
            return Abstention(AbstentionReason.DECODER_FAILED, detail, self._detector.model_id)
        try:
            return self._detector.predict(media)
        except DetectorError as exc:
            return Abstention(AbstentionReason.MODEL_MISSING, str(exc), self._detector.model_id)

    def decide(self, screening: Screening) -> Verdict:
        """Return the policy's verdict on a screening alone."""
        return self._policy.decide(screening)
