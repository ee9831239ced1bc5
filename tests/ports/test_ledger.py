"""The `Ledger` port: one suite, run on the embedded chain and on nodes (anvil, Hardhat, geth)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.jsonrpc import NetworkHome, open_network
from registry.adapters.keystore import KeystoreSigner
from registry.errors import (
    RecordNotFoundError,
    TransactionRevertedError,
)
from registry.model import (
    ZERO_32,
    Act,
    Admission,
    Attestation,
    Digest,
    Dispute,
    DisputeReason,
    EventName,
    Inclusion,
    Level,
    MediaKind,
    PendingRotation,
    RecordGate,
    Registration,
    Ruling,
    SignedStatement,
    SignedTransaction,
    Standing,
    Statement,
    Visibility,
)
from tests.ledgers import (
    ANVIL,
    HOUR_S,
    Roles,
    admission_of,
    anvil,
    embedded,
    new_key,
    of_operator,
    on_anvil,
    registration_of,
    rotation,
    said,
)
from tests.peers.nodes import geth, hardhat
from tests.ports.batch_suite import BatchSuite

WAIT_S = 10.0  # a node includes within milliseconds


class LedgerSuite(BatchSuite):
    """What every ledger must do; a subclass gives `ledger`, `other` (a second installation) and `reopen`."""

    @pytest.fixture
    def roles(self) -> Roles:
        return Roles()

    @pytest.fixture
    def uploader(self) -> KeystoreSigner:
        return new_key()

    @pytest.fixture
    def now(self) -> int:
        return SystemClock().now()

    @pytest.fixture
    def admission(self, uploader: KeystoreSigner, now: int) -> Admission:
        return admission_of(uploader, now=now)

    @pytest.fixture
    def registration(
        self, ledger: EthereumLedger, admission: Admission, roles: Roles, uploader: KeystoreSigner, now: int
    ) -> Registration:
        return registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now)

    @pytest.fixture
    def another(
        self, ledger: EthereumLedger, admission: Admission, roles: Roles, uploader: KeystoreSigner
    ) -> Registration:
        """Of other bytes, by the same uploader."""
        other = replace(admission, digest=Digest(secrets.token_bytes(32)))
        return registration_of(ledger.info, other, gate=roles.gate, uploader=uploader, now=SystemClock().now())

    def register(self, ledger: EthereumLedger, registration: Registration) -> tuple[SignedTransaction, Inclusion]:
        transaction = ledger.prepare(registration)
        ledger.submit(transaction)
        inclusion = ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S)
        assert inclusion is not None
        return transaction, inclusion

    def refusal(self, ledger: EthereumLedger, registration: Registration) -> TransactionRevertedError:
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.prepare(registration)
        assert ledger.find(registration.admission.digest) is None
        return caught.value

    # -- refused ---------------------------------------------------------------------------------------------------

    def test_prepare_refuses_a_second_registration_of_the_same_bytes(
        self, ledger: EthereumLedger, registration: Registration
    ) -> None:
        self.register(ledger, registration)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.prepare(registration)
        assert caught.value.error_name == "MediaAlreadyRegistered"
        assert caught.value.arguments == ("0x" + registration.admission.digest.hex,)

    def test_prepare_refuses_a_registration_that_no_gate_signed(
        self, ledger: EthereumLedger, registration: Registration
    ) -> None:
        assert self.refusal(ledger, replace(registration, verdicts=())).error_name == "QuorumNotMet"

    def test_the_quorum_and_who_may_make_it_are_what_the_installation_was_born_with(
        self, ledger: EthereumLedger, roles: Roles, uploader: KeystoreSigner
    ) -> None:
        assert ledger.quorum() == 1
        assert ledger.is_gate(roles.gate.address)
        assert not ledger.is_gate(uploader.address)

    def test_prepare_refuses_a_signature_by_a_stranger(
        self, ledger: EthereumLedger, admission: Admission, uploader: KeystoreSigner, now: int
    ) -> None:
        stranger = new_key()
        foreign = registration_of(ledger.info, admission, gate=stranger, uploader=uploader, now=now)
        refusal = self.refusal(ledger, foreign)
        assert refusal.error_name == "NotAGate"
        assert refusal.arguments == (stranger.address.hex,)

    def test_prepare_refuses_a_verdict_for_another_installation(
        self, ledger: EthereumLedger, admission: Admission, roles: Roles, uploader: KeystoreSigner, now: int
    ) -> None:
        elsewhere = replace(ledger.info, instance_id=secrets.token_bytes(32))
        foreign = registration_of(elsewhere, admission, gate=roles.gate, uploader=uploader, now=now)
        assert self.refusal(ledger, foreign).error_name == "NotAGate"
        unsigned = of_operator(admission, roles)
        foreign = registration_of(elsewhere, unsigned, gate=roles.gate, uploader=uploader, now=now)
        assert self.refusal(ledger, foreign).error_name == "NotAGate"

    def test_prepare_refuses_a_verdict_whose_deadline_has_passed(
        self, ledger: EthereumLedger, admission: Admission, roles: Roles, uploader: KeystoreSigner, now: int
    ) -> None:
        late = replace(admission, deadline=now - HOUR_S)
        expired = registration_of(ledger.info, late, gate=roles.gate, uploader=uploader, now=now)
        refusal = self.refusal(ledger, expired)
        assert (refusal.error_name, refusal.arguments) == ("DeadlinePassed", (str(now - HOUR_S),))

    def test_prepare_refuses_to_register_for_a_stranger_without_an_intent(
        self, ledger: EthereumLedger, admission: Admission, roles: Roles, uploader: KeystoreSigner, now: int
    ) -> None:
        silent = replace(admission, levels=Level.GATE)
        unwished = registration_of(ledger.info, silent, gate=roles.gate, uploader=uploader, now=now)
        refusal = self.refusal(ledger, unwished)
        assert (refusal.error_name, refusal.arguments) == ("IntentRequired", (uploader.address.hex,))

    @pytest.mark.parametrize("act", list(Act))
    def test_publish_refuses_a_digest_without_a_record(
        self, ledger: EthereumLedger, uploader: KeystoreSigner, act: Act
    ) -> None:
        with pytest.raises(RecordNotFoundError):
            ledger.publish(said(ledger.info, uploader, act, Digest(secrets.token_bytes(32))))

    def test_publish_refuses_to_revoke_what_is_revoked_already(
        self, ledger: EthereumLedger, registration: Registration, uploader: KeystoreSigner
    ) -> None:
        self.register(ledger, registration)
        ledger.publish(said(ledger.info, uploader, Act.REVOKE, registration.admission.digest))
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.publish(said(ledger.info, uploader, Act.REVOKE, registration.admission.digest))
        assert caught.value.error_name == "StandingMismatch"

    def test_publish_refuses_to_revoke_anothers_record(
        self, ledger: EthereumLedger, registration: Registration
    ) -> None:
        self.register(ledger, registration)
        operator = Statement(registration.admission.digest, ledger.info.operator, Act.REVOKE, ZERO_32)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.publish(SignedStatement(operator))
        assert caught.value.error_name == "NotUploader"

    def test_dispute_and_rule_refuse_a_digest_without_a_record(self, ledger: EthereumLedger) -> None:
        unknown = Digest(secrets.token_bytes(32))
        with pytest.raises(RecordNotFoundError):
            ledger.dispute(unknown, reason=DisputeReason.FORGERY, reason_hash=ZERO_32)
        with pytest.raises(RecordNotFoundError):
            ledger.rule(unknown, ruling=Ruling.FRAUD, reason_hash=ZERO_32)

    def test_rule_refuses_a_record_that_nobody_disputes(
        self, ledger: EthereumLedger, registration: Registration
    ) -> None:
        self.register(ledger, registration)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.rule(registration.admission.digest, ruling=Ruling.FRAUD, reason_hash=ZERO_32)
        assert caught.value.error_name == "StandingMismatch"

    def test_submit_refuses_a_transaction_whose_nonce_another_took(
        self, ledger: EthereumLedger, registration: Registration, another: Registration
    ) -> None:
        waiting = ledger.prepare(registration)
        self.register(ledger, another)
        with pytest.raises(TransactionRevertedError):
            ledger.submit(waiting)
        assert ledger.find(registration.admission.digest) is None

    def test_inclusion_names_a_transaction_that_was_included_and_failed(
        self, ledger: EthereumLedger, registration: Registration, roles: Roles
    ) -> None:
        # two copies are both fine when they are prepared; whichever comes second fails on the chain
        first = ledger.prepare(registration)
        second = ledger.prepare(registration, replaces=replace(first, nonce=first.nonce + 1))
        ledger.submit(first)
        ledger.submit(second)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.inclusion(second.tx_hash, wait_s=WAIT_S)
        assert caught.value.error_name == "TransactionFailed"
        assert ledger.inclusion(first.tx_hash) is not None

    # -- done ------------------------------------------------------------------------------------------------------

    def test_a_digest_never_seen_has_no_record_and_its_uploader_a_newcomers_reputation(
        self, ledger: EthereumLedger, uploader: KeystoreSigner
    ) -> None:
        assert ledger.find(Digest(secrets.token_bytes(32))) is None
        newcomer = ledger.reputation_of(uploader.address)
        assert (newcomer.strikes, newcomer.open_disputes, newcomer.last_fraud_day) == (0, 0, 0)
        assert ledger.inclusion(secrets.token_bytes(32)) is None

    def test_a_registration_is_found_with_all_that_was_admitted(
        self, ledger: EthereumLedger, registration: Registration, now: int
    ) -> None:
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

    def test_a_registration_earns_nothing_before_it_has_settled(
        self, ledger: EthereumLedger, registration: Registration, uploader: KeystoreSigner
    ) -> None:
        before = ledger.reputation_of(uploader.address)
        self.register(ledger, registration)
        assert ledger.reputation_of(uploader.address) == before

    def test_the_operator_registers_in_its_own_name_without_an_intent(
        self, ledger: EthereumLedger, admission: Admission, roles: Roles, now: int
    ) -> None:
        own = of_operator(admission, roles)
        self.register(ledger, registration_of(ledger.info, own, gate=roles.gate, uploader=roles.recorder, now=now))
        record = ledger.find(own.digest)
        assert record is not None
        assert record.uploader == ledger.info.operator
        assert Level.UPLOADER not in record.levels

    def test_a_private_record_shows_no_cid(
        self, ledger: EthereumLedger, admission: Admission, roles: Roles, uploader: KeystoreSigner, now: int
    ) -> None:
        private = registration_of(
            ledger.info, admission, gate=roles.gate, uploader=uploader, visibility=Visibility.PRIVATE, now=now
        )
        self.register(ledger, private)
        record = ledger.find(admission.digest)
        assert record is not None
        assert record.visibility is Visibility.PRIVATE
        assert record.cid is None

    def test_revoking_changes_the_standing_and_nothing_else(
        self, ledger: EthereumLedger, registration: Registration, uploader: KeystoreSigner
    ) -> None:
        self.register(ledger, registration)
        before = ledger.find(registration.admission.digest)
        inclusion = ledger.publish(said(ledger.info, uploader, Act.REVOKE, registration.admission.digest))
        after = ledger.find(registration.admission.digest)
        assert after == replace(before, standing=Standing.REVOKED)
        assert inclusion.block_number > before.block
        assert ledger.reputation_of(uploader.address).strikes == 0

    @pytest.mark.parametrize(
        ("ruling", "becomes"),
        [
            (Ruling.DISMISSED, (Standing.ACTIVE, 0)),
            (Ruling.REMOVED, (Standing.REVOKED, 0)),
            (Ruling.CORRECTED, (Standing.REVOKED, 0)),
            (Ruling.FRAUD, (Standing.REVOKED, 1)),
        ],
    )
    def test_a_dispute_shows_until_it_is_ruled_on(
        self,
        ledger: EthereumLedger,
        registration: Registration,
        uploader: KeystoreSigner,
        ruling: Ruling,
        becomes: tuple[Standing, int],
    ) -> None:
        self.register(ledger, registration)
        digest, (standing, strikes) = registration.admission.digest, becomes
        before = ledger.find(digest)
        assert ledger.dispute_of(digest) is None
        opened = ledger.dispute(digest, reason=DisputeReason.DEPICTED_PERSON, reason_hash=b"\x05" * 32)
        assert ledger.find(digest) == replace(before, standing=Standing.DISPUTED)
        assert ledger.dispute_of(digest) == Dispute(
            ledger.info.operator, opened.block_time, DisputeReason.DEPICTED_PERSON, bond_wei=0
        )
        assert ledger.reputation_of(uploader.address).open_disputes == 1
        ledger.rule(digest, ruling=ruling, reason_hash=b"\x06" * 32)
        assert ledger.find(digest) == replace(before, standing=standing)
        assert ledger.dispute_of(digest) is None
        after = ledger.reputation_of(uploader.address)
        assert (after.open_disputes, after.strikes) == (0, strikes)

    def test_a_record_shows_what_others_say_of_it_until_they_take_it_back(
        self, ledger: EthereumLedger, registration: Registration
    ) -> None:
        digest, witness = registration.admission.digest, new_key()
        self.register(ledger, registration)
        claims = b"\x0c" * 32
        place = ledger.publish(said(ledger.info, witness, Act.ATTEST, digest, claims))
        record = ledger.find(digest)
        assert record is not None
        assert record.attestations == (Attestation(witness.address, Level.THIRD_PARTY, claims, place.block_time),)
        assert record.standing_levels == record.levels | Level.THIRD_PARTY
        ledger.publish(said(ledger.info, witness, Act.RETRACT, digest))
        again = ledger.find(digest)
        assert again is not None
        assert (again.attestations, again.standing_levels) == ((), record.levels)

    def test_only_a_reviewer_attests_as_one(self, ledger: EthereumLedger, registration: Registration) -> None:
        self.register(ledger, registration)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.publish(said(ledger.info, new_key(), Act.REVIEW, registration.admission.digest))
        assert caught.value.error_name == "AccessControlUnauthorizedAccount"

    def test_a_record_names_its_gates_and_who_runs_them(
        self, ledger: EthereumLedger, registration: Registration, roles: Roles
    ) -> None:
        self.register(ledger, registration)
        record = ledger.find(registration.admission.digest)
        assert record is not None
        assert record.gates == (RecordGate(roles.gate.address, ledger.info.operator, is_suspect=False),)
        assert (record.operators, record.is_suspect) == ({ledger.info.operator}, False)

    def test_rotate_key_refuses_what_only_one_key_signed(
        self, ledger: EthereumLedger, uploader: KeystoreSigner
    ) -> None:
        wish = rotation(ledger.info, uploader, new_key())
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.rotate_key(replace(wish, to_signature=wish.from_signature))
        assert caught.value.error_name == "SignatureInvalid"

    def test_a_new_key_waits_a_week_for_a_veto(self, ledger: EthereumLedger, uploader: KeystoreSigner) -> None:
        following = new_key()
        assert ledger.pending_rotation(uploader.address) is None
        place = ledger.rotate_key(rotation(ledger.info, uploader, following))
        week_later = place.block_time + 7 * 24 * HOUR_S
        assert ledger.pending_rotation(uploader.address) == PendingRotation(following.address, week_later)
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.complete_key_rotation(uploader.address)
        assert (caught.value.error_name, caught.value.arguments) == ("RotationPending", (str(week_later),))
        ledger.rotate_key(rotation(ledger.info, uploader, None))
        assert ledger.pending_rotation(uploader.address) is None
        assert ledger.holder_of(uploader.address) == uploader.address

    def test_no_wallet_stands_at_an_account(self, ledger: EthereumLedger) -> None:
        assert not ledger.wallet_accepts(new_key().address, ZERO_32, b"\x01" * 65)

    def test_a_contract_that_knows_no_signatures_accepts_none(self, ledger: EthereumLedger) -> None:
        assert not ledger.wallet_accepts(ledger.info.contract, ZERO_32, b"\x01" * 65)

    def test_events_come_in_chain_order_and_give_the_standing(
        self, ledger: EthereumLedger, registration: Registration, another: Registration, uploader: KeystoreSigner
    ) -> None:
        digest = registration.admission.digest
        _, first = self.register(ledger, registration)
        assert [event.digest for event in ledger.events()] == [digest]
        _, second = self.register(ledger, another)
        third = ledger.publish(said(ledger.info, uploader, Act.REVOKE, digest))
        seen = [(event.name, event.digest, event.standing, event.inclusion) for event in ledger.events()]
        assert seen == [
            (EventName.REGISTERED, digest, Standing.ACTIVE, first),
            (EventName.REGISTERED, another.admission.digest, Standing.ACTIVE, second),
            (EventName.STANDING_CHANGED, digest, Standing.REVOKED, third),
        ]

    def test_submitting_the_same_transaction_again_is_harmless(
        self, ledger: EthereumLedger, registration: Registration, uploader: KeystoreSigner
    ) -> None:
        transaction, inclusion = self.register(ledger, registration)
        reputation = ledger.reputation_of(uploader.address)
        ledger.submit(transaction)
        assert ledger.inclusion(transaction.tx_hash) == inclusion
        assert ledger.reputation_of(uploader.address) == reputation
        assert len(list(ledger.events())) == 1

    def test_a_prepared_transaction_survives_reopening(
        self, ledger: EthereumLedger, reopen: Callable[[], EthereumLedger], registration: Registration
    ) -> None:
        transaction = ledger.prepare(registration)
        reopened = reopen()
        assert reopened.info == ledger.info
        assert reopened.find(registration.admission.digest) is None
        reopened.submit(transaction)
        assert reopened.inclusion(transaction.tx_hash, wait_s=WAIT_S) is not None
        assert reopened.find(registration.admission.digest) is not None

    def test_records_and_events_are_the_same_after_reopening(
        self, ledger: EthereumLedger, reopen: Callable[[], EthereumLedger], registration: Registration
    ) -> None:
        self.register(ledger, registration)
        record, events = ledger.find(registration.admission.digest), list(ledger.events())
        reopened = reopen()
        assert reopened.find(registration.admission.digest) == record
        assert list(reopened.events()) == events

    def test_events_are_read_again_where_the_table_was_lost(
        self,
        ledger: EthereumLedger,
        reopen: Callable[[], EthereumLedger],
        registration: Registration,
        events_file: Path,
    ) -> None:
        self.register(ledger, registration)
        events = list(ledger.events())
        ledger.close()
        for path in events_file.parent.glob(events_file.name + "*"):
            path.unlink()
        assert list(reopen().events()) == events


class TestEmbedded(LedgerSuite):
    @pytest.fixture
    def events_file(self, tmp_path: Path) -> Path:
        return tmp_path / "ledger" / "events.sqlite3"

    @pytest.fixture
    def reopen(self, tmp_path: Path, roles: Roles) -> Iterator[Callable[[], EthereumLedger]]:
        opened: list[EthereumLedger] = []

        def open_again() -> EthereumLedger:
            opened.append(embedded(tmp_path / "ledger", roles, SystemClock()))
            return opened[-1]

        yield open_again
        for ledger in opened:
            ledger.close()

    @pytest.fixture
    def ledger(self, reopen: Callable[[], EthereumLedger]) -> EthereumLedger:
        return reopen()

    def test_it_names_itself_embedded(self, ledger: EthereumLedger) -> None:
        assert ledger.info.kind == "embedded"


class NetworkSuite(LedgerSuite):
    """The suite on a node; a subclass gives `node`, its URL."""

    @pytest.fixture
    def events_file(self, tmp_path: Path) -> Path:
        return tmp_path / "events.sqlite3"

    @pytest.fixture
    def opened(self, node: str, roles: Roles, events_file: Path) -> Iterator[tuple[EthereumLedger, NetworkHome]]:
        ledger, home = on_anvil(node, roles, events_file)
        yield ledger, home
        ledger.close()

    @pytest.fixture
    def ledger(self, opened: tuple[EthereumLedger, NetworkHome]) -> EthereumLedger:
        return opened[0]

    @pytest.fixture
    def home(self, opened: tuple[EthereumLedger, NetworkHome]) -> NetworkHome:
        return opened[1]

    @pytest.fixture
    def reopen(self, home: NetworkHome, roles: Roles, events_file: Path) -> Iterator[Callable[[], EthereumLedger]]:
        opened: list[EthereumLedger] = []

        def open_again() -> EthereumLedger:
            opened.append(
                open_network(
                    home,
                    recorder=roles.recorder,
                    arbiter=roles.arbiter,
                    manifests=BlockStore(events_file.parent / "content"),
                    events_file=events_file,
                )
            )
            return opened[-1]

        yield open_again
        for ledger in opened:
            ledger.close()

    def test_it_names_itself_a_network(self, ledger: EthereumLedger) -> None:
        assert ledger.info.kind == "network"


@pytest.mark.node
class TestAnvil(NetworkSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def node(cls) -> Iterator[str]:
        if not ANVIL.exists():
            pytest.skip(f"no {ANVIL}; run npm ci")
        with anvil() as url:
            yield url


@pytest.mark.node
@pytest.mark.slow
class TestHardhat(NetworkSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def node(cls) -> Iterator[str]:
        with hardhat() as url:
            yield url


@pytest.mark.go
class TestGeth(NetworkSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def node(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with geth(tmp_path_factory.mktemp("geth")) as url:
            yield url
