"""What only a network can do to a ledger: be away, be another one, change its mind, take its time."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from web3 import Web3

from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.endpoint import endpoint_name
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.jsonrpc import NetworkHome, connect, open_network
from registry.errors import LedgerError, LedgerMismatchError, LedgerUnavailableError
from registry.model import Address, Registration
from tests.ledgers import ANVIL, Roles, admission_of, anvil, new_key, on_anvil, registration_of

pytestmark = pytest.mark.node  # all of it speaks over loopback

WAIT_S = 10.0  # a node includes within milliseconds


def open_as(roles: Roles, home: NetworkHome, events_file: Path) -> EthereumLedger:
    return open_network(
        home,
        recorder=roles.recorder,
        arbiter=roles.arbiter,
        manifests=BlockStore(events_file.parent / "content"),
        events_file=events_file,
    )


def open_at(url: str, tmp_path: Path) -> EthereumLedger:
    """Open an endpoint where no network is."""
    return open_as(Roles(), NetworkHome(url, 31337, Address(b"\x01" * 20), b"\x02" * 32), tmp_path / "nowhere.sqlite3")


class Broken(BaseHTTPRequestHandler):
    """Answers every request with the same bytes."""

    status = 200
    body = b"hello"

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def broken() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Broken)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    if not ANVIL.exists():
        pytest.skip(f"no {ANVIL}; run npm ci")
    with anvil() as url:
        yield url


@pytest.fixture
def roles() -> Roles:
    return Roles()


@pytest.fixture
def opened(node: str, roles: Roles, tmp_path: Path) -> Iterator[tuple[EthereumLedger, NetworkHome]]:
    ledger, home = on_anvil(node, roles, tmp_path / "events.sqlite3")
    yield ledger, home
    ledger.close()


@pytest.fixture
def ledger(opened: tuple[EthereumLedger, NetworkHome]) -> EthereumLedger:
    return opened[0]


@pytest.fixture
def home(opened: tuple[EthereumLedger, NetworkHome]) -> NetworkHome:
    return opened[1]


@pytest.fixture
def registration(ledger: EthereumLedger, roles: Roles) -> Registration:
    uploader, now = new_key(), SystemClock().now()
    return registration_of(ledger.info, admission_of(uploader, now=now), gate=roles.gate, uploader=uploader, now=now)


def test_an_endpoint_that_nobody_answers_is_unavailable(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(LedgerUnavailableError):
        open_at(url, tmp_path)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_endpoint_that_answers_with_a_fault_is_unavailable(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(Broken, "status", status)
    with pytest.raises(LedgerUnavailableError):
        open_at(broken, tmp_path)


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"{}", b"null", b'{"jsonrpc":"2.0","id":0,"result":"x"}'])
def test_an_endpoint_that_does_not_speak_json_rpc_is_a_ledger_error(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(Broken, "body", body)
    with pytest.raises(LedgerError):
        open_at(broken, tmp_path)


def test_messages_name_the_endpoint_without_its_key(tmp_path: Path) -> None:
    assert endpoint_name("https://user:secret@node.example:8545/v3/0123abc?key=secret") == "node.example:8545"
    with pytest.raises(LedgerUnavailableError) as caught:
        open_at("http://user:secret@127.0.0.1:1/v3/secret", tmp_path)
    assert "secret" not in str(caught.value)


def test_another_chain_is_refused(home: NetworkHome, roles: Roles, tmp_path: Path) -> None:
    with pytest.raises(LedgerMismatchError, match="chain id"):
        open_network(
            replace(home, chain_id=1),
            recorder=roles.recorder,
            arbiter=roles.arbiter,
            manifests=BlockStore(tmp_path / "content"),
            events_file=tmp_path / "e",
        )


def test_another_installation_is_refused(home: NetworkHome, roles: Roles, tmp_path: Path) -> None:
    other = replace(home, instance_id=secrets.token_bytes(32))
    with pytest.raises(LedgerMismatchError, match="instance id"):
        open_as(roles, other, tmp_path / "other.sqlite3")


def test_an_address_without_a_contract_is_refused(home: NetworkHome, roles: Roles, tmp_path: Path) -> None:
    nowhere = replace(home, contract=Address(secrets.token_bytes(20)))
    with pytest.raises(LedgerMismatchError, match="no code"):
        open_as(roles, nowhere, tmp_path / "other.sqlite3")


def test_a_contract_that_is_another_one_is_a_ledger_error(home: NetworkHome, roles: Roles, tmp_path: Path) -> None:
    stranger = Address(secrets.token_bytes(20))
    account = Web3.to_checksum_address(stranger.hex)
    connect(home.url).provider.make_request("anvil_setCode", [account, "0x00"])  # STOP: answers nothing to any call
    with pytest.raises(LedgerError):
        open_network(
            replace(home, contract=stranger),
            recorder=roles.recorder,
            arbiter=roles.arbiter,
            manifests=BlockStore(tmp_path / "content"),
            events_file=tmp_path / "e",
        )


def test_events_that_a_reorganisation_took_back_are_gone_and_those_after_it_are_there(
    ledger: EthereumLedger, home: NetworkHome, registration: Registration
) -> None:
    provider = connect(home.url).provider
    snapshot = provider.make_request("evm_snapshot", [])["result"]
    transaction = ledger.prepare(registration)
    ledger.submit(transaction)
    before = ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S)
    assert before is not None
    assert [event.inclusion for event in ledger.events()] == [before]

    provider.make_request("evm_revert", [snapshot])
    assert ledger.inclusion(transaction.tx_hash) is None
    assert not ledger.is_final(before)
    assert ledger.find(registration.admission.digest) is None
    assert list(ledger.events()) == []

    provider.make_request("evm_mine", [])
    ledger.submit(transaction)
    after = ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S)
    assert after is not None
    assert after.block_hash != before.block_hash
    assert [event.inclusion for event in ledger.events()] == [after]


def test_an_inclusion_is_final_after_the_confirmations_that_were_asked_for(
    opened: tuple[EthereumLedger, NetworkHome], roles: Roles, registration: Registration, tmp_path: Path
) -> None:
    home = replace(opened[1], finality=3)
    careful = open_as(roles, home, tmp_path / "careful.sqlite3")
    provider = connect(home.url).provider
    transaction = careful.prepare(registration)
    careful.submit(transaction)
    inclusion = careful.inclusion(transaction.tx_hash, wait_s=WAIT_S)
    assert inclusion is not None
    assert not careful.is_final(inclusion)
    provider.make_request("evm_mine", [])
    assert not careful.is_final(inclusion)
    provider.make_request("evm_mine", [])
    assert careful.is_final(inclusion)
    careful.close()


def test_a_waiting_transaction_is_known_when_sent_again_and_replaced_under_its_own_nonce(
    ledger: EthereumLedger, home: NetworkHome, registration: Registration
) -> None:
    provider = connect(home.url).provider
    provider.make_request("evm_setAutomine", [False])
    try:
        waiting = ledger.prepare(registration)
        ledger.submit(waiting)
        ledger.submit(waiting)
        assert ledger.inclusion(waiting.tx_hash) is None
        replacement = ledger.prepare(registration, replaces=waiting)
        ledger.submit(replacement)
        provider.make_request("evm_mine", [])
        assert ledger.inclusion(replacement.tx_hash, wait_s=WAIT_S) is not None
        assert ledger.inclusion(waiting.tx_hash) is None
    finally:
        provider.make_request("evm_setAutomine", [True])
