"""Tokens by which installations know one another, read from files at the start."""

from __future__ import annotations

from pathlib import Path

from registry.errors import InvalidValueError

MIN_TOKEN_LENGTH = 32  # 128 bits in hex


def token_in(file: Path) -> str:
    """Return the one token that a file holds.

    Raises:
        InvalidValueError: the file cannot be read, or what it holds could be guessed.
    """
    return _required(file, _text_of(file).strip())


def client_tokens(file: Path) -> tuple[str, ...]:
    """Return the tokens of a file with lines ``NAME TOKEN``; the names are for whoever keeps the file.

    Raises:
        InvalidValueError: the file cannot be read, is empty, has another line, or a token that could be guessed.
    """
    rows = [line.split() for line in _text_of(file).splitlines() if line.strip()]
    if not rows or any(len(row) != 2 for row in rows):
        raise InvalidValueError(f"{file}: expected lines NAME TOKEN")
    return tuple(_required(file, token) for _, token in rows)


def _required(file: Path, token: str) -> str:
    if len(token) < MIN_TOKEN_LENGTH or not (token.isascii() and token.isprintable()):
        raise InvalidValueError(f"{file}: expected a token of at least {MIN_TOKEN_LENGTH} printable ASCII characters")
    return token


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidValueError(f"{file}: expected a text file that this account reads: {exc}") from exc
