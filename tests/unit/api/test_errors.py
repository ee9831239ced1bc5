"""The one error table: complete, and its exit codes combine as the design says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.errors import ANSWERS, REFUSALS, Exit, answer_to, combined, told
from registry.adapters.contract import artefact
from registry.errors import MediaDecodeError, MediaTooLargeError, RegistryError, TransactionRevertedError


def tree(cls: type[RegistryError]) -> Iterator[type[RegistryError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from tree(child)


def test_every_error_of_core_and_api_has_a_row() -> None:
    # a plug-in's own errors are answered as the core's class that they are
    ours = {"registry.errors", "api.errors"}
    assert {error for error in tree(RegistryError) if error.__module__ in ours} == set(ANSWERS)


def test_codes_are_unique() -> None:
    codes = [row.code for row in ANSWERS.values()]
    assert len(set(codes)) == len(codes)


def test_an_error_is_answered_by_its_own_row() -> None:
    assert answer_to(MediaDecodeError("x")).status == 422
    assert answer_to(MediaTooLargeError("max_pixels", limit=1, value=2)).status == 413
    assert answer_to(TransactionRevertedError("Paused")).exit_code is Exit.REFUSED


def test_a_refusal_of_the_contract_is_told_with_its_meaning_and_its_name() -> None:
    assert told(TransactionRevertedError("NotUploader", ["0xab"])) == (
        f"{REFUSALS['NotUploader']} (the contract refused: NotUploader(0xab))"
    )
    assert told(TransactionRevertedError("Panic", ["17"])) == "the contract refused: Panic(17)"
    assert told(MediaDecodeError("x")) == "x"


def test_every_sentence_is_of_an_error_that_the_contract_has() -> None:
    known = {name for name, _ in artefact().errors.values()}
    assert known >= set(REFUSALS)


@pytest.mark.parametrize(
    ("codes", "one"),
    [
        ([], Exit.GOOD),
        ([Exit.GOOD], Exit.GOOD),
        ([Exit.GOOD, Exit.UNKNOWN], Exit.UNKNOWN),
        ([Exit.GOOD, Exit.USAGE], Exit.USAGE),
        ([Exit.UNKNOWN, Exit.USAGE], Exit.UNKNOWN),
        ([Exit.USAGE, Exit.REVIEW], Exit.REVIEW),
        ([Exit.REFUSED, Exit.REVIEW], Exit.REFUSED),
        ([Exit.OUTSIDE, Exit.REFUSED, Exit.USAGE], Exit.OUTSIDE),
        ([Exit.USAGE, Exit.USAGE], Exit.USAGE),
    ],
)
def test_several_files_end_in_one_exit_code(codes: list[Exit], one: Exit) -> None:
    assert combined(codes) is one
