"""``/v1/jobs`` and ``/v1/reviews``: registrations on their way, and those that wait for a person."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.deps import Reading, Writing
from api.errors import ReceiptNotFoundError
from api.routes.bodies import ReviewIn, ReviewOut, ReviewsOut
from api.routes.guard import OPERATOR
from api.routes.presenting import job_out, registration_response, tagged
from api.routes.running import Running
from api.schemas import JobOut
from registry.model import JobState

OPERATOR_NAME = "operator"  # whoever holds the token; names of persons come with accounts

router = APIRouter(prefix="/v1", tags=["registering"])


@router.get("/jobs/{job_id}", response_model=JobOut)
def job(job_id: str, request: Request, read: Reading) -> Response:
    """Return how a registration stands."""
    return tagged(job_out(read.journal.get(job_id), read), request)


@router.get("/jobs/{job_id}/receipt")
def receipt(job_id: str, side: Writing) -> Response:
    """Return the gates' signed rejection of a file, byte for byte; it gets its path when the epoch has closed."""
    path = side.rejections.path(side.gate.read.journal.get(job_id))
    if path is None:
        raise ReceiptNotFoundError(f"{job_id} was not rejected; a record's receipt is read at the record")
    return Response(path.read_bytes(), media_type="application/json")


@router.get("/reviews", dependencies=[OPERATOR])
def reviews(read: Reading) -> ReviewsOut:
    """Return every registration that waits for a person, oldest first."""
    waiting = read.journal.jobs(JobState.REVIEW)
    return ReviewsOut(reviews=[ReviewOut.of(found, job_out(found, read)) for found in waiting])


@router.post("/reviews/{job_id}", dependencies=[OPERATOR], response_model=JobOut)
def review(job_id: str, body: ReviewIn, side: Writing, runner: Running) -> JSONResponse:
    """Decide on a registration that waits for a person."""
    approved = body.decision == "approve"
    decided = side.registrar.decide(job_id, approved=approved, reviewer=OPERATOR_NAME, reason=body.reason)
    if decided.state.is_open:
        runner.submit(decided)
    return registration_response(decided, side.gate.read)
