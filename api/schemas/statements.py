"""Signed words on the wire: an uploader's intent, and a third party's statement."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from api.schemas.records import Wire
from registry.eip712 import MAX_SIGNATURE_BYTES
from registry.errors import InvalidValueError
from registry.model import Act, Address, Digest, SignedIntent, SignedStatement, Statement, UploadIntent, Visibility
from registry.model.identity import bytes_from_hex

ActWord = Literal["attest", "review", "retract"]

Nonce = Annotated[str, Field(pattern=r"^[0-9]{1,78}$")]  # decimal: 256 bits do not fit a JSON number
Deadline = Annotated[int, Field(ge=0, lt=1 << 64)]
# 65 bytes of a key, more of a contract wallet (EIP-1271); as hex with 0x
Signature = Annotated[str, Field(max_length=2 + 2 * MAX_SIGNATURE_BYTES)]

NO_HASH = "0x" + "00" * 32


class IntentIn(Wire):
    """An uploader's signed intent: the EIP-712 message `UploadIntent` and its signature, hex with ``0x``."""

    digest: str
    uploader: str
    visibility: Literal["public", "private"]
    claims_hash: str = NO_HASH
    nonce: Nonce
    deadline: Deadline
    signature: Signature

    def to_value(self) -> SignedIntent:
        """Return the core's form.

        Raises:
            InvalidValueError: a field is not hex of its length, or the nonce has more than 256 bits.
        """
        intent = UploadIntent(
            digest=Digest.from_hex(self.digest),
            uploader=Address.from_hex(self.uploader),
            visibility=Visibility[self.visibility.upper()],
            claims_hash=bytes_from_hex("claims_hash", self.claims_hash, 32),
            nonce=_nonce("intent", self.nonce),
            deadline=self.deadline,
        )
        return SignedIntent(intent, bytes_from_hex("signature", self.signature))


class StatementIn(Wire):
    """A third party's word on a record: the EIP-712 message `Statement` and its signature, hex with ``0x``.

    ``detail`` is the SHA-256 of the claims' canonical JSON (RFC 8785), or of a retraction's reason; zeros if none.
    """

    digest: str
    by: str
    act: ActWord
    detail: str = NO_HASH
    nonce: Nonce
    deadline: Deadline
    signature: Signature

    @classmethod
    def of(cls, signed: SignedStatement) -> Self:
        """Return the wire's form; the signature is ``0x`` where there is none yet."""
        statement = signed.statement
        return cls.model_validate(
            {
                "digest": statement.digest.hex,
                "by": str(statement.by),
                "act": statement.act.name.lower(),
                "detail": "0x" + statement.detail.hex(),
                "nonce": str(statement.nonce),
                "deadline": statement.deadline,
                "signature": "0x" + signed.signature.hex(),
            }
        )

    def to_value(self) -> SignedStatement:
        """Return the core's form.

        Raises:
            InvalidValueError: a field is not hex of its length, or the nonce has more than 256 bits.
        """
        statement = Statement(
            digest=Digest.from_hex(self.digest),
            by=Address.from_hex(self.by),
            act=Act[self.act.upper()],
            detail=bytes_from_hex("detail", self.detail, 32),
            nonce=_nonce("statement", self.nonce),
            deadline=self.deadline,
        )
        return SignedStatement(statement, bytes_from_hex("signature", self.signature))


def _nonce(of: str, text: str) -> int:
    if (nonce := int(text)) >= 1 << 256:
        raise InvalidValueError(f"{of} nonce: expected at most 256 bits, got {nonce.bit_length()}")
    return nonce
