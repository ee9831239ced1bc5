"""The anchor document: what is signed, and what is refused."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from registry.anchor import MARKER, Anchor, Publication, make
from registry.errors import InvalidValueError
from registry.model import Address, LedgerInfo
from registry.model.chain import ChainHead, ChainHistory
from tests.fakes import KeySigner

INFO = LedgerInfo("embedded", 131277322940537, Address(b"\x0c" * 20), b"\x01" * 32, KeySigner(1).address)
HISTORY = ChainHistory(ChainHead(7, b"\x02" * 32, 1_800_000_000, b"\x03" * 32), 21, b"\x04" * 32)
ANCHOR = make(INFO, HISTORY, operator=KeySigner(1), made_at=1_800_000_100)
PUBLISHED = replace(ANCHOR, publication=Publication(1, b"\x05" * 32, 99, 3))


def test_the_document_is_canonical_and_comes_back_as_it_was() -> None:
    for anchor in (ANCHOR, PUBLISHED, replace(PUBLISHED, publication=Publication(1, b"\x05" * 32))):
        assert rfc8785.dumps(json.loads(anchor.document())) == anchor.document()
        assert Anchor.parse(anchor.document() + b"\n") == anchor


def test_the_operator_signs_the_hash_and_a_publication_does_not_change_it() -> None:
    assert ANCHOR.signer == INFO.operator
    assert PUBLISHED.hash == ANCHOR.hash
    body = json.loads(PUBLISHED.document())
    del body["operator_signature"], body["published"]
    assert ANCHOR.hash == hashlib.sha256(rfc8785.dumps(body)).digest(), "as anybody computes it"
    assert ANCHOR.calldata == hashlib.sha256(b"touchstone-anchor/1").digest()[:4] + ANCHOR.hash
    assert len(MARKER) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"block_number": 8},
        {"block_hash": "0x" + "ff" * 32},
        {"state_root": "0x" + "ff" * 32},
        {"event_count": 22},
        {"events_root": "0x" + "ff" * 32},
        {"made_at": 1},
        {"ledger": {**json.loads(ANCHOR.document())["ledger"], "chain_id": 1}},
        {"ledger": {**json.loads(ANCHOR.document())["ledger"], "contract": "0x" + "ff" * 20}},
        {"ledger": {**json.loads(ANCHOR.document())["ledger"], "instance_id": "0x" + "ff" * 32}},
    ],
    ids="-".join,
)
def test_any_field_changed_is_another_hash_and_not_the_operators_word(change: dict[str, object]) -> None:
    try:
        forged = Anchor.parse(rfc8785.dumps({**json.loads(ANCHOR.document()), **change}))
    except InvalidValueError:
        return  # an address whose letters are not its checksum
    assert forged.hash != ANCHOR.hash
    assert forged.signer != INFO.operator


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b"[" * 100_000,
        ANCHOR.document()[:-1],
        ANCHOR.document().replace(b",", b", "),
        ANCHOR.document().replace(b'"block_number":7', b'"block_number":7.5'),
        ANCHOR.document().replace(b'"block_number":7', b'"block_number":-7'),
        ANCHOR.document().replace(b'"block_number":7', b'"block_number":true'),
        ANCHOR.document().replace(b'"block_number":7', b'"block_number":"7"'),
        ANCHOR.document().replace(b"embedded", b"network"),
        ANCHOR.document().replace(b"anchor/1", b"anchor/2"),
        ANCHOR.document()[:-1] + b',"zz":1}',
    ],
)
def test_anything_but_a_canonical_anchor_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidValueError, match="expected a touchstone-anchor/1"):
        Anchor.parse(raw)


@given(st.binary(max_size=60), st.integers(0, 700))
def test_no_bytes_make_the_parser_fail_otherwise(junk: bytes, at: int) -> None:
    whole = PUBLISHED.document()
    with suppress(InvalidValueError):
        Anchor.parse(whole[:at] + junk + whole[at:])
