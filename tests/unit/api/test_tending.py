"""The thread that looks after the epochs."""

from __future__ import annotations

import threading

import pytest

from api.tending import Tender
from registry.errors import LedgerUnavailableError
from registry.register import EpochKeeper

WAIT_S = 10.0


class Keeper(EpochKeeper):
    """Counts its turns, and fails in each as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.turns = 0
        self.enough = threading.Event()

    def tend(self) -> None:
        self.turns += 1
        if self.failures:
            raise self.failures.pop(0)
        self.enough.set()


@pytest.mark.parametrize("failure", [LedgerUnavailableError("down"), RuntimeError("a surprise")])
def test_it_tends_at_once_and_again_after_what_failed(failure: Exception) -> None:
    keeper = Keeper(failure)
    tender = Tender(keeper, every_s=0.001)
    tender.start()
    assert keeper.enough.wait(WAIT_S)
    tender.stop()
    assert keeper.turns >= 2


def test_it_ends_while_it_waits_for_its_next_turn() -> None:
    keeper = Keeper()
    tender = Tender(keeper, every_s=3600)
    tender.start()
    assert keeper.enough.wait(WAIT_S)
    tender.stop()
    assert keeper.turns == 1
