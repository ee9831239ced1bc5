"""``makeStatement``: the six acts, who may say what, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.actors import (
    ACTIVE,
    ADMIN,
    ALICE,
    ARBITER,
    ATTEST,
    BOB,
    CAROL,
    DAY,
    DERIVE,
    DISPUTED,
    EMPTY_HASH,
    GUARDIAN,
    OPERATOR,
    RETRACT,
    REVIEW,
    REVOKE,
    REVOKED,
    STRANGER,
    SUPERSEDE,
    hash_of,
    high_s,
)
from tests.contracts.bytecode import WALLET, place
from tests.contracts.stage import Happened, Signed, Stage
from tests.contracts.typed_data import signing_hash, statement_message

ACTS = {
    "revoke": REVOKE,
    "supersede": SUPERSEDE,
    "derive": DERIVE,
    "attest": ATTEST,
    "review": REVIEW,
    "retract": RETRACT,
}
UPLOADERS_ACTS = {name: ACTS[name] for name in ("revoke", "supersede", "derive")}
WHY = hash_of("because")
UNKNOWN = hash_of("bytes that nobody registered")


def refusal(stage: Stage, said: Signed) -> tuple[Any, ...]:
    return stage.refusal("makeStatement", said.struct, *said.signatures, sender=STRANGER)


def unsigned(act: int, digest: bytes, by: Any, detail: bytes = EMPTY_HASH) -> tuple[Any, ...]:
    return ("makeStatement", (digest, by.address, act, detail, 0, 0), b"")


def made(digest: bytes, by: Any, act: int, detail: bytes = EMPTY_HASH) -> Happened:
    return Happened("StatementMade", {"digest": digest, "by": by.address, "act": act, "detail": detail})


def appoint_reviewer(stage: Stage, who: Any = BOB) -> None:
    stage.call("grantRole", stage.read("REVIEWER_ROLE"), who.address, sender=ADMIN)


def sayable(stage: Stage, act: int, *, nonce: int = 7, **more: Any) -> Signed:
    """A statement of this act that is in order: about a file of Alice's between an earlier and a later one."""
    earlier, middle, later = (stage.file(name) for name in ("earlier", "middle", "later"))
    appoint_reviewer(stage)
    by = ALICE if act in UPLOADERS_ACTS.values() else BOB
    detail = {SUPERSEDE: later, DERIVE: earlier}.get(act, WHY)
    return stage.statement(act, middle, by=by, detail=detail, nonce=nonce, **more)


# -- what holds for all acts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_is_said_of_bytes_without_a_record(stage: Stage, act: int) -> None:
    assert refusal(stage, stage.statement(act, UNKNOWN)) == ("MediaNotRegistered", UNKNOWN)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_statement_is_good_once_by_signature_and_spends_the_nonce(stage: Stage, act: int) -> None:
    said = sayable(stage, act)
    events = stage.call("makeStatement", said.struct, *said.signatures, sender=STRANGER)
    fields = said.fields
    assert events[-1].args == {name: fields[name] for name in ("digest", "by", "act", "detail")}
    assert stage.read("isNonceSpent", fields["by"], 7)
    assert refusal(stage, said) == ("NonceSpent", fields["by"], 7)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_statement_without_signature_is_its_makers_transaction(stage: Stage, act: int) -> None:
    said = sayable(stage, act)
    speaker = ALICE if said.fields["by"] == ALICE.address else BOB
    nameless = unsigned(act, said.fields["digest"], speaker, said.fields["detail"])
    assert stage.refusal(*nameless, sender=STRANGER) == ("SignatureInvalid", speaker.address)
    assert stage.call(*nameless, sender=speaker)[-1].name == "StatementMade"
    assert not stage.read("isNonceSpent", speaker.address, 0)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_statement_past_its_deadline_is_refused(stage: Stage, act: int) -> None:
    then = stage.now + DAY
    said = sayable(stage, act, deadline=then)
    stage.travel(then + 1)
    assert refusal(stage, said) == ("DeadlinePassed", then)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_statement_signed_by_another_is_refused(stage: Stage, act: int) -> None:
    said = sayable(stage, act)
    forged = stage.statement(act, said.fields["digest"], by=CAROL, detail=said.fields["detail"]).signatures[0]
    for sig in (forged, high_s(said.signatures[0])):
        ends = ("SignatureInvalid", said.fields["by"])
        assert stage.refusal("makeStatement", said.struct, sig, sender=STRANGER) == ends


