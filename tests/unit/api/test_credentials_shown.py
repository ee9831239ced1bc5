"""Credentials as people and programs see them: beside the answer, in careful words, and never as markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap.credentials import credentials_reader
from api.cli.credentials_words import credentials_lines
from api.schemas import CredentialsOut
from api.settings import Settings
from api.web.credentials_card import of_credentials
from api.web.words import ENGLISH
from registry.errors import InvalidValueError
from registry.media import Decoder, MediaLimits, ReaderSpec
from registry.model import Credentials, CredentialsAction, CredentialsIngredient, CredentialsState, Level
from tests.content_credentials import BY_A_MODEL, KEYS, PHOTO, SIGNER, TRUST, signed, tampered
from tests.unit.api.conftest import Service, serving
from tests.unit.api.test_web_page import Text, answer, by_digest
from tests.unit.registry.register.conftest import Desk

BROKEN = CredentialsIngredient("part.jpg", "componentOf", 2, ("claimSignature.mismatch",))
FULL = Credentials(
    CredentialsState.TRUSTED,
    "reader 1",
    title="holiday.jpg",
    generator="a camera 1",
    signer="Ada",
    issuer="A press agency",
    signed_at=1_722_981_217,
    actions=(CredentialsAction("c2pa.created", BY_A_MODEL),),
    ingredients=(CredentialsIngredient("whole.jpg", "parentOf", 1, ()), BROKEN),
    manifests=2,
)
ADDRESS = Credentials(CredentialsState.REMOTE, "reader 1", remote_url="https://example.org/x.c2pa")


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Decoder(credentials_reader=TRUST) as decoder:
        yield from serving(Desk(tmp_path_factory.mktemp("trusting"), decoder))


def card_of(page: Text) -> str:
    """Return the words from the credentials' card on."""
    return page.text.partition("Does the file bring its own history?")[2]


# -- over HTTP -----------------------------------------------------------------------------------------------------


def test_answers_have_credentials_beside_everything_else(trusting: Service) -> None:
    verification = trusting.ask("/v1/verifications", signed()).json()
    assert (verification["result"], verification["credentials"]["state"]) == ("UNKNOWN", "TRUSTED")
    check = trusting.ask("/v1/checks", tampered(signed())).json()
    assert (check["decision"], check["verification"]["credentials"]["state"]) == ("allow", "INVALID")
    assert "assertion.dataHash.mismatch" in check["verification"]["credentials"]["codes"]
    by_hash = trusting.client.post("/v1/verifications", json={"sha256": "ab" * 32}).json()
    assert by_hash["credentials"] is None


def test_a_registration_tells_what_the_file_brought_and_its_record_bears_the_level(trusting: Service) -> None:
    reply = trusting.register(signed(title="registered.jpg"))
    assert reply.status_code == 201, reply.text
    body = reply.json()
    assert (body["credentials"]["state"], body["credentials"]["title"]) == ("TRUSTED", "registered.jpg")
    assert body["record"]["levels"] == ["GATE", "CREDENTIALS"]


def test_the_object_on_the_wire_holds_every_field() -> None:
    wired = CredentialsOut.of(FULL).model_dump(mode="json")
    assert wired == {
        "state": "TRUSTED",
        "codes": [],
        "detail": None,
        "title": "holiday.jpg",
        "generator": "a camera 1",
        "signer": "Ada",
        "issuer": "A press agency",
        "signed_at": 1_722_981_217,
        "says_ai": True,
        "actions": [{"action": "c2pa.created", "digital_source_type": BY_A_MODEL}],
        "ingredients": [
            {"title": "whole.jpg", "relationship": "parentOf", "depth": 1, "codes": []},
            {"title": "part.jpg", "relationship": "componentOf", "depth": 2, "codes": ["claimSignature.mismatch"]},
        ],
        "ingredients_hold": False,
        "manifests": 2,
        "remote_url": None,
        "library": "reader 1",
    }


# -- at the terminal -----------------------------------------------------------------------------------------------


def test_the_terminal_tells_state_signer_and_the_part_that_fails() -> None:
    text = "\n".join(credentials_lines(FULL))
    for said in (
        "content credentials TRUSTED: they fit this file, by a signer trusted here",
        "signed by: Ada, A press agency, 2024-08-06 21:53 UTC",
        "made with, it says: a camera 1",
        "a trained model made it",
        "from whole.jpg (parentOf)\n",
        "from part.jpg (componentOf): does not hold (claimSignature.mismatch)",
    ):
        assert said in text, said


def test_the_terminal_says_nothing_of_what_was_not_looked_for() -> None:
    assert credentials_lines(None) == []
    [line] = credentials_lines(Credentials(CredentialsState.NONE, "reader 1"))
    assert "says nothing" in line
    assert "address: https://example.org/x.c2pa" in "\n".join(credentials_lines(ADDRESS))
    failed = Credentials(CredentialsState.UNREADABLE, None, codes=("credentials_unreadable",), detail="killed")
    assert "reader: killed" in "\n".join(credentials_lines(failed))


