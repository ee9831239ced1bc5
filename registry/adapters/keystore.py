"""Keys at rest: encrypted keystore files (Web3 Secret Storage, version 3) behind the `Signer` port."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.exceptions import ValidationError

from registry.errors import SignerError
from registry.model import Address, SignedTransaction

# scrypt with n = 2^15, r = 8, p = 1: 32 MiB and 0.08 s a key, which a command can stand at each start.
# The library's own 2^18 costs 0.6 s a key; a random 256-bit password needs neither.
SCRYPT_N = 1 << 15
NOT_A_KEYSTORE = (OSError, ValueError, KeyError, TypeError, AttributeError, NotImplementedError, ValidationError)
ROLES = ("gate", "recorder", "arbiter", "admin")


class KeystoreSigner:
    """One key, opened from its keystore and held in memory; its text shows the address only."""

    __slots__ = ("_account", "_address")

    def __init__(self, private_key: bytes) -> None:
        self._account: LocalAccount = Account.from_key(private_key)
        self._address = Address.from_hex(self._account.address)

    @classmethod
    def open(cls, path: Path, password: str) -> Self:
        """Return the signer whose key the keystore file holds.

        Raises:
            SignerError: no such file, not a keystore, or the password does not open it.
        """
        try:
            return cls(bytes(Account.decrypt(path.read_text(encoding="utf-8"), password)))
        except FileNotFoundError as exc:
            raise SignerError(f"expected a keystore at {path}, found none") from exc
        except NOT_A_KEYSTORE as exc:
            # `from None`: the library's messages are not ours to vouch for where a secret is near
            raise SignerError(f"{path} does not open: expected a keystore and its password ({_kind(exc)})") from None

    @classmethod
    def open_or_create(cls, path: Path, password: str) -> Self:
        """Return the signer of the keystore at ``path``, made with a random key (file mode 0600) if there is none.

        Raises:
            SignerError: there is one that does not open, or none can be written.
        """
        if not path.exists():
            keystore = Account.encrypt(secrets.token_bytes(32), password, kdf="scrypt", iterations=SCRYPT_N)
            _write_once(path, json.dumps(keystore))
        return cls.open(path, password)

    @property
    def address(self) -> Address:
        """The key's account."""
        return self._address

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """Return the 65-byte low-s signature r ‖ s ‖ v over a full EIP-712 message.

        Raises:
            SignerError: the message is not well-formed EIP-712.
        """
        try:
            signed = self._account.sign_message(encode_typed_data(full_message=dict(typed_data)))
        except (ValueError, TypeError, KeyError) as exc:
            raise SignerError(f"expected a full EIP-712 message: {exc}") from exc
        return bytes(signed.signature)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Return the signed raw transaction for an ``eth_sendTransaction``-shaped mapping with all fields filled.

        Raises:
            SignerError: a field is missing or of the wrong type.
        """
        try:
            signed = self._account.sign_transaction(dict(transaction))
            return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash), int(transaction["nonce"]))
        except (ValueError, TypeError, KeyError) as exc:
            raise SignerError(f"expected a transaction with all fields filled: {exc}") from exc

    def __repr__(self) -> str:
        return f"KeystoreSigner({self._address})"


class LockedSigner:
    """A key that stays encrypted until it first signs; its address is known before, so reading needs no password."""

    def __init__(self, path: Path, password: Callable[[], str]) -> None:
        """Read the address of the keystore at ``path``; ``password`` is asked for at the first signature.

        Raises:
            SignerError: no such file, or not a keystore.
        """
        self._path = path
        self._password = password
        self._address = _address_in(path)

    @property
    def address(self) -> Address:
        """The key's account."""
        return self._address

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """Return the 65-byte low-s signature r ‖ s ‖ v over a full EIP-712 message.

        Raises:
            SignerError: the key does not open, or the message is not well-formed EIP-712.
        """
        return self._opened.sign_typed_data(typed_data)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Return the signed raw transaction for an ``eth_sendTransaction``-shaped mapping with all fields filled.

        Raises:
            SignerError: the key does not open, or a field is missing or of the wrong type.
        """
        return self._opened.sign_transaction(transaction)

    @cached_property
    def _opened(self) -> KeystoreSigner:
        signer = KeystoreSigner.open(self._path, self._password())
        if signer.address != self._address:  # the address stands in clear beside the encrypted key
            raise SignerError(f"{self._path} says {self._address}, its key is of {signer.address}")
        return signer

    def __repr__(self) -> str:
        return f"LockedSigner({self._address})"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The four keys of one installation.

    Attributes:
        gate: signs verdicts.
        recorder: sends the transactions and seals receipts; its address is the operator's.
        arbiter: rules on disputes and revokes.
        admin: holds the roles.
    """

    gate: LockedSigner
    recorder: LockedSigner
    arbiter: LockedSigner
    admin: LockedSigner


