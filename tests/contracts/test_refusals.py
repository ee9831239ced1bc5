"""Whatever somebody brings to the registry that does not belong there, refused one by one, by name and in vain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from tests.contracts.actors import (
    ADMIN,
    ALICE,
    BOB,
    BOND,
    DAY,
    GATES,
    NOBODY,
    OPERATOR,
    START,
    STRANGER,
    hash_of,
    high_s,
)
from tests.contracts.bytecode import DENIER, WALLET, place
from tests.contracts.stage import Stage, Submission
from tests.contracts.trees import Refused, batch, leaf, rejection
from tests.contracts.typed_data import Fields, batch_leaf_message, batch_message, signing_hash, verdict_message

DIGEST = hash_of("a file")
OTHER = hash_of("another file")
LEAVES = [leaf("a file"), leaf("another file")]
NEVER_VALID = bytes(64) + b"\x1b"  # r = s = 0: recovers to the zero address where nobody looks
ELSEWHERE: dict[str, Fields] = {
    "chain": {"chainId": 1},
    "contract": {"verifyingContract": STRANGER.address},
    "installation": {"salt": hash_of("another installation")},
}


@dataclass(frozen=True)
class Refusal:
    """A call, who sends it, and how it must end."""

    name: str
    arguments: tuple[Any, ...]
    ends: tuple[Any, ...]
    sender: Any = STRANGER


def refused(submission: Submission, *ends: Any) -> Refusal:
    return Refusal("register", submission.arguments(), ends, submission.sender)


def recovered(stage: Stage, brought: Submission, index: int = 0) -> str:
    """Whom the contract must take for the gate: the account that eth_account recovers from the words as brought."""
    message = verdict_message(stage.domain, brought.admission, brought.opinions[index])
    signer: str = Account.recover_message(encode_typed_data(full_message=message), signature=brought.gate_sigs[index])
    return signer


def verdict_from(change: Callable[[Stage], Submission]) -> Callable[[Stage], Refusal]:
    """A submission in order, but the gates' signatures are those of another one."""

    def build(stage: Stage) -> Refusal:
        brought = replace(stage.submission(), gate_sigs=change(stage).gate_sigs)
        return refused(brought, "NotAGate", recovered(stage, brought))

    return build


def intent_from(change: Callable[[Stage], Submission]) -> Callable[[Stage], Refusal]:
    """A submission in order, but the uploader's signature is that of another one."""
    return lambda stage: refused(
        replace(stage.submission(), intent_sig=change(stage).intent_sig), "SignatureInvalid", ALICE.address
    )


def elsewhere(place: str) -> Callable[[Stage], Submission]:
    return lambda stage: stage.submission(domain=stage.domain | ELSEWHERE[place])


def used_nonce(stage: Stage) -> Refusal:
    stage.register(stage.submission(admission={"digest": OTHER}))
    return refused(stage.submission(), "NonceSpent", ALICE.address, 7)


def withdrawn_nonce(stage: Stage) -> Refusal:
    stage.call("withdrawIntent", 7, sender=ALICE)
    return refused(stage.submission(), "NonceSpent", ALICE.address, 7)


def past(part: str) -> Callable[[Stage], Refusal]:
    def build(stage: Stage) -> Refusal:
        stage.travel(START + DAY)
        return refused(stage.submission(**{part: {"deadline": START + DAY - 1}}), "DeadlinePassed", START + DAY - 1)

    return build


def ended_gate(stage: Stage) -> Refusal:
    brought = stage.submission()
    stage.end_gate(GATES[1])
    return refused(brought, "NotAGate", GATES[1].address)


def gate_of_a_term(valid_from: int, valid_until: int, now: int) -> Callable[[Stage], Refusal]:
    def build(stage: Stage) -> Refusal:
        new = GATES[3].address
        stage.call("addGate", new, ADMIN.address, START + valid_from, START + valid_until, sender=ADMIN)
        stage.travel(START + now)
        return refused(stage.submission(gates=(GATES[0], GATES[3])), "NotAGate", new)

    return build


def by_gates(*names: int, ends: tuple[Any, ...]) -> Callable[[Stage], Refusal]:
    return lambda stage: refused(stage.submission(gates=[GATES[k] for k in names]), *ends)


def with_gate_sig(sig: Callable[[bytes], bytes]) -> Callable[[Stage], Refusal]:
    def build(stage: Stage) -> Refusal:
        whole = stage.submission()
        return refused(
            replace(whole, gate_sigs=(sig(whole.gate_sigs[0]), whole.gate_sigs[1])), "GateSignatureInvalid", 0
        )

    return build


