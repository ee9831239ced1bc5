"""The embedded ledger: a chain of this installation's own, made on first run and reopened ever after."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path

from web3 import Web3

from registry.adapters.deployment import ContractArguments, deploy, installation_at
from registry.adapters.embedded_evm import EmbeddedBackend, EmbeddedProvider, create_genesis
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.event_table import EventTable
from registry.adapters.outbox import IN_MEMORY, Outbox
from registry.adapters.sqlite_evm import SqliteChainDB
from registry.errors import LedgerMismatchError, LedgerUnavailableError
from registry.model import Address, LedgerInfo
from registry.ports import Clock, ContentStore, Signer

ENDPOINT = "the embedded ledger"
CHAIN_FILE = "chain.sqlite3"
EVENTS_FILE = "events.sqlite3"
CONTRACT_NOTE = "contract"


def open_embedded(
    directory: Path,
    *,
    recorder: Signer,
    arbiter: Signer,
    admin: Signer,
    gates: tuple[Address, ...],
    manifests: ContentStore,
    threshold: int = 1,
    clock: Clock,
) -> EthereumLedger:
    """Return the ledger kept in ``directory``, made if it holds none.

    The recorder is the operator: who registers in its own name must send that transaction itself.

    Args:
        directory: made if missing.
        recorder: sends registrations; funded at genesis.
        arbiter: rules on disputes; funded at genesis.
        admin: holds the contract's admin role and deploys it; funded at genesis.
        gates: whose verdicts count; used on first run only, as is the threshold; funded at genesis.
        manifests: where the manifests of batches are.
        threshold: how many gates must sign.
        clock: of the blocks.

    Raises:
        LedgerMismatchError: the chain here was made for another recorder.
        LedgerUnavailableError: the directory cannot be used, or another process holds the chain.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise LedgerUnavailableError(f"the ledger's directory {directory} cannot be made: {exc}") from exc
    database = SqliteChainDB(directory / CHAIN_FILE)
    with ExitStack() as opened:
        opened.callback(database.close)
        contract = database.note(CONTRACT_NOTE)
        if contract is None:
            roles = ContractArguments(
                instance_id=secrets.token_bytes(32),
                admin=admin.address,
                guardian=admin.address,
                arbiter=arbiter.address,
                operator=recorder.address,
                gates=gates,
                threshold=threshold,
            )
            contract = _create(database, admin, roles, clock)
        web3 = web3_on(database, clock)
        info = installation_at(web3, Address.from_hex(contract), kind="embedded", endpoint=ENDPOINT)
        _require_recorder(info, recorder)
        table = EventTable(directory / EVENTS_FILE, chain_id=info.chain_id, contract=info.contract)
        opened.pop_all()
    return EthereumLedger(
        web3,
        info,
        endpoint=ENDPOINT,
        recorder=recorder,
        arbiter=arbiter,
        table=table,
        manifests=manifests,
        outbox=Outbox(IN_MEMORY),
        on_close=database.close,
    )


def _create(database: SqliteChainDB, admin: Signer, roles: ContractArguments, clock: Clock) -> str:
    """Make genesis and contract in one transaction of the file and return the contract's address.

    A kill leaves all or nothing; of two processes that start together the second finds the first one's chain.
    """
    with database.transaction():
        existing = database.note(CONTRACT_NOTE)
        if existing is not None:
            return existing
        create_genesis(database, clock, (*roles.gates, roles.operator, roles.arbiter, roles.admin))
        contract = deploy(web3_on(database, clock), admin, roles, endpoint=ENDPOINT)
        database.set_note(CONTRACT_NOTE, contract.hex)
        return contract.hex


def _require_recorder(info: LedgerInfo, recorder: Signer) -> None:
    """Refuse keys that were made anew beside an old chain: they hold no funds there and no name."""
    if info.operator != recorder.address:
        raise LedgerMismatchError(f"expected the recorder {info.operator} of this chain, got {recorder.address}")


def web3_on(database: SqliteChainDB, clock: Clock) -> Web3:
    """Return web3 on the chain in this file."""
    return Web3(EmbeddedProvider(database, EmbeddedBackend(database, clock)))
