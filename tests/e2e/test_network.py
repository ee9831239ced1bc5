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
    unfunded = here.run_plain("contract", "deploy")
    assert unfunded.code != 0, "an account without funds deploys nothing"
    assert not (here.home / "network.json").exists()
    fund(url, here.home)
    deployed = here.run_plain("contract", "deploy")
    assert deployed.code == 0, deployed.people
    return here


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


def test_register_verify_and_revoke_on_a_network(here: Installation, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    registered = here.run("register", photo)
    assert registered.code == 0, registered.people
    verified = here.run("verify", photo).row
    assert (verified["result"], verified["ledger"]) == ("EXACT", "network")
    assert here.run("contract", "status").row["ledger"] == "network"
    assert here.run("revoke", photo, "--reason", "a mistake").code == 0
    assert here.run("verify", photo).code == 4
