"""The answer in words: three cards, kept apart, with the registry's as the headline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from api.web.credentials_card import CredentialsCard, of_credentials
from api.web.detector_card import DetectorCard, not_asked, of_verdict
from api.web.registry_rows import Row, registry_rows
from api.web.words import Words
from registry.model import Check, Dispute, Reputation, Standing, Verification, VerificationResult

Tone = Literal["good", "near", "quiet", "warn", "bad"]

_TONES: dict[VerificationResult, Tone] = {
    VerificationResult.EXACT: "good",
    VerificationResult.SIMILAR: "near",
    VerificationResult.UNKNOWN: "quiet",
}
_TONES_OF_TROUBLE: dict[Standing, Tone] = {Standing.DISPUTED: "warn", Standing.REVOKED: "bad"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page shows of one file.

    Attributes:
        tone: colours and picks the sign beside the headline; the headline says the same in words.
        upload_helps: only the digest was sent, and the bytes may tell more.
    """

    file_name: str | None
    digest: str
    tone: Tone
    headline: str
    lead: str
    rows: tuple[Row, ...]
    detector: DetectorCard
    credentials: CredentialsCard
    upload_helps: bool


def of_check(
    check: Check, reputation: Reputation | None, dispute: Dispute | None, *, file_name: str, say: Words
) -> Answer:
    """Return the answer for a file whose bytes were given.

    Args:
        check: what the gate advises.
        reputation: of the record's uploader, where there is a record.
        dispute: the record's open challenge.
        file_name: as the sender gave it.
        say: the catalogue.
    """
    verification = check.verification
    detector = of_verdict(check.verdict, say) if check.verdict is not None else not_asked(verification.record, say)
    return _answer(verification, reputation, dispute, detector, say, file_name=file_name, hash_only=False)


def of_digest(
    verification: Verification, reputation: Reputation | None, dispute: Dispute | None, *, say: Words
) -> Answer:
    """Return the answer for a digest alone: EXACT, or UNKNOWN with the offer to send the bytes.

    Args:
        verification: of the digest.
        reputation: of the record's uploader, where there is a record.
        dispute: the record's open challenge.
        say: the catalogue.
    """
    detector = not_asked(verification.record, say)
    unknown = verification.result is VerificationResult.UNKNOWN
    return _answer(verification, reputation, dispute, detector, say, file_name=None, hash_only=unknown)


def _answer(
    verification: Verification,
    reputation: Reputation | None,
    dispute: Dispute | None,
    detector: DetectorCard,
    say: Words,
    *,
    file_name: str | None,
    hash_only: bool,
) -> Answer:
    result, standing = verification.result, verification.standing
    what = "HASH_UNKNOWN" if hash_only else result.value
    trouble = standing if standing in _TONES_OF_TROUBLE else None
    return Answer(
        file_name=file_name or None,
        digest=verification.digest.hex,
        tone=_TONES_OF_TROUBLE[trouble] if trouble else _TONES[result],
        headline=say(f"registry.{what}.{trouble.name}" if trouble else f"registry.{what}"),
        lead=say(f"lead.{what}"),
        rows=registry_rows(verification, reputation, dispute, say),
        detector=detector,
        credentials=of_credentials(verification.credentials, say),
        upload_helps=hash_only,
    )
