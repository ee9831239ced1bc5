"""The `Ledger` port over web3: one class for the embedded chain and for any JSON-RPC network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import merge

from web3 import Web3

from registry import eip712
from registry.adapters.batches import Batches
from registry.adapters.chain_events import ChainEvents
from registry.adapters.contract import (
    batch_arguments,
    ledger_errors,
    register_arguments,
    rotation_fields,
    statement_fields,
    unfold_arguments,
)
from registry.adapters.contract_state import ContractState
from registry.adapters.courier import Courier, SendingPolicy
from registry.adapters.epochs import Epochs
from registry.adapters.event_table import EventTable
from registry.adapters.governance import EthereumGovernor
from registry.adapters.ledger_log import RegistrationLog
from registry.adapters.moved_records import ManifestMoves
from registry.adapters.outbox import Outbox
from registry.adapters.records import Records
from registry.adapters.sending import Finality, Sending
from registry.eip712 import Domain
from registry.model import (
    Act,
    Address,
    BatchProof,
    ClosedEpoch,
    Committed,
    Digest,
    DisputeReason,
    EndpointHealth,
    Inclusion,
    LedgerEvent,
    LedgerInfo,
    Opening,
    Record,
    Registration,
    Ruling,
    SignedBatch,
    SignedEpochClose,
    SignedKeyRotation,
    SignedStatement,
    SignedTransaction,
    TallyDispute,
)
from registry.model.chain import ChainHead, LedgerState
from registry.model.moving import Logged
from registry.ports import ContentStore, Signer

NO_LIMITS = SendingPolicy()


class EthereumLedger(ContractState):
    """The registry contract on an EVM network, with its events in a table of our own."""

    def __init__(
        self,
        web3: Web3,
        info: LedgerInfo,
        *,
        endpoint: str,
        recorder: Signer,
        arbiter: Signer,
        table: EventTable,
        manifests: ContentStore,
        outbox: Outbox,
        first_block: int = 0,
        finality: Finality = 1,
        policy: SendingPolicy = NO_LIMITS,
        endpoints: Callable[[], tuple[EndpointHealth, ...]] = tuple,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        """Look after a contract that is known to be there.

        Args:
            web3: how to reach the network.
            info: which contract answers.
            endpoint: the network's name in messages.
            recorder: sends registrations.
            arbiter: rules on disputes.
            table: of this chain and contract.
            manifests: where the manifests of batches are.
            outbox: of this chain.
            first_block: where the contract was created, or any block before.
            finality: blocks, the including one counted, after which an inclusion is final; or by the network's word.
            policy: of fees and patience.
            endpoints: how the ways to the network do.
            on_close: releases what stands behind ``web3``.
        """
        super().__init__(web3, info, endpoint=endpoint, asker=recorder.address)
        self._recorder = recorder
        self._arbiter = arbiter
        self._table = table
        self._outbox = outbox
        self._first_block = first_block
        self._endpoints = endpoints
        self._on_close = on_close
        self._chain_events = ChainEvents(web3, self._contract)
        self._batches = Batches(table, manifests, eip712.Domain.of(info))
        self.moved = ManifestMoves(table, self._batches, manifests, self._sync)
        self._records = Records(
            self._contract, table, self._batches, self._sync, endpoint=endpoint, asker=recorder.address
        )
        self._courier = Courier(web3, outbox, endpoint=endpoint, policy=policy)
        self._sending = Sending(
            web3, self._contract, self._chain_events, self._courier, endpoint=endpoint, finality=finality
        )
        self._epochs = Epochs(
            web3,
            self._contract,
            table,
            self._sync,
            self._sending,
            domain=Domain.of(info),
            recorder=recorder,
            endpoint=endpoint,
            gives_coins=info.kind == "embedded",
        )

    def find(self, digest: Digest) -> Record | None:
        """Return the record of exactly these bytes, or nothing.

        Raises:
            LedgerError: the chain's state and its events disagree.
        """
        return self._records.find(digest)

    def proof_of(self, digest: Digest) -> BatchProof | None:
        """Return that a record stands in its batch, or nothing of one that was registered alone."""
        self._sync()
        return self._batches.proof(digest)

    def batches_without_manifest(self) -> tuple[bytes, ...]:
        """Return the roots of batches whose manifests are not at hand: what is in them cannot be looked up here."""
        self._sync()
        return tuple(batch.root for batch in self._batches.without_leaves())

    def events(self) -> Iterator[LedgerEvent]:
        """Yield every event so far in chain order; of a batch, one for each record whose manifest is at hand."""
        self._sync()
        return merge(self._table.events(), self._batches.events(), key=_chain_order)

    def committed(self) -> Iterator[Committed]:
        """Yield what every record commits to, in chain order, from the events and manifests alone."""
        self._sync()
        yield from merge(self._table.committed(), self._batches.committed(), key=lambda each: each.block)

    def prepare(
        self, registration: Registration | SignedBatch, *, replaces: SignedTransaction | None = None
    ) -> SignedTransaction:
        """Return the signed transaction that will register a record, or a batch; nothing is sent.

        Raises:
            TransactionRevertedError: the contract would refuse it now.
            FeeTooHighError: the network asks more than the cap.
        """
        function, arguments = (
            ("registerBatch", batch_arguments(registration))
            if isinstance(registration, SignedBatch)
            else ("register", register_arguments(registration))
        )
        return self._sending.prepare(self._recorder, function, *arguments, replaces=replaces)

    def next_nonce(self) -> int:
        """Return the number of the operator's next transaction, as the latest block has it."""
        with ledger_errors(self._endpoint):
            account = Web3.to_checksum_address(self._recorder.address.hex)
            return int(self._web3.eth.get_transaction_count(account, "latest"))

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known or included is no error.

        Raises:
            NonceTakenError: another transaction of this account was included under its nonce.
            TransactionRevertedError: the network refused it.
        """
        self._sending.submit(transaction)

    def inclusion(self, *tx_hashes: bytes, wait_s: float = 0.0) -> Inclusion | None:
        """Return where the registration stands on the chain, or nothing if it is not included within ``wait_s``.

        Raises:
            TransactionRevertedError: it was included and failed.
        """
        return self._sending.inclusion(*tx_hashes, wait_s=wait_s)

    def is_final(self, inclusion: Inclusion, *, wait_s: float = 0.0) -> bool:
        """Return whether the block is on the chain and can no longer be undone, waiting up to ``wait_s``."""
        return self._sending.is_final(inclusion, wait_s=wait_s)

    # -- acts that are no registration: each returns where it stands, or raises what `Sending.act` does ---------------

    def publish(self, signed: SignedStatement) -> Inclusion:
        """Publish what somebody says of a record, and return where it stands.

        Raises:
            RecordNotFoundError: a record that it names does not exist.
            TransactionRevertedError: the contract refuses it.
        """
        self._unfold(signed.statement.digest)
        if signed.statement.act in {Act.SUPERSEDE, Act.DERIVE}:  # the detail names another record
            self._unfold(Digest(signed.statement.detail))
        fields = statement_fields(signed.statement)
        return self._sending.act(self._recorder, "makeStatement", fields, signed.signature)

    def dispute(self, digest: Digest, *, reason: DisputeReason, reason_hash: bytes) -> Inclusion:
        """Challenge an ACTIVE record in the operator's name, for its bond, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not ACTIVE, or the bond is not at hand.
        """
        self._unfold(digest)
        bond = self.bond_wei()
        return self._sending.act(self._recorder, "dispute", digest.value, int(reason), reason_hash, value_wei=bond)

    def rule(self, digest: Digest, *, ruling: Ruling, reason_hash: bytes) -> Inclusion:
        """End a challenge as the arbiter, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not DISPUTED, or this key may not rule on it.
        """
        return self._sending.act(self._arbiter, "rule", digest.value, int(ruling), reason_hash)

    def withdraw_credit(self) -> Inclusion:
        """Pay the operator what it has to its credit, and return where that stands."""
        return self._sending.act(self._recorder, "withdrawCredit")

    def rotate_key(self, signed: SignedKeyRotation) -> Inclusion:
        """Put an uploader's wish to go on under another key, or its veto, and return where it stands.

        Raises:
            TransactionRevertedError: the contract refuses it.
        """
        fields = rotation_fields(signed.rotation)
        return self._sending.act(self._recorder, "rotateKey", fields, signed.from_signature, signed.to_signature)

    def complete_key_rotation(self, from_: Address) -> Inclusion:
        """Hand an uploader's reputation to its new key once the delay is over, and return where that stands.

        Raises:
            TransactionRevertedError: no rotation is under way, or the uploader may still veto it.
        """
        return self._sending.act(self._recorder, "completeKeyRotation", Web3.to_checksum_address(from_.hex))

    # -- rejections ----------------------------------------------------------------------------------------------------

    def closed_epoch(self, epoch: int) -> ClosedEpoch | None:
        """Return an epoch as it closed, or nothing while it is open."""
        return self._epochs.closed(epoch)

    def close_epoch(self, signed: SignedEpochClose) -> Inclusion:
        """Close an epoch, once and after its day, and return where that stands.

        Raises:
            TransactionRevertedError: ``EpochNotClosable``, or the quorum is not met.
        """
        return self._epochs.close(signed)

    def signed_epoch(self, epoch: int) -> SignedEpochClose | None:
        """Return what the gates signed when an epoch closed, or nothing where the transaction does not tell it."""
        return self._epochs.signed(epoch)

    def dispute_tally(self, epoch: int, uploader: Address, *, by: Signer) -> Inclusion:
        """Ask to see an epoch's rejections of an uploader, and return where that stands; they count no longer.

        Raises:
            TransactionRevertedError: ``NotUploader``, or ``NoTally`` that is not settled.
        """
        return self._epochs.dispute(epoch, uploader, by=by)

    def answer_tally(self, epoch: int, uploader: Address, openings: Sequence[Opening]) -> Inclusion:
        """Prove disputed rejections, and return where that stands.

        Raises:
            TransactionRevertedError: an opening does not hold, or there are too few and time is left.
        """
        return self._epochs.answer(epoch, uploader, openings)

    def tally_disputes(self) -> tuple[TallyDispute, ...]:
        """Return the disputes of tallies that are open, in the order in which they were opened."""
        return self._epochs.disputes()

    # -- a log that moves ----------------------------------------------------------------------------------------------

    def logged(self) -> Iterator[Logged]:
        """Yield every record in the order of registration, each once, with all that was signed for it.

        Raises:
            LedgerError: something cannot be read back.
            StoreError: a batch's manifest is not at hand.
        """
        self._sync()
        log = RegistrationLog(
            self._web3,
            self._contract,
            self._table,
            self._batches,
            find=self.find,
            unchanged_in_batch=self._records.unchanged_in_batch,
            place=self.inclusion,
            endpoint=self._endpoint,
        )
        return log.logged()

    def put_batch(self, batch: SignedBatch) -> Inclusion:
        """Register a batch, and return where it stands; what was sent before a kill is seen to its end first.

        Raises:
            TransactionRevertedError: the contract refuses it.
        """
        return self._sending.act(self._recorder, "registerBatch", *batch_arguments(batch))

    # -- around it -----------------------------------------------------------------------------------------------------

    def endpoints(self) -> tuple[EndpointHealth, ...]:
        """Return the ways to the network, each asked now; none for an embedded ledger."""
        return self._endpoints()

    def governor(self, admin: Signer, *, dry_run: bool = False) -> EthereumGovernor:
        """Return the admin's side of this registry.

        Args:
            admin: the admin's key.
            dry_run: run every change on the node and send nothing.
        """
        return EthereumGovernor(
            self._web3,
            self._contract,
            self._courier,
            admin=admin,
            endpoint=self._endpoint,
            first_block=self._first_block,
            dry_run=dry_run,
        )

    def state(self) -> LedgerState:
        """Return how far the chain is, and the event table as it is: nothing is read into it."""
        with ledger_errors(self._endpoint):
            latest = self._web3.eth.get_block("latest")
        table = self._table.checkpoint()
        head = ChainHead(latest["number"], bytes(latest["hash"]), latest["timestamp"], bytes(latest["stateRoot"]))
        return LedgerState(head, self._sending.final_block(), table.block_number if table else None)

    def close(self) -> None:
        """Release what is held; nothing durable is lost."""
        self._table.close()
        self._outbox.close()
        self._on_close()

    def _sync(self) -> None:
        with ledger_errors(self._endpoint):
            self._chain_events.sync(self._table, first_block=self._first_block)
        self._batches.load()

    def _unfold(self, digest: Digest) -> None:
        """Give a record of a batch a slot of its own, which what is said of it needs; others stay as they are."""
        if not self._records.is_folded(digest):
            return
        proof, leaf = self._batches.proof(digest), self._batches.leaf(digest)
        if proof is None or leaf is None:  # its block was reorganised away meanwhile
            return
        arguments = unfold_arguments(self._batches.entry(leaf).registration, proof)
        self._sending.act(self._recorder, "unfold", *arguments)


def _chain_order(event: LedgerEvent) -> tuple[int, int]:
    return event.inclusion.block_number, event.inclusion.log_index
