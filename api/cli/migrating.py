"""``ledger migrate``: this home's embedded ledger moves to a network."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap.anchoring import Watched
from api.bootstrap.migrating import MigrationReport, MigrationWishes, migrate_ledger
from api.cli.output import Output, Steps, note, steps
from api.cli.sides import Json, ask_password, settings
from registry.register.migrating import BATCH_SIZE


def migrate(
    rpc_url: Annotated[
        str | None, typer.Option(envvar=None, help="A node of the network to move to; unset, TOUCHSTONE_RPC_URL.")
    ] = None,
    deployment: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Which contract is ours there; unset, as the settings say."),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, max=1 << 20, help="Records in a batch, at most.")] = BATCH_SIZE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do and cost; send nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Move this home's embedded ledger to a network: every ACTIVE record, in batches, where old receipts still verify.

    Example: touchstone ledger migrate --rpc-url http://127.0.0.1:8545 --dry-run

    The contract must be there first (`contract deploy`). What is DISPUTED or REVOKED is named in the migration and not
    registered anew. Reputation stays behind. From its first batch on the embedded ledger can only be read. If a run is
    cut off, the same command goes on, and nothing is registered twice.
    """
    wishes = MigrationWishes(rpc_url, deployment, batch_size, dry_run)
    with steps(0) as bar:
        report = migrate_ledger(settings(), ask_password, wishes, watched=lambda doing: _watched(bar, doing))
    note("reputation stays behind: what was earned on the embedded ledger does not count on the network")
    Output(as_json).answer(_row(report), *_lines(report))


def _watched(bar: Steps, doing: str) -> Watched:
    def seen(_number: int) -> None:
        bar.doing(doing)
        bar.done()

    return Watched(total=bar.expect, seen=seen)


def _row(report: MigrationReport) -> dict[str, object]:
    migration, carried, gas = report.migration, report.carried, report.gas_per_batch
    left = Counter(each.standing.name for each in migration.not_carried)
    return {
        "from": {"chain_id": migration.left.chain_id, "contract": str(migration.left.contract)},
        "to": {"chain_id": migration.to.chain_id, "contract": str(migration.to.contract)},
        "records": migration.carried,
        "batches": len(migration.batches),
        "not_carried": dict(sorted(left.items())),
        "statements": len(migration.statements),
        "migration": str(report.document) if report.document else None,
        "sent": carried.sent if carried else None,
        "found": carried.found if carried else None,
        "went_on": report.went_on,
        "final": report.is_final if carried else None,
        "gas_per_batch": gas[0] if gas else None,
        "cost_wei": str(gas[0] * gas[1] * len(migration.batches)) if gas else None,
        "deployment": str(report.deployment),
    }


def _lines(report: MigrationReport) -> list[str]:
    migration, carried, gas = report.migration, report.carried, report.gas_per_batch
    lines = [
        f"{'moved' if carried else 'would move'} {migration.carried} records in {len(migration.batches)} batches",
        f"  to contract {migration.to.contract} on chain {migration.to.chain_id}",
        f"  {len(migration.not_carried)} not ACTIVE or there already, {len(migration.statements)} statements: "
        "named in the migration, not carried over",
    ]
    if report.went_on:
        lines.append("  WARNING: the embedded ledger went on after it was left: what came since is not carried over")
    if gas is not None:
        lines.append(f"  {gas[0]} gas a batch, {gas[0] * gas[1] * len(migration.batches)} wei for all at today's price")
    if carried is None:
        return lines
    lines += [
        f"  {carried.sent} batches sent now, {carried.found} were there before",
        f"  migration {report.document}",
        "now set TOUCHSTONE_RPC_URL to this network"
        + (f" and TOUCHSTONE_DEPLOYMENT to {report.deployment}" if report.deployment.name != "network.json" else ""),
    ]
    if migration.not_carried:
        lines.append("then `touchstone index rebuild`: what was not carried over is no longer found by its looks")
    return lines if report.is_final else [*lines, "the last batch is not final yet: run this again when it is"]
