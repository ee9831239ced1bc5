"""The page without a browser: what it says in each case, and that it never says more."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import api.web
from api.web.registry_rows import registry_rows
from api.web.words import ENGLISH
from registry.model import (
    PDQ256,
    ZERO_32,
    AbstentionReason,
    Attestation,
    Digest,
    Dispute,
    DisputeReason,
    Level,
    Match,
    Outcome,
    Record,
    RecordGate,
    Reputation,
    Standing,
    Transform,
    Verification,
    VerificationResult,
    Visibility,
)
from registry.policy import Reason
from registry.register import revoke
from registry.verify import GATE_KEY_COMPROMISED, SINGLE_OPERATOR_QUORUM, SUPERSEDED, reasons_of
from tests.pictures import half_size, jpeg, picture
from tests.unit.api.conftest import MAX_UPLOAD_BYTES, PHOTO, Service
from tests.values import ALICE, BOB, NOW, abstention, digest, prediction, record

COPY = jpeg(half_size(picture(1)), quality=60)
DIGEST = Digest.of_bytes(PHOTO)


class Text(HTMLParser):
    """The words of a page, and what its elements carry."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def answer(service: Service, data: bytes, *, route: str = "/", name: str = "photo.jpg") -> Text:
    reply = service.client.post(route, files={"file": (name, data, "image/jpeg")})
    assert reply.status_code == 200, reply.text
    return Text(reply.text)


def by_digest(service: Service, text: str) -> Text:
    boundary = "b"
    body = f'--{boundary}\r\nContent-Disposition: form-data; name="sha256"\r\n\r\n{text}\r\n--{boundary}--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Text(service.client.post("/answer", content=body.encode(), headers=headers).text)


# -- the page ------------------------------------------------------------------------------------------------------


def test_the_page_works_as_a_plain_form(idle_service: Service) -> None:
    page = Text(idle_service.client.get("/").text)
    form = next(attrs for tag, attrs in page.tags if tag == "form")
    assert (form["method"], form["action"], form["enctype"]) == ("post", "/", "multipart/form-data")
    assert "Upload this file and check it" in page.text, "the button says that it uploads"


def test_the_page_is_labelled_and_announces_its_progress(idle_service: Service) -> None:
    tags = Text(idle_service.client.get("/").text).tags
    assert ("label", {"for": "file"}) in tags
    status = next(attrs for _, attrs in tags if attrs.get("role") == "status")
    assert status["aria-live"] == "polite"
    assert next(attrs for tag, attrs in tags if tag == "html")["lang"] == "en"


@pytest.mark.parametrize("path", ["/static/page.css", "/static/page.js", "/static/sign.svg"])
def test_what_the_page_needs_is_here(idle_service: Service, path: str) -> None:
    assert idle_service.client.get(path).status_code == 200


def test_no_template_carries_a_style_a_script_or_a_foreign_address() -> None:
    for template in (Path(api.web.__file__).parent / "templates").iterdir():
        html = template.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|https?://|<script(?! src=\"/static/)", html), template.name


def test_every_sentence_of_the_catalogue_is_said_somewhere() -> None:
    web = Path(api.web.__file__).parent
    said = "".join(
        path.read_text() for path in web.rglob("*") if path.suffix in {".py", ".html"} and path.name != "words.py"
    )
    families = {*re.findall(r"f\"([a-z_.]+\.)\{", said), "abstained."}
    for key in ENGLISH.sentences:
        known = f'"{key}"' in said or f"'{key}'" in said or any(key.startswith(family) for family in families)
        assert known, f"{key} is said nowhere"


def test_the_catalogue_has_a_sentence_for_every_word_of_the_core() -> None:
    for family, words in {
        "transform": Transform,
        "abstained": AbstentionReason,
        "gate": Reason,
        "detector.lead": Outcome,
    }.items():
        assert all(f"{family}.{word.value}" in ENGLISH.sentences for word in words), family
    assert all(f"level.{level.name}" in ENGLISH.sentences for level in Level)
    assert all(f"standing.{standing.name}" in ENGLISH.sentences for standing in Standing)
    assert all(f"dispute.{reason.name}" in ENGLISH.sentences for reason in DisputeReason)
    for reason in (GATE_KEY_COMPROMISED, SINGLE_OPERATOR_QUORUM, SUPERSEDED):
        assert f"reason.{reason}" in ENGLISH.sentences


