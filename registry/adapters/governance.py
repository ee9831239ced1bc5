"""The admin's side of a registry: who holds which power, and changes of that, at once or through the timelock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractEvent
from web3.types import EventData, TxParams

from registry.adapters.contract import ledger_errors, timelock_at
from registry.adapters.courier import Courier
from registry.adapters.deployment import code_hash_at
from registry.adapters.log_pages import LogPages
from registry.adapters.outbox import Call
from registry.adapters.transactions import prepare
from registry.errors import LedgerError, LedgerMismatchError
from registry.model import ZERO_32, Address, Change, ChangeState, GateTerm, Governance, Role, Threshold
from registry.ports import Signer

NO_END = 2**40 - 1  # the contract's word for a term without end
MAX_SALTS = 1000  # how often the same change may have been made before; a guard against an endless walk


class EthereumGovernor:
    """Changes the powers in one registry; each method does the next thing that can be done and may be called again."""

    def __init__(
        self,
        web3: Web3,
        contract: Contract,
        courier: Courier,
        *,
        admin: Signer,
        endpoint: str,
        first_block: int = 0,
        dry_run: bool,
    ) -> None:
        """Look after a registry that is known to be there.

        Args:
            web3: how to reach the network.
            contract: the registry.
            courier: sends.
            admin: the admin's key, which is the guardian's too: the admin itself, or who proposes to its timelock.
            endpoint: the network's name in messages.
            first_block: where the contract was created, or any block before.
            dry_run: run every change on the node and send nothing.
        """
        self._web3 = web3
        self._contract = contract
        self._courier = courier
        self._admin = admin
        self._endpoint = endpoint
        self._first_block = first_block
        self._dry_run = dry_run
        self._pages = LogPages()

    def survey(self) -> Governance:
        """Return the powers as they are.

        Raises:
            LedgerUnavailableError: the network does not answer.
        """
        with ledger_errors(self._endpoint):
            holders = {role: tuple(self._holders(role)) for role in Role}
            gates = tuple(self._terms())
            timelock = self._timelock_among(holders[Role.ADMIN])
            delay_s = None if timelock is None else int(timelock.functions.getMinDelay().call(self._caller))
            functions = self._contract.functions
            return Governance(
                holders=holders,
                gates=gates,
                threshold=int(functions.threshold().call(self._caller)),
                is_paused=bool(functions.paused().call(self._caller)),
                dispute_bond_wei=int(functions.disputeBond().call(self._caller)),
                delay_s=delay_s,
                code_hash=code_hash_at(self._web3, Address.from_hex(self._contract.address), endpoint=self._endpoint),
                as_of=int(self._web3.eth.get_block("latest")["timestamp"]),
                thresholds=tuple(self._thresholds()),
            )

    def grant(self, role: Role, account: Address) -> Change:
        """Give a role."""
        return self._by_admin("grantRole", _hash_of(role), _account(account))

    def withdraw(self, role: Role, account: Address) -> Change:
        """Take a role."""
        return self._by_admin("revokeRole", _hash_of(role), _account(account))

    def add_gate(self, gate: Address, *, run_by: Address, valid_from: int = 0, valid_until: int = 0) -> Change:
        """Make an account a gate for a time, Unix seconds; 0 for now, and for no end."""
        return self._by_admin("addGate", _account(gate), _account(run_by), valid_from, valid_until)

    def end_gate(self, gate: Address, *, compromised_since: int = 0) -> Change:
        """End a gate's term at once, as guardian; Unix seconds since when its key is in other hands, 0 if it is not."""
        return self._by_guardian("endGate", _account(gate), compromised_since)

    def set_threshold(self, threshold: int) -> Change:
        """Set how many gates must sign."""
        return self._by_admin("setThreshold", threshold)

    def pause(self) -> Change:
        """Stop writes at once, as guardian."""
        return self._by_guardian("pause")

    def unpause(self) -> Change:
        """Let writes go on."""
        return self._by_admin("unpause")

    # -- inside ------------------------------------------------------------------------------------------------

    @property
    def _caller(self) -> TxParams:
        return TxParams({"from": _account(self._admin.address)})

    def _by_guardian(self, function: str, *arguments: object) -> Change:
        data = self._contract.encode_abi(function, args=list(arguments))
        return self._send(_call(function, arguments), str(self._contract.address), data)

    def _by_admin(self, function: str, *arguments: object) -> Change:
        with ledger_errors(self._endpoint):
            data = self._contract.encode_abi(function, args=list(arguments))
            timelock = self._timelock_among(tuple(self._holders(Role.ADMIN)))
        call = _call(function, arguments)
        if timelock is None:
            return self._send(call, str(self._contract.address), data)
        return self._through(timelock, call, data)

    def _through(self, timelock: Contract, call: str, data: str) -> Change:
        """Propose, or do what was proposed, whichever is next."""
        target = self._contract.address
        with ledger_errors(self._endpoint):
            # whoever proposes what must fail would learn it only when the delay is over
            self._web3.eth.call(TxParams({"from": timelock.address, "to": target, "data": HexBytes(data)}))
            salt, operation = self._open_operation(timelock, data)
            delay_s = int(timelock.functions.getMinDelay().call(self._caller))
            ready_at = int(timelock.functions.getTimestamp(operation).call(self._caller))
            now = int(self._web3.eth.get_block("latest")["timestamp"])
        if ready_at == 0:
            proposal = timelock.encode_abi("schedule", args=[target, 0, data, ZERO_32, salt, delay_s])
            sent = self._send(call, str(timelock.address), proposal)
            if sent.state is ChangeState.PLANNED or delay_s > 0:
                state = ChangeState.PLANNED if sent.state is ChangeState.PLANNED else ChangeState.SCHEDULED
                return Change(state, call, bytes(HexBytes(data)), now + delay_s)
        elif ready_at > now:
            return Change(ChangeState.WAITING, call, bytes(HexBytes(data)), ready_at)
        execution = timelock.encode_abi("execute", args=[target, 0, data, ZERO_32, salt])
        return self._send(call, str(timelock.address), execution)

    def _open_operation(self, timelock: Contract, data: str) -> tuple[bytes, bytes]:
        """Return salt and id of the first such operation that is not over: the same change may be made again later."""
        for number in count():
            salt = number.to_bytes(32, "big")
            arguments = (self._contract.address, 0, HexBytes(data), ZERO_32, salt)
            operation = bytes(timelock.functions.hashOperation(*arguments).call(self._caller))
            if not timelock.functions.isOperationDone(operation).call(self._caller):
                return salt, operation
            if number == MAX_SALTS:
                break
        raise LedgerError(f"expected this change to have been made fewer than {MAX_SALTS} times, got more")

    def _send(self, call: str, to: str, data: str) -> Change:
        if self._dry_run:
            prepare(self._web3, self._endpoint, self._admin, {"to": to, "data": data})
            return Change(ChangeState.PLANNED, call, bytes(HexBytes(data)))
        receipt = self._courier.deliver(self._admin, Call(to, data))
        if receipt["status"] != 1:
            raise LedgerError(f"0x{receipt['transactionHash'].hex()} failed: {call}")
        return Change(ChangeState.DONE, call, bytes(HexBytes(data)))

    def _holders(self, role: Role) -> Iterator[Address]:
        """Yield who was given the role and still has it."""
        granted = self._logs(self._contract.events.RoleGranted(), role)
        for account in dict.fromkeys(str(log["args"]["account"]) for log in granted):
            if self._contract.functions.hasRole(_hash_of(role), account).call(self._caller):
                yield Address.from_hex(account)

    def _terms(self) -> Iterator[GateTerm]:
        for log in self._logs(self._contract.events.GateAdded()):
            gate = log["args"]["gate"]
            valid_from, valid_until, compromised_since = self._contract.functions.gateTermOf(gate).call(self._caller)
            yield GateTerm(
                gate=Address.from_hex(gate),
                run_by=Address.from_hex(log["args"]["runBy"]),
                valid_from=valid_from,
                valid_until=None if valid_until == NO_END else valid_until,
                compromised_since=compromised_since,
            )

    def _thresholds(self) -> Iterator[Threshold]:
        for log in self._logs(self._contract.events.ThresholdChanged()):
            since = int(self._web3.eth.get_block(log["blockNumber"])["timestamp"])
            yield Threshold(log["args"]["to"], since)

    def _logs(self, event: ContractEvent, role: Role | None = None) -> Iterator[EventData]:
        filters = {} if role is None else {"role": HexBytes(_hash_of(role))}

        def fetch(start: int, end: int) -> Sequence[EventData]:
            return list(event.get_logs(argument_filters=filters, from_block=start, to_block=end))

        for _, page in self._pages.read(fetch, self._first_block, int(self._web3.eth.block_number)):
            yield from page

    def _timelock_among(self, admins: Sequence[Address]) -> Contract | None:
        """Return the timelock that is admin, or nothing where this key is admin itself.

        Raises:
            LedgerMismatchError: this key is neither admin nor may propose to one.
        """
        if self._admin.address in admins:
            return None
        for admin in admins:
            if self._web3.eth.get_code(Web3.to_checksum_address(admin.hex)):
                timelock = timelock_at(self._web3, admin)
                proposer = bytes(timelock.functions.PROPOSER_ROLE().call(self._caller))
                if timelock.functions.hasRole(proposer, _account(self._admin.address)).call(self._caller):
                    return timelock
        raise LedgerMismatchError(
            f"expected {self._admin.address} to be the registry's admin or to propose to its timelock, got neither"
        )


def _hash_of(role: Role) -> bytes:
    return ZERO_32 if role is Role.ADMIN else bytes(keccak(text=f"{role.value.upper()}_ROLE"))


def _account(address: Address) -> str:
    return Web3.to_checksum_address(address.hex)


def _call(function: str, arguments: Sequence[object]) -> str:
    words = (f"0x{value.hex()}" if isinstance(value, bytes) else str(value) for value in arguments)
    return f"{function}({', '.join(words)})"
