"""Where a moved record stood before: read strictly, kept by the manifest, and fixed by the leaf."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from registry.errors import InvalidValueError
from registry.manifest import compose, entries_of, leaf_of
from registry.model import Cid, Inclusion, Moved, Registration, Visibility
from registry.model.ledger import BatchPlace
from registry.origin import Origin
from tests.receipts import BLOCK_HASH, DOMAIN, TX, by_operator, by_uploader

CID = Cid(b"\x0d" * 32, is_dag_pb=False)
THERE = replace(DOMAIN, chain_id=1, instance_id=b"\x0e" * 32)


def origin() -> Origin:
    registration = by_uploader().registration
    return Origin(
        domain=DOMAIN,
        inclusion=Inclusion(TX, 7, BLOCK_HASH, 3, 1_790_000_000),
        batch=BatchPlace(b"\x0f" * 32, 4),
        admission_deadline=1_790_003_600,
        earns_reputation=True,
        verdicts=registration.verdicts,
        intent=registration.intent,
    )


def moved(origin: Origin) -> Registration:
    plain = by_uploader().registration
    admission = replace(plain.admission, earns_reputation=False)
    return Registration(admission, plain.verdicts, None, Visibility.PUBLIC, Moved(origin.canonical(), CID))


def changes(value: Any) -> Iterator[Any]:
    """Yield a JSON value with one of its leaves changed, each in turn."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from ({**value, name: other} for other in changes(below))
    elif isinstance(value, list):
        for at, below in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in changes(below))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str) and value in {"public", "private"}:
        yield "private" if value == "public" else "public"
    elif isinstance(value, str):
        yield value[:-1] + ("1" if value[-1] != "1" else "2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chain_id", "1"),
        ("chain_id", True),
        ("chain_id", 1.0),
        ("block_number", -1),
        ("tx", "0x0a"),
        ("tx", "0X" + "0a" * 32),
        ("contract", None),
        ("batch", {"root": "0x" + "0f" * 32}),
        ("batch", []),
        ("earns_reputation", 1),
        ("opinions", [{}]),
        ("intent", {"digest": "x"}),
        ("more", 1),
    ],
)
def test_what_is_no_origin_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidValueError, match="origin"):
        Origin.of({**origin().document(), name: value})


@pytest.mark.parametrize("value", [None, [], "x", 7, {}])
def test_what_is_no_object_with_its_members_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError, match="origin"):
        Origin.of(value)


def test_a_line_with_an_origin_and_an_intent_is_refused() -> None:
    body = compose(THERE, [moved(origin())]).body
    line = json.loads(body)
    line["intent"] = {"claims_hash": "0x" + "00" * 32, "nonce": "1", "deadline": 1, "signature": "0x"}
    with pytest.raises(InvalidValueError, match="no intent beside an origin"):
        list(entries_of(THERE, [rfc8785.dumps(line) + b"\n"]))


def test_a_line_with_a_damaged_origin_is_refused_by_its_number() -> None:
    line = json.loads(compose(THERE, [moved(origin())]).body)
    del line["origin"]["tx"]
    with pytest.raises(InvalidValueError, match="manifest line 0: origin"):
        list(entries_of(THERE, [rfc8785.dumps(line) + b"\n"]))


def test_an_origin_is_read_back_as_it_was() -> None:
    one = origin()
    assert Origin.of(json.loads(one.canonical())) == one
    bare = replace(one, batch=None, intent=None)
    assert Origin.of(json.loads(bare.canonical())) == bare


def test_a_manifest_keeps_origins_and_lines_without_stay_as_they_are() -> None:
    plain = by_operator().registration
    one = moved(origin())
    [entry] = entries_of(THERE, [compose(THERE, [one]).body])
    assert entry.registration == one
    line = json.loads(compose(THERE, [plain]).body)
    assert not {"origin", "migration"} & line.keys()


def test_a_change_of_any_value_of_an_origin_is_another_leaf() -> None:
    document = origin().document()
    leaf = leaf_of(THERE, moved(origin()))
    others = list(changes(document))
    assert len(others) > 30
    for other in others:
        changed = replace(moved(origin()), moved=Moved(rfc8785.dumps(other), CID))
        assert leaf_of(THERE, changed) != leaf


def test_which_document_a_line_names_is_no_part_of_its_leaf() -> None:
    one = moved(origin())
    other = replace(one, moved=Moved(origin().canonical(), Cid(b"\x01" * 32, is_dag_pb=True)))
    assert leaf_of(THERE, one) == leaf_of(THERE, other)