@pytest.mark.parametrize("word", ["real", "fake", "authentic", "genuine", "verified", "deepfake"])
def test_the_page_never_passes_judgement_on_truth(word: str) -> None:
    for key, sentence in ENGLISH.sentences.items():
        assert word not in re.findall(r"[a-z]+", sentence.lower()), key


def test_every_sentence_is_a_valid_format() -> None:
    for sentence in ENGLISH.sentences.values():
        assert all(name is None or name.isidentifier() for _, name, _, _ in string.Formatter().parse(sentence))


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "card"])
@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "good", "near", "quiet", "warn", "bad"])
def test_every_colour_of_words_has_contrast_enough(scheme: int, ground: str, ink: str) -> None:
    css = (Path(api.web.__file__).parent / "static" / "page.css").read_text()
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", css.split(":root {")[1 + scheme]))
    dark, light = sorted([luminance(colours[ink]), luminance(colours[ground])])
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# -- the answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["/", "/answer"])
def test_exact_bytes_are_told_with_who_when_and_on_whose_word(read_service: Service, route: str) -> None:
    text = answer(read_service, PHOTO, route=route).text
    for said in (
        "These exact bytes are on record",
        "active: nobody has disputed it",
        str(read_service.desk.ledger.operator),
        "2026-09-21",
        "screened by a model and not flagged",
        "block 1",
        "embedded (operator's word)",
        "score 20 of 100, with no outcome settled yet; no open dispute; no proven fraud",
        "Not asked: the record answers",
        "What this does not show",
    ):
        assert said in text, said


def test_a_copy_is_told_with_its_distance_and_the_detectors_word_apart(read_service: Service) -> None:
    text = answer(read_service, COPY).text
    assert "something very close is on record" in text
    assert re.search(r"\d+ of the 256 bits", text) or "none of the 256 bits" in text
    assert "Signs of forgery: none found" in text
    assert "from 0.40 a person looks; from 0.80 this gate refuses" in text


def test_a_stranger_is_no_record_and_nothing_more(idle_service: Service) -> None:
    text = answer(idle_service, PHOTO).text
    assert "No record" in text
    assert "That says nothing about the file" in text
    assert "Not flagged is not proof" in text


@pytest.mark.parametrize(
    ("screening", "said"),
    [
        (prediction(0.95), "Signs of forgery: very strong"),
        (prediction(0.6), "Signs of forgery: moderate"),
        (prediction(0.1, coverage=0.2), "This gate would ask a person: too little of the clip shows a face."),
        (abstention(), "Not judged: there is no face in it"),
        (abstention(), "There is no number where there is no basis for one. This gate would ask a person."),
    ],
)
def test_the_detectors_word_has_its_band_or_its_reason(service: Service, screening: object, said: str) -> None:
    service.desk.detector.screening = screening
    page = answer(service, PHOTO)
    assert said in page.text
    assert "No record" in page.text, "the headline is the registry's, whatever the detector says"


def test_a_digest_alone_is_answered_and_offers_the_upload(idle_service: Service) -> None:
    page = by_digest(idle_service, "0" * 64)
    assert "No record of these exact bytes" in page.text
    assert "Not asked: only the SHA-256 was sent" in page.text
    assert any(attrs.get("id") == "upload" for _, attrs in page.tags)


def test_a_recorded_digest_needs_no_upload(read_service: Service) -> None:
    page = by_digest(read_service, DIGEST.hex)
    assert "These exact bytes are on record" in page.text
    assert not any(attrs.get("id") == "upload" for _, attrs in page.tags)


def test_a_revoked_record_is_the_headline(recorded: Service) -> None:
    revoke(recorded.desk.ledger, DIGEST, reason="")
    assert "the record was revoked" in answer(recorded, PHOTO).text


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"a letter", 415, "Not a supported kind of media"),
        (PHOTO[:2000], 422, "This file cannot be decoded"),
        (bytes(MAX_UPLOAD_BYTES + 1), 413, "This file is over a limit"),
    ],
)
@pytest.mark.parametrize("route", ["/", "/answer"])
def test_wrong_input_is_told_in_words(idle_service: Service, route: str, data: bytes, status: int, said: str) -> None:
    reply = idle_service.client.post(route, files={"file": ("x", data, "image/jpeg")})
    assert reply.status_code == status
    assert said in Text(reply.text).text


