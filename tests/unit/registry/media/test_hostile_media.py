"""Crashers, bombs and truncations collected by other projects; only where the shared folder is at hand."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from registry.errors import DecoderFailedError, MediaDecodeError, MediaTooLargeError, UnsupportedMediaError
from registry.media import Decoder
from tests.media_samples import save, textured

HOSTILE = Path(__file__).parents[4].parent / "shared" / "data" / "hostile"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not HOSTILE.is_dir(), reason="the shared folder of media is not beside the checkout"),
]
FILES = sorted(HOSTILE.iterdir()) if HOSTILE.is_dir() else []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:60])
def test_a_hostile_file_ends_in_an_answer_in_time_and_the_server_still_serves(
    decoder: Decoder, tmp_path: Path, path: Path
) -> None:
    server = decoder._server
    began = time.monotonic()
    try:
        answer: object = decoder.decode(path)
    except (UnsupportedMediaError, MediaDecodeError, MediaTooLargeError) as exc:
        answer = exc
    assert answer
    assert time.monotonic() - began < 10
    assert decoder.decode(save(tmp_path / "good.png", textured(1))).frames
    assert decoder._server is server


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:60])
def test_a_hostile_file_is_stripped_or_refused(decoder: Decoder, path: Path) -> None:
    try:
        decoder.strip(path, io.BytesIO())
    except (UnsupportedMediaError, MediaDecodeError, MediaTooLargeError) as exc:
        assert not isinstance(exc, DecoderFailedError)


def test_the_folder_is_not_empty() -> None:
    assert len(FILES) >= 76
