"""Who may sign a receipt, what the ledger says of it, and what stays open offline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from registry import eip712
from registry.errors import LedgerUnavailableError
from registry.model import Address, Inclusion, LedgerInfo, Level, Record, Registration, Standing, Threshold, Visibility
from registry.receipt import NO_LEDGER, ReceiptVerification, Result, SignerList, issue, read_receipt, verify
from tests.fakes import KeySigner, MemoryLedger
from tests.receipts import (
    ADMIN,
    GATES,
    INFO,
    KINDS,
    RECORDER,
    TX,
    UPLOADER,
    Issued,
    admitted,
    by_operator,
    by_uploader,
    canonical,
    intent_of,
    issued,
    private_in_batch,
    resealed,
    signers,
    term,
    verdict_of,
)
from tests.values import NOW

STRANGER = KeySigner(99)
VALID, INVALID, NOT_CHECKED = Result.VALID, Result.INVALID, Result.NOT_CHECKED


class OneRecordLedger(MemoryLedger):
    """The ledger of `tests.receipts`, which holds one record."""

    def __init__(self, one: Issued, info: LedgerInfo = INFO) -> None:
        super().__init__(records={one.record.digest: one.record}, included={TX: one.inclusion})
        self._info = info

    @property
    def info(self) -> LedgerInfo:
        return self._info


def offline(raw: bytes, trusted: SignerList | None) -> ReceiptVerification:
    return verify(read_receipt(raw), signers=trusted, ledger=None)


def codes(found: ReceiptVerification) -> dict[str, str | None]:
    return {reason.code: reason.field for reason in found.signatures.reasons}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_receipt_is_valid_offline_and_says_what_was_not_checked(make: Any) -> None:
    found = offline(make().raw, signers())
    assert found.signatures.result is VALID
    assert (found.inclusion.result, found.standing.result, found.stands) == (NOT_CHECKED, NOT_CHECKED, None)
    assert [reason.code for reason in found.inclusion.reasons] == ["offline"]


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_receipt_is_valid_on_its_ledger(make: Any) -> None:
    one = make()
    found = verify(read_receipt(one.raw), signers=signers(), ledger=OneRecordLedger(one))
    assert [found.signatures.result, found.inclusion.result, found.standing.result] == [VALID] * 3
    assert found.stands is Standing.ACTIVE


def test_a_receipt_without_fingerprints_verifies_as_those_of_earlier_versions_do() -> None:
    from registry.receipt.issuing import sealed, unnamed

    one = by_operator()
    document = unnamed(one.document)
    for name in ("gates", "quorum", "attestations", "dispute"):
        del document["record"][name]
    raw = sealed(document, domain=eip712.Domain.of(INFO), recorder=RECORDER)
    assert offline(raw, signers()).signatures.result is VALID
    document["record"]["registered_at"] += 1
    found = offline(
        canonical({**document, "recorder_signature": read_receipt(raw).document["recorder_signature"]}), signers()
    )
    assert codes(found) == {"seal_invalid": "recorder_signature"}


def test_where_nobody_is_trusted_nothing_is_called_valid_or_invalid() -> None:
    found = offline(by_operator().raw, None)
    assert found.signatures.result is NOT_CHECKED
    assert codes(found) == {"no_signers": None, "recorder_unknown": "recorder_signature", "gates_unknown": "opinions"}


def test_a_changed_receipt_is_invalid_even_where_nobody_is_trusted() -> None:
    document = by_operator().document
    document["record"]["registered_at"] += 1
    found = offline(canonical(document), None)
    assert found.signatures.result is INVALID
    assert codes(found)["field_changed"] == "record.registered_at"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"instance_id": b"\x06" * 32}, "ledger.instance_id"),
        ({"chain_id": 1}, "ledger.chain_id"),
        ({"contract": Address(b"\xc1" * 20)}, "ledger.contract"),
    ],
)
def test_another_installations_signers_say_nothing(changed: dict[str, Any], field: str) -> None:
    domain = replace(eip712.Domain.of(INFO), **changed)
    found = offline(by_operator().raw, signers(domain=domain))
    assert (found.signatures.result, codes(found)["other_signers"]) == (NOT_CHECKED, field)


def test_a_receipt_does_not_work_under_another_installations_name() -> None:
    document = by_operator().document
    document["ledger"]["instance_id"] = "0x" + "06" * 32
    raw = resealed(document)
    domain = replace(eip712.Domain.of(INFO), instance_id=b"\x06" * 32)
    found = offline(raw, signers(domain=domain))
    assert {"seal_invalid", "gate_signature_invalid", "quorum_not_met"} <= set(codes(found))


def test_a_stranger_may_not_seal() -> None:
    document = by_operator().document
    found = offline(resealed(document, STRANGER), signers())
    assert codes(found) == {"seal_invalid": "recorder_signature"}


def test_a_dishonest_recorder_cannot_change_what_gates_and_uploader_signed() -> None:
    document = by_uploader().document
    document["admission"]["earns_reputation"] = False
    document["intent"]["nonce"] = "18"
    found = offline(resealed(document), signers())
    assert codes(found)["gate_signature_invalid"] in {"opinions[0].signature", "opinions[1].signature"}
    assert codes(found)["quorum_not_met"] == "opinions"
    assert codes(found)["wallet_not_asked"] == "intent.signature"


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("record", "digest"), "0" * 64, "record.digest"),
        (("record", "uploader"), "0x" + "00" * 20, "record.uploader"),
        (("record", "kind"), "image", "record.kind"),
        (("record", "policy_id"), "0x" + "00" * 32, "record.policy_id"),
        (("record", "levels"), ["GATE"], "record.levels"),
        (("record", "cid"), None, "record.cid"),
        (("record", "model_ids"), [], "record.model_ids"),
        (("record", "gates"), [], "record.gates"),
        (("record", "block"), 8, "record.block"),
        (("record", "tx"), "0x" + "00" * 32, "record.tx"),
        (("record", "batch"), {"root": "0x" + "00" * 32, "index": 0}, "record.batch"),
        (("record", "registered_at"), NOW + 3601, "admission.deadline"),
        (("record", "registered_at"), NOW + 86_401, "intent.deadline"),
        (("intent", "digest"), "0" * 64, "intent.digest"),
        (("intent", "uploader"), "0x" + "00" * 20, "intent.uploader"),
        (("intent",), None, "intent"),
        (("opinions", 0, "band"), 255, "opinions[0].band"),
    ],
)
def test_parts_that_disagree_are_named_even_under_a_good_seal(place: Any, value: Any, field: str) -> None:
    document = by_uploader().document
    where: Any = document
    for step in place[:-1]:
        where = where[step]
    where[place[-1]] = value
    found = offline(resealed(document), signers())
    assert field in {reason.field for reason in found.signatures.reasons if reason.result is INVALID}


def test_the_level_uploader_needs_an_intent_and_an_uploader_who_is_not_the_operator_too() -> None:
    admission = admitted(levels=Level.GATE, uploader=UPLOADER.address)
    one = issued(Registration(admission, (verdict_of(GATES[0], admission),), None, Visibility.PUBLIC))
    assert codes(offline(one.raw, signers())) == {"intent_missing": "intent"}


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ([term(GATES[1])], "no_gate"),
        ([term(GATES[0], valid_from=NOW + 1)], "gate_out_of_term"),
        ([term(GATES[0], valid_until=NOW - 11)], "gate_out_of_term"),
        ([term(GATES[0], valid_until=NOW)], "gate_out_of_term"),
        ([term(GATES[0], valid_until=NOW + 9, compromised_since=NOW - 10)], "gate_key_compromised"),
        ([term(GATES[0], compromised_since=NOW)], "gate_key_compromised"),
    ],
)
def test_a_gate_out_of_office_or_whose_key_was_stolen_does_not_count(terms: Any, code: str) -> None:
    found = offline(by_operator().raw, signers(*terms))
    assert codes(found) == {code: "opinions[0].gate", "quorum_not_met": "opinions"}


@pytest.mark.parametrize("terms", [{"valid_until": NOW + 1}, {"valid_from": NOW}, {"compromised_since": NOW + 1}])
def test_what_a_gate_signed_in_office_stands_whatever_came_later(terms: dict[str, int]) -> None:
    assert offline(by_operator().raw, signers(term(GATES[0], **terms))).signatures.result is VALID


def test_a_thief_cannot_backdate_a_verdict() -> None:
    admission = admitted(levels=Level.GATE)
    verdict = verdict_of(GATES[0], admission, issued_at=NOW - 900)
    one = issued(Registration(admission, (verdict,), None, Visibility.PUBLIC))
    found = offline(one.raw, signers(term(GATES[0], compromised_since=NOW - 500)))
    assert "gate_key_compromised" in codes(found)


def test_fewer_gates_than_the_threshold_are_no_quorum() -> None:
    found = offline(by_uploader().raw, signers(threshold=3))
    assert codes(found) == {"quorum_not_met": "opinions"}
    assert offline(by_uploader().raw, signers(threshold=2)).signatures.result is VALID


def test_one_gate_twice_is_no_quorum() -> None:
    admission = admitted(levels=Level.GATE)
    verdicts = (verdict_of(GATES[0], admission), verdict_of(GATES[0], admission, band=1))
    one = issued(Registration(admission, verdicts, None, Visibility.PUBLIC))
    found = offline(one.raw, signers(threshold=2))
    assert codes(found) == {"gate_twice": "opinions[1].gate", "quorum_not_met": "opinions"}


@pytest.mark.parametrize(
    ("thresholds", "result"),
    [
        ((Threshold(1, 0), Threshold(2, NOW + 3601)), VALID),
        ((Threshold(1, 0), Threshold(2, NOW - 100)), INVALID),
        ((Threshold(2, 0), Threshold(1, NOW)), VALID),
        ((Threshold(2, 0), Threshold(1, NOW - 100), Threshold(2, NOW - 50)), INVALID),
    ],
)
def test_the_quorum_is_the_one_of_its_time(thresholds: tuple[Threshold, ...], result: Result) -> None:
    assert offline(by_operator().raw, signers(thresholds=thresholds)).signatures.result is result


def test_a_contract_wallets_signature_is_left_open_offline_and_asked_for_on_the_ledger() -> None:
    admission = admitted(levels=Level.GATE | Level.UPLOADER, uploader=UPLOADER.address)
    signed = replace(intent_of(UPLOADER), signature=b"\x01\x02\x03")
    one = issued(Registration(admission, (verdict_of(GATES[0], admission),), signed, Visibility.PUBLIC))
    found = offline(one.raw, signers())
    assert (found.signatures.result, codes(found)) == (NOT_CHECKED, {"wallet_not_asked": "intent.signature"})
    ledger = OneRecordLedger(one)
    refused = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert codes(refused) == {"intent_signature_invalid": "intent.signature"}
    hashed = eip712.signing_hash(eip712.intent_message(eip712.Domain.of(INFO), signed.intent))
    ledger.wallet_words.add((UPLOADER.address, hashed, signed.signature))
    accepted = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert (accepted.signatures.result, codes(accepted)) == (VALID, {"wallet_signature": "intent.signature"})


# -- inclusion and standing ---------------------------------------------------------------------------------------


def test_a_batch_path_that_leads_elsewhere_is_invalid_offline() -> None:
    document = private_in_batch().document
    document["inclusion"]["batch"]["path"][0] = "0x" + "00" * 32
    found = offline(resealed(document), signers())
    assert found.signatures.result is VALID
    assert found.inclusion.reasons[0].field == "inclusion.batch.path"
    assert found.inclusion.result is INVALID


def test_a_batch_path_of_a_root_that_the_ledger_does_not_have_is_invalid() -> None:
    one = private_in_batch()
    ledger = OneRecordLedger(replace(one, record=replace(one.record, batch=None)))
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert found.inclusion.reasons[0].field == "record.batch"


def test_in_a_batch_whose_manifest_is_lost_the_path_proves_the_record_and_its_place_is_left_open() -> None:
    class Unread(OneRecordLedger):
        def batches_without_manifest(self) -> tuple[bytes, ...]:
            return (private_in_batch().record.batch.root,)  # type: ignore[union-attr]  # it is in one

    one, document = private_in_batch(), private_in_batch().document
    ledger = Unread(one)
    ledger.records.clear()
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert (found.inclusion.result, found.inclusion.reasons[0].code) == (NOT_CHECKED, "manifest_missing")
    assert (found.standing.result, found.stands) == (VALID, Standing.ACTIVE)
    document["inclusion"]["batch"]["path"][0] = "0x" + "00" * 32
    forged = verify(read_receipt(resealed(document)), signers=signers(), ledger=ledger)
    assert (forged.inclusion.result, forged.standing.result, forged.stands) == (INVALID, INVALID, None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"block_number": 8}, "inclusion.block_number"),
        ({"block_hash": bytes(32)}, "inclusion.block_hash"),
        ({"log_index": 4}, "inclusion.log_index"),
        ({"block_time": NOW + 1}, "record.registered_at"),
    ],
)
def test_another_place_on_the_chain_is_named(changed: dict[str, Any], field: str) -> None:
    one = by_operator()
    ledger = OneRecordLedger(replace(one, inclusion=replace(one.inclusion, **changed)))
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert (found.inclusion.result, found.inclusion.reasons[0].field) == (INVALID, field)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"tx": bytes(32)}, "record.tx"),
        ({"content_hash": bytes(32)}, "admission.content_hash"),
        ({"fingerprint_hash": bytes(32)}, "admission.fingerprint_hash"),
        ({"content_is_dag_pb": True}, "admission.kind"),
        ({"uploader": UPLOADER.address}, "admission.uploader"),
        ({"levels": Level.REVIEWER}, "admission.levels"),
        ({"earns_reputation": False}, "admission.earns_reputation"),
        ({"policy_id": bytes(32)}, "admission.policy_id"),
        ({"model_ids": ()}, "record.model_ids"),
        ({"visibility": Visibility.PRIVATE}, "record.cid"),
    ],
)
def test_what_the_ledger_recorded_otherwise_is_named(changed: dict[str, Any], field: str) -> None:
    one = by_operator()
    ledger = OneRecordLedger(replace(one, record=replace(one.record, **changed)))
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert field in {reason.field for reason in found.inclusion.reasons}
    assert found.inclusion.result is INVALID


def test_a_record_that_the_ledger_never_had_is_invalid() -> None:
    one = by_operator()
    ledger = OneRecordLedger(one)
    ledger.included.clear()
    lost = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert lost.inclusion.reasons[0].code == "transaction_not_found"
    ledger.records.clear()
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert found.inclusion.reasons[0].code == "not_recorded"
    assert (found.standing.result, found.stands) == (INVALID, None)


def test_gates_of_one_operator_are_valid_and_told() -> None:
    one_operator = [term(gate, run_by=RECORDER.address) for gate in GATES]
    found = offline(by_uploader().raw, signers(*one_operator, threshold=2))
    assert (found.signatures.result, codes(found)) == (VALID, {"single_operator_quorum": "opinions"})


def test_a_block_that_may_be_undone_is_left_open() -> None:
    one = by_operator()
    ledger = OneRecordLedger(one)
    ledger.final = False
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert (found.inclusion.result, found.inclusion.reasons[0].code) == (NOT_CHECKED, "not_final")


@pytest.mark.parametrize("standing", [Standing.DISPUTED, Standing.REVOKED])
def test_how_the_record_stands_now_is_told_whatever_the_receipt_says(standing: Standing) -> None:
    one = by_operator()
    ledger = OneRecordLedger(replace(one, record=replace(one.record, standing=standing)))
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert (found.standing.result, found.stands) == (VALID, standing)
    assert found.inclusion.result is VALID


def test_another_ledger_is_not_asked() -> None:
    one = by_operator()
    ledger = OneRecordLedger(one, replace(INFO, chain_id=1))
    found = verify(read_receipt(one.raw), signers=signers(), ledger=ledger)
    assert [found.signatures.result, found.inclusion.result, found.standing.result] == [VALID, NOT_CHECKED, NOT_CHECKED]
    assert found.standing.reasons[0].code == "other_ledger"


def test_a_ledger_that_is_down_leaves_open_what_it_alone_knows() -> None:
    class Down(OneRecordLedger):
        def find(self, digest: object) -> Record | None:
            raise LedgerUnavailableError("nobody answers")

        def inclusion(self, *tx_hashes: bytes, wait_s: float = 0.0) -> Inclusion | None:
            raise LedgerUnavailableError("nobody answers")

    one = by_operator()
    found = verify(read_receipt(one.raw), signers=signers(), ledger=Down(one))
    assert found.signatures.result is VALID
    assert {found.inclusion.reasons[0].code, found.standing.reasons[0].code} == {"ledger_unavailable"}


def test_without_a_ledger_the_reason_is_told() -> None:
    found = verify(read_receipt(by_operator().raw), signers=signers(), ledger=None, without=NO_LEDGER)
    assert found.standing.reasons == (NO_LEDGER,)


def test_who_issues_names_the_fields_that_it_seals() -> None:
    one = by_operator()
    again = issue(
        info=INFO,
        record=one.record,
        fp_version=1,
        registration=one.registration,
        inclusion=one.inclusion,
        recorder=RECORDER,
        issued_at=NOW + 60,
    )
    assert again == one.raw
    assert ADMIN.address not in {RECORDER.address}
    fields = one.document["fields"]
    assert {"ledger.kind", "opinions[0].signature", "record.derived_from", "intent", "fields"} <= set(fields)
    assert not {"recorder_signature", "record", "opinions"} & set(fields)
