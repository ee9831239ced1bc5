"""Plain values for tests; each function gives a valid one, and what a test is about is passed by name."""

from __future__ import annotations

from registry.model import (
    Abstention,
    AbstentionReason,
    Address,
    Digest,
    FaceBox,
    FrameScore,
    Level,
    MediaKind,
    ModelId,
    Prediction,
    Record,
    Reputation,
    Standing,
    Visibility,
    WindowScore,
)

MODEL = ModelId("test", bytes(range(32)))
OPERATOR = Address(b"\x0e" * 20)
ALICE = Address(b"\xa1" * 20)
BOB = Address(b"\xb0" * 20)
NOW = 1_790_000_000


def digest(text: str = "x") -> Digest:
    return Digest.of_bytes(text.encode())


def prediction(probability: float = 0.1, *, coverage: float = 1.0) -> Prediction:
    return Prediction(
        fake_probability=probability,
        model_id=MODEL,
        windows=(WindowScore(0.0, 1.0, probability),),
        frames=(FrameScore(0.0, probability, FaceBox(0.25, 0.25, 0.75, 0.75)),),
        coverage=coverage,
    )


def abstention(reason: AbstentionReason = AbstentionReason.NO_FACE) -> Abstention:
    return Abstention(reason, "expected a face, got none", MODEL)


def record(text: str = "x", *, uploader: Address = OPERATOR, standing: Standing = Standing.ACTIVE) -> Record:
    return Record(
        digest=digest(text),
        kind=MediaKind.IMAGE,
        visibility=Visibility.PUBLIC,
        content_hash=digest(text).value,
        content_is_dag_pb=False,
        fingerprint_hash=bytes(32),
        uploader=uploader,
        levels=Level.GATE,
        earns_reputation=True,
        model_ids=(MODEL.value,),
        policy_id=bytes(32),
        standing=standing,
        registered_at=NOW,
        block=1,
        tx=bytes(32),
    )


def reputation(score_bps: int = 2_000) -> Reputation:
    return Reputation(score_bps=score_bps, evidence=0, open_disputes=0, strikes=0, last_fraud_day=0)
