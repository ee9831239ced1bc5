"""What a registration costs once its uploader is known: the figures of docs/explanation/contract.md may only fall.

Prague's prices on py-evm; keys and hashes are fixed, and so is every byte of calldata.
"""

from __future__ import annotations

import pytest

from tests.contracts.stage import ALICE, GATES, OPERATOR, PRIVATE, PUBLIC, Stage, hash_of


@pytest.fixture(scope="module")
def one_gate() -> Stage:
    return Stage(gates=GATES[:1], threshold=1)


@pytest.mark.parametrize(
    ("signed", "visibility", "ceiling"),
    [(True, PUBLIC, 156_800), (True, PRIVATE, 147_400), (False, PUBLIC, 142_200), (False, PRIVATE, 132_800)],
)
def test_a_registration_costs_no_more_gas_than_we_say(
    one_gate: Stage, signed: bool, visibility: int, ceiling: int
) -> None:
    uploader = ALICE if signed else OPERATOR
    costs = [
        one_gate.register_receipt(
            one_gate.submission(
                uploader=uploader,
                sender=uploader,
                gates=GATES[:1],
                signed=signed,
                admission={"digest": hash_of(f"{signed} {visibility} {number}")},
                intent={"visibility": visibility, "nonce": 10 * visibility + number},
            )
        )["gas_used"]
        for number in (1, 2)
    ]
    assert costs[1] <= ceiling
