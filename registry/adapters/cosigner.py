"""`HttpCosigner`: another installation's gate, asked over ``POST /v1/gate/verdicts``."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import urllib3
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry.errors import CosignerUnavailableError, CosignRefusedError, InvalidValueError
from registry.model import Address, CosignRequest, GateVerdict, Opinion
from registry.model.identity import bytes_from_hex
from registry.receipt import admission_document, intent_document

ROUTE = "/v1/gate/verdicts"
REFUSED_CODE = "cosign-refused"
CONNECT_S = 10.0
MAX_ANSWER_BYTES = 64 * 1024  # a verdict is below 1 KiB, a problem with its reasons too
_CHUNK_BYTES = 1 << 20
_ANSWER_CHUNK_BYTES = 4096
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Reason = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]


class _Opinion(BaseModel):
    model_id: str
    band: Annotated[int, Field(ge=0, le=255)]
    threshold_bps: Annotated[int, Field(ge=0, le=10_000)]
    issued_at: Annotated[int, Field(ge=0, lt=1 << 64)]


class _Verdict(BaseModel):
    gate: str
    opinion: _Opinion
    signature: str

    def to_value(self) -> GateVerdict:
        said = self.opinion
        model_id = bytes_from_hex("model_id", said.model_id, 32)
        opinion = Opinion(model_id, said.band, said.threshold_bps, said.issued_at)
        return GateVerdict(opinion, Address.from_hex(self.gate), bytes_from_hex("signature", self.signature, 65))


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: str = ""
    reasons: Annotated[tuple[Reason, ...], Field(max_length=16)] = ()


class HttpCosigner:
    """Asks one other installation.

    Args:
        url: its origin, such as ``https://gate.example``; plain HTTP to loopback only.
        gate: whose verdicts it gives.
        token: that it knows us by.
        timeout_s: for its whole answer, once the bytes are with it.

    Raises:
        InvalidValueError: the address is none to send media to.
    """

    def __init__(self, url: str, *, gate: Address, token: str, timeout_s: float) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise InvalidValueError(f"cosigner: expected https, or http to loopback, got {parts.scheme!r}")
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise InvalidValueError("cosigner: expected an origin such as https://gate.example")
        self._url = url.rstrip("/") + ROUTE
        self._host = parts.netloc
        self._gate = gate
        self._token = token
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """Its host."""
        return self._host

    @property
    def gate(self) -> Address:
        """Whose verdicts it gives."""
        return self._gate

    def cosign(self, request: CosignRequest, path: Path) -> GateVerdict:
        """Return its verdict on the bytes at ``path``, as it came.

        Raises:
            CosignRefusedError: it looked and will not sign.
            CosignerUnavailableError: it cannot be asked now, or answers what no gate answers.
        """
        status, content = self._exchange(request, path)
        try:
            if status == HTTPStatus.OK:
                return _Verdict.model_validate_json(content).to_value()
            problem = _Problem.model_validate_json(content)
        except (ValidationError, InvalidValueError) as exc:
            raise CosignerUnavailableError(f"{self._host}: expected a verdict or a problem, got {status}") from exc
        if status == HTTPStatus.UNPROCESSABLE_ENTITY and problem.code == REFUSED_CODE and problem.reasons:
            raise CosignRefusedError(problem.reasons)
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # smaller limits than ours: waiting changes nothing
            raise CosignRefusedError(("too_large",))
        raise CosignerUnavailableError(f"{self._host} answers {status} {problem.code}".rstrip())

    def _exchange(self, request: CosignRequest, path: Path) -> tuple[int, bytes]:
        """Return status and content; no redirect is followed, no proxy or login of the environment is used."""
        body = _Form(json.dumps(_document(request)), path)
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": body.content_type,
            "Content-Length": str(len(body)),
        }
        try:
            with (
                urllib3.PoolManager(retries=False) as pool,
                pool.request(
                    "POST",
                    self._url,
                    body=body,
                    headers=headers,
                    timeout=urllib3.Timeout(connect=CONNECT_S, read=self._timeout_s),
                    redirect=False,
                    preload_content=False,
                ) as answer,
            ):
                return answer.status, self._content(answer)
        except (urllib3.exceptions.HTTPError, OSError) as exc:
            raise CosignerUnavailableError(f"{self._host} does not answer: {type(exc).__name__}") from exc

    def _content(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        content = bytearray()
        until = time.monotonic() + self._timeout_s
        for chunk in answer.stream(_ANSWER_CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES or time.monotonic() > until:
                raise CosignerUnavailableError(f"{self._host}: expected at most {MAX_ANSWER_BYTES} bytes in time")
        return bytes(content)


class _Form:
    """A ``multipart/form-data`` body (RFC 7578) that is read from the disk while it is sent."""

    def __init__(self, request: str, path: Path) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        field = f'--{boundary}\r\nContent-Disposition: form-data; name="request"\r\n\r\n{request}\r\n'
        file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
        self._head = (field + file).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._path = path

    def __len__(self) -> int:
        return len(self._head) + self._path.stat().st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk
        yield self._tail


def _document(request: CosignRequest) -> dict[str, object]:
    return {
        "ledger": {
            "chain_id": request.chain_id,
            "contract": str(request.contract),
            "instance_id": _hex(request.instance_id),
        },
        "admission": admission_document(request.admission),
        "visibility": request.visibility.word,
        "intent": intent_document(request.intent) if request.intent else None,
        "claims": request.claims,
        "salt": _hex(request.salt),
        "operator_signature": _hex(request.operator_signature),
    }


def _hex(value: bytes | None) -> str | None:
    return None if value is None else "0x" + value.hex()
