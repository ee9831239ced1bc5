"""The command line end to end, on the real chain, store, index and decoder; only the detector's word is fixed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.installation import Installation
from tests.pictures import half_size, jpeg, picture, write_photo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photo(tmp_path_factory.mktemp("media") / "photo.jpg", seed=1)


@pytest.fixture(scope="module")
def registered(here: Installation, photo: Path) -> dict[str, object]:
    done = here.run("register", photo)
    assert done.code == 0, done.people
    return done.row


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty", b"", "unsupported-media"),
        ("letter", b"dear all", "unsupported-media"),
        ("truncated", jpeg(picture(5))[:3000], "media-decode"),
    ],
)
def test_what_is_no_media_ends_2_and_stores_nothing(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    here = Installation(tmp_path / "home")
    path = tmp_path / name
    path.write_bytes(content)
    done = here.run("register", path)
    assert done.code == 2
    assert (done.row["outcome"], done.row["reasons"], done.row["error"]["code"]) == ("FAILED", [code], code)
    assert here.contents() == []
    assert here.run("verify", path).code == 2


def test_a_refused_file_ends_4_and_is_neither_pinned_nor_recorded(tmp_path: Path, photo: Path) -> None:
    here = Installation(tmp_path / "home", says="0.97")
    done = here.run("register", photo)
    assert done.code == 4
    assert (done.row["outcome"], done.row["reasons"], done.row["record"]) == ("REJECTED", ["flagged"], None)
    assert here.contents() == []
    assert here.run("verify", photo).code == 1
    assert here.run("index", "stats").row == {"files": 0}


def test_registered_bytes_have_record_receipt_and_levels(registered: dict[str, object]) -> None:
    record = registered["record"]
    assert isinstance(record, dict)
    assert (registered["outcome"], record["levels"], record["standing"]) == ("ACCEPTED", ["GATE"], "ACTIVE")
    assert record["cid"].startswith("bafkrei")  # one raw block: the CID's hash is the digest
    receipt = json.loads(Path(str(registered["receipt"])).read_text())
    assert receipt["format"] == "touchstone-receipt/1"
    assert receipt["record"] == record


def test_the_same_bytes_again_are_a_duplicate_of_ones_own(
    here: Installation, photo: Path, registered: dict[str, object]
) -> None:
    done = here.run("register", photo)
    assert (done.code, done.row["outcome"], done.row["record"]) == (0, "DUPLICATE", registered["record"])


def test_verify_says_exact_similar_and_unknown(
    here: Installation, photo: Path, tmp_path: Path, registered: dict[str, object]
) -> None:
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(jpeg(half_size(picture(1)), quality=60))
    stranger = write_photo(tmp_path / "stranger.jpg", seed=99)
    exact, similar, unknown = (here.run("verify", path) for path in (photo, copy, stranger))
    assert [done.code for done in (exact, similar, unknown)] == [0, 0, 1]
    assert [done.row["result"] for done in (exact, similar, unknown)] == ["EXACT", "SIMILAR", "UNKNOWN"]
    assert similar.row["matches"][0]["distance_bits"] <= 31
    assert similar.row["record"] == registered["record"]
    assert unknown.row["record"] is None
    assert {done.row["ledger"] for done in (exact, similar, unknown)} == {"embedded"}


def test_several_files_end_in_one_code_and_give_one_row_each(
    here: Installation, photo: Path, tmp_path: Path, registered: dict[str, object]
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear all")
    stranger = write_photo(tmp_path / "stranger.jpg", seed=98)
    done = here.run("verify", photo, letter, stranger)
    assert done.code == 1
    assert [row["file"] for row in done.rows] == [str(photo), str(letter), str(stranger)]


def test_check_advises_by_record_and_by_gate(
    here: Installation, photo: Path, tmp_path: Path, registered: dict[str, object]
) -> None:
    known = here.run("check", photo)
    assert (known.code, known.row["decision"], known.row["basis"], known.row["verdict"]) == (0, "allow", "hash", None)
    forged = write_photo(tmp_path / "forged.jpg", seed=50)
    blocked = replace(here, says="0.97").run("check", forged)
    assert (blocked.code, blocked.row["decision"], blocked.row["basis"]) == (4, "block", "full")


@pytest.mark.parametrize(
    ("says", "code", "outcome"), [("0.1", 0, "ACCEPTED"), ("0.97", 4, "REJECTED"), ("none", 3, "INCONCLUSIVE")]
)
def test_screen_gives_the_gates_word(here: Installation, photo: Path, says: str, code: int, outcome: str) -> None:
    done = replace(here, says=says).run("screen", photo)
    assert (done.code, done.row["outcome"]) == (code, outcome)
    assert set(done.row) == {"file", "outcome", "fake_probability", "model_id", "reasons", "coverage", "frames"}


def test_a_faceless_photo_is_registered_by_a_persons_decision(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home", says="none")
    photo = write_photo(tmp_path / "landscape.jpg", seed=3)
    waiting = here.run("register", photo)
    assert (waiting.code, waiting.row["outcome"], waiting.row["reasons"]) == (3, "INCONCLUSIVE", ["no_face"])
    job_id = waiting.row["job_id"]
    assert here.run("review", "list").row["job_id"] == job_id
    approved = here.run("review", "approve", job_id, "--reason", "a landscape")
    assert approved.code == 0
    assert approved.row["record"]["levels"] == ["REVIEWER"]
    assert here.run("verify", photo).row["result"] == "EXACT"


def test_a_person_may_refuse(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home", says="none")
    photo = write_photo(tmp_path / "landscape.jpg", seed=3)
    job_id = here.run("register", photo).row["job_id"]
    refused = here.run("review", "reject", job_id, "--reason", "no")
    assert (refused.code, refused.row["outcome"]) == (4, "REJECTED")
    assert here.contents() == []


def test_revoke_reputation_index_and_receipt(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home")
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    record = here.run("register", photo).row["record"]
    assert here.run("receipt", "show", photo).row["record"] == record
    before = here.run("reputation", record["uploader"]).row
    assert set(before) == {"address", "score_bps", "evidence", "open_disputes", "strikes", "last_fraud_day"}
    assert here.run("index", "check").code == 0
    assert here.run("index", "rebuild").row == {"indexed": 1, "missing": []}
    assert here.run("revoke", photo, "--reason", "a mistake").row["standing"] == "REVOKED"
    revoked = here.run("verify", photo)
    assert (revoked.code, revoked.row["result"], revoked.row["standing"]) == (4, "EXACT", "REVOKED")
    again = here.run("register", photo)
    assert (again.code, again.row["outcome"]) == (4, "DUPLICATE")
    assert here.run("revoke", photo, "--reason", "again").code == 4


def test_a_digest_that_is_not_recorded_cannot_be_revoked(here: Installation) -> None:
    done = here.run("revoke", "00" * 32, "--reason", "x")
    assert done.code == 1
    assert "Not recorded" in done.people


def test_wrong_usage_ends_2(here: Installation, photo: Path) -> None:
    assert here.run("verify", "no-such-file.jpg").code == 2
    assert here.run("revoke", "not-a-digest", "--reason", "x").code == 2
    assert here.run("register", photo, "--accept-metadata", "--strip-metadata").code == 2
