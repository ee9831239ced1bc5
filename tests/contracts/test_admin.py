"""Gates, threshold, pause, roles and constructor: what only the admin may, and what not even the admin may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.stage import (
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    EMPTY_HASH,
    GATES,
    INSTANCE_ID,
    OPERATOR,
    STRANGER,
    Happened,
    RevertedError,
    Stage,
    hash_of,
)

NOBODY = "0x" + "00" * 20
DIGEST = hash_of("a file")
ADMIN_CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("addGate", (GATES[3].address,)),
    ("removeGate", (GATES[0].address,)),
    ("setThreshold", (1,)),
    ("pause", ()),
    ("unpause", ()),
    ("grantRole", (bytes(32), STRANGER.address)),
]


@pytest.mark.parametrize(("name", "arguments"), ADMIN_CALLS, ids=[name for name, _ in ADMIN_CALLS])
@pytest.mark.parametrize("sender", [ARBITER, OPERATOR, GATES[0], STRANGER])
def test_nobody_but_the_admin_may(stage: Stage, sender: Any, name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(RevertedError) as refused:
        stage.call(name, *arguments, sender=sender)
    assert refused.value.name == "AccessControlUnauthorizedAccount"
    assert refused.value.arguments == (sender.address, bytes(32))


GATE_REFUSALS: dict[str, tuple[str, tuple[Any, ...], str, tuple[Any, ...]]] = {
    "nobody as a gate": ("addGate", (NOBODY,), "ZeroNotAllowed", ()),
    "a gate twice": ("addGate", (GATES[0].address,), "GateAlreadyActive", (GATES[0].address,)),
    "removing what is no gate": ("removeGate", (GATES[3].address,), "GateNotActive", (GATES[3].address,)),
    "a threshold of none": ("setThreshold", (0,), "ThresholdOutOfRange", (0, 3)),
    "a threshold above the gates": ("setThreshold", (4,), "ThresholdOutOfRange", (4, 3)),
}


@pytest.mark.parametrize("case", GATE_REFUSALS)
def test_not_even_the_admin_may_set(stage: Stage, case: str) -> None:
    call, given, name, arguments = GATE_REFUSALS[case]
    with pytest.raises(RevertedError) as refused:
        stage.call(call, *given, sender=ADMIN)
    assert (refused.value.name, refused.value.arguments) == (name, arguments)


def test_gates_never_fall_below_the_threshold(stage: Stage) -> None:
    stage.call("removeGate", GATES[2].address, sender=ADMIN)
    with pytest.raises(RevertedError) as refused:
        stage.call("removeGate", GATES[1].address, sender=ADMIN)
    assert (refused.value.name, refused.value.arguments) == ("ThresholdOutOfRange", (2, 1))
    stage.call("setThreshold", 1, sender=ADMIN)
    stage.call("removeGate", GATES[1].address, sender=ADMIN)
    assert stage.read("gateCount") == 1


def test_a_new_gate_counts_at_once(stage: Stage) -> None:
    submission = stage.submission(gates=(GATES[0], GATES[3]))
    assert stage.call("addGate", GATES[3].address, sender=ADMIN) == (Happened("GateAdded", {"gate": GATES[3].address}),)
    assert stage.read("isGate", GATES[3].address)
    assert stage.read("gateCount") == 4
    stage.register(submission)


def test_a_removed_gates_signature_is_worthless_and_its_records_stand(stage: Stage) -> None:
    stage.register(stage.submission())
    late = stage.submission(admission={"digest": hash_of("late")}, intent={"nonce": 8})
    assert stage.call("removeGate", GATES[0].address, sender=ADMIN) == (
        Happened("GateRemoved", {"gate": GATES[0].address}),
    )
    with pytest.raises(RevertedError) as refused:
        stage.register(late)
    assert (refused.value.name, refused.value.arguments) == ("NotAGate", (GATES[0].address,))
    assert stage.read("counts") == [1, 0, 0]


def test_a_new_threshold_holds_for_verdicts_signed_before(stage: Stage) -> None:
    submission = stage.submission(gates=GATES[:2])
    assert stage.call("setThreshold", 3, sender=ADMIN) == (Happened("ThresholdChanged", {"from": 2, "to": 3}),)
    with pytest.raises(RevertedError, match="QuorumNotMet"):
        stage.register(submission)
    assert stage.read("threshold") == 3


def test_a_pause_stops_every_write_and_no_read(stage: Stage) -> None:
    stage.register(stage.submission())
    late = stage.submission(admission={"digest": hash_of("late")}, intent={"nonce": 8})
    stage.call("pause", sender=ADMIN)
    for sender, name, arguments in (
        (STRANGER, "register", late.arguments()),
        (ARBITER, "revoke", (DIGEST, EMPTY_HASH)),
        (BOB, "withdrawIntent", (1,)),
    ):
        with pytest.raises(RevertedError, match="EnforcedPause"):
            stage.call(name, *arguments, sender=sender)
    assert stage.read("recordOf", DIGEST)["uploader"] == ALICE.address
    assert stage.read("counts") == [1, 0, 0]
    assert stage.read("reputationOf", ALICE.address)[0] == 3333
    assert stage.read("paused")
    stage.call("unpause", sender=ADMIN)
    stage.register(late)


def test_a_new_arbiter_may_revoke(stage: Stage) -> None:
    stage.register(stage.submission())
    stage.call("grantRole", stage.read("ARBITER_ROLE"), BOB.address, sender=ADMIN)
    stage.call("revoke", DIGEST, EMPTY_HASH, sender=BOB)
    assert stage.read("counts") == [0, 0, 1]


BAD_DEPLOYMENTS: dict[str, tuple[dict[str, Any], str, tuple[Any, ...]]] = {
    "no instance id": ({"instance_id": bytes(32)}, "ZeroNotAllowed", ()),
    "no admin": ({"admin": NOBODY}, "ZeroNotAllowed", ()),
    "no arbiter": ({"arbiter": NOBODY}, "ZeroNotAllowed", ()),
    "no operator": ({"operator": NOBODY}, "ZeroNotAllowed", ()),
    "nobody as a gate": ({"gates": [NOBODY]}, "ZeroNotAllowed", ()),
    "a gate twice": ({"gates": [GATES[0].address] * 2}, "GateAlreadyActive", (GATES[0].address,)),
    "no gates": ({"gates": []}, "ThresholdOutOfRange", (1, 0)),
    "a threshold of none": ({"threshold": 0}, "ThresholdOutOfRange", (0, 1)),
    "a threshold above the gates": ({"threshold": 2}, "ThresholdOutOfRange", (2, 1)),
}


@pytest.mark.parametrize("case", BAD_DEPLOYMENTS)
def test_the_constructor_refuses(stage: Stage, case: str) -> None:
    changes, name, arguments = BAD_DEPLOYMENTS[case]
    with pytest.raises(RevertedError) as refused:
        stage.deploy(**({"gates": [GATES[0].address], "threshold": 1} | changes))
    assert (refused.value.name, refused.value.arguments) == (name, arguments)


def test_the_constructor_names_every_role_once(stage: Stage) -> None:
    assert stage.read("operator") == OPERATOR.address
    assert stage.read("instanceId") == INSTANCE_ID
    assert stage.read("threshold") == 2
    assert stage.read("gateCount") == 3
    assert stage.read("hasRole", bytes(32), ADMIN.address)
    assert stage.read("hasRole", stage.read("ARBITER_ROLE"), ARBITER.address)
    assert not stage.read("hasRole", bytes(32), STRANGER.address)  # it sent the deployment
    assert [stage.read("isGate", gate.address) for gate in GATES] == [True, True, True, False]
