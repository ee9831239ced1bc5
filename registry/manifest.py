"""The manifest of a batch: NDJSON, a line of canonical JSON (RFC 8785) for each record, in the order of the leaves.

The ledger keeps a root and the manifest's hash; the manifest has what the leaves are made of and each gate's verdict.
Without it a batched record can still be proven by its receipt, which holds its own line and path.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from registry import eip712
from registry.canonical import MAX_INTEGER, canonical
from registry.documents import Document, admission_document, intent_document, opinion_document
from registry.errors import InvalidValueError
from registry.leaves import batch_leaf
from registry.merkle import MerkleTree
from registry.model import (
    MAX_LEAVES,
    MAX_TALLIES,
    ZERO_32,
    Address,
    Admission,
    Cid,
    Digest,
    GateVerdict,
    Level,
    Moved,
    Opinion,
    Registration,
    SignedIntent,
    Tally,
    UploadIntent,
    Visibility,
)
from registry.origin import Origin

MANIFEST_FORMAT = "touchstone-batch/1"
MAX_LINE_BYTES = 64 * 1024  # a line is about 1 KiB; a wallet's signature may be long
_VISIBILITIES = {visibility.word: visibility for visibility in Visibility}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a record, and the leaf that stands for it (32 bytes)."""

    leaf: bytes
    registration: Registration


@dataclass(frozen=True, slots=True)
class Manifest:
    """A batch's records in the order of their leaves.

    Attributes:
        body: the file.
        tree: over the leaves.
        entries: as the file has them.
        tallies: of records that earn reputation, uploaders ascending.
    """

    body: bytes
    tree: MerkleTree
    entries: tuple[Entry, ...]
    tallies: tuple[Tally, ...]


def claims_hash_of(registration: Registration) -> bytes:
    """Return the SHA-256 of the uploader's claims, zeros if none are signed; of a moved record, of its origin."""
    if registration.moved is not None:
        return hashlib.sha256(registration.moved.origin).digest()
    return registration.intent.intent.claims_hash if registration.intent else ZERO_32


def leaf_of(domain: eip712.Domain, registration: Registration) -> bytes:
    """Return the leaf that stands for a registration in its batch."""
    return batch_leaf(
        domain,
        registration.admission,
        visibility=registration.visibility,
        claims_hash=claims_hash_of(registration),
    )


def compose(domain: eip712.Domain, registrations: Iterable[Registration]) -> Manifest:
    """Return the manifest of these records.

    Raises:
        InvalidValueError: none, too many, a digest twice, or more uploaders than a batch may tally.
    """
    entries = sorted(
        (Entry(leaf_of(domain, registration), registration) for registration in registrations),
        key=lambda entry: entry.leaf,
    )
    if not 0 < len(entries) <= MAX_LEAVES:
        raise InvalidValueError(f"batch: expected 1 to {MAX_LEAVES} records, got {len(entries)}")
    if len({entry.registration.admission.digest for entry in entries}) != len(entries):
        raise InvalidValueError("batch: expected each digest once, got one twice")
    tallies = tallies_of(entry.registration.admission for entry in entries)
    if len(tallies) > MAX_TALLIES:
        raise InvalidValueError(f"batch: expected at most {MAX_TALLIES} uploaders who earn, got {len(tallies)}")
    body = b"".join(canonical(_line(entry.registration)) + b"\n" for entry in entries)
    return Manifest(body, MerkleTree(entry.leaf for entry in entries), tuple(entries), tallies)


def tallies_of(admissions: Iterable[Admission]) -> tuple[Tally, ...]:
    """Return how many of these earn reputation, by uploader ascending."""
    earned = Counter(admission.uploader for admission in admissions if admission.earns_reputation)
    return tuple(Tally(uploader, count) for uploader, count in sorted(earned.items()))


def entries_of(domain: eip712.Domain, chunks: Iterable[bytes]) -> Iterator[Entry]:
    """Yield the entries of a manifest that comes in pieces, with their leaves worked out anew.

    Whether the leaves are those of a batch is for the caller to see, by their root.

    Raises:
        InvalidValueError: a line is too long, or no line of a manifest.
    """
    for number, line in enumerate(_lines(chunks)):
        try:
            registration = _registration(json.loads(line))
        except InvalidValueError as exc:
            raise InvalidValueError(f"manifest line {number}: {exc}") from exc
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            raise InvalidValueError(f"manifest line {number}: {type(exc).__name__}: {exc}"[:300]) from exc
        yield Entry(leaf_of(domain, registration), registration)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > MAX_LINE_BYTES:
            raise InvalidValueError(f"manifest: expected lines of at most {MAX_LINE_BYTES} bytes, got a longer one")
    if rest:
        raise InvalidValueError("manifest: expected a line end at the end of the file, got none")


