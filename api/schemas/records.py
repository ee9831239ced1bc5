"""A record on the wire: what was admitted, and who says what of it now."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from registry.model import Dispute, DisputeReason, Record, Ruling
from registry.receipt import record_document

ReasonCode = Literal["forgery", "depicted-person", "rights", "mistake", "model-doubt", "other"]
RulingWord = Literal["dismissed", "removed", "corrected", "fraud"]
StandingWord = Literal["ACTIVE", "DISPUTED", "REVOKED"]


def reason_of(code: ReasonCode) -> DisputeReason:
    """Return the reason that a word names."""
    return DisputeReason[code.replace("-", "_").upper()]


def ruling_of(word: RulingWord) -> Ruling:
    """Return the ruling that a word names."""
    return Ruling[word.upper()]


class Wire(BaseModel):
    """The base of all wire models: nothing unknown goes in, nothing changes after."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BatchOut(Wire):
    """Where a batched record stands."""

    root: str
    index: int


class GateOut(Wire):
    """A gate that let the record in, who runs it, and whether its key was in other hands then."""

    address: str
    operator: str
    suspect: bool


class QuorumOut(Wire):
    """How many gates let the record in, and how many operators run them: one alone is no second opinion."""

    gates: int
    operators: int
    single_operator: bool


class AttestationOut(Wire):
    """Somebody else's word that stands; the claims themselves stay with the attester."""

    attester: str
    level: Literal["THIRD_PARTY", "REVIEWER"]
    claims_hash: str | None
    attested_at: int


class DisputeOut(Wire):
    """The open challenge; ``bond_wei`` is decimal text, because 256 bits do not fit a JSON number."""

    reason: ReasonCode
    opened_at: int
    challenger: str
    bond_wei: str


class RecordOut(Wire):
    """What the ledger keeps about one digest; ``levels`` has those of the attestations that stand."""

    digest: str
    kind: Literal["image", "video"]
    cid: str | None
    uploader: str
    levels: list[str]
    model_ids: list[str]
    policy_id: str
    standing: StandingWord
    registered_at: int
    block: int
    tx: str
    batch: BatchOut | None
    fp_version: int | None
    superseded_by: str | None
    derived_from: list[str]
    gates: list[GateOut]
    quorum: QuorumOut
    attestations: list[AttestationOut]
    dispute: DisputeOut | None

    @classmethod
    def of(cls, record: Record, *, fp_version: int | None, dispute: Dispute | None) -> Self:
        """Return the record's public form.

        Args:
            record: as the ledger keeps it.
            fp_version: under which its codes stand here, where they do.
            dispute: its open challenge.
        """
        return cls.model_validate(record_document(record, fp_version=fp_version, dispute=dispute))
