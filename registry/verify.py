"""`Verifier`: the read side. It needs no key, no detector and no content store, and it writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from registry.errors import DecoderFailedError
from registry.fingerprint import MIN_QUALITY, query_codes
from registry.media import Decoder
from registry.model import (
    PDQ256,
    Digest,
    IndexHit,
    Match,
    Media,
    MediaKind,
    PerceptualHash,
    Record,
    Transform,
    Verification,
    VerificationResult,
)
from registry.ports import Ledger, SimilarityIndex

# PDQ within 31 of 256 bits is "the same picture": no false match in 2.2 million unrelated pairs, and the default of
# ThreatExchange (python-threatexchange, signal_type/pdq/signal.py).
HASH_RADIUS_BITS = 31
# Share of a clip's usable query frames that must meet a record. vPDQ's 80 % is far too strict under trims and logos; at
# 30 % unrelated clips still matched in no frame (docs/explanation/fingerprints.md).
MIN_VOTE = 0.3

LOW_QUALITY = "low_quality_fingerprint"
DECODER_FAILED = "decoder_failed"
GATE_KEY_COMPROMISED = "gate_key_compromised"
SINGLE_OPERATOR_QUORUM = "single_operator_quorum"
SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A match together with the record that it points to."""

    match: Match
    record: Record


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a file resembles.

    Attributes:
        neighbours: nearest first.
        reasons: codes that qualify the answer.
    """

    neighbours: tuple[Neighbour, ...]
    reasons: tuple[str, ...]


class Verifier:
    """Answers what the registry knows of a file."""

    def __init__(self, *, ledger: Ledger, index: SimilarityIndex, decoder: Decoder) -> None:
        self._ledger = ledger
        self._index = index
        self._decoder = decoder

    def verify(self, path: Path) -> Verification:
        """Return whether these bytes, or something near them, are recorded, with their own credentials beside.

        The digest is looked up first; only bytes that are not recorded are decoded.

        Raises:
            UnsupportedMediaError: not media, and not recorded.
            MediaDecodeError: media that cannot be decoded.
            MediaTooLargeError: over a limit.
            LedgerUnavailableError: the ledger cannot be asked now.
            SimilarityIndexError: the index is damaged.
        """
        return replace(self._answered(path, Digest.of_file(path)), credentials=self._decoder.credentials(path))

    def _answered(self, path: Path, digest: Digest) -> Verification:
        if (exact := self.look_up(digest)) is not None:
            return exact
        try:
            media = self._decoder.decode(path)
        except DecoderFailedError:
            return self.answer(digest, Comparison((), (DECODER_FAILED,)))
        return self.answer(digest, self.compare(media))

    def look_up(self, digest: Digest) -> Verification | None:
        """Return the EXACT answer for a digest, or nothing where it is not recorded."""
        record = self._ledger.find(digest)
        if record is None:
            return None
        return Verification(
            digest=digest,
            result=VerificationResult.EXACT,
            standing=record.standing,
            record=record,
            matches=(),
            reasons=reasons_of(record),
            ledger=self._ledger.info.kind,
        )

    def compare(self, media: Media) -> Comparison:
        """Return the records that decoded media resembles, nearest first."""
        codes = [(transform, code) for transform, code in query_codes(media) if code.alg == PDQ256]
        usable = [(transform, code) for transform, code in codes if code.quality >= MIN_QUALITY]
        if not usable:
            return Comparison((), (LOW_QUALITY,))
        hits = self._index.nearest([code for _, code in usable], radius_bits=HASH_RADIUS_BITS)
        neighbours = []
        for match in _matches(media, usable, hits):
            record = self._ledger.find(match.digest)
            if record is not None:  # an index that ran ahead of the ledger, or was kept from another one
                neighbours.append(Neighbour(match, record))
        return Comparison(tuple(neighbours), ())

    def answer(self, digest: Digest, comparison: Comparison) -> Verification:
        """Return the verification for bytes that are not recorded, from what they resemble."""
        nearest = comparison.neighbours[0] if comparison.neighbours else None
        return Verification(
            digest=digest,
            result=VerificationResult.SIMILAR if nearest else VerificationResult.UNKNOWN,
            standing=nearest.record.standing if nearest else None,
            record=nearest.record if nearest else None,
            matches=tuple(neighbour.match for neighbour in comparison.neighbours),
            reasons=(*comparison.reasons, *(reasons_of(nearest.record) if nearest else ())),
            ledger=self._ledger.info.kind,
        )


def reasons_of(record: Record) -> tuple[str, ...]:
    """Return the codes that qualify a record's word, however it stands."""
    qualified = {
        GATE_KEY_COMPROMISED: record.is_suspect,
        SINGLE_OPERATOR_QUORUM: len(record.gates) > 1 and len(record.operators) == 1,
        SUPERSEDED: record.superseded_by is not None,
    }
    return tuple(reason for reason, holds in qualified.items() if holds)


def _matches(
    media: Media, codes: Sequence[tuple[Transform, PerceptualHash]], hits: Sequence[IndexHit]
) -> tuple[Match, ...]:
    by_digest: dict[Digest, list[IndexHit]] = defaultdict(list)
    for hit in hits:
        by_digest[hit.digest].append(hit)
    frames = {code.t_s for _, code in codes}
    matches = []
    for digest, found in by_digest.items():
        best = min(found, key=lambda hit: hit.distance_bits)
        transform = codes[best.query_index][0]
        # Frames vote for the one transform of the best pair: a clip is mirrored as a whole.
        voters = {codes[hit.query_index][1].t_s for hit in found if codes[hit.query_index][0] is transform}
        if media.kind is MediaKind.VIDEO and len(voters) < MIN_VOTE * len(frames):
            continue
        matches.append(Match(digest, best.distance_bits, best.alg, transform, "hash"))
    return tuple(sorted(matches, key=lambda match: (match.distance_bits, match.digest)))
