"""What a verification finds: three results apart, each with its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from registry.model import Standing


class Result(StrEnum):
    """Not checked is no kind of invalid: nothing speaks against it, and nothing for it."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was found.

    Attributes:
        result: what it makes of the finding; VALID is a remark.
        code: machine-readable, stable.
        field: the dotted path of the value that it is about, absent where it is about none.
        message: for people.
    """

    result: Result
    code: str
    field: str | None
    message: str


def wrong(code: str, field: str | None, message: str) -> Reason:
    """Return a reason that makes a finding invalid."""
    return Reason(Result.INVALID, code, field, message)


def unchecked(code: str, field: str | None, message: str) -> Reason:
    """Return a reason why something could not be checked."""
    return Reason(Result.NOT_CHECKED, code, field, message)


def remark(code: str, field: str | None, message: str) -> Reason:
    """Return a reason that changes nothing and should be known."""
    return Reason(Result.VALID, code, field, message)


@dataclass(frozen=True, slots=True)
class Finding:
    """One of the three results.

    Attributes:
        result: invalid as soon as one reason says so, else not checked, else valid.
        reasons: the gravest first.
    """

    result: Result
    reasons: tuple[Reason, ...]

    @classmethod
    def of(cls, reasons: Iterable[Reason]) -> Self:
        """Return what these reasons come to."""
        gravity = (Result.INVALID, Result.NOT_CHECKED, Result.VALID)
        ordered = sorted(reasons, key=lambda reason: gravity.index(reason.result))
        return cls(ordered[0].result if ordered else Result.VALID, tuple(ordered))


@dataclass(frozen=True, slots=True)
class ReceiptVerification:
    """What a receipt is worth.

    Attributes:
        signatures: whether those signed it who may, and whether all its parts agree.
        inclusion: whether the ledger holds what it says.
        standing: whether the ledger told how the record stands now.
        stands: how; absent where nobody was asked, or there is no record.
    """

    signatures: Finding
    inclusion: Finding
    standing: Finding
    stands: Standing | None
