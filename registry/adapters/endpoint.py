"""One way to a network: a node behind a URL, whether it is the right one, and how it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import RLock
from urllib.parse import urlsplit

import requests
from eth_utils.crypto import keccak
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint, RPCResponse

from registry.errors import LedgerMismatchError
from registry.model import Address, EndpointHealth, EndpointState

TIMEOUT_S = 10.0  # one request; a node that needs longer is down for our purposes
FIRST_PAUSE_S = 15.0  # before a node that failed is asked again: a little over a slot of 12 s
LAST_PAUSE_S = 240.0
# What the transport raises, bytes that are no JSON among them.
TRANSPORT_ERRORS = (requests.RequestException, OSError, ValueError, Web3Exception)
# A node that needs longer than that for the logs of a range is well, the range is too large.
TOO_MANY_LOGS = RPCResponse(
    {"jsonrpc": "2.0", "id": 0, "error": {"code": -32005, "message": f"eth_getLogs takes more than {TIMEOUT_S:g} s"}}
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What every endpoint of a network must agree on.

    Attributes:
        chain_id: EIP-155.
        contract: of the registry, absent before there is one.
        code_hash: 32 bytes, Keccak-256 of its code; absent where it was not kept.
    """

    chain_id: int
    contract: Address | None = None
    code_hash: bytes | None = None


class Endpoint:
    """A node behind a URL; threads may share it."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Name a node; nothing is asked of it yet.

        Args:
            url: of the node; may hold an access key, so messages name its host only.
            clock: seconds that only grow.
        """
        self.name = endpoint_name(url)
        # no retries inside: another endpoint is asked, and the caller's job waits durably
        self._provider = HTTPProvider(url, request_kwargs={"timeout": TIMEOUT_S}, exception_retry_configuration=None)
        self._clock = clock
        self._lock = RLock()
        self._state = EndpointState.UNTRIED
        self._why: str | None = None
        self._head: int | None = None
        self._ready_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._takes_batches = True

    @property
    def health(self) -> EndpointHealth:
        """What is known of it."""
        with self._lock:
            return EndpointHealth(self.name, self._state, self._head, self._why)

    @property
    def is_up(self) -> bool:
        """Whether it was found to be the right one and has answered since."""
        return self._state is EndpointState.UP

    @property
    def may_be_asked(self) -> bool:
        """Whether it is not excluded and its pause after a failure is over."""
        return self._state is not EndpointState.EXCLUDED and self._clock() >= self._ready_at

    @property
    def is_excluded(self) -> bool:
        """Whether it is no endpoint of this network."""
        return self._state is EndpointState.EXCLUDED

    def ask(self, method: RPCEndpoint, params: object) -> RPCResponse:
        """Return its answer, an error of its own among them; raises one of `TRANSPORT_ERRORS` where it gave none."""
        try:
            answer = self._provider.make_request(method, params)
        except requests.ReadTimeout:
            if method != "eth_getLogs":
                raise
            return TOO_MANY_LOGS
        if not isinstance(answer, dict) or not ({"result", "error"} & answer.keys()):
            raise ValueError("expected a JSON-RPC answer")  # what JSON decoding raises too
        return answer

    def ask_many(self, requests_: list[tuple[RPCEndpoint, object]]) -> list[RPCResponse]:
        """Return its answers to a batch of requests, in their order; raises as `ask` does."""
        if self._takes_batches:
            answers = self._provider.make_batch_request(requests_)
            if isinstance(answers, list) and len(answers) == len(requests_):
                return answers
            self._takes_batches = False
        return [self.ask(method, params) for method, params in requests_]

    def examine(self, expected: Expected, *, seen_head: int) -> None:
        """Look whether it is the right one and as far as others were seen; what is found is kept.

        Raises:
            LedgerMismatchError: it is of another network; it is excluded from now on.
        """
        try:
            chain_id = self._number("eth_chainId")
            if chain_id != expected.chain_id:
                raise self._exclude(f"expected chain id {expected.chain_id} at {self.name}, got {chain_id}")
            head = self._number("eth_blockNumber")
            if head < seen_head:
                self._pause(EndpointState.LAGGING, f"at block {head}, others are at {seen_head}", head)
                return
            if expected.contract is not None and expected.code_hash is not None:
                self._require_code(expected.contract, expected.code_hash)
        except TRANSPORT_ERRORS as exc:
            self.fail(type(exc).__name__)
            return
        with self._lock:
            self._state, self._why, self._head, self._pause_s = EndpointState.UP, None, head, FIRST_PAUSE_S

    def fail(self, why: str) -> None:
        """Leave it alone for a while, twice as long each time in a row."""
        self._pause(EndpointState.DOWN, why, self._head)

    def lag(self, head: int, *, seen_head: int) -> None:
        """Leave it alone for a while: it is behind."""
        self._pause(EndpointState.LAGGING, f"at block {head}, others are at {seen_head}", head)

    def saw(self, head: int) -> None:
        """Keep the latest block that it named."""
        with self._lock:
            self._head = head

    def _pause(self, state: EndpointState, why: str, head: int | None) -> None:
        with self._lock:
            self._state, self._why, self._head = state, why, head
            self._ready_at = self._clock() + self._pause_s
            self._pause_s = min(2 * self._pause_s, LAST_PAUSE_S)

    def _exclude(self, why: str) -> LedgerMismatchError:
        with self._lock:
            self._state, self._why = EndpointState.EXCLUDED, why
        return LedgerMismatchError(why)

    def _require_code(self, contract: Address, code_hash: bytes) -> None:
        answer = self.ask(RPCEndpoint("eth_getCode"), [contract.hex, "latest"])
        found = bytes(keccak(hexstr=str(answer.get("result", "0x"))))
        if found != code_hash:
            raise self._exclude(
                f"expected code with hash {code_hash.hex()} at {contract} on {self.name}, got {found.hex()}"
            )

    def _number(self, method: str) -> int:
        answer = self.ask(RPCEndpoint(method), [])
        if "error" in answer:
            raise ValueError(f"{method} was refused")
        return int(str(answer["result"]), 16)


def endpoint_name(url: str) -> str:
    """Return the node's name for messages: host and port, without path, query or user."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
