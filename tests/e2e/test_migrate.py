"""An embedded ledger moved to a network (anvil): every receipt of before verifies there, by the old file."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.e2e.installation import Done, Installation
from tests.e2e.test_network import fund
from tests.installations import installed
from tests.ledgers import anvil
from tests.pictures import write_photo
from tests.processes import start

pytestmark = [pytest.mark.node, pytest.mark.slow]
KINDS = ("public", "private", "batched", "also batched", "revoked", "disputed", "superseded", "successor")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with anvil() as url:
        yield url


@dataclass(frozen=True)
class Moved:
    """A home before and after, and the receipts issued before."""

    before: Installation
    after: Installation
    receipts: dict[str, Path]
    photos: dict[str, Path]
    signers: Path
    first: Done


def good(done: Done) -> Done:
    assert done.code == 0, done.people
    return done


@pytest.fixture(scope="module")
def moved(url: str, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    folder = tmp_path_factory.mktemp("moved")
    before = Installation(folder / "home")
    photos = {kind: write_photo(folder / f"{seed}.jpg", seed=seed) for seed, kind in enumerate(KINDS, 1)}
    rows = {kind: good(before.run("register", photos[kind])).row for kind in ("public", "revoked", "disputed")}
    rows["private"] = good(before.run("register", photos["private"], "--private")).row
    rows["superseded"] = good(before.run("register", photos["superseded"])).row
    rows["successor"] = good(before.run("register", photos["successor"])).row
    together = good(before.run("batch", batch_folder(folder, photos["batched"], photos["also batched"])))
    rows["batched"], rows["also batched"] = together.rows
    good(before.run("revoke", photos["revoked"], "--reason", "mistake"))
    good(before.run("dispute", photos["disputed"], "--reason-code", "forgery", "--reason", "it is"))
    good(before.run("supersede", photos["superseded"], "--by", photos["successor"]))
    signers = folder / "old-signers.json"
    assert before.run_plain("trust", "export", "--out", signers).code == 0
    receipts = {}
    for kind, row in rows.items():
        receipts[kind] = folder / f"{kind}.receipt.json"  # the old file, out of the home
        shutil.copy(str(row["receipt"]), receipts[kind])
    after = replace(before, settings={"TOUCHSTONE_RPC_URL": url, "TOUCHSTONE_CONFIRMATIONS": "1"})
    fund(url, before.home)
    assert after.run_plain("contract", "deploy", "--delay-s", "0").code == 0
    words = ["ledger", "migrate", "--rpc-url", url, "--batch-size", "2", "--json"]
    dry = good(before.run_plain(*words, "--dry-run")).row
    assert (dry["records"], dry["batches"], dry["sent"], dry["gas_per_batch"] > 21_000) == (6, 3, None, True)
    assert not (before.home / "migration").exists(), "a dry run keeps nothing"
    for when in ("before", "after"):
        killed = start(words, home=before.home, stdout=folder / "out", stderr=folder / "err", dies=("batch sent", when))
        assert killed.wait() == -signal.SIGKILL
        status = good(before.run("ledger", "status")).row["migration"]
        assert status["done"] is False
    first = before.run("ledger", "migrate", "--rpc-url", url)
    return Moved(before, after, receipts, photos, signers, good(first))


def batch_folder(folder: Path, *photos: Path) -> Path:
    together = folder / "together"
    together.mkdir()
    for photo in photos:
        shutil.copy(photo, together / photo.name)
    return together


def reasons(done: Done, name: str) -> list[str]:
    return [reason["code"] for reason in done.row[name]["reasons"]]


def test_there_must_be_a_ledger_to_move_and_a_place_to_move_it_to(moved: Moved, url: str, tmp_path: Path) -> None:
    nothing = Installation(tmp_path / "home").run("ledger", "migrate", "--rpc-url", url)
    assert (nothing.code, "expected an embedded ledger" in nothing.people) == (5, True)
    nowhere = moved.before.run("ledger", "migrate")
    assert (nowhere.code, "expected --rpc-url" in nowhere.people) == (2, True)
    elsewhere = json.loads((moved.before.home / "network.json").read_text())
    elsewhere["instance_id"] = "0x" + "01" * 32
    other = tmp_path / "other.json"
    other.write_text(json.dumps(elsewhere))
    assert moved.before.run("ledger", "migrate", "--rpc-url", url, "--deployment", other).code == 5


def test_it_moves_what_is_active_and_names_the_rest(moved: Moved) -> None:
    row = moved.first.row
    # killed before its second batch, then after the third went out: two were there, and one of them by its last breath
    assert (row["records"], row["batches"], row["sent"], row["found"]) == (6, 3, 0, 3)
    assert row["went_on"] is False
    assert row["not_carried"] == {"DISPUTED": 1, "REVOKED": 1}
    assert "reputation stays behind" in moved.first.people


@pytest.mark.parametrize("kind", ["public", "private", "batched", "also batched", "superseded", "successor"])
def test_an_old_receipt_verifies_in_the_migrated_home(moved: Moved, kind: str) -> None:
    done = moved.after.run("receipt", "verify", moved.receipts[kind])
    assert done.code == 0, done.row
    assert [done.row[name]["result"] for name in ("signatures", "inclusion", "standing")] == ["valid"] * 3
    assert (done.row["trust"]["source"], done.row["standing"]["value"]) == ("migration", "ACTIVE")
    assert reasons(done, "inclusion") == ["migrated"]
    assert reasons(done, "standing") == (["superseded"] if kind == "superseded" else [])


def test_an_old_receipt_verifies_over_http_too(moved: Moved, url: str) -> None:
    with installed(moved.after.home, rpc_url=url, confirmations=1) as there, TestClient(there.app) as client:
        answer = client.post(
            "/v1/receipts/verify",
            content=moved.receipts["private"].read_bytes(),
            headers={"content-type": "application/json", "host": "127.0.0.1"},
        )
    found = answer.json()
    assert (answer.status_code, found["trust"]["source"]) == (200, "migration"), found
    assert [reason["code"] for reason in found["inclusion"]["reasons"]] == ["migrated"]


@pytest.mark.parametrize(("kind", "standing"), [("revoked", "REVOKED"), ("disputed", "DISPUTED")])
def test_what_was_not_active_stands_no_better_than_before(moved: Moved, kind: str, standing: str) -> None:
    done = moved.after.run("receipt", "verify", moved.receipts[kind])
    assert (done.code, done.row["standing"]["value"], done.row["signatures"]["result"]) == (4, standing, "valid")
    assert reasons(done, "inclusion") == ["not_carried"]
    assert moved.after.run("verify", moved.photos[kind]).row["result"] != "EXACT"


def test_an_old_receipt_verifies_in_another_home_that_pins_the_old_signers(moved: Moved, tmp_path: Path) -> None:
    elsewhere = replace(moved.after, home=tmp_path / "elsewhere")
    elsewhere.home.mkdir()
    shutil.copy(moved.after.home / "network.json", elsewhere.home / "network.json")
    shutil.copytree(moved.after.home / "content", elsewhere.home / "content")  # as an IPFS gateway would give them
    unknown = elsewhere.run("receipt", "verify", moved.receipts["public"])
    assert (unknown.code, reasons(unknown, "inclusion")) == (5, ["migration_unproven"])
    assert elsewhere.run("trust", "add", moved.signers, "--yes").code == 0
    for kind in ("public", "private", "batched", "successor"):
        done = elsewhere.run("receipt", "verify", moved.receipts[kind])
        assert done.code == 0, done.row
        assert (done.row["trust"]["source"], reasons(done, "inclusion")) == ("pinned", ["migrated"])
    assert elsewhere.run("receipt", "verify", moved.receipts["revoked"]).row["standing"]["value"] == "REVOKED"


def test_offline_says_what_could_not_be_checked(moved: Moved) -> None:
    signers = ("--signers", moved.signers)
    done = moved.after.run("receipt", "verify", moved.receipts["public"], "--offline", *signers)
    assert (done.code, done.row["signatures"]["result"]) == (0, "valid")
    assert (reasons(done, "inclusion"), reasons(done, "standing")) == (["offline"], ["offline"])


@pytest.mark.parametrize("field", ["block_number", "log_index"])
def test_a_changed_receipt_is_invalid_there_too(moved: Moved, tmp_path: Path, field: str) -> None:
    document = json.loads(moved.receipts["public"].read_bytes())
    document["inclusion"][field] += 1
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")))
    done = moved.after.run("receipt", "verify", changed)
    assert (done.code, done.row["signatures"]["result"], done.row["inclusion"]["result"]) == (4, "invalid", "invalid")


def test_a_second_migration_sends_nothing(moved: Moved, url: str) -> None:
    again = good(moved.before.run("ledger", "migrate", "--rpc-url", url)).row
    assert (again["sent"], again["found"], again["migration"]) == (0, 3, moved.first.row["migration"])
    dry = good(moved.before.run("ledger", "migrate", "--rpc-url", url, "--dry-run")).row
    assert (dry["sent"], dry["gas_per_batch"]) == (None, None)


def test_the_old_ledger_can_only_be_read_and_says_where_it_went(moved: Moved, tmp_path: Path) -> None:
    status = good(moved.before.run("ledger", "status")).row
    assert (status["ledger"], status["migration"]["done"]) == ("embedded", True)
    assert "migrated to: contract" in json.dumps(moved.before.run("ledger", "status").row) or status["migration"]["to"]
    refused = moved.before.run("register", write_photo(tmp_path / "new.jpg", seed=20))
    assert (refused.code, "can only be read" in refused.people) == (5, True)
    assert good(moved.before.run("receipt", "verify", moved.receipts["public"])).row["ledger"] == "embedded"


def test_the_migrated_home_goes_on_registering_on_the_network(moved: Moved, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "new.jpg", seed=21)
    done = good(moved.after.run("register", photo))
    assert good(moved.after.run("receipt", "verify", str(done.row["receipt"]))).row["trust"]["source"] == "own_ledger"
    twice = moved.after.run("register", moved.photos["public"])
    assert (twice.code, twice.row["outcome"]) == (0, "DUPLICATE")
    assert moved.after.run("verify", moved.photos["private"]).row["result"] == "EXACT"
    assert len(moved.after.run("index", "check").row["stray"]) == 2, "what was not carried over"
    good(moved.after.run("index", "rebuild"))
    good(moved.after.run("index", "check"))
