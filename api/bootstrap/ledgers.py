"""Which ledger a home uses: the embedded one, or a contract on a network."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from api.settings import Settings
from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.courier import SendingPolicy
from registry.adapters.embedded import open_embedded
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.fees import GWEI, FeePolicy
from registry.adapters.ipfs import IpfsStore
from registry.adapters.jsonrpc import NetworkHome, open_network
from registry.adapters.keystore import Keyring
from registry.errors import LedgerMismatchError
from registry.model import Address


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


def open_ledger(settings: Settings, keys: Keyring) -> EthereumLedger:
    """Return the ledger that this home uses.

    Raises:
        LedgerUnavailableError: it cannot be reached.
        LedgerMismatchError: the network is not the configured one, or no contract is configured.
    """
    directory = settings.home / "ledger"
    local = BlockStore(settings.home / "content")
    manifests = local if settings.ipfs is None else IpfsStore(local, settings.ipfs, timeout_s=settings.ipfs_timeout_s)
    if settings.rpc_url is None:
        return open_embedded(
            directory,
            recorder=keys.recorder,
            arbiter=keys.arbiter,
            admin=keys.admin,
            gates=(keys.gate.address,),
            manifests=manifests,
            clock=SystemClock(),
        )
    deployment = _deployment(deployment_path(settings))
    home = NetworkHome(
        url=settings.rpc_url,
        chain_id=deployment.chain_id,
        contract=Address.from_hex(deployment.contract),
        instance_id=bytes.fromhex(deployment.instance_id.removeprefix("0x")),
        first_block=deployment.first_block,
        finality=settings.confirmations,
        code_hash=bytes.fromhex(deployment.code_hash.removeprefix("0x")) if deployment.code_hash else None,
    )
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    events = directory / f"events-{deployment.chain_id}-{deployment.contract}.sqlite"
    policy = SendingPolicy(fee_policy(settings), settings.stuck_after_s)
    return open_network(
        home,
        recorder=keys.recorder,
        arbiter=keys.arbiter,
        manifests=manifests,
        events_file=events,
        policy=policy,
    )


def fee_policy(settings: Settings) -> FeePolicy:
    """Return what a transaction may cost."""
    cap = settings.max_fee_gwei
    return FeePolicy(None if cap is None else int(cap * GWEI))


def deployment_path(settings: Settings) -> Path:
    """Return where it stands which contract on a network is ours."""
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
