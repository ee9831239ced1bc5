"""``POST /v1/verifications`` and ``POST /v1/checks``: asking; nothing that is sent here is kept."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import Counting, Judging, Reading
from api.errors import BytesNeededError
from api.routes.uploads import QUESTION_BODY, Subject
from api.schemas import CheckOut, VerificationOut
from registry.model import Digest
from registry.verify import Comparison

HASH_ONLY = "hash_only"

router = APIRouter(prefix="/v1", tags=["asking"])


@router.post("/verifications", openapi_extra=QUESTION_BODY)
def verify(subject: Subject, read: Reading, counters: Counting) -> VerificationOut:
    """Say what the registry knows of a file; by its digest alone, nothing is said of copies."""
    if isinstance(subject, Digest):
        exact = read.verifier.look_up(subject)
        verification = exact or read.verifier.answer(subject, Comparison((), (HASH_ONLY,)))
    else:
        verification = read.verifier.verify(subject.path)
    counters.add("verifications", result=verification.result.value)
    found = verification.record
    return VerificationOut.of(verification, fp_version=read.fp_version_of(found), dispute=read.dispute_of(found))


@router.post("/checks", openapi_extra=QUESTION_BODY)
def check(subject: Subject, side: Judging, counters: Counting) -> CheckOut:
    """Advise on an upload before it is published."""
    if isinstance(subject, Digest):
        advice = side.checker.look_up(subject)
        if advice is None:
            raise BytesNeededError(f"{subject} is not recorded: send the bytes, a digest alone decides nothing")
    else:
        advice = side.checker.check(subject.path)
    counters.add("checks", decision=advice.decision.value)
    if advice.verdict is not None:
        counters.add("verdicts", outcome=advice.verdict.outcome.value)
    found = advice.verification.record
    return CheckOut.of(advice, fp_version=side.read.fp_version_of(found), dispute=side.read.dispute_of(found))