def test_a_form_without_a_file_asks_for_one(idle_service: Service) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--b--\r\n'
    reply = idle_service.client.post("/", content=body, headers=headers)
    assert reply.status_code == 400
    assert "Choose a file first" in reply.text


def test_a_hostile_file_name_is_text(idle_service: Service) -> None:
    page = answer(idle_service, PHOTO, name="<img src=x onerror=alert(1)>.jpg")
    assert not any(tag == "img" and attrs.get("src") == "x" for tag, attrs in page.tags)
    assert "<img src=x onerror=alert(1)>.jpg" in page.text


# -- rows ----------------------------------------------------------------------------------------------------------


def rows_of(
    found: Record | None, reputation: Reputation | None = None, *matches: Match, dispute: Dispute | None = None
) -> str:
    result = VerificationResult.SIMILAR if matches else VerificationResult.EXACT
    standing = found.standing if found else None
    reasons = reasons_of(found) if found else ()
    verification = Verification(digest(), result, standing, found, matches, reasons, "network")
    return " | ".join(f"{row.label}: {row.text}" for row in registry_rows(verification, reputation, dispute, ENGLISH))


def test_a_private_record_shows_no_cid() -> None:
    assert "kept private" in rows_of(replace(record(), visibility=Visibility.PRIVATE))


def test_a_record_without_levels_says_so() -> None:
    assert "neither screened nor reviewed" in rows_of(replace(record(), levels=Level(0)))


def test_a_network_is_not_called_an_operators_word() -> None:
    assert "network (anybody can ask it)" in rows_of(record())


def test_a_bad_reputation_is_told_whole() -> None:
    text = rows_of(record(), Reputation(150, 2_500_000, 2, 3, 20_000))
    assert "score 2 of 100, on 2.5 settled outcomes; 2 open disputes; 3 proven frauds, the last on 2024-10-04" in text


def test_a_turned_copy_says_how() -> None:
    match = Match(digest(), 12, PDQ256, Transform.FLIP_Y, "hash")
    assert "12 of the 256 bits" in rows_of(record(), None, match)
    assert "mirrored left to right" in rows_of(record(), None, match)


def test_an_open_challenge_is_told_with_its_reason_and_the_record_stays_readable() -> None:
    dispute = Dispute(ALICE, NOW, DisputeReason.DEPICTED_PERSON, bond_wei=0)
    text = rows_of(record(standing=Standing.DISPUTED), dispute=dispute)
    assert "Contested: by somebody whom it shows; since 2026-09-21" in text
    assert "Put on record by" in text


def test_others_words_and_links_are_told() -> None:
    words = (Attestation(ALICE, Level.THIRD_PARTY, ZERO_32, NOW), Attestation(BOB, Level.REVIEWER, ZERO_32, NOW))
    linked = replace(record(), attestations=words, superseded_by=digest("new"), derived_from=(digest("old"),))
    text = rows_of(linked)
    for said in (
        f"Vouched for: by {ALICE}, on 2026-09-21",
        f"Vouched for: by the reviewer {BOB}",
        f"Replaced by the record of: {digest('new')}",
        f"Made from the record of: {digest('old')}",
        "Its uploader has named a later record in its place",
    ):
        assert said in text, said
    assert "let in by a person" not in text, "a reviewer's later word is no way in"


def test_a_quorum_of_one_operator_and_a_gate_in_other_hands_are_told() -> None:
    gates = (RecordGate(ALICE, BOB, is_suspect=True), RecordGate(BOB, BOB, is_suspect=False))
    text = rows_of(replace(record(), gates=gates))
    for said in (
        "2 gates let it in; how many operators run them: 1",
        "run by one operator: no second opinion",
        f"Gate whose key was in other hands: {ALICE}",
        "That gate's verdict is worth nothing",
    ):
        assert said in text, said


def test_a_disputed_record_is_told_on_the_page(recorded: Service) -> None:
    recorded.desk.ledger.dispute(DIGEST, reason=DisputeReason.RIGHTS, reason_hash=ZERO_32)
    text = answer(recorded, PHOTO).text
    assert "and the record is disputed" in text
    assert "as somebody else's work" in text
