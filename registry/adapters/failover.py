"""Several endpoints of one network behind web3's one provider: the first that answers and is not late."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any, TypeVar, cast

from web3.exceptions import ProviderConnectionError
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from registry.adapters.endpoint import TRANSPORT_ERRORS, Endpoint, Expected
from registry.errors import LedgerMismatchError
from registry.model import EndpointHealth

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

METHOD_NOT_FOUND = -32601  # JSON-RPC 2.0
METHOD_NOT_SUPPORTED = -32004  # EIP-1474
# What metered endpoints say in an answer of status 200; `eth_getLogs` words its own limits, which are the caller's.
METERED = ("rate limit", "too many requests", "request count exceeded", "capacity exceeded", "quota")


class FailoverProvider(JSONBaseProvider):
    """Asks endpoints in the order of preference, and stays with one while it answers."""

    def __init__(self, endpoints: Sequence[Endpoint], expected: Expected | None = None) -> None:
        """Stand before endpoints of one network.

        Args:
            endpoints: the preferred one first.
            expected: what they must agree on; absent, the first one that answers says.
        """
        super().__init__()
        self.global_ccip_read_enabled = False  # a revert must not make us fetch a URL of its choice (EIP-3668)
        self._endpoints = tuple(endpoints)
        self._expected = expected
        self._seen_head = 0
        self._lock = RLock()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401  # web3's signature
        """Return the answer of the first endpoint that has one.

        Raises:
            ProviderConnectionError: none answers.
            LedgerMismatchError: none is of this network.
        """
        refusal: RPCResponse | None = None
        behind: list[tuple[int, RPCResponse]] = []

        def ask(endpoint: Endpoint) -> RPCResponse | None:
            nonlocal refusal
            answer = endpoint.ask(method, params)
            if _is_unwilling(method, answer):
                refusal = answer
                return None
            head = _head_in(method, params, answer)
            if head is None:
                return answer
            if head < self._seen_head and len(self._endpoints) > 1:
                endpoint.lag(head, seen_head=self._seen_head)
                behind.append((head, answer))
                return None
            endpoint.saw(head)
            self._seen_head = head
            return answer

        try:
            return self._first(ask)
        except ProviderConnectionError:
            if behind:  # all are behind what one of them once said: that block is gone, or its only witness is down
                self._seen_head, answer = max(behind, key=lambda each: each[0])
                return answer
            if refusal is not None:  # none knows the method: the caller knows another way
                return refusal
            raise

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse]:
        """Return the answers to a batch, in its order, all of one endpoint.

        Raises:
            ProviderConnectionError: none takes batches, or none answers.
        """
        return self._first(lambda endpoint: endpoint.ask_many(requests))

    def health(self) -> tuple[EndpointHealth, ...]:
        """Return how each endpoint does, after asking those that may be asked now."""
        for endpoint in self._endpoints:
            if endpoint.may_be_asked:
                self._examine(endpoint)
        return tuple(endpoint.health for endpoint in self._endpoints)

    def expect(self, expected: Expected) -> None:
        """Learn what endpoints must agree on, as those that answered so far do."""
        self._expected = expected

    def _first(self, ask: Callable[[Endpoint], Answer | None]) -> Answer:
        for endpoint in self._in_order():
            if not endpoint.is_up and len(self._endpoints) > 1 and not self._examine(endpoint):
                continue
            try:
                answer = ask(endpoint)
            except TRANSPORT_ERRORS as exc:
                if len(self._endpoints) == 1:
                    raise
                endpoint.fail(type(exc).__name__)
                _log.warning("%s fails (%s): the next endpoint is asked", endpoint.name, type(exc).__name__)
                continue
            if answer is not None:
                return answer
        if all(endpoint.is_excluded for endpoint in self._endpoints):
            raise LedgerMismatchError("; ".join(str(endpoint.health.why) for endpoint in self._endpoints))
        raise ProviderConnectionError("no endpoint answers")

    def _in_order(self) -> list[Endpoint]:
        """Return those that may be asked, by preference; where all are in their pauses, all that are not excluded."""
        ready = [endpoint for endpoint in self._endpoints if endpoint.may_be_asked]
        return ready or [endpoint for endpoint in self._endpoints if not endpoint.is_excluded]

    def _examine(self, endpoint: Endpoint) -> bool:
        """Return whether the endpoint may be used, after a look."""
        with self._lock:
            if self._expected is None:
                try:
                    self._expected = Expected(int(str(endpoint.ask(RPCEndpoint("eth_chainId"), [])["result"]), 16))
                except (*TRANSPORT_ERRORS, KeyError) as exc:
                    endpoint.fail(type(exc).__name__)
                    return False
            try:
                endpoint.examine(self._expected, seen_head=self._seen_head)
            except LedgerMismatchError as exc:
                _log.error("%s is excluded: %s", endpoint.name, exc)  # the message says all
            return endpoint.is_up


def _is_unwilling(method: RPCEndpoint, answer: RPCResponse) -> bool:
    """Whether another endpoint may well answer what this one does not."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return False
    if error.get("code") in {METHOD_NOT_FOUND, METHOD_NOT_SUPPORTED}:
        return True
    said = str(error.get("message", "")).lower()
    return method != "eth_getLogs" and any(word in said for word in METERED)


def _head_in(method: RPCEndpoint, params: Any, answer: RPCResponse) -> int | None:  # noqa: ANN401  # web3's
    """Return the number of the latest block, where that is what was asked for and said."""
    result = answer.get("result")
    if method == "eth_blockNumber" and isinstance(result, str):
        return int(result, 16)
    if method == "eth_getBlockByNumber" and params and params[0] == "latest" and isinstance(result, dict):
        return int(str(cast("dict[str, object]", result)["number"]), 16)
    return None
