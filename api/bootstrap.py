"""The composition root: the only place that names concrete adapters."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ValidationError

from api.deps import AdminSide, CosigningSide, GateSide, ReadSide, WriteSide
from api.deps.tokens import client_tokens, token_in
from api.settings import Settings
from detector.inference import GruDetector
from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.cosigner import HttpCosigner
from registry.adapters.deployment import ContractArguments
from registry.adapters.embedded import open_embedded
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.hamming import HammingIndex
from registry.adapters.ipfs import IpfsStore
from registry.adapters.journal import SqliteJournal
from registry.adapters.jsonrpc import NetworkHome, install, open_network, rehearse
from registry.adapters.keystore import (
    ROLES,
    Keyring,
    KeystoreSigner,
    load_or_create_keyring,
    promote_successor,
    random_password_file,
    successor_key,
)
from registry.errors import DetectorError, InvalidValueError, LedgerMismatchError, SignerError
from registry.media import Decoder, MediaLimits
from registry.model import AbstentionReason, Address, Thresholds
from registry.policy import AbstentionMode, AdmissionPolicy
from registry.ports import Detector, Signer
from registry.register import (
    Checker,
    CoGate,
    Examiner,
    Progress,
    Quorum,
    ReceiptFiles,
    Reception,
    Recorder,
    Registrar,
    Spool,
    Stores,
)
from registry.verify import Verifier

AskPassword = Callable[[bool], str | None]
"""Asks a person for the key password; told whether keys are being made. Nothing means: make a random one."""

# With no detector there is no number, so these decide nothing; they only stand in the policy's id.
_NO_MODEL = Thresholds(review_at=0.5, reject_at=0.9)


class Deployment(BaseModel):
    """The file that says which installation on a network a home belongs to; every start compares it with the network.

    Attributes:
        code_hash: Keccak-256 of the contract's code, the immutable parameters in it.
        parameters: what it was born with, for readers; the chain has the last word.
    """

    chain_id: int
    contract: str
    instance_id: str
    first_block: int = 0
    code_hash: str | None = None
    parameters: dict[str, int | str | None] = {}


def nobody(_making: bool) -> str | None:
    """Answer for a person who is not there."""
    return None


@contextmanager
def open_read_side(settings: Settings, ask_password: AskPassword = nobody) -> Iterator[ReadSide]:
    """Yield everything that answers from what is recorded; the first use of a home makes its keys and its chain.

    Raises:
        SignerError: the keys do not open.
        LedgerUnavailableError: the ledger cannot be reached.
        LedgerMismatchError: the network is not the configured one.
    """
    with ExitStack() as stack:
        yield _read_side(settings, open_keyring(settings, ask_password), stack)


@contextmanager
def open_gate_side(settings: Settings, ask_password: AskPassword = nobody) -> Iterator[GateSide]:
    """Yield everything that judges."""
    with ExitStack() as stack:
        yield _gate_side(settings, open_keyring(settings, ask_password), stack)


@contextmanager
def open_write_side(settings: Settings, ask_password: AskPassword = nobody) -> Iterator[WriteSide]:
    """Yield everything that registers."""
    with ExitStack() as stack:
        keys = open_keyring(settings, ask_password)  # one keyring for ledger and gate: the password is asked for once
        yield _write_side(_gate_side(settings, keys, stack), keys)


@contextmanager
def sole_runner(settings: Settings) -> Iterator[bool]:
    """Yield whether this process alone may take up jobs that others left open; held until the end."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.home / "runner.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


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
    return load_or_create_keyring(directory, cache(lambda: _password(settings, ask_password, making=making)))


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


@contextmanager
def open_admin_side(
    settings: Settings, ask_password: AskPassword = nobody, *, dry_run: bool = False
) -> Iterator[AdminSide]:
    """Yield everything that changes who may do what; with ``dry_run`` changes are run on the node and not sent."""
    keys = open_keyring(settings, ask_password)
    directory = settings.home / "keys"
    password = cache(lambda: _password(settings, ask_password, making=False))
    ledger = _ledger(settings, keys)
    try:
        yield AdminSide(
            ledger=ledger,
            governor=ledger.governor(keys.admin, dry_run=dry_run),
            keys={role: getattr(keys, role).address for role in ROLES},
            successor=lambda role: successor_key(directory, role, password).address,
            promote=lambda role: promote_successor(directory, role),
        )
    finally:
        ledger.close()


