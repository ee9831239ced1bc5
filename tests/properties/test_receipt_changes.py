"""Whatever is changed in a receipt, its verification fails and names the field."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import eip712
from registry.errors import ReceiptError
from registry.receipt import Result, read_receipt, verify
from registry.receipt.canonical import WHOLE, canonical, leaves
from tests.receipts import KINDS, signers


@pytest.fixture(scope="module", autouse=True)
def _recovered_once() -> Iterator[None]:
    """Recover each signer once: nearly all signatures are the same in a thousand receipts."""
    known: dict[tuple[bytes, bytes], Any] = {}
    recover = eip712.recover

    def remembered(typed_data: Any, signature: bytes) -> Any:
        key = (eip712.signing_hash(typed_data), signature)
        if key not in known:
            known[key] = recover(typed_data, signature)
        return known[key]

    with mock.patch.object(eip712, "recover", remembered):
        yield


RECEIPTS = {name: make() for name, make in KINDS.items()}
LEAVES = {name: dict(leaves(receipt.document)) for name, receipt in RECEIPTS.items()}
PLACES = [(name, path) for name, paths in LEAVES.items() for path in paths]
places = st.sampled_from(PLACES)
ANY_VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**60), st.text(max_size=12), st.just([]), st.just({}), st.just([1])
)


def steps(path: str) -> list[str | int]:
    """Return a path's steps; those below ``fields`` have dots and brackets in their names."""
    if path.startswith("fields."):
        return ["fields", path.removeprefix("fields.")]
    found: list[str | int] = []
    for part in path.split("."):
        name, *indices = part.replace("]", "").split("[")
        found += [name, *map(int, indices)]
    return found


def holder(document: Any, path: str) -> tuple[Any, Any]:
    """Return the object or list that a path's value stands in, and its key there."""
    *above, last = steps(path)
    for step in above:
        document = document[step]
    return document, last


def changed(name: str, path: str, change: Callable[[Any, Any], None]) -> bytes:
    """Return a receipt's canonical JSON after ``change`` was done to the holder of a path's value."""
    document = copy.deepcopy(RECEIPTS[name].document)
    change(*holder(document, path))
    return canonical(document)


def named(raw: bytes) -> set[str]:
    """Return the fields that a failed verification names; nothing failed: the empty set."""
    try:
        receipt = read_receipt(raw)
    except ReceiptError as exc:
        return {exc.field}
    found = verify(receipt, signers=signers(threshold=1), ledger=None)
    reasons = (*found.signatures.reasons, *found.inclusion.reasons)
    return {reason.field or WHOLE for reason in reasons if reason.result is Result.INVALID}


def require_named(raw: bytes, path: str) -> None:
    """Require that a failed verification names a path, or what was put below it."""
    fields = named(raw)
    below = (f"{path}[", f"{path}.")
    assert any(field == path or field.startswith(below) for field in fields), f"expected {path}, got {sorted(fields)}"


