"""Receipts as an installation issues them, made with keys of tests, and the lists by which they are verified."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import rfc8785

from registry import eip712
from registry.leaves import batch_leaf
from registry.merkle import MerkleTree
from registry.model import (
    BAND_NOT_JUDGED,
    Address,
    Admission,
    Attestation,
    BatchPlace,
    Digest,
    GateTerm,
    GateVerdict,
    Inclusion,
    LedgerInfo,
    Level,
    MediaKind,
    Opinion,
    Record,
    RecordGate,
    Registration,
    SignedIntent,
    Standing,
    Threshold,
    UploadIntent,
    Visibility,
)
from registry.receipt import SignerList, issue
from tests.fakes import KeySigner
from tests.values import BOB, NOW, digest

GATES = tuple(sorted((KeySigner(seed) for seed in (21, 22, 23)), key=lambda signer: signer.address))
RECORDER, UPLOADER, ADMIN = KeySigner(31), KeySigner(32), KeySigner(33)
INFO = LedgerInfo("embedded", 31337, Address(b"\xc0" * 20), b"\x05" * 32, RECORDER.address)
DOMAIN = eip712.Domain.of(INFO)
BLOCK_HASH, TX = b"\x0b" * 32, b"\x0a" * 32


@dataclass(frozen=True)
class Issued:
    """One registration, and its receipt."""

    registration: Registration
    record: Record
    inclusion: Inclusion
    raw: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The receipt as JSON, to be changed at will."""
        document: dict[str, Any] = json.loads(self.raw)
        return document


def admitted(
    *, levels: Level, uploader: Address = RECORDER.address, kind: int = MediaKind.IMAGE, deadline: int = NOW + 3600
) -> Admission:
    return Admission(
        digest=digest("photo"),
        fingerprint_hash=b"\x02" * 32,
        content_hash=b"\x03" * 32,
        kind=kind,
        uploader=uploader,
        policy_id=b"\x06" * 32,
        levels=levels,
        earns_reputation=True,
        deadline=deadline,
    )


def verdict_of(gate: KeySigner, admission: Admission, *, band: int = 0, issued_at: int = NOW - 10) -> GateVerdict:
    opinion = Opinion(model_id=b"\x07" * 32, band=band, threshold_bps=6543, issued_at=issued_at)
    return GateVerdict(opinion, gate.address, gate.sign_typed_data(eip712.verdict_message(DOMAIN, admission, opinion)))


def intent_of(uploader: KeySigner, *, visibility: Visibility = Visibility.PUBLIC) -> SignedIntent:
    intent = UploadIntent(digest("photo"), uploader.address, visibility, b"\x08" * 32, 2**255 + 17, NOW + 86_400)
    return SignedIntent(intent, uploader.sign_typed_data(eip712.intent_message(DOMAIN, intent)))


def issued(
    registration: Registration,
    *,
    batch: BatchPlace | None = None,
    batch_path: Sequence[bytes] = (),
    attestations: tuple[Attestation, ...] = (),
    derived_from: tuple[Digest, ...] = (),
    recorder: KeySigner = RECORDER,
    registered_at: int = NOW,
    info: LedgerInfo = INFO,
) -> Issued:
    """Return a registration's receipt as the registrar would issue it."""
    admission = registration.admission
    record = Record(
        digest=admission.digest,
        kind=MediaKind(admission.kind & 0x7F),
        visibility=registration.visibility,
        content_hash=admission.content_hash,
        content_is_dag_pb=bool(admission.kind & 0x80),
        fingerprint_hash=admission.fingerprint_hash,
        uploader=admission.uploader,
        levels=admission.levels,
        earns_reputation=admission.earns_reputation,
        model_ids=tuple(verdict.opinion.model_id for verdict in registration.verdicts),
        policy_id=admission.policy_id,
        standing=Standing.ACTIVE,
        registered_at=registered_at,
        block=7,
        tx=TX,
        batch=batch,
        derived_from=derived_from,
        gates=tuple(RecordGate(verdict.gate, verdict.gate, False) for verdict in registration.verdicts),
        attestations=attestations,
    )
    inclusion = Inclusion(TX, 7, BLOCK_HASH, 3, registered_at)
    raw = issue(
        info=info,
        record=record,
        fp_version=1,
        registration=registration,
        inclusion=inclusion,
        recorder=recorder,
        issued_at=NOW + 60,
        batch_path=batch_path,
    )
    return Issued(registration, record, inclusion, raw)


def by_operator() -> Issued:
    """Return the plainest receipt: the operator's own, one gate."""
    admission = admitted(levels=Level.GATE)
    return issued(Registration(admission, (verdict_of(GATES[0], admission),), None, Visibility.PUBLIC))


def by_uploader() -> Issued:
    """Return one of an uploader's signed intent, two gates, a clip of several blocks, attested and derived."""
    admission = admitted(levels=Level.GATE | Level.UPLOADER, uploader=UPLOADER.address, kind=0x80 | MediaKind.VIDEO)
    verdicts = tuple(verdict_of(gate, admission, band=1) for gate in GATES[:2])
    registration = Registration(admission, verdicts, intent_of(UPLOADER), Visibility.PUBLIC)
    word = Attestation(BOB, Level.THIRD_PARTY, b"\x09" * 32, NOW + 30)
    return issued(registration, attestations=(word,), derived_from=(digest("earlier"),))


def private_in_batch() -> Issued:
    """Return one of a private file that a person let in, in a batch of five."""
    admission = admitted(levels=Level.REVIEWER | Level.UPLOADER, uploader=UPLOADER.address)
    intent = intent_of(UPLOADER, visibility=Visibility.PRIVATE)
    verdicts = (verdict_of(GATES[0], admission, band=BAND_NOT_JUDGED),)
    registration = Registration(admission, verdicts, intent, Visibility.PRIVATE)
    leaf = batch_leaf(DOMAIN, admission, visibility=Visibility.PRIVATE, claims_hash=intent.intent.claims_hash)
    tree = MerkleTree([leaf, *(digest(str(number)).value for number in range(4))])
    index = tree.leaves.index(leaf)
    return issued(registration, batch=BatchPlace(tree.root, index), batch_path=tree.path(index))


KINDS = {"by_operator": by_operator, "by_uploader": by_uploader, "private_in_batch": private_in_batch}


def term(gate: KeySigner, **changed: Any) -> GateTerm:
    return replace(GateTerm(gate.address, gate.address, NOW - 1000, None, 0), **changed)


def signers(*terms: GateTerm, threshold: int = 1, **changed: Any) -> SignerList:
    """Return whom a verifier trusts: by default all three gates, one of which is enough."""
    given = terms or tuple(term(gate) for gate in GATES)
    plain = SignerList(DOMAIN, (Threshold(threshold, 0),), given, (RECORDER.address,), 1, NOW, ADMIN.address)
    return replace(plain, **changed)


def resealed(document: dict[str, Any], recorder: KeySigner = RECORDER) -> bytes:
    """Return a changed receipt with fingerprints and seal as a dishonest recorder would make them."""
    from registry.receipt.fields import with_fields
    from registry.receipt.issuing import sealed, unnamed

    return sealed(with_fields(unnamed(document)), domain=DOMAIN, recorder=recorder)


def canonical(document: dict[str, Any]) -> bytes:
    return rfc8785.dumps(document)
