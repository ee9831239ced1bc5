"""The table of events: a cache of one contract on one chain, in order, that can go back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.adapters import event_table
from registry.adapters.event_rows import EventRow, GateHistory, GateRow, Registered, StatementRow
from registry.adapters.event_table import Checkpoint, EventTable
from registry.errors import LedgerUnavailableError
from registry.model import Act, Address, Digest, EventName, Inclusion, LedgerEvent, Standing, Visibility

CONTRACT = Address(b"\x0c" * 20)
GATE = Address(b"\x0a" * 20)
OPERATOR = Address(b"\x0d" * 20)


def open_table(path: Path, *, chain_id: int = 1, contract: Address = CONTRACT) -> EventTable:
    return EventTable(path, chain_id=chain_id, contract=contract)


def row(block: int, log: int = 0, *, digest: int = 1, revoked: bool = False) -> EventRow:
    place = Inclusion(bytes([block]) * 32, block, bytes([100 + block]) * 32, log, 1_800_000_000 + block)
    name, standing = (
        (EventName.STANDING_CHANGED, Standing.REVOKED) if revoked else (EventName.REGISTERED, Standing.ACTIVE)
    )
    event = LedgerEvent(name, Digest(bytes([digest]) * 32), standing, place)
    if revoked:
        return EventRow(event)
    models, gates = (b"\x08" * 32, b"\x09" * 32), (GATE, Address(b"\x0b" * 20))
    return EventRow(event, Registered(b"\x07" * 32, models, gates, b"\x05" * 32, b"\x06" * 32, Visibility.PUBLIC))


def place(block: int, log: int = 0) -> Inclusion:
    return Inclusion(b"", block, b"", log, 1_800_000_000 + block)


def said(block: int, act: Act, *, digest: int = 1) -> StatementRow:
    return StatementRow(place(block), Digest(bytes([digest]) * 32), Address(b"\x0e" * 20), act, b"\x0f" * 32)


def upto(block: int) -> Checkpoint:
    return Checkpoint(block, bytes([100 + block]) * 32)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[EventTable]:
    table = open_table(tmp_path / "events.sqlite3")
    yield table
    table.close()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "events.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(LedgerUnavailableError):
        open_table(tmp_path / "events.sqlite3")


def test_a_closed_table_is_unavailable(tmp_path: Path) -> None:
    table = open_table(tmp_path / "events.sqlite3")
    table.close()
    for ask in (table.checkpoint, lambda: list(table.events()), lambda: table.registration_of(Digest(bytes(32)))):
        with pytest.raises(LedgerUnavailableError):
            ask()
    with pytest.raises(LedgerUnavailableError):
        table.append((), after=None, upto=upto(1))


def test_an_append_that_fails_changes_nothing(table: EventTable) -> None:
    with pytest.raises(LedgerUnavailableError):
        table.append((row(1), row(1)), after=None, upto=upto(1))  # one place twice
    assert table.checkpoint() is None
    assert list(table.events()) == []


def test_an_append_after_another_one_was_faster_changes_nothing(table: EventTable) -> None:
    table.append((row(1),), after=None, upto=upto(3))
    table.append((row(1),), after=None, upto=upto(3))
    table.append((row(9),), after=upto(2), upto=upto(9))
    assert list(table.events()) == [row(1).event]
    assert table.checkpoint() == upto(3)


def test_events_come_back_as_they_went_in_over_many_pages(table: EventTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_table, "PAGE_ROWS", 2)
    rows = (row(1), row(1, 2, digest=2), row(3, digest=3), row(4, 1, digest=3, revoked=True), row(5, digest=4))
    table.append(rows[:3], after=None, upto=upto(3))
    table.append(rows[3:], after=upto(3), upto=upto(7))
    assert list(table.events()) == [each.event for each in rows]


def test_a_registration_is_found_by_its_digest_with_policy_and_models(table: EventTable) -> None:
    table.append((row(1), row(2, revoked=True)), after=None, upto=upto(2))
    assert table.registration_of(Digest(b"\x01" * 32)) == row(1)
    assert table.registration_of(Digest(b"\x02" * 32)) is None


def test_what_was_said_of_a_record_comes_back_in_chain_order(table: EventTable) -> None:
    words = (said(1, Act.ATTEST), said(2, Act.ATTEST, digest=2), said(3, Act.RETRACT))
    table.append(words, after=None, upto=upto(3))
    assert table.statements_of(Digest(b"\x01" * 32)) == [words[0], words[2]]
    assert table.statements_of(Digest(b"\x03" * 32)) == []


def test_a_gate_is_known_with_its_earliest_compromise(table: EventTable) -> None:
    began = GateRow(place(1), GATE, OPERATOR, 0)
    table.append((began,), after=None, upto=upto(1))
    assert table.gate(GATE) == GateHistory(OPERATOR, 0)
    ends = (GateRow(place(2), GATE, None, 0), GateRow(place(3), GATE, None, 900), GateRow(place(4), GATE, None, 700))
    table.append(ends, after=upto(1), upto=upto(4))
    assert table.gate(GATE) == GateHistory(OPERATOR, 700)
    assert table.gate(OPERATOR) is None


def test_going_back_forgets_statements_and_gates_as_well(table: EventTable) -> None:
    table.append((said(1, Act.ATTEST),), after=None, upto=upto(1))
    table.append((said(2, Act.RETRACT), GateRow(place(2, 1), GATE, OPERATOR, 0)), after=upto(1), upto=upto(2))
    table.rewind(upto(2))
    assert table.statements_of(Digest(b"\x01" * 32)) == [said(1, Act.ATTEST)]
    assert table.gate(GATE) is None


def test_going_back_forgets_the_blocks_behind_the_checkpoint_before(table: EventTable) -> None:
    table.append((row(1),), after=None, upto=upto(2))
    table.append((row(3, digest=2), row(4, digest=3)), after=upto(2), upto=upto(4))
    table.rewind(upto(3))  # not where the table stands: another process was faster
    assert len(list(table.events())) == 3
    table.rewind(upto(4))
    assert table.checkpoint() == upto(2)
    assert list(table.events()) == [row(1).event]
    table.rewind(upto(2))
    assert table.checkpoint() is None
    assert list(table.events()) == []


def test_a_table_is_the_same_when_reopened(tmp_path: Path, table: EventTable) -> None:
    table.append((row(1),), after=None, upto=upto(2))
    again = open_table(tmp_path / "events.sqlite3")
    assert list(again.events()) == [row(1).event]
    assert again.checkpoint() == upto(2)
    again.close()


@pytest.mark.parametrize("other", [{"chain_id": 2}, {"contract": Address(b"\x0d" * 20)}])
def test_a_table_of_another_contract_starts_empty(tmp_path: Path, table: EventTable, other: dict[str, object]) -> None:
    table.append((row(1),), after=None, upto=upto(2))
    again = open_table(tmp_path / "events.sqlite3", **other)
    assert list(again.events()) == []
    assert again.checkpoint() is None
    again.close()
