"""``POST /v1/media``: registering."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.requests import Request as HttpRequest

from api.deps import Writing
from api.deps.upload import ReceivedFile, ReceivedForm
from api.errors import IdempotencyKeyReusedError, MalformedRequestError
from api.jobs import JobRunner
from api.routes.guard import Credentials, require_operator
from api.routes.presenting import registration_response
from api.routes.running import Running
from api.routes.uploads import MEDIA_BODY, Form
from api.schemas import IntentIn, JobOut
from registry.model import Job, Request, SignedIntent, Visibility
from registry.ports import Journal
from registry.register import canonical_claims, consent_of_operator

MAX_WAIT_S = 60
# Each waiting request holds one of the server's 40 threads; one that finds no place is answered at once.
MAX_WAITING = 16

KNOWN_FIELDS = frozenset({"intent", "claims", "visibility", "accept_metadata", "share_with_gates"})

_waiting = threading.BoundedSemaphore(MAX_WAITING)
_TRUE = frozenset({"true", "1", "on"})
_FALSE = frozenset({"false", "0", "off", ""})

router = APIRouter(prefix="/v1", tags=["registering"])


@router.post(
    "/media",
    status_code=201,
    response_model=JobOut,
    responses={
        200: {"model": JobOut, "description": "Settled without a record: rejected or failed"},
        202: {"model": JobOut, "description": "Under way, or waiting for a person; Location is the job"},
    },
    openapi_extra=MEDIA_BODY,
)
def register(
    *,
    http_request: HttpRequest,
    form: Form,
    side: Writing,
    runner: Running,
    credentials: Credentials,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
    prefer: Annotated[str | None, Header(max_length=255)] = None,
) -> JSONResponse:
    """Take a file through the gate: with its uploader's signed intent, or in the operator's name with its token."""
    request = replace(_request_of(form, idempotency_key), batched=side.gate.read.settings.batch_uploads)
    if request.intent is None:
        require_operator(http_request, credentials)
    read = side.gate.read
    job = _job_under(idempotency_key, request, read.journal)
    if job is None:
        accepted = side.registrar.accept(form.require_file().path, request)
        job = accepted.job
        runner.submit(job, accepted.media)
    return registration_response(_settled(job, runner, wait_of(prefer)), read)


def wait_of(prefer: str | None) -> int:
    """Return the seconds of ``Prefer: wait=N`` (RFC 7240, section 4.3), at most `MAX_WAIT_S`; 0 without one."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})", prefer or "", re.IGNORECASE)
    return min(int(found[1]), MAX_WAIT_S) if found else 0


def _request_of(form: ReceivedForm, idempotency_key: str | None) -> Request:
    unknown = sorted(form.fields.keys() - KNOWN_FIELDS)
    if unknown:
        raise MalformedRequestError(f"form: expected {', '.join(sorted(KNOWN_FIELDS))}, got {unknown}")
    file: ReceivedFile = form.require_file()
    intent = _intent_of(form.fields["intent"]).to_value() if form.fields.get("intent") else None
    visibility = form.fields.get("visibility") or (intent.intent.visibility.word if intent else "public")
    if visibility not in {known.word for known in Visibility}:
        raise MalformedRequestError(f"visibility: expected public or private, got {visibility[:32]!r}")
    return Request(
        digest=file.digest,
        file_name=file.name,
        size_bytes=file.size_bytes,
        visibility=Visibility[visibility.upper()],
        intent=intent,
        accept_metadata=_flag("accept_metadata", form.fields.get("accept_metadata", "")),
        idempotency_key=idempotency_key,
        claims=_claims_of(form, intent),
    )


def _claims_of(form: ReceivedForm, intent: SignedIntent | None) -> str | None:
    """Return what is claimed: in the uploader's signed words, or where there is no intent, the operator's own."""
    shared = _flag("share_with_gates", form.fields.get("share_with_gates", ""))
    claims = form.fields.get("claims")
    if intent is None and claims:
        raise MalformedRequestError("claims: expected an intent that holds their SHA-256, got none")
    if intent is not None and shared:
        raise MalformedRequestError("share_with_gates: with an intent, its uploader says so in the claims")
    if shared:
        return consent_of_operator()
    return canonical_claims(claims) if claims else None


def _intent_of(text: str) -> IntentIn:
    try:
        return IntentIn.model_validate_json(text)
    except ValidationError as exc:
        fields = sorted({str(part) for error in exc.errors() for part in error["loc"]})
        raise MalformedRequestError(f"intent: expected JSON of a signed UploadIntent, not accepted: {fields}") from exc


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise MalformedRequestError(f"{name}: expected true or false, got {text[:32]!r}")
    return text.lower() in _TRUE


def _job_under(key: str | None, request: Request, journal: Journal) -> Job | None:
    """Return the job that this key stands for already (draft-ietf-httpapi-idempotency-key-header)."""
    job = journal.by_idempotency_key(key) if key else None
    if job is not None and job.request.digest != request.digest:
        raise IdempotencyKeyReusedError(f"Idempotency-Key: expected the bytes of {job.request.digest}")
    return job


def _settled(job: Job, runner: JobRunner, wait_s: int) -> Job:
    if wait_s == 0 or not _waiting.acquire(blocking=False):
        return runner.wait(job.job_id, timeout_s=0.0)
    try:
        return runner.wait(job.job_id, timeout_s=wait_s)
    finally:
        _waiting.release()