def with_intent_sig(sig: Callable[[bytes], bytes]) -> Callable[[Stage], Refusal]:
    def build(stage: Stage) -> Refusal:
        whole = stage.submission()
        return refused(replace(whole, intent_sig=sig(whole.intent_sig)), "SignatureInvalid", ALICE.address)

    return build


def nobodys_upload(stage: Stage) -> Refusal:
    return refused(
        replace(stage.submission(admission={"uploader": NOBODY}, intent={"uploader": NOBODY}), intent_sig=NEVER_VALID),
        "SignatureInvalid",
        NOBODY,
    )


def nobodys_tally(stage: Stage) -> Refusal:
    stage.start_of_day(1)
    closing = stage.epoch(stage.today - 1, [(NOBODY, 1)])
    return Refusal("closeEpoch", (closing.struct, list(closing.signatures)), ("NotAscending", NOBODY, NOBODY))


def batch_from(place: str) -> Callable[[Stage], Refusal]:
    def build(stage: Stage) -> Refusal:
        brought = batch(stage, LEAVES, domain=stage.domain | ELSEWHERE[place])
        row = [{"uploader": ALICE.address, "count": 2}]
        message = encode_typed_data(full_message=batch_message(stage.domain, brought.fields | {"tallies": row}))
        signer: str = Account.recover_message(message, signature=brought.signatures[0])
        return Refusal("registerBatch", brought.call, ("NotAGate", signer))

    return build


def leaf_from(place: str) -> Callable[[Stage], Refusal]:
    """The only leaf of a batch is its root, and its path is empty."""

    def build(stage: Stage) -> Refusal:
        one = LEAVES[0]
        there = batch_leaf_message(stage.domain | ELSEWHERE[place], one.admission, one.visibility, one.claims_hash)
        made = batch(stage, [one], root=signing_hash(there))
        stage.call("registerBatch", *made.call, sender=STRANGER)
        arguments = (made.root, tuple(one.admission.values()), one.visibility, one.claims_hash, [])
        return Refusal("unfold", arguments, ("PathInvalid", one.hashed(stage)))

    return build


def repeated_root(stage: Stage) -> Refusal:
    made = batch(stage, LEAVES)
    stage.call("registerBatch", *made.call, sender=STRANGER)
    return Refusal("registerBatch", made.call, ("BatchAlreadyRegistered", made.root))


def disputed(stage: Stage, uploader: LocalAccount, by: LocalAccount | None = None) -> tuple[int, Refused]:
    """Yesterday's epoch, with one rejection of the uploader's that it asks to see, signed by itself or another."""
    stage.start_of_day(1)
    epoch = stage.today - 1
    refused_ones = Refused(stage, (rejection(stage, 1, uploader=uploader, by=by),))
    refused_ones.close(epoch, {uploader.address: 1})
    stage.call("disputeTally", epoch, uploader.address, sender=uploader, value=BOND)
    return epoch, refused_ones


def tally_of_anothers(stage: Stage) -> Refusal:
    epoch, _ = disputed(stage, ALICE)
    return Refusal("disputeTally", (epoch, ALICE.address), ("NotUploader", STRANGER.address))


def rejection_that_another_signed(stage: Stage) -> Refusal:
    epoch, theirs = disputed(stage, ALICE, BOB)
    arguments = (epoch, ALICE.address, theirs.openings(theirs.rejections))
    return Refusal("answerTally", arguments, ("SignatureInvalid", ALICE.address))


def rejection_of_another_epoch(stage: Stage) -> Refusal:
    _, first = disputed(stage, ALICE)
    stage.start_of_day(1)
    second = Refused(stage, (rejection(stage, 2),))
    second.close(stage.today - 1, {ALICE.address: 1})
    stage.call("disputeTally", stage.today - 1, ALICE.address, sender=ALICE, value=BOND)
    arguments = (stage.today - 1, ALICE.address, first.openings(first.rejections))
    return Refusal("answerTally", arguments, ("PathInvalid", first.tree.root))


def nobody_as_gate(stage: Stage) -> Refusal:
    return Refusal("addGate", (NOBODY, ADMIN.address, 0, 0), ("ZeroNotAllowed",), ADMIN)


def wallet_that(text: str) -> Callable[[Stage], Refusal]:
    def build(stage: Stage) -> Refusal:
        wallet = place(stage, text)
        brought = stage.submission(admission={"uploader": wallet}, intent={"uploader": wallet})
        return refused(brought, "SignatureInvalid", wallet)

    return build


