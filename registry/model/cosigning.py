"""`CosignRequest`: what one gate asks of another, beside the bytes themselves."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import InvalidValueError
from registry.model.identity import Address, require_length
from registry.model.ledger import Admission, SignedIntent, Visibility


@dataclass(frozen=True, slots=True)
class CosignRequest:
    """Everything that a second gate needs to check an admission for itself.

    Attributes:
        chain_id: EIP-155, of the ledger that the admission is meant for.
        contract: of the registry there.
        instance_id: 32 bytes, of that installation.
        admission: what is to be admitted, the same for all gates.
        visibility: of the record.
        intent: the uploader's; absent where the operator registers in its own name.
        claims: canonical JSON (RFC 8785) whose SHA-256 the uploader signed, if there are any.
        salt: 32 bytes that open a private record's commitments; absent for a public one.
        operator_signature: the operator's over `eip712.cosign_message`; there exactly where no intent is.
    """

    chain_id: int
    contract: Address
    instance_id: bytes
    admission: Admission
    visibility: Visibility
    intent: SignedIntent | None
    claims: str | None
    salt: bytes | None
    operator_signature: bytes | None

    def __post_init__(self) -> None:
        require_length("instance_id", self.instance_id, 32)
        if (self.salt is None) != (self.visibility is Visibility.PUBLIC):
            raise InvalidValueError("salt: expected 32 bytes with a private record and none with a public one")
        if self.salt is not None:
            require_length("salt", self.salt, 32)
        if (self.intent is None) == (self.operator_signature is None):
            raise InvalidValueError("expected the uploader's intent or the operator's signature, got both or neither")
