"""Putting the registry contract on a network: once for an installation."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.types import TxParams

from registry.adapters.contract import addresses, artefact, contract_at, ledger_errors
from registry.adapters.fees import NO_CAP, FeePolicy
from registry.adapters.transactions import prepare, submit
from registry.eip712 import NOBODY
from registry.errors import LedgerError, LedgerMismatchError
from registry.model import Address, LedgerInfo, LedgerKind
from registry.model.identity import require_length
from registry.ports import Signer

WAIT_S = 120.0  # ten blocks of a network with 12 s slots
POLL_S = 0.05  # web3's own 0.1 s would cap a fast node at ten transactions a second


@dataclass(frozen=True, slots=True)
class ContractArguments:
    """What the constructor is given.

    Attributes:
        instance_id: 32 random bytes, never used for another installation.
        admin: names gates and roles, ends a pause; through a timelock of its own where ``delay_s`` is given.
        guardian: may only tighten, at once: pause, and end a gate whose key is in other hands.
        arbiter: rules on disputes.
        operator: may register in its own name without an intent; must be who sends those transactions.
        gates: the first gates, each once, all run by the operator.
        threshold: how many gates must sign.
        dispute_bond_wei: what a first challenge costs; 0 where the network's coin has no value.
        delay_s: how long what the admin proposes can be seen before it happens; absent: no timelock.
    """

    instance_id: bytes
    admin: Address
    guardian: Address
    arbiter: Address
    operator: Address
    gates: tuple[Address, ...]
    threshold: int = 1
    dispute_bond_wei: int = 0
    delay_s: int | None = None

    def __post_init__(self) -> None:
        require_length("instance_id", self.instance_id, 32)


@dataclass(frozen=True, slots=True)
class Creation:
    """A contract yet to be made.

    Attributes:
        name: for people.
        data: of the transaction that creates it.
    """

    name: str
    data: HexBytes


def deploy(
    web3: Web3,
    signer: Signer,
    arguments: ContractArguments,
    *,
    endpoint: str = "the network",
    fees: FeePolicy = NO_CAP,
) -> Address:
    """Create the contract, and first its timelock if it has one, paid by ``signer``; return the contract's address.

    Raises:
        TransactionRevertedError: the constructor refused the arguments.
        LedgerUnavailableError: no answer, or not included within `WAIT_S`.
        LedgerError: included, and failed.
    """
    admin = arguments.admin
    if arguments.delay_s is not None:
        admin = _create(web3, signer, timelock_creation(web3, arguments, endpoint=endpoint), endpoint, fees)
    return _create(web3, signer, registry_creation(web3, arguments, admin=admin, endpoint=endpoint), endpoint, fees)


def timelock_creation(web3: Web3, arguments: ContractArguments, *, endpoint: str) -> Creation:
    """Return what makes the timelock: the admin alone proposes, cancels and executes, and nobody has power over it."""
    [admin] = addresses((arguments.admin,))
    with ledger_errors(endpoint):
        factory = web3.eth.contract(abi=list(artefact().timelock_abi), bytecode=HexBytes(artefact().timelock_bytecode))
        made = factory.constructor(arguments.delay_s, [admin], [admin], NOBODY)
        return Creation("timelock", made.data_in_transaction)


def registry_creation(web3: Web3, arguments: ContractArguments, *, admin: Address, endpoint: str) -> Creation:
    """Return what makes the registry, with ``admin`` (the timelock, if there is one) as its admin."""
    accounts = addresses((admin, arguments.guardian, arguments.arbiter, arguments.operator))
    roles = (arguments.instance_id, *accounts, arguments.dispute_bond_wei)
    with ledger_errors(endpoint):
        factory = web3.eth.contract(abi=list(artefact().abi), bytecode=HexBytes(artefact().bytecode))
        made = factory.constructor(roles, addresses(arguments.gates), arguments.threshold)
        return Creation("registry", made.data_in_transaction)


def code_hash_at(web3: Web3, contract: Address, *, endpoint: str) -> bytes:
    """Return the Keccak-256 of the code that stands at an address, 32 bytes (EIP-1052)."""
    with ledger_errors(endpoint):
        return bytes(keccak(bytes(web3.eth.get_code(Web3.to_checksum_address(contract.hex)))))


def _create(web3: Web3, signer: Signer, creation: Creation, endpoint: str, fees: FeePolicy) -> Address:
    transaction = prepare(web3, endpoint, signer, {"data": creation.data}, fees=fees)
    submit(web3, endpoint, transaction)
    with ledger_errors(endpoint):
        receipt = web3.eth.wait_for_transaction_receipt(HexBytes(transaction.tx_hash), WAIT_S, POLL_S)
    if receipt["status"] != 1 or receipt["contractAddress"] is None:
        raise LedgerError(
            f"expected a {creation.name} from transaction 0x{transaction.tx_hash.hex()}, got a failed one"
        )
    return Address.from_hex(receipt["contractAddress"])


def installation_at(web3: Web3, contract: Address, *, kind: LedgerKind, endpoint: str) -> LedgerInfo:
    """Return what the network says of the installation whose contract stands at this address.

    Raises:
        LedgerMismatchError: no contract stands there.
    """
    with ledger_errors(endpoint):
        handle = contract_at(web3, contract)
        if not web3.eth.get_code(handle.address):
            raise LedgerMismatchError(f"expected the registry's contract at {contract} on {endpoint}, got no code")
        caller = TxParams({"from": handle.address})
        return LedgerInfo(
            kind=kind,
            chain_id=web3.eth.chain_id,
            contract=contract,
            instance_id=handle.functions.instanceId().call(caller),
            operator=Address.from_hex(handle.functions.operator().call(caller)),
        )
