"""The ledger without a server: an EVM in this process over one durable file, behind web3's own interface.

eth-tester is made for tests. What it lacks for keeping is here: state in `SqliteChainDB`, block times from the `Clock`,
look-up by hash instead of by walking back, reverts with their data as a node gives them, and no built-in keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Any, cast

from eth.abc import BlockAPI, BlockHeaderAPI, ComputationAPI, SignedTransactionAPI, TransactionBuilderAPI
from eth.chains.base import MiningChain
from eth.exceptions import PyEVMError, Revert
from eth.exceptions import TransactionNotFound as EVMTransactionNotFound
from eth.typing import AccountDetails, HeaderParams
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_tester import EthereumTester
from eth_tester.backends.pyevm.main import PyEVMBackend
from eth_tester.backends.pyevm.serializers import serialize_transaction, serialize_transaction_receipt
from eth_tester.exceptions import TransactionFailed, TransactionNotFound
from eth_tester.exceptions import ValidationError as TesterValidationError
from eth_typing import Address as EVMAddress
from eth_typing import BlockNumber, Hash32
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException
from web3.providers.eth_tester import EthereumTesterProvider
from web3.types import RPCEndpoint, RPCError, RPCResponse

from registry.adapters.sqlite_evm import SqliteChainDB
from registry.model import Address
from registry.ports import Clock

CHAIN_ID = 131277322940537  # eth-tester answers `eth_chainId` with this; installations differ by their instance id
FUNDS_WEI = 10**24  # a million ether for each role: fees are burnt on this chain and must never end it
EXECUTION_REVERTED = 3  # the JSON-RPC code that geth gives a revert with data
INVALID_TRANSACTION = -32000  # the JSON-RPC code that geth gives a transaction it will not take
# what decoding and validation raise in the layers below; an empty raw transaction is an IndexError
REFUSALS = (TesterValidationError, TransactionFailed, ValidationError, PyEVMError, RLPException, IndexError)


class EmbeddedChain(MiningChain):
    """Prague rules from the first block on, with a gas limit that stays."""

    chain_id = CHAIN_ID
    vm_configuration = ((BlockNumber(0), PragueVM),)

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **header_params: HeaderParams) -> BlockHeaderAPI:
        """Return the next block's header with the parent's gas limit."""
        header_params["gas_limit"] = parent_header.gas_limit
        return super().create_header_from_parent(parent_header, **header_params)

    def get_transaction_builder(self) -> type[TransactionBuilderAPI]:
        """Return the builder of the newest rules, as eth-tester asks for it."""
        return self.get_vm().get_transaction_builder()


class CallRevertedError(Exception):
    """A call was reverted by the contract; carried as an RPC error, never outside this module."""

    def __init__(self, data: bytes) -> None:
        super().__init__("execution reverted")
        self.data = data


class EmbeddedBackend(PyEVMBackend):  # type: ignore[misc]  # eth-tester ships no types
    """eth-tester's back end over a chain that outlives the process."""

    def __init__(self, database: SqliteChainDB, clock: Clock) -> None:
        self.account_keys: tuple[object, ...] = ()  # no well-known test key; transactions come signed
        self._clock = clock
        self.chain = EmbeddedChain(database)

    def refresh(self) -> None:
        """Build on the head that the file has now: another process may have moved it, and time has passed."""
        head = self.chain.get_canonical_head()
        now = max(self._clock.now(), head.timestamp + 1)  # strictly later (Yellow Paper, block header validity)
        self.chain.header = self.chain.create_header_from_parent(head, timestamp=now)

    def get_transaction_by_hash(self, transaction_hash: bytes) -> Mapping[str, object]:
        """Return the transaction through the chain's own index; eth-tester's walk is linear in blocks."""
        block, transaction, index = self._locate(transaction_hash)
        serialized: Mapping[str, object] = serialize_transaction(block, transaction, index, False)
        return serialized

    def get_transaction_receipt(self, transaction_hash: bytes) -> Mapping[str, object]:
        """Return the receipt through the chain's own index."""
        block, transaction, index = self._locate(transaction_hash)
        receipts = block.get_receipts(self.chain.chaindb)
        vm = self.chain.get_vm()
        serialized: Mapping[str, object] = serialize_transaction_receipt(block, receipts, transaction, index, False, vm)
        return serialized

    def _locate(self, transaction_hash: bytes) -> tuple[BlockAPI, SignedTransactionAPI, int]:
        try:
            number, index = self.chain.get_canonical_transaction_index(Hash32(transaction_hash))
        except EVMTransactionNotFound as exc:
            raise TransactionNotFound(str(exc)) from exc
        block = self.chain.get_canonical_block_by_number(number)
        return block, block.transactions[index], index

    def call(self, transaction: Mapping[str, Any], block_number: object = "latest") -> bytes:
        """Return what the call gives in the next block.

        Raises:
            CallRevertedError: the contract refused.
        """
        return bytes(self._execute(self._spoofed(transaction)).output)

    def estimate_gas(self, transaction: Mapping[str, Any], block_number: object = "latest") -> int:
        """Return the gas of one run in the next block, with a quarter more for what callees must keep (EIP-150)."""
        spoofed = self._spoofed(transaction)
        return (spoofed.intrinsic_gas + self._execute(spoofed).get_gas_used()) * 5 // 4

    def _spoofed(self, transaction: Mapping[str, Any]) -> SignedTransactionAPI:
        free = {"gas": self.chain.header.gas_limit, "max_fee_per_gas": 0, "max_priority_fee_per_gas": 0}
        filled = {**free, **transaction}  # as on a node, a call costs nothing unless it offers a fee
        unsigned = self._get_normalized_and_unsigned_evm_transaction(filled)
        return cast(SignedTransactionAPI, SpoofTransaction(unsigned, from_=transaction["from"]))

    def _execute(self, transaction: SignedTransactionAPI) -> ComputationAPI:
        with self.chain.get_vm(self.chain.header).in_costless_state() as state:
            computation = state.apply_transaction(transaction)
        if computation.is_error:
            error = computation.error
            raise CallRevertedError(bytes(error.args[0]) if isinstance(error, Revert) and error.args else b"")
        return computation


