"""``addGate``, ``endGate`` and the threshold: whose verdicts count, and from when to when."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.actors import ADMIN, DAY, GATES, GUARDIAN, NOBODY, OPERATOR, START, STRANGER, hash_of
from tests.contracts.chain import RevertedError
from tests.contracts.stage import Happened, Stage

NEW = GATES[3].address
OLD = GATES[0].address
NO_END = 2**40 - 1
NEVER_A_GATE = {"validFrom": 0, "validUntil": 0, "compromisedSince": 0}


def add(stage: Stage, *, gate: str = NEW, run_by: str = OPERATOR.address, begins: int = 0, ends: int = 0) -> Any:
    return stage.call("addGate", gate, run_by, begins, ends, sender=ADMIN)


# -- adding ----------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "nobody as a gate": ((NOBODY, OPERATOR.address, 0, 0), ("ZeroNotAllowed",)),
    "a gate that nobody runs": ((NEW, NOBODY, 0, 0), ("ZeroNotAllowed",)),
    "a gate in office": ((OLD, OPERATOR.address, 0, 0), ("GateAlreadyKnown", OLD)),
    "a term that ends as it begins": (
        (NEW, OPERATOR.address, START + DAY, START + DAY),
        ("TermInvalid", START + DAY, START + DAY),
    ),
    "a term that ends before it begins": (
        (NEW, OPERATOR.address, START + DAY, START + 10),
        ("TermInvalid", START + DAY, START + 10),
    ),
    "a term in the past": ((NEW, OPERATOR.address, 1, START - 1), ("TermInvalid", 1, START - 1)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_not_even_the_admin_adds(stage: Stage, case: str) -> None:
    arguments, ends = REFUSED[case]
    before = stage.read("gateTermOf", arguments[0])
    assert stage.refusal("addGate", *arguments, sender=ADMIN) == ends
    assert stage.read("gateTermOf", arguments[0]) == before


def test_a_term_cannot_end_in_the_second_in_which_it_is_given(stage: Stage) -> None:
    """Refused by both conditions, told apart: one that began earlier, and one that begins now."""
    for begins in (1, 0):
        stage.travel(stage.now + 100)
        ends = stage.now + 1
        with pytest.raises(RevertedError, match="TermInvalid"):
            add(stage, begins=begins, ends=ends)


def test_an_ended_gate_does_not_come_back(stage: Stage) -> None:
    stage.end_gate(GATES[0])
    assert stage.refusal("addGate", OLD, OPERATOR.address, 0, 0, sender=ADMIN) == ("GateAlreadyKnown", OLD)


def test_a_new_gate_counts_at_once_and_without_end(stage: Stage) -> None:
    submission = stage.submission(gates=(GATES[0], GATES[3]))
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.register(submission)
    events = add(stage)
    term = {"validFrom": stage.now, "validUntil": NO_END}
    assert events == (Happened("GateAdded", {"gate": NEW, "runBy": OPERATOR.address, **term}),)
    assert stage.read("gateTermOf", NEW) == term | {"compromisedSince": 0}
    assert stage.read("isGate", NEW)
    stage.register(submission)


def test_a_gate_counts_from_the_first_second_of_its_term_to_the_last(stage: Stage) -> None:
    add(stage, begins=START + DAY, ends=START + 2 * DAY)
    seen = []
    for second in (START + DAY - 1, START + DAY, START + 2 * DAY - 1, START + 2 * DAY):
        stage.wait(second - stage.now)
        seen.append(stage.read("isGate", NEW))
    assert seen == [False, True, True, False]


def test_a_term_may_have_begun_before(stage: Stage) -> None:
    add(stage, begins=1, ends=START + DAY)
    assert stage.read("isGate", NEW)


def test_who_runs_a_gate_is_told_and_one_runner_may_have_many(stage: Stage) -> None:
    assert add(stage, run_by=STRANGER.address)[0].args["runBy"] == STRANGER.address
    assert add(stage, gate=STRANGER.address, run_by=STRANGER.address)[0].args["runBy"] == STRANGER.address


# -- ending ----------------------------------------------------------------------------------------------------


def test_what_never_was_a_gate_does_not_end(stage: Stage) -> None:
    assert stage.refusal("endGate", NEW, 0, sender=GUARDIAN) == ("NotAGate", NEW)
    assert stage.read("gateTermOf", NEW) == NEVER_A_GATE


def test_an_ended_gates_signature_is_worthless_and_its_records_stand(stage: Stage) -> None:
    stage.register(stage.submission())
    late = stage.submission(admission={"digest": hash_of("late")}, intent={"nonce": 8})
    assert stage.end_gate(GATES[0]) == (Happened("GateEnded", {"gate": OLD, "compromisedSince": 0}),)
    assert stage.read("gateTermOf", OLD) == {"validFrom": START, "validUntil": stage.now, "compromisedSince": 0}
    assert not stage.read("isGate", OLD)
    assert stage.refusal("register", *late.arguments(), sender=STRANGER) == ("NotAGate", OLD)
    assert stage.counts == (1, 0, 0)


def test_a_gate_whose_term_has_not_begun_never_counts_once_ended(stage: Stage) -> None:
    add(stage, begins=START + DAY, ends=START + 2 * DAY)
    stage.end_gate(GATES[3])
    stage.wait(DAY + 10)
    assert not stage.read("isGate", NEW)


def test_an_end_is_not_moved(stage: Stage) -> None:
    stage.end_gate(GATES[0])
    first = stage.read("gateTermOf", OLD)
    stage.wait(DAY)
    stage.end_gate(GATES[0])
    assert stage.read("gateTermOf", OLD) == first


def test_a_compromise_lies_in_the_past(stage: Stage) -> None:
    then = stage.now + 1000
    stage.travel(then)
    assert stage.refusal("endGate", OLD, then + 1000, sender=GUARDIAN) == ("CompromiseInvalid", then + 1000)
    assert stage.read("isGate", OLD)


def test_a_compromise_may_be_of_this_very_second(stage: Stage) -> None:
    then = stage.now + 1000
    stage.travel(then)
    stage.end_gate(GATES[0], then)
    assert stage.read("gateTermOf", OLD)["compromisedSince"] == then == stage.now


def test_a_compromise_only_moves_earlier_and_is_never_taken_back(stage: Stage) -> None:
    stage.wait(10 * DAY)
    stage.end_gate(GATES[0])
    assert stage.end_gate(GATES[0], START + 5)[0].args["compromisedSince"] == START + 5
    for later in (START + 5, START + 6):
        assert stage.refusal("endGate", OLD, later, sender=GUARDIAN) == ("CompromiseInvalid", later)
    stage.end_gate(GATES[0], 0)
    assert stage.read("gateTermOf", OLD)["compromisedSince"] == START + 5
    stage.end_gate(GATES[0], START + 4)
    assert stage.read("gateTermOf", OLD)["compromisedSince"] == START + 4


def test_fewer_gates_than_must_sign_stop_registrations_until_the_admin_acts(stage: Stage) -> None:
    for gate in GATES[1:3]:
        stage.end_gate(gate)
    alone = stage.submission(gates=GATES[:1])
    assert stage.refusal("register", *alone.arguments(), sender=STRANGER) == ("QuorumNotMet", 1, 2)
    stage.call("setThreshold", 1, sender=ADMIN)
    stage.register(alone)


# -- the threshold ---------------------------------------------------------------------------------------------


def test_a_threshold_of_none_is_refused(stage: Stage) -> None:
    assert stage.refusal("setThreshold", 0, sender=ADMIN) == ("ZeroNotAllowed",)
    assert stage.read("threshold") == 2


def test_a_new_threshold_holds_for_verdicts_signed_before(stage: Stage) -> None:
    submission = stage.submission(gates=GATES[:2])
    assert stage.call("setThreshold", 3, sender=ADMIN) == (Happened("ThresholdChanged", {"from": 2, "to": 3}),)
    assert stage.refusal("register", *submission.arguments(), sender=STRANGER) == ("QuorumNotMet", 2, 3)
    assert stage.read("threshold") == 3


def test_a_threshold_above_the_gates_stops_registrations_alone(stage: Stage) -> None:
    stage.call("setThreshold", 255, sender=ADMIN)
    submission = stage.submission(gates=GATES[:3])
    assert stage.refusal("register", *submission.arguments(), sender=STRANGER) == ("QuorumNotMet", 3, 255)
