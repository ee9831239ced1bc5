"""``receipt`` and ``trust`` at the command line: what they end with, what they say, and what they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from api import cli
from api.cli import trusting
from tests.pictures import jpeg, picture
from tests.receipts import ADMIN, by_operator, by_uploader, canonical, private_in_batch, resealed, signers

ROOT = Path(__file__).parents[3]
BLOCKED = (
    *("tensorflow", "keras", "h5py", "ai_edge_litert", "detector", "cv2", "av", "imagehash"),
    *("web3", "eth", "eth_tester", "ipfshttpclient", "requests", "fastapi", "uvicorn", "sqlite3"),
    *("registry.adapters", "registry.media", "registry.register", "api.bootstrap", "api.deps", "api.cli.commands"),
)
GUARDED = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if any(name == each or name.startswith(each + ".") for each in {BLOCKED!r}):
            raise ImportError("not here: " + name)
sys.meta_path.insert(0, Blocker())
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        raise RuntimeError("not here: " + event)
sys.addaudithook(watch)
from api.cli import main
main()
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    people: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("TOUCHSTONE_HOME", str(home))
    return home


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["touchstone", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
            sys.exit(0)
        out, people = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, people)

    return run


@pytest.fixture
def receipt(tmp_path: Path) -> Path:
    path = tmp_path / "photo.receipt.json"
    path.write_bytes(by_operator().raw)
    return path


@pytest.fixture
def pinned(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "signers.json"
    path.write_bytes(signers().sealed(ADMIN))
    assert run("trust", "add", path, "--yes").code == 0
    return path


def test_a_good_receipt_ends_0_offline_and_says_what_was_not_checked(run: Run, receipt: Path, pinned: Path) -> None:
    done = run("receipt", "verify", receipt, "--offline", "--json")
    [row] = done.rows
    assert done.code == 0
    assert {name: row[name]["result"] for name in ("signatures", "inclusion", "standing")} == {
        "signatures": "valid",
        "inclusion": "not_checked",
        "standing": "not_checked",
    }
    assert row["inclusion"]["reasons"] == [
        {"code": "offline", "field": None, "message": "offline: the ledger was not asked"}
    ]
    assert (row["file"], row["digest"], row["standing"]["value"]) == (
        str(receipt),
        by_operator().record.digest.hex,
        None,
    )
    assert row["trust"] == {"source": "pinned", "version": 1, "admin": str(ADMIN.address)}
    words = run("receipt", "verify", receipt, "--offline").out
    assert "signatures valid, inclusion not checked, standing not checked" in words
    assert "operator's word" in words


def test_where_nobody_is_trusted_it_ends_3_and_makes_no_home(run: Run, receipt: Path, home: Path) -> None:
    done = run("receipt", "verify", receipt, "--offline", "--json")
    assert (done.code, done.rows[0]["signatures"]["result"]) == (3, "not_checked")
    assert not home.exists()


def test_without_a_ledger_it_ends_5_and_makes_none(run: Run, receipt: Path, home: Path) -> None:
    done = run("receipt", "verify", receipt, "--json")
    assert (done.code, done.rows[0]["standing"]["reasons"][0]["code"]) == (5, "no_ledger")
    assert not home.exists()


def test_a_changed_receipt_ends_4_and_names_the_field(run: Run, receipt: Path, pinned: Path) -> None:
    document = by_operator().document
    document["record"]["registered_at"] += 1
    receipt.write_bytes(canonical(document))
    done = run("receipt", "verify", receipt, "--offline", "--json")
    [first, *_] = done.rows[0]["signatures"]["reasons"]
    assert (done.code, first["code"], first["field"]) == (4, "field_changed", "record.registered_at")
    assert "record.registered_at" in run("receipt", "verify", receipt, "--offline").out


def test_an_edited_receipt_ends_4_and_names_where_its_form_is_left(run: Run, receipt: Path, pinned: Path) -> None:
    receipt.write_text(json.dumps(by_operator().document, indent=2))
    done = run("receipt", "verify", receipt, "--offline", "--json")
    [reason] = done.rows[0]["signatures"]["reasons"]
    assert (done.code, reason["code"], reason["field"]) == (4, "not_canonical", "admission")


def test_what_is_no_receipt_ends_2_and_names_the_field(run: Run, receipt: Path, pinned: Path) -> None:
    document = by_operator().document
    document["record"]["digest"] = document["record"]["digest"].upper()
    receipt.write_bytes(canonical(document))
    done = run("receipt", "verify", receipt, "--offline", "--json")
    assert (done.code, done.rows[0]["error"]["code"]) == (2, "receipt")
    assert "record.digest: expected 64 lower-case hex digits" in done.rows[0]["error"]["detail"]
    receipt.write_bytes(b"\x89PNG")
    assert run("receipt", "verify", receipt, "--offline").code == 2


def test_several_receipts_end_in_one_code_and_give_one_row_each(
    run: Run, receipt: Path, pinned: Path, tmp_path: Path
) -> None:
    forged, letter = tmp_path / "forged.json", tmp_path / "letter.json"
    forged.write_bytes(resealed(by_uploader().document, ADMIN))
    letter.write_bytes(b"{}")
    done = run("receipt", "verify", receipt, letter, forged, "--offline", "--json")
    assert (done.code, len(done.rows)) == (4, 3)
    assert run("receipt", "verify", receipt, letter, "--offline").code == 2


def test_the_file_itself_is_compared(run: Run, receipt: Path, pinned: Path, tmp_path: Path) -> None:
    same, other = tmp_path / "same.jpg", tmp_path / "other.jpg"
    same.write_bytes(b"photo")  # what the receipts of tests are of
    other.write_bytes(jpeg(picture(2)))
    assert run("receipt", "verify", receipt, "--offline", "--file", same).code == 0
    done = run("receipt", "verify", receipt, "--offline", "--file", other, "--json")
    assert (done.code, done.rows[0]["media"]["reasons"][0]["code"]) == (4, "other_file")


def test_a_list_given_once_is_used_and_not_pinned(run: Run, receipt: Path, tmp_path: Path, home: Path) -> None:
    given = tmp_path / "given.json"
    given.write_bytes(signers().sealed(ADMIN))
    done = run("receipt", "verify", receipt, "--offline", "--signers", given, "--json")
    assert (done.code, done.rows[0]["trust"]["source"]) == (0, "given")
    assert not home.exists()


def test_a_list_given_may_not_be_older_than_the_pinned_one(run: Run, receipt: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_bytes(signers(version=1).sealed(ADMIN))
    new.write_bytes(signers(version=2).sealed(ADMIN))
    assert run("trust", "add", new, "--yes").code == 0
    done = run("receipt", "verify", receipt, "--offline", "--signers", old)
    assert done.code == 4
    assert "an old list played back" in done.people


def test_a_first_list_needs_a_word_and_a_later_one_its_admins(run: Run, tmp_path: Path, home: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    first.write_bytes(signers(version=1).sealed(ADMIN))
    second.write_bytes(signers(version=2).sealed(ADMIN))
    unasked = run("trust", "add", first)
    assert (unasked.code, home.exists()) == (2, False)
    assert "--admin" in unasked.people
    wrong = run("trust", "add", first, "--admin", "0x" + "00" * 20)
    assert (wrong.code, home.exists()) == (4, False)
    done = run("trust", "add", first, "--admin", str(ADMIN.address), "--json")
    assert (done.code, done.rows[0]["version"], done.rows[0]["admin"]) == (0, 1, str(ADMIN.address))
    assert "signed by the admin" in done.people  # what is being trusted is shown
    assert run("trust", "add", second).code == 0
    back = run("trust", "add", first)
    assert (back.code, "played back" in back.people) == (4, True)
    assert [row["version"] for row in run("trust", "list", "--json").rows] == [2]
    assert home.stat().st_mode & 0o777 == 0o700  # it will hold keys one day


@pytest.mark.parametrize(("typed", "code"), [("right", 0), ("000000", 4)])
def test_at_a_terminal_a_first_list_is_confirmed_by_its_admins_digits(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    path = tmp_path / "1.json"
    path.write_bytes(signers().sealed(ADMIN))
    answer = ADMIN.address.hex[-6:] if typed == "right" else typed
    monkeypatch.setattr(trusting, "is_terminal", lambda: True)
    monkeypatch.setattr(typer, "prompt", lambda text, err: answer)
    assert run("trust", "add", path).code == code
    assert (tmp_path / "home" / "trust").exists() == (code == 0)


def test_a_receipt_is_shown_whatever_it_is_worth(run: Run, receipt: Path) -> None:
    assert json.loads(run("receipt", "show", receipt).out) == by_operator().document
    receipt.write_text(json.dumps(by_operator().document))
    done = run("receipt", "show", receipt, "--json")
    assert done.rows == [by_operator().document]
    assert "not in canonical form" in done.people
    assert run("receipt", "show", "ab" * 32).code == 1


def test_offline_it_runs_in_an_empty_network_namespace_without_any_engine(tmp_path: Path) -> None:
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    try:
        allowed = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("the kernel lets this user make no network namespace")
    receipt, given = tmp_path / "photo.receipt.json", tmp_path / "signers.json"
    receipt.write_bytes(private_in_batch().raw)
    given.write_bytes(signers().sealed(ADMIN))
    done = subprocess.run(
        [
            *alone,
            sys.executable,
            "-c",
            GUARDED,
            "receipt",
            "verify",
            receipt,
            "--offline",
            "--signers",
            given,
            "--json",
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TOUCHSTONE_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert row["signatures"] == {"result": "valid", "reasons": []}
    for name in ("inclusion", "standing"):
        assert (row[name]["result"], row[name]["reasons"][0]["message"]) == (
            "not_checked",
            "offline: the ledger was not asked",
        )
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [("verify", "x"), ("receipt", "verify", __file__)])
def test_the_blocker_of_these_tests_blocks(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    blocked = "not here: " in done.stderr
    assert blocked == (words[0] == "verify"), done.stderr
