"""`Guard`: what stands before every route until API keys exist, and the headers on every answer.

Only loopback is served, and a browser on this machine is the way in for others: a name rebound to loopback shows in
Host, a foreign page in Origin and Sec-Fetch-Site (Fetch Metadata Request Headers, W3C).
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.deps.counters import Counters
from api.errors import CrossSiteRequestError, MisdirectedRequestError, UnauthenticatedError
from api.routes.problems import internal_problem, problem

_log = logging.getLogger(__name__)

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HTTP_PORT = 80
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LEDGER_HEADER = "Touchstone-Ledger"


class Guard:
    """ASGI middleware: refuses what is not addressed to this machine by this machine, and lets nothing internal out."""

    def __init__(self, app: ASGIApp, *, ledger_kind: str, counters: Counters) -> None:
        self._app = app
        self._headers = {**SECURITY_HEADERS, LEDGER_HEADER: ledger_kind}
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on and dress its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                self._counters.add("requests", route=_route_of(scope), status=str(message["status"]))
            await send(message)

        refusal = _refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, receive, send_guarded)
        except Exception:  # the last stand: the log gets it, the caller does not
            _log.exception("unforeseen error")
            if started:
                raise
            await internal_problem()(scope, receive, send_guarded)


def _refusal(scope: Scope) -> JSONResponse | None:
    headers = Headers(scope=scope)
    host, port = headers.get("host", ""), (scope.get("server") or ("", None))[1]
    served = {f"{name}:{port}" for name in LOOPBACK_NAMES} | ({*LOOPBACK_NAMES} if port == HTTP_PORT else set())
    if host.lower() not in served:
        return problem(MisdirectedRequestError(f"Host: expected one of {sorted(served)}, got {host[:255]!r}"))
    if scope["method"] in SAFE_METHODS:
        return None
    # A browser that sends Sec-Fetch-Site is believed: pages cannot set it. Under `no-referrer` a form's Origin is null.
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        return problem(CrossSiteRequestError(f"Sec-Fetch-Site: expected same-origin, got {site[:32]!r}"))
    own = f"{scope['scheme']}://{host.lower()}"
    if origin is not None and origin != own and not (origin == "null" and site == "same-origin"):
        return problem(CrossSiteRequestError(f"Origin: expected {own}, got {origin[:255]!r}"))
    return None


def _route_of(scope: Scope) -> str:
    """Return the route's pattern, never the path: a path may hold a digest that somebody asked about."""
    return str(getattr(scope.get("route"), "path", "none"))


_bearer = HTTPBearer(auto_error=False, description="The operator's token, made on first run.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def require_operator(request: Request, credentials: Credentials) -> None:
    """Return if the request bears the operator's token.

    Raises:
        UnauthenticatedError: it does not.
    """
    expected: str = request.app.state.bearer_token
    given = credentials.credentials if credentials else ""
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise UnauthenticatedError("Authorization: expected Bearer and this installation's token")


OPERATOR = Depends(require_operator)
