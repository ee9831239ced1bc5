"""Keys at rest: closed to others, whole or absent, and never shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from eth_account import Account

from registry import eip712
from registry.adapters import keystore
from registry.adapters.keystore import (
    KeystoreSigner,
    LockedSigner,
    load_or_create_keyring,
    promote_successor,
    random_password_file,
    successor_key,
)
from registry.errors import SignerError

PASSWORD = "correct horse battery staple"


def password() -> str:
    return PASSWORD


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "SCRYPT_N", 2)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_open_refuses_a_wrong_password_and_shows_neither(tmp_path: Path) -> None:
    KeystoreSigner.open_or_create(tmp_path / "key.json", PASSWORD)
    with pytest.raises(SignerError) as caught:
        KeystoreSigner.open_or_create(tmp_path / "key.json", "Tr0ub4dor&3")
    assert "Tr0ub4dor&3" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_open_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SignerError, match="found none"):
        KeystoreSigner.open(tmp_path / "key.json", PASSWORD)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"version": 3}', '{"version": 9, "crypto": {}}', "\x00"])
def test_open_refuses_a_file_that_is_no_keystore(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(SignerError):
        KeystoreSigner.open(tmp_path / "key.json", PASSWORD)


def test_open_or_create_reports_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SignerError):
        KeystoreSigner.open_or_create(tmp_path / "file" / "key.json", PASSWORD)


def test_a_signer_shows_its_address_and_never_its_key() -> None:
    signer = KeystoreSigner(b"\x2a" * 32)
    assert signer.address.hex in repr(signer)
    assert "2a2a2a" not in repr(signer) + str(signer)


def test_sign_transaction_refuses_one_with_a_field_missing() -> None:
    with pytest.raises(SignerError):
        KeystoreSigner(b"\x2a" * 32).sign_transaction({"to": "0x" + "11" * 20, "nonce": 1})


def test_sign_typed_data_refuses_what_is_not_eip712() -> None:
    with pytest.raises(SignerError):
        KeystoreSigner(b"\x2a" * 32).sign_typed_data({"message": "hello"})


def test_a_keystore_is_closed_to_others_and_opens_to_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "key.json"
    made = KeystoreSigner.open_or_create(path, PASSWORD)
    assert KeystoreSigner.open_or_create(path, PASSWORD).address == made.address
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["key.json"]


def test_a_keystore_is_the_standard_format_that_other_wallets_open(tmp_path: Path) -> None:
    signer = KeystoreSigner.open_or_create(tmp_path / "key.json", PASSWORD)
    content = json.loads((tmp_path / "key.json").read_text())
    assert (content["version"], content["crypto"]["kdf"]) == (3, "scrypt")
    assert Account.from_key(Account.decrypt(content, PASSWORD)).address.lower() == signer.address.hex


def test_sign_transaction_gives_hash_and_nonce_of_what_is_signed() -> None:
    signer = KeystoreSigner(b"\x2a" * 32)
    fields = {
        "type": 2,
        "to": "0x" + "11" * 20,
        "data": "0x",
        "value": 0,
        "gas": 21000,
        "nonce": 7,
        "chainId": 1,
        "maxFeePerGas": 2,
        "maxPriorityFeePerGas": 1,
    }
    signed = signer.sign_transaction(fields)
    assert signed.nonce == 7
    assert Account.recover_transaction(signed.raw).lower() == signer.address.hex
    assert len(signed.tx_hash) == 32


def test_a_keyring_with_a_missing_key_is_refused_and_not_mended(tmp_path: Path) -> None:
    load_or_create_keyring(tmp_path / "keys", password)
    (tmp_path / "keys" / "arbiter.json").unlink()
    with pytest.raises(SignerError, match="arbiter"):
        load_or_create_keyring(tmp_path / "keys", password)
    assert not (tmp_path / "keys" / "arbiter.json").exists()


def test_a_keyring_holds_four_keys_and_opens_to_the_same(tmp_path: Path) -> None:
    made = load_or_create_keyring(tmp_path / "keys", password)
    opened = load_or_create_keyring(tmp_path / "keys", password)
    addresses = [made.gate.address, made.recorder.address, made.arbiter.address, made.admin.address]
    assert len(set(addresses)) == 4
    assert [opened.gate.address, opened.recorder.address, opened.arbiter.address, opened.admin.address] == addresses
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]
    assert mode_of(tmp_path / "keys") == 0o700
    assert {mode_of(path) for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_a_keyring_shows_its_addresses_without_a_password(tmp_path: Path) -> None:
    made = load_or_create_keyring(tmp_path / "keys", password)

    def nobody() -> str:
        raise AssertionError("asked for a password to read an address")

    locked = load_or_create_keyring(tmp_path / "keys", nobody)
    assert locked.gate.address == made.gate.address
    assert locked.gate.address.hex in repr(locked)


def test_a_locked_key_signs_as_the_account_it_shows(tmp_path: Path) -> None:
    signer = load_or_create_keyring(tmp_path / "keys", password).gate
    message = eip712.seal_message(eip712.Domain(1, signer.address, bytes(32)), bytes(32))
    assert eip712.recover(message, signer.sign_typed_data(message)) == signer.address


def test_a_keystore_whose_address_was_changed_does_not_sign(tmp_path: Path) -> None:
    load_or_create_keyring(tmp_path / "keys", password)
    path = tmp_path / "keys" / "gate.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "address": "11" * 20}))
    with pytest.raises(SignerError, match="its key is of"):
        load_or_create_keyring(tmp_path / "keys", password).gate.sign_typed_data({})


def test_a_keyring_cut_off_while_it_was_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(directory: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(keystore, "_sync_directory", cut_off)
        load_or_create_keyring(tmp_path / "keys", password)
    assert not (tmp_path / "keys").exists()
    assert load_or_create_keyring(tmp_path / "keys", password).gate


def test_a_keyring_that_another_process_made_meanwhile_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create = keystore._create_keyring
    firsts = []

    def lose_the_race(directory: Path, given: str) -> None:
        create(directory, given)
        firsts.append(load_or_create_keyring(directory, password))
        create(directory, given)

    monkeypatch.setattr(keystore, "_create_keyring", lose_the_race)
    keyring = load_or_create_keyring(tmp_path / "keys", password)
    assert keyring.admin.address == firsts[0].admin.address
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys"]


def test_the_password_file_is_random_closed_and_read_again(tmp_path: Path) -> None:
    first = random_password_file(tmp_path / "password")
    assert random_password_file(tmp_path / "password") == first
    assert random_password_file(tmp_path / "another") != first
    assert len(first) >= 43  # 256 bits in base64
    assert mode_of(tmp_path / "password") == 0o600


def test_a_password_file_open_to_others_is_refused(tmp_path: Path) -> None:
    random_password_file(tmp_path / "password")
    (tmp_path / "password").chmod(0o640)
    with pytest.raises(SignerError, match="0640"):
        random_password_file(tmp_path / "password")


def test_an_empty_password_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").touch(mode=0o600)
    with pytest.raises(SignerError, match="empty"):
        random_password_file(tmp_path / "password")


def test_a_successor_takes_its_roles_place_and_the_former_key_is_kept(tmp_path: Path) -> None:
    ring = load_or_create_keyring(tmp_path / "keys", lambda: "secret")
    with pytest.raises(SignerError, match="gate"):
        promote_successor(tmp_path / "keys", "gate")
    following = successor_key(tmp_path / "keys", "gate", lambda: "secret")
    assert successor_key(tmp_path / "keys", "gate", lambda: "secret").address == following.address
    promote_successor(tmp_path / "keys", "gate")
    assert load_or_create_keyring(tmp_path / "keys", lambda: "secret").gate.address == following.address
    former = LockedSigner(tmp_path / "keys" / f"gate.{ring.gate.address.hex}.json", lambda: "secret")
    assert former.address == ring.gate.address
    assert not (tmp_path / "keys" / "gate.next.json").exists()
