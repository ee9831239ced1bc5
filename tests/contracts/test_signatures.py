"""What is signed: domain and struct hashes against eth_account, and no signature that works elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from tests.contracts.actors import ALICE, CAROL, GATES, OPERATOR, REVOKE, STRANGER, hash_of
from tests.contracts.bytecode import WALLET, place
from tests.contracts.chain import RevertedError
from tests.contracts.stage import Stage
from tests.contracts.typed_data import intent_message, signing_hash, verdict_message

ELSEWHERE: dict[str, dict[str, Any]] = {
    "installation": {"salt": hash_of("another installation")},
    "chain": {"chainId": 1},
    "contract": {"verifyingContract": STRANGER.address},
    "version": {"version": "2"},
    "name": {"name": "Touchstone2"},
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_verdict_for_another_place_is_refused(stage: Stage, case: str) -> None:
    here, there = stage.submission(), stage.submission(domain=stage.domain | ELSEWHERE[case])
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.register(replace(here, gate_sigs=there.gate_sigs))


@pytest.mark.parametrize("case", ELSEWHERE)
def test_an_intent_for_another_place_is_refused(stage: Stage, case: str) -> None:
    here, there = stage.submission(), stage.submission(domain=stage.domain | ELSEWHERE[case])
    with pytest.raises(RevertedError, match="SignatureInvalid"):
        stage.register(replace(here, intent_sig=there.intent_sig))


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_statement_for_another_place_is_refused(stage: Stage, case: str) -> None:
    there = stage.statement(REVOKE, stage.file("a file"), domain=stage.domain | ELSEWHERE[case])
    ends = ("SignatureInvalid", ALICE.address)
    assert stage.refusal("makeStatement", there.struct, *there.signatures, sender=STRANGER) == ends


@pytest.mark.parametrize("case", ELSEWHERE)
@pytest.mark.parametrize("new", [CAROL, None], ids=["request", "veto"])
def test_a_rotation_for_another_place_is_refused(stage: Stage, new: Any, case: str) -> None:
    there = stage.rotation(ALICE, new, domain=stage.domain | ELSEWHERE[case])
    ends = ("SignatureInvalid", ALICE.address)
    assert stage.refusal("rotateKey", there.struct, *there.signatures, sender=STRANGER) == ends


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_tally_for_another_place_is_refused(stage: Stage, case: str) -> None:
    stage.start_of_day(1)
    there = stage.epoch(stage.today - 1, [(ALICE.address, 1)], domain=stage.domain | ELSEWHERE[case])
    with pytest.raises(RevertedError, match="NotAGate"):
        stage.call("closeEpoch", there.struct, list(there.signatures), sender=STRANGER)


def test_the_domain_is_told_field_by_field(stage: Stage) -> None:
    domain = stage.domain
    assert stage.read("eip712Domain") == [
        b"\x1f",
        "Touchstone",
        "1",
        domain["chainId"],
        domain["verifyingContract"],
        domain["salt"],
        (),
    ]


def test_the_domain_separator_is_eth_accounts(stage: Stage) -> None:
    """Recovered from a refusal: the account that the contract saw must be the one that eth_account sees.

    The contract shows no separator; a signature by one who is no gate makes it name the account it recovered, which
    depends on separator, struct hash and prefix alike.
    """
    submission = stage.submission(gates=(STRANGER, GATES[0]))
    with pytest.raises(RevertedError) as refused:
        stage.register(submission)
    signable = encode_typed_data(
        full_message=verdict_message(stage.domain, submission.admission, submission.opinions[0]),
    )
    recovered = Account.recover_message(signable, signature=submission.gate_sigs[0])
    assert (refused.value.name, refused.value.arguments) == ("NotAGate", (recovered,))
    assert recovered == STRANGER.address


def test_on_a_forked_chain_the_separator_follows_the_new_chain_id(stage: Stage) -> None:
    before, old_id = stage.submission(), stage.backend.chain.chain_id
    chain = type(stage.backend.chain)
    chain.chain_id = 77
    try:
        assert stage.read("eip712Domain")[3] == 77
        after = stage.submission()
        with pytest.raises(RevertedError, match="SignatureInvalid"):
            stage.register(replace(after, intent_sig=before.intent_sig))
        with pytest.raises(RevertedError, match="NotAGate"):
            stage.register(replace(after, gate_sigs=before.gate_sigs))
        stage.register(after)
    finally:
        chain.chain_id = old_id


def test_a_contract_wallet_signs_an_intent_by_eip_1271(stage: Stage) -> None:
    wallet = place(stage, WALLET)
    submission = stage.submission(admission={"uploader": wallet}, intent={"uploader": wallet})
    stage.register(replace(submission, intent_sig=signing_hash(intent_message(stage.domain, submission.intent))))
    assert stage.read("recordOf", submission.admission["digest"])["uploader"] == wallet


def test_a_contract_wallet_is_no_gate_by_eip_1271(stage: Stage) -> None:
    """Gates are keys: their signature is recovered, so that a receipt can be checked without a chain."""
    submission = stage.submission()
    with pytest.raises(RevertedError, match="GateSignatureInvalid"):
        stage.register(replace(submission, gate_sigs=(hash_of("anything"), submission.gate_sigs[1])))


def test_an_intent_is_bound_to_its_uploader_even_by_the_operator(stage: Stage) -> None:
    theirs = stage.submission(uploader=ALICE)
    as_operator = stage.submission(uploader=OPERATOR)
    with pytest.raises(RevertedError, match="SignatureInvalid"):
        stage.register(replace(as_operator, intent_sig=theirs.intent_sig, sender=OPERATOR))
