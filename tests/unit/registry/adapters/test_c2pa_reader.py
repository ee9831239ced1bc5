"""The C2PA reader on pictures that the test signs itself, and on stores that no library would give."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import c2pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.adapters.c2pa_reader import LIBRARY, C2paReader
from registry.adapters.c2pa_store import UNWALKED_CODE, credentials_of
from registry.model import Credentials, CredentialsState
from registry.model.credentials import MAX_ACTIONS, MAX_CODES, MAX_DEPTH, MAX_INGREDIENTS, MAX_TEXT
from tests.content_credentials import BY_A_MODEL, CAPTURED, NO_TRUST, PHOTO, SIGNER, TRUST, signed, tampered

NOW = 1_790_000_000
UNTRUSTED = "signingCredential.untrusted"
NOT_THESE_BYTES = "assertion.dataHash.mismatch"


def read(data: bytes, *, trusting: bool = True) -> Credentials:
    return C2paReader(**(TRUST if trusting else NO_TRUST).options)(io.BytesIO(data), "jpeg")


@contextmanager
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """Hold a port that counts who comes and what for; it hangs up on each."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    visitor, _ = server.accept()
                except OSError:
                    return
                with visitor:
                    visitor.settimeout(5)
                    heard.append(visitor.recv(1000))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            server.shutdown(socket.SHUT_RDWR)  # wakes the thread, which then ends
            thread.join(10)


def test_a_picture_without_a_manifest_has_none_and_that_is_no_error() -> None:
    assert read(PHOTO) == Credentials(CredentialsState.NONE, LIBRARY)


def test_a_trusted_signer_is_trusted_under_an_anchor_only() -> None:
    photo = signed()
    trusted, unknown = read(photo), read(photo, trusting=False)
    assert (trusted.state, trusted.codes) == (CredentialsState.TRUSTED, ())
    assert (unknown.state, unknown.codes) == (CredentialsState.VALID, (UNTRUSTED,))
    assert trusted.earns_level(NOW)
    assert not unknown.earns_level(NOW)


def test_what_the_manifest_says_is_told_as_its_word() -> None:
    found = read(signed(title="holiday.jpg", generator="a camera"))
    assert (found.title, found.generator, found.signer) == ("holiday.jpg", "a camera 1", SIGNER)
    assert found.issuer == "Touchstone tests"
    assert found.signed_at is None, "no time-stamp authority was asked"
    assert [(action.name, action.source_type) for action in found.actions] == [("c2pa.created", CAPTURED)]
    assert (found.manifests, found.library, found.says_ai) == (1, LIBRARY, False)
    assert read(signed(source_type=BY_A_MODEL)).says_ai


@pytest.mark.parametrize("trusting", [True, False])
def test_a_changed_picture_is_invalid_whoever_signed(trusting: bool) -> None:
    found = read(tampered(signed()), trusting=trusting)
    assert found.state is CredentialsState.INVALID
    assert NOT_THESE_BYTES in found.codes
    assert not found.earns_level(NOW)


def test_a_good_ingredient_is_walked_and_holds() -> None:
    found = read(signed(ingredients=[signed(), PHOTO]))
    assert [(part.title, part.depth, part.codes) for part in found.ingredients] == [
        ("part 0.jpg", 1, ()),
        ("part 1.jpg", 1, ()),
    ]
    assert (found.manifests, found.earns_level(NOW)) == (2, True)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_bad_ingredient_shows_in_a_trusted_file_and_costs_the_level(depth: int) -> None:
    photo = tampered(signed())
    for _ in range(depth):
        photo = signed(ingredients=[photo])
    found = read(photo)
    assert (found.state, found.codes) == (CredentialsState.TRUSTED, ()), "the library says no more of the whole"
    assert [part.codes for part in found.ingredients] == [*[()] * (depth - 1), (NOT_THESE_BYTES,)]
    assert [part.depth for part in found.ingredients] == list(range(1, depth + 1))
    assert not found.earns_level(NOW)


def test_trust_in_an_ingredient_is_the_readers_and_not_its_takers() -> None:
    photo = signed(ingredients=[signed()])  # taken in by somebody who trusted nobody
    assert [part.codes for part in read(photo).ingredients] == [()]
    assert [part.codes for part in read(photo, trusting=False).ingredients] == [(UNTRUSTED,)]


def test_hostile_titles_are_cut_and_made_plain() -> None:
    found = read(signed(title="<script>\x1b[2J\u202e" + "x" * 1_000_000))
    assert found.title == ("<script>[2J" + "x" * 1_000_000)[:MAX_TEXT]


@pytest.mark.parametrize("name", ["bmp", "matroska", "unheard of"])
def test_a_container_without_a_place_for_a_manifest_has_none(name: str) -> None:
    assert C2paReader()(io.BytesIO(PHOTO), name).state is CredentialsState.NONE


def test_bytes_that_the_library_cannot_parse_are_unreadable_and_no_more() -> None:
    found = read(b"\xff\xd8\xff\xe0 nothing that follows")
    assert (found.state, found.codes) == (CredentialsState.UNREADABLE, ("credentials_unreadable",))
    assert found.detail


