"""A network as ledger: any EVM nodes that speak JSON-RPC over HTTP (anvil, Hardhat, geth, an L2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from web3 import Web3
from web3.exceptions import BlockNotFound, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import TxParams

from registry.adapters.contract import ledger_errors
from registry.adapters.courier import SendingPolicy
from registry.adapters.deployment import (
    ContractArguments,
    code_hash_at,
    deploy,
    installation_at,
    registry_creation,
    timelock_creation,
)
from registry.adapters.endpoint import Endpoint, Expected, endpoint_name
from registry.adapters.ethereum import NO_LIMITS, EthereumLedger
from registry.adapters.event_table import EventTable
from registry.adapters.failover import FailoverProvider
from registry.adapters.fees import NO_CAP, FeePolicy
from registry.adapters.outbox import Outbox
from registry.adapters.sending import Finality
from registry.errors import LedgerMismatchError
from registry.model import Address
from registry.model.identity import require_length
from registry.ports import ContentStore, Signer


@dataclass(frozen=True, slots=True)
class NetworkHome:
    """Which installation this home belongs to, as its settings say.

    Attributes:
        url: of the node, or of several with commas between, the preferred one first; they may hold access keys, so
            messages name their hosts only.
        chain_id: EIP-155.
        contract: of the registry.
        instance_id: 32 bytes.
        first_block: where the contract was created, or any block before.
        finality: blocks, the including one counted, after which an inclusion is final; or by the network's word.
        code_hash: 32 bytes, Keccak-256 of the contract's code; absent in files made before it was kept.
    """

    url: str
    chain_id: int
    contract: Address
    instance_id: bytes
    first_block: int = 0
    finality: Finality = 1
    code_hash: bytes | None = None

    def __post_init__(self) -> None:
        require_length("instance_id", self.instance_id, 32)


def open_network(
    home: NetworkHome,
    *,
    recorder: Signer,
    arbiter: Signer,
    manifests: ContentStore,
    events_file: Path,
    policy: SendingPolicy = NO_LIMITS,
) -> EthereumLedger:
    """Return the ledger on the network, after a look whether it is the one that was configured.

    Raises:
        LedgerMismatchError: chain id, instance id or code differ, no contract stands at the address, or finality is to
            be by the network's word and it gives none.
        LedgerUnavailableError: no node answers.
    """
    provider = _provider(home.url, Expected(home.chain_id, home.contract, home.code_hash))
    web3, endpoint = _web3(provider), network_name(home.url)
    with ledger_errors(endpoint):
        chain_id = web3.eth.chain_id
    if chain_id != home.chain_id:
        raise LedgerMismatchError(f"expected chain id {home.chain_id} at {endpoint}, got {chain_id}")
    info = installation_at(web3, home.contract, kind="network", endpoint=endpoint)
    if info.instance_id != home.instance_id:
        raise LedgerMismatchError(
            f"expected instance id {home.instance_id.hex()} at {home.contract}, got {info.instance_id.hex()}"
        )
    code_hash = code_hash_at(web3, home.contract, endpoint=endpoint)
    if home.code_hash is not None and home.code_hash != code_hash:
        raise LedgerMismatchError(
            f"expected code with hash {home.code_hash.hex()} at {home.contract}, got {code_hash.hex()}"
        )
    provider.expect(Expected(home.chain_id, home.contract, code_hash))
    if home.finality == "finalized":
        _require_finality(web3, endpoint)
    return EthereumLedger(
        web3,
        info,
        endpoint=endpoint,
        recorder=recorder,
        arbiter=arbiter,
        manifests=manifests,
        table=EventTable(events_file, chain_id=home.chain_id, contract=home.contract),
        outbox=Outbox(events_file.with_name(f"outbox-{home.chain_id}.sqlite")),
        first_block=home.first_block,
        finality=home.finality,
        policy=policy,
        endpoints=provider.health,
    )


def install(url: str, admin: Signer, arguments: ContractArguments, *, fees: FeePolicy = NO_CAP) -> NetworkHome:
    """Deploy the contract to the network, paid by ``admin``, and return where it stands.

    Raises:
        TransactionRevertedError: the constructor refused the arguments, or the network the transaction.
        LedgerUnavailableError: the node does not answer, or the deployment was not included in time.
    """
    web3, endpoint = connect(url), network_name(url)
    with ledger_errors(endpoint):
        chain_id, first_block = web3.eth.chain_id, web3.eth.block_number
    contract = deploy(web3, admin, arguments, endpoint=endpoint, fees=fees)
    code_hash = code_hash_at(web3, contract, endpoint=endpoint)
    return NetworkHome(url, chain_id, contract, arguments.instance_id, first_block, code_hash=code_hash)


def rehearse(url: str, admin: Signer, arguments: ContractArguments) -> dict[str, int | str]:
    """Return what a deployment would cost its payer, run on the node and not sent.

    The registry is rehearsed with the admin key in its timelock's place, which costs the same gas.

    Raises:
        TransactionRevertedError: the constructor would refuse the arguments.
        LedgerUnavailableError: the node does not answer.
    """
    web3, endpoint = connect(url), network_name(url)
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
    """Return web3 on a node, or on several with commas between; nothing is asked of them yet."""
    return _web3(_provider(url, None))


def network_name(url: str) -> str:
    """Return the network's name for messages: host and port of each node, without path, query or user."""
    return ", ".join(endpoint_name(each) for each in _urls(url))


def _urls(url: str) -> list[str]:
    urls = [each.strip() for each in url.split(",") if each.strip()]
    if not urls:
        raise LedgerMismatchError("expected the URL of a node in TOUCHSTONE_RPC_URL, got none")
    return urls


def _provider(url: str, expected: Expected | None) -> FailoverProvider:
    return FailoverProvider([Endpoint(each) for each in _urls(url)], expected)


def _web3(provider: FailoverProvider) -> Web3:
    web3 = Web3(provider)
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)  # Clique and some L2s put more into `extraData`
    return web3


def _require_finality(web3: Web3, endpoint: str) -> None:
    """Return if the network says which blocks can no longer be undone."""
    with ledger_errors(endpoint):
        try:
            web3.eth.get_block("finalized")
        except (BlockNotFound, Web3RPCError, ValueError) as exc:
            raise LedgerMismatchError(
                f"expected {endpoint} to say which block is finalized, it does not: set TOUCHSTONE_CONFIRMATIONS to a "
                "number of blocks"
            ) from exc
