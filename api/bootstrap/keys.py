"""The keys of a home, and of others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from api.settings import Settings
from registry.adapters.keystore import Keyring, KeystoreSigner, load_or_create_keyring, random_password_file
from registry.errors import InvalidValueError, SignerError
from registry.ports import Signer

AskPassword = Callable[[bool], str | None]
"""Asks a person for the key password; told whether keys are being made. Nothing means: make a random one."""


def nobody(_making: bool) -> str | None:
    """Answer for a person who is not there."""
    return None


def bearer_token(settings: Settings) -> str:
    """Return the token that registering in the operator's name, reviewing and revoking over HTTP need.

    Made on first run: 256 random bits in a file that only this account reads.
    """
    return random_password_file(settings.home / "bearer-token")


def open_keyring(settings: Settings, ask_password: AskPassword) -> Keyring:
    """Return the four keys of this home, made on first run.

    Raises:
        SignerError: the password is missing or does not open them.
    """
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory = settings.home / "keys"
    making = not directory.exists()
    # Asked once for all four keys, and only when one is made or first signs: reading needs no password.
    return load_or_create_keyring(directory, cache(lambda: key_password(settings, ask_password, making=making)))


def open_key(path: Path, password: str) -> Signer:
    """Return the key of a keystore file that is none of this home's, such as an attester's.

    Raises:
        InvalidValueError: no such file, not a keystore, or the password does not open it.
    """
    try:
        return KeystoreSigner.open(path, password)
    except SignerError as exc:  # a person named the file: that is no fault of this installation
        raise InvalidValueError(str(exc)) from exc


def create_key(path: Path, password: str) -> Signer:
    """Return a new random key, kept in a keystore file that only this account reads.

    Raises:
        SignerError: it cannot be written.
    """
    return KeystoreSigner.open_or_create(path, password)


def key_password(settings: Settings, ask_password: AskPassword, *, making: bool) -> str:
    """Return the password of this home's keys: from the configured file, else asked for, else the one kept beside them.

    Raises:
        SignerError: there is none, and nobody to be asked.
    """
    if settings.key_password_file is not None:
        try:
            return settings.key_password_file.read_text(encoding="utf-8").splitlines()[0]
        except (OSError, IndexError) as exc:
            raise SignerError(f"expected a password in {settings.key_password_file}: {exc}") from exc
    kept = settings.home / "key-password"
    if not kept.exists() and (given := ask_password(making)):
        return given
    if kept.exists() or making:
        return random_password_file(kept)
    raise SignerError("the keys are locked: set TOUCHSTONE_KEY_PASSWORD_FILE, or run this where it can ask")
