"""How hits become matches: by votes of a clip's frames, in one transform, against records that exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry.fingerprint import fingerprint
from registry.media import Decoder
from registry.model import (
    PDQ256,
    Fingerprint,
    Frame,
    IndexHit,
    Media,
    MediaKind,
    PerceptualHash,
    RecordGate,
    Transform,
    VerificationResult,
)
from registry.verify import LOW_QUALITY, Verifier, reasons_of
from tests.fakes import MemoryIndex, MemoryLedger
from tests.pictures import picture
from tests.values import ALICE, BOB, digest, record


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


class CountingIndex(MemoryIndex):
    """An index that also counts what it is asked."""

    asked = 0

    def nearest(self, query: Sequence[PerceptualHash], *, radius_bits: int) -> tuple[IndexHit, ...]:
        self.asked += 1
        return super().nearest(query, radius_bits=radius_bits)


def still(seed: int, *, turned: bool = False) -> Media:
    rgb = picture(seed)
    rgb = np.ascontiguousarray(rgb[:, ::-1]) if turned else rgb
    return Media(MediaKind.IMAGE, "png", rgb.shape[1], rgb.shape[0], 0.0, (Frame(0.0, rgb),))


def clip(seeds: Sequence[int]) -> Media:
    frames = tuple(Frame(0.5 * number, picture(seed)) for number, seed in enumerate(seeds))
    return Media(MediaKind.VIDEO, "mp4", 640, 480, 0.5 * len(frames), frames)


def verifier(decoder: Decoder, *stored: Fingerprint, recorded: bool = True) -> Verifier:
    ledger, index = MemoryLedger(), MemoryIndex()
    for kept in stored:
        index.add(kept)
        if recorded:
            ledger.records[kept.digest] = record(kept.digest.hex)
    return Verifier(ledger=ledger, index=index, decoder=decoder)


def test_a_flat_picture_has_no_evidence_and_is_not_even_looked_up(decoder: Decoder) -> None:
    index = CountingIndex()
    flat = Media(MediaKind.IMAGE, "png", 64, 64, 0.0, (Frame(0.0, np.full((64, 64, 3), 128, np.uint8)),))
    comparison = Verifier(ledger=MemoryLedger(), index=index, decoder=decoder).compare(flat)
    assert (comparison.neighbours, comparison.reasons, index.asked) == ((), (LOW_QUALITY,), 0)


def test_a_code_whose_record_is_not_on_the_ledger_is_no_match(decoder: Decoder) -> None:
    kept = fingerprint(still(1), digest("kept"))
    assert verifier(decoder, kept, recorded=False).compare(still(1)).neighbours == ()


def test_a_clip_that_shares_one_frame_of_ten_is_no_match(decoder: Decoder) -> None:
    kept = fingerprint(clip(range(10)), digest("kept"))
    assert verifier(decoder, kept).compare(clip([3, *range(50, 59)])).neighbours == ()


def test_a_clip_that_shares_a_third_of_its_frames_is_a_match(decoder: Decoder) -> None:
    kept = fingerprint(clip(range(9)), digest("kept"))
    [neighbour] = verifier(decoder, kept).compare(clip([0, 1, 2, *range(50, 56)])).neighbours
    assert (neighbour.match.digest, neighbour.match.distance_bits) == (digest("kept"), 0)


def test_a_mirrored_picture_is_found_with_its_turn(decoder: Decoder) -> None:
    kept = fingerprint(still(1), digest("kept"))
    [neighbour] = verifier(decoder, kept).compare(still(1, turned=True)).neighbours
    assert neighbour.match.transform in {Transform.FLIP_X, Transform.FLIP_Y}
    assert neighbour.match.distance_bits <= 16
    assert neighbour.match.alg == PDQ256


def test_nearer_records_come_first(decoder: Decoder) -> None:
    exact = fingerprint(still(1), digest("exact"))
    [code] = [code for code in exact.hashes if code.alg == PDQ256]
    off = bytes([code.bits[0] ^ 0b111]) + code.bits[1:]
    near = Fingerprint(1, MediaKind.IMAGE, digest("near"), (PerceptualHash(PDQ256, off, code.quality),))
    neighbours = verifier(decoder, near, exact).compare(still(1)).neighbours
    assert [(n.match.digest, n.match.distance_bits) for n in neighbours] == [(digest("exact"), 0), (digest("near"), 3)]


def test_the_answer_takes_record_and_standing_from_the_nearest(decoder: Decoder) -> None:
    kept = fingerprint(still(1), digest("kept"))
    reader = verifier(decoder, kept)
    answer = reader.answer(digest("query"), reader.compare(still(1)))
    assert answer.result is VerificationResult.SIMILAR
    assert answer.record is not None
    assert answer.standing is answer.record.standing
    assert answer.digest == digest("query")


def test_a_missing_file_is_an_operating_system_error_and_no_answer(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verifier(decoder).verify(tmp_path / "gone.jpg")


@pytest.mark.parametrize(
    ("gates", "reasons"),
    [
        ((), ()),
        ((RecordGate(ALICE, ALICE, is_suspect=False),), ()),
        ((RecordGate(ALICE, ALICE, is_suspect=True),), ("gate_key_compromised",)),
        ((RecordGate(ALICE, ALICE, is_suspect=False), RecordGate(BOB, BOB, is_suspect=False)), ()),
        (
            (RecordGate(ALICE, BOB, is_suspect=False), RecordGate(BOB, BOB, is_suspect=False)),
            ("single_operator_quorum",),
        ),
    ],
)
def test_what_the_gates_are_worth_qualifies_the_answer(gates: tuple[RecordGate, ...], reasons: tuple[str, ...]) -> None:
    assert reasons_of(replace(record(), gates=gates)) == reasons


def test_a_superseded_record_says_so_in_exact_and_similar_answers(decoder: Decoder) -> None:
    original = still(1)
    kept = fingerprint(original, digest("x"))
    asked = verifier(decoder, kept)
    ledger = asked._ledger
    ledger.records[digest("x")] = replace(ledger.records[digest("x")], superseded_by=digest("y"))
    exact = asked.look_up(digest("x"))
    assert exact is not None
    assert exact.reasons == ("superseded",)
    similar = asked.answer(digest("z"), asked.compare(original))
    assert (similar.result, similar.reasons) == (VerificationResult.SIMILAR, ("superseded",))
