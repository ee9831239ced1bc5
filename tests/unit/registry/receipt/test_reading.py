"""Receipts from hostile hands: each refusal names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ReceiptError
from registry.receipt import first_difference, read_json, read_receipt
from registry.receipt.canonical import MAX_BYTES, MAX_DEPTH, canonical, leaves
from tests.receipts import by_operator, by_uploader

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), below)
    ),
    max_leaves=20,
)


def refused(raw: bytes) -> ReceiptError:
    with pytest.raises(ReceiptError) as caught:
        read_receipt(raw)
    return caught.value


@pytest.mark.parametrize(
    ("raw", "got"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe{}", "another byte at offset 0"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[1]", "a list"),
        (b'"a"', "'a'"),
        (b"null", "null"),
        (b"{}{}", "Extra data"),
        (b'{"a":' + b"9" * 5000 + b"}", "limit"),
        (b" " * (MAX_BYTES + 1), str(MAX_BYTES + 1)),
        (b"[" * 100_000, "more"),
        (b'{"a":' * 20 + b"1" + b"}" * 20, "more"),
    ],
    ids=["empty", "utf-16", "bom", "list", "text", "null", "two", "digits", "bytes", "brackets", "deep"],
)
def test_what_is_no_json_object_within_limits_is_refused(raw: bytes, got: str) -> None:
    error = refused(raw)
    assert error.field == "document"
    assert got in str(error)


def test_brackets_in_texts_are_no_depth() -> None:
    text = json.dumps({"a": "[" * (MAX_DEPTH + 1) + '\\"' + "{" * MAX_DEPTH})
    assert read_json(text.encode())["a"].startswith("[")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("format", "touchstone-receipt/2", "'touchstone-receipt/1'"),
        ("issued_at", -1, "an integer from 0"),
        ("issued_at", 2**53, "an integer from 0"),
        ("issued_at", True, "an integer from 0"),
        ("issued_at", "1790000060", "an integer from 0"),
        ("ledger.contract", "0xC0" + "c0" * 19, "40 lower-case hex digits"),
        ("ledger.contract", "c0" * 20, "40 lower-case hex digits"),
        ("ledger.contract", "0x" + "c0" * 21, "40 lower-case hex digits"),
        ("ledger.kind", "imaginary", "'embedded' or 'network'"),
        ("record.digest", "0x" + "ab" * 31, "64 lower-case hex digits"),
        ("record.cid", "bafy", "another text"),
        ("record.levels", "GATE", "a list"),
        ("record.levels", ["GATE", "KING"], "'GATE' or"),
        ("record.standing", None, "'ACTIVE' or"),
        ("admission.levels", 255, "an integer from 0 to 31"),
        ("admission.earns_reputation", 1, "true or false"),
        ("opinions", {}, "a list"),
        ("opinions", [{}] * 256, "255 at most"),
        ("intent.nonce", "01", "decimal digits"),
        ("intent.nonce", str(2**256), "decimal digits"),
        ("intent.nonce", 1, "decimal digits"),
        ("intent.signature", "0x0", "even number"),
        ("intent.visibility", "secret", "'public' or 'private'"),
        ("inclusion.batch", None, "an object"),
        ("recorder_signature", "0x", "130 lower-case hex digits"),
        ("fields", [], "an object"),
        ("fields", {"record.digest": "ABCDEF01"}, "8 lower-case hex digits"),
    ],
)
def test_a_value_that_is_not_written_as_it_must_be_is_named(path: str, value: Any, expected: str) -> None:
    document = by_uploader().document
    where: Any = document
    *above, last = path.split(".")
    for step in above:
        where = where[step]
    where[last] = value
    error = refused(json.dumps(document).encode())
    assert error.field.startswith(path)
    assert expected in str(error)


@pytest.mark.parametrize("number", ["1.0", "1e3", "NaN", "-Infinity", "1E400"])
def test_a_number_that_is_no_integer_is_named_as_it_was_written(number: str) -> None:
    error = refused(by_operator().raw.replace(b'"block":7', f'"block":{number}'.encode()))
    assert (error.field, f"the number {number}" in str(error)) == ("record.block", True)


def test_a_message_never_carries_what_a_terminal_would_obey() -> None:
    document = by_operator().document
    document["record"]["kind"] = "\x1b[2J" + "x" * 5000
    document["\x1b]0;\u202e"] = 1
    for raw in (json.dumps(document).encode(), json.dumps({**document, "record": None}).encode()):
        error = refused(raw)
        assert str(error).isascii()
        assert str(error).isprintable()
        assert len(str(error)) < 400


def test_a_name_that_stands_twice_is_named() -> None:
    raw = by_operator().raw.replace(b'"block":7', b'"block":7,"block":8')
    error = refused(raw)
    assert (error.field, "several" in str(error)) == ("record.block", True)


@given(JSON.filter(lambda value: isinstance(value, dict)))
def test_canonical_bytes_have_no_first_difference_and_any_longer_form_has_one(value: dict[str, Any]) -> None:
    raw = canonical(value)
    assert first_difference(raw, value) is None
    assert first_difference(json.dumps(value, indent=1).encode(), value) is not None or raw == b"{}"
    assert first_difference(raw + b"\n", value) == "document"


@given(JSON)
def test_every_leaf_is_reached_once(value: Any) -> None:
    def count(below: Any) -> int:
        inside = below.values() if isinstance(below, dict) else below if isinstance(below, list) else ()
        return sum(map(count, inside)) if inside else 1

    assert len(list(leaves(value))) == count(value)
