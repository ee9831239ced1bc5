"""The ports in memory, for unit tests and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from eth_account import Account
from eth_account.messages import encode_typed_data

from registry.eip712 import Domain
from registry.errors import (
    BlockNotFoundError,
    LedgerUnavailableError,
    RecordNotFoundError,
    StoreUnavailableError,
    TransactionRevertedError,
)
from registry.manifest import entries_of
from registry.merkle import MerkleTree
from registry.model import (
    DAG_PB_BIT,
    Act,
    Address,
    Attestation,
    BatchPlace,
    BatchProof,
    Cid,
    ClosedEpoch,
    Committed,
    Digest,
    Dispute,
    DisputeReason,
    EndpointHealth,
    EventName,
    Fingerprint,
    Inclusion,
    IndexHit,
    LedgerEvent,
    LedgerInfo,
    Level,
    Media,
    MediaKind,
    ModelId,
    Opening,
    PendingRotation,
    PerceptualHash,
    Record,
    RecordGate,
    Registration,
    Reputation,
    Ruling,
    Screening,
    SignedBatch,
    SignedEpochClose,
    SignedKeyRotation,
    SignedStatement,
    SignedTransaction,
    Standing,
    TallyDispute,
)
from registry.ports import Signer
from tests.values import MODEL, NOW, prediction, reputation


@dataclass
class FixedClock:
    at: int = NOW

    def now(self) -> int:
        return self.at


class KeySigner:
    """A key made from a seed; for tests only."""

    def __init__(self, seed: int) -> None:
        self._account = Account.from_key(seed.to_bytes(32, "big"))

    @property
    def address(self) -> Address:
        return Address.from_hex(self._account.address)

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        return bytes(self._account.sign_message(encode_typed_data(full_message=dict(typed_data))).signature)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        signed = self._account.sign_transaction(dict(transaction))
        return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash), int(transaction["nonce"]))


GATE, RECORDER, UPLOADER = KeySigner(1), KeySigner(2), KeySigner(3)


@dataclass
class MemoryStore:
    """One raw block per content, whatever its size."""

    blocks: dict[Cid, bytes] = field(default_factory=dict)
    down: bool = False

    def pin(self, stream: BinaryIO) -> Cid:
        if self.down:
            raise StoreUnavailableError("the store is down")
        data = stream.read()
        cid = Cid(hashlib.sha256(data).digest(), is_dag_pb=False)
        self.blocks[cid] = data
        return cid

    def cid_of(self, stream: BinaryIO) -> Cid:
        return Cid(hashlib.sha256(stream.read()).digest(), is_dag_pb=False)

    def unpin(self, cid: Cid) -> None:
        self.blocks.pop(cid, None)

    def has(self, cid: Cid) -> bool:
        return cid in self.blocks

    def read(self, cid: Cid) -> Iterator[bytes]:
        if cid not in self.blocks:
            raise BlockNotFoundError(str(cid))
        yield self.blocks[cid]


@dataclass
class MemoryLedger:
    """A ledger that keeps records in a dict; counts what was sent, and can be switched off."""

    operator: Address = field(default_factory=lambda: RECORDER.address)
    records: dict[Digest, Record] = field(default_factory=dict)
    manifests: MemoryStore = field(default_factory=MemoryStore)
    prepared: dict[bytes, Registration | SignedBatch] = field(default_factory=dict)
    proofs: dict[Digest, BatchProof] = field(default_factory=dict)
    included: dict[bytes, Inclusion] = field(default_factory=dict)
    submissions: list[bytes] = field(default_factory=list)
    nonces: list[int] = field(default_factory=list)
    disputes: dict[Digest, Dispute] = field(default_factory=dict)
    rotations: dict[Address, PendingRotation] = field(default_factory=dict)
    holders: dict[Address, Address] = field(default_factory=dict)
    epochs: dict[int, tuple[ClosedEpoch, SignedEpochClose]] = field(default_factory=dict)
    tallies_disputed: dict[tuple[int, Address], TallyDispute] = field(default_factory=dict)
    answers: list[tuple[int, Address, tuple[Opening, ...]]] = field(default_factory=list)
    wallet_words: set[tuple[Address, bytes, bytes]] = field(default_factory=set)
    threshold: int = 1
    dismissed: set[Address] = field(default_factory=set)
    down: bool = False
    mines: bool = True
    refuses: str | None = None
    final: bool = True

    @property
    def info(self) -> LedgerInfo:
        return LedgerInfo("embedded", 1, Address(b"\xcc" * 20), b"\x11" * 32, self.operator)

    def _require_up(self) -> None:
        if self.down:
            raise LedgerUnavailableError("the ledger is down")

    def find(self, digest: Digest) -> Record | None:
        return self.records.get(digest)

    def reputation_of(self, uploader: Address) -> Reputation:
        return reputation()

    def quorum(self) -> int:
        return self.threshold

    def is_gate(self, account: Address) -> bool:
        return account not in self.dismissed

    def proof_of(self, digest: Digest) -> BatchProof | None:
        return self.proofs.get(digest)

    def batches_without_manifest(self) -> tuple[bytes, ...]:
        return ()

    def committed(self) -> Iterator[Committed]:
        for record in self.records.values():
            yield Committed(record.digest, record.block, record.visibility, record.fingerprint_hash)

    def prepare(
        self, registration: Registration | SignedBatch, *, replaces: SignedTransaction | None = None
    ) -> SignedTransaction:
        self._require_up()
        if self.refuses:
            raise TransactionRevertedError(self.refuses, ())
        if isinstance(registration, SignedBatch):
            subject, signatures = registration.admission.root, len(registration.signatures)
        else:
            subject = registration.admission.digest.value
            signatures = len({verdict.gate for verdict in registration.verdicts} - self.dismissed)
        if Digest(subject) in self.records:
            raise TransactionRevertedError("MediaAlreadyRegistered", [subject.hex()])
        if signatures < self.threshold:
            raise TransactionRevertedError("QuorumNotMet", [str(signatures), str(self.threshold)])
        nonce = self.next_nonce() if replaces is None else replaces.nonce
        self.nonces.append(nonce)
        raw = subject + registration.admission.deadline.to_bytes(8, "big") + bytes([len(self.nonces)])
        transaction = SignedTransaction(raw, hashlib.sha256(raw).digest(), nonce)
        self.prepared[transaction.tx_hash] = registration
        return transaction

    def submit(self, transaction: SignedTransaction) -> None:
        self._require_up()
        self.submissions.append(transaction.tx_hash)
        if self.mines and transaction.tx_hash not in self.included:
            self._mine(transaction.tx_hash)

    def _mine(self, tx_hash: bytes) -> None:
        registration = self.prepared[tx_hash]
        block = len(self.included) + 1
        self.included[tx_hash] = Inclusion(tx_hash, block, bytes(32), 0, NOW)
        if isinstance(registration, Registration):
            self._keep(registration, tx_hash, block)
            return
        entries = list(entries_of(Domain.of(self.info), self.manifests.read(registration.admission.manifest)))
        tree = MerkleTree(entry.leaf for entry in entries)
        assert tree.root == registration.admission.root
        for index, entry in enumerate(entries):
            record = self._keep(entry.registration, tx_hash, block)
            self.records[record.digest] = replace(record, batch=BatchPlace(tree.root, index))
            self.proofs[record.digest] = BatchProof(tree.root, index, tree.path(index))

    def _keep(self, registration: Registration, tx_hash: bytes, block: int) -> Record:
        admission = registration.admission
        self.records[admission.digest] = Record(
            digest=admission.digest,
            kind=MediaKind(admission.kind & ~DAG_PB_BIT),
            visibility=registration.visibility,
            content_hash=admission.content_hash,
            content_is_dag_pb=bool(admission.kind & DAG_PB_BIT),
            fingerprint_hash=admission.fingerprint_hash,
            uploader=admission.uploader,
            levels=admission.levels,
            earns_reputation=admission.earns_reputation,
            model_ids=tuple(verdict.opinion.model_id for verdict in registration.verdicts),
            policy_id=admission.policy_id,
            standing=Standing.ACTIVE,
            registered_at=NOW,
            block=block,
            tx=tx_hash,
            gates=tuple(RecordGate(verdict.gate, verdict.gate, False) for verdict in registration.verdicts),
        )
        return self.records[admission.digest]

    def next_nonce(self) -> int:
        return len(self.included)

    def inclusion(self, *tx_hashes: bytes, wait_s: float = 0.0) -> Inclusion | None:
        self._require_up()
        return next((self.included[tx_hash] for tx_hash in tx_hashes if tx_hash in self.included), None)

    def is_final(self, inclusion: Inclusion, *, wait_s: float = 0.0) -> bool:
        return self.final

    def publish(self, signed: SignedStatement) -> Inclusion:
        statement = signed.statement
        record = self._recorded(statement.digest)
        match statement.act:
            case Act.REVOKE:
                if statement.by != record.uploader:
                    raise TransactionRevertedError("NotUploader", (str(statement.by),))
                self.records[record.digest] = replace(record, standing=Standing.REVOKED)
            case Act.ATTEST | Act.REVIEW:
                level = Level.REVIEWER if statement.act is Act.REVIEW else Level.THIRD_PARTY
                word = Attestation(statement.by, level, statement.detail, NOW)
                self.records[record.digest] = replace(record, attestations=(*record.attestations, word))
            case Act.RETRACT:
                kept = tuple(word for word in record.attestations if word.attester != statement.by)
                self.records[record.digest] = replace(record, attestations=kept)
            case Act.SUPERSEDE:
                self.records[record.digest] = replace(record, superseded_by=Digest(statement.detail))
            case Act.DERIVE:
                parents = (*record.derived_from, Digest(statement.detail))
                self.records[record.digest] = replace(record, derived_from=parents)
        return self._anywhere()

    def dispute(self, digest: Digest, *, reason: DisputeReason, reason_hash: bytes) -> Inclusion:
        record = self._recorded(digest)
        if record.standing is not Standing.ACTIVE:
            raise TransactionRevertedError("StandingMismatch", (f"0x{digest.hex}", "1", str(int(record.standing))))
        self.disputes[digest] = Dispute(self.info.operator, NOW, reason, bond_wei=0)
        self.records[digest] = replace(record, standing=Standing.DISPUTED)
        return self._anywhere()

    def rule(self, digest: Digest, *, ruling: Ruling, reason_hash: bytes) -> Inclusion:
        record = self._recorded(digest)
        if self.disputes.pop(digest, None) is None:
            raise TransactionRevertedError("StandingMismatch", (f"0x{digest.hex}", "2", str(int(record.standing))))
        standing = Standing.ACTIVE if ruling is Ruling.DISMISSED else Standing.REVOKED
        self.records[digest] = replace(record, standing=standing)
        return self._anywhere()

    def dispute_of(self, digest: Digest) -> Dispute | None:
        return self.disputes.get(digest)

    def bond_wei(self) -> int:
        return 0

    def credit_wei(self) -> int:
        return 0

    def withdraw_credit(self) -> Inclusion:
        return self._anywhere()

    def rotate_key(self, signed: SignedKeyRotation) -> Inclusion:
        wish = signed.rotation
        if wish.to is None:
            if self.rotations.pop(wish.from_, None) is None:
                raise TransactionRevertedError("NoRotation", (wish.from_.hex,))
        else:
            self.rotations[wish.from_] = PendingRotation(wish.to, NOW + 7 * 86_400)
        return self._anywhere()

    def complete_key_rotation(self, from_: Address) -> Inclusion:
        if from_ not in self.rotations:
            raise TransactionRevertedError("NoRotation", (from_.hex,))
        self.holders[from_] = self.rotations.pop(from_).to
        return self._anywhere()

    def pending_rotation(self, from_: Address) -> PendingRotation | None:
        return self.rotations.get(from_)

    def holder_of(self, uploader: Address) -> Address:
        return self.holders.get(uploader, uploader)

    def closed_epoch(self, epoch: int) -> ClosedEpoch | None:
        self._require_up()
        return self.epochs[epoch][0] if epoch in self.epochs else None

    def close_epoch(self, signed: SignedEpochClose) -> Inclusion:
        self._require_up()
        close = signed.close
        if close.epoch in self.epochs:
            raise TransactionRevertedError("EpochNotClosable", (str(close.epoch),))
        place = Inclusion(hashlib.sha256(close.root).digest(), len(self.epochs) + 1, bytes(32), 0, NOW)
        self.epochs[close.epoch] = (ClosedEpoch(close.epoch, close.root, close.tallies, place), signed)
        return place

    def signed_epoch(self, epoch: int) -> SignedEpochClose | None:
        return self.epochs[epoch][1] if epoch in self.epochs else None

    def dispute_tally(self, epoch: int, uploader: Address, *, by: Signer) -> Inclusion:
        count = next(tally.count for tally in self.epochs[epoch][0].tallies if tally.uploader == uploader)
        self.tallies_disputed[epoch, uploader] = TallyDispute(epoch, uploader, by.address, NOW, count)
        return self._anywhere()

    def answer_tally(self, epoch: int, uploader: Address, openings: Sequence[Opening]) -> Inclusion:
        if self.tallies_disputed.pop((epoch, uploader), None) is None:
            raise TransactionRevertedError("NoTally", (str(epoch), str(uploader)))
        self.answers.append((epoch, uploader, tuple(openings)))
        return self._anywhere()

    def tally_disputes(self) -> tuple[TallyDispute, ...]:
        self._require_up()
        return tuple(self.tallies_disputed.values())

    def wallet_accepts(self, wallet: Address, signing_hash: bytes, signature: bytes) -> bool:
        return (wallet, signing_hash, signature) in self.wallet_words

    def _recorded(self, digest: Digest) -> Record:
        if digest not in self.records:
            raise RecordNotFoundError(f"no record of {digest}")
        return self.records[digest]

    def _anywhere(self) -> Inclusion:
        return Inclusion(bytes(32), 1, bytes(32), 0, NOW)

    def events(self) -> Iterator[LedgerEvent]:
        for record in self.records.values():
            inclusion = self.included[record.tx]
            yield LedgerEvent(EventName.REGISTERED, record.digest, Standing.ACTIVE, inclusion)

    def height(self) -> int:
        return len(self.included)

    def endpoints(self) -> tuple[EndpointHealth, ...]:
        return ()

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class MemoryIndex:
    """Brute force: the definition that every index must agree with."""

    fingerprints: dict[Digest, Fingerprint] = field(default_factory=dict)

    def add(self, *fingerprints: Fingerprint) -> None:
        for fingerprint in fingerprints:
            self.fingerprints.setdefault(fingerprint.digest, fingerprint)

    def nearest(self, query: Sequence[PerceptualHash], *, radius_bits: int) -> tuple[IndexHit, ...]:
        hits = []
        for number, wanted in enumerate(query):
            for digest, fingerprint in self.fingerprints.items():
                for code in fingerprint.hashes:
                    if code.alg != wanted.alg:
                        continue
                    distance = (int.from_bytes(code.bits) ^ int.from_bytes(wanted.bits)).bit_count()
                    if distance <= radius_bits:
                        hits.append(IndexHit(digest, code.alg, distance, number, code.t_s))
        return tuple(sorted(hits, key=lambda hit: hit.distance_bits))

    def fp_version_of(self, digest: Digest) -> int | None:
        fingerprint = self.fingerprints.get(digest)
        return fingerprint.fp_version if fingerprint else None

    def digests(self) -> frozenset[Digest]:
        return frozenset(self.fingerprints)

    def clear(self) -> None:
        self.fingerprints.clear()


@dataclass
class FixedDetector:
    """Says the same of every file."""

    screening: Screening = field(default_factory=prediction)

    @property
    def model_id(self) -> ModelId:
        return self.screening.model_id or MODEL

    def predict(self, media: Media) -> Screening:
        return self.screening
