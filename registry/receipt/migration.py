"""`Migration`: the document by which an installation's whole ledger is moved; sealed by its operator and its gates.

Format ``touchstone-migration/1``, canonical JSON (RFC 8785). It names the batches by their roots, which fix every value
of every record and of where it stood before; the manifests of these batches name the document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from registry import eip712
from registry.documents import Document, hex_of
from registry.eip712 import Domain
from registry.errors import InvalidValueError, ReceiptError, SignatureError
from registry.model import Digest, Standing
from registry.origin import Origin
from registry.ports import Signer
from registry.receipt.canonical import WHOLE, canonical, read_json
from registry.receipt.signers import SignerList, read_signers
from registry.receipt.strict import Reader

MIGRATION_FORMAT = "touchstone-migration/1"
MAX_MIGRATION_BYTES = 64 * 1024 * 1024  # a record that is not carried over takes about 1.5 KiB
SEALS = "seals"
_PARTS = (
    "admission_deadline", "batches", "format", "from", "made_at", "not_carried", "signers", "statements", "to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NotCarried:
    """A record that was not registered anew: it was not ACTIVE, or the new ledger had those bytes already.

    Attributes:
        admission: its public JSON form, as registered there.
        origin: where it stands there.
        standing: as it was left.
        reason_hash: 32 bytes, SHA-256 of why its standing changed last; absent where it never did.
    """

    admission: Document
    origin: Origin
    standing: Standing
    reason_hash: bytes | None

    @property
    def digest(self) -> Digest:
        """Of the exact bytes."""
        return Digest.from_hex(self.admission["digest"])


@dataclass(frozen=True, slots=True)
class Head:
    """The block at which a ledger was left, and what all events up to it come to, as in an anchor."""

    block_number: int
    block_hash: bytes
    event_count: int
    events_root: bytes


@dataclass(frozen=True, slots=True)
class Migration:
    """A ledger that was moved.

    Attributes:
        left: the installation's domain before.
        head: at which it was left.
        to: its domain after.
        batches: root (32 bytes) and number of leaves of each.
        admission_deadline: Unix seconds; of every admission made for the new ledger.
        not_carried: in the order of the log.
        statements: what was said of records and cannot be signed anew: ``{act, by, detail, digest, said_at}``.
        signers: of the installation before, as its admin signed the list.
        made_at: Unix seconds.
    """

    left: Domain
    head: Head
    to: Domain
    batches: tuple[tuple[bytes, int], ...]
    admission_deadline: int
    not_carried: tuple[NotCarried, ...]
    statements: tuple[Document, ...]
    signers: bytes
    made_at: int

    @property
    def roots(self) -> frozenset[bytes]:
        """Of all batches."""
        return frozenset(root for root, _ in self.batches)

    @property
    def carried(self) -> int:
        """How many records the batches have."""
        return sum(count for _, count in self.batches)

    def sealed(self, operator: Signer, gates: Iterable[Signer]) -> bytes:
        """Return it signed by the operator and the gates of the ledger that is left, as canonical JSON.

        Raises:
            SignerError: a key cannot be used.
        """
        body = self._document()
        message = eip712.migration_message(self.left, _hash(body))
        words = [{"gate": str(gate.address), "signature": hex_of(gate.sign_typed_data(message))} for gate in gates]
        return canonical({**body, SEALS: {"operator": hex_of(operator.sign_typed_data(message)), "gates": words}})

    def _document(self) -> Document:
        return {
            "format": MIGRATION_FORMAT,
            "from": {
                **_place(self.left),
                "kind": "embedded",
                "head": {"number": self.head.block_number, "hash": hex_of(self.head.block_hash)},
                "event_count": self.head.event_count,
                "events_root": hex_of(self.head.events_root),
            },
            "to": _place(self.to),
            "batches": [{"root": hex_of(root), "count": count} for root, count in self.batches],
            "admission_deadline": self.admission_deadline,
            "not_carried": [
                {
                    "admission": each.admission,
                    "origin": each.origin.document(),
                    "standing": each.standing.name,
                    "reason_hash": hex_of(each.reason_hash) if each.reason_hash else None,
                }
                for each in self.not_carried
            ],
            "statements": list(self.statements),
            "signers": read_json(self.signers),
            "made_at": self.made_at,
        }


@dataclass(frozen=True, slots=True)
class SealedMigration:
    """A migration as it was read; who sealed it is told by `unproven`."""

    migration: Migration
    operator_seal: bytes
    gate_seals: tuple[bytes, ...]
    hash: bytes

    def unproven(self, signers: SignerList, *, named_at: int) -> str | None:
        """Say why these signers did not move their ledger by it, or nothing where they did.

        The seals must be the recorder's and those of as many gates in office then as a registration took. Whoever has a
        stolen key can write any date, so a gate's key must have been its own until the new ledger's block named it.

        Args:
            signers: trusted for the installation that was left.
            named_at: Unix seconds of that block.
        """
        left, made_at = self.migration.left, self.migration.made_at
        if signers.domain != left:
            return "it is of another installation than the list of signers"
        message = eip712.migration_message(left, self.hash)
        try:
            operator = eip712.recover(message, self.operator_seal)
            gates = {eip712.recover(message, seal) for seal in self.gate_seals}
        except SignatureError as exc:
            return f"a seal is not valid: {exc}"
        if operator not in signers.recorders:
            return f"it is sealed by {operator}, who is no recorder of that installation"
        terms = [term for gate in gates if (term := signers.term_of(gate)) and term.is_in_office(made_at)]
        counted = [term for term in terms if not 0 < term.compromised_since <= max(made_at, named_at)]
        needed = signers.threshold_between(made_at, made_at)
        if len(counted) < needed:
            return f"expected the seals of {needed} gates of that installation, got {len(counted)}"
        return None


def read_migration(raw: bytes) -> SealedMigration:
    """Return a migration as it is written; whose word it is is another question.

    Raises:
        ReceiptError: not a migration, or not in canonical form.
    """
    document = read_json(raw, most=MAX_MIGRATION_BYTES)
    try:
        if canonical(document) != raw:
            raise ReceiptError(WHOLE, expected="the canonical form (RFC 8785)", got="another way of writing it")
    except ValueError as exc:  # a number that is no integer
        raise ReceiptError(WHOLE, expected="the canonical form (RFC 8785)", got=str(exc)[:200]) from exc
    parts = Reader(document).members(*_PARTS, SEALS)
    parts["format"].word({MIGRATION_FORMAT: None})
    left = parts["from"].members("chain_id", "contract", "event_count", "events_root", "head", "instance_id", "kind")
    head = left["head"].members("hash", "number")
    seals = parts[SEALS].members("gates", "operator")
    words = [each.members("gate", "signature") for each in seals["gates"].elements()]
    migration = Migration(
        left=_domain(left),
        head=Head(
            head["number"].integer(),
            head["hash"].hexadecimal(32),
            left["event_count"].integer(),
            left["events_root"].hexadecimal(32),
        ),
        to=_domain(parts["to"].members("chain_id", "contract", "instance_id")),
        batches=tuple(_batch(each) for each in parts["batches"].elements()),
        admission_deadline=parts["admission_deadline"].integer(),
        not_carried=tuple(_not_carried(each) for each in parts["not_carried"].elements()),
        statements=tuple(_statement(each) for each in parts["statements"].elements()),
        signers=canonical(parts["signers"].value),
        made_at=parts["made_at"].integer(),
    )
    read_signers(migration.signers)
    body = {name: value for name, value in document.items() if name != SEALS}
    return SealedMigration(
        migration,
        seals["operator"].hexadecimal(65),
        tuple(word["signature"].hexadecimal(65) for word in words),
        _hash(body),
    )


def successor_of(statements: Sequence[Document], digest: Digest) -> str | None:
    """Return the digest that its uploader named last in this record's place, 64 hex digits, or nothing."""
    named = [said["detail"] for said in statements if said["act"] == "supersede" and said["digest"] == digest.hex]
    return str(named[-1]).removeprefix("0x") if named else None


