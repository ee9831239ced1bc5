"""Anchors at the command line: on paper, and on another network (anvil)."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.installation import Installation
from tests.e2e.test_network import fund
from tests.ledgers import anvil
from tests.pictures import write_photo

pytestmark = pytest.mark.slow


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    here = Installation(tmp_path / "home")
    assert here.run("register", write_photo(tmp_path / "photo.jpg", seed=1)).code == 0
    return here


def test_an_anchor_holds_until_the_file_is_changed(here: Installation, tmp_path: Path) -> None:
    made = here.run("ledger", "anchor")
    assert made.code == 0, made.people
    path = made.row["file"]
    assert Path(path).parent == here.home / "anchors"
    assert here.run("register", write_photo(tmp_path / "more.jpg", seed=2)).code == 0
    checked = here.run("ledger", "anchor", "--check", path)
    assert checked.code == 0, checked.people
    assert checked.row["history"]["finding"] == "holds"
    with sqlite3.connect(here.home / "ledger" / "chain.sqlite3") as chain:
        key = bytes.fromhex(made.row["anchor"]["block_hash"].removeprefix("0x"))  # under it stands the block's header
        [(value,)] = chain.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchall()
        chain.execute("UPDATE kv SET v = ? WHERE k = ?", (value[:-1] + bytes([value[-1] ^ 1]), key))
    changed = here.run("ledger", "anchor", "--check", path)
    assert (changed.code, changed.row["history"]["finding"]) == (4, "fails")


def test_the_status_says_on_whose_word_how_far_and_what_is_there(here: Installation, tmp_path: Path) -> None:
    before = here.run("ledger", "status").row
    assert (before["ledger"], before["trust"]) == ("embedded", "embedded (operator's word)")
    assert before["records"] == {"ACTIVE": 1, "DISPUTED": 0, "REVOKED": 0}
    assert before["head"]["block_number"] == before["final_block"] == before["events_to_block"] == 2
    assert (before["threshold"], len(before["gates_in_office"]), before["paused"]) == (1, 1, False)
    assert (before["anchors"], before["deployment"]) == ([], None)
    made = here.run("ledger", "anchor").row
    assert here.run("revoke", tmp_path / "photo.jpg", "--reason", "a mistake").code == 0
    after = here.run("ledger", "status").row
    assert after["records"] == {"ACTIVE": 0, "DISPUTED": 0, "REVOKED": 1}
    [anchor] = after["anchors"]
    assert (anchor["hash"], anchor["block_number"], anchor["published"]) == (made["hash"], 2, None)
    assert made["anchor"]["block_hash"] == before["head"]["block_hash"]


def test_a_stranger_without_the_ledger_is_told_what_could_not_be_checked(here: Installation, tmp_path: Path) -> None:
    path = here.run("ledger", "anchor").row["file"]
    stranger = Installation(tmp_path / "stranger")
    checked = stranger.run("ledger", "anchor", "--check", path)
    assert checked.code == 1
    assert {checked.row[part]["finding"] for part in ("signature", "history", "publication")} == {"unchecked"}
    assert not stranger.home.exists(), "checking makes nothing"


@pytest.mark.node
def test_on_another_network_a_stranger_sees_since_when_it_exists(here: Installation, tmp_path: Path) -> None:
    with anvil() as url:
        unfunded = here.run("ledger", "anchor", "--rpc-url", url)
        assert unfunded.code != 0
        assert "funds" in unfunded.people
        assert here.run("ledger", "anchor", "--rpc-url", "http://127.0.0.1:9").code == 5
        fund(url, here.home)
        made = here.run("ledger", "anchor", "--rpc-url", url)
        assert made.code == 0, made.people
        stranger = Installation(tmp_path / "stranger")
        checked = stranger.run("ledger", "anchor", "--check", made.row["file"], "--rpc-url", url)
        assert checked.code == 0, checked.people
        assert checked.row["publication"]["finding"] == "holds"
        forged = json.loads(Path(made.row["file"]).read_text())
        forged["event_count"] += 1
        (tmp_path / "forged.json").write_text(json.dumps(forged, separators=(",", ":"), sort_keys=True))
        refused = stranger.run("ledger", "anchor", "--check", tmp_path / "forged.json", "--rpc-url", url)
        assert (refused.code, refused.row["publication"]["finding"]) == (4, "fails")
