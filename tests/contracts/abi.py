"""Encoding and decoding by the committed artefact's ABI, straight on eth_abi: half the time of a whole client."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import eth_abi
from eth_utils import to_bytes, to_checksum_address
from eth_utils.abi import (
    collapse_if_tuple,
    event_abi_to_log_topic,
    function_abi_to_4byte_selector,
    function_signature_to_4byte_selector,
    get_abi_input_types,
    get_abi_output_types,
)

ARTEFACT = json.loads((Path(__file__).parents[2] / "registry" / "adapters" / "MediaRegistry.json").read_bytes())
ABI: list[Any] = ARTEFACT["abi"]

_CONSTRUCTOR = next(entry for entry in ABI if entry["type"] == "constructor")
_FUNCTIONS = {entry["name"]: entry for entry in ABI if entry["type"] == "function"}
_ERRORS = {
    function_abi_to_4byte_selector(entry | {"type": "function"}): entry for entry in ABI if entry["type"] == "error"
}
_PANIC = function_signature_to_4byte_selector("Panic(uint256)")
_EVENTS = {event_abi_to_log_topic(entry): entry for entry in ABI if entry["type"] == "event"}


def construction(arguments: Sequence[Any]) -> bytes:
    """The data of the transaction that deploys."""
    return to_bytes(hexstr=ARTEFACT["bytecode"]) + eth_abi.encode(get_abi_input_types(_CONSTRUCTOR), arguments)


def call_data(name: str, arguments: Sequence[Any]) -> bytes:
    """The data of a call."""
    function = _FUNCTIONS[name]
    return function_abi_to_4byte_selector(function) + eth_abi.encode(get_abi_input_types(function), arguments)


def answer(name: str, data: bytes) -> Any:
    """What a function returned: one value, a list of several without names, or a dictionary of several with names."""
    outputs = _FUNCTIONS[name]["outputs"]
    values = _decode(get_abi_output_types(_FUNCTIONS[name]), data)
    if len(values) == 1:
        return values[0]
    names = [each["name"] for each in outputs]
    return dict(zip(names, values, strict=True)) if all(names) else values


def error(data: bytes) -> tuple[str, tuple[Any, ...]]:
    """The name and the arguments of a custom error; no name where the answer is empty, as for malformed calldata."""
    if not data:
        return "", ()
    if data[:4] == _PANIC:
        return "Panic", eth_abi.decode(["uint256"], data[4:])
    entry = _ERRORS[data[:4]]
    return entry["name"], tuple(_decode(get_abi_input_types(entry | {"type": "function"}), data[4:]))


def event(topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
    """The name and the arguments of an event; of an indexed string, the Keccak-256 that stands for it."""
    entry = _EVENTS[topics[0]]
    indexed = [each for each in entry["inputs"] if each["indexed"]]
    plain = [each for each in entry["inputs"] if not each["indexed"]]
    shown = ["bytes32" if each["type"] == "string" else each["type"] for each in indexed]
    found = dict(zip([each["name"] for each in indexed], _decode(shown, b"".join(topics[1:])), strict=True))
    values = _decode([collapse_if_tuple(each) for each in plain], data)
    found |= {each["name"]: _named(each, value) for each, value in zip(plain, values, strict=True)}
    return entry["name"], {each["name"]: found[each["name"]] for each in entry["inputs"]}


def _named(entry: Any, value: Any) -> Any:
    """A struct as a dictionary, an array of structs as a list of them, anything else as it is."""
    parts = entry.get("components")
    if parts is None:
        return value
    if entry["type"].endswith("[]"):
        return [_named(entry | {"type": "tuple"}, each) for each in value]
    return dict(zip([part["name"] for part in parts], value, strict=True))


def _decode(types: Sequence[str], data: bytes) -> list[Any]:
    return [_checksummed(value) for value in eth_abi.decode(types, data)]


def _checksummed(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_checksummed(each) for each in value)
    return to_checksum_address(value) if isinstance(value, str) and len(value) == 42 and value[:2] == "0x" else value