class EmbeddedProvider(EthereumTesterProvider):
    """web3's way to the embedded chain: one request at a time, each write one transaction of the file."""

    def __init__(self, database: SqliteChainDB, backend: EmbeddedBackend) -> None:
        super().__init__(EthereumTester(backend))
        self._database = database
        self._backend = backend
        self._lock = RLock()

    def make_request(self, method: RPCEndpoint, params: Sequence[Any]) -> RPCResponse:
        """Return the answer as a node would give it, errors included."""
        with self._lock:
            try:
                if method == "eth_sendRawTransaction":
                    with self._database.transaction():
                        return self._answer(method, params)
                return self._answer(method, params)
            except CallRevertedError as exc:
                error = RPCError(code=EXECUTION_REVERTED, message=str(exc), data="0x" + exc.data.hex())
            except REFUSALS as exc:
                error = RPCError(code=INVALID_TRANSACTION, message=str(exc))
            return {"id": 0, "jsonrpc": "2.0", "error": error}

    def _answer(self, method: RPCEndpoint, params: Sequence[Any]) -> RPCResponse:
        self._backend.refresh()
        return super().make_request(method, params)


def create_genesis(database: SqliteChainDB, clock: Clock, funded: Sequence[Address]) -> None:
    """Write the first block, in which only the given accounts hold anything."""
    parameters = PyEVMBackend.generate_genesis_params({"timestamp": clock.now()})
    account = AccountDetails(balance=FUNDS_WEI, nonce=0, code=b"", storage={})
    EmbeddedChain.from_genesis(database, parameters, {EVMAddress(address.value): account for address in funded})
