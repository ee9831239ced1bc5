"""The committed receipts are worth what stands beside them; another verifier can be held against the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.receipt import Finding, Result, read_receipt, read_signers, verify

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors" / "receipts.json").read_text())


def faults(finding: Finding) -> list[list[str | None]]:
    return [[reason.code, reason.field] for reason in finding.reasons if reason.result is Result.INVALID]


@pytest.mark.parametrize("case", VECTORS["receipts"], ids=[case["name"] for case in VECTORS["receipts"]])
def test_a_committed_receipt_is_worth_what_stands_beside_it(case: dict[str, Any]) -> None:
    trusted = read_signers(VECTORS["signers"][case["signers"]].encode())
    found = verify(read_receipt(case["receipt"].encode()), signers=trusted, ledger=None)
    assert faults(found.signatures) == case["signatures"]
    assert faults(found.inclusion) == case["inclusion"]
    assert found.signatures.result is (Result.INVALID if case["signatures"] else Result.VALID)


def test_this_version_issues_the_committed_receipts_byte_for_byte() -> None:
    from tests.receipts import by_operator, by_uploader, private_in_batch

    made = [make().raw.decode() for make in (by_operator, by_uploader, private_in_batch)]
    assert made == [case["receipt"] for case in VECTORS["receipts"][:3]]
