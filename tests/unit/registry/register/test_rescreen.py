"""Screening again what an older model let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import BlockCorruptError, BlockNotFoundError, RecordNotFoundError
from registry.model import Digest, Level, Outcome, Record, Standing, Visibility
from registry.register import Rescreened, in_question, rescreen
from tests.fakes import FixedDetector
from tests.pictures import write_photo
from tests.unit.registry.register.conftest import Desk, request_for
from tests.values import abstention, digest, prediction


@pytest.fixture
def recorded(desk: Desk, tmp_path: Path) -> Digest:
    photo = write_photo(tmp_path / "photo.jpg", seed=1)
    return desk.registrar.run(desk.registrar.accept(photo, request_for(photo)).job).request.digest


def again(desk: Desk, of: Digest) -> Rescreened:
    return rescreen(of, ledger=desk.ledger, store=desk.local, decoder=desk.decoder, examiner=desk.examiner)


def test_a_digest_without_a_record_is_named(desk: Desk) -> None:
    with pytest.raises(RecordNotFoundError):
        again(desk, digest())


def test_bytes_that_are_not_here_are_no_doubt_but_an_error(desk: Desk, recorded: Digest) -> None:
    desk.local.blocks.clear()
    with pytest.raises(BlockNotFoundError):
        again(desk, recorded)


def test_a_private_records_bytes_are_not_looked_for(desk: Desk, recorded: Digest) -> None:
    desk.ledger.records[recorded] = replace(desk.ledger.records[recorded], visibility=Visibility.PRIVATE)
    with pytest.raises(BlockNotFoundError, match="private"):
        again(desk, recorded)


def test_other_bytes_under_the_records_name_are_not_screened(desk: Desk, recorded: Digest) -> None:
    cid = desk.ledger.records[recorded].cid
    assert cid is not None
    desk.local.blocks[cid] = b"something else"
    with pytest.raises(BlockCorruptError, match="expected the bytes of"):
        again(desk, recorded)


@pytest.mark.parametrize(
    ("screening", "outcome", "doubt"),
    [
        (prediction(0.1), Outcome.ACCEPTED, False),
        (prediction(0.5), Outcome.INCONCLUSIVE, False),
        (abstention(), Outcome.INCONCLUSIVE, False),
        (prediction(0.95), Outcome.REJECTED, True),
    ],
)
def test_only_what_would_be_refused_now_is_a_doubt(
    desk: Desk, recorded: Digest, screening: object, outcome: Outcome, doubt: bool
) -> None:
    desk.detector = FixedDetector(screening)  # type: ignore[arg-type]  # one of both kinds
    before = dict(desk.ledger.records)
    found = again(desk, recorded)
    assert (found.verdict.outcome, found.is_doubt) == (outcome, doubt)
    assert desk.ledger.records == before


def test_a_doubt_names_model_figure_and_threshold(desk: Desk, recorded: Digest) -> None:
    desk.detector = FixedDetector(prediction(0.95))
    assert "gives 0.9500; refused from 0.8000" in again(desk, recorded).words


@pytest.mark.parametrize(
    "change",
    [
        lambda record: replace(record, standing=Standing.REVOKED),
        lambda record: replace(record, standing=Standing.DISPUTED),
        lambda record: replace(record, levels=Level.REVIEWER),
        lambda record: replace(record, visibility=Visibility.PRIVATE),
        lambda record: replace(record, content_hash=bytes(32)),
    ],
    ids=["revoked", "disputed", "let in by a person", "private", "not here"],
)
def test_only_active_records_of_a_gate_with_public_bytes_here_are_in_question(
    desk: Desk, recorded: Digest, change: Callable[[Record], Record]
) -> None:
    assert list(in_question(desk.ledger, desk.local)) == [recorded]
    desk.ledger.records[recorded] = change(desk.ledger.records[recorded])
    assert list(in_question(desk.ledger, desk.local)) == []
