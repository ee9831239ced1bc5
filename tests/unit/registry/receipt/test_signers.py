"""Lists of signers: their admin's word, versioned, and never an older one again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry import eip712
from registry.errors import InvalidValueError, ReceiptError, TrustError
from registry.model import Address, Governance, Threshold
from registry.receipt import Pins, SignerList, next_signers, read_signers, require_successor
from tests.fakes import KeySigner
from tests.receipts import ADMIN, GATES, INFO, RECORDER, canonical, signers, term
from tests.values import NOW

THIEF = KeySigner(98)
HISTORY = (Threshold(1, 0), Threshold(2, NOW - 500))


@pytest.mark.parametrize(
    "given",
    [
        signers(),
        signers(thresholds=HISTORY, version=7),
        signers(term(GATES[0], valid_until=NOW, compromised_since=NOW - 9), term(GATES[1])),
    ],
)
def test_what_an_admin_signed_is_read_back(given: SignerList) -> None:
    raw = given.sealed(ADMIN)
    assert read_signers(raw) == given
    assert raw == canonical(json.loads(raw))


def test_a_list_names_its_format_and_installation() -> None:
    document = json.loads(signers().sealed(ADMIN))
    assert document["format"] == "touchstone-signers/1"
    assert document["instance_id"] == "0x" + "05" * 32
    assert document["gates"][0].keys() == {"address", "run_by", "valid_from", "valid_until", "compromised_since"}


@pytest.mark.parametrize("name", sorted(json.loads(signers(thresholds=HISTORY).sealed(ADMIN))))
def test_a_list_with_any_value_changed_is_refused(name: str) -> None:
    document = json.loads(signers(thresholds=HISTORY).sealed(ADMIN))
    value = document[name]
    if isinstance(value, int):
        document[name] = value + 1
    elif isinstance(value, list):
        document[name] = value[:-1]
    else:
        document[name] = value[:-3] + ("a" if value[-3] != "a" else "b") + value[-2:]
    with pytest.raises((TrustError, ReceiptError)):
        read_signers(canonical(document))


def test_a_list_signed_by_somebody_else_than_it_says_is_refused() -> None:
    with pytest.raises(TrustError, match="admin_signature: expected the signature of"):
        read_signers(signers().sealed(THIEF))


def test_a_list_of_one_installation_is_worth_nothing_for_another() -> None:
    document = json.loads(signers().sealed(ADMIN))
    document["chain_id"] = 1
    with pytest.raises(TrustError, match="admin_signature"):
        read_signers(canonical(document))


def test_a_list_that_is_not_canonical_is_refused_by_name() -> None:
    raw = signers().sealed(ADMIN).replace(b'"version":1', b'"version": 1')
    with pytest.raises(ReceiptError) as caught:
        read_signers(raw)
    assert caught.value.field == "version"


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"thresholds": ()}, "thresholds"),
        ({"thresholds": (Threshold(0, 0),)}, "quorum of none"),
        ({"thresholds": (Threshold(1, 5), Threshold(2, 5))}, "later"),
        ({"gates": (term(GATES[0]), term(GATES[0], valid_from=0))}, "twice"),
    ],
)
def test_a_list_without_a_meaning_cannot_be_made(changed: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidValueError, match=what):
        replace(signers(), **changed)


def test_a_threshold_that_its_history_does_not_end_with_is_refused() -> None:
    document = json.loads(signers(thresholds=HISTORY).sealed(ADMIN))
    document["threshold"] = 1
    with pytest.raises(ReceiptError, match="threshold: expected 2"):
        read_signers(canonical(document))


# -- pinning ------------------------------------------------------------------------------------------------------


def test_a_pinned_list_is_found_by_its_installation(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "trust")
    assert pins.of(eip712.Domain.of(INFO)) is None
    assert list(pins.all()) == []
    assert not (tmp_path / "trust").exists()  # looking makes nothing
    pins.pin(signers().sealed(ADMIN))
    assert pins.of(eip712.Domain.of(INFO)) == signers()
    assert list(pins.all()) == [signers()]
    assert pins.of(replace(eip712.Domain.of(INFO), contract=Address(bytes(20)))) is None


def test_a_later_version_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    for version in (1, 2, 2, 9):
        pins.pin(signers(version=version).sealed(ADMIN))
    assert [each.version for each in pins.all()] == [9]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (signers(version=4).sealed(ADMIN), "version 5 or later, got 4"),
        (signers(version=5, threshold=2).sealed(ADMIN), "other content"),
        (signers(version=5, issued_at=NOW + 1).sealed(ADMIN), "other content"),
        (signers(version=6, admin=THIEF.address).sealed(THIEF), "pinned admin"),
        (signers(version=6).sealed(THIEF), "admin_signature"),
    ],
    ids=["older", "other content", "other time", "other admin", "forged"],
)
def test_what_may_not_take_a_pinned_lists_place_leaves_it(tmp_path: Path, raw: bytes, why: str) -> None:
    pins = Pins(tmp_path)
    pins.pin(signers(version=5).sealed(ADMIN))
    with pytest.raises(TrustError, match=why):
        pins.pin(raw)
    assert pins.of(eip712.Domain.of(INFO)) == signers(version=5)


def test_a_pin_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    pins.pin(signers().sealed(ADMIN))
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes().replace(b'"threshold":1', b'"threshold":2'))
    with pytest.raises(TrustError):
        pins.of(eip712.Domain.of(INFO))


def test_lists_of_two_installations_are_not_compared() -> None:
    other = replace(eip712.Domain.of(INFO), chain_id=1)
    with pytest.raises(TrustError, match="same installation"):
        require_successor(signers(), signers(domain=other))


# -- handing out --------------------------------------------------------------------------------------------------


def powers(*thresholds: Threshold) -> Governance:
    return Governance({}, (term(GATES[0]),), thresholds[-1].gates, False, 0, None, bytes(32), NOW, thresholds)


def now_signing(*thresholds: Threshold, at: int = NOW) -> SignerList:
    return SignerList.of(INFO, powers(*thresholds), version=0, issued_at=at, admin=ADMIN.address)


def test_the_ledgers_events_make_the_list() -> None:
    made = now_signing(Threshold(1, 5))
    assert (made.recorders, made.gates, made.thresholds) == ((RECORDER.address,), (term(GATES[0]),), (Threshold(1, 0),))
    several = now_signing(Threshold(1, 5), Threshold(3, 9), Threshold(2, 9))
    assert several.thresholds == (Threshold(1, 5), Threshold(2, 9))


def test_the_version_rises_by_one_when_the_content_changes_and_only_then() -> None:
    first = next_signers(now_signing(Threshold(1, 5)), None, ADMIN)
    again = next_signers(now_signing(Threshold(1, 5), at=NOW + 99), first, ADMIN)
    assert again == first
    second = next_signers(now_signing(Threshold(1, 5), Threshold(2, 9)), first, ADMIN)
    assert [read_signers(raw).version for raw in (first, second)] == [1, 2]
    require_successor(read_signers(first), read_signers(second))
