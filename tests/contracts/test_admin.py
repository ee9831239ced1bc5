"""Roles, pause and constructor: who may do what, and what not even the admin may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.actors import (
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    BOND,
    CAROL,
    FRAUD,
    GATES,
    GUARDIAN,
    INSTANCE_ID,
    NOBODY,
    OPERATOR,
    REVOKE,
    STRANGER,
    hash_of,
)
from tests.contracts.chain import RevertedError
from tests.contracts.stage import Happened, Stage

ADMIN_ROLE = bytes(32)
CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "addGate": ("", (GATES[3].address, OPERATOR.address, 0, 0)),
    "setThreshold": ("", (1,)),
    "unpause": ("", ()),
    "grantRole": ("", (hash_of("a role"), STRANGER.address)),
    "revokeRole": ("", (hash_of("a role"), STRANGER.address)),
    "pause": ("GUARDIAN_ROLE", ()),
    "endGate": ("GUARDIAN_ROLE", (GATES[0].address, 0)),
    "rule": ("ARBITER_ROLE", (hash_of("a file"), FRAUD, bytes(32))),
}
HOLDERS = {"": ADMIN, "GUARDIAN_ROLE": GUARDIAN, "ARBITER_ROLE": ARBITER}


@pytest.mark.parametrize("name", CALLS)
def test_nobody_but_the_roles_holder_may(stage: Stage, name: str) -> None:
    role, arguments = CALLS[name]
    key = stage.read(role) if role else ADMIN_ROLE
    for sender in {ADMIN, GUARDIAN, ARBITER, OPERATOR, GATES[0], STRANGER} - {HOLDERS[role]}:
        ends = ("AccessControlUnauthorizedAccount", sender.address, key)
        assert stage.refusal(name, *arguments, sender=sender) == ends


def test_the_guardian_only_tightens(stage: Stage) -> None:
    stage.call("pause", sender=GUARDIAN)
    ends = ("AccessControlUnauthorizedAccount", GUARDIAN.address, ADMIN_ROLE)
    assert stage.refusal("unpause", sender=GUARDIAN) == ends
    assert stage.call("unpause", sender=ADMIN) == (Happened("Unpaused", {"account": ADMIN.address}),)


def test_the_admin_gives_and_takes_every_role(stage: Stage) -> None:
    for role in ("GUARDIAN_ROLE", "ARBITER_ROLE", "REVIEWER_ROLE"):
        key = stage.read(role)
        stage.call("grantRole", key, CAROL.address, sender=ADMIN)
        assert stage.read("hasRole", key, CAROL.address)
        stage.call("revokeRole", key, CAROL.address, sender=ADMIN)
        assert not stage.read("hasRole", key, CAROL.address)
    stage.call("grantRole", ADMIN_ROLE, CAROL.address, sender=ADMIN)
    stage.call("revokeRole", ADMIN_ROLE, ADMIN.address, sender=CAROL)
    assert not stage.read("hasRole", ADMIN_ROLE, ADMIN.address)


# -- pause -----------------------------------------------------------------------------------------------------


def test_a_pause_stops_what_anyone_writes(stage: Stage) -> None:
    digest = stage.file("an early file")
    stage.start_of_day(1)
    late, closing, wish = stage.submission(), stage.epoch(stage.today - 1, []), stage.rotation(ALICE, CAROL)
    assert stage.call("pause", sender=GUARDIAN) == (Happened("Paused", {"account": GUARDIAN.address}),)
    for sender, name, arguments in (
        (STRANGER, "register", late.arguments()),
        (ALICE, "makeStatement", ((digest, ALICE.address, REVOKE, bytes(32), 0, 0), b"")),
        (BOB, "withdrawIntent", (1,)),
        (STRANGER, "closeEpoch", (closing.struct, list(closing.signatures))),
        (STRANGER, "rotateKey", (wish.struct, *wish.signatures)),
        (STRANGER, "completeKeyRotation", (ALICE.address,)),
    ):
        assert stage.refusal(name, *arguments, sender=sender) == ("EnforcedPause",)
    ends = ("EnforcedPause",)
    assert stage.refusal("dispute", digest, 1, bytes(32), sender=BOB, value=BOND) == ends
    assert stage.refusal("pause", sender=GUARDIAN) == ends
    stage.call("unpause", sender=ADMIN)
    assert stage.refusal("unpause", sender=ADMIN) == ("ExpectedPause",)
    stage.register(late)


def test_a_pause_stops_neither_reads_nor_roles_nor_rulings_nor_what_is_owed(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    stage.call("pause", sender=GUARDIAN)
    assert stage.read("paused")
    assert stage.read("recordOf", digest)["uploader"] == ALICE.address
    assert stage.counts == (0, 1, 0)
    assert stage.read("reputationOf", ALICE.address)[2] == 1
    stage.rule(digest, FRAUD)
    stage.call("withdrawCredit", sender=BOB)
    stage.end_gate(GATES[0])
    stage.call("addGate", GATES[3].address, OPERATOR.address, 0, 0, sender=ADMIN)
    stage.call("setThreshold", 1, sender=ADMIN)
    stage.call("grantRole", stage.read("ARBITER_ROLE"), CAROL.address, sender=ADMIN)
    assert stage.balance(stage.address) == 0


# -- constructor -----------------------------------------------------------------------------------------------

BAD_DEPLOYMENTS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "no instance id": ({"instance_id": bytes(32)}, ("ZeroNotAllowed",)),
    "no admin": ({"admin": NOBODY}, ("ZeroNotAllowed",)),
    "no guardian": ({"guardian": NOBODY}, ("ZeroNotAllowed",)),
    "no arbiter": ({"arbiter": NOBODY}, ("ZeroNotAllowed",)),
    "no operator": ({"operator": NOBODY}, ("ZeroNotAllowed",)),
    "nobody as a gate": ({"gates": [NOBODY]}, ("ZeroNotAllowed",)),
    "a gate twice": ({"gates": [GATES[0].address] * 2}, ("GateAlreadyKnown", GATES[0].address)),
    "a threshold of none": ({"threshold": 0}, ("ZeroNotAllowed",)),
}


@pytest.mark.parametrize("case", BAD_DEPLOYMENTS)
def test_the_constructor_refuses(stage: Stage, case: str) -> None:
    changes, ends = BAD_DEPLOYMENTS[case]
    with pytest.raises(RevertedError) as refused:
        stage.deploy(**({"gates": [GATES[0].address], "threshold": 1} | changes))
    assert (refused.value.name, *refused.value.arguments) == ends


def test_the_constructor_gives_each_role_to_one_account(stage: Stage) -> None:
    assert stage.read("operator") == OPERATOR.address
    assert stage.read("instanceId") == INSTANCE_ID
    assert stage.read("disputeBond") == BOND
    assert stage.read("threshold") == 2
    holders = {ADMIN_ROLE: ADMIN, stage.read("GUARDIAN_ROLE"): GUARDIAN, stage.read("ARBITER_ROLE"): ARBITER}
    for role, holder in holders.items():
        for account in (ADMIN, GUARDIAN, ARBITER, OPERATOR, STRANGER):  # the last one sent the deployment
            assert stage.read("hasRole", role, account.address) == (account is holder)
    assert not stage.read("hasRole", stage.read("REVIEWER_ROLE"), ADMIN.address)
    assert [stage.read("isGate", gate.address) for gate in GATES] == [True, True, True, False]


def test_the_first_gates_are_the_operators(stage: Stage) -> None:
    receipt = stage.tester.get_transaction_receipt(stage.block(stage.deployed_in)["transactions"][0])
    added = [event for event in stage.happened(receipt) if event.name == "GateAdded"]
    assert [event.args["gate"] for event in added] == [gate.address for gate in GATES[:3]]
    assert {event.args["runBy"] for event in added} == {OPERATOR.address}


def test_a_registry_may_be_born_without_gates(stage: Stage) -> None:
    stage.address = stage.deploy([], 1)
    stage.call("addGate", GATES[0].address, OPERATOR.address, 0, 0, sender=ADMIN)
    stage.register(stage.submission(gates=GATES[:1]))
