"""Records for the load benchmark: real in form, each made from its number, so that nothing of them is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.eip712 import Domain, intent_message, verdict_message
from registry.fingerprint import FP_VERSION, document
from registry.model import (
    PDQ256,
    PHASH64,
    ZERO_32,
    Admission,
    Digest,
    Fingerprint,
    GateVerdict,
    Level,
    MediaKind,
    Opinion,
    PerceptualHash,
    Registration,
    SignedIntent,
    UploadIntent,
    Visibility,
)
from registry.ports import Signer

DAY_S = 86_400
MODEL_ID = hashlib.sha256(b"model").digest()
POLICY_ID = hashlib.sha256(b"policy").digest()
UPLOADERS = 200  # of at most 256 that a batch may tally


def fingerprint_of(number: int) -> Fingerprint:
    """Return the fingerprint of a still: a PDQ and a pHash, as the product keeps them."""
    bits = hashlib.sha512(b"codes %d" % number).digest()
    quality = 50 + bits[63] % 51
    codes = (PerceptualHash(PDQ256, bits[:32], quality), PerceptualHash(PHASH64, bits[32:40], quality))
    return Fingerprint(FP_VERSION, MediaKind.IMAGE, digest_of(number), codes)


def digest_of(number: int) -> Digest:
    """Return the digest of a record's file."""
    return Digest.of_bytes(b"file %d" % number)


@dataclass(frozen=True)
class Source:
    """Who admits and who uploads.

    Attributes:
        domain: of the installation.
        gate: signs verdicts.
        uploaders: sign every second record's intent; the others are the operator's own, without one.
        operator: whose records those are.
        now: Unix seconds by the chain's clock.
    """

    domain: Domain
    gate: Signer
    uploaders: Sequence[Signer]
    operator: Signer
    now: int

    def batch(self, start: int, count: int, *, signed: int) -> Iterator[tuple[bytes, Registration]]:
        """Yield document and registration of some numbers; the first ones carry real signatures, the others fill."""
        for number in range(start, start + count):
            body = document(fingerprint_of(number))
            yield body, self._registration(number, hashlib.sha256(body).digest(), sign=number < start + signed)

    def _registration(self, number: int, fingerprint_hash: bytes, *, sign: bool) -> Registration:
        with_intent = number % 2 == 1
        uploader = self.uploaders[number % len(self.uploaders)] if with_intent else self.operator
        admission = Admission(
            digest=digest_of(number),
            fingerprint_hash=fingerprint_hash,
            content_hash=hashlib.sha256(b"content %d" % number).digest(),
            kind=int(MediaKind.IMAGE),
            uploader=uploader.address,
            policy_id=POLICY_ID,
            levels=Level.GATE | Level.UPLOADER if with_intent else Level.GATE,
            earns_reputation=with_intent,
            deadline=self.now + 3600,
        )
        opinion = Opinion(MODEL_ID, band=1, threshold_bps=5000, issued_at=self.now)
        filler = hashlib.sha512(b"signature %d" % number).digest() + b"\x1b"
        signature, wish_signature = filler, filler
        intent = UploadIntent(
            admission.digest, uploader.address, Visibility.PUBLIC, ZERO_32, number, self.now + 30 * DAY_S
        )
        if sign:
            signature = self.gate.sign_typed_data(verdict_message(self.domain, admission, opinion))
            if with_intent:
                wish_signature = uploader.sign_typed_data(intent_message(self.domain, intent))
        return Registration(
            admission,
            (GateVerdict(opinion, self.gate.address, signature),),
            SignedIntent(intent, wish_signature) if with_intent else None,
            Visibility.PUBLIC,
        )
