"""Answers as responses: jobs with where to look next, bodies with an entity tag."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.deps import ReadSide
from api.routes.problems import record_path
from api.schemas import JobOut, RecordOut, credentials_of, outcome_of
from registry.model import Job, JobState, Record

# A registration on the embedded ledger takes a few seconds, most of them in the detector.
POLL_S = 2
# A person decides within hours; asking more often helps nobody.
REVIEW_POLL_S = 600


def job_path(job_id: str) -> str:
    """Return where a job is read."""
    return f"/v1/jobs/{job_id}"


def receipt_path(digest_hex: str) -> str:
    """Return where a receipt is read."""
    return f"{record_path(digest_hex)}/receipt"


def rejection_path(job_id: str) -> str:
    """Return where the receipt of a rejection is read; the job's id is what its owner alone knows."""
    return f"{job_path(job_id)}/receipt"


def record_out(record: Record, read: ReadSide) -> RecordOut:
    """Return a record's public form."""
    return RecordOut.of(record, fp_version=read.fp_version_of(record), dispute=read.dispute_of(record))


def job_out(job: Job, read: ReadSide) -> JobOut:
    """Return a job's public form, with the record and the receipt's address once it is final."""
    record = read.ledger.find(job.request.digest) if job.state is JobState.FINAL else None
    receipt = receipt_path(record.digest.hex) if record else rejection_path(job.job_id) if job.rejection else None
    return JobOut(
        outcome=outcome_of(job),
        job_id=job.job_id,
        reasons=list(job.reasons),
        record=record_out(record, read) if record else None,
        receipt=receipt,
        credentials=credentials_of(job),
        state=job.state.value,
        digest=job.request.digest.hex,
        created_at=job.created_at,
        updated_at=job.updated_at,
    )


def registration_response(job: Job, read: ReadSide) -> JSONResponse:
    """Return 201 with the record's address, 200 where nothing was recorded and nothing will be, else 202."""
    headers = {"Location": job_path(job.job_id)}
    match job.state:
        case JobState.FINAL:
            status = HTTPStatus.CREATED
            headers["Location"] = record_path(job.request.digest.hex)
        case JobState.REJECTED | JobState.FAILED:
            status = HTTPStatus.OK
        case _:
            status = HTTPStatus.ACCEPTED
            headers["Retry-After"] = str(REVIEW_POLL_S if job.state is JobState.REVIEW else POLL_S)
    return JSONResponse(job_out(job, read).model_dump(mode="json"), status_code=status, headers=headers)


def tagged(body: BaseModel, request: Request) -> Response:
    """Return the body with an entity tag over its bytes, or 304 where the caller has just these (RFC 9110, 8.8.3)."""
    content = body.model_dump_json().encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = {item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type="application/json", headers=headers)
