"""What the statements on a record come to."""

from __future__ import annotations

from collections.abc import Sequence

from registry.adapters.event_rows import StatementRow
from registry.model import Act, Address, Attestation, Digest, Level

_LEVELS = {Act.ATTEST: Level.THIRD_PARTY, Act.REVIEW: Level.REVIEWER}


def attestations(statements: Sequence[StatementRow]) -> tuple[Attestation, ...]:
    """Return the words that stand: each attester's latest at each level, unless it took them back since."""
    standing: dict[tuple[Address, Level], Attestation] = {}
    for said in statements:
        if said.act is Act.RETRACT:
            for level in _LEVELS.values():
                standing.pop((said.by, level), None)
        elif said.act in _LEVELS:
            level = _LEVELS[said.act]
            standing[said.by, level] = Attestation(said.by, level, said.detail, said.inclusion.block_time)
    return tuple(standing.values())


def successor(statements: Sequence[StatementRow]) -> Digest | None:
    """Return the record that the uploader named last as this one's successor, or nothing."""
    named = [Digest(said.detail) for said in statements if said.act is Act.SUPERSEDE]
    return named[-1] if named else None


def parents(statements: Sequence[StatementRow]) -> tuple[Digest, ...]:
    """Return the records that this one was made from, each once, in the order in which they were named."""
    return tuple(dict.fromkeys(Digest(said.detail) for said in statements if said.act is Act.DERIVE))
