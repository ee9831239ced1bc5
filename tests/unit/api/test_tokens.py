"""Tokens are read whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.deps.tokens import MIN_TOKEN_LENGTH, client_tokens, token_in
from registry.errors import InvalidValueError

GOOD, OTHER = "a" * MIN_TOKEN_LENGTH, "b" * 64


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_every_named_gates_token_is_read(tmp_path: Path) -> None:
    assert client_tokens(written(tmp_path / "f", f"ada {GOOD}\n\n bob\t{OTHER} \n")) == (GOOD, OTHER)


@pytest.mark.parametrize("text", ["", "\n", GOOD, f"ada {GOOD} more", "ada short", f"ada {'é' * 64}", b"\xff\xfe"])
def test_a_file_with_anything_else_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(InvalidValueError):
        client_tokens(written(tmp_path / "f", text))


def test_a_token_is_read_without_its_line_end(tmp_path: Path) -> None:
    assert token_in(written(tmp_path / "f", f"{GOOD}\n")) == GOOD


@pytest.mark.parametrize("text", ["", "short\n", f"{GOOD}\n{GOOD}\n"])
def test_what_is_no_token_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidValueError):
        token_in(written(tmp_path / "f", text))


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="nowhere"):
        token_in(tmp_path / "nowhere")
