"""The command line end to end, on the real chain, store, index and decoder; only the detector's word is fixed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from registry.adapters.keystore import KeystoreSigner
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
    receipt = Path(done.row["receipt"])
    assert here.contents() == [receipt.name], "nothing but the gate's signed rejection"
    said = here.run("receipt", "verify", receipt, "--file", photo)
    assert (said.code, said.row["signatures"]["result"], said.row["media"]["result"]) == (3, "valid", "valid")
    assert [reason["code"] for reason in said.row["inclusion"]["reasons"]] == ["epoch_open"]
    [day] = here.run("epoch", "status").rows
    assert (day["state"], day["rejections"], day["tallies"]) == ("open", 1, [])
    assert here.run("epoch", "close").rows == []
    assert here.run("verify", photo).code == 1
    assert here.run("index", "stats").row == {
        "files": 0,
        "records": 0,
        "fp_versions": {},
        "batches_without_manifest": [],
    }


def test_registered_bytes_have_record_receipt_and_levels(registered: dict[str, object]) -> None:
    record = registered["record"]
    assert isinstance(record, dict)
    assert (registered["outcome"], record["levels"], record["standing"]) == ("ACCEPTED", ["GATE"], "ACTIVE")
    assert record["cid"].startswith("bafkrei")  # one raw block: the CID's hash is the digest
    receipt = json.loads(Path(str(registered["receipt"])).read_text())
    assert receipt["format"] == "touchstone-receipt/1"
    assert receipt["record"] == record
    assert record["quorum"] == {"gates": 1, "operators": 1, "single_operator": True}


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
    assert here.contents() == [Path(refused.row["receipt"]).name]


def test_revoke_reputation_index_and_receipt(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home")
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    record = here.run("register", photo).row["record"]
    assert here.run("receipt", "show", photo).row["record"] == record
    before = here.run("reputation", record["uploader"]).row
    assert set(before) == {"address", "score_bps", "evidence", "open_disputes", "strikes", "last_fraud_day"}
    assert here.run("index", "check").code == 0
    assert here.run("index", "stats").row == {
        "files": 1,
        "records": 1,
        "fp_versions": {"1": 1},
        "batches_without_manifest": [],
    }
    assert here.run("index", "rebuild").row == {"indexed": 1, "missing": [], "batches_without_manifest": []}
    assert here.run("revoke", photo, "--reason", "a mistake").row["standing"] == "REVOKED"
    revoked = here.run("verify", photo)
    assert (revoked.code, revoked.row["result"], revoked.row["standing"]) == (4, "EXACT", "REVOKED")
    again = here.run("register", photo)
    assert (again.code, again.row["outcome"]) == (4, "DUPLICATE")
    assert here.run("revoke", photo, "--reason", "again").code == 4


@dataclass(frozen=True)
class Witness:
    """Somebody with a key of their own."""

    keystore: Path
    password: Path

    @property
    def signer(self) -> KeystoreSigner:
        return KeystoreSigner.open(self.keystore, self.password.read_text())

    @property
    def options(self) -> list[str | Path]:
        return ["--key", self.keystore, "--key-password-file", self.password]


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = Witness(tmp_path / "witness.json", tmp_path / "password")
    made.password.write_text("a witness's own")
    KeystoreSigner.open_or_create(made.keystore, made.password.read_text())
    return made


def test_a_record_is_vouched_for_challenged_cleared_challenged_again_and_lost(tmp_path: Path, witness: Witness) -> None:
    here = Installation(tmp_path / "home")
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    claims = tmp_path / "claims.json"
    claims.write_text('{"b": 1, "a": "I was there"}')
    uploader = here.run("register", photo).row["record"]["uploader"]

    attested = here.run("attest", photo, "--claims", claims, *witness.options)
    assert attested.code == 0, attested.people
    [word] = attested.row["record"]["attestations"]
    assert word["attester"] == str(witness.signer.address)
    assert word["claims_hash"] == "0x" + hashlib.sha256(b'{"a":"I was there","b":1}').hexdigest()
    assert here.run("verify", photo).row["record"]["levels"] == ["GATE", "THIRD_PARTY"]

    disputed = here.run("dispute", photo, "--reason-code", "depicted-person", "--reason", "that is me")
    assert (disputed.code, disputed.row["standing"]) == (0, "DISPUTED"), disputed.people
    contested = here.run("verify", photo)
    assert (contested.code, contested.row["standing"]) == (4, "DISPUTED")
    assert contested.row["record"]["dispute"]["reason"] == "depicted-person"
    assert here.run("reputation", uploader).row["open_disputes"] == 1
    again = here.run("dispute", photo, "--reason-code", "other", "--reason", "and more")
    assert again.code == 4
    assert "StandingMismatch" in again.people
    assert here.run("rule", photo, "dismissed", "--reason", "consent was given").row["standing"] == "ACTIVE"
    assert here.run("verify", photo).code == 0

    assert here.run("dispute", photo, "--reason-code", "forgery", "--reason", "the mouth was moved").code == 0
    ruled = here.run("rule", photo, "fraud", "--reason", "it was")
    assert (ruled.code, ruled.row["standing"], ruled.row["record"]["dispute"]) == (0, "REVOKED", None)
    assert here.run("verify", photo).code == 4
    assert here.run("rule", photo, "fraud", "--reason", "twice").code == 4
    conduct = here.run("reputation", uploader).row
    assert (conduct["open_disputes"], conduct["strikes"]) == (0, 1)


def test_a_word_that_is_signed_elsewhere_is_carried_once_and_taken_back(tmp_path: Path, witness: Witness) -> None:
    here = Installation(tmp_path / "home")
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    here.run("register", photo)
    to_sign = here.run_plain("attest", photo, "--print", "--by", str(witness.signer.address))
    assert (to_sign.code, to_sign.row["statement"]["act"]) == (0, "attest"), to_sign.people
    signature = witness.signer.sign_typed_data(to_sign.row["typed_data"])
    signed = tmp_path / "signed.json"
    signed.write_text(json.dumps({**to_sign.row["statement"], "signature": "0x" + signature.hex()}))
    assert here.run("verify", photo).row["record"]["attestations"] == [], "printing publishes nothing"
    carried = here.run("attest", photo, "--statement", signed)
    assert (carried.code, len(carried.row["record"]["attestations"])) == (0, 1), carried.people
    twice = here.run("attest", photo, "--statement", signed)
    assert twice.code == 4
    assert "sign anew with another nonce" in twice.people
    back = here.run("attest", photo, "--retract", "--reason", "mixed up", *witness.options)
    assert (back.code, back.row["record"]["attestations"]) == (0, []), back.people

    signed.write_text(json.dumps({**to_sign.row["statement"], "act": "review", "signature": "0x" + signature.hex()}))
    foreign = here.run("attest", photo, "--statement", signed)
    assert foreign.code == 2
    assert "signature" in foreign.people
    reviewer = here.run("attest", photo, "--as-reviewer", *witness.options)
    assert reviewer.code == 4
    assert "AccessControlUnauthorizedAccount" in reviewer.people


def test_a_newer_models_doubt_becomes_a_dispute_only_when_it_is_asked_for(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home")
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    digest = here.run("register", photo).row["record"]["digest"]
    calm = here.run("rescreen", "--all")
    assert (calm.code, calm.row["outcome"], calm.row["reason"]) == (0, "ACCEPTED", None), calm.people
    newer = replace(here, says="0.97")
    told = newer.run("rescreen", photo)
    assert (told.code, told.row["digest"], told.row["standing"]) == (4, digest, "ACTIVE"), told.people
    assert "gives 0.97" in told.row["reason"]
    assert here.run("verify", photo).code == 0, "listing changes nothing"
    opened = newer.run("rescreen", "--all", "--open-disputes")
    assert (opened.code, opened.row["standing"]) == (4, "DISPUTED"), opened.people
    contested = here.run("verify", photo)
    assert (contested.code, contested.row["record"]["dispute"]["reason"]) == (4, "model-doubt")
    assert newer.run("rescreen", "--all", "--open-disputes").rows == []
    assert here.run("rescreen").code == 2
    assert here.run("rescreen", photo, "--all").code == 2


def test_an_uploader_links_its_own_records_and_cannot_vouch_for_them(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home")
    old, new = (write_photo(tmp_path / f"{seed}.jpg", seed=seed) for seed in (1, 2))
    before, after = (here.run("register", path).row["record"]["digest"] for path in (old, new))
    assert here.run("derive", new, "--from", old).row["record"]["derived_from"] == [before]
    assert here.run("supersede", old, "--by", new).row["record"]["superseded_by"] == after
    replaced = here.run("verify", old)
    assert (replaced.code, replaced.row["reasons"]) == (0, ["superseded"])
    backwards = here.run("supersede", new, "--by", old)
    assert backwards.code == 4
    assert "NotLater" in backwards.people
    keys = here.home / "keys" / "recorder.json"
    own = here.run("attest", old, "--key", keys, "--key-password-file", here.home / "key-password")
    assert own.code == 4
    assert "cannot vouch for its own record" in own.people


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--print"],
        ["--print", "--by", "0x12"],
        ["--print", "--by", "0x" + "11" * 20, "--reason", "x"],
        ["--print", "--by", "0x" + "11" * 20, "--retract", "--as-reviewer"],
    ],
)
def test_an_attestation_needs_a_signer_and_one_meaning(here: Installation, photo: Path, options: list[str]) -> None:
    assert here.run_plain("attest", photo, *options).code == 2


def test_a_digest_that_is_not_recorded_cannot_be_revoked(here: Installation) -> None:
    done = here.run("revoke", "00" * 32, "--reason", "x")
    assert done.code == 1
    assert "Not recorded" in done.people


def test_wrong_usage_ends_2(here: Installation, photo: Path) -> None:
    assert here.run("verify", "no-such-file.jpg").code == 2
    assert here.run("revoke", "not-a-digest", "--reason", "x").code == 2
    assert here.run("register", photo, "--accept-metadata", "--strip-metadata").code == 2


def test_an_uploaders_key_is_changed_with_a_week_for_a_veto(tmp_path: Path) -> None:
    here = Installation(tmp_path / "home")
    secret = tmp_path / "secret"
    secret.write_text("an uploader's own\n")
    keys = {name: tmp_path / f"{name}.json" for name in ("mine", "next")}
    mine, following = (
        here.run("key", "new", path, "--key-password-file", secret).row["address"] for path in keys.values()
    )
    assert here.run("key", "new", keys["mine"], "--key-password-file", secret).code == 2, "never overwritten"
    passwords = ("--key-password-file", secret, "--to-password-file", secret)
    asked = here.run("key", "rotate", keys["mine"], "--to", keys["next"], *passwords)
    assert asked.code == 0, asked.people
    assert (asked.row["holder"], asked.row["pending"]["to"]) == (mine, following)
    early = here.run("key", "complete", mine)
    assert early.code == 4
    assert "RotationPending" in early.people
    assert here.run("key", "status", mine).row == asked.row
    vetoed = here.run("key", "veto", keys["mine"], "--key-password-file", secret)
    assert (vetoed.code, vetoed.row["pending"]) == (0, None)
    assert here.run("key", "complete", mine).code == 4