@pytest.mark.parametrize("name", ["act", "detail", "nonce", "deadline", "digest"])
def test_a_statement_changed_after_signing_is_refused(stage: Stage, name: str) -> None:
    said = sayable(stage, ATTEST)
    other: dict[str, Any] = {"act": RETRACT, "detail": UNKNOWN, "digest": hash_of("later")}
    changed = tuple((said.fields | {name: other.get(name, 2**40 + 1)}).values())
    ends = ("SignatureInvalid", BOB.address)
    assert stage.refusal("makeStatement", changed, *said.signatures, sender=STRANGER) == ends


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_pause_stops_statements(stage: Stage, act: int) -> None:
    said = sayable(stage, act)
    stage.call("pause", sender=GUARDIAN)
    assert refusal(stage, said) == ("EnforcedPause",)


def test_an_unknown_act_does_not_decode(stage: Stage) -> None:
    digest = stage.file("a file")
    assert stage.refusal(*unsigned(RETRACT + 1, digest, ALICE), sender=ALICE) == ("",)


def test_a_wallet_speaks_by_eip_1271(stage: Stage) -> None:
    digest, wallet = stage.file("a file"), place(stage, WALLET)
    said = stage.statement(ATTEST, digest)
    fields = said.fields | {"by": wallet}
    ends = ("SignatureInvalid", wallet)
    assert stage.refusal("makeStatement", tuple(fields.values()), *said.signatures, sender=STRANGER) == ends
    its_word = signing_hash(statement_message(stage.domain, fields))
    events = stage.call("makeStatement", tuple(fields.values()), its_word, sender=STRANGER)
    assert events[0].args["by"] == wallet


@pytest.mark.parametrize("act", UPLOADERS_ACTS.values(), ids=UPLOADERS_ACTS)
@pytest.mark.parametrize("sender", [BOB, OPERATOR, ADMIN, ARBITER])
def test_what_is_the_uploaders_to_say_nobody_else_says(stage: Stage, act: int, sender: Any) -> None:
    said = sayable(stage, act)
    nameless = unsigned(act, said.fields["digest"], sender, said.fields["detail"])
    assert stage.refusal(*nameless, sender=sender) == ("NotUploader", sender.address)


# -- revoke ----------------------------------------------------------------------------------------------------


def test_revoking_changes_the_standing_and_nothing_else_of_the_record(stage: Stage) -> None:
    digest = stage.file("a file")
    before = stage.read("recordOf", digest)
    assert stage.say(REVOKE, digest, detail=WHY) == (
        Happened(
            "StandingChanged",
            {"digest": digest, "from": ACTIVE, "to": REVOKED, "by": ALICE.address, "reasonHash": WHY},
        ),
        made(digest, ALICE, REVOKE, WHY),
    )
    assert stage.read("recordOf", digest) == before | {"standing": REVOKED}
    assert stage.counts == (0, 0, 1)


