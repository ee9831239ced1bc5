"""The contract's reputation and its Python twin end every history with the same integers."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from enum import IntEnum
from pathlib import Path
from random import Random
from typing import Any

import eth_abi
import pytest
from eth_utils import to_bytes, to_hex
from eth_utils.abi import function_abi_to_4byte_selector, get_abi_input_types, get_abi_output_types

from registry.adapters.jsonrpc import connect
from registry.reputation import ACCEPTED_CAP, Tally
from tests.ledgers import ANVIL, anvil

ROOT = Path(__file__).parents[2]
HARNESS = Path("tests/contracts/harness/ReputationHistories.sol")
ADDRESS = "0x" + "7e" * 20
SEED = 20_260_901
HISTORIES = 10_000
PER_CALL = 100
GAS_PER_CALL = 1 << 30
LAST_DAY = 65_534  # of the contract: 5 June 2149

pytestmark = [pytest.mark.node, pytest.mark.slow]


class Act(IntEnum):
    NOTHING, OUTCOMES, TAKE_BACK, FRAUD, CORRECTION, DISPUTE, CLOSE, DISPUTE_TALLY, ANSWER_TALLY, ACCEPT_TODAY = range(
        10
    )


@dataclass(frozen=True, slots=True)
class Step:
    """As in the harness."""

    act: Act
    times: int = 1
    wait: int = 0
    back: int = 0
    good: int = 0
    bad: int = 0


def played(steps: list[Step]) -> Tally:
    """Where a history ends by the twin."""
    tally, today, disputed = Tally(), 0, 0
    for step in steps:
        for _ in range(step.times):
            today += step.wait
            tally = tally.on(today)
            if step.act == Act.DISPUTE_TALLY:
                tally, disputed = tally.without_rejections(today - step.back, step.good)
            else:
                tally = taken(step, tally, today, disputed)
    return tally


def taken(step: Step, tally: Tally, today: int, disputed: int) -> Tally:
    match step.act:
        case Act.ANSWER_TALLY:
            return tally.with_outcomes(today - step.back, rejected=min(disputed, step.bad))
        case Act.ACCEPT_TODAY:
            return tally.with_outcomes(today, accepted=step.good)
        case Act.OUTCOMES:
            return tally.with_outcomes(today - step.back, accepted=step.good, rejected=step.bad)
        case Act.TAKE_BACK:
            return tally.without_acceptance(today - step.back)
        case Act.FRAUD | Act.CORRECTION:
            return tally.with_wrong(fraud=step.act == Act.FRAUD)
        case Act.DISPUTE:
            return replace(tally, open_disputes=tally.open_disputes + 1)
        case Act.CLOSE:
            return replace(tally, open_disputes=max(0, tally.open_disputes - 1))
        case _:
            return tally


def history(rng: Random) -> list[Step]:
    """Up to 24 steps: bursts and idle years, late and far too late outcomes, full cells, months of daily uploads."""
    today = rng.choice([8, 20_000, rng.randint(18_000, 40_000), rng.randint(60_000, LAST_DAY - 30)])
    steps = [Step(Act.NOTHING, wait=today)]
    for _ in range(rng.randint(1, 23)):
        wait = rng.choice([0, 0, 0, 1, 1, 2, 7, 8, 9, rng.randint(3, 30), rng.randint(30, 400), rng.randint(365, 9000)])
        times, act = 1, rng.choices(list(Act), weights=[1, 9, 4, 2, 2, 1, 1, 3, 3, 3])[0]
        kind = rng.random()
        if kind < 0.02:  # a habit: A reaches its cap
            wait, times, act = 1, rng.randint(20, 250), Act.OUTCOMES
        elif kind < 0.025:  # frauds without end
            wait, times, act = 0, rng.randint(200, 300), Act.FRAUD
        wait = min(wait, (LAST_DAY - today) // times)
        today += wait * times
        back = rng.choice([0, 0, 0, 0, rng.randint(1, 7), rng.randint(1, 7), 8, rng.randint(8, 60)])
        good, bad = (rng.choice([0, 1, 1, 1, 2, 3, 30, 16_383, rng.randint(0, 20_000), 2**32 - 1]) for _ in range(2))
        bad = 0 if rng.random() < 0.5 else bad
        steps.append(Step(act, times, wait, min(back, today - wait * (times - 1)), good, bad))
    return steps


def compiled() -> dict[str, Any]:
    """The harness as the compiler and the settings of the artefact make it."""
    if not (ROOT / "node_modules" / "solc").is_dir():
        pytest.skip("the packages of package-lock.json are not installed: npm ci")
    spec = importlib.util.spec_from_file_location("contracts_build", ROOT / "contracts" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    sources = [HARNESS, Path("contracts/libraries/Reputation.sol")]
    question = {
        "language": "Solidity",
        "sources": {path.as_posix(): {"content": (ROOT / path).read_text()} for path in sources},
        "settings": build.SETTINGS | {"outputSelection": {"*": {HARNESS.stem: ["abi", "evm.deployedBytecode"]}}},
    }
    done = subprocess.run(
        [build._node_folder() / "node", build.WRAPPER, "--standard-json"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert "contracts" in answer, answer["errors"]
    contract: dict[str, Any] = answer["contracts"][HARNESS.as_posix()][HARNESS.stem]
    return contract


class Chain:
    """The harness's code put at an address of a running chain."""

    def __init__(self, url: str, contract: dict[str, Any]) -> None:
        self._web3 = connect(url)
        code = "0x" + contract["evm"]["deployedBytecode"]["object"]
        assert self._web3.provider.make_request("anvil_setCode", [ADDRESS, code]).get("error") is None
        self._play = next(entry for entry in contract["abi"] if entry["type"] == "function")

    def played(self, histories: list[list[Step]]) -> list[tuple[Tally, int, int]]:
        """Where each history ends by the contract, with the score and the evidence."""
        words = [[astuple(step) for step in steps] for steps in histories]
        data = function_abi_to_4byte_selector(self._play) + eth_abi.encode(get_abi_input_types(self._play), [words])
        call = {"to": ADDRESS, "data": to_hex(data), "gas": hex(GAS_PER_CALL)}
        answer = self._web3.provider.make_request("eth_call", [call, "latest"])
        assert "error" not in answer, answer["error"]
        (ends,) = eth_abi.decode(get_abi_output_types(self._play), to_bytes(hexstr=answer["result"]))
        return [(Tally(*fields), score, evidence) for fields, score, evidence in ends]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    contract = compiled()
    if not ANVIL.exists():
        pytest.skip("no anvil: npm ci installs it where it is built for the platform")
    with anvil() as url:
        yield Chain(url, contract)


def test_chain_and_twin_agree_on_ten_thousand_histories(chain: Chain) -> None:
    rng = Random(SEED)
    capped = struck_out = open_ends = 0
    for _ in range(HISTORIES // PER_CALL):
        histories = [history(rng) for _ in range(PER_CALL)]
        for steps, end in zip(histories, chain.played(histories), strict=True):
            tally = played(steps)
            assert end == (tally, tally.score_bps, tally.evidence), steps
            capped += tally.accepted * 100 > ACCEPTED_CAP * 98
            struck_out += tally.strikes == 255
            open_ends += tally.cells != 0
    # the histories went where the branches are
    assert (capped > 10, struck_out > 10, open_ends > 1000) == (True, True, True), (capped, struck_out, open_ends)
