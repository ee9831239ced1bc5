"""What is signed: domain and struct hashes against eth_account, and no signature that works elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from tests.contracts.stage import ALICE, GATES, OPERATOR, STRANGER, RevertedError, Stage, hash_of
from tests.contracts.typed_data import intent_message, verdict_message

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
    with pytest.raises(RevertedError, match="IntentSignatureInvalid"):
        stage.register(replace(here, intent_sig=there.intent_sig))


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
        with pytest.raises(RevertedError, match="IntentSignatureInvalid"):
            stage.register(before)
        with pytest.raises(RevertedError, match="NotAGate"):
            stage.register(replace(after, gate_sigs=before.gate_sigs))
        stage.register(after)
    finally:
        chain.chain_id = old_id


def wallet(stage: Stage) -> str:
    """An EIP-1271 wallet that accepts exactly the signature which is the hash itself.

    Runtime: ``isValidSignature(hash, signature)`` → magic · (calldata[4:36] == calldata[100:132]).
    """
    runtime = bytes.fromhex("6004356064351463" + "1626ba7e" + "60e01b025f5260205ff3")
    create = bytes.fromhex(f"60{len(runtime):02x}600a5f3960{len(runtime):02x}5ff3")
    assert len(create) == 10
    return str(stage.transact(STRANGER, create + runtime)["contract_address"])


def test_a_contract_wallet_signs_an_intent_by_eip_1271(stage: Stage) -> None:
    address = wallet(stage)
    submission = stage.submission(admission={"uploader": address}, intent={"uploader": address})
    with pytest.raises(RevertedError, match="IntentSignatureInvalid"):
        stage.register(submission)
    signable = encode_typed_data(full_message=intent_message(stage.domain, submission.intent))
    digest = keccak(b"\x19" + signable.version + signable.header + signable.body)
    stage.register(replace(submission, intent_sig=digest))
    assert stage.read("recordOf", submission.admission["digest"])["uploader"] == address


def test_a_contract_wallet_is_no_gate_by_eip_1271(stage: Stage) -> None:
    """Gates are keys: their signature is recovered, so that a receipt can be checked without a chain."""
    submission = stage.submission()
    with pytest.raises(RevertedError, match="GateSignatureInvalid"):
        stage.register(replace(submission, gate_sigs=(hash_of("anything"), submission.gate_sigs[1])))


def test_an_intent_is_bound_to_its_uploader_even_by_the_operator(stage: Stage) -> None:
    theirs = stage.submission(uploader=ALICE)
    as_operator = stage.submission(uploader=OPERATOR)
    with pytest.raises(RevertedError, match="IntentSignatureInvalid"):
        stage.register(replace(as_operator, intent_sig=theirs.intent_sig, sender=OPERATOR))