def load_or_create_keyring(directory: Path, password: Callable[[], str]) -> Keyring:
    """Return the four keys kept in ``directory``, made together if it does not exist: all four or none.

    Args:
        directory: of the four keystores.
        password: asked for when keys are made, and when one first signs.

    Raises:
        SignerError: a key is missing, or the directory cannot be written.
    """
    if not directory.exists():
        _create_keyring(directory, password())
    keys = {role: LockedSigner(directory / f"{role}.json", password) for role in ROLES}
    return Keyring(**keys)


def successor_key(directory: Path, role: str, password: Callable[[], str]) -> LockedSigner:
    """Return the key that will take a role's place, made with a random key if there is none yet.

    Args:
        directory: of the keyring.
        role: a key of `ROLES`.
        password: of the keyring's keys.

    Raises:
        SignerError: it cannot be written or read.
    """
    path = directory / f"{role}.next.json"
    if not path.exists():
        KeystoreSigner.open_or_create(path, password())
    return LockedSigner(path, password)


def promote_successor(directory: Path, role: str) -> None:
    """Let the next key of a role take its place; the former one is kept beside it under its address.

    The link is made before the rename, so that a kill leaves the former key or the next one in place, never none.

    Raises:
        SignerError: there is no next key, or the directory cannot be written.
    """
    path, following = directory / f"{role}.json", directory / f"{role}.next.json"
    former = directory / f"{role}.{_address_in(path).hex}.json"
    try:
        if not former.exists():
            os.link(path, former)
        following.replace(path)
        _sync_directory(directory)
    except OSError as exc:
        raise SignerError(f"the next {role} key cannot take its place in {directory} ({_kind(exc)})") from exc


def random_password_file(path: Path) -> str:
    """Return the password kept at ``path``, made of 256 random bits (file mode 0600) if there is none.

    Raises:
        SignerError: the file is open to others, empty, or cannot be read or written.
    """
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(32) + "\n")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        password = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as exc:
        raise SignerError(f"the password file {path} cannot be read ({_kind(exc)})") from exc
    if mode & 0o077:
        raise SignerError(f"expected the password file {path} to be closed to others (mode 0600), got {mode:04o}")
    if not password:
        raise SignerError(f"expected a password in {path}, got an empty file")
    return password


def _address_in(path: Path) -> Address:
    try:
        return Address.from_hex(json.loads(path.read_text(encoding="utf-8"))["address"])
    except FileNotFoundError as exc:
        raise SignerError(f"expected a keystore at {path}, found none") from exc
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise SignerError(f"expected a keystore at {path}, got something else ({_kind(exc)})") from exc


def _create_keyring(directory: Path, password: str) -> None:
    """Write four keystores beside ``directory`` and rename the whole: a kill leaves all of them or none."""
    draft = directory.with_name(f"{directory.name}.{secrets.token_hex(8)}.tmp")
    try:
        draft.mkdir(mode=0o700, parents=True)
        for role in ROLES:
            KeystoreSigner.open_or_create(draft / f"{role}.json", password)
        _sync_directory(draft)
        try:
            draft.rename(directory)
        except OSError:
            if not directory.exists():
                raise
            shutil.rmtree(draft)  # another process was first: its keys are the installation's
        _sync_directory(directory.parent)
    except OSError as exc:
        raise SignerError(f"the keys cannot be written to {directory} ({_kind(exc)})") from exc


def _write_once(path: Path, text: str) -> None:
    """Write a new file durably, whole or not at all, readable by its owner only; an existing one stays."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, path)  # unlike a rename, this never replaces a file that another process made meanwhile
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        _sync_directory(path.parent)
    except OSError as exc:
        raise SignerError(f"{path} cannot be written ({_kind(exc)})") from exc


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _kind(exc: BaseException) -> str:
    return type(exc).__name__
