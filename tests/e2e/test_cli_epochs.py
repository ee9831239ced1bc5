"""The `epoch` commands on the real embedded chain, in this process, so that its days can be set."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from typer.testing import CliRunner

from api.bootstrap import create_key, open_read_side, sides
from api.cli.commands import app
from api.settings import Settings
from registry import eip712
from registry.adapters.clock import SystemClock
from registry.errors import RegistryError
from registry.model import DAY_S, ZERO_32, Digest, SignedIntent, UploadIntent, Visibility
from registry.receipt import intent_document
from registry.register import Rejections
from tests.fakes import FixedDetector
from tests.pictures import write_photo
from tests.values import prediction

pytestmark = pytest.mark.slow

PASSWORD = "an uploader's"
Run = Callable[..., tuple[int, list[dict[str, Any]]]]


class Days:
    """The clock of the home: as it is, and so many seconds later."""

    def __init__(self) -> None:
        self.later_s = 0
        self.real = SystemClock.now

    def now(self) -> int:
        return self.real(SystemClock()) + self.later_s


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Days]:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))
    days = Days()
    with (
        mock.patch.object(SystemClock, "now", lambda _: days.now()),
        mock.patch.object(sides, "_detector", lambda _: FixedDetector(prediction(0.95))),
    ):
        yield days


@pytest.fixture
def run(days: Days) -> Run:
    def run(*words: str | Path) -> tuple[int, list[dict[str, Any]]]:
        done = CliRunner().invoke(app, [*map(str, words), "--json"])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text(PASSWORD)
    create_key(tmp_path / "uploader.json", PASSWORD)
    return tmp_path / "uploader.json"


@pytest.fixture
def refused(tmp_path: Path, key: Path, run: Run, days: Days) -> Path:
    """The receipt of a file that was refused under its uploader's intent."""
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    uploader = create_key(key, PASSWORD)
    with open_read_side(Settings()) as side:
        domain = eip712.Domain.of(side.ledger.info)
    deadline = SystemClock().now() + 30 * DAY_S
    wish = UploadIntent(Digest.of_file(photo), uploader.address, Visibility.PUBLIC, ZERO_32, 12345, deadline)
    signed = SignedIntent(wish, uploader.sign_typed_data(eip712.intent_message(domain, wish)))
    intent = tmp_path / "intent.json"
    intent.write_text(json.dumps(intent_document(signed)))
    code, [row] = run("register", "--intent", intent, photo)
    assert (code, row["outcome"]) == (4, "REJECTED")
    return Path(row["receipt"])


def test_a_day_closes_is_disputed_and_proven_from_the_command_line(
    refused: Path, key: Path, run: Run, days: Days, tmp_path: Path
) -> None:
    assert run("epoch", "close") == (0, [])
    days.later_s += DAY_S
    _, [planned] = run("epoch", "close", "--dry-run")
    assert (planned["state"], planned["sent"], planned["rejections"]) == ("over", False, 1)
    _, [closed] = run("epoch", "close")
    assert (closed["state"], closed["sent"], closed["root"]) == ("closed", True, planned["root"])
    assert [tally["count"] for tally in closed["tallies"]] == [1]
    code, [verified] = run("receipt", "verify", refused, "--file", tmp_path / "photo.jpg")
    assert (code, verified["inclusion"]["result"], verified["media"]["result"]) == (0, "valid", "valid")
    _, [disputed] = run("epoch", "dispute", closed["epoch"], "--key", key, "--key-password-file", tmp_path / "password")
    assert disputed["uploader"] == verified["uploader"]
    _, [status] = run("epoch", "status")
    assert status["disputed"] == {verified["uploader"]: 1}
    _, [answered] = run("epoch", "answer")
    assert answered["uploader"] == verified["uploader"]
    _, [status] = run("epoch", "status")
    assert status["disputed"] == {}
    with pytest.raises(RegistryError, match="kept its promise"):
        run("epoch", "convict", refused, "--out", tmp_path / "evidence.json")
    assert not (tmp_path / "evidence.json").exists()


def test_a_gate_that_left_it_out_is_convicted_from_the_command_line(
    refused: Path, run: Run, days: Days, tmp_path: Path
) -> None:
    other = write_photo(tmp_path / "other.jpg", seed=2)
    run("register", other)
    hidden = json.loads(refused.read_text())["rejection"]["leaf"]
    honest = Rejections.rejected
    days.later_s += DAY_S

    def lying(rejections: Rejections) -> Iterator[Any]:
        return (each for each in honest(rejections) if "0x" + each.rejection.leaf.hex() != hidden)

    evidence = tmp_path / "evidence.json"
    with mock.patch.object(Rejections, "rejected", lying):
        _, [closed] = run("epoch", "close")
        assert closed["rejections"] == 1
        _, [made] = run("epoch", "convict", refused, "--out", evidence)
    code, [judged] = run("receipt", "verify", evidence)
    assert (code, judged["convicted"]) == (0, made["gates"])
    code, [judged] = run("receipt", "verify", evidence, "--offline")
    assert (code, judged["convicted"], judged["promise"]["result"]) == (3, [], "not_checked")