@dataclass(frozen=True, slots=True)
class DeploymentWishes:
    """What a person may choose of a deployment.

    Attributes:
        delay_s: how long what the admin proposes can be seen before it happens.
        bond_wei: what a first challenge costs.
    """

    delay_s: int
    bond_wei: int


def plan_deployment(settings: Settings, ask_password: AskPassword, wishes: DeploymentWishes) -> dict[str, int | str]:
    """Return what a deployment would do and cost; nothing is sent.

    Raises:
        LedgerMismatchError: no network is configured, or this home has a deployment already.
        LedgerUnavailableError: the network does not answer.
    """
    url, _ = _undeployed(settings)
    return rehearse(url, open_keyring(settings, ask_password).admin, _arguments(settings, ask_password, wishes))


def deploy_contract(settings: Settings, ask_password: AskPassword, wishes: DeploymentWishes) -> Path:
    """Deploy the contract to the configured network, paid by the admin key, and return the file that says so.

    Raises:
        LedgerMismatchError: no network is configured, or this home has a deployment already.
        LedgerUnavailableError: the network does not answer.
        TransactionRevertedError: the network refused.
    """
    url, path = _undeployed(settings)
    arguments = _arguments(settings, ask_password, wishes)
    made = install(url, open_keyring(settings, ask_password).admin, arguments)
    deployment = Deployment(
        chain_id=made.chain_id,
        contract=str(made.contract),
        instance_id="0x" + made.instance_id.hex(),
        first_block=made.first_block,
        code_hash="0x" + made.code_hash.hex() if made.code_hash else None,
        parameters={
            "operator": str(arguments.operator),
            "guardian": str(arguments.guardian),
            "arbiter": str(arguments.arbiter),
            "gate": str(arguments.gates[0]),
            "threshold": arguments.threshold,
            "dispute_bond_wei": arguments.dispute_bond_wei,
            "admin_delay_s": arguments.delay_s,
        },
    )
    partial = path.with_name(path.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(deployment.model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def _undeployed(settings: Settings) -> tuple[str, Path]:
    path = _deployment_path(settings)
    if settings.rpc_url is None:
        raise LedgerMismatchError("expected TOUCHSTONE_RPC_URL, got none: the embedded chain deploys by itself")
    if path.exists():
        raise LedgerMismatchError(f"expected no deployment yet, got {path}")
    return settings.rpc_url, path


def _arguments(settings: Settings, ask_password: AskPassword, wishes: DeploymentWishes) -> ContractArguments:
    keys = open_keyring(settings, ask_password)
    return ContractArguments(
        instance_id=secrets.token_bytes(32),
        admin=keys.admin.address,
        guardian=keys.admin.address,
        arbiter=keys.arbiter.address,
        operator=keys.recorder.address,
        gates=(keys.gate.address,),
        dispute_bond_wei=wishes.bond_wei,
        delay_s=wishes.delay_s,
    )


def _read_side(settings: Settings, keys: Keyring, stack: ExitStack) -> ReadSide:
    # The fork server is started before any thread and before the inference engine.
    decoder = stack.enter_context(Decoder(MediaLimits(max_upload_bytes=settings.max_upload_bytes)))
    ledger = _ledger(settings, keys)
    stack.callback(ledger.close)
    index = HammingIndex(settings.home / "index")
    return ReadSide(
        settings=settings,
        ledger=ledger,
        index=index,
        store=BlockStore(settings.home / "content"),
        journal=SqliteJournal(settings.home / "journal.sqlite"),
        decoder=decoder,
        verifier=Verifier(ledger=ledger, index=index, decoder=decoder),
    )


def _gate_side(settings: Settings, keys: Keyring, stack: ExitStack) -> GateSide:
    read = _read_side(settings, keys, stack)
    detector = _detector(settings)
    examiner = Examiner(
        verifier=read.verifier, ledger=read.ledger, detector=detector, policy=_policy(settings, detector)
    )
    return GateSide(
        read=read,
        examiner=examiner,
        checker=Checker(verifier=read.verifier, examiner=examiner, decoder=read.decoder),
        model_id=detector.model_id if detector else None,
    )


def _write_side(gate: GateSide, keys: Keyring) -> WriteSide:
    read = gate.read
    settings, ledger, journal, decoder = read.settings, read.ledger, read.journal, read.decoder
    clock = SystemClock()
    stores = _stores(settings, read)
    spool = Spool(settings.home / "spool")
    progress = Progress(journal=journal, spool=spool, clock=clock)
    receipts = ReceiptFiles(settings.home / "receipts", info=ledger.info, recorder=keys.recorder, clock=clock)
    quorum = Quorum(
        ledger=ledger,
        gates=(keys.gate,),
        cosigners=_cosigners(settings),
        operator=keys.recorder,
        progress=progress,
        spool=spool,
        clock=clock,
    )
    registrar = Registrar(
        ledger=ledger,
        index=read.index,
        stores=stores,
        journal=journal,
        examiner=gate.examiner,
        decoder=decoder,
        reception=Reception(ledger=ledger, journal=journal, decoder=decoder, stores=stores, spool=spool, clock=clock),
        recorder=Recorder(ledger=ledger, journal=journal, quorum=quorum, progress=progress, clock=clock),
        quorum=quorum,
        progress=progress,
        spool=spool,
        receipts=receipts,
        clock=clock,
    )
    cosigning = _cosigning_side(gate, keys, clock)
    return WriteSide(gate=gate, registrar=registrar, receipts=receipts, cosigning=cosigning)


def _cosigning_side(gate: GateSide, keys: Keyring, clock: SystemClock) -> CosigningSide | None:
    read = gate.read
    file = read.settings.gate_clients_file
    if file is None:
        return None
    cogate = CoGate(
        ledger=read.ledger,
        store=read.store,
        decoder=read.decoder,
        examiner=gate.examiner,
        gate=keys.gate,
        clock=clock,
    )
    return CosigningSide(cogate, client_tokens(file))


def _cosigners(settings: Settings) -> tuple[HttpCosigner, ...]:
    return tuple(
        HttpCosigner(
            each.url,
            gate=Address.from_hex(each.gate),
            token=token_in(each.token_file),
            timeout_s=settings.cosign_timeout_s,
        )
        for each in settings.cosigners
    )


def _stores(settings: Settings, read: ReadSide) -> Stores:
    local = BlockStore(settings.home / "content")
    if settings.ipfs is None:
        return Stores(local=local, published=local)
    return Stores(local=local, published=IpfsStore(local, settings.ipfs, timeout_s=settings.ipfs_timeout_s))


def _ledger(settings: Settings, keys: Keyring) -> EthereumLedger:
    directory = settings.home / "ledger"
    if settings.rpc_url is None:
        return open_embedded(
            directory,
            recorder=keys.recorder,
            arbiter=keys.arbiter,
            admin=keys.admin,
            gates=(keys.gate.address,),
            clock=SystemClock(),
        )
    deployment = _deployment(_deployment_path(settings))
    home = NetworkHome(
        url=settings.rpc_url,
        chain_id=deployment.chain_id,
        contract=Address.from_hex(deployment.contract),
        instance_id=bytes.fromhex(deployment.instance_id.removeprefix("0x")),
        first_block=deployment.first_block,
        confirmations=settings.confirmations,
        code_hash=bytes.fromhex(deployment.code_hash.removeprefix("0x")) if deployment.code_hash else None,
    )
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    events = directory / f"events-{deployment.chain_id}-{deployment.contract}.sqlite"
    return open_network(home, recorder=keys.recorder, arbiter=keys.arbiter, events_file=events)


def _deployment_path(settings: Settings) -> Path:
    return settings.deployment or settings.home / "network.json"


def _deployment(path: Path) -> Deployment:
    try:
        return Deployment.model_validate_json(path.read_bytes())
    except FileNotFoundError as exc:
        raise LedgerMismatchError(
            f"expected {path} to say which contract is ours, found none: `touchstone contract deploy` makes it"
        ) from exc
    except ValidationError as exc:
        raise LedgerMismatchError(f"{path}: expected chain_id, contract and instance_id, got {exc}") from exc


def _detector(settings: Settings) -> Detector | None:
    try:
        return GruDetector.load(settings.model_dir, threads=settings.threads)
    except DetectorError:
        if settings.model_dir is not None:  # asked for by name: silence would hide the mistake
            raise
        return None


def _policy(settings: Settings, detector: Detector | None) -> AdmissionPolicy:
    thresholds = detector.thresholds if isinstance(detector, GruDetector) else _NO_MODEL
    modes = tuple(
        (reason, AbstentionMode(settings.on_no_face) if reason is AbstentionReason.NO_FACE else AbstentionMode.REVIEW)
        for reason in AbstentionReason
    )
    return AdmissionPolicy(thresholds=thresholds, on_abstention=modes)


def _password(settings: Settings, ask_password: AskPassword, *, making: bool) -> str:
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
