"""The command line on a JSON-RPC network (anvil): deploy, register, verify, revoke; and what goes wrong there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from web3 import Web3

from registry.adapters.jsonrpc import connect
from tests.e2e.installation import Installation
from tests.ledgers import anvil
from tests.pictures import write_photo

pytestmark = [pytest.mark.node, pytest.mark.slow]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with anvil() as url:
        yield url


def fund(url: str, home: Path) -> None:
    for role in ("admin", "recorder", "arbiter"):
        address = json.loads((home / "keys" / f"{role}.json").read_text())["address"]
        account = Web3.to_checksum_address("0x" + address.removeprefix("0x"))
        connect(url).provider.make_request("anvil_setBalance", [account, hex(10**20)])


@pytest.fixture(scope="module")
def here(url: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    settings = {"TOUCHSTONE_RPC_URL": url, "TOUCHSTONE_CONFIRMATIONS": "1"}
    here = Installation(tmp_path_factory.mktemp("home"), settings=settings)
    unfunded = here.run_plain("contract", "deploy", "--delay-s", "0")
    assert unfunded.code != 0, "an account without funds deploys nothing"
    assert not (here.home / "network.json").exists()
    fund(url, here.home)
    plan = here.run("contract", "deploy", "--dry-run").row
    assert plan["cost_wei"] < plan["balance_wei"]
    assert plan["gas_timelock"] < plan["gas_registry"]
    assert not (here.home / "network.json").exists(), "a dry run deploys nothing"
    deployed = here.run_plain("contract", "deploy", "--delay-s", "0")
    assert deployed.code == 0, deployed.people
    return here


def test_the_ledgers_status_names_the_deployment(here: Installation) -> None:
    row = here.run("ledger", "status").row
    assert (row["ledger"], row["trust"]) == ("network", "network (anybody can ask it)")
    assert row["deployment"] == str(here.home / "network.json")
    assert row["head"]["block_number"] >= row["final_block"]
    assert here.run("ledger", "anchor").code == 2, "a network needs no anchor"


def test_a_home_without_a_deployment_says_how_to_make_one(url: str, tmp_path: Path) -> None:
    stranger = Installation(tmp_path / "home", settings={"TOUCHSTONE_RPC_URL": url})
    done = stranger.run("contract", "status")
    assert done.code == 5
    assert "touchstone contract deploy" in done.people


def test_a_second_deployment_is_refused(here: Installation) -> None:
    again = here.run_plain("contract", "deploy")
    assert again.code == 5
    assert "expected no deployment yet" in again.people


def test_a_node_that_is_down_ends_5(here: Installation, tmp_path: Path) -> None:
    down = replace(here, settings={"TOUCHSTONE_RPC_URL": "http://127.0.0.1:1"})
    assert down.run("verify", write_photo(tmp_path / "photo.jpg", seed=7)).code == 5


def test_one_node_of_several_that_is_down_is_told_and_does_without(
    here: Installation, url: str, tmp_path: Path
) -> None:
    several = replace(
        here, settings={**here.settings, "TOUCHSTONE_RPC_URL": f"http://u:secret@127.0.0.1:1/secret,{url}"}
    )
    assert several.run("verify", write_photo(tmp_path / "photo.jpg", seed=7)).code == 1
    status = several.run("contract", "status")
    assert [each["state"] for each in status.row["endpoints"]] == ["down", "up"]
    assert "secret" not in status.people + json.dumps(status.row)


def test_a_network_that_asks_more_than_the_cap_ends_5_and_says_so(here: Installation, tmp_path: Path) -> None:
    poor = replace(here, settings={**here.settings, "TOUCHSTONE_MAX_FEE_GWEI": "0.000001"})
    waiting = poor.run("register", write_photo(tmp_path / "photo.jpg", seed=8))
    assert waiting.code == 5
    assert "TOUCHSTONE_MAX_FEE_GWEI" in waiting.people


def test_register_verify_and_revoke_on_a_network(here: Installation, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    registered = here.run("register", photo)
    assert registered.code == 0, registered.people
    verified = here.run("verify", photo).row
    assert (verified["result"], verified["ledger"]) == ("EXACT", "network")
    status = here.run("contract", "status").row
    assert status["ledger"] == "network"
    assert [(each["state"], each["why"]) for each in status["endpoints"]] == [("up", None)]
    assert here.run("revoke", photo, "--reason", "a mistake").code == 0
    assert here.run("verify", photo).code == 4


def test_a_reader_verifies_a_receipt_on_the_network_itself(here: Installation, tmp_path: Path) -> None:
    receipt = Path(str(here.run("register", write_photo(tmp_path / "photo.jpg", seed=2)).row["receipt"]))
    at_home = here.run("receipt", "verify", receipt)
    assert (at_home.code, at_home.row["trust"]["source"]) == (0, "own_ledger"), at_home.people
    assert here.run_plain("trust", "export", "--out", tmp_path / "signers.json").code == 0
    deployment = str(here.home / "network.json")
    reader = Installation(tmp_path / "reader", settings={**here.settings, "TOUCHSTONE_DEPLOYMENT": deployment})
    assert reader.run("receipt", "verify", receipt).code == 3, "its keys have no say there: nobody is trusted yet"
    assert reader.run("trust", "add", tmp_path / "signers.json", "--yes").code == 0
    read = reader.run("receipt", "verify", receipt)
    results = {name: read.row[name]["result"] for name in ("signatures", "inclusion", "standing")}
    assert (read.code, set(results.values()), read.row["trust"]["source"]) == (0, {"valid"}, "pinned"), read.people
    down = replace(reader, settings={**reader.settings, "TOUCHSTONE_RPC_URL": "http://127.0.0.1:1"})
    unreachable = down.run("receipt", "verify", receipt)
    assert (unreachable.code, unreachable.row["signatures"]["result"]) == (5, "valid")
    assert unreachable.row["standing"]["reasons"][0]["code"] == "ledger_unavailable"
    assert down.run("receipt", "verify", receipt, "--offline").code == 0


def test_status_shows_who_holds_which_power(here: Installation) -> None:
    status = here.run("contract", "status").row
    [gate] = status["gates"]
    assert (gate["operator"], gate["in_office"], status["threshold"]) == (status["operator"], True, 1)
    assert (status["admin_delay_s"], status["paused"]) == (0, False)
    assert status["roles"]["guardian"] != status["roles"]["admin"], "the timelock is admin"
    written = json.loads((here.home / "network.json").read_text())
    assert written["code_hash"] == status["code_hash"]
    assert written["parameters"]["threshold"] == 1


def test_other_code_at_the_address_ends_5(here: Installation, tmp_path: Path) -> None:
    deployment = json.loads((here.home / "network.json").read_text())
    elsewhere = tmp_path / "network.json"
    elsewhere.write_text(json.dumps(deployment | {"code_hash": "0x" + "00" * 32}))
    mistaken = replace(here, settings={**here.settings, "TOUCHSTONE_DEPLOYMENT": str(elsewhere)})
    done = mistaken.run("contract", "status")
    assert done.code == 5
    assert "expected code with hash" in done.people


def test_a_reviewer_is_named_and_withdrawn(here: Installation) -> None:
    reviewer = "0x" + "5e" * 20
    assert here.run("contract", "grant", "reviewer", reviewer, "--dry-run").row["state"] == "planned"
    assert here.run("contract", "status").row["roles"]["reviewer"] == []
    assert here.run("contract", "grant", "reviewer", reviewer).row["state"] == "done"
    assert here.run("contract", "status").row["roles"]["reviewer"] == [reviewer]
    assert here.run("contract", "withdraw", "reviewer", reviewer).row["state"] == "done"
    assert here.run("contract", "status").row["roles"]["reviewer"] == []


def test_wrong_wishes_are_refused_in_words(here: Installation) -> None:
    nobody = here.run("contract", "grant", "king", "0x" + "5e" * 20)
    assert nobody.code == 2
    assert "expected one of gate, admin" in nobody.people
    many = here.run("contract", "threshold", "2")
    assert many.code == 5
    assert "the gates in office" in many.people
    again = here.run("contract", "grant", "gate", here.run("contract", "status").row["gates"][0]["address"])
    assert again.code != 0
    assert "GateAlreadyKnown" in again.people


def test_a_pause_stops_registering_until_it_ends(here: Installation, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=21)
    assert here.run("contract", "pause").row["state"] == "done"
    refused = here.run("register", photo)
    assert (refused.row["outcome"], refused.row["reasons"]) == ("FAILED", ["EnforcedPause"])
    assert here.run("verify", photo).code == 1, "reading goes on"
    assert here.run("contract", "unpause").row["state"] == "done"
    assert here.run("register", photo).code == 0


def test_a_rotated_gate_key_signs_from_then_on(here: Installation, tmp_path: Path) -> None:
    [former] = here.run("contract", "status").row["gates"]
    assert here.run("contract", "rotate", "gate", "--dry-run").row["state"] == "planned"
    assert not (here.home / "keys" / "gate.next.json").exists(), "a dry run makes no key"
    given, taken = here.run("contract", "rotate", "gate").rows
    assert (given["state"], taken["state"]) == ("done", "done")
    gates = here.run("contract", "status").row["gates"]
    assert [(gate["address"] == former["address"], gate["in_office"]) for gate in gates] == [
        (True, False),
        (False, True),
    ]
    registered = here.run("register", write_photo(tmp_path / "photo.jpg", seed=22))
    assert registered.code == 0, registered.people


def test_a_rotated_arbiter_rules_from_then_on(here: Installation) -> None:
    [former] = here.run("contract", "status").row["roles"]["arbiter"]
    assert [row["state"] for row in here.run("contract", "rotate", "arbiter").rows] == ["done", "done"]
    [present] = here.run("contract", "status").row["roles"]["arbiter"]
    assert present != former


def test_bonds_are_free_where_none_were_asked_for(here: Installation) -> None:
    assert here.run("bonds", "--withdraw").row == {"bond_wei": 0, "credit_wei": 0, "taken_wei": 0}
