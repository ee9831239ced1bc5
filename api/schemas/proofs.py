"""What a receipt is worth, on the wire."""

from __future__ import annotations

from typing import Literal, Self

from api.schemas.records import StandingWord, Wire
from registry.receipt import Finding, Receipt, ReceiptVerification, SignerList, TrustSource

ResultWord = Literal["valid", "invalid", "not_checked"]


class ReceiptReasonOut(Wire):
    """One thing that was found, and the dotted path of the value that it is about."""

    code: str
    field: str | None
    message: str


class FindingOut(Wire):
    """One result; `not_checked` says nothing against a receipt, and nothing for it."""

    result: ResultWord
    reasons: list[ReceiptReasonOut]

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """Return a finding's public form."""
        reasons = [ReceiptReasonOut(code=each.code, field=each.field, message=each.message) for each in finding.reasons]
        return cls(result=finding.result.value, reasons=reasons)


class StandingFindingOut(FindingOut):
    """Whether the ledger told how the record stands, and how that is."""

    value: StandingWord | None = None


class TrustOut(Wire):
    """Whose list of signers a verification stands on."""

    source: TrustSource
    version: int | None
    admin: str | None

    @classmethod
    def of(cls, signers: SignerList | None, source: TrustSource) -> Self:
        """Return its public form."""
        return cls(
            source=source,
            version=signers.version if signers and source != "own_ledger" else None,
            admin=str(signers.admin) if signers else None,
        )


class ReceiptVerificationOut(Wire):
    """What a receipt is worth: three results apart, and a fourth where a file was to be compared."""

    digest: str
    ledger: Literal["embedded", "network"]
    signatures: FindingOut
    inclusion: FindingOut
    standing: StandingFindingOut
    media: FindingOut | None
    trust: TrustOut

    @classmethod
    def of(
        cls,
        receipt: Receipt,
        found: ReceiptVerification,
        signers: SignerList | None,
        source: TrustSource,
        media: Finding | None = None,
    ) -> Self:
        """Return a verification's public form."""
        standing = StandingFindingOut.of(found.standing)
        return cls(
            digest=receipt.record.digest.hex,
            ledger=receipt.ledger_kind,
            signatures=FindingOut.of(found.signatures),
            inclusion=FindingOut.of(found.inclusion),
            standing=standing.model_copy(update={"value": found.stands.name if found.stands else None}),
            media=FindingOut.of(media) if media else None,
            trust=TrustOut.of(signers, source),
        )
