"""The `Ledger` port over web3: one class for the embedded chain and for any JSON-RPC network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from eth_abi.abi import encode
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import ContractLogicError, TransactionNotFound
from web3.types import TxParams, TxReceipt

from registry.adapters import statements as said
from registry.adapters import transactions
from registry.adapters.chain_events import ChainEvents
from registry.adapters.contract import contract_at, ledger_errors, register_arguments, rotation_fields, statement_fields
from registry.adapters.event_table import EventRow, EventTable
from registry.adapters.governance import EthereumGovernor
from registry.errors import LedgerError, LedgerUnavailableError, RecordNotFoundError, TransactionRevertedError
from registry.model import (
    DAG_PB_BIT,
    EARNS_BIT,
    PRIVATE_BIT,
    Address,
    Digest,
    Dispute,
    DisputeReason,
    Inclusion,
    LedgerEvent,
    LedgerInfo,
    Level,
    MediaKind,
    PendingRotation,
    Record,
    RecordGate,
    Registration,
    Reputation,
    Ruling,
    SignedKeyRotation,
    SignedStatement,
    SignedTransaction,
    Standing,
    Visibility,
)
from registry.ports import Signer

Answer = TypeVar("Answer")

INCLUSION_WAIT_S = 120.0  # ten blocks of a network with 12 s slots
EIP1271_SELECTOR = bytes.fromhex("1626ba7e")  # of isValidSignature(bytes32,bytes), and its "yes"
FIRST_POLL_S = 0.005  # a fast node includes within this, and web3's own 0.1 s would cap it at ten a second
LAST_POLL_S = 2.0  # a slow network is not asked more often than this


class EthereumLedger:
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
        first_block: int = 0,
        confirmations: int = 1,
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
            first_block: where the contract was created, or any block before.
            confirmations: blocks, the including one counted, after which an inclusion is final.
            on_close: releases what stands behind ``web3``.
        """
        self._web3 = web3
        self._info = info
        self._endpoint = endpoint
        self._recorder = recorder
        self._arbiter = arbiter
        self._table = table
        self._first_block = first_block
        self._confirmations = confirmations
        self._on_close = on_close
        self._contract = contract_at(web3, info.contract)
        self._chain_events = ChainEvents(web3, self._contract)

    @property
    def info(self) -> LedgerInfo:
        """Which ledger answers."""
        return self._info

    def find(self, digest: Digest) -> Record | None:
        """Return the record of exactly these bytes, or nothing.

        Raises:
            LedgerError: the chain's state and its events disagree.
        """
        with ledger_errors(self._endpoint):
            state = self._contract.functions.recordOf(digest.value).call(self._caller)
        uploader, registered_at, block, kind, levels, standing = state
        if standing == 0:
            return None
        found = self._registration_of(digest)
        if found is None or found.registered is None:
            raise LedgerError(f"expected the registration of {digest} among the events up to block {block}, got none")
        more = found.registered
        statements = self._table.statements_of(digest)
        return Record(
            digest=digest,
            kind=MediaKind(kind & ~(DAG_PB_BIT | PRIVATE_BIT)),
            visibility=Visibility.PRIVATE if kind & PRIVATE_BIT else Visibility.PUBLIC,
            content_hash=more.content_hash,
            content_is_dag_pb=bool(kind & DAG_PB_BIT),
            fingerprint_hash=more.fingerprint_hash,
            uploader=Address.from_hex(uploader),
            levels=Level(levels & ~EARNS_BIT),
            earns_reputation=bool(levels & EARNS_BIT),
            model_ids=more.model_ids,
            policy_id=more.policy_id,
            standing=Standing(standing),
            registered_at=registered_at,
            block=block,
            tx=found.event.inclusion.tx_hash,
            superseded_by=said.successor(statements),
            derived_from=said.parents(statements),
            gates=tuple(self._gate(gate, registered_at) for gate in more.gates),
            attestations=said.attestations(statements),
        )

    def reputation_of(self, uploader: Address) -> Reputation:
        """Return the uploader's reputation now; a newcomer's for an address never seen."""
        with ledger_errors(self._endpoint):
            account = Web3.to_checksum_address(uploader.hex)
            # at the next block: an embedded chain may have had none for weeks, and evidence settles and fades
            return Reputation(*self._contract.functions.reputationOf(account).call(self._caller, "pending"))

    def quorum(self) -> int:
        """Return how many gates must sign a registration now."""
        with ledger_errors(self._endpoint):
            return int(self._contract.functions.threshold().call(self._caller))

    def is_gate(self, account: Address) -> bool:
        """Return whether the account is a gate in office now."""
        with ledger_errors(self._endpoint):
            return bool(self._contract.functions.isGate(Web3.to_checksum_address(account.hex)).call(self._caller))

    def prepare(self, registration: Registration, *, nonce: int | None = None) -> SignedTransaction:
        """Return the signed transaction that will register; nothing is sent.

        Raises:
            TransactionRevertedError: the contract would refuse it now.
        """
        data = self._encode("register", *register_arguments(registration))
        return transactions.prepare(self._web3, self._endpoint, self._recorder, data, nonce=nonce)

    def submit(self, transaction: SignedTransaction) -> None:
        """Send the transaction; sending one that is already known or included is no error.

        Raises:
            TransactionRevertedError: the network refused it.
        """
        transactions.submit(self._web3, self._endpoint, transaction)

    def inclusion(self, tx_hash: bytes, *, wait_s: float = 0.0) -> Inclusion | None:
        """Return where the registration stands on the chain, or nothing if it is not included within ``wait_s``.

        Raises:
            TransactionRevertedError: it was included and failed.
        """
        with ledger_errors(self._endpoint):
            receipt = _poll(lambda: self._receipt(tx_hash), wait_s)
            return None if receipt is None else self._place_in(receipt)

    def is_final(self, inclusion: Inclusion, *, wait_s: float = 0.0) -> bool:
        """Return whether the block is on the chain under as many confirmations as set, waiting up to ``wait_s``."""
        with ledger_errors(self._endpoint):
            return bool(_poll(lambda: self._is_deep(inclusion), wait_s))

    def publish(self, signed: SignedStatement) -> Inclusion:
        """Publish what somebody says of a record, and return where it stands.

        Raises:
            RecordNotFoundError: a record that it names does not exist.
            TransactionRevertedError: the contract refuses it.
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`.
        """
        return self._act(self._recorder, "makeStatement", statement_fields(signed.statement), signed.signature)

    def dispute(self, digest: Digest, *, reason: DisputeReason, reason_hash: bytes) -> Inclusion:
        """Challenge an ACTIVE record in the operator's name, for its bond, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not ACTIVE, or the bond is not at hand.
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`.
        """
        return self._act(self._recorder, "dispute", digest.value, int(reason), reason_hash, value_wei=self.bond_wei())

    def rule(self, digest: Digest, *, ruling: Ruling, reason_hash: bytes) -> Inclusion:
        """End a challenge as the arbiter, and return where that stands.

        Raises:
            RecordNotFoundError: no such record.
            TransactionRevertedError: it is not DISPUTED, or this key may not rule on it.
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`.
        """
        return self._act(self._arbiter, "rule", digest.value, int(ruling), reason_hash)

    def dispute_of(self, digest: Digest) -> Dispute | None:
        """Return the open challenge of a record, or nothing."""
        with ledger_errors(self._endpoint):
            state = self._contract.functions.disputeOf(digest.value).call(self._caller)
            challenger, opened_at, doublings, reason = state
            if opened_at == 0:
                return None
            bond = int(self._contract.functions.disputeBond().call(self._caller))
        return Dispute(Address.from_hex(challenger), opened_at, DisputeReason(reason), bond << doublings)

    def bond_wei(self) -> int:
        """Return what the operator's next challenge would cost, in wei."""
        with ledger_errors(self._endpoint):
            challenger = Web3.to_checksum_address(self._recorder.address.hex)
            return int(self._contract.functions.bondOf(challenger).call(self._caller))

    def credit_wei(self) -> int:
        """Return what the operator may take out: bonds that came back, and those of challenges that it withstood."""
        with ledger_errors(self._endpoint):
            account = Web3.to_checksum_address(self._recorder.address.hex)
            return int(self._contract.functions.creditOf(account).call(self._caller))

    def withdraw_credit(self) -> Inclusion:
        """Pay the operator what it has to its credit, and return where that stands.

        Raises:
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`.
        """
        return self._act(self._recorder, "withdrawCredit")

    def rotate_key(self, signed: SignedKeyRotation) -> Inclusion:
        """Put an uploader's wish to go on under another key, or its veto, and return where it stands.

        Raises:
            TransactionRevertedError: the contract refuses it.
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`.
        """
        fields = rotation_fields(signed.rotation)
        return self._act(self._recorder, "rotateKey", fields, signed.from_signature, signed.to_signature)

    def complete_key_rotation(self, from_: Address) -> Inclusion:
        """Hand an uploader's reputation to its new key once the delay is over, and return where that stands.

        Raises:
            TransactionRevertedError: no rotation is under way, or the uploader may still veto it.
            LedgerUnavailableError: sent, and not included within `INCLUSION_WAIT_S`.
        """
        return self._act(self._recorder, "completeKeyRotation", Web3.to_checksum_address(from_.hex))

    def pending_rotation(self, from_: Address) -> PendingRotation | None:
        """Return the rotation of this key that is under way, or nothing."""
        with ledger_errors(self._endpoint):
            account = Web3.to_checksum_address(from_.hex)
            to, completable_at = self._contract.functions.rotationOf(account).call(self._caller)
        return PendingRotation(Address.from_hex(to), completable_at) if completable_at else None

    def holder_of(self, uploader: Address) -> Address:
        """Return who answers for an uploader's name now: the address itself, or the key it was rotated to."""
        with ledger_errors(self._endpoint):
            account = Web3.to_checksum_address(uploader.hex)
            return Address.from_hex(self._contract.functions.holderOf(account).call(self._caller))

    def wallet_accepts(self, wallet: Address, signing_hash: bytes, signature: bytes) -> bool:
        """Return whether a contract stands at this address and calls the signature its own (EIP-1271)."""
        account = Web3.to_checksum_address(wallet.hex)
        call = EIP1271_SELECTOR + encode(["bytes32", "bytes"], [signing_hash, signature])
        with ledger_errors(self._endpoint):
            if not self._web3.eth.get_code(account):
                return False
            try:
                answer = self._web3.eth.call(TxParams({**self._caller, "to": account, "data": HexBytes(call)}))
            except ContractLogicError:
                return False
        return bytes(answer) == EIP1271_SELECTOR.ljust(32, b"\0")

    def events(self) -> Iterator[LedgerEvent]:
        """Yield every event so far in chain order."""
        self._sync()
        return self._table.events()

    def height(self) -> int:
        """Return the number of the latest block."""
        with ledger_errors(self._endpoint):
            return int(self._web3.eth.block_number)

    def governor(self, admin: Signer, *, dry_run: bool = False) -> EthereumGovernor:
        """Return the admin's side of this registry.

        Args:
            admin: the admin's key.
            dry_run: run every change on the node and send nothing.
        """
        return EthereumGovernor(
            self._web3,
            self._contract,
            admin=admin,
            endpoint=self._endpoint,
            first_block=self._first_block,
            dry_run=dry_run,
        )

    def close(self) -> None:
        """Release what is held; nothing durable is lost."""
        self._table.close()
        self._on_close()

    # -- inside ------------------------------------------------------------------------------------------------

    @property
    def _caller(self) -> TxParams:
        return TxParams({"from": Web3.to_checksum_address(self._recorder.address.hex)})

    def _encode(self, function: str, *arguments: object) -> dict[str, str]:
        with ledger_errors(self._endpoint):
            data = self._contract.encode_abi(function, args=list(arguments))
        return {"to": str(self._contract.address), "data": data}

    def _act(self, signer: Signer, function: str, *arguments: object, value_wei: int = 0) -> Inclusion:
        """Send a call and wait for it."""
        data = self._encode(function, *arguments)
        try:
            transaction = transactions.prepare(self._web3, self._endpoint, signer, data, value_wei=value_wei)
        except TransactionRevertedError as exc:
            if exc.error_name == "MediaNotRegistered":
                raise RecordNotFoundError(f"no record of {exc.arguments[0].removeprefix('0x')}") from exc
            raise
        self.submit(transaction)
        inclusion = self.inclusion(transaction.tx_hash, wait_s=INCLUSION_WAIT_S)
        if inclusion is None:
            raise LedgerUnavailableError(
                f"0x{transaction.tx_hash.hex()} is not included after {INCLUSION_WAIT_S:.0f} s"
            )
        return inclusion

    def _gate(self, gate: Address, registered_at: int) -> RecordGate:
        """Return a gate of a record; backdating an opinion helps no thief, since the block's time decides."""
        known = self._table.gate(gate)
        if known is None:
            raise LedgerError(f"expected the gate {gate} among the events, got none")
        return RecordGate(gate, known.run_by, 0 < known.compromised_since <= registered_at)

    def _sync(self) -> None:
        with ledger_errors(self._endpoint):
            self._chain_events.sync(self._table, first_block=self._first_block)

    def _registration_of(self, digest: Digest) -> EventRow | None:
        """Return the registration from the table, which is brought up to date for it."""
        self._sync()
        return self._table.registration_of(digest)

    def _receipt(self, tx_hash: bytes) -> TxReceipt | None:
        try:
            return self._web3.eth.get_transaction_receipt(HexBytes(tx_hash))
        except TransactionNotFound:
            return None

    def _is_deep(self, inclusion: Inclusion) -> bool:
        depth = self._web3.eth.block_number - inclusion.block_number + 1
        here = (inclusion.block_number, inclusion.block_hash)
        return depth >= self._confirmations and self._chain_events.has_block(*here)

    def _place_in(self, receipt: TxReceipt) -> Inclusion:
        if receipt["status"] != 1:
            raise TransactionRevertedError("TransactionFailed", (f"0x{receipt['transactionHash'].hex()}",))
        place = self._chain_events.place(receipt["logs"])
        if place is None:
            raise LedgerError(f"expected an event of the registry in 0x{receipt['transactionHash'].hex()}, got none")
        return place


def _poll(ask: Callable[[], Answer], wait_s: float) -> Answer:
    """Return the first answer that is something, or the last one when the time is over."""
    until = time.monotonic() + wait_s
    pause = FIRST_POLL_S
    while not (answer := ask()) and time.monotonic() + pause < until:
        time.sleep(pause)
        pause = min(2 * pause, LAST_POLL_S)
    return answer
