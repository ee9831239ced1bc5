"""A gate that leaves a rejection out is convicted by its own signature, and nobody else is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import ConvictionError, ReceiptError
from registry.model import DAY_S, GateTerm
from registry.receipt import Result
from registry.register.closing import Closing, Rejected, closing_of
from registry.rejection import (
    Judgement,
    RejectionReceipt,
    convict,
    epoch_list,
    judge,
    read_conviction,
    read_epoch_list,
)
from tests.fakes import GATE, UPLOADER, KeySigner, MemoryLedger
from tests.rejections import INFO, SIGNERS, TODAY, closed, intent_of, receipt_of, rejected, rejection_of, signed
from tests.values import NOW, digest

STRANGER = KeySigner(66)
INTENT = intent_of(UPLOADER, digest())
REJECTION = rejection_of(digest(), INTENT)
RECEIPT = receipt_of(REJECTION, digest(), INTENT)
OTHERS = [rejected(digest(str(number)), None) for number in range(3)]


def closing(*some: Rejected) -> Closing:
    found = closing_of(TODAY, some)
    assert found is not None
    return found


LYING = closing(*OTHERS)
HONEST = closing(*OTHERS, Rejected(REJECTION, digest(), None))


def evidence(of: Closing = LYING, receipt: RejectionReceipt = RECEIPT, listed: Closing | None = None) -> bytes:
    listing = listed or of
    return convict(
        receipt,
        read_epoch_list(epoch_list(TODAY, listing.root, listing.leaves)),
        info=INFO,
        closed=closed(of),
        signed=signed(of),
    )


def forged(raw: bytes, **changes: object) -> bytes:
    return rfc8785.dumps({**json.loads(raw), **changes})  # type: ignore[arg-type]  # of JSON values


def test_a_gate_that_leaves_a_rejection_out_is_convicted_offline_by_its_own_signature() -> None:
    found = judge(read_conviction(evidence()), signers=SIGNERS, ledger=None)
    assert found.guilty == (GATE.address,)
    assert {found.promise.result, found.omission.result, found.closing.result} == {Result.VALID}


def test_the_evidence_tells_nothing_of_the_file() -> None:
    text = evidence().decode()
    told = (digest().hex, str(UPLOADER.address), REJECTION.detail_hash.hex(), REJECTION.salt.hex())
    assert not [secret for secret in told if secret in text]


def test_the_ledger_tells_how_the_epoch_closed_where_its_signatures_cannot_be_had() -> None:
    raw = convict(
        RECEIPT,
        read_epoch_list(epoch_list(TODAY, LYING.root, LYING.leaves)),
        info=INFO,
        closed=closed(LYING),
        signed=None,
    )
    offline = judge(read_conviction(raw), signers=SIGNERS, ledger=None)
    assert (offline.guilty, offline.closing.result) == ((), Result.NOT_CHECKED)
    ledger = MemoryLedger()
    ledger.close_epoch(signed(LYING))
    assert judge(read_conviction(raw), signers=SIGNERS, ledger=ledger).guilty == (GATE.address,)


def test_nobody_is_convicted_where_nobody_is_trusted() -> None:
    found = judge(read_conviction(evidence()), signers=None, ledger=None)
    assert (found.guilty, found.promise.result) == ((), Result.NOT_CHECKED)


def test_a_gate_that_kept_its_promise_is_not_convicted() -> None:
    with pytest.raises(ConvictionError, match="kept its promise"):
        evidence(HONEST)


def test_an_open_epoch_convicts_nobody() -> None:
    listed = read_epoch_list(epoch_list(TODAY, LYING.root, LYING.leaves))
    with pytest.raises(ConvictionError, match="has not closed"):
        convict(RECEIPT, listed, info=INFO, closed=None, signed=None)


def test_a_list_that_does_not_make_the_root_convicts_nobody() -> None:
    with pytest.raises(ConvictionError, match="does not make the root"):
        evidence(HONEST, listed=LYING)
    raw = forged(evidence(), leaves=["0x" + leaf.hex() for leaf in LYING.leaves[1:]])
    found = judge(read_conviction(raw), signers=SIGNERS, ledger=None)
    assert (found.guilty, found.omission.result) == ((), Result.INVALID)


def test_a_receipt_that_no_gate_signed_convicts_nobody() -> None:
    forgery = rejection_of(digest(), INTENT, gates=(STRANGER,))
    stolen = replace(forgery, signatures=(replace(forgery.signatures[0], gate=GATE.address),))
    with pytest.raises(ConvictionError, match="no gate signed"):
        evidence(receipt=receipt_of(stolen, digest(), INTENT))
    found = judge(
        read_conviction(evidence(receipt=receipt_of(forgery, digest(), INTENT))), signers=SIGNERS, ledger=None
    )
    assert (found.guilty, found.promise.result) == ((), Result.INVALID)
    assert found.promise.reasons[0].code == "no_gate"


def test_a_promise_for_another_leaf_day_or_installation_convicts_nobody() -> None:
    raw = evidence()
    for changes in (
        {"leaf": "0x" + "11" * 32},
        {"epoch": TODAY - 1},
        {"rejected_at": NOW + 1},
        {"ledger": {**json.loads(raw)["ledger"], "chain_id": 2}},
    ):
        found = judge(read_conviction(forged(raw, **changes)), signers=SIGNERS, ledger=None)
        assert found.guilty == (), changes


def test_a_closing_that_no_gate_signed_convicts_nobody_offline() -> None:
    """Whoever has an honest receipt may list any other leaves: the root must be what the gates closed."""
    made_up = convict(
        RECEIPT,
        read_epoch_list(epoch_list(TODAY, LYING.root, LYING.leaves)),
        info=INFO,
        closed=closed(LYING),
        signed=signed(LYING, STRANGER),
    )
    found = judge(read_conviction(made_up), signers=SIGNERS, ledger=None)
    assert (found.guilty, found.closing.result) == ((), Result.NOT_CHECKED)
    ledger = MemoryLedger()
    ledger.close_epoch(signed(HONEST))
    found = judge(read_conviction(made_up), signers=SIGNERS, ledger=ledger)
    assert (found.guilty, found.closing.result) == ((), Result.INVALID)


def test_a_key_that_was_in_other_hands_convicts_nobody() -> None:
    stolen = replace(SIGNERS, gates=(replace(SIGNERS.gates[0], compromised_since=NOW - DAY_S),))
    found = judge(read_conviction(evidence()), signers=stolen, ledger=None)
    assert (found.guilty, found.promise.reasons[0].code) == ((), "gate_key_compromised")


def test_a_gate_is_not_convicted_where_only_another_operators_gates_closed_the_day() -> None:
    """On a contract with gates of two operators, one could close a day without the other's leaves to frame it."""
    other = GateTerm(STRANGER.address, STRANGER.address, 0, None, 0)
    shared = replace(SIGNERS, gates=(*SIGNERS.gates, other))
    listed = read_epoch_list(epoch_list(TODAY, LYING.root, LYING.leaves))

    def judged(*closers: KeySigner) -> Judgement:
        by = signed(LYING, *closers) if closers else None
        raw = convict(RECEIPT, listed, info=INFO, closed=closed(LYING), signed=by)
        ledger = MemoryLedger()
        ledger.close_epoch(signed(LYING))
        return judge(read_conviction(raw), signers=shared, ledger=ledger)

    framed = judged(STRANGER)
    assert (framed.guilty, framed.closing.reasons[0].code) == ((), "closed_by_others")
    assert judged().guilty == (), "who closed it is not known"
    assert judged(GATE, STRANGER).guilty == (GATE.address,)
    assert judged(GATE).guilty == (GATE.address,)