def other(value: Any) -> Any:
    """Return another value of the same type and the same way of being written, where there is one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1 if value < 255 else value - 1
    words = ["GATE", "UPLOADER", "REVIEWER", "CREDENTIALS", "THIRD_PARTY"]
    for vocabulary in (
        words,
        ["image", "video"],
        ["public", "private"],
        ["embedded", "network"],
        ["ACTIVE", "REVOKED"],
    ):
        if value in vocabulary:
            return vocabulary[(vocabulary.index(value) + 1) % len(vocabulary)]
    if isinstance(value, str):
        digit = value[-1] if value.startswith("b") else value[len(value) // 2]
        swap = {"0": "1"}.get(digit, "0") if not value.startswith("b") else {"a": "e"}.get(digit, "a")
        at = len(value) - 1 if value.startswith("b") else len(value) // 2
        return value[:at] + swap + value[at + 1 :]
    return {"anything": 1}


def test_the_receipts_are_valid_before_they_are_changed() -> None:
    assert {name: named(receipt.raw) for name, receipt in RECEIPTS.items()} == {name: set() for name in RECEIPTS}
    assert len(PLACES) > 200


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path"), PLACES)
def test_another_value_of_any_leaf_is_named(name: str, path: str) -> None:
    value = LEAVES[name][path]
    require_named(changed(name, path, lambda where, key: where.__setitem__(key, other(value))), path)


@given(place=places, value=ANY_VALUE)
def test_any_other_value_of_any_type_is_named(place: tuple[str, str], value: Any) -> None:
    name, path = place
    before = LEAVES[name][path]
    if type(value) is type(before) and value == before:
        return
    raw = json.dumps(RECEIPTS[name].document)
    document = json.loads(raw)
    where, key = holder(document, path)
    where[key] = value
    require_named(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path"), PLACES)
def test_a_leaf_that_is_gone_is_named(name: str, path: str) -> None:
    raw = changed(name, path, lambda where, key: where.pop(key))
    if path == "fields.fields":
        return require_named(raw, path)
    fields = named(raw)
    # a list that lost an element is named where it ends now
    assert fields & {path, f"{path.rpartition('[')[0]}"} or any(
        field.startswith(path.rpartition("[")[0] + "[") for field in fields
    ), sorted(fields)
    return None


def _objects(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        yield path
        for key, below in value.items():
            if path or key != "fields":
                yield from _objects(below, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _objects(below, f"{path}[{index}]")


@pytest.mark.parametrize("name", RECEIPTS)
def test_a_field_that_was_added_anywhere_is_named(name: str) -> None:
    for path in _objects(RECEIPTS[name].document):
        document = copy.deepcopy(RECEIPTS[name].document)
        where = document
        for step in steps(path) if path else ():
            where = where[step]
        where["extra"] = 1
        require_named(canonical(document), f"{path}.extra" if path else "extra")
    document = copy.deepcopy(RECEIPTS[name].document)
    document["fields"]["record.extra"] = "00000000"
    require_named(canonical(document), "fields.record.extra")


@pytest.mark.parametrize("name", RECEIPTS)
def test_an_element_that_was_added_to_a_list_is_named(name: str) -> None:
    for path, value in LEAVES[name].items():
        if path.endswith("[0]") and not path.startswith("fields."):
            raw = changed(name, path, lambda where, key, value=value: where.append(value))
            where, _ = holder(RECEIPTS[name].document, path)
            require_named(raw, f"{path[:-3]}[{len(where)}]")


def written(value: Any, path: str, at: str, form: Callable[[str, Any], str]) -> str:
    """Return canonical JSON in which the value at one path, with its name, is written as ``form`` does."""
    if isinstance(value, dict):
        members = []
        for key in sorted(value):
            below = f"{path}.{key}" if path else key
            text = f"{json.dumps(key)}:{written(value[key], below, at, form)}"
            members.append(form(text, value[key]) if below == at else text)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        texts = []
        for index, each in enumerate(value):
            below = f"{path}[{index}]"
            text = written(each, below, at, form)
            texts.append(form(text, each) if below == at else text)
        return "[" + ",".join(texts) + "]"
    return canonical(value).decode()


def escaped(text: str, value: Any) -> str:
    head, _, tail = text.rpartition(value)
    return f"{head}\\u{ord(value[0]):04x}{value[1:]}{tail}"


def reordered(document: Any, path: str) -> str | None:
    """Return the JSON in which a path's value changed places with the next one of its object."""
    where, key = holder(document, path)
    if not isinstance(where, dict):
        return None
    following = [name for name in sorted(where) if name > key]
    if not following:
        return None
    names = [name for name in sorted(where) if name != key]
    names.insert(names.index(following[0]) + 1, key)
    swapped = {name: where[name] for name in names}
    where.clear()
    where.update(swapped)
    return json.dumps(_sorted_elsewhere(document, where), separators=(",", ":"), ensure_ascii=False)


def _sorted_elsewhere(value: Any, but: Any) -> Any:
    if isinstance(value, dict):
        names = list(value) if value is but else sorted(value)
        return {name: _sorted_elsewhere(value[name], but) for name in names}
    if isinstance(value, list):
        return [_sorted_elsewhere(each, but) for each in value]
    return value


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path"), PLACES)
def test_any_other_way_of_writing_a_leaf_is_named(name: str, path: str) -> None:
    value = LEAVES[name][path]
    forms: list[Callable[[str, Any], str]] = [lambda text, _: f" {text}", lambda text, _: f"{text}\n"]
    if isinstance(value, int) and not isinstance(value, bool):
        forms += [lambda text, _: f"{text}.0", lambda text, _: f"{text}e0"]
    if isinstance(value, str) and value:
        forms.append(escaped)
    if isinstance(value, str) and any(letter in "abcdef" for letter in value.removeprefix("0x")):
        forms.append(lambda text, value: text.replace(value, value[:2] + value[2:].upper()))
    for form in forms:
        raw = written(RECEIPTS[name].document, "", path, form).encode()
        if raw != RECEIPTS[name].raw:
            require_named(raw, path)
    swapped = reordered(copy.deepcopy(RECEIPTS[name].document), path)
    if swapped is not None:
        require_named(swapped.encode(), path)


@given(places)
def test_a_name_that_stands_twice_is_named(place: tuple[str, str]) -> None:
    name, path = place
    if path.endswith("]"):
        return
    raw = written(RECEIPTS[name].document, "", path, lambda text, _: f"{text},{text}").encode()
    require_named(raw, path)


@given(st.data())
def test_a_receipt_cut_off_or_with_any_byte_changed_is_not_valid(data: st.DataObject) -> None:
    raw = RECEIPTS["by_uploader"].raw
    at = data.draw(st.integers(0, len(raw) - 1))
    assert named(raw[:at])
    assert named(raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :])
    assert named(raw + b" ")
