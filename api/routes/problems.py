"""Errors as problem documents (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import MalformedRequestError, UnauthenticatedError, answer_to, told
from api.schemas import Problem
from registry import errors
from registry.errors import RegistryError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"
PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "A problem (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
}

_log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Let every error of the application leave as a problem document."""

    def on_registry_error(_: Request, error: Exception) -> JSONResponse:
        return problem(error) if isinstance(error, RegistryError) else internal_problem()

    def on_validation_error(_: Request, error: Exception) -> JSONResponse:
        found = error.errors() if isinstance(error, RequestValidationError) else []
        return problem(MalformedRequestError("; ".join(_said(item) for item in found)))

    def on_http_exception(_: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, HTTPException):
            return internal_problem()
        return _plain(HTTPStatus(error.status_code), str(error.detail), error.headers)

    app.add_exception_handler(RegistryError, on_registry_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_exception)


def problem(error: RegistryError) -> JSONResponse:
    """Return the answer of the error's row in `api.errors`.

    The message of a caller's mistake is told; that of a fault on this side may name paths or addresses and stays in
    the log.
    """
    answer = answer_to(error)
    ours = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if ours:
        _log.error("%s: %s", answer.code, error)
    headers: dict[str, str] = {}
    if answer.retry_after_s is not None:
        headers["Retry-After"] = str(answer.retry_after_s)
    if isinstance(error, errors.AlreadyRegisteredError):
        headers["Location"] = record_path(error.digest_hex)
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    detail = answer.title if ours else told(error)
    body = Problem(
        type=TYPE_PREFIX + answer.code,
        title=answer.title,
        status=answer.status,
        detail=detail,
        code=answer.code,
        **members_of(error),
    )
    return _response(body, headers)


def internal_problem() -> JSONResponse:
    """Return the answer to what nobody foresaw."""
    return problem(RegistryError("unforeseen; see the log before this line"))


def record_path(digest_hex: str) -> str:
    """Return where a record is read."""
    return f"/v1/records/{digest_hex}"


def members_of(error: RegistryError) -> dict[str, Any]:
    """Return what a program may act on besides the code."""
    match error:
        case errors.MediaTooLargeError():
            return {"limit_name": error.limit_name, "limit": error.limit, "value": error.value}
        case errors.MetadataNotAcceptedError():
            return {"tags": [{"category": tag.category, "name": tag.name} for tag in error.tags]}
        case errors.TransactionRevertedError():
            return {"error_name": error.error_name, "arguments": list(error.arguments)}
        case errors.CosignRefusedError() | errors.QuorumNotMetError():
            return {"reasons": list(error.reasons)}
        case errors.AlreadyRegisteredError():
            return {"digest": error.digest_hex, "record": record_path(error.digest_hex)}
        case _:
            return {}


def _plain(status: HTTPStatus, detail: str, headers: Mapping[str, str] | None) -> JSONResponse:
    code = status.phrase.lower().replace(" ", "-")
    body = Problem(type=TYPE_PREFIX + code, title=status.phrase, status=status, detail=detail, code=code)
    return _response(body, headers)


def _response(body: Problem, headers: Mapping[str, str] | None) -> JSONResponse:
    return JSONResponse(body.model_dump(), status_code=body.status, headers=headers, media_type=MEDIA_TYPE)


def _said(item: Mapping[str, Any]) -> str:
    """Return one validation error without the value that was sent."""
    return f"{'.'.join(str(part) for part in item.get('loc', ()))}: {item.get('msg', 'not accepted')}"
