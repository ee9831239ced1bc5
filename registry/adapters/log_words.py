"""Fields of a log read straight from its words, for events whose types are all one word long.

web3 decodes any event and checks each value twice, about two milliseconds for one of ours; a first reading of a long
chain would take hours. What we follow has a fixed layout (Solidity ABI specification, "Events"), so each field has its
place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from web3.contract.contract import ContractEvent
from web3.types import LogReceipt

from registry.errors import LedgerError
from registry.model import Address

WORD = 32
ADDRESS_AT = 12  # an address stands at the end of its word
# Types of several words, or of a length that the log tells: an event with one of these has no fixed layout.
OPEN_ENDED = ("[", "string", "bytes ")


class LogWords:
    """Where each field of one kind of event stands."""

    def __init__(self, event: ContractEvent) -> None:
        """Lay out an event.

        Args:
            event: of a contract at hand.

        Raises:
            LedgerError: its layout is not fixed.
        """
        inputs: Sequence[Mapping[str, Any]] = event.abi["inputs"]
        self._topics = {each["name"]: place for place, each in enumerate(_where(inputs, indexed=True), start=1)}
        leaves = (leaf for each in _where(inputs, indexed=False) for leaf in _leaves(each))
        self._words = {path: place for place, path in enumerate(leaves)}

    def word(self, log: LogReceipt, path: str) -> bytes:
        """Return a field's 32 bytes, such as ``admission.policyId``.

        Raises:
            LedgerError: the log is shorter than its event.
        """
        if path in self._topics:
            found = log["topics"][self._topics[path] : self._topics[path] + 1]
            return self._whole(bytes(found[0]) if found else b"", path)
        at = self._words[path] * WORD
        return self._whole(bytes(log["data"][at : at + WORD]), path)

    def number(self, log: LogReceipt, path: str) -> int:
        """Return an unsigned number."""
        return int.from_bytes(self.word(log, path))

    def address(self, log: LogReceipt, path: str) -> Address:
        """Return an address."""
        return Address(self.word(log, path)[ADDRESS_AT:])

    def _whole(self, word: bytes, path: str) -> bytes:
        if len(word) != WORD:
            raise LedgerError(f"expected {WORD} bytes of {path} in a log, got {len(word)}")
        return word


def _where(inputs: Sequence[Mapping[str, Any]], *, indexed: bool) -> Iterator[Mapping[str, Any]]:
    return (each for each in inputs if each["indexed"] is indexed)


def _leaves(field: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the paths of a field's words, in their order."""
    path += field["name"]
    if any(mark in f"{field['type']} " for mark in OPEN_ENDED):
        raise LedgerError(f"expected {path} to be of fixed length, got {field['type']}")
    if field["type"] != "tuple":
        yield path
    for part in field.get("components", ()):
        yield from _leaves(part, path + ".")
