"""`Checker`: what a platform asks before publishing. No key, no pin, no transaction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from registry.errors import DecoderFailedError
from registry.media import Decoder
from registry.model import Check, Decision, Digest, Outcome, Standing
from registry.register.examine import Examiner
from registry.verify import GATE_KEY_COMPROMISED, Verifier

_BY_STANDING = {
    Standing.ACTIVE: Decision.ALLOW,
    Standing.DISPUTED: Decision.REVIEW,
    Standing.REVOKED: Decision.BLOCK,
}
_BY_OUTCOME = {
    Outcome.ACCEPTED: Decision.ALLOW,
    Outcome.INCONCLUSIVE: Decision.REVIEW,
    Outcome.REJECTED: Decision.BLOCK,
}


class Checker:
    """Advises on one upload."""

    def __init__(self, *, verifier: Verifier, examiner: Examiner, decoder: Decoder) -> None:
        self._verifier = verifier
        self._examiner = examiner
        self._decoder = decoder

    def look_up(self, digest: Digest) -> Check | None:
        """Return the advice on a recorded digest, or nothing where it is not recorded.

        Its standing decides alone, but for one thing: a word under a key that was in other hands needs a person.

        Raises:
            LedgerUnavailableError: the ledger cannot be asked now.
        """
        exact = self._verifier.look_up(digest)
        if exact is None or exact.standing is None:
            return None
        advice = _BY_STANDING[exact.standing]
        if advice is Decision.ALLOW and GATE_KEY_COMPROMISED in exact.reasons:
            advice = Decision.REVIEW
        return Check(advice, "hash", exact, None)

    def check(self, path: Path) -> Check:
        """Return the advice; a digest that is recorded decides alone, without decoding.

        The file's own credentials stand beside and decide nothing.

        Raises:
            UnsupportedMediaError: not media.
            MediaDecodeError: media that cannot be decoded.
            MediaTooLargeError: over a limit.
            LedgerUnavailableError: the ledger cannot be asked now.
        """
        advice = self._advice(path, Digest.of_file(path))
        verification = replace(advice.verification, credentials=self._decoder.credentials(path))
        return replace(advice, verification=verification)

    def _advice(self, path: Path, digest: Digest) -> Check:
        if (advice := self.look_up(digest)) is not None:
            return advice
        try:
            media = self._decoder.decode(path)
        except DecoderFailedError:
            media = None
        examination = self._examiner.examine(media, uploader=None)
        verification = self._verifier.answer(digest, examination.comparison)
        return Check(_BY_OUTCOME[examination.verdict.outcome], "full", verification, examination.verdict)
