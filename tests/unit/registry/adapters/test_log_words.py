"""Fields read from a log's words are those that web3 decodes."""

from __future__ import annotations

import secrets

import pytest
from eth_abi.abi import encode
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from registry.adapters.contract import contract_at
from registry.adapters.log_words import LogWords
from registry.errors import LedgerError
from registry.model import Address

CONTRACT = contract_at(Web3(), Address(b"\x0c" * 20))
WORDS = st.binary(min_size=32, max_size=32)
ACCOUNTS = st.binary(min_size=20, max_size=20)


def log(event: object, topics: list[bytes], data: bytes) -> dict[str, object]:
    return {
        "address": CONTRACT.address,
        "topics": [HexBytes(event.topic), *map(HexBytes, topics)],
        "data": HexBytes(data),
        "blockNumber": 1,
        "blockHash": HexBytes(bytes(32)),
        "transactionHash": HexBytes(bytes(32)),
        "transactionIndex": 0,
        "logIndex": 0,
        "removed": False,
    }


def test_an_event_with_a_list_has_no_fixed_layout() -> None:
    with pytest.raises(LedgerError, match="expected tallies to be of fixed length"):
        LogWords(CONTRACT.events.BatchRegistered())


def test_a_log_that_is_too_short_is_a_ledger_error() -> None:
    event = CONTRACT.events.GateEnded()
    with pytest.raises(LedgerError, match="expected 32 bytes of compromisedSince in a log, got 31"):
        LogWords(event).number(log(event, [bytes(32)], bytes(31)), "compromisedSince")
    with pytest.raises(LedgerError, match="expected 32 bytes of gate in a log, got 0"):
        LogWords(event).address(log(event, [], bytes(32)), "gate")


@given(digest=WORDS, hashes=st.tuples(WORDS, WORDS, WORDS), uploader=ACCOUNTS, deadline=st.integers(0, 2**64 - 1))
def test_a_registrations_fields_are_what_web3_decodes(
    digest: bytes, hashes: tuple[bytes, bytes, bytes], uploader: bytes, deadline: int
) -> None:
    event = CONTRACT.events.MediaRegistered()
    fingerprint, content, policy = hashes
    admission = (digest, fingerprint, content, 1, uploader, policy, 3, True, deadline)
    types = "(bytes32,bytes32,bytes32,uint8,address,bytes32,uint8,bool,uint64)"
    account = bytes(12) + uploader
    raw = log(event, [digest, account, account], encode([types, "uint8", "bytes32"], [admission, 1, bytes(32)]))
    words, decoded = LogWords(event), event.process_log(raw)["args"]
    assert words.word(raw, "digest") == decoded["digest"]
    assert words.address(raw, "uploader") == Address.from_hex(decoded["uploader"])
    for path in ("policyId", "contentHash", "fingerprintHash"):
        assert words.word(raw, f"admission.{path}") == decoded["admission"][path]
    assert words.address(raw, "admission.uploader") == Address.from_hex(decoded["admission"]["uploader"])
    assert words.number(raw, "admission.deadline") == decoded["admission"]["deadline"]


def test_an_opinions_fields_are_what_web3_decodes() -> None:
    event = CONTRACT.events.OpinionRecorded()
    model, gate = secrets.token_bytes(32), secrets.token_bytes(20)
    data = encode(["(bytes32,uint8,uint16,uint64)"], [(model, 2, 5000, 1_800_000_000)])
    raw = log(event, [bytes(32), bytes(12) + gate], data)
    words, decoded = LogWords(event), event.process_log(raw)["args"]
    assert words.word(raw, "opinion.modelId") == decoded["opinion"]["modelId"] == model
    assert words.number(raw, "opinion.thresholdBps") == decoded["opinion"]["thresholdBps"] == 5000
    assert words.address(raw, "gate") == Address.from_hex(decoded["gate"])
