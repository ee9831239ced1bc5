"""Screening again what an older model let in: a doubt is told, or put to an arbiter; history is never rewritten."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.errors import BlockCorruptError, BlockNotFoundError, DecoderFailedError, RecordNotFoundError
from registry.media import Decoder
from registry.model import Digest, EventName, Level, Outcome, Prediction, Record, Standing, Verdict
from registry.ports import ContentStore, Ledger
from registry.register.examine import Examiner


@dataclass(frozen=True, slots=True)
class Rescreened:
    """What the present gate says of a record's own bytes."""

    record: Record
    verdict: Verdict

    @property
    def is_doubt(self) -> bool:
        """Whether the gate would refuse now what stands on a gate's word."""
        return self.verdict.outcome is Outcome.REJECTED

    @property
    def words(self) -> str:
        """The doubt in one line, for whoever rules on it."""
        screening, thresholds = self.verdict.screening, self.verdict.thresholds
        if not isinstance(screening, Prediction):
            return f"not judged: {screening.reason.value}"
        return (
            f"{screening.model_id} gives {screening.fake_probability:.4f}; refused from {thresholds.reject_at:.4f}; "
            f"policy {self.record.policy_id.hex()[:12]} let it in"
        )


def in_question(ledger: Ledger, store: ContentStore) -> Iterator[Digest]:
    """Yield, in chain order, the ACTIVE records that stand on a gate's word and whose public bytes are here.

    What a person let in (level REVIEWER, without GATE) is no model's to doubt.
    """
    for event in ledger.events():
        if event.name is not EventName.REGISTERED:
            continue
        record = ledger.find(event.digest)
        if record is None or record.standing is not Standing.ACTIVE or Level.GATE not in record.levels:
            continue
        if record.cid is not None and store.has(record.cid):
            yield record.digest


def rescreen(
    digest: Digest, *, ledger: Ledger, store: ContentStore, decoder: Decoder, examiner: Examiner
) -> Rescreened:
    """Return what the present gate says of a record's own bytes, which are read from the store and checked.

    Raises:
        RecordNotFoundError: no such record.
        BlockNotFoundError: it is private, or its bytes are not here.
        BlockCorruptError: the bytes kept are not those recorded.
        MediaError: they cannot be read as media any more.
    """
    record = ledger.find(digest)
    if record is None:
        raise RecordNotFoundError(f"no record of {digest}")
    if record.cid is None:
        raise BlockNotFoundError(f"{digest} is private: its bytes are not told by its record")
    with tempfile.NamedTemporaryFile() as copy:
        for piece in store.read(record.cid):
            copy.write(piece)
        copy.flush()
        if (found := Digest.of_file(Path(copy.name))) != digest:
            raise BlockCorruptError(f"{record.cid}: expected the bytes of {digest}, got those of {found}")
        try:
            media = decoder.decode(Path(copy.name))
        except DecoderFailedError:
            media = None
    return Rescreened(record, examiner.decide(examiner.screen(media)))
