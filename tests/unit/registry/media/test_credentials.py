"""Credentials read in a child: the same answer as outside, and whatever the reader does, the file is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from registry.adapters.c2pa_reader import C2paReader
from registry.media import Decoder, MediaLimits, ReaderSpec
from registry.media.credentials import unpacked
from registry.model import Credentials, CredentialsState
from registry.model.credentials import MAX_ACTIONS, MAX_CODES, MAX_TEXT
from tests.content_credentials import PHOTO, TRUST, signed, tampered

HOSTILE = "tests.unit.registry.media.hostile_readers:HostileReader"


@pytest.fixture(scope="module")
def trusting() -> Iterator[Decoder]:
    with Decoder(credentials_reader=TRUST) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def hostile() -> Iterator[Decoder]:
    with Decoder(MediaLimits(wall_s=1.0, memory_bytes=1 << 30), credentials_reader=ReaderSpec(HOSTILE)) as decoder:
        yield decoder


def asked(decoder: Decoder, word: str) -> Credentials:
    found = decoder.credentials(io.BytesIO(b"\xff\xd8\xff" + word.encode()))
    assert found is not None
    return found


@pytest.mark.parametrize("data", [PHOTO, signed(), tampered(signed()), signed(remote_url="http://127.0.0.1:9/x")])
def test_a_child_reads_what_the_library_reads(trusting: Decoder, data: bytes) -> None:
    assert trusting.credentials(io.BytesIO(data)) == C2paReader(**TRUST.options)(io.BytesIO(data), "jpeg")


def test_without_a_reader_nothing_is_said(decoder: Decoder) -> None:
    assert decoder.credentials(io.BytesIO(signed())) is None


def test_bytes_that_are_no_media_have_no_readable_credentials(trusting: Decoder) -> None:
    for data in (b"", b"a letter", b"II*\x00"):
        found = trusting.credentials(io.BytesIO(data))
        assert found is not None
        assert found.state is CredentialsState.UNREADABLE


def test_a_file_over_the_limit_is_unreadable_and_not_an_error(tmp_path: Path) -> None:
    with Decoder(MediaLimits(max_upload_bytes=100), credentials_reader=TRUST) as small:
        found = small.credentials(io.BytesIO(signed()))
    assert found is not None
    assert "max_upload_bytes" in (found.detail or "")


def test_a_file_that_is_not_there_is_an_error(trusting: Decoder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        trusting.credentials(tmp_path / "nothing.jpg")


@pytest.mark.parametrize(
    ("word", "detail"),
    [
        ("hang", "killed after wall_s = 1 s"),
        ("segfault", "exit code -11"),
        ("abort", "exit code -6"),
        ("memory", "of memory"),
        ("bug", "planted"),
        ("call", "Too many open files"),
        ("open", "Too many open files"),
        ("flood", "more than 1048576"),
        ("depth", "expected 1 to 16"),
        ("time", "expected -62135596800 to"),
        ("shape", "not a file's credentials"),
        ("state", "SPLENDID"),
    ],
)
def test_whatever_the_reader_does_it_is_unreadable_and_files_are_decoded(
    hostile: Decoder, word: str, detail: str
) -> None:
    found = asked(hostile, word)
    assert (found.state, found.codes) == (CredentialsState.UNREADABLE, ("credentials_unreadable",))
    assert detail in (found.detail or "")
    assert hostile.decode(io.BytesIO(PHOTO)).frames[0].rgb.shape == (240, 320, 3)


def test_a_child_that_was_taken_over_sends_no_long_or_active_text(hostile: Decoder) -> None:
    found = asked(hostile, "long")
    [part] = found.ingredients
    for text in (found.title or "", part.title, part.relationship, *part.codes, found.actions[0].name):
        assert len(text) <= MAX_TEXT
        assert text.isprintable()
    assert (len(part.codes), len(found.actions)) == (MAX_CODES, MAX_ACTIONS)


@pytest.mark.parametrize("document", [b"", b"null", b"[]", b"{}", b'{"state": "NONE"}', b"\xff", b'{"state": {}}'])
def test_a_document_that_is_none_of_ours_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        unpacked(document)


def test_credentials_change_no_frame(decoder: Decoder, trusting: Decoder) -> None:
    photo = signed()
    ours, plain = trusting.decode(io.BytesIO(photo)), decoder.decode(io.BytesIO(photo))
    np.testing.assert_array_equal(ours.frames[0].rgb, plain.frames[0].rgb)


def test_a_server_that_is_started_again_keeps_its_trust(trusting: Decoder) -> None:
    trusting.credentials(io.BytesIO(PHOTO))
    server = trusting._server
    assert server is not None
    server[0].kill()
    found = trusting.credentials(io.BytesIO(signed()))
    assert isinstance(found, Credentials)
    assert found.state is CredentialsState.TRUSTED
