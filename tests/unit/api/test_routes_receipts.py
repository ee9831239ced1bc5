"""``POST /v1/receipts/verify``: what a receipt that was issued here, or elsewhere, is worth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from registry import eip712
from registry.model import GateTerm, Threshold
from registry.receipt import Pins, SignerList
from tests.fakes import GATE, RECORDER
from tests.receipts import ADMIN, by_operator, canonical, signers
from tests.unit.api.conftest import PHOTO, Service
from tests.values import NOW


@pytest.fixture
def receipt(recorded: Service) -> bytes:
    return recorded.client.get(f"/v1/records/{hashlib.sha256(PHOTO).hexdigest()}/receipt").content


@pytest.fixture
def pinned(recorded: Service) -> Iterator[SignerList]:
    ours = SignerList(
        domain=eip712.Domain.of(recorded.desk.ledger.info),
        thresholds=(Threshold(1, 0),),
        gates=(GateTerm(GATE.address, GATE.address, 0, None, 0),),
        recorders=(RECORDER.address,),
        version=1,
        issued_at=NOW,
        admin=ADMIN.address,
    )
    Pins(recorded.desk.root / "trust").pin(ours.sealed(ADMIN))
    yield ours


def asked(service: Service, body: bytes, kind: str = "application/json") -> Any:
    return service.client.post("/v1/receipts/verify", content=body, headers={"Content-Type": kind})


def results(row: dict[str, Any]) -> list[str]:
    return [row[name]["result"] for name in ("signatures", "inclusion", "standing")]


def test_a_receipt_issued_here_is_valid(recorded: Service, receipt: bytes, pinned: SignerList) -> None:
    row = asked(recorded, receipt).json()
    assert results(row) == ["valid"] * 3, row
    assert (row["standing"]["value"], row["media"]) == ("ACTIVE", None)
    assert row["trust"] == {"source": "pinned", "version": 1, "admin": str(ADMIN.address)}


def test_a_changed_receipt_names_its_field(recorded: Service, receipt: bytes, pinned: SignerList) -> None:
    document = json.loads(receipt)
    document["record"]["fp_version"] = 2
    row = asked(recorded, canonical(document)).json()
    assert row["signatures"]["reasons"][0]["field"] == "record.fp_version"
    assert results(row) == ["invalid", "valid", "valid"]


def test_where_nobody_is_pinned_signatures_are_left_open(recorded: Service, receipt: bytes) -> None:
    row = asked(recorded, receipt).json()
    assert (row["trust"]["source"], results(row)) == ("none", ["not_checked", "valid", "valid"])


def test_another_installations_receipt_leaves_open_what_its_ledger_knows(recorded: Service) -> None:
    Pins(recorded.desk.root / "trust").pin(signers().sealed(ADMIN))
    row = asked(recorded, by_operator().raw).json()
    assert results(row) == ["valid", "not_checked", "not_checked"]
    assert row["standing"]["reasons"][0]["code"] == "other_ledger"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{}", "application/json", 422, "receipt"),
        (b"[" * 200_000, "application/json", 422, "receipt"),
        (b" " * 300_000, "application/json", 413, "media-too-large"),
        (b"{}", "text/plain", 415, "unsupported-body"),
    ],
)
def test_what_is_no_receipt_is_a_problem(idle_service: Service, body: bytes, kind: str, status: int, code: str) -> None:
    answer = asked(idle_service, body, kind)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, code)


def test_a_revoked_record_is_told_whatever_the_receipt_says(
    recorded: Service, receipt: bytes, pinned: SignerList
) -> None:
    ledger = recorded.desk.ledger
    for digest, record in list(ledger.records.items()):
        ledger.records[digest] = replace(record, standing=record.standing.REVOKED)
    row = asked(recorded, receipt).json()
    assert (results(row), row["standing"]["value"]) == (["valid"] * 3, "REVOKED")
