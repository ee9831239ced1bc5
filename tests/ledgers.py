"""What tests of ledgers share: a clock that is set, keys made on the spot, and registrations with real signatures."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from web3 import Web3

from registry.adapters.blocks import BlockStore
from registry.adapters.deployment import ContractArguments, deploy
from registry.adapters.embedded import open_embedded
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.jsonrpc import NetworkHome, connect, open_network
from registry.adapters.keystore import KeystoreSigner
from registry.eip712 import Domain, intent_message, rotation_message, statement_message, verdict_message
from registry.model import (
    ZERO_32,
    Act,
    Admission,
    Digest,
    GateVerdict,
    KeyRotation,
    LedgerInfo,
    Level,
    Opinion,
    Registration,
    SignedIntent,
    SignedKeyRotation,
    SignedStatement,
    Statement,
    UploadIntent,
    Visibility,
)
from registry.ports import Clock, Signer
from tests.peers.nodes import give

ANVIL = Path("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
HOUR_S = 3600


def new_key() -> KeystoreSigner:
    return KeystoreSigner(secrets.token_bytes(32))


@dataclass
class SetClock:
    """A clock that stands where it is put."""

    seconds: int = 1_800_000_000

    def now(self) -> int:
        return self.seconds


@dataclass(frozen=True)
class Roles:
    gate: KeystoreSigner = field(default_factory=new_key)
    recorder: KeystoreSigner = field(default_factory=new_key)
    arbiter: KeystoreSigner = field(default_factory=new_key)
    admin: KeystoreSigner = field(default_factory=new_key)

    def arguments(self) -> ContractArguments:
        return ContractArguments(
            instance_id=secrets.token_bytes(32),
            admin=self.admin.address,
            guardian=self.admin.address,
            arbiter=self.arbiter.address,
            operator=self.recorder.address,
            gates=(self.gate.address,),
        )


def embedded(directory: Path, roles: Roles, clock: Clock) -> EthereumLedger:
    return open_embedded(
        directory,
        recorder=roles.recorder,
        arbiter=roles.arbiter,
        admin=roles.admin,
        gates=(roles.gate.address,),
        manifests=BlockStore(directory.parent / "content"),
        clock=clock,
    )


def admission_of(uploader: Signer, *, now: int, digest: Digest | None = None) -> Admission:
    return Admission(
        digest=digest or Digest(secrets.token_bytes(32)),
        fingerprint_hash=secrets.token_bytes(32),
        content_hash=secrets.token_bytes(32),
        kind=1,
        uploader=uploader.address,
        policy_id=b"\x07" * 32,
        levels=Level.GATE | Level.UPLOADER,
        earns_reputation=True,
        deadline=now + HOUR_S,
    )


def registration_of(
    info: LedgerInfo,
    admission: Admission,
    *,
    gate: Signer,
    uploader: Signer,
    visibility: Visibility = Visibility.PUBLIC,
    now: int,
) -> Registration:
    """Return a registration that ``gate`` and, for level UPLOADER, ``uploader`` signed for the installation."""
    domain = Domain.of(info)
    opinion = Opinion(model_id=b"\x09" * 32, band=1, threshold_bps=5000, issued_at=now)
    verdict = GateVerdict(opinion, gate.address, gate.sign_typed_data(verdict_message(domain, admission, opinion)))
    intent = None
    if Level.UPLOADER in admission.levels:
        wish = UploadIntent(
            admission.digest, uploader.address, visibility, ZERO_32, secrets.randbits(256), now + 30 * 24 * HOUR_S
        )
        intent = SignedIntent(wish, uploader.sign_typed_data(intent_message(domain, wish)))
    return Registration(admission, (verdict,), intent, visibility)


def said(info: LedgerInfo, by: Signer, act: Act, digest: Digest, detail: bytes = ZERO_32) -> SignedStatement:
    """Return a statement that ``by`` signed for the installation."""
    statement = Statement(digest, by.address, act, detail, secrets.randbits(256), 2**40)
    return SignedStatement(statement, by.sign_typed_data(statement_message(Domain.of(info), statement)))


def rotation(info: LedgerInfo, old: Signer, new: Signer | None) -> SignedKeyRotation:
    """Return a wish for another key that both keys signed, or with no new one, the veto."""
    wish = KeyRotation(old.address, new.address if new else None, secrets.randbits(256), 2**40)
    message = rotation_message(Domain.of(info), wish)
    return SignedKeyRotation(wish, old.sign_typed_data(message), new.sign_typed_data(message) if new else b"")


def of_operator(admission: Admission, roles: Roles) -> Admission:
    return replace(admission, uploader=roles.recorder.address, levels=Level.GATE)


@contextmanager
def anvil() -> Iterator[str]:
    """Run anvil on a free loopback port and yield its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([ANVIL.resolve(), "--host", "127.0.0.1", "--port", str(port), "--silent"])
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 20
        while not connect(url).is_connected():
            assert process.poll() is None, "anvil ended"
            assert time.monotonic() < until, "anvil does not answer"
        yield url
    finally:
        process.terminate()
        process.wait(10)


def funded(url: str, roles: Roles) -> None:
    """Give all who send transactions 100 ether."""
    signers = (roles.recorder, roles.arbiter, roles.admin)
    give(url, [Web3.to_checksum_address(signer.address.hex) for signer in signers])


def on_anvil(url: str, roles: Roles, events_file: Path) -> tuple[EthereumLedger, NetworkHome]:
    """Deploy a new installation on a running node and open it."""
    funded(url, roles)
    web3, arguments = connect(url), roles.arguments()
    contract = deploy(web3, roles.admin, arguments)
    home = NetworkHome(url, web3.eth.chain_id, contract, arguments.instance_id)
    return open_network(
        home,
        recorder=roles.recorder,
        arbiter=roles.arbiter,
        manifests=BlockStore(events_file.parent / "content"),
        events_file=events_file,
    ), home
