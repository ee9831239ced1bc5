"""What a route is asked about: an uploaded file, or a digest alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import ValidationError

from api.deps import Reading
from api.deps.upload import MAX_FIELD_BYTES, ReceivedFile, ReceivedForm, received_form
from api.errors import MalformedRequestError, UnsupportedBodyError
from api.routes.bodies import HashIn
from api.schemas import IntentIn
from registry.model import Digest

FORM_TYPE = "multipart/form-data"
JSON_TYPE = "application/json"

_FILE = {"type": "string", "format": "binary"}


def _form_schema(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE, **fields}}}


MEDIA_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM_TYPE: _form_schema(
                intent={"type": "string", "contentMediaType": JSON_TYPE, "contentSchema": IntentIn.model_json_schema()},
                claims={"type": "string", "contentMediaType": JSON_TYPE},
                visibility={"type": "string", "enum": ["public", "private"]},
                accept_metadata={"type": "boolean", "default": False},
                share_with_gates={"type": "boolean", "default": False},
            )
        },
    }
}
QUESTION_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {FORM_TYPE: _form_schema(), JSON_TYPE: {"schema": HashIn.model_json_schema()}},
    }
}


async def form_of(request: Request, read: Reading) -> AsyncIterator[ReceivedForm]:
    """Yield the request's form; its file is gone when the request is over.

    Raises:
        UnsupportedBodyError: the body is no form.
        MediaTooLargeError: the file is over the limit.
        InvalidValueError: the form breaks off.
    """
    if _content_type(request) != FORM_TYPE:
        raise UnsupportedBodyError(f"content-type: expected {FORM_TYPE}, got {_content_type(request)!r}")
    async with received_form(request, max_bytes=read.settings.max_upload_bytes) as form:
        yield form


async def subject_of(request: Request, read: Reading) -> AsyncIterator[ReceivedFile | Digest]:
    """Yield what is asked about: a form's file, or the digest in a JSON body.

    Raises:
        UnsupportedBodyError: the body is neither.
        MalformedRequestError: the JSON is not ``{"sha256": …}``.
        MediaTooLargeError: the file is over the limit.
        InvalidValueError: the form breaks off or has no file.
    """
    content_type = _content_type(request)
    if content_type == FORM_TYPE:
        async with received_form(request, max_bytes=read.settings.max_upload_bytes) as form:
            yield form.require_file()
    elif content_type == JSON_TYPE:
        yield Digest.from_hex((await _hash_in(request)).sha256)
    else:
        raise UnsupportedBodyError(f"content-type: expected {FORM_TYPE} or {JSON_TYPE}, got {content_type!r}")


Form = Annotated[ReceivedForm, Depends(form_of)]
Subject = Annotated[ReceivedFile | Digest, Depends(subject_of)]


async def _hash_in(request: Request) -> HashIn:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FIELD_BYTES:
            raise MalformedRequestError(f"body: expected at most {MAX_FIELD_BYTES} bytes of JSON")
    try:
        return HashIn.model_validate_json(bytes(body))
    except ValidationError as exc:
        raise MalformedRequestError('body: expected {"sha256": 64 hex digits}') from exc


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
