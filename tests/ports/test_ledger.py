"""The `Ledger` port: one suite, run on the embedded chain and on a node (anvil)."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import replace

import pytest

from registry.adapters.jsonrpc import open_network
from registry.errors import (
    LedgerMismatchError,
    LedgerUnavailableError,
    RecordNotFoundError,
    TransactionRevertedError,
)
from registry.model import ZERO_32, Digest, EventName, Level, MediaKind, Reputation, Standing, Visibility
from tests.ledgers import (
    ANVIL,
    HOUR_S,
    Roles,
    SystemClock,
    admission_of,
    anvil,
    embedded,
    new_key,
    of_operator,
    on_anvil,
    registration_of,
)


class LedgerSuite:
    """What every ledger must do; a subclass gives `ledger`, `other` (a second installation) and `reopen`."""

    @pytest.fixture
    def roles(self):
        return Roles()

    @pytest.fixture
    def uploader(self):
        return new_key()

    @pytest.fixture
    def now(self):
        return SystemClock().now()

    @pytest.fixture
    def admission(self, uploader, now):
        return admission_of(uploader, now=now)

    @pytest.fixture
    def registration(self, ledger, admission, roles, uploader, now):
        return registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now)

    def register(self, ledger, registration):
        transaction = ledger.prepare(registration)
        ledger.submit(transaction)
        inclusion = None
        while inclusion is None:
            inclusion = ledger.inclusion(transaction.tx_hash)
        return transaction, inclusion

    def refusal(self, ledger, registration):
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.prepare(registration)
        assert ledger.find(registration.admission.digest) is None
        return caught.value

    # -- refused ---------------------------------------------------------------------------------------------------

    def test_prepare_refuses_a_second_registration_of_the_same_bytes(self, ledger, registration):
        self.register(ledger, registration)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.prepare(registration)
        assert caught.value.error_name == "MediaAlreadyRegistered"
        assert caught.value.arguments == ("0x" + registration.admission.digest.hex,)

    def test_prepare_refuses_a_registration_that_no_gate_signed(self, ledger, registration):
        assert self.refusal(ledger, replace(registration, verdicts=())).error_name == "QuorumNotMet"

    def test_prepare_refuses_a_signature_by_a_stranger(self, ledger, admission, uploader, now):
        stranger = new_key()
        foreign = registration_of(ledger.info, admission, gate=stranger, uploader=uploader, now=now)
        refusal = self.refusal(ledger, foreign)
        assert refusal.error_name == "NotAGate"
        assert refusal.arguments == (stranger.address.hex,)

    def test_prepare_refuses_a_verdict_for_another_installation(self, ledger, admission, roles, uploader, now):
        elsewhere = replace(ledger.info, instance_id=secrets.token_bytes(32))
        foreign = registration_of(elsewhere, admission, gate=roles.gate, uploader=uploader, now=now)
        assert self.refusal(ledger, foreign).error_name == "IntentSignatureInvalid"
        unsigned = replace(of_operator(admission, roles))
        foreign = registration_of(elsewhere, unsigned, gate=roles.gate, uploader=uploader, now=now)
        assert self.refusal(ledger, foreign).error_name == "NotAGate"

    def test_prepare_refuses_a_verdict_whose_deadline_has_passed(self, ledger, admission, roles, uploader, now):
        late = replace(admission, deadline=now - HOUR_S)
        expired = registration_of(ledger.info, late, gate=roles.gate, uploader=uploader, now=now)
        refusal = self.refusal(ledger, expired)
        assert (refusal.error_name, refusal.arguments) == ("VerdictExpired", (str(now - HOUR_S),))

    def test_prepare_refuses_to_register_for_a_stranger_without_an_intent(
        self, ledger, admission, roles, uploader, now
    ):
        silent = replace(admission, levels=Level.GATE)
        unwished = registration_of(ledger.info, silent, gate=roles.gate, uploader=uploader, now=now)
        refusal = self.refusal(ledger, unwished)
        assert (refusal.error_name, refusal.arguments) == ("IntentRequired", (uploader.address.hex,))

    def test_revoke_refuses_a_digest_without_a_record(self, ledger):
        with pytest.raises(RecordNotFoundError):
            ledger.revoke(Digest(secrets.token_bytes(32)), reason_hash=ZERO_32)

    def test_revoke_refuses_a_record_that_is_revoked_already(self, ledger, registration):
        self.register(ledger, registration)
        ledger.revoke(registration.admission.digest, reason_hash=ZERO_32)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.revoke(registration.admission.digest, reason_hash=ZERO_32)
        assert caught.value.error_name == "MediaAlreadyRevoked"

    def test_submit_refuses_a_transaction_whose_nonce_another_took(
        self, ledger, registration, admission, roles, uploader, now
    ):
        waiting = ledger.prepare(registration)
        other = replace(admission, digest=Digest(secrets.token_bytes(32)))
        self.register(ledger, registration_of(ledger.info, other, gate=roles.gate, uploader=uploader, now=now))
        with pytest.raises(TransactionRevertedError):
            ledger.submit(waiting)
        assert ledger.find(admission.digest) is None

    def test_inclusion_names_a_transaction_that_was_included_and_failed(self, ledger, registration, roles):
        # two copies are both fine when they are prepared; whichever comes second fails on the chain
        first = ledger.prepare(registration)
        second = ledger.prepare(registration, nonce=first.nonce + 1)
        ledger.submit(first)
        ledger.submit(second)
        with pytest.raises(TransactionRevertedError) as caught:
            while ledger.inclusion(second.tx_hash) is None:
                pass
        assert caught.value.error_name == "TransactionFailed"
        assert ledger.inclusion(first.tx_hash) is not None

    # -- done ------------------------------------------------------------------------------------------------------

    def test_a_digest_never_seen_has_no_record_and_its_uploader_a_newcomers_reputation(self, ledger, uploader):
        assert ledger.find(Digest(secrets.token_bytes(32))) is None
        newcomer = ledger.reputation_of(uploader.address)
        assert (newcomer.strikes, newcomer.open_disputes, newcomer.last_fraud_day) == (0, 0, 0)
        assert ledger.inclusion(secrets.token_bytes(32)) is None

    def test_a_registration_is_found_with_all_that_was_admitted(self, ledger, registration, now):
        transaction, inclusion = self.register(ledger, registration)
        record = ledger.find(registration.admission.digest)
        admission = registration.admission
        assert record is not None
        assert (record.digest, record.uploader, record.policy_id) == (
            admission.digest,
            admission.uploader,
            admission.policy_id,
        )
        assert (record.content_hash, record.fingerprint_hash) == (admission.content_hash, admission.fingerprint_hash)
        assert (record.kind, record.levels, record.earns_reputation) == (MediaKind.IMAGE, admission.levels, True)
        assert record.model_ids == (registration.verdicts[0].opinion.model_id,)
        assert (record.standing, record.visibility) == (Standing.ACTIVE, Visibility.PUBLIC)
        assert record.cid is not None
        assert (record.tx, record.block, record.registered_at) == (
            transaction.tx_hash,
            inclusion.block_number,
            inclusion.block_time,
        )
        assert abs(record.registered_at - now) < HOUR_S
        assert ledger.is_final(inclusion)
        assert ledger.height() >= inclusion.block_number

    def test_a_registration_raises_the_uploaders_reputation(self, ledger, registration, uploader):
        before = ledger.reputation_of(uploader.address)
        self.register(ledger, registration)
        after = ledger.reputation_of(uploader.address)
        assert after.score_bps > before.score_bps
        assert after.evidence > before.evidence

    def test_the_operator_registers_in_its_own_name_without_an_intent(self, ledger, admission, roles, now):
        own = of_operator(admission, roles)
        self.register(ledger, registration_of(ledger.info, own, gate=roles.gate, uploader=roles.recorder, now=now))
        record = ledger.find(own.digest)
        assert record is not None
        assert record.uploader == ledger.info.operator
        assert Level.UPLOADER not in record.levels

    def test_a_private_record_shows_no_cid(self, ledger, admission, roles, uploader, now):
        private = registration_of(
            ledger.info, admission, gate=roles.gate, uploader=uploader, visibility=Visibility.PRIVATE, now=now
        )
        self.register(ledger, private)
        record = ledger.find(admission.digest)
        assert record is not None
        assert record.visibility is Visibility.PRIVATE
        assert record.cid is None

    def test_revoking_changes_the_standing_and_nothing_else(self, ledger, registration, uploader):
        self.register(ledger, registration)
        before = ledger.find(registration.admission.digest)
        inclusion = ledger.revoke(registration.admission.digest, reason_hash=b"\x05" * 32)
        after = ledger.find(registration.admission.digest)
        assert after == replace(before, standing=Standing.REVOKED)
        assert inclusion.block_number > before.block
        assert ledger.reputation_of(uploader.address).strikes == 1

    def test_events_come_in_chain_order_and_give_the_standing(
        self, ledger, registration, admission, roles, uploader, now
    ):
        _, first = self.register(ledger, registration)
        assert [event.digest for event in ledger.events()] == [admission.digest]
        other = replace(admission, digest=Digest(secrets.token_bytes(32)))
        _, second = self.register(
            ledger, registration_of(ledger.info, other, gate=roles.gate, uploader=uploader, now=now)
        )
        third = ledger.revoke(admission.digest, reason_hash=ZERO_32)
        seen = [(event.name, event.digest, event.standing, event.inclusion) for event in ledger.events()]
        assert seen == [
            (EventName.REGISTERED, admission.digest, Standing.ACTIVE, first),
            (EventName.REGISTERED, other.digest, Standing.ACTIVE, second),
            (EventName.STANDING_CHANGED, admission.digest, Standing.REVOKED, third),
        ]

    def test_submitting_the_same_transaction_again_is_harmless(self, ledger, registration, uploader):
        transaction, inclusion = self.register(ledger, registration)
        reputation = ledger.reputation_of(uploader.address)
        ledger.submit(transaction)
        assert ledger.inclusion(transaction.tx_hash) == inclusion
        assert ledger.reputation_of(uploader.address) == reputation
        assert len(list(ledger.events())) == 1

    def test_a_prepared_transaction_survives_reopening(self, ledger, reopen, registration):
        transaction = ledger.prepare(registration)
        reopened = reopen()
        assert reopened.info == ledger.info
        assert reopened.find(registration.admission.digest) is None
        reopened.submit(transaction)
        while reopened.inclusion(transaction.tx_hash) is None:
            pass
        assert reopened.find(registration.admission.digest) is not None

    def test_records_and_events_are_the_same_after_reopening(self, ledger, reopen, registration):
        self.register(ledger, registration)
        record, events = ledger.find(registration.admission.digest), list(ledger.events())
        reopened = reopen()
        assert reopened.find(registration.admission.digest) == record
        assert list(reopened.events()) == events

    def test_events_are_read_again_where_the_table_was_lost(self, ledger, reopen, registration, events_file):
        self.register(ledger, registration)
        events = list(ledger.events())
        ledger.close()
        for path in events_file.parent.glob(events_file.name + "*"):
            path.unlink()
        assert list(reopen().events()) == events


class TestEmbedded(LedgerSuite):
    @pytest.fixture
    def events_file(self, tmp_path):
        return tmp_path / "ledger" / "events.sqlite3"

    @pytest.fixture
    def reopen(self, tmp_path, roles):
        opened = []

        def open_again():
            opened.append(embedded(tmp_path / "ledger", roles, SystemClock()))
            return opened[-1]

        yield open_again
        for ledger in opened:
            ledger.close()

    @pytest.fixture
    def ledger(self, reopen):
        return reopen()

    def test_it_names_itself_embedded(self, ledger):
        assert ledger.info.kind == "embedded"


@pytest.mark.node
class TestAnvil(LedgerSuite):
    @pytest.fixture(scope="class")
    def url(self):
        if not ANVIL.exists():
            pytest.skip(f"no {ANVIL}; run npm ci")
        with anvil() as url:
            yield url

    @pytest.fixture
    def events_file(self, tmp_path):
        return tmp_path / "events.sqlite3"

    @pytest.fixture
    def opened(self, url, roles, events_file):
        ledger, home = on_anvil(url, roles, events_file)
        yield ledger, home
        ledger.close()

    @pytest.fixture
    def ledger(self, opened):
        return opened[0]

    @pytest.fixture
    def home(self, opened):
        return opened[1]

    @pytest.fixture
    def reopen(self, home, roles, events_file):
        opened = []

        def open_again():
            opened.append(open_network(home, recorder=roles.recorder, arbiter=roles.arbiter, events_file=events_file))
            return opened[-1]

        yield open_again
        for ledger in opened:
            ledger.close()

    def test_it_names_itself_a_network(self, ledger):
        assert ledger.info.kind == "network"
