"""A ledger's status in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from api.cli.ledger_words import status_lines
from api.deps.ledger_status import LedgerStatus
from registry.model import Governance, LedgerInfo, Standing
from registry.model.chain import ChainHead, LedgerState
from registry.receipt.migration import read_migration
from tests.unit.registry.receipt.test_moved import TO, migration, sealed
from tests.unit.registry.test_anchor import ANCHOR, INFO, PUBLISHED
from tests.values import NOW

POWERS = Governance({}, (), 1, False, 0, None, bytes(32), NOW)
STATE = LedgerState(ChainHead(7, b"\x02" * 32, NOW, bytes(32)), 7, 7)
EMBEDDED = LedgerStatus(INFO, STATE, POWERS, {Standing.ACTIVE: 3}, None, ())


def text_of(status: LedgerStatus) -> str:
    return "\n".join(status_lines(status))


def test_an_embedded_ledger_without_an_anchor_says_what_that_means() -> None:
    text = text_of(EMBEDDED)
    assert text.startswith("ledger: embedded (operator's word)\n")
    for said in ("head: block 7 of 2026-09-21", "final: block 7", "3 ACTIVE, 0 DISPUTED, 0 REVOKED", "anchors: none"):
        assert said in text, said


def test_anchors_say_where_they_were_published() -> None:
    text = text_of(replace(EMBEDDED, anchors=((Path("a.anchor.json"), ANCHOR), (Path("b.anchor.json"), PUBLISHED))))
    assert "anchor: block 7, made 2027-01-15 08:01 UTC, printed only (a.anchor.json)" in text
    assert f"on chain 1, transaction 0x{'05' * 32} (b.anchor.json)" in text
    assert "anchors: none" not in text


def test_a_ledger_that_was_moved_says_where_it_went_and_where_it_came_from() -> None:
    moved = replace(EMBEDDED, migration=read_migration(sealed(migration())), is_migrated=True)
    assert f"migrated to: contract {TO.contract} on chain {TO.chain_id}" in text_of(moved)
    assert "this ledger can only be read: set TOUCHSTONE_RPC_URL" in text_of(moved)
    assert "run `touchstone ledger migrate` again" in text_of(replace(moved, is_migrated=False))
    network = replace(moved, info=replace(INFO, kind="network"))
    assert "migrated from: 1 records came from contract" in text_of(network)
    assert "migrated" not in text_of(EMBEDDED)


def test_a_network_in_its_first_minutes_has_no_final_block_and_needs_no_anchor() -> None:
    info = LedgerInfo("network", 1, INFO.contract, INFO.instance_id, INFO.operator)
    young = LedgerStatus(info, LedgerState(STATE.head, None, None), POWERS, {}, Path("network.json"), ())
    text = text_of(young)
    for said in (
        "ledger: network (anybody can ask it)",
        "deployment network.json",
        "final: none yet",
        "table: none yet",
    ):
        assert said in text, said
    assert "anchor" not in text
