"""``contract``: the registry contract, who may do what in it, and changes of that."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from api.bootstrap import DeploymentWishes, deploy_contract, open_admin_side, plan_deployment
from api.cli.output import Output, note
from api.cli.sides import Json, ask_password, settings
from api.deps import AdminSide
from registry.errors import LedgerMismatchError
from registry.model import Address, Change, ChangeState, EndpointHealth, Governance, Role
from registry.ports import Governor

TWO_DAYS_S = 172_800
A_NEW_KEY = Address(b"\x01" * 20)
KEY_NOTE = "restart `touchstone serve`: a running one still signs with the former key"

contract_app = typer.Typer(help="The registry contract, and who may do what in it.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Run it on the node and send nothing.")]
Account = Annotated[str, typer.Argument(help="The account, 0x and 40 hex digits.")]
Moment = Annotated[datetime.datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC.")]


class RotatedRole(StrEnum):
    """Keys of this home that can be changed; the operator's is fixed in the contract."""

    GATE = "gate"
    ARBITER = "arbiter"


@contract_app.command("deploy")
def deploy(
    delay_s: Annotated[
        int, typer.Option(min=0, help="Seconds for which what the admin proposes can be seen before it happens.")
    ] = TWO_DAYS_S,
    bond_wei: Annotated[
        int, typer.Option(min=0, help="What a first challenge costs; 0 where the coin has no value.")
    ] = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Deploy the contract and its timelock to the network of TOUCHSTONE_RPC_URL, paid by this home's admin key.

    Writes address, code hash, instance id and parameters to TOUCHSTONE_DEPLOYMENT (else network.json in the home);
    every start compares them with the network.

    Example: TOUCHSTONE_RPC_URL=http://127.0.0.1:8545 touchstone contract deploy --dry-run
    """
    wishes = DeploymentWishes(delay_s=delay_s, bond_wei=bond_wei)
    if dry_run:
        plan = plan_deployment(settings(), ask_password, wishes)
        Output(as_json).answer(plan, *(f"{name}: {value}" for name, value in plan.items()))
        return
    note(f"deployed; {deploy_contract(settings(), ask_password, wishes)} says where")


@contract_app.command("status")
def status(as_json: Json = False) -> None:
    """Show which contract this home uses, its parameters, and who holds which power.

    Example: touchstone contract status
    """
    with open_admin_side(settings(), ask_password) as side:
        info, height, powers = side.ledger.info, side.ledger.height(), side.governor.survey()
        endpoints = side.ledger.endpoints()
    document = {
        "ledger": info.kind,
        "chain_id": info.chain_id,
        "contract": str(info.contract),
        "instance_id": "0x" + info.instance_id.hex(),
        "operator": str(info.operator),
        "height": height,
        "endpoints": [
            {"name": each.name, "state": each.state.value, "head": each.head, "why": each.why} for each in endpoints
        ],
        **_powers(powers),
    }
    Output(as_json).answer(document, *_status_lines(document, powers, endpoints))


@contract_app.command("grant")
def grant(
    role: Annotated[str, typer.Argument(help="gate, arbiter, guardian, reviewer or admin.")],
    account: Account,
    run_by: Annotated[
        str | None, typer.Option(help="A gate's: the operator address of who runs it; unset, this home's own.")
    ] = None,
    valid_from: Moment = None,
    valid_until: Moment = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Give a role. Behind a timelock the first call proposes, and the same call again, when its time has come, does it.

    Example: touchstone contract grant gate 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --run-by 0xfB69...d359
    """

    def change(side: AdminSide) -> Change:
        to = Address.from_hex(account)
        if role == "gate":
            runner = Address.from_hex(run_by) if run_by else side.ledger.info.operator
            return side.governor.add_gate(
                to, run_by=runner, valid_from=_seconds(valid_from), valid_until=_seconds(valid_until)
            )
        return side.governor.grant(_role(role), to)

    _change(change, dry_run=dry_run, output=Output(as_json))


@contract_app.command("withdraw")
def withdraw(
    role: Annotated[str, typer.Argument(help="gate (at once), arbiter, guardian, reviewer or admin.")],
    account: Account,
    compromised_since: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="A gate's: since when others have its key. UTC."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Take a role. A gate's term ends at once; the others go the way of `grant`.

    Example: touchstone contract withdraw gate 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --compromised-since 2026-11-01
    """

    def change(side: AdminSide) -> Change:
        of = Address.from_hex(account)
        if role == "gate":
            return side.governor.end_gate(of, compromised_since=_seconds(compromised_since))
        return side.governor.withdraw(_role(role), of)

    _change(change, dry_run=dry_run, output=Output(as_json))


@contract_app.command("threshold")
def threshold(
    gates: Annotated[int, typer.Argument(min=1, max=255, help="How many gates must sign.")],
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Set how many gates must sign; refuses more than are in office.

    Example: touchstone contract threshold 2
    """

    def change(side: AdminSide) -> Change:
        in_office = len(side.governor.survey().gates_in_office)
        if gates > in_office:
            raise LedgerMismatchError(f"expected a threshold of at most {in_office}, the gates in office, got {gates}")
        return side.governor.set_threshold(gates)

    _change(change, dry_run=dry_run, output=Output(as_json))


@contract_app.command("pause")
def pause(dry_run: DryRun = False, as_json: Json = False) -> None:
    """Stop registrations, statements and disputes at once. Reading goes on.

    Example: touchstone contract pause
    """
    _change(lambda side: side.governor.pause(), dry_run=dry_run, output=Output(as_json))


@contract_app.command("unpause")
def unpause(dry_run: DryRun = False, as_json: Json = False) -> None:
    """End a pause; behind a timelock proposed first, as `grant` is.

    Example: touchstone contract unpause
    """
    _change(lambda side: side.governor.unpause(), dry_run=dry_run, output=Output(as_json))


@contract_app.command("rotate")
def rotate(
    role: Annotated[RotatedRole, typer.Argument(help="Whose key.")], dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Change this home's gate or arbiter key: make a new one, give it the role, and only then take it from the old one.

    Behind a timelock the first call proposes; call it again when its time has come. The former key is kept.

    Example: touchstone contract rotate gate
    """
    output = Output(as_json)
    with open_admin_side(settings(), ask_password, dry_run=dry_run) as side:
        # a dry run makes no key: it is run for an account that stands for the new one
        former, following = side.keys[role], A_NEW_KEY if dry_run else side.successor(role)
        given = _give(side.governor, role, following, side.ledger.info.operator)
        _tell(given, output)
        if given.state is not ChangeState.DONE:
            return
        side.promote(role)
        governor = side.governor
        taken = governor.end_gate(former) if role is RotatedRole.GATE else governor.withdraw(Role.ARBITER, former)
        _tell(taken, output)
    if taken.state is not ChangeState.DONE:
        note(f"when its time has come, finish with: touchstone contract withdraw {role} {former}")
    note(f"{role} is {following} now; {KEY_NOTE}")


def _give(governor: Governor, role: RotatedRole, to: Address, operator: Address) -> Change:
    powers = governor.survey()
    if role is RotatedRole.GATE:
        if to in {term.gate for term in powers.gates_in_office}:
            return Change(ChangeState.DONE, f"{to} is a gate already", b"")
        return governor.add_gate(to, run_by=operator)
    if to in powers.holders[Role.ARBITER]:
        return Change(ChangeState.DONE, f"{to} is an arbiter already", b"")
    return governor.grant(Role.ARBITER, to)


def _change(change: Callable[[AdminSide], Change], *, dry_run: bool, output: Output) -> None:
    with open_admin_side(settings(), ask_password, dry_run=dry_run) as side:
        _tell(change(side), output)


def _tell(change: Change, output: Output) -> None:
    document = {
        "state": change.state.value,
        "call": change.call,
        "data": "0x" + change.data.hex(),
        "ready_at": change.ready_at,
    }
    when = f"; call this again from {_utc(change.ready_at)} on" if change.ready_at else ""
    output.answer(document, f"{change.state.value}: {change.call}{when}")


def _powers(powers: Governance) -> dict[str, object]:
    return {
        "code_hash": "0x" + powers.code_hash.hex(),
        "paused": powers.is_paused,
        "threshold": powers.threshold,
        "dispute_bond_wei": powers.dispute_bond_wei,
        "admin_delay_s": powers.delay_s,
        "roles": {role.value: [str(holder) for holder in holders] for role, holders in powers.holders.items()},
        "gates": [
            {
                "address": str(term.gate),
                "operator": str(term.run_by),
                "valid_from": term.valid_from,
                "valid_until": term.valid_until,
                "compromised_since": term.compromised_since or None,
                "in_office": term in powers.gates_in_office,
            }
            for term in powers.gates
        ],
    }


def _status_lines(document: dict[str, object], powers: Governance, endpoints: Sequence[EndpointHealth]) -> list[str]:
    lines = [f"{name}: {value}" for name, value in document.items() if name not in {"roles", "gates", "endpoints"}]
    lines += [
        f"endpoint {each.name}: {each.state}, at block {each.head}" + (f" ({each.why})" if each.why else "")
        for each in endpoints
    ]
    for role, holders in powers.holders.items():
        lines.append(f"{role}: {', '.join(map(str, holders)) or 'nobody'}")
    for term in powers.gates:
        state = "in office" if term in powers.gates_in_office else "not in office"
        until = f" until {_utc(term.valid_until)}" if term.valid_until else ""
        lines.append(f"gate {term.gate}, run by {term.run_by}: {state}, from {_utc(term.valid_from)}{until}")
    if len(powers.gates_in_office) < powers.threshold:
        lines.append("warning: fewer gates are in office than must sign, so nothing can be registered")
    if powers.threshold > 1 and len({term.run_by for term in powers.gates_in_office}) == 1:
        lines.append("note: one operator runs all gates: a quorum of one opinion")
    return lines


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        expected = ", ".join(["gate", *(role.value for role in Role)])
        raise typer.BadParameter(f"expected one of {expected}, got {name!r}", param_hint="ROLE") from None


def _seconds(moment: datetime.datetime | None) -> int:
    return int(moment.replace(tzinfo=datetime.UTC).timestamp()) if moment else 0


def _utc(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
