"""A rejection receipt: opened by its uploader, and refused by name where anything was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from registry.errors import LedgerUnavailableError, ReceiptError
from registry.merkle import MerkleTree
from registry.model import DAY_S
from registry.receipt import Result, SignerList
from registry.receipt.fields import with_fields
from registry.register.closing import Rejected, closing_of
from registry.rejection import read_rejection, rejection_receipt, verify_rejection
from tests.fakes import UPLOADER, KeySigner, MemoryLedger
from tests.rejections import INFO, SIGNERS, TODAY, intent_of, receipt_of, rejected, rejection_of, signed
from tests.values import NOW, digest

INTENT = intent_of(UPLOADER, digest())
REJECTION = rejection_of(digest(), INTENT)
OPEN = rejection_receipt(info=INFO, digest=digest(), rejection=REJECTION, intent=INTENT)
CLOSING = closing_of(TODAY, [Rejected(REJECTION, digest(), None), rejected(digest("other"), None)])
assert CLOSING is not None


def complete(ledger: MemoryLedger) -> bytes:
    assert CLOSING is not None
    ledger.close_epoch(signed(CLOSING))
    tree = MerkleTree(CLOSING.leaves)
    return rejection_receipt(
        info=INFO,
        digest=digest(),
        rejection=REJECTION,
        intent=INTENT,
        closed=ledger.closed_epoch(TODAY),
        path=tree.path(tree.leaves.index(REJECTION.leaf)),
    )


def codes(raw: bytes, ledger: MemoryLedger | None = None, signers: SignerList | None = SIGNERS) -> set[str]:
    found = verify_rejection(read_rejection(raw), signers=signers, ledger=ledger)
    reasons = [*found.signatures.reasons, *found.inclusion.reasons, *found.standing.reasons]
    return {reason.code for reason in reasons}


def test_at_once_it_is_signed_and_its_epoch_is_open() -> None:
    found = verify_rejection(read_rejection(OPEN), signers=SIGNERS, ledger=MemoryLedger())
    assert found.signatures.result is Result.VALID
    assert (found.inclusion.result, found.inclusion.reasons[0].code) == (Result.NOT_CHECKED, "epoch_open")
    assert found.standing.reasons[0].code == "epoch_open"


def test_closed_it_stands_under_the_root_and_counts() -> None:
    ledger = MemoryLedger()
    found = verify_rejection(read_rejection(complete(ledger)), signers=SIGNERS, ledger=ledger)
    assert {found.signatures.result, found.inclusion.result, found.standing.result} == {Result.VALID}
    assert found.standing.reasons[0].code == "counted"


def test_offline_it_says_what_it_could_not_check() -> None:
    found = verify_rejection(read_rejection(complete(MemoryLedger())), signers=SIGNERS, ledger=None)
    assert found.signatures.result is Result.VALID
    assert {found.inclusion.result, found.standing.result} == {Result.NOT_CHECKED}


@pytest.mark.parametrize(
    ("begun", "counts"), [(NOW + 1, True), ((TODAY + 1) * DAY_S, True), ((TODAY + 1) * DAY_S + 1, False)]
)
def test_a_gates_term_must_have_begun_when_the_day_of_its_word_is_over(begun: int, counts: bool) -> None:
    """The block that made it a gate may be later than the rejection: a chain's time runs ahead of clocks."""
    signers = replace(SIGNERS, gates=(replace(SIGNERS.gates[0], valid_from=begun),))
    assert ("gate_out_of_term" not in codes(OPEN, signers=signers)) is counts


def test_without_a_list_of_signers_the_signatures_are_not_checked() -> None:
    assert "no_signers" in codes(OPEN, signers=None)


def test_a_disputed_tally_counts_for_nobody() -> None:
    ledger = MemoryLedger()
    raw = complete(ledger)
    ledger.dispute_tally(TODAY, UPLOADER.address, by=UPLOADER)
    assert "tally_disputed" in codes(raw, ledger)


