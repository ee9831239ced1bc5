"""A ledger's status as an object and in words."""

from __future__ import annotations

from pathlib import Path

from api.cli.words import when
from api.deps.ledger_status import LedgerStatus
from registry.anchor import Anchor
from registry.model import Standing
from registry.model.trust import LEDGER_WORDS, ledger_line


def status_row(status: LedgerStatus) -> dict[str, object]:
    """Return a ledger's status as an object."""
    info, state, powers = status.info, status.state, status.powers
    return {
        "ledger": info.kind,
        "trust": LEDGER_WORDS[info.kind],
        "chain_id": info.chain_id,
        "contract": str(info.contract),
        "instance_id": "0x" + info.instance_id.hex(),
        "operator": str(info.operator),
        "deployment": str(status.deployment) if status.deployment else None,
        "head": {
            "block_number": state.head.block_number,
            "block_hash": "0x" + state.head.block_hash.hex(),
            "time": state.head.block_time,
        },
        "final_block": state.final_block,
        "events_to_block": state.events_to,
        "records": {standing.name: status.records.get(standing, 0) for standing in Standing},
        "threshold": powers.threshold,
        "gates_in_office": [str(term.gate) for term in powers.gates_in_office],
        "paused": powers.is_paused,
        "anchors": [_anchor_row(path, anchor) for path, anchor in status.anchors],
        "migration": _migration_row(status),
    }


def status_lines(status: LedgerStatus) -> list[str]:
    """Return a ledger's status in words."""
    info, state, powers = status.info, status.state, status.powers
    final = "none yet" if state.final_block is None else f"block {state.final_block}"
    events = "none yet" if state.events_to is None else f"up to block {state.events_to}"
    lines = [
        ledger_line(info.kind),
        f"  contract {info.contract} on chain {info.chain_id}",
        f"  instance 0x{info.instance_id.hex()}",
        f"  operator {info.operator}",
        *([f"  deployment {status.deployment}"] if status.deployment else []),
        f"head: block {state.head.block_number} of {when(state.head.block_time)}, 0x{state.head.block_hash.hex()}",
        f"final: {final}",
        f"event table: {events}",
        "records: " + ", ".join(f"{status.records.get(standing, 0)} {standing.name}" for standing in Standing),
        f"gates: {len(powers.gates_in_office)} in office, {powers.threshold} must sign"
        + (", writes are paused" if powers.is_paused else ""),
    ]
    if info.kind == "embedded" and not status.anchors:
        lines.append("anchors: none: nothing but the operator's word shows that this history is the only one")
    lines += [_anchor_line(path, anchor) for path, anchor in status.anchors]
    return lines + _migration_lines(status)


def _migration_row(status: LedgerStatus) -> dict[str, object] | None:
    if status.migration is None:
        return None
    migration = status.migration.migration
    return {
        "done": status.is_migrated,
        "from": {"chain_id": migration.left.chain_id, "contract": str(migration.left.contract)},
        "to": {"chain_id": migration.to.chain_id, "contract": str(migration.to.contract)},
        "made_at": migration.made_at,
        "records": migration.carried,
        "not_carried": len(migration.not_carried),
    }


def _migration_lines(status: LedgerStatus) -> list[str]:
    if status.migration is None:
        return []
    migration = status.migration.migration
    if status.info.kind == "network":
        came = f"{migration.carried} records came from contract {migration.left.contract} on chain"
        return [f"migrated from: {came} {migration.left.chain_id}, {when(migration.made_at)}"]
    to = f"contract {migration.to.contract} on chain {migration.to.chain_id}, {when(migration.made_at)}"
    if status.is_migrated:
        return [f"migrated to: {to}; this ledger can only be read: set TOUCHSTONE_RPC_URL"]
    return [f"migrating to: {to}; not finished: run `touchstone ledger migrate` again"]


def _anchor_row(path: Path, anchor: Anchor) -> dict[str, object]:
    told = anchor.publication
    return {
        "file": str(path),
        "block_number": anchor.block_number,
        "hash": "0x" + anchor.hash.hex(),
        "made_at": anchor.made_at,
        "published": {"chain_id": told.chain_id, "tx": "0x" + told.tx.hex(), "block_number": told.block_number}
        if told
        else None,
    }


def _anchor_line(path: Path, anchor: Anchor) -> str:
    told = anchor.publication
    where = f"on chain {told.chain_id}, transaction 0x{told.tx.hex()}" if told else "printed only"
    return f"anchor: block {anchor.block_number}, made {when(anchor.made_at)}, {where} ({path.name})"