def _line(registration: Registration) -> Document:
    _require_writable(registration)
    intent, moved = registration.intent, registration.moved
    line: Document = {
        "format": MANIFEST_FORMAT,
        "admission": admission_document(registration.admission),
        "visibility": registration.visibility.word,
        "opinions": [opinion_document(verdict) for verdict in registration.verdicts],
        "intent": _without_what_the_line_says(intent_document(intent)) if intent else None,
    }
    if moved is None:
        return line
    return {**line, "origin": json.loads(moved.origin), "migration": str(moved.migration)}


def _without_what_the_line_says(intent: Document) -> Document:
    return {name: intent[name] for name in ("claims_hash", "nonce", "deadline", "signature")}


def _require_writable(registration: Registration) -> None:
    intent = registration.intent
    times = [registration.admission.deadline, *(verdict.opinion.issued_at for verdict in registration.verdicts)]
    for seconds in [*times, intent.intent.deadline] if intent else times:
        if not 0 <= seconds <= MAX_INTEGER:
            raise InvalidValueError(f"manifest: expected a time of at most {MAX_INTEGER}, got {seconds}")


def _registration(line: dict[str, Any]) -> Registration:
    if line["format"] != MANIFEST_FORMAT:
        raise InvalidValueError(f"expected format {MANIFEST_FORMAT}, got {line['format']!r}"[:200])
    fields = line["admission"]
    admission = Admission(
        digest=Digest(bytes.fromhex(fields["digest"])),
        fingerprint_hash=_bytes(fields["fingerprint_hash"]),
        content_hash=_bytes(fields["content_hash"]),
        kind=_integer(fields["kind"], 8),
        uploader=Address(_bytes(fields["uploader"])),
        policy_id=_bytes(fields["policy_id"]),
        levels=Level(_integer(fields["levels"], 4)),
        earns_reputation=_flag(fields["earns_reputation"]),
        deadline=_integer(fields["deadline"], 64),
    )
    visibility = _VISIBILITIES[line["visibility"]]
    return Registration(
        admission=admission,
        verdicts=tuple(map(_verdict, line["opinions"])),
        intent=_intent(line["intent"], admission, visibility),
        visibility=visibility,
        moved=_moved(line) if "origin" in line else None,
    )


def _moved(line: dict[str, Any]) -> Moved:
    if line["intent"] is not None:
        raise InvalidValueError("expected no intent beside an origin, got one")
    return Moved(Origin.of(line["origin"]).canonical(), Cid.from_text(line["migration"]))


def _verdict(fields: dict[str, Any]) -> GateVerdict:
    opinion = Opinion(
        model_id=_bytes(fields["model_id"]),
        band=_integer(fields["band"], 8),
        threshold_bps=_integer(fields["threshold_bps"], 16),
        issued_at=_integer(fields["issued_at"], 64),
    )
    return GateVerdict(opinion, Address(_bytes(fields["gate"])), _bytes(fields["signature"]))


def _intent(fields: dict[str, Any] | None, admission: Admission, visibility: Visibility) -> SignedIntent | None:
    if fields is None:
        return None
    intent = UploadIntent(
        digest=admission.digest,
        uploader=admission.uploader,
        visibility=visibility,
        claims_hash=_bytes(fields["claims_hash"]),
        nonce=int(fields["nonce"]),
        deadline=_integer(fields["deadline"], 64),
    )
    return SignedIntent(intent, _bytes(fields["signature"]))


def _bytes(text: str) -> bytes:
    if not text.startswith("0x"):
        raise InvalidValueError(f"expected hex with 0x, got {text[:70]!r}")
    return bytes.fromhex(text[2:])


def _integer(value: object, bits: int) -> int:
    if type(value) is not int or not 0 <= value < 1 << bits:  # a bool is an int to isinstance
        raise InvalidValueError(f"expected an integer of {bits} bits, got {value!r}"[:200])
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise InvalidValueError(f"expected true or false, got {value!r}"[:200])
    return value
