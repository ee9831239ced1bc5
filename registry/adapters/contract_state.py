"""What the contract's own state answers: reputations, gates, challenges, rotations; nothing is sent."""

from __future__ import annotations

from eth_abi.abi import encode
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import ContractLogicError
from web3.types import TxParams

from registry.adapters.contract import batch_arguments, contract_at, ledger_errors
from registry.model import (
    Address,
    Digest,
    Dispute,
    DisputeReason,
    LedgerInfo,
    PendingRotation,
    Reputation,
    SignedBatch,
)

EIP1271_SELECTOR = bytes.fromhex("1626ba7e")  # of isValidSignature(bytes32,bytes), and its "yes"


class ContractState:
    """The questions of the `Ledger` port that one call to the contract answers."""

    def __init__(self, web3: Web3, info: LedgerInfo, *, endpoint: str, asker: Address) -> None:
        """Ask a contract that is known to be there.

        Args:
            web3: how to reach the network.
            info: which contract answers.
            endpoint: the network's name in messages.
            asker: in whose name calls are made: who sends registrations.
        """
        self._web3 = web3
        self._info = info
        self._endpoint = endpoint
        self._asker = asker
        self._contract = contract_at(web3, info.contract)

    @property
    def info(self) -> LedgerInfo:
        """Which ledger answers."""
        return self._info

    def height(self) -> int:
        """Return the number of the latest block."""
        with ledger_errors(self._endpoint):
            return int(self._web3.eth.block_number)

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
            challenger = Web3.to_checksum_address(self._asker.hex)
            return int(self._contract.functions.bondOf(challenger).call(self._caller))

    def credit_wei(self) -> int:
        """Return what the operator may take out: bonds that came back, and those of challenges that it withstood."""
        with ledger_errors(self._endpoint):
            account = Web3.to_checksum_address(self._asker.hex)
            return int(self._contract.functions.creditOf(account).call(self._caller))

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

    def has_batch(self, root: bytes) -> bool:
        """Return whether a batch with this root is registered."""
        with ledger_errors(self._endpoint):
            return int(self._contract.functions.batchOf(root).call(self._caller)[2]) != 0

    def cost_of(self, batch: SignedBatch) -> tuple[int, int]:
        """Return the gas that a batch would take, and the price of one unit now, in wei; nothing is sent.

        Raises:
            TransactionRevertedError: the contract would refuse it.
        """
        with ledger_errors(self._endpoint):
            call = self._contract.functions.registerBatch(*batch_arguments(batch))
            return int(call.estimate_gas(self._caller)), int(self._web3.eth.gas_price)

    @property
    def _caller(self) -> TxParams:
        return TxParams({"from": Web3.to_checksum_address(self._asker.hex)})
