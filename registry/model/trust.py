"""On whose word a ledger's answers stand: worded here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from registry.model.ledger import LedgerKind

LEDGER_WORDS: Mapping[LedgerKind, str] = {
    "embedded": "embedded (operator's word)",
    "network": "network (anybody can ask it)",
}


def ledger_line(kind: LedgerKind) -> str:
    """Return the line that stands below every answer for people."""
    return f"ledger: {LEDGER_WORDS[kind]}"
