"""Deploying a contract, and changing who may do what in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from api.bootstrap.keys import AskPassword, key_password, nobody, open_keyring
from api.bootstrap.ledgers import Deployment, deployment_path, fee_policy, open_ledger
from api.deps import AdminSide
from api.settings import Settings
from registry.adapters.deployment import ContractArguments
from registry.adapters.jsonrpc import install, rehearse
from registry.adapters.keystore import ROLES, promote_successor, successor_key
from registry.errors import LedgerMismatchError


@contextmanager
def open_admin_side(
    settings: Settings, ask_password: AskPassword = nobody, *, dry_run: bool = False
) -> Iterator[AdminSide]:
    """Yield everything that changes who may do what; with ``dry_run`` changes are run on the node and not sent."""
    keys = open_keyring(settings, ask_password)
    directory = settings.home / "keys"
    password = cache(lambda: key_password(settings, ask_password, making=False))
    ledger = open_ledger(settings, keys)
    try:
        yield AdminSide(
            ledger=ledger,
            governor=ledger.governor(keys.admin, dry_run=dry_run),
            keys={role: getattr(keys, role).address for role in ROLES},
            successor=lambda role: successor_key(directory, role, password).address,
            promote=lambda role: promote_successor(directory, role),
            admin=keys.admin,
            moved=ledger.moved,
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
    made = install(url, open_keyring(settings, ask_password).admin, arguments, fees=fee_policy(settings))
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
    path = deployment_path(settings)
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
