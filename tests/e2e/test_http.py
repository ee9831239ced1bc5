"""HTTP over the real core: embedded ledger, block store, index, journal, decoder; the detector says what is fixed."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest

from api.schemas import StatementIn
from registry import eip712
from registry.model import ZERO_32, Act, Address, Digest, Statement, UploadIntent, Visibility
from registry.register import signed_by
from tests.fakes import UPLOADER, FixedDetector
from tests.installations import Installation, installed, served
from tests.pictures import half_size, jpeg, picture
from tests.values import abstention, prediction

pytestmark = pytest.mark.slow

MAX_UPLOAD_BYTES = 48 * 1024 * 1024
WAIT = {"Prefer": "wait=60"}


@pytest.fixture(scope="module")
def detector() -> FixedDetector:
    return FixedDetector()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, detector: FixedDetector) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("home")
    with installed(home, detector, max_upload_bytes=MAX_UPLOAD_BYTES) as installation:
        yield installation


@pytest.fixture(scope="module")
def address(installation: Installation) -> Iterator[str]:
    with served(installation.app) as address:
        yield address


@pytest.fixture
def client(address: str, detector: FixedDetector) -> Iterator[httpx.Client]:
    detector.screening = prediction(0.1)
    with httpx.Client(base_url=address, timeout=90.0, trust_env=False) as client:
        yield client


def sent(data: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"file": ("photo.jpg", data, "image/jpeg")}


def register(client: httpx.Client, installation: Installation, data: bytes) -> httpx.Response:
    return client.post("/v1/media", files=sent(data), headers={**WAIT, **installation.operator})


def counts(client: httpx.Client, installation: Installation) -> tuple[int, set[str]]:
    """Return all that a write would change: the chain's height and the kept files."""
    return installation.side.gate.read.ledger.height(), installation.files()


def test_a_photo_goes_the_whole_way(client: httpx.Client, installation: Installation) -> None:
    photo, copy, stranger = jpeg(picture(11)), jpeg(half_size(picture(11)), quality=60), jpeg(picture(12))
    answer = register(client, installation, photo)
    assert answer.status_code == 201, answer.text
    record = client.get(answer.headers["Location"]).json()
    assert record["digest"] == Digest.of_bytes(photo).hex
    assert (record["standing"], record["levels"], record["ledger"]) == ("ACTIVE", ["GATE"], "embedded")
    receipt = client.get(answer.json()["receipt"]).json()
    assert receipt["inclusion"]["tx"] == record["tx"]

    before = counts(client, installation)
    assert client.post("/v1/verifications", files=sent(photo)).json()["result"] == "EXACT"
    similar = client.post("/v1/verifications", files=sent(copy)).json()
    assert (similar["result"], similar["matches"][0]["digest"]) == ("SIMILAR", record["digest"])
    assert client.post("/v1/verifications", files=sent(stranger)).json()["result"] == "UNKNOWN"
    assert client.post("/v1/checks", files=sent(photo)).json()["basis"] == "hash"
    check = client.post("/v1/checks", files=sent(copy)).json()
    assert (check["decision"], check["verification"]["result"]) == ("allow", "SIMILAR")
    assert counts(client, installation) == before, "asking wrote something"

    again = register(client, installation, photo)
    assert (again.status_code, again.headers["Location"]) == (409, f"/v1/records/{record['digest']}")

    revoked = client.post(
        f"/v1/records/{record['digest']}/revocation", json={"reason": "mistake"}, headers=installation.operator
    )
    assert revoked.json()["standing"] == "REVOKED"
    assert client.post("/v1/checks", json={"sha256": record["digest"]}).json()["decision"] == "block"
    twice = client.post(
        f"/v1/records/{record['digest']}/revocation", json={"reason": "mistake"}, headers=installation.operator
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "transaction-reverted")


def test_an_uploaders_own_signature_registers_without_a_token(client: httpx.Client, installation: Installation) -> None:
    photo = jpeg(picture(13))
    info = installation.side.gate.read.ledger.info
    intent = UploadIntent(Digest.of_bytes(photo), UPLOADER.address, Visibility.PUBLIC, ZERO_32, 2**200, 2**40)
    signature = UPLOADER.sign_typed_data(eip712.intent_message(eip712.Domain.of(info), intent))
    wire = {
        "digest": intent.digest.hex,
        "uploader": str(intent.uploader),
        "visibility": "public",
        "nonce": str(intent.nonce),
        "deadline": intent.deadline,
        "signature": "0x" + signature.hex(),
    }
    answer = client.post("/v1/media", files=sent(photo), data={"intent": json.dumps(wire)}, headers=WAIT)
    assert answer.status_code == 201, answer.text
    assert answer.json()["record"]["levels"] == ["GATE", "UPLOADER"]
    assert answer.json()["record"]["uploader"] == str(UPLOADER.address)
    conduct = client.get(f"/v1/uploaders/{UPLOADER.address}").json()
    assert Address.from_hex(conduct["address"]) == UPLOADER.address


