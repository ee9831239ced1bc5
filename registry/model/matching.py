"""`Match`, `Verification` and `Check`: answers that always carry their basis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from registry.model.credentials import Credentials
from registry.model.identity import Digest
from registry.model.ledger import LedgerKind, Record, Standing
from registry.model.verdict import Verdict

Tier = Literal["hash", "aligned", "video"]
Basis = Literal["hash", "cache", "full"]


class Transform(StrEnum):
    """How the query must be turned to meet the record; the dihedral group of the square."""

    IDENTITY = "identity"
    ROTATE_90 = "rotate_90"
    ROTATE_180 = "rotate_180"
    ROTATE_270 = "rotate_270"
    FLIP_X = "flip_x"
    FLIP_Y = "flip_y"
    FLIP_PLUS_1 = "flip_plus_1"
    FLIP_MINUS_1 = "flip_minus_1"


@dataclass(frozen=True, slots=True)
class Segment:
    """Seconds of the query that show what seconds of the record show."""

    query_s: tuple[float, float]
    record_s: tuple[float, float]


@dataclass(frozen=True, slots=True)
class IndexHit:
    """One stored code near one query code.

    Attributes:
        digest: whose code it is.
        alg: of both codes.
        distance_bits: Hamming distance.
        query_index: which of the query's codes.
        stored_t_s: the stored code's time, absent for a still.
    """

    digest: Digest
    alg: str
    distance_bits: int
    query_index: int
    stored_t_s: float | None


@dataclass(frozen=True, slots=True)
class Match:
    """A record that this file resembles, how far off and how it was found.

    Attributes:
        distance_bits: of the nearest pair of codes.
        region: of the record, as shares of its width and height (x0, y0, x1, y1); absent for the whole.
        segments: matching time ranges, for clips.
    """

    digest: Digest
    distance_bits: int
    alg: str
    transform: Transform
    tier: Tier
    region: tuple[float, float, float, float] | None = None
    segments: tuple[Segment, ...] | None = None


class VerificationResult(StrEnum):
    """EXACT: these very bytes are recorded. SIMILAR: something near is. UNKNOWN: neither; never "fake"."""

    EXACT = "EXACT"
    SIMILAR = "SIMILAR"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Verification:
    """What the registry knows of a file.

    Attributes:
        standing: of ``record``, absent with it.
        record: the exact record's, else the nearest match's.
        matches: nearest first; empty for EXACT.
        reasons: codes that qualify the answer, such as ``low_quality_fingerprint``.
        ledger: an embedded ledger is its operator's word.
        credentials: what the file itself brings, which changes nothing above; absent where only a digest was given.
    """

    digest: Digest
    result: VerificationResult
    standing: Standing | None
    record: Record | None
    matches: tuple[Match, ...]
    reasons: tuple[str, ...]
    ledger: LedgerKind
    credentials: Credentials | None = None


class Decision(StrEnum):
    """What a platform is advised to do with an upload."""

    ALLOW = "allow"
    REVIEW = "review"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Check:
    """What a platform gets before publishing; nothing was written.

    Attributes:
        basis: ``hash`` where the digest alone decided (then ``verdict`` is absent), else ``full`` or ``cache``.
    """

    decision: Decision
    basis: Basis
    verification: Verification
    verdict: Verdict | None