def test_one_in_the_operators_own_name_never_counts() -> None:
    rejection = rejection_of(digest(), None)
    found = verify_rejection(receipt_of(rejection, digest(), None), signers=SIGNERS, ledger=MemoryLedger())
    assert (found.signatures.result, found.signatures.reasons[0].code) == (Result.VALID, "own_name")


def test_an_epoch_closed_under_another_root_is_told() -> None:
    ledger, other = MemoryLedger(), closing_of(TODAY, [rejected(digest("other"), None)])
    assert other is not None
    raw = complete(MemoryLedger())
    ledger.close_epoch(signed(other))
    assert "not_on_ledger" in codes(raw, ledger)
    assert "epoch_not_closed" in codes(raw, MemoryLedger())


def test_a_ledger_that_is_down_leaves_inclusion_and_standing_open() -> None:
    ledger = MemoryLedger()
    raw = complete(ledger)
    ledger.down = True
    with pytest.raises(LedgerUnavailableError):
        ledger.closed_epoch(TODAY)
    found = verify_rejection(read_rejection(raw), signers=SIGNERS, ledger=ledger)
    assert found.signatures.result is Result.VALID
    assert {found.inclusion.result, found.standing.result} == {Result.NOT_CHECKED}


def test_a_signature_by_no_gate_is_refused() -> None:
    raw = rejection_receipt(
        info=INFO, digest=digest(), rejection=rejection_of(digest(), INTENT, gates=(KeySigner(9),)), intent=INTENT
    )
    assert "no_gate" in codes(raw)


def test_a_gate_that_names_another_day_is_refused() -> None:
    """Or it could promise for a day that never closes."""
    body = json.loads(OPEN)
    body["rejection"]["epoch"] += 1
    raw = rfc8785.dumps(with_fields({name: value for name, value in body.items() if name != "fields"}))
    assert "commitment_mismatch" in codes(raw)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from places(below, (*path, name))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from places(below, (*path, index))
    else:
        yield path


def changed(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    if value in {"public", "private"}:
        return {"public": "private", "private": "public"}[value]
    if value in {"embedded", "network"}:
        return {"embedded": "network", "network": "embedded"}[value]
    last = value[-1]
    return value[:-1] + (chr(ord(last) - 1) if last in "123456789bcdef" else "1")


WHOLE = json.loads(complete(MemoryLedger()))


@pytest.mark.parametrize(
    "place",
    [place for place in places(WHOLE) if place[0] not in {"fields", "format"}],
    ids=lambda place: ".".join(map(str, place)),
)
def test_a_changed_value_is_named(place: tuple[Any, ...]) -> None:
    document = json.loads(complete(MemoryLedger()))
    inside = document
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = changed(inside[place[-1]])
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    try:
        found = verify_rejection(read_rejection(rfc8785.dumps(document)), signers=SIGNERS, ledger=None)
    except ReceiptError as exc:
        assert exc.field == name
        return
    named = {reason.field for reason in found.signatures.reasons if reason.result is Result.INVALID}
    assert name in named


def test_another_way_of_writing_it_is_refused() -> None:
    assert "not_canonical" in codes(json.dumps(json.loads(OPEN)).encode())


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_missing_or_foreign_part_is_refused_by_name(name: str) -> None:
    fewer = {key: value for key, value in WHOLE.items() if key != name}
    with pytest.raises(ReceiptError, match=name):
        read_rejection(rfc8785.dumps(fewer))
    with pytest.raises(ReceiptError, match="more"):
        read_rejection(rfc8785.dumps({**WHOLE, "more": 1}))


def test_a_commitment_that_is_not_of_its_details_is_refused_even_where_the_gate_signed_it() -> None:
    lying = replace(REJECTION, reasons=("no_face",))
    raw = rejection_receipt(info=INFO, digest=digest(), rejection=lying, intent=INTENT)
    assert "commitment_mismatch" in codes(raw)