def test_a_record_is_vouched_for_challenged_and_lost(client: httpx.Client, installation: Installation) -> None:
    photo = jpeg(picture(18))
    path = register(client, installation, photo).headers["Location"]
    ledger = installation.side.gate.read.ledger
    said = Statement(Digest.of_bytes(photo), UPLOADER.address, Act.ATTEST, ZERO_32, 2**201, int(time.time()) + 3600)
    word = StatementIn.of(signed_by(UPLOADER, said, ledger=ledger)).model_dump()
    before = counts(client, installation)
    stranger = client.post(f"{path}/attestations", json={**word, "by": "0x" + "11" * 20})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "statement")
    assert counts(client, installation) == before
    attested = client.post(f"{path}/attestations", json=word)
    assert (attested.status_code, attested.json()["levels"]) == (201, ["GATE", "THIRD_PARTY"]), attested.text
    twice = client.post(f"{path}/attestations", json=word)
    assert (twice.status_code, twice.json()["error_name"]) == (409, "NonceSpent")

    challenge = {"reason_code": "forgery", "reason": "the mouth was moved"}
    assert client.post(f"{path}/disputes", json=challenge).status_code == 401
    opened = client.post(f"{path}/disputes", json=challenge, headers=installation.operator)
    assert (opened.status_code, opened.json()["dispute"]["reason"]) == (201, "forgery"), opened.text
    assert client.post("/v1/checks", files=sent(photo)).json()["decision"] == "review"
    ruling = {"ruling": "corrected", "reason": "an honest mistake"}
    ruled = client.post(f"{path}/rulings", json=ruling, headers=installation.operator)
    assert (ruled.status_code, ruled.json()["standing"], ruled.json()["dispute"]) == (201, "REVOKED", None)
    assert client.post("/v1/checks", files=sent(photo)).json()["decision"] == "block"


def test_a_rejected_file_is_neither_pinned_nor_recorded(
    client: httpx.Client, installation: Installation, detector: FixedDetector
) -> None:
    forged = jpeg(picture(14))
    height, files = counts(client, installation)
    detector.screening = prediction(0.97)
    answer = register(client, installation, forged)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "REJECTED")
    receipt = f"receipts/{answer.json()['job_id']}.rejection.json"
    assert counts(client, installation) == (height, files | {receipt}), "nothing but the gate's signed rejection"
    assert client.get(answer.json()["receipt"]).content == (installation.home / receipt).read_bytes()
    assert client.get(f"/v1/records/{Digest.of_bytes(forged)}").status_code == 404


def test_a_person_lets_a_faceless_photo_in(
    client: httpx.Client, installation: Installation, detector: FixedDetector
) -> None:
    detector.screening = abstention()
    job = register(client, installation, jpeg(picture(15))).json()
    assert job["state"] == "review"
    client.post(
        f"/v1/reviews/{job['job_id']}",
        json={"decision": "approve", "reason": "a landscape"},
        headers=installation.operator,
    )
    installation.app.state.runner.wait(job["job_id"], timeout_s=60)
    body = client.get(f"/v1/jobs/{job['job_id']}").json()
    assert (body["outcome"], body["record"]["levels"]) == ("ACCEPTED", ["REVIEWER"])


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 415),
        (b"a letter", 415),
        (jpeg(picture(16))[:3000], 422),
        (bytes(MAX_UPLOAD_BYTES + 1), 413),
    ],
    ids=["empty", "not media", "truncated", "over the limit"],
)
def test_wrong_input_is_answered_and_nothing_is_stored(
    client: httpx.Client, installation: Installation, data: bytes, status: int
) -> None:
    before = counts(client, installation)
    answer = register(client, installation, data)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert str(installation.home) not in answer.text
    assert counts(client, installation) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({}, 401),
    ],
    ids=["foreign host", "foreign host with a port", "foreign page", "no token"],
)
def test_a_stranger_writes_nothing(
    client: httpx.Client, installation: Installation, headers: dict[str, str], status: int
) -> None:
    before = counts(client, installation)
    assert client.post("/v1/media", files=sent(jpeg(picture(17))), headers=headers).status_code == status
    assert counts(client, installation) == before


def test_the_service_is_ready_when_all_of_it_is(client: httpx.Client) -> None:
    assert client.get("/readyz").json()["ready"] is True


def test_memory_does_not_grow_with_an_upload(address: str) -> None:
    size, piece = 32 * 1024 * 1024, bytes(64 * 1024)
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    tail = b"\r\n--b--\r\n"
    host, port = address.removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=60)
    tracemalloc.start()
    try:
        body = (head, *([piece] * (size // len(piece))), tail)
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        connection.request("POST", "/v1/verifications", iter(body), headers, encode_chunked=True)
        assert connection.getresponse().status == 415
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        connection.close()
    assert peak < size / 4, f"the upload of {size} bytes took {peak} bytes of memory"
