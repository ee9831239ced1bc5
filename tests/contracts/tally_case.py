"""An epoch whose rejections somebody may ask to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.contracts.actors import ALICE, BOB, BOND, DAY, NOBODY, STRANGER
from tests.contracts.stage import Happened, Stage
from tests.contracts.trees import Refused, rejection
from tests.contracts.typed_data import rejection_leaf_message, signing_hash

SETTLES = 8
FOUR_REJECTED = [1668, 992_328, 0, 0, 0]  # one unit, a day old, R rounded up: 1 / 5.992328
THREE_DAYS = 3 * DAY


class Case:
    """Yesterday's rejections of Alice: as many in the tally as asked for, four and three of others in the tree."""

    def __init__(self, stage: Stage, rejections: int = 4) -> None:
        self.stage = stage
        stage.start_of_day(1)
        self.epoch = stage.today - 1
        self.hers = [rejection(stage, k) for k in range(4)]
        others = [rejection(stage, 10 + k, uploader=BOB) for k in range(3)]
        self.refused = Refused(stage, (*self.hers, *others))
        self.refused.close(self.epoch, {ALICE.address: rejections, BOB.address: 3})

    def dispute(self) -> tuple[Happened, ...]:
        bond = self.stage.read("bondOf", ALICE.address)
        return self.stage.call("disputeTally", self.epoch, ALICE.address, sender=ALICE, value=bond)

    def answer(self, openings: Sequence[Any]) -> tuple[Happened, ...]:
        return self.stage.call("answerTally", self.epoch, ALICE.address, list(openings), sender=STRANGER)

    def refusal(self, openings: Sequence[Any], uploader: str = ALICE.address) -> tuple[Any, ...]:
        return self.stage.refusal("answerTally", self.epoch, uploader, list(openings), sender=STRANGER)

    def all(self) -> list[tuple[Any, ...]]:
        return self.refused.openings(self.hers)

    def leaf(self, opening: tuple[Any, ...], uploader: str = ALICE.address) -> bytes:
        """The leaf that the contract takes an opening for."""
        fields = dict(zip(("intentHash", "detailHash", "salt"), opening[:3], strict=True))
        return signing_hash(rejection_leaf_message(self.stage.domain, {"uploader": uploader, **fields}))

    def settled(self) -> Any:
        """Alice's reputation when the epoch has settled."""
        self.stage.start_of_day(self.epoch + SETTLES - self.stage.today)
        return self.stage.read("reputationOf", ALICE.address)


def tallied(rejections: int) -> dict[str, Any]:
    """What is kept of a tally that nobody disputed."""
    return {"challenger": NOBODY, "openedAt": 0, "doublings": 0, "rejections": rejections}


def dispute_refusal(stage: Stage, epoch: int, who: Any = ALICE, *, name: Any = ALICE, value: int = BOND) -> Any:
    return stage.refusal("disputeTally", epoch, name.address, sender=who, value=value)
