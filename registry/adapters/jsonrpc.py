"""A network as ledger: any EVM node that speaks JSON-RPC over HTTP (anvil, Hardhat, geth, an L2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from web3 import HTTPProvider, Web3
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import TxParams

from registry.adapters.contract import ledger_errors
from registry.adapters.deployment import (
    ContractArguments,
    code_hash_at,
    deploy,
    installation_at,
    registry_creation,
    timelock_creation,
)
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.event_table import EventTable
from registry.errors import LedgerMismatchError
from registry.model import Address
from registry.model.identity import require_length
from registry.ports import Signer

TIMEOUT_S = 10.0  # one request; a node that needs longer is down for our purposes


@dataclass(frozen=True, slots=True)
class NetworkHome:
    """Which installation this home belongs to, as its settings say.

    Attributes:
        url: of the node; may hold an access key, so messages name its host only.
        chain_id: EIP-155.
        contract: of the registry.
        instance_id: 32 bytes.
        first_block: where the contract was created, or any block before.
        confirmations: blocks, the including one counted, after which an inclusion is final.
        code_hash: 32 bytes, Keccak-256 of the contract's code; absent in files made before it was kept.
    """

    url: str
    chain_id: int
    contract: Address
    instance_id: bytes
    first_block: int = 0
    confirmations: int = 1
    code_hash: bytes | None = None

    def __post_init__(self) -> None:
        require_length("instance_id", self.instance_id, 32)


def open_network(home: NetworkHome, *, recorder: Signer, arbiter: Signer, events_file: Path) -> EthereumLedger:
    """Return the ledger on the network, after a look whether it is the one that was configured.

    Raises:
        LedgerMismatchError: chain id, instance id or code differ, or no contract stands at the address.
        LedgerUnavailableError: the node does not answer.
    """
    web3 = connect(home.url)
    endpoint = endpoint_name(home.url)
    with ledger_errors(endpoint):
        chain_id = web3.eth.chain_id
    if chain_id != home.chain_id:
        raise LedgerMismatchError(f"expected chain id {home.chain_id} at {endpoint}, got {chain_id}")
    info = installation_at(web3, home.contract, kind="network", endpoint=endpoint)
    if info.instance_id != home.instance_id:
        raise LedgerMismatchError(
            f"expected instance id {home.instance_id.hex()} at {home.contract}, got {info.instance_id.hex()}"
        )
    if home.code_hash is not None:
        found = code_hash_at(web3, home.contract, endpoint=endpoint)
        if found != home.code_hash:
            raise LedgerMismatchError(
                f"expected code with hash {home.code_hash.hex()} at {home.contract}, got {found.hex()}"
            )
    return EthereumLedger(
        web3,
        info,
        endpoint=endpoint,
        recorder=recorder,
        arbiter=arbiter,
        table=EventTable(events_file, chain_id=home.chain_id, contract=home.contract),
        first_block=home.first_block,
        confirmations=home.confirmations,
    )


def install(url: str, admin: Signer, arguments: ContractArguments) -> NetworkHome:
    """Deploy the contract to the network, paid by ``admin``, and return where it stands.

    Raises:
        TransactionRevertedError: the constructor refused the arguments, or the network the transaction.
        LedgerUnavailableError: the node does not answer, or the deployment was not included in time.
    """
    web3 = connect(url)
    endpoint = endpoint_name(url)
    with ledger_errors(endpoint):
        chain_id, first_block = web3.eth.chain_id, web3.eth.block_number
    contract = deploy(web3, admin, arguments, endpoint=endpoint)
    code_hash = code_hash_at(web3, contract, endpoint=endpoint)
    return NetworkHome(url, chain_id, contract, arguments.instance_id, first_block, code_hash=code_hash)


def rehearse(url: str, admin: Signer, arguments: ContractArguments) -> dict[str, int | str]:
    """Return what a deployment would cost its payer, run on the node and not sent.

    The registry is rehearsed with the admin key in its timelock's place, which costs the same gas.

    Raises:
        TransactionRevertedError: the constructor would refuse the arguments.
        LedgerUnavailableError: the node does not answer.
    """
    web3, endpoint = connect(url), endpoint_name(url)
    creations = [registry_creation(web3, arguments, admin=arguments.admin, endpoint=endpoint)]
    if arguments.delay_s is not None:
        creations.insert(0, timelock_creation(web3, arguments, endpoint=endpoint))
    payer = Web3.to_checksum_address(admin.address.hex)
    with ledger_errors(endpoint):
        gas = {
            f"gas_{creation.name}": int(web3.eth.estimate_gas(TxParams({"from": payer, "data": creation.data})))
            for creation in creations
        }
        price_wei = int(web3.eth.gas_price)
        return {
            "network": endpoint,
            "chain_id": web3.eth.chain_id,
            "payer": str(admin.address),
            "balance_wei": int(web3.eth.get_balance(payer)),
            **gas,
            "cost_wei": sum(gas.values()) * price_wei,
        }


def connect(url: str) -> Web3:
    """Return web3 on a node; nothing is asked of it yet."""
    # no retries inside: the caller's job waits durably and tries again
    provider = HTTPProvider(url, request_kwargs={"timeout": TIMEOUT_S}, exception_retry_configuration=None)
    provider.global_ccip_read_enabled = False  # a revert must not make us fetch a URL of its choice (EIP-3668)
    web3 = Web3(provider)
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)  # Clique and some L2s put more into `extraData`
    return web3


def endpoint_name(url: str) -> str:
    """Return the node's name for messages: host and port, without path, query or user."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