def _batch(reader: Reader) -> tuple[bytes, int]:
    parts = reader.members("count", "root")
    return parts["root"].hexadecimal(32), parts["count"].integer()


def _not_carried(reader: Reader) -> NotCarried:
    parts = reader.members("admission", "origin", "reason_hash", "standing")
    admission = parts["admission"].mapping()
    if "digest" not in admission:
        raise parts["admission"].wrong("an admission")
    admission["digest"].digest()
    try:
        origin = Origin.of(parts["origin"].value)
    except InvalidValueError as exc:
        raise ReceiptError(parts["origin"].path, expected="an origin", got=str(exc)) from exc
    return NotCarried(
        admission={name: each.value for name, each in admission.items()},
        origin=origin,
        standing=parts["standing"].word({standing.name: standing for standing in Standing}),
        reason_hash=parts["reason_hash"].optional(lambda value: value.hexadecimal(32)),
    )


def _statement(reader: Reader) -> Document:
    parts = reader.members("act", "by", "detail", "digest", "said_at")
    parts["digest"].digest()
    parts["by"].address()
    parts["detail"].hexadecimal(32)
    parts["said_at"].optional(Reader.integer)
    parts["act"].word({act: act for act in ("supersede", "derive", "attest", "review")})
    return {name: each.value for name, each in parts.items()}


def _domain(parts: dict[str, Reader]) -> Domain:
    return Domain(parts["chain_id"].integer(), parts["contract"].address(), parts["instance_id"].hexadecimal(32))


def _place(domain: Domain) -> dict[str, Any]:
    return {
        "chain_id": domain.chain_id,
        "contract": str(domain.contract),
        "instance_id": hex_of(domain.instance_id),
    }


def _hash(body: Document) -> bytes:
    return hashlib.sha256(canonical(body)).digest()
