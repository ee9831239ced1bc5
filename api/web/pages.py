"""The page at ``/``: a form, and the answer as a page of its own or as a fragment for the script."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles

from api.deps import GateSide, Judging
from api.deps.upload import ReceivedForm, received_form
from api.errors import answer_to
from api.web.answer import Answer, of_check, of_digest
from api.web.detector_card import GAUGE_WIDTH
from api.web.words import ENGLISH
from registry.errors import InvalidValueError, RegistryError
from registry.model import Digest, Record, Reputation
from registry.verify import Comparison

_HERE = Path(__file__).parent
_SAY = ENGLISH
_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(say=_SAY, gauge_width=GAUGE_WIDTH)

router = APIRouter(include_in_schema=False)


def static_files() -> StaticFiles:
    """Return the page's style sheet, script and sign."""
    return StaticFiles(directory=_HERE / "static")


@router.get("/")
def page() -> HTMLResponse:
    """Return the page with an empty form."""
    return _rendered("page.html", None, None, HTTPStatus.OK)


@router.post("/")
async def page_with_answer(request: Request, side: Judging) -> HTMLResponse:
    """Return the page with the answer: the way without a script."""
    return await _answered("page.html", request, side)


@router.post("/answer")
async def answer_alone(request: Request, side: Judging) -> HTMLResponse:
    """Return the answer as a fragment: the way of the script."""
    return await _answered("answer.html", request, side)


async def _answered(template: str, request: Request, side: GateSide) -> HTMLResponse:
    try:
        async with received_form(request, max_bytes=side.read.settings.max_upload_bytes) as form:
            answer = await run_in_threadpool(_answer, form, side)
    except RegistryError as exc:
        row = answer_to(exc)
        ours = row.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return _rendered(template, None, (row.title, "" if ours else str(exc)), row.status)
    return _rendered(template, answer, None, HTTPStatus.OK)


def _answer(form: ReceivedForm, side: GateSide) -> Answer:
    read = side.read
    if text := form.fields.get("sha256"):
        digest = Digest.from_hex(text)
        verification = read.verifier.look_up(digest) or read.verifier.answer(digest, Comparison((), ()))
        found = verification.record
        return of_digest(verification, _reputation(found, side), read.dispute_of(found), say=_SAY)
    if form.file is None or not (form.file.name or form.file.size_bytes):
        raise InvalidValueError(_SAY("problem.choose"))
    check = side.checker.check(form.file.path)
    found = check.verification.record
    return of_check(check, _reputation(found, side), read.dispute_of(found), file_name=form.file.name, say=_SAY)


def _reputation(record: Record | None, side: GateSide) -> Reputation | None:
    return side.read.ledger.reputation_of(record.uploader) if record else None


def _rendered(
    template: str, answer: Answer | None, problem: tuple[str, str] | None, status: HTTPStatus
) -> HTMLResponse:
    body = _templates.get_template(template).render(answer=answer, problem=problem)
    return HTMLResponse(body, status_code=status, headers={"Cache-Control": "no-store"})