# -- nothing is fetched: with the slow tests, since the quick ones have no network at all, not even loopback ----------


@pytest.mark.slow
def test_an_address_in_a_file_is_told_and_never_asked() -> None:
    with listener() as (port, heard):
        url = f"http://127.0.0.1:{port}/manifest.c2pa"
        found = read(signed(remote_url=url))
        assert heard == []
    assert (found.state, found.remote_url, found.codes) == (CredentialsState.REMOTE, url, ())


@pytest.mark.slow
def test_no_host_may_be_asked_even_where_fetching_is_on() -> None:
    reader = C2paReader(**NO_TRUST.options)
    reader._settings["verify"]["remote_manifest_fetch"] = True
    with listener() as (port, heard):
        found = reader(io.BytesIO(signed(remote_url=f"http://127.0.0.1:{port}/manifest.c2pa")), "jpeg")
        assert heard == []
    assert found.state is CredentialsState.UNREADABLE
    assert "not permitted" in (found.detail or "")


@pytest.mark.slow
def test_the_listener_would_hear_a_library_that_is_left_to_itself() -> None:
    with listener() as (port, heard):
        photo = signed(remote_url=f"http://127.0.0.1:{port}/manifest.c2pa")
        with (
            c2pa.Context.from_dict({"verify": {"remote_manifest_fetch": True}}) as context,
            pytest.raises(c2pa.C2paError),
        ):
            c2pa.Reader("image/jpeg", io.BytesIO(photo), context=context)
        assert heard
    assert heard[0].startswith(b"GET /manifest.c2pa")


# -- stores that hang together badly -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
FIELDS = ("title", "claim_generator_info", "signature_info", "ingredients", "assertions", "validation_results")


@given(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON), JSON, JSON)
def test_a_store_of_any_shape_is_read(
    label: object, manifest: dict[str, object], results: object, status: object
) -> None:
    store = {
        "validation_state": "Trusted",
        "active_manifest": label,
        "manifests": {str(label): manifest},
        "validation_results": results,
        "validation_status": status,
    }
    assert credentials_of(store, "x").state is CredentialsState.TRUSTED


def store_of(*ingredients: dict[str, object], **manifests: dict[str, object]) -> dict[str, object]:
    active: dict[str, object] = {"ingredients": list(ingredients)}
    return {"validation_state": "Trusted", "active_manifest": "top", "manifests": {"top": active, **manifests}}


def test_a_state_that_nobody_knows_is_an_error() -> None:
    for state in ("Splendid", None, ["Trusted"]):
        with pytest.raises(ValueError, match="validation_state"):
            credentials_of({"validation_state": state}, "x")


def test_manifests_in_a_ring_are_walked_once() -> None:
    store = store_of(
        {"title": "a", "active_manifest": "a"},
        a={"ingredients": [{"title": "b", "active_manifest": "b"}, {"title": "top", "active_manifest": "top"}]},
        b={"ingredients": [{"title": "a again", "active_manifest": "a"}]},
    )
    found = credentials_of(store, "x")
    assert [(each.title, each.depth) for each in found.ingredients] == [("a", 1), ("b", 2), ("a again", 3), ("top", 2)]
    assert found.codes == ()


def test_more_ingredients_than_are_looked_at_cost_the_level() -> None:
    wide = credentials_of(store_of(*({"title": str(number)} for number in range(MAX_INGREDIENTS + 1))), "x")
    assert (len(wide.ingredients), wide.codes) == (MAX_INGREDIENTS, (UNWALKED_CODE,))
    chain = {
        f"m{depth}": {"ingredients": [{"title": str(depth), "active_manifest": f"m{depth + 1}"}]}
        for depth in range(MAX_DEPTH + 1)
    }
    deep = credentials_of(store_of({"title": "first", "active_manifest": "m0"}, **chain), "x")
    assert (len(deep.ingredients), deep.codes) == (MAX_DEPTH, (UNWALKED_CODE,))
    assert not wide.earns_level(NOW)
    assert not deep.earns_level(NOW)


def test_endless_codes_and_actions_are_cut() -> None:
    store = store_of({"title": "a", "validation_status": [{"code": f"c{number}"} for number in range(1000)]})
    top = store["manifests"]["top"]  # type: ignore[index]  # as `store_of` made it
    actions = [{"action": f"a{number}"} for number in range(1000)]
    top["assertions"] = [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]
    found = credentials_of(store, "x")
    assert (len(found.ingredients[0].codes), len(found.actions)) == (MAX_CODES, MAX_ACTIONS)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2024-08-06T21:53:37+00:00", 1_722_981_217), ("yesterday", None), (3, None)]
)
def test_a_time_that_is_none_is_left_out(text: object, seconds: int | None) -> None:
    store = store_of()
    store["manifests"]["top"]["signature_info"] = {"time": text}  # type: ignore[index]  # as `store_of` made it
    assert credentials_of(store, "x").signed_at == seconds