def test_what_is_revoked_is_not_revoked_again(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.say(REVOKE, digest)
    ends = ("StandingMismatch", digest, ACTIVE, REVOKED)
    assert stage.refusal(*unsigned(REVOKE, digest, ALICE), sender=ALICE) == ends


def test_revoking_is_no_way_out_of_a_ruling(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest)
    ends = ("StandingMismatch", digest, ACTIVE, DISPUTED)
    assert stage.refusal(*unsigned(REVOKE, digest, ALICE), sender=ALICE) == ends
    assert stage.counts == (0, 1, 0)


# -- supersede and derive --------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [SUPERSEDE, DERIVE])
def test_the_other_record_must_exist(stage: Stage, act: int) -> None:
    digest = stage.file("a file")
    ends = ("MediaNotRegistered", UNKNOWN)
    assert stage.refusal(*unsigned(act, digest, ALICE, UNKNOWN), sender=ALICE) == ends


def test_a_successor_is_later(stage: Stage) -> None:
    first, second = stage.file("first"), stage.file("second")
    assert stage.refusal(*unsigned(SUPERSEDE, second, ALICE, first), sender=ALICE) == ("NotLater", second)
    assert stage.refusal(*unsigned(SUPERSEDE, first, ALICE, first), sender=ALICE) == ("NotLater", first)
    assert stage.say(SUPERSEDE, first, detail=second) == (made(first, ALICE, SUPERSEDE, second),)
    assert stage.counts == (2, 0, 0)


def test_a_successor_is_the_same_uploaders(stage: Stage) -> None:
    mine, theirs = stage.file("mine"), stage.file("theirs", uploader=BOB)
    assert stage.refusal(*unsigned(SUPERSEDE, mine, ALICE, theirs), sender=ALICE) == ("NotUploader", ALICE.address)


def test_a_successor_may_be_a_later_key_of_the_same_uploader(stage: Stage) -> None:
    first = stage.file("first")
    stage.rotate(ALICE, CAROL)
    stage.wait(7 * DAY)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    second = stage.file("second", uploader=CAROL)
    assert stage.say(SUPERSEDE, first, by=CAROL, detail=second) == (made(first, CAROL, SUPERSEDE, second),)


def test_a_derived_record_is_later_than_its_parent_and_that_may_be_anybodys(stage: Stage) -> None:
    parent, child = stage.file("parent", uploader=BOB), stage.file("child")
    assert stage.refusal(*unsigned(DERIVE, parent, BOB, child), sender=BOB) == ("NotLater", child)
    assert stage.refusal(*unsigned(DERIVE, parent, BOB, parent), sender=BOB) == ("NotLater", parent)
    assert stage.say(DERIVE, child, detail=parent) == (made(child, ALICE, DERIVE, parent),)


# -- attest, review, retract -----------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [ATTEST, REVIEW])
def test_nobody_vouches_for_its_own(stage: Stage, act: int) -> None:
    digest = stage.file("a file")
    appoint_reviewer(stage, ALICE)
    assert stage.refusal(*unsigned(act, digest, ALICE), sender=ALICE) == ("AttesterIsUploader", ALICE.address)


@pytest.mark.parametrize("act", [ATTEST, REVIEW])
@pytest.mark.parametrize("key", [ALICE, CAROL])
def test_nobody_vouches_for_its_own_under_another_key(stage: Stage, act: int, key: Any) -> None:
    digest = stage.file("a file")
    stage.rotate(ALICE, CAROL)
    stage.wait(7 * DAY)
    stage.call("completeKeyRotation", ALICE.address, sender=STRANGER)
    appoint_reviewer(stage, key)
    assert stage.refusal(*unsigned(act, digest, key), sender=key) == ("AttesterIsUploader", key.address)


@pytest.mark.parametrize("speaker", [BOB, OPERATOR, ADMIN, ARBITER])
def test_only_a_reviewer_reviews(stage: Stage, speaker: Any) -> None:
    digest, role = stage.file("a file"), stage.read("REVIEWER_ROLE")
    ends = ("AccessControlUnauthorizedAccount", speaker.address, role)
    assert stage.refusal(*unsigned(REVIEW, digest, speaker), sender=speaker) == ends
    appoint_reviewer(stage, speaker)
    assert stage.say(REVIEW, digest, by=speaker) == (made(digest, speaker, REVIEW),)


@pytest.mark.parametrize("act", [ATTEST, RETRACT])
def test_vouching_and_taking_back_change_no_standing_and_no_reputation(stage: Stage, act: int) -> None:
    digest = stage.file("a file")
    record, reputation = stage.read("recordOf", digest), stage.read("reputationOf", ALICE.address)
    assert stage.say(act, digest, by=BOB, detail=WHY) == (made(digest, BOB, act, WHY),)
    assert stage.read("recordOf", digest) == record
    assert stage.read("reputationOf", ALICE.address) == reputation
    assert stage.counts == (1, 0, 0)


def test_vouching_goes_on_while_a_record_is_disputed_and_after(stage: Stage) -> None:
    digest = stage.file("a file")
    stage.dispute(digest, by=CAROL)
    assert stage.say(ATTEST, digest, by=BOB) == (made(digest, BOB, ATTEST),)
    assert stage.standing(digest) == DISPUTED
