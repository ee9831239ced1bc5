"""Write receipts.json: receipts and lists of signers, with what a verifier must find, written by hand below.

Run from the repository's root: ``PYTHONPATH=. python tests/vectors/build_receipts.py``. Keys of tests, deterministic
signatures (RFC 6979): the same bytes each time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from registry.model import Threshold
from registry.receipt import SignerList
from tests.receipts import (
    ADMIN,
    GATES,
    by_operator,
    by_uploader,
    canonical,
    private_in_batch,
    resealed,
    signers,
    term,
)
from tests.values import NOW

LISTS: dict[str, SignerList] = {
    "one_of_three": signers(),
    "two_of_three": signers(threshold=2, version=2),
    "two_since_later": signers(thresholds=(Threshold(1, 0), Threshold(2, NOW + 90_000)), version=3),
    "first_gate_stolen": signers(term(GATES[0], valid_until=NOW + 50, compromised_since=NOW - 500), version=4),
}


def main() -> None:
    late = by_operator().document
    late["record"]["registered_at"] += 1
    moved = private_in_batch().document
    moved["inclusion"]["batch"]["path"].reverse()
    swapped = by_uploader().document
    swapped["opinions"].reverse()
    cases: list[dict[str, Any]] = [
        case("plain", by_operator().raw, "one_of_three"),
        case("uploader's, two gates", by_uploader().raw, "two_of_three"),
        case("private, in a batch", private_in_batch().raw, "one_of_three"),
        case("older than a raised quorum", by_operator().raw, "two_since_later"),
        case("too few gates", by_operator().raw, "two_of_three", [("quorum_not_met", "opinions")]),
        case(
            "a stolen gate's",
            by_operator().raw,
            "first_gate_stolen",
            [("gate_key_compromised", "opinions[0].gate"), ("quorum_not_met", "opinions")],
        ),
        case(
            "a time changed",
            canonical(late),
            "one_of_three",
            [("field_changed", "record.registered_at"), ("seal_invalid", "recorder_signature")],
        ),
        case(
            "another way of writing it",
            by_operator().raw.replace(b'"block":7', b'"block": 7'),
            "one_of_three",
            [("not_canonical", "record.block")],
        ),
        case(
            "sealed by somebody else",
            resealed(by_operator().document, ADMIN),
            "one_of_three",
            [("seal_invalid", "recorder_signature")],
        ),
        case(
            "a false path under a good seal",
            resealed(moved),
            "one_of_three",
            inclusion=[("path_mismatch", "inclusion.batch.path")],
        ),
        case(
            "opinions in another order under a good seal",
            resealed(swapped),
            "one_of_three",
            [("disagreement", "record.gates")],
        ),
    ]
    lists = {name: given.sealed(ADMIN).decode() for name, given in LISTS.items()}
    content = json.dumps({"signers": lists, "receipts": cases}, indent=1) + "\n"
    Path(__file__).with_name("receipts.json").write_text(content)


def case(
    name: str,
    raw: bytes,
    trusted: str,
    signatures: list[tuple[str, str]] | None = None,
    inclusion: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """Return a receipt with the faults that a verifier must find; none of them: its signatures are valid."""
    return {
        "name": name,
        "receipt": raw.decode(),
        "signers": trusted,
        "signatures": signatures or [],
        "inclusion": inclusion or [],
    }


if __name__ == "__main__":
    main()
