"""A receipt of a real registration on the embedded ledger: verified at home, elsewhere, offline, and after a theft."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from registry.receipt import Result, read_receipt, read_signers, verify
from tests.e2e.installation import Installation
from tests.installations import installed
from tests.pictures import write_photo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photo(tmp_path_factory.mktemp("media") / "photo.jpg", seed=1)


@pytest.fixture(scope="module")
def receipt(here: Installation, photo: Path) -> Path:
    done = here.run("register", photo)
    assert done.code == 0, done.people
    return Path(str(done.row["receipt"]))


def exported(here: Installation, path: Path) -> Path:
    assert here.run_plain("trust", "export", "--out", path).code == 0
    return path


def test_its_own_installation_vouches_for_its_gates_and_says_so(
    here: Installation, photo: Path, receipt: Path, tmp_path: Path
) -> None:
    done = here.run("receipt", "verify", receipt, "--file", photo)
    assert done.code == 0, done.people
    assert done.row["trust"]["source"] == "own_ledger"
    assert {
        name: done.row[name]["result"] for name in ("signatures", "inclusion", "standing", "media")
    } == dict.fromkeys(("signatures", "inclusion", "standing", "media"), "valid")
    assert done.row["standing"]["value"] == "ACTIVE"
    assert (
        here.run("receipt", "verify", receipt, "--offline").code == 3
    )  # offline its own ledger cannot be asked either


def test_elsewhere_the_pinned_list_decides_offline(here: Installation, receipt: Path, tmp_path: Path) -> None:
    elsewhere = Installation(tmp_path / "elsewhere")
    given = exported(here, tmp_path / "signers.json")
    assert exported(here, tmp_path / "again.json").read_bytes() == given.read_bytes()
    assert elsewhere.run("receipt", "verify", receipt, "--offline").code == 3
    assert elsewhere.run("trust", "add", given, "--yes").code == 0
    done = elsewhere.run("receipt", "verify", receipt, "--offline")
    assert (done.code, done.row["signatures"]["result"], done.row["trust"]["source"]) == (0, "valid", "pinned")
    assert elsewhere.run("receipt", "verify", receipt).code == 5
    assert not (elsewhere.home / "keys").exists()


def test_over_http_its_own_installation_vouches_for_its_gates_too(here: Installation, receipt: Path) -> None:
    with installed(here.home) as running:
        client = TestClient(running.app, base_url="http://127.0.0.1:8080")
        answer = client.post(
            "/v1/receipts/verify", content=receipt.read_bytes(), headers={"Content-Type": "application/json"}
        )
    row = answer.json()
    assert [row[name]["result"] for name in ("signatures", "inclusion", "standing")] == ["valid"] * 3
    assert (row["trust"]["source"], answer.headers["Touchstone-Ledger"]) == ("own_ledger", "embedded")


def test_another_installations_ledger_is_not_asked(here: Installation, receipt: Path, tmp_path: Path) -> None:
    elsewhere = Installation(tmp_path / "elsewhere")
    assert elsewhere.run("reputation", "0x" + "ab" * 20).code == 0  # makes a chain of its own
    done = elsewhere.run("receipt", "verify", receipt)
    assert (done.code, done.row["standing"]["reasons"][0]["code"]) == (5, "other_ledger")


def test_each_file_of_a_batch_has_a_receipt_that_verifies_alone(tmp_path: Path) -> None:
    here, elsewhere = Installation(tmp_path / "home"), Installation(tmp_path / "elsewhere")
    (tmp_path / "photos").mkdir()
    for seed in range(3):
        write_photo(tmp_path / "photos" / f"{seed}.jpg", seed=seed)
    done = here.run("batch", tmp_path / "photos")
    assert done.code == 0, done.people
    receipts = [Path(str(row["receipt"])) for row in done.rows]
    assert len({json.loads(path.read_bytes())["inclusion"]["batch"]["root"] for path in receipts}) == 1
    at_home = here.run("receipt", "verify", *receipts)
    assert (at_home.code, {row["inclusion"]["result"] for row in at_home.rows}) == (0, {"valid"})
    assert elsewhere.run("trust", "add", exported(here, tmp_path / "signers.json"), "--yes").code == 0
    assert elsewhere.run("receipt", "verify", *receipts, "--offline").code == 0
    assert here.run("revoke", tmp_path / "photos" / "1.jpg", "--reason", "mistake").code == 0
    again = here.run("receipt", "verify", *receipts)
    assert again.code == 4
    assert sorted(row["standing"]["value"] for row in again.rows) == ["ACTIVE", "ACTIVE", "REVOKED"]
    assert {row["inclusion"]["result"] for row in again.rows} == {"valid"}


@pytest.mark.parametrize("field", ["registered_at", "block", "policy_id"])
def test_a_real_receipt_that_was_changed_names_the_field(
    here: Installation, receipt: Path, tmp_path: Path, field: str
) -> None:
    document = json.loads(receipt.read_bytes())
    value = document["record"][field]
    document["record"][field] = value + 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1] != "0" else "1")
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")))
    done = here.run("receipt", "verify", changed)
    named = [reason["field"] for name in ("signatures", "inclusion") for reason in done.row[name]["reasons"]]
    assert (done.code, f"record.{field}" in named) == (4, True)


def test_a_stolen_gate_key_ends_what_it_signed_from_then_on(tmp_path: Path) -> None:
    here, elsewhere = Installation(tmp_path / "home"), Installation(tmp_path / "elsewhere")
    photo = write_photo(tmp_path / "photo.jpg", seed=2)
    receipt = Path(str(here.run("register", photo).row["receipt"]))
    before = exported(here, tmp_path / "1.json")
    gate = json.loads(receipt.read_bytes())["opinions"][0]["gate"]
    assert elsewhere.run("trust", "add", before, "--yes").code == 0
    assert elsewhere.run("receipt", "verify", receipt, "--offline").code == 0
    assert here.run("contract", "withdraw", "gate", gate, "--compromised-since", "2020-01-01").code == 0
    after = exported(here, tmp_path / "2.json")
    assert [read_signers(path.read_bytes()).version for path in (before, after)] == [1, 2]
    assert elsewhere.run("trust", "add", after).code == 0
    for done in (elsewhere.run("receipt", "verify", receipt, "--offline"), here.run("receipt", "verify", receipt)):
        assert done.code == 4
        assert "gate_key_compromised" in [reason["code"] for reason in done.row["signatures"]["reasons"]]
    assert elsewhere.run("trust", "add", before).code == 4  # playing the old list back


def test_a_record_that_was_revoked_later_ends_4_and_its_receipt_is_still_genuine(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home")
    photo = write_photo(tmp_path / "photo.jpg", seed=3)
    receipt = Path(str(here.run("register", photo).row["receipt"]))
    assert here.run("revoke", photo, "--reason", "mistake").code == 0
    done = here.run("receipt", "verify", receipt)
    assert (done.code, done.row["standing"]["value"], done.row["signatures"]["result"]) == (4, "REVOKED", "valid")


def test_a_receipt_needs_nothing_of_the_home_that_issued_it(here: Installation, receipt: Path, tmp_path: Path) -> None:
    trusted = read_signers(exported(here, tmp_path / "signers.json").read_bytes())
    found = verify(read_receipt(receipt.read_bytes()), signers=trusted, ledger=None)
    assert (found.signatures.result, found.signatures.reasons) == (Result.VALID, ())
