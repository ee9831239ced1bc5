"""``revoke``: who may, once, and what it does to standing, counts and reputation."""

from __future__ import annotations

import pytest
from eth_account.signers.local import LocalAccount

from tests.contracts.stage import (
    ACTIVE,
    ADMIN,
    ALICE,
    ARBITER,
    BOB,
    EMPTY_HASH,
    GATES,
    OPERATOR,
    REVOKED,
    STRANGER,
    Happened,
    RevertedError,
    Stage,
    hash_of,
)

DIGEST = hash_of("a file")
REASON = hash_of("because")


@pytest.mark.parametrize("sender", [BOB, STRANGER, OPERATOR, ADMIN, GATES[0]])
def test_revoke_refuses_all_but_the_uploader_and_an_arbiter(stage: Stage, sender: LocalAccount) -> None:
    stage.register(stage.submission())
    with pytest.raises(RevertedError) as refused:
        stage.call("revoke", DIGEST, REASON, sender=sender)
    assert (refused.value.name, refused.value.arguments) == ("NotUploaderNorArbiter", (sender.address,))
    assert stage.read("recordOf", DIGEST)["standing"] == ACTIVE


def test_revoke_refuses_a_digest_without_a_record(stage: Stage) -> None:
    with pytest.raises(RevertedError) as refused:
        stage.call("revoke", DIGEST, REASON, sender=ARBITER)
    assert (refused.value.name, refused.value.arguments) == ("MediaNotRegistered", (DIGEST,))


@pytest.mark.parametrize("first", [ALICE, ARBITER])
@pytest.mark.parametrize("second", [ALICE, ARBITER])
def test_revoke_refuses_a_record_revoked_before(stage: Stage, first: LocalAccount, second: LocalAccount) -> None:
    stage.register(stage.submission())
    stage.call("revoke", DIGEST, REASON, sender=first)
    with pytest.raises(RevertedError) as refused:
        stage.call("revoke", DIGEST, REASON, sender=second)
    assert (refused.value.name, refused.value.arguments) == ("MediaAlreadyRevoked", (DIGEST,))


@pytest.mark.parametrize("sender", [ALICE, ARBITER])
def test_revoke_changes_the_standing_and_nothing_else_of_the_record(stage: Stage, sender: LocalAccount) -> None:
    stage.register(stage.submission())
    before = stage.read("recordOf", DIGEST)
    events = stage.call("revoke", DIGEST, REASON, sender=sender)
    assert events == (
        Happened(
            "StandingChanged",
            {"digest": DIGEST, "from": ACTIVE, "to": REVOKED, "by": sender.address, "reasonHash": REASON},
        ),
    )
    assert stage.read("recordOf", DIGEST) == before | {"standing": REVOKED}
    assert stage.read("standingOf", DIGEST) == REVOKED
    assert stage.read("counts") == [0, 0, 1]


def test_an_arbiter_who_lost_the_role_may_revoke_no_more(stage: Stage) -> None:
    stage.register(stage.submission())
    role = stage.read("ARBITER_ROLE")
    stage.call("revokeRole", role, ARBITER.address, sender=ADMIN)
    with pytest.raises(RevertedError, match="NotUploaderNorArbiter"):
        stage.call("revoke", DIGEST, EMPTY_HASH, sender=ARBITER)
