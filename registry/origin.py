"""`Origin`: where a record stood on the ledger that it was moved from, with what was signed for it there.

Its SHA-256 is the ``claimsHash`` of the leaf that the record has now, so the root of its batch fixes every value here.
The signatures are of the former ledger's domain and mean nothing in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, cast

import rfc8785

from registry.documents import Document, hex_of, intent_document, opinion_document
from registry.eip712 import Domain
from registry.errors import InvalidValueError
from registry.model import (
    Address,
    Digest,
    GateVerdict,
    Inclusion,
    Opinion,
    SignedIntent,
    UploadIntent,
    Visibility,
)
from registry.model.identity import require_length
from registry.model.ledger import BatchPlace

_VISIBILITIES = {visibility.word: visibility for visibility in Visibility}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record stood before.

    Attributes:
        domain: of the installation that was left.
        inclusion: of its registration there.
        batch: that it was in there, if it was in one.
        admission_deadline: Unix seconds; the admission was the present one with this deadline ...
        earns_reputation: ... and this; neither is carried over.
        verdicts: of the gates there.
        intent: of the uploader, if it signed one.
    """

    domain: Domain
    inclusion: Inclusion
    batch: BatchPlace | None
    admission_deadline: int
    earns_reputation: bool
    verdicts: tuple[GateVerdict, ...]
    intent: SignedIntent | None

    @classmethod
    def of(cls, document: object) -> Self:
        """Return the origin that a JSON value is.

        Raises:
            InvalidValueError: it is none, or a value in it is written in another way than ours.
        """
        try:
            origin = cls._read(cast(Document, document))
            again = origin.document()
        except InvalidValueError as exc:
            raise InvalidValueError(f"origin: {exc}") from exc
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise InvalidValueError(f"origin: {type(exc).__name__}: {exc}"[:300]) from exc
        if not _same(document, again):
            raise InvalidValueError("origin: expected its members, each in its one way of being written, got others")
        return origin

    def canonical(self) -> bytes:
        """Return it as canonical JSON (RFC 8785)."""
        return rfc8785.dumps(self.document())

    def document(self) -> Document:
        """Return it as a JSON object."""
        place, intent = self.inclusion, self.intent
        return {
            "chain_id": self.domain.chain_id,
            "contract": str(self.domain.contract),
            "instance_id": hex_of(self.domain.instance_id),
            "tx": hex_of(place.tx_hash),
            "block_number": place.block_number,
            "block_hash": hex_of(place.block_hash),
            "log_index": place.log_index,
            "registered_at": place.block_time,
            "batch": {"root": hex_of(self.batch.root), "index": self.batch.index} if self.batch else None,
            "admission_deadline": self.admission_deadline,
            "earns_reputation": self.earns_reputation,
            "opinions": [opinion_document(verdict) for verdict in self.verdicts],
            "intent": intent_document(intent) if intent else None,
        }

    @classmethod
    def _read(cls, document: Document) -> Self:
        batch, intent = document["batch"], document["intent"]
        for name in ("chain_id", "block_number", "log_index", "registered_at", "admission_deadline"):
            if type(document[name]) is not int or document[name] < 0:
                raise InvalidValueError(f"{name}: expected a whole number from 0 up, got {document[name]!r}"[:200])
        if type(document["earns_reputation"]) is not bool:
            raise InvalidValueError("earns_reputation: expected true or false")
        return cls(
            domain=Domain(document["chain_id"], _address(document["contract"]), _bytes(document["instance_id"])),
            inclusion=Inclusion(
                _word(document["tx"]),
                document["block_number"],
                _word(document["block_hash"]),
                document["log_index"],
                document["registered_at"],
            ),
            batch=BatchPlace(_word(batch["root"]), batch["index"]) if batch is not None else None,
            admission_deadline=document["admission_deadline"],
            earns_reputation=document["earns_reputation"],
            verdicts=tuple(map(_verdict, document["opinions"])),
            intent=_signed(intent) if intent is not None else None,
        )


def _same(one: object, other: object) -> bool:
    """Return whether two JSON values are one: to Python, 1 and true and 1.0 are."""
    try:
        return rfc8785.dumps(cast(Any, one)) == rfc8785.dumps(cast(Any, other))
    except (rfc8785.CanonicalizationError, RecursionError):
        return False


def _verdict(document: Document) -> GateVerdict:
    model_id, threshold = _bytes(document["model_id"]), document["threshold_bps"]
    opinion = Opinion(model_id, document["band"], threshold, document["issued_at"])
    return GateVerdict(opinion, _address(document["gate"]), _bytes(document["signature"]))


def _signed(document: Document) -> SignedIntent:
    intent = UploadIntent(
        digest=Digest.from_hex(document["digest"]),
        uploader=_address(document["uploader"]),
        visibility=_VISIBILITIES[document["visibility"]],
        claims_hash=_bytes(document["claims_hash"]),
        nonce=int(document["nonce"]),
        deadline=document["deadline"],
    )
    return SignedIntent(intent, _bytes(document["signature"]))


def _address(text: str) -> Address:
    return Address(_bytes(text))


def _word(text: str) -> bytes:
    word = _bytes(text)
    require_length("value", word, 32)
    return word


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