# -- on the page ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (PHOTO, "It brings none"),
        (signed(), "by a signer trusted here"),
        (tampered(signed()), "It brings some that do not hold"),
        (signed(ingredients=[tampered(signed())]), "but a part of it does not hold"),
        (signed(remote_url="http://127.0.0.1:9/x"), "Kept elsewhere, by the file's word"),
        (signed(source_type=BY_A_MODEL), "it says itself that a trained model made it"),
    ],
    ids=["none", "trusted", "changed", "bad part", "remote", "by a model"],
)
def test_the_page_tells_them_on_a_card_of_their_own(trusting: Service, data: bytes, said: str) -> None:
    page = answer(trusting, data)
    assert said in card_of(page)
    assert "It changes neither the registry's answer nor the detector's" in card_of(page)


def test_a_digest_alone_has_a_card_that_says_so(trusting: Service) -> None:
    assert "Not read: only the SHA-256 was sent" in by_digest(trusting, "ab" * 32).text


def test_the_page_shows_a_code_with_plain_words(trusting: Service) -> None:
    found = card_of(answer(trusting, tampered(signed())))
    assert "the file's bytes are not those that were signed (assertion.dataHash.mismatch)" in found
    assert SIGNER in found


def test_markup_in_a_manifest_is_text(trusting: Service) -> None:
    title = "<img src=x onerror=alert(1)>\x1b[31m\u202e" + "x" * 900_000
    data = signed(title=title, generator="<script>alert(2)</script>{{ 7 * 7 }}")
    reply = trusting.client.post("/answer", files={"file": ("a.jpg", data, "image/jpeg")})
    page = Text(reply.text)
    assert not any(tag in {"img", "script"} for tag, _ in page.tags)
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "\x1b" not in reply.text
    assert "\u202e" not in reply.text
    assert len(reply.text) < 20_000, "a title of almost a megabyte is cut"


def test_an_address_in_a_manifest_is_no_link(trusting: Service) -> None:
    page = answer(trusting, signed(remote_url="http://example.org/<b>x.c2pa"))
    assert "http://example.org/" in card_of(page)
    assert not any("example.org" in (value or "") for _, attrs in page.tags for value in attrs.values())


def test_parts_that_fail_are_shown_first_and_a_long_list_is_cut() -> None:
    parts = (*(CredentialsIngredient(f"p{number}", "componentOf", 1, ()) for number in range(30)), BROKEN)
    card = of_credentials(Credentials(CredentialsState.TRUSTED, "x", ingredients=parts), ENGLISH)
    shown = [row.text for row in card.rows]
    assert shown[0].startswith("part.jpg: does not hold; its signature does not fit")
    assert shown[-1] == "and 23 more"
    assert len(shown) == 9


def test_every_state_has_its_words() -> None:
    for state in CredentialsState:
        card = of_credentials(Credentials(state, "x"), ENGLISH)
        assert card.headline
        assert card.lead


def test_no_words_on_credentials_accuse_a_file() -> None:
    told = [text for key, text in ENGLISH.sentences.items() if key.startswith(("credentials.", "code.", "ingredient."))]
    told += [line for state in CredentialsState for line in credentials_lines(Credentials(state, "x"))]
    for text in told:
        assert not re.search(r"tamper|manipulat|fraud|forge|suspicious|proof|proves", text, re.IGNORECASE), text


def test_the_levels_word_is_in_the_catalogue() -> None:
    assert f"level.{Level.CREDENTIALS.name}" in ENGLISH.sentences


# -- settings ------------------------------------------------------------------------------------------------------


def test_anchors_and_configuration_reach_the_reader(tmp_path: Path) -> None:
    usages = tmp_path / "store.cfg"
    usages.write_text("1.3.6.1.5.5.7.3.4\n")
    found = credentials_reader(Settings(home=tmp_path, c2pa_trust_anchors=KEYS / "root.pem", c2pa_trust_config=usages))
    assert found.options == {"trust_anchors": (KEYS / "root.pem").read_text(), "trust_config": usages.read_text()}
    assert credentials_reader(Settings(home=tmp_path)).options == {"trust_anchors": None, "trust_config": None}


@pytest.mark.parametrize(
    "text", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_anchors_that_are_none_are_refused_at_the_start(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "anchors.pem"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InvalidValueError, match="TOUCHSTONE_C2PA_TRUST_ANCHORS"):
        credentials_reader(Settings(home=tmp_path, c2pa_trust_anchors=path))


def test_a_decoder_of_the_composed_reader_reads() -> None:
    spec = credentials_reader(Settings())
    assert isinstance(spec, ReaderSpec)
    with Decoder(MediaLimits(), credentials_reader=spec) as decoder:
        found = decoder.credentials(KEYS / "root.pem")
    assert found is not None
    assert found.state is CredentialsState.UNREADABLE
