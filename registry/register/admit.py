"""From a screened job to what the gates sign: `Admission` and `Opinion`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from registry import eip712
from registry.errors import JobStateError
from registry.model import (
    BAND_NOT_JUDGED,
    DAG_PB_BIT,
    ZERO_32,
    Admission,
    Cid,
    GateVerdict,
    Job,
    LedgerInfo,
    Level,
    MediaKind,
    Opinion,
    Prediction,
    Registration,
    Screened,
    Verdict,
    band_of,
    basis_points,
)
from registry.ports import Signer

VERDICT_LIFETIME_S = 3_600  # a verdict that is not mined within the hour is signed anew (design, section 4)


def registration_of(job: Job, *, info: LedgerInfo, gates: Sequence[Signer], now: int) -> Registration:
    """Return the registration of a pinned job, signed by every gate key at hand.

    Raises:
        JobStateError: the job was never decoded, so it has no fingerprint to record.
        SignerError: a gate key cannot be used.
    """
    screened, pinned = job.screened, job.pinned
    if screened is None or screened.kind is None or pinned is None:
        raise JobStateError(f"job {job.job_id}: expected a decoded and pinned file, got state {job.state}")
    intent = job.request.intent
    admission = Admission(
        digest=job.request.digest,
        fingerprint_hash=commitment(pinned.fingerprint_cid.digest, pinned.salt),
        content_hash=commitment(pinned.cid.digest, pinned.salt),
        kind=kind_of(screened.kind, pinned.cid),
        uploader=intent.intent.uploader if intent else info.operator,
        policy_id=screened.verdict.policy_id,
        levels=levels_of(job, screened, now),
        earns_reputation=not screened.matches,
        deadline=now + VERDICT_LIFETIME_S,
    )
    opinion = opinion_of(screened.verdict, now)
    verdicts = [signed_verdict(info, admission, opinion, gate) for gate in gates]
    return Registration(
        admission=admission,
        verdicts=ascending(verdicts),
        intent=intent,
        visibility=job.request.visibility,
    )


def levels_of(job: Job, screened: Screened, now: int) -> Level:
    """Return how the record comes in: by gate, by a person's decision, or (policy mode "accept") by neither.

    Trusted credentials add a level of their own; they stand in for none of these.
    """
    levels = Level(0)
    if job.review is not None:
        levels |= Level.REVIEWER
    elif isinstance(screened.verdict.screening, Prediction):
        levels |= Level.GATE
    if job.request.intent is not None:
        levels |= Level.UPLOADER
    if screened.credentials is not None and screened.credentials.earns_level(now):
        levels |= Level.CREDENTIALS
    return levels


def signed_verdict(info: LedgerInfo, admission: Admission, opinion: Opinion, gate: Signer) -> GateVerdict:
    """Return one gate's verdict on an admission.

    Raises:
        SignerError: its key cannot be used.
    """
    message = eip712.verdict_message(eip712.Domain.of(info), admission, opinion)
    return GateVerdict(opinion, gate.address, gate.sign_typed_data(message))


def ascending(verdicts: Iterable[GateVerdict]) -> tuple[GateVerdict, ...]:
    """Return verdicts in the order that the contract takes them in."""
    return tuple(sorted(verdicts, key=lambda verdict: verdict.gate))


def opinion_of(verdict: Verdict, now: int) -> Opinion:
    """Return what one gate found, as it stands on chain: bands and thresholds, never a raw score."""
    screening = verdict.screening
    judged = isinstance(screening, Prediction)
    return Opinion(
        model_id=screening.model_id.value if screening.model_id is not None else ZERO_32,
        band=band_of(screening.fake_probability) if isinstance(screening, Prediction) else BAND_NOT_JUDGED,
        threshold_bps=basis_points(verdict.thresholds.review_at) if judged else 0,
        issued_at=now,
    )


def commitment(value: bytes, salt: bytes | None) -> bytes:
    """Return the 32 bytes that stand on chain for a hash: itself in a public record, salted in a private one."""
    return value if salt is None else hashlib.sha256(salt + value).digest()


def kind_of(kind: MediaKind, cid: Cid) -> int:
    """Return the chain's ``kind``: still or clip, and how the content's CID is to be read."""
    return kind | (DAG_PB_BIT if cid.is_dag_pb else 0)
