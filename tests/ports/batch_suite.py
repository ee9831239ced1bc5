"""Batches through the `Ledger` port; part of the suite that every ledger runs."""

from __future__ import annotations

import io
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from registry import manifest
from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.keystore import KeystoreSigner
from registry.adapters.unixfs import Profile
from registry.eip712 import Domain, batch_message
from registry.errors import RecordNotFoundError, TransactionRevertedError
from registry.merkle import root_of
from registry.model import (
    Act,
    BatchAdmission,
    BatchPlace,
    Cid,
    Digest,
    DisputeReason,
    EventName,
    Inclusion,
    Ruling,
    SignedBatch,
    Standing,
    Visibility,
)
from tests.ledgers import HOUR_S, Roles, admission_of, new_key, registration_of, said

SIZE = 5
WAIT_S = 10.0


class BatchSuite:
    """What every ledger must do with batches; a subclass gives `ledger` and `reopen`."""

    @pytest.fixture
    def manifests(self, tmp_path: Path) -> BlockStore:
        return BlockStore(tmp_path / "content")

    @pytest.fixture
    def alice(self) -> KeystoreSigner:
        return new_key()

    @pytest.fixture
    def batched(self, ledger: EthereumLedger, roles: Roles, alice: KeystoreSigner) -> manifest.Manifest:
        """Five files of one uploader, the last of them private."""
        now = SystemClock().now()
        return manifest.compose(
            Domain.of(ledger.info),
            [
                registration_of(
                    ledger.info,
                    admission_of(alice, now=now),
                    gate=roles.gate,
                    uploader=alice,
                    visibility=Visibility.PRIVATE if number == SIZE - 1 else Visibility.PUBLIC,
                    now=now,
                )
                for number in range(SIZE)
            ],
        )

    def signed(self, ledger: EthereumLedger, batched: manifest.Manifest, cid: Cid, gate: KeystoreSigner) -> SignedBatch:
        admission = BatchAdmission(
            batched.tree.root, len(batched.entries), cid, batched.tallies, SystemClock().now() + HOUR_S
        )
        signature = gate.sign_typed_data(batch_message(Domain.of(ledger.info), admission))
        return SignedBatch(admission, (signature,))

    def register_batch(
        self, ledger: EthereumLedger, batched: manifest.Manifest, manifests: BlockStore, gate: KeystoreSigner
    ) -> Inclusion:
        cid = manifests.pin(io.BytesIO(batched.body))
        transaction = ledger.prepare(self.signed(ledger, batched, cid, gate))
        ledger.submit(transaction)
        inclusion = ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S)
        assert inclusion is not None
        return inclusion

    @pytest.fixture
    def included(
        self, ledger: EthereumLedger, batched: manifest.Manifest, manifests: BlockStore, roles: Roles
    ) -> Inclusion:
        """Where the five stand."""
        return self.register_batch(ledger, batched, manifests, roles.gate)

    # -- refused ---------------------------------------------------------------------------------------------------

    def test_prepare_refuses_a_batch_that_a_stranger_signed(
        self, ledger: EthereumLedger, batched: manifest.Manifest, manifests: BlockStore
    ) -> None:
        cid = manifests.pin(io.BytesIO(batched.body))
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.prepare(self.signed(ledger, batched, cid, new_key()))
        assert caught.value.error_name == "NotAGate"

    def test_prepare_refuses_the_same_batch_again(
        self,
        ledger: EthereumLedger,
        batched: manifest.Manifest,
        manifests: BlockStore,
        roles: Roles,
        included: Inclusion,
    ) -> None:
        cid = manifests.pin(io.BytesIO(batched.body))
        with pytest.raises(TransactionRevertedError) as caught:
            ledger.prepare(self.signed(ledger, batched, cid, roles.gate))
        assert caught.value.error_name == "BatchAlreadyRegistered"

    def test_a_statement_on_a_digest_in_no_batch_finds_no_record(
        self, ledger: EthereumLedger, batched: manifest.Manifest, alice: KeystoreSigner, included: Inclusion
    ) -> None:
        stranger = Digest(secrets.token_bytes(32))
        with pytest.raises(RecordNotFoundError):
            ledger.publish(said(ledger.info, alice, Act.REVOKE, stranger))

    # -- a batch whose manifest is not at hand, or another one's -----------------------------------------------------

    def test_a_batch_without_its_manifest_is_named_and_finds_nothing(
        self, ledger: EthereumLedger, batched: manifest.Manifest, roles: Roles
    ) -> None:
        nowhere = Cid(secrets.token_bytes(32), is_dag_pb=False)
        transaction = ledger.prepare(self.signed(ledger, batched, nowhere, roles.gate))
        ledger.submit(transaction)
        assert ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S) is not None
        assert ledger.find(batched.entries[0].registration.admission.digest) is None
        assert ledger.batches_without_manifest() == (batched.tree.root,)
        assert list(ledger.committed()) == []

    def test_a_manifest_with_another_record_than_the_root_says_is_not_believed(
        self, ledger: EthereumLedger, batched: manifest.Manifest, manifests: BlockStore, roles: Roles
    ) -> None:
        first = batched.entries[0].registration
        lie = replace(first, admission=replace(first.admission, digest=Digest(secrets.token_bytes(32))))
        others = [entry.registration for entry in batched.entries[1:]]
        false = manifest.compose(Domain.of(ledger.info), [replace(lie, intent=None), *others])
        cid = manifests.pin(io.BytesIO(false.body))
        transaction = ledger.prepare(self.signed(ledger, batched, cid, roles.gate))
        ledger.submit(transaction)
        assert ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S) is not None
        assert ledger.find(lie.admission.digest) is None
        assert ledger.batches_without_manifest() == (batched.tree.root,)

    # -- read in parts, or twice ---------------------------------------------------------------------------------------

    def test_a_manifest_of_several_blocks_is_found_by_the_cid_that_the_chain_keeps(
        self, ledger: EthereumLedger, batched: manifest.Manifest, tmp_path: Path, roles: Roles
    ) -> None:
        small = BlockStore(tmp_path / "content", profile=Profile(chunk_bytes=1000, max_links=2))
        cid = small.pin(io.BytesIO(batched.body))
        assert cid.is_dag_pb
        transaction = ledger.prepare(self.signed(ledger, batched, cid, roles.gate))
        ledger.submit(transaction)
        assert ledger.inclusion(transaction.tx_hash, wait_s=WAIT_S) is not None
        assert ledger.batches_without_manifest() == ()
        assert len(list(ledger.committed())) == SIZE

    def test_of_a_digest_in_two_batches_the_earlier_is_its_record(
        self,
        ledger: EthereumLedger,
        batched: manifest.Manifest,
        manifests: BlockStore,
        roles: Roles,
        alice: KeystoreSigner,
    ) -> None:
        self.register_batch(ledger, batched, manifests, roles.gate)
        digest = batched.entries[0].registration.admission.digest
        first = ledger.find(digest)
        now = SystemClock().now()
        again = admission_of(alice, now=now, digest=digest)
        other = registration_of(ledger.info, again, gate=roles.gate, uploader=alice, now=now)
        repeat = manifest.compose(Domain.of(ledger.info), [other])
        self.register_batch(ledger, repeat, manifests, roles.gate)
        assert ledger.find(digest) == first
        proof = ledger.proof_of(digest)
        assert proof is not None
        assert proof.root == batched.tree.root

    # -- recorded --------------------------------------------------------------------------------------------------

    def test_every_record_of_a_batch_is_found_as_it_was_admitted(
        self, ledger: EthereumLedger, batched: manifest.Manifest, roles: Roles, included: Inclusion
    ) -> None:
        for index, entry in enumerate(batched.entries):
            admission = entry.registration.admission
            record = ledger.find(admission.digest)
            assert record is not None
            assert record.standing is Standing.ACTIVE
            assert record.batch == BatchPlace(batched.tree.root, index)
            assert (record.uploader, record.levels) == (admission.uploader, admission.levels)
            assert (record.content_hash, record.fingerprint_hash) == (
                admission.content_hash,
                admission.fingerprint_hash,
            )
            assert record.visibility is entry.registration.visibility
            assert record.model_ids == tuple(each.opinion.model_id for each in entry.registration.verdicts)
            assert [gate.gate for gate in record.gates] == [roles.gate.address]
            assert (record.tx, record.block, record.registered_at) == (
                included.tx_hash,
                included.block_number,
                included.block_time,
            )
        assert ledger.batches_without_manifest() == ()

    def test_the_proof_of_a_record_leads_from_its_leaf_to_the_root(
        self, ledger: EthereumLedger, batched: manifest.Manifest, included: Inclusion
    ) -> None:
        for index, entry in enumerate(batched.entries):
            proof = ledger.proof_of(entry.registration.admission.digest)
            assert proof is not None
            assert (proof.root, proof.index) == (batched.tree.root, index)
            assert root_of(entry.leaf, proof.path) == proof.root

    def test_a_record_that_was_registered_alone_has_no_proof(
        self, ledger: EthereumLedger, batched: manifest.Manifest, included: Inclusion
    ) -> None:
        assert ledger.proof_of(Digest(secrets.token_bytes(32))) is None

    def test_events_and_commitments_name_every_record_of_a_batch(
        self, ledger: EthereumLedger, batched: manifest.Manifest, included: Inclusion
    ) -> None:
        admissions = [entry.registration.admission for entry in batched.entries]
        events = [event for event in ledger.events() if event.name is EventName.REGISTERED]
        assert [event.digest for event in events] == [admission.digest for admission in admissions]
        assert all(event.inclusion == included for event in events)
        assert [(each.digest, each.fingerprint_hash) for each in ledger.committed()] == [
            (admission.digest, admission.fingerprint_hash) for admission in admissions
        ]

    def test_a_batch_counts_in_its_uploaders_reputation(
        self,
        ledger: EthereumLedger,
        batched: manifest.Manifest,
        manifests: BlockStore,
        roles: Roles,
        alice: KeystoreSigner,
    ) -> None:
        assert [(tally.uploader, tally.count) for tally in batched.tallies] == [(alice.address, SIZE)]
        before = ledger.reputation_of(alice.address)
        self.register_batch(ledger, batched, manifests, roles.gate)
        assert ledger.reputation_of(alice.address) == before  # what was accepted settles after seven days

    # -- what is said of a batched record ----------------------------------------------------------------------------

    def test_a_batched_record_is_revoked_like_any_other(
        self, ledger: EthereumLedger, batched: manifest.Manifest, alice: KeystoreSigner, included: Inclusion
    ) -> None:
        for entry in batched.entries:
            digest = entry.registration.admission.digest
            before = ledger.find(digest)
            ledger.publish(said(ledger.info, alice, Act.REVOKE, digest))
            assert before is not None
            assert ledger.find(digest) == replace(before, standing=Standing.REVOKED)

    def test_a_batched_record_is_disputed_and_ruled_on_like_any_other(
        self, ledger: EthereumLedger, batched: manifest.Manifest, included: Inclusion
    ) -> None:
        digest = batched.entries[2].registration.admission.digest
        ledger.dispute(digest, reason=DisputeReason.FORGERY, reason_hash=b"\x01" * 32)
        disputed = ledger.find(digest)
        assert disputed is not None
        assert disputed.standing is Standing.DISPUTED
        ledger.rule(digest, ruling=Ruling.DISMISSED, reason_hash=b"\x02" * 32)
        cleared = ledger.find(digest)
        assert cleared is not None
        assert cleared.standing is Standing.ACTIVE

    def test_a_batched_record_supersedes_an_earlier_batched_one(
        self,
        ledger: EthereumLedger,
        batched: manifest.Manifest,
        manifests: BlockStore,
        roles: Roles,
        alice: KeystoreSigner,
    ) -> None:
        first = self.register_batch(ledger, batched, manifests, roles.gate)
        inclusion, new = first, Digest(b"\0" * 32)
        while inclusion.block_time == first.block_time:  # a successor must be of a later second
            now = SystemClock().now()
            admission = admission_of(alice, now=now)
            later = registration_of(ledger.info, admission, gate=roles.gate, uploader=alice, now=now)
            second = manifest.compose(Domain.of(ledger.info), [later])
            inclusion, new = self.register_batch(ledger, second, manifests, roles.gate), admission.digest
        old = batched.entries[0].registration.admission.digest
        ledger.publish(said(ledger.info, alice, Act.SUPERSEDE, old, new.value))
        found = ledger.find(old)
        assert found is not None
        assert found.superseded_by == new
