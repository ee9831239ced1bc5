"""``/healthz``, ``/readyz``, ``/metrics``: for whoever keeps this running."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from api.deps import Counting, Judging, Reading
from api.errors import answer_to
from api.routes.bodies import HealthOut, PartOut, ReadyOut
from api.routes.running import Running
from registry.errors import RegistryError
from registry.model import ZERO_32, Digest, EndpointHealth, EndpointState, JobState

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus text exposition format
_NOWHERE = Digest(ZERO_32)
_HELP = {
    "requests": "Answers by route and status",
    "verifications": "Verifications by result",
    "checks": "Checks by decision",
    "receipts": "Receipts by what their signatures are worth",
    "verdicts": "Verdicts of checks by outcome",
}

router = APIRouter(tags=["running"])


@router.get("/healthz")
def healthz() -> HealthOut:
    """Say that the process answers."""
    return HealthOut(status="ok")


@router.get("/readyz", response_model=ReadyOut, responses={503: {"model": ReadyOut}})
def readyz(side: Judging, runner: Running) -> Response:
    """Say of each part whether it answers; 503 where one that is needed does not."""
    read = side.read
    parts = {
        "ledger": _part(read.ledger.height),
        "index": _part(lambda: read.index.fp_version_of(_NOWHERE)),
        "journal": _part(lambda: read.journal.latest_for(_NOWHERE)),
        "jobs": PartOut(
            ok=runner.is_working,
            needed=True,
            why=None if runner.is_working else "nothing moves registrations on: restart the service",
        ),
        "detector": PartOut(
            ok=side.model_id is not None,
            needed=False,
            why=None if side.model_id is not None else "no detector is installed: every file goes to a person",
        ),
    }
    if endpoints := read.ledger.endpoints():
        parts["endpoints"] = _endpoints(endpoints)
    ready = all(part.ok for part in parts.values() if part.needed)
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(ReadyOut(ready=ready, parts=parts).model_dump(), status_code=status)


@router.get("/metrics")
def metrics(read: Reading, counters: Counting) -> PlainTextResponse:
    """Return the counts of this process and the jobs by state, as Prometheus reads them."""
    lines: list[str] = []
    described: set[str] = set()
    for name, labels, count in counters.items():
        if name not in described:
            described.add(name)
            lines += _head(f"touchstone_{name}_total", _HELP[name], "counter")
        lines.append(f"touchstone_{name}_total{_labelled(labels)} {count}")
    states = read.journal.counts()
    lines += _head("touchstone_jobs", "Registrations by state", "gauge")
    lines += [f"touchstone_jobs{_labelled([('state', state)])} {states.get(state, 0)}" for state in JobState]
    return PlainTextResponse("\n".join(lines) + "\n", media_type=METRICS_TYPE)


def _part(ask: Callable[[], object]) -> PartOut:
    try:
        ask()
    except RegistryError as exc:
        return PartOut(ok=False, needed=True, why=answer_to(exc).title)
    return PartOut(ok=True, needed=True, why=None)


def _endpoints(endpoints: Sequence[EndpointHealth]) -> PartOut:
    """Return whether all ways to the network work; one is enough, so none alone is needed. Hosts are not named here."""
    wrong = Counter(each.state.value for each in endpoints if each.state is not EndpointState.UP)
    told = ", ".join(f"{count} {state}" for state, count in sorted(wrong.items()))
    return PartOut(ok=not wrong, needed=False, why=f"of {len(endpoints)} endpoints: {told}" if wrong else None)


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _labelled(labels: Iterable[tuple[str, str]]) -> str:
    """Return the labels in braces; their values are route patterns and fixed words, which need no escape."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels) + "}"
