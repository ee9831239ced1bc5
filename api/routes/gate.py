"""``POST /v1/gate/verdicts``: screening for another installation of the quorum; there only where peers are named."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import Field, ValidationError

from api.deps import Cosigning
from api.deps.upload import ReceivedForm
from api.errors import MalformedRequestError, UnauthenticatedError
from api.routes.guard import Credentials
from api.routes.uploads import FORM_TYPE, JSON_TYPE, Form
from api.schemas import IntentIn, Wire
from registry.model import Address, Admission, CosignRequest, Digest, GateVerdict, Level, Visibility
from registry.model.identity import bytes_from_hex
from registry.register import canonical_claims

REQUEST_FIELD = "request"
UINT8, UINT64 = 1 << 8, 1 << 64
Bytes32 = Annotated[str, Field(pattern=r"^(0x)?[0-9a-fA-F]{64}$")]
Account = Annotated[str, Field(pattern=r"^(0x)?[0-9a-fA-F]{40}$")]
Signature = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{130}$")]


class LedgerIn(Wire):
    """Which installation the verdict is meant for."""

    chain_id: Annotated[int, Field(ge=0)]
    contract: Account
    instance_id: Bytes32


class AdmissionIn(Wire):
    """What is to be admitted, as in a receipt."""

    digest: Bytes32
    fingerprint_hash: Bytes32
    content_hash: Bytes32
    kind: Annotated[int, Field(ge=0, lt=UINT8)]
    uploader: Account
    policy_id: Bytes32
    levels: Annotated[int, Field(ge=0, lt=UINT8)]
    earns_reputation: bool
    deadline: Annotated[int, Field(ge=0, lt=UINT64)]

    def to_value(self) -> Admission:
        """Return the core's form."""
        return Admission(
            digest=Digest.from_hex(self.digest),
            fingerprint_hash=bytes_from_hex("fingerprint_hash", self.fingerprint_hash, 32),
            content_hash=bytes_from_hex("content_hash", self.content_hash, 32),
            kind=self.kind,
            uploader=Address.from_hex(self.uploader),
            policy_id=bytes_from_hex("policy_id", self.policy_id, 32),
            levels=Level(self.levels),
            earns_reputation=self.earns_reputation,
            deadline=self.deadline,
        )


class CosignRequestIn(Wire):
    """What one gate asks of another, beside the file."""

    ledger: LedgerIn
    admission: AdmissionIn
    visibility: Literal["public", "private"]
    intent: IntentIn | None = None
    claims: str | None = None
    salt: Bytes32 | None = None
    operator_signature: Signature | None = None

    def to_value(self) -> CosignRequest:
        """Return the core's form.

        Raises:
            InvalidValueError: parts do not go together, or a field is out of range.
        """
        signed = self.operator_signature
        return CosignRequest(
            chain_id=self.ledger.chain_id,
            contract=Address.from_hex(self.ledger.contract),
            instance_id=bytes_from_hex("instance_id", self.ledger.instance_id, 32),
            admission=self.admission.to_value(),
            visibility=Visibility[self.visibility.upper()],
            intent=self.intent.to_value() if self.intent else None,
            claims=canonical_claims(self.claims) if self.claims is not None else None,
            salt=bytes_from_hex("salt", self.salt, 32) if self.salt else None,
            operator_signature=bytes_from_hex("operator_signature", signed, 65) if signed else None,
        )


class OpinionOut(Wire):
    """One gate's own finding."""

    model_id: str
    band: int
    threshold_bps: int
    issued_at: int


class GateVerdictOut(Wire):
    """A gate's finding, and its EIP-712 signature over admission and finding."""

    gate: str
    opinion: OpinionOut
    signature: str

    @classmethod
    def of(cls, verdict: GateVerdict) -> Self:
        """Return the verdict's public form."""
        opinion = verdict.opinion
        return cls(
            gate=str(verdict.gate),
            opinion=OpinionOut(
                model_id="0x" + opinion.model_id.hex(),
                band=opinion.band,
                threshold_bps=opinion.threshold_bps,
                issued_at=opinion.issued_at,
            ),
            signature="0x" + verdict.signature.hex(),
        )


def require_client(side: Cosigning, credentials: Credentials) -> None:
    """Return if the request bears the token of a gate that we screen for; asked before its bytes are read.

    Raises:
        UnauthenticatedError: it does not.
    """
    given = credentials.credentials.encode() if credentials else b""
    # Each is compared in constant time, and all are: how long it takes tells nothing.
    if sum(hmac.compare_digest(given, token.encode()) for token in side.tokens) == 0:
        raise UnauthenticatedError("Authorization: expected Bearer and the token of a gate that is served here")


BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["file", REQUEST_FIELD],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        REQUEST_FIELD: {
                            "type": "string",
                            "contentMediaType": JSON_TYPE,
                            "contentSchema": CosignRequestIn.model_json_schema(),
                        },
                    },
                }
            }
        },
    }
}

router = APIRouter(prefix="/v1/gate", tags=["co-signing"], dependencies=[Depends(require_client)])


@router.post("/verdicts", openapi_extra=BODY)
def verdict(form: Form, side: Cosigning) -> GateVerdictOut:
    """Screen a file for another gate: sign what it admits, or refuse with reasons (422 `cosign-refused`)."""
    unknown = sorted(form.fields.keys() - {REQUEST_FIELD})
    if unknown:
        raise MalformedRequestError(f"form: expected {REQUEST_FIELD} and file, got {unknown}")
    return GateVerdictOut.of(side.gate.cosign(_request_of(form), form.require_file().path))


def _request_of(form: ReceivedForm) -> CosignRequest:
    try:
        return CosignRequestIn.model_validate_json(form.fields.get(REQUEST_FIELD, "")).to_value()
    except ValidationError as exc:
        fields = sorted({str(part) for error in exc.errors() for part in error["loc"]})
        raise MalformedRequestError(f"{REQUEST_FIELD}: expected JSON of a cosign request, got {fields}") from exc