def test_evidence_written_otherwise_is_refused() -> None:
    with pytest.raises(ReceiptError):
        read_conviction(json.dumps(json.loads(evidence())).encode())
    with pytest.raises(ReceiptError, match="ascending"):
        read_conviction(forged(evidence(), leaves=["0x" + leaf.hex() for leaf in reversed(LYING.leaves)]))


@settings(max_examples=25)  # each signs a dozen times
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, DAY_S - 1)), min_size=1, max_size=6))
def test_an_honest_gate_cannot_be_convicted_of_any_epoch(tries: list[tuple[int, bool, int]]) -> None:
    day = TODAY * DAY_S
    some = []
    for name, wished, second in tries:
        intent = intent_of(UPLOADER, digest(str(name))) if wished else None
        some.append((rejected(digest(str(name)), intent, at=day + second), intent))
    whole = closing(*(each for each, _ in some))
    for each, intent in some:
        with pytest.raises(ConvictionError):
            evidence(whole, receipt=receipt_of(each.rejection, each.digest, intent))
        for cut in whole.leaves:
            fewer = [leaf for leaf in whole.leaves if leaf != cut]
            if not fewer:
                continue
            with pytest.raises(ConvictionError):
                convict(
                    receipt_of(each.rejection, each.digest, intent),
                    read_epoch_list(epoch_list(TODAY, whole.root, fewer)),
                    info=INFO,
                    closed=closed(whole),
                    signed=signed(whole),
                )