REFUSALS: dict[str, Callable[[Stage], Refusal]] = {
    **{f"a verdict for another {place}": verdict_from(elsewhere(place)) for place in ELSEWHERE},
    **{f"a batch for another {place}": batch_from(place) for place in ELSEWHERE},
    **{f"a leaf of another {place}": leaf_from(place) for place in ELSEWHERE},
    "a root that is there": repeated_root,
    "a tally that is another's to dispute": tally_of_anothers,
    "a rejection that another signed": rejection_that_another_signed,
    "a rejection of another epoch": rejection_of_another_epoch,
    **{f"an intent for another {place}": intent_from(elsewhere(place)) for place in ELSEWHERE},
    "a verdict for another uploader": verdict_from(lambda s: s.submission(uploader=BOB)),
    "a verdict for another digest": verdict_from(lambda s: s.submission(admission={"digest": OTHER})),
    "another uploader's signature": intent_from(lambda s: s.submission(uploader=BOB)),
    "an intent signed for another digest": intent_from(lambda s: s.submission(intent={"digest": OTHER})),
    "another uploader's intent": lambda s: refused(
        s.submission(uploader=BOB, admission={"uploader": ALICE.address}), "IntentMismatch", DIGEST, BOB.address
    ),
    "an intent for another digest": lambda s: refused(
        s.submission(intent={"digest": OTHER}), "IntentMismatch", OTHER, ALICE.address
    ),
    "an intent nonce that was used": used_nonce,
    "an intent nonce that was withdrawn": withdrawn_nonce,
    "a verdict past its deadline": past("admission"),
    "an intent past its deadline": past("intent"),
    "a gate that was ended": ended_gate,
    "a gate whose term has not begun": gate_of_a_term(DAY, 2 * DAY, DAY - 1),
    "a gate whose term has run out": gate_of_a_term(0, DAY, DAY),
    "an account that never was a gate": by_gates(0, 3, ends=("NotAGate", GATES[3].address)),
    "one gate twice": by_gates(0, 0, ends=("NotAscending", GATES[0].address, GATES[0].address)),
    "gates that descend": by_gates(1, 0, ends=("NotAscending", GATES[1].address, GATES[0].address)),
    "one gate fewer than must sign": by_gates(0, ends=("QuorumNotMet", 1, 2)),
    "no gate": by_gates(ends=("QuorumNotMet", 0, 2)),
    "a gate's signature with high s": with_gate_sig(high_s),
    "an intent with high s": with_intent_sig(high_s),
    "a gate's signature that recovers to nobody": with_gate_sig(lambda sig: NEVER_VALID),
    "a gate's signature of 64 bytes": with_gate_sig(lambda sig: sig[:64]),
    "an intent's signature of 64 bytes": with_intent_sig(lambda sig: sig[:64]),
    "the zero address as uploader": nobodys_upload,
    "the zero address in a tally": nobodys_tally,
    "the zero address as a gate": nobody_as_gate,
    "a wallet that says no": wallet_that(DENIER),
    "a wallet that did not sign this": wallet_that(WALLET),
    "a contract that is no wallet": wallet_that("PUSH0 PUSH0 REVERT"),
    "nobody's intent but the operator's": lambda s: refused(
        s.submission(signed=False, sender=ALICE), "IntentRequired", ALICE.address
    ),
    "the operator's own upload sent by another": lambda s: refused(
        replace(s.submission(uploader=OPERATOR, signed=False), sender=STRANGER), "SignatureInvalid", OPERATOR.address
    ),
}


def what_there_is(stage: Stage) -> tuple[Any, ...]:
    return (
        stage.counts,
        [stage.read("recordOf", digest) for digest in (DIGEST, OTHER)],
        [stage.read("reputationOf", account.address) for account in (ALICE, BOB, OPERATOR)],
        [stage.read("isNonceSpent", account.address, 7) for account in (ALICE, BOB, OPERATOR)],
        stage.read("rejectionRootOf", stage.today - 1),
        stage.read("tallyDisputeOf", stage.today - 1, ALICE.address),
        stage.read("creditOf", OPERATOR.address),
        [stage.read("gateTermOf", account) for account in (NOBODY, *(gate.address for gate in GATES))],
    )


@pytest.mark.parametrize("case", REFUSALS)
def test_the_registry_refuses_and_nothing_changes(stage: Stage, case: str) -> None:
    bad = REFUSALS[case](stage)
    before = what_there_is(stage)
    assert stage.refusal(bad.name, *bad.arguments, sender=bad.sender) == bad.ends
    assert what_there_is(stage) == before


def test_what_the_refused_ones_were_made_of_is_accepted_as_it_is(stage: Stage) -> None:
    """Else the table would show nothing: this is the submission that each row spoils in one place."""
    stage.register(stage.submission())
    assert stage.counts == (1, 0, 0)
