"""Two installations, each a process with a home, keys and a model of its own, make a 2-of-2 quorum on a network."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from detector.config import DetectorConfig
from detector.inference.bundle import CONFIG, DEFAULT_DIRECTORY, MANIFEST, manifest_of
from registry.model import Digest
from tests.e2e.installation import Installation
from tests.e2e.test_network import fund
from tests.ledgers import anvil
from tests.pictures import write_photo
from tests.processes import start

pytestmark = [pytest.mark.node, pytest.mark.slow]

START_S = 60.0
DETECTION = Path(__file__).parents[2].parent / "shared" / "data" / "detection"
TRIED = 20
ITS_MODEL = "what its model says"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def address_of(home: Path, role: str) -> str:
    address = str(json.loads((home / "keys" / f"{role}.json").read_text())["address"])
    return "0x" + address.removeprefix("0x").lower()


@dataclass(frozen=True)
class Peer:
    """A second installation that screens for the first."""

    here: Installation
    port: int
    token_file: Path

    @classmethod
    def joining(cls, first: Installation, home: Path, **changes: str) -> Peer:
        """Make a home on the first one's ledger, whose service knows the first one's token."""
        here = Installation(home, says="0.2@second", settings={**first.settings, **changes})
        assert here.run("contract", "status").code == 5, "it has keys now, and no contract yet"
        shutil.copy(first.home / "network.json", home / "network.json")
        token_file = home / "token-of-first"
        token_file.write_text(secrets.token_hex(32))
        (home / "gate-clients").write_text(f"first {token_file.read_text()}\n")
        clients = {"TOUCHSTONE_GATE_CLIENTS_FILE": str(home / "gate-clients")}
        return cls(replace(here, settings={**here.settings, **clients}), free_port(), token_file)

    @property
    def gate(self) -> str:
        return address_of(self.here.home, "gate")

    @property
    def operator(self) -> str:
        return address_of(self.here.home, "recorder")

    @property
    def settings(self) -> Mapping[str, str]:
        """What the first installation sets to ask this one."""
        one = {"url": f"http://127.0.0.1:{self.port}", "gate": self.gate, "token_file": str(self.token_file)}
        return {"TOUCHSTONE_COSIGNERS": json.dumps([one])}

    @contextlib.contextmanager
    def serving(self, says: str | None = None) -> Iterator[None]:
        """Run its service, with a detector that says something else if asked to."""
        log = self.here.home.parent / f"{self.here.home.name}.log"
        run = start(
            ["serve", "--port", str(self.port)],
            home=self.here.home,
            stdout=log,
            stderr=log,
            says=says or self.here.says,
            settings=self.here.settings,
        )
        try:
            deadline = time.monotonic() + START_S
            while not answers(self.port):
                assert run.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the service did not start"
            yield
        finally:
            run.kill()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass(frozen=True)
class Quorum:
    """An installation, and the one whose verdict it asks for."""

    first: Installation
    second: Peer

    @property
    def asking(self) -> Installation:
        return replace(self.first, settings={**self.first.settings, **self.second.settings})

    def nothing_stands_anywhere(self, path: Path) -> bool:
        unknown = self.first.run("verify", path).code == 1
        named = [name for name in self.first.contents() if Digest.of_file(path).hex in name]
        return unknown and not named and self.second.here.contents() == []


def deployed(url: str, home: Path) -> Installation:
    first = Installation(home, says="0.1@first", settings={"TOUCHSTONE_RPC_URL": url, "TOUCHSTONE_CONFIRMATIONS": "1"})
    assert first.run("contract", "deploy").code != 0, "an account without funds deploys nothing"
    fund(url, home)
    done = first.run_plain("contract", "deploy", "--delay-s", "0")
    assert done.code == 0, done.people
    return first


def join(first: Installation, second: Peer, *, run_by: str) -> Quorum:
    for words in (("grant", "gate", second.gate, "--run-by", run_by), ("threshold", "2")):
        done = first.run("contract", *words)
        assert done.row["state"] == "done", done.people
    return Quorum(first, second)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with anvil() as url:
        yield url


@pytest.fixture(scope="module")
def pair(url: str, tmp_path_factory: pytest.TempPathFactory) -> Quorum:
    """Two installations of two operators, on a contract that asks for both."""
    root = tmp_path_factory.mktemp("pair")
    first = deployed(url, root / "first")
    second = Peer.joining(first, root / "second")
    return join(first, second, run_by=second.operator)


def test_what_one_gate_alone_signed_is_not_recorded(pair: Quorum, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=10)
    alone = pair.first.run("register", photo)
    assert (alone.row["outcome"], alone.row["reasons"]) == ("FAILED", ["quorum_not_met"])
    assert pair.nothing_stands_anywhere(photo)


def test_two_operators_record_what_both_screened(pair: Quorum, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=11)
    with pair.second.serving():
        done = pair.asking.run("register", photo)
    assert done.code == 0, done.people
    record = done.row["record"]
    assert record["quorum"] == {"gates": 2, "operators": 2, "single_operator": False}
    assert {gate["operator"] for gate in record["gates"]} == {
        address_of(pair.first.home, "recorder"),
        pair.second.operator,
    }
    models = {"0x" + Digest.of_bytes(name).hex for name in (b"first", b"second")}
    assert set(record["model_ids"]) == models, "each gate names the model that it asked"
    receipt = json.loads(Path(done.row["receipt"]).read_text())
    assert [opinion["gate"] for opinion in receipt["opinions"]] == sorted(
        (address_of(pair.first.home, "gate"), pair.second.gate)
    )
    assert len({opinion["signature"] for opinion in receipt["opinions"]}) == 2
    assert pair.second.here.contents() == [], "the second installation kept nothing"
    seen = pair.second.here.run("verify", photo).row
    assert (seen["result"], seen["record"]["quorum"]["single_operator"]) == ("EXACT", False)


def test_the_second_installation_cannot_register_in_the_firsts_name(pair: Quorum, tmp_path: Path) -> None:
    done = pair.second.here.run("register", write_photo(tmp_path / "photo.jpg", seed=19))
    assert (done.code, done.row["error"]["code"]) == (2, "intent")


@pytest.mark.parametrize(("says", "reason"), [("0.97@second", "flagged"), ("none", "no_face")])
def test_what_the_second_gate_does_not_accept_is_neither_pinned_nor_recorded(
    pair: Quorum, tmp_path: Path, says: str, reason: str
) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=12)
    before = pair.first.contents()
    with pair.second.serving(says):
        done = pair.asking.run("register", photo)
    assert (done.row["outcome"], done.row["reasons"]) == ("FAILED", ["quorum_not_met", reason])
    assert pair.first.contents() == before
    assert pair.nothing_stands_anywhere(photo)


def test_while_the_second_gate_is_down_the_job_waits_and_then_goes_on(pair: Quorum, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=13)
    before = set(pair.first.contents())
    waiting = pair.asking.run("register", photo)
    assert (waiting.code, waiting.row["error"]["code"]) == (5, "cosigner-unavailable")
    new = set(pair.first.contents()) - before
    assert new == {path.name for path in (pair.first.home / "spool").iterdir()}, "nothing is pinned"
    assert len(new) == 1, "its bytes wait"
    with pair.second.serving():
        done = pair.asking.run("register", photo)
    assert done.code == 0, done.people
    assert list((pair.first.home / "spool").iterdir()) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_the_second_gates_answer_the_job_goes_on_where_it_was(
    pair: Quorum, tmp_path: Path, when: str
) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=17 if when == "before" else 18)
    asking, log = pair.asking, tmp_path / "log"
    with pair.second.serving():
        words = ["register", str(photo)]
        settings = {"stdout": log, "stderr": log, "says": asking.says, "settings": asking.settings}
        run = start(words, home=asking.home, dies=("ballot", when), **settings)  # type: ignore[arg-type]  # by name
        assert run.wait() == -signal.SIGKILL, log.read_text()
        assert pair.nothing_stands_anywhere(photo)
    if when == "before":  # the answer is lost: it is asked for again
        assert asking.run("register", photo).row["error"]["code"] == "cosigner-unavailable"
        with pair.second.serving():
            done = asking.run("register", photo)
    else:  # it is durable: nobody need be there
        done = asking.run("register", photo)
    assert done.code == 0, done.people
    assert done.row["record"]["quorum"]["operators"] == 2


def test_a_gate_that_does_not_know_us_is_waited_out_and_told_in_the_log(pair: Quorum, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=14)
    wrong = tmp_path / "token"
    wrong.write_text(secrets.token_hex(32))
    stranger = Quorum(pair.first, replace(pair.second, token_file=wrong))
    with pair.second.serving():
        waiting = stranger.asking.run("register", photo)
        assert (waiting.code, waiting.row["error"]["code"]) == (5, "cosigner-unavailable")
        assert "401 unauthenticated" in waiting.people
        assert pair.asking.run("register", photo).code == 0


def test_a_private_file_goes_to_the_second_gate_only_with_consent(pair: Quorum, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", seed=15)
    with pair.second.serving():
        held = pair.asking.run("register", "--private", photo)
        assert (held.row["outcome"], held.row["reasons"]) == ("FAILED", ["private_without_consent"])
        shared = pair.asking.run("register", "--private", "--share-with-gates", photo)
    assert shared.code == 0, shared.people
    assert (shared.row["record"]["cid"], shared.row["record"]["quorum"]["gates"]) == (None, 2)
    assert pair.second.here.contents() == []


def test_a_quorum_of_one_operator_is_labelled_so(url: str, tmp_path: Path) -> None:
    first = deployed(url, tmp_path / "first")
    second = Peer.joining(first, tmp_path / "second")
    quorum = join(first, second, run_by=address_of(first.home, "recorder"))
    photo = write_photo(tmp_path / "photo.jpg", seed=16)
    with second.serving():
        done = quorum.asking.run("register", photo)
    assert done.code == 0, done.people
    assert done.row["record"]["quorum"] == {"gates": 2, "operators": 1, "single_operator": True}
    verified = first.run("verify", photo).row
    assert verified["record"]["quorum"]["single_operator"]
    assert "single_operator_quorum" in verified["reasons"]


def another_model(folder: Path) -> Path:
    """Copy the shipped weights and let them see a wider crop: other numbers, and another model's id."""
    shutil.copytree(DEFAULT_DIRECTORY, folder)
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, "name": "wide-v1", "margin": config["margin"] + 0.1}))
    manifest = manifest_of(folder, DetectorConfig.load(folder / CONFIG))
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def accepted_portrait(by: Installation) -> Path:
    """Return the first real still of the shared folder that an installation's own gate accepts."""
    rows = map(json.loads, (DETECTION / "manifest.jsonl").read_text().splitlines())
    stills = [DETECTION / row["file"] for row in rows if (row["label"], row["kind"]) == ("real", "image")][:TRIED]
    screened = by.run("screen", *stills)
    return next(path for path, row in zip(stills, screened.rows, strict=True) if row["outcome"] == "ACCEPTED")


@pytest.mark.shared
@pytest.mark.skipif(not DETECTION.is_dir(), reason="the shared folder of media is not beside the checkout")
def test_two_real_models_judge_a_portrait_each_for_itself(url: str, tmp_path: Path) -> None:
    first = replace(deployed(url, tmp_path / "first"), says=ITS_MODEL)
    wide = another_model(tmp_path / "wide")
    second = Peer.joining(first, tmp_path / "second", TOUCHSTONE_MODEL_DIR=str(wide))
    quorum = join(first, second, run_by=second.operator)
    portrait = accepted_portrait(first)
    ours, theirs = (
        replace(one, says=ITS_MODEL).run("screen", portrait).row["fake_probability"] for one in (first, second.here)
    )
    assert ours != theirs, "two models, two numbers"
    with second.serving(ITS_MODEL):
        done = quorum.asking.run("register", portrait)
    assert done.code == 0, done.people
    assert len(set(done.row["record"]["model_ids"])) == 2
    assert done.row["record"]["quorum"] == {"gates": 2, "operators": 2, "single_operator": False}
