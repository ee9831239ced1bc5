"""Anchors: what an operator says its embedded ledger is at one block, signed, to be shown to others.

The document is canonical JSON (RFC 8785). Its hash, 32 bytes, is what is signed and what is published: whoever holds
the document later can tell that it existed when its hash was published, and whether a ledger shown then has the same
history up to that block.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Self

import rfc8785

from registry.documents import hex_of
from registry.eip712 import Domain, anchor_message, recover
from registry.errors import InvalidValueError
from registry.model import Address, LedgerInfo
from registry.model.chain import ChainHistory
from registry.model.identity import require_length
from registry.ports import Signer

ANCHOR_FORMAT = "touchstone-anchor/1"
MARKER = hashlib.sha256(ANCHOR_FORMAT.encode()).digest()[:4]  # before the hash in a transaction, to be found by

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Publication:
    """Where an anchor's hash was put on a network.

    Attributes:
        chain_id: of the network (EIP-155).
        tx: 32 bytes, the transaction.
        block_number: once it is included.
        index: of the transaction in that block.
    """

    chain_id: int
    tx: bytes
    block_number: int | None = None
    index: int | None = None

    def __post_init__(self) -> None:
        require_length("tx", self.tx, 32)
        for name in ("chain_id", "block_number", "index"):
            if getattr(self, name) is not None:
                require_count(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Anchor:
    """A statement of an embedded ledger's history.

    Attributes:
        domain: which installation's ledger.
        block_number: of the block up to which.
        block_hash: 32 bytes.
        state_root: 32 bytes.
        event_count: of the contract's logs up to there.
        events_root: 32 bytes, what these logs fold into.
        made_at: Unix seconds, as the operator says.
        signature: the operator's, 65 bytes.
        publication: where its hash stands on a network; not signed.
    """

    domain: Domain
    block_number: int
    block_hash: bytes
    state_root: bytes
    event_count: int
    events_root: bytes
    made_at: int
    signature: bytes = b""
    publication: Publication | None = None

    def __post_init__(self) -> None:
        for name in ("block_hash", "state_root", "events_root"):
            require_length(name, getattr(self, name), 32)
        for name in ("block_number", "event_count", "made_at"):
            require_count(name, getattr(self, name))

    @property
    def hash(self) -> bytes:
        """SHA-256 of the statement's canonical JSON, without signature and publication."""
        return hashlib.sha256(rfc8785.dumps(self._statement())).digest()

    @property
    def calldata(self) -> bytes:
        """What a transaction carries that publishes it: `MARKER` and the hash, 36 bytes."""
        return MARKER + self.hash

    @property
    def signer(self) -> Address:
        """Who signed it.

        Raises:
            SignatureError: no key makes this signature.
        """
        return recover(anchor_message(self.domain, self.hash), self.signature)

    def document(self) -> bytes:
        """Return it as canonical JSON."""
        told = self.publication
        body = {**self._statement(), "operator_signature": hex_of(self.signature)}
        if told is not None:
            body["published"] = {
                "chain_id": told.chain_id,
                "tx": hex_of(told.tx),
                "block_number": told.block_number,
                "index": told.index,
            }
        return rfc8785.dumps(body)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the anchor that a document holds.

        Raises:
            InvalidValueError: it is none, or not in canonical form.
        """
        try:
            body = json.loads(raw)
            told, ledger = body.get("published"), body["ledger"]
            anchor = cls(
                domain=Domain(ledger["chain_id"], Address.from_hex(ledger["contract"]), _bytes(ledger["instance_id"])),
                block_number=body["block_number"],
                block_hash=_bytes(body["block_hash"]),
                state_root=_bytes(body["state_root"]),
                event_count=body["event_count"],
                events_root=_bytes(body["events_root"]),
                made_at=body["made_at"],
                signature=_bytes(body["operator_signature"]),
                publication=Publication(told["chain_id"], _bytes(told["tx"]), told["block_number"], told["index"])
                if told
                else None,
            )
            again = anchor.document()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
            raise InvalidValueError(f"expected a {ANCHOR_FORMAT}, got something else ({exc!r})") from exc
        if again != raw.strip():
            raise InvalidValueError(f"expected a {ANCHOR_FORMAT} in canonical form (RFC 8785), got another: edited?")
        return anchor

    def _statement(self) -> Document:
        return {
            "format": ANCHOR_FORMAT,
            "ledger": {
                "chain_id": self.domain.chain_id,
                "contract": str(self.domain.contract),
                "instance_id": hex_of(self.domain.instance_id),
                "kind": "embedded",
            },
            "block_number": self.block_number,
            "block_hash": hex_of(self.block_hash),
            "state_root": hex_of(self.state_root),
            "event_count": self.event_count,
            "events_root": hex_of(self.events_root),
            "made_at": self.made_at,
        }


def require_count(name: str, value: object) -> None:
    """Refuse anything but a whole number from 0 up.

    Raises:
        InvalidValueError: it is something else.
    """
    if type(value) is not int or value < 0:
        raise InvalidValueError(f"{name}: expected a whole number from 0 up, got {value!r}")


def make(info: LedgerInfo, history: ChainHistory, *, operator: Signer, made_at: int) -> Anchor:
    """Return the signed anchor of a history.

    Raises:
        SignerError: the operator's key cannot be used.
    """
    anchor = Anchor(
        domain=Domain.of(info),
        block_number=history.head.block_number,
        block_hash=history.head.block_hash,
        state_root=history.head.state_root,
        event_count=history.event_count,
        events_root=history.events_root,
        made_at=made_at,
    )
    return replace(anchor, signature=operator.sign_typed_data(anchor_message(anchor.domain, anchor.hash)))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
