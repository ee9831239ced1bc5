"""The `Governor` port: one suite on the embedded chain and on a node (anvil), with and without a timelock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry.adapters.blocks import BlockStore
from registry.adapters.clock import SystemClock
from registry.adapters.deployment import deploy
from registry.adapters.ethereum import EthereumLedger
from registry.adapters.jsonrpc import NetworkHome, connect, open_network
from registry.errors import LedgerMismatchError, TransactionRevertedError
from registry.model import Change, ChangeState, DisputeReason, GateTerm, Role, Ruling
from registry.ports import Governor
from tests.ledgers import ANVIL, Roles, admission_of, anvil, embedded, funded, new_key, on_anvil, registration_of

DAY_S = 86_400


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    with anvil() as url:
        yield url


class GovernorSuite:
    """What holds whether the admin acts at once or through a timelock; `settle` lets what was proposed happen."""

    @pytest.fixture
    def roles(self) -> Roles:
        return Roles()

    def settle(self, change: Change) -> None:
        raise NotImplementedError

    def test_a_stranger_changes_nothing(self, ledger: EthereumLedger) -> None:
        with pytest.raises(LedgerMismatchError, match="to be the registry's admin"):
            ledger.governor(new_key()).grant(Role.REVIEWER, new_key().address)

    def test_what_the_contract_would_refuse_is_refused_at_once(self, governor: Governor, roles: Roles) -> None:
        with pytest.raises(TransactionRevertedError) as caught:
            governor.add_gate(roles.gate.address, run_by=roles.recorder.address)
        assert caught.value.error_name == "GateAlreadyKnown"
        with pytest.raises(TransactionRevertedError) as caught:
            governor.set_threshold(0)
        assert caught.value.error_name == "ZeroNotAllowed"

    def test_a_dry_run_sends_nothing(self, ledger: EthereumLedger, roles: Roles) -> None:
        before, height = ledger.governor(roles.admin).survey(), ledger.height()
        rehearsal = ledger.governor(roles.admin, dry_run=True)
        assert rehearsal.grant(Role.REVIEWER, new_key().address).state is ChangeState.PLANNED
        assert rehearsal.pause().state is ChangeState.PLANNED
        assert (ledger.governor(roles.admin).survey(), ledger.height()) == (before, height)

    def test_a_role_is_given_and_taken_and_given_again(self, governor: Governor) -> None:
        reviewer = new_key().address
        for change in (governor.grant, governor.withdraw, governor.grant):
            self.settle(change(Role.REVIEWER, reviewer))
            last = change(Role.REVIEWER, reviewer) if self.needs_a_second_call else None
            assert last is None or last.state is ChangeState.DONE
            expected = () if change == governor.withdraw else (reviewer,)
            assert governor.survey().holders[Role.REVIEWER] == expected

    def test_a_second_gate_makes_a_quorum_of_two(self, governor: Governor) -> None:
        gate, runner = new_key().address, new_key().address
        until = SystemClock().now() + 400 * DAY_S
        for _ in range(self.calls):
            self.settle(governor.add_gate(gate, run_by=runner, valid_until=until))
        for _ in range(self.calls):
            self.settle(governor.set_threshold(2))
        powers = governor.survey()
        assert powers.threshold == 2
        _, second = powers.gates
        assert (second.gate, second.run_by, second.valid_until) == (gate, runner, until)
        assert powers.gates_in_office == powers.gates

    def test_a_gate_whose_key_was_stolen_is_ended_at_once_and_its_later_records_are_suspect(
        self, governor: Governor, ledger: EthereumLedger, roles: Roles
    ) -> None:
        uploader, now = new_key(), SystemClock().now()
        admission = replace(admission_of(uploader, now=now), deadline=2**40)
        registration = registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now)
        transaction = ledger.prepare(registration)
        ledger.submit(transaction)
        record = ledger.find(admission.digest)
        assert record is not None
        assert not record.is_suspect
        change = governor.end_gate(roles.gate.address, compromised_since=record.registered_at)
        assert change.state is ChangeState.DONE
        [term] = governor.survey().gates
        assert isinstance(term, GateTerm)
        assert (term.compromised_since, governor.survey().gates_in_office) == (record.registered_at, ())
        later = ledger.find(admission.digest)
        assert later is not None
        assert later.is_suspect

    def test_a_pause_is_at_once_and_its_end_the_admins(self, governor: Governor) -> None:
        assert governor.pause().state is ChangeState.DONE
        assert governor.survey().is_paused
        for _ in range(self.calls):
            self.settle(governor.unpause())
        assert not governor.survey().is_paused

    calls = 1
    needs_a_second_call = False


class TestEmbedded(GovernorSuite):
    @pytest.fixture
    def ledger(self, tmp_path: Path, roles: Roles) -> Iterator[EthereumLedger]:
        ledger = embedded(tmp_path / "ledger", roles, SystemClock())
        yield ledger
        ledger.close()

    @pytest.fixture
    def governor(self, ledger: EthereumLedger, roles: Roles) -> Governor:
        return ledger.governor(roles.admin)

    def settle(self, change: Change) -> None:
        assert change.state is ChangeState.DONE

    def test_the_first_powers_are_the_constructors(self, governor: Governor, roles: Roles) -> None:
        powers = governor.survey()
        assert powers.holders == {
            Role.ADMIN: (roles.admin.address,),
            Role.GUARDIAN: (roles.admin.address,),
            Role.ARBITER: (roles.arbiter.address,),
            Role.REVIEWER: (),
        }
        assert (powers.threshold, powers.is_paused, powers.dispute_bond_wei, powers.delay_s) == (1, False, 0, None)
        [gate] = powers.gates
        assert (gate.gate, gate.run_by, gate.valid_until) == (roles.gate.address, roles.recorder.address, None)


@pytest.mark.node
@pytest.mark.skipif(not ANVIL.is_file(), reason="anvil is not installed: npm ci")
class TestTimelock(GovernorSuite):
    """On anvil, whose clock can be turned: the admin is a timelock of two days."""

    calls = 2
    needs_a_second_call = True

    @pytest.fixture
    def ledger(self, node: str, tmp_path: Path, roles: Roles) -> Iterator[EthereumLedger]:
        funded(node, roles)
        arguments = replace(roles.arguments(), delay_s=2 * DAY_S, dispute_bond_wei=10**15)
        web3 = connect(node)
        contract = deploy(web3, roles.admin, arguments)
        home = NetworkHome(node, web3.eth.chain_id, contract, arguments.instance_id)
        ledger = open_network(
            home,
            recorder=roles.recorder,
            arbiter=roles.arbiter,
            manifests=BlockStore(tmp_path / "content"),
            events_file=tmp_path / "e.sqlite3",
        )
        yield ledger
        ledger.close()

    @pytest.fixture
    def governor(self, node: str, ledger: EthereumLedger, roles: Roles) -> Governor:
        self.web3 = connect(node)
        return ledger.governor(roles.admin)

    def settle(self, change: Change) -> None:
        """Let two days pass behind a proposal."""
        if change.state is ChangeState.SCHEDULED:
            self.web3.provider.make_request("evm_increaseTime", [2 * DAY_S])
            self.web3.provider.make_request("evm_mine", [])
        else:
            assert change.state is ChangeState.DONE

    def test_a_proposal_waits_for_its_day(self, governor: Governor) -> None:
        reviewer = new_key().address
        proposed = governor.grant(Role.REVIEWER, reviewer)
        again = governor.grant(Role.REVIEWER, reviewer)
        assert (proposed.state, again.state) == (ChangeState.SCHEDULED, ChangeState.WAITING)
        assert again.ready_at is not None
        assert proposed.ready_at is not None
        assert abs(again.ready_at - proposed.ready_at) < 60  # the proposal's block is a little later than its plan
        assert governor.survey().holders[Role.REVIEWER] == ()

    def test_a_bond_is_put_up_and_comes_back(self, ledger: EthereumLedger, roles: Roles) -> None:
        uploader, now = new_key(), SystemClock().now()
        admission = replace(admission_of(uploader, now=now), deadline=2**40)
        registration = registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now)
        ledger.submit(ledger.prepare(registration))
        assert (ledger.bond_wei(), ledger.credit_wei()) == (10**15, 0)
        ledger.dispute(admission.digest, reason=DisputeReason.FORGERY, reason_hash=bytes(32))
        dispute = ledger.dispute_of(admission.digest)
        assert dispute is not None
        assert dispute.bond_wei == 10**15
        ledger.rule(admission.digest, ruling=Ruling.FRAUD, reason_hash=bytes(32))
        assert ledger.credit_wei() == 10**15
        ledger.withdraw_credit()
        assert (ledger.bond_wei(), ledger.credit_wei()) == (10**15, 0)

    def test_a_lost_challenge_costs_its_bond_and_doubles_the_next(self, ledger: EthereumLedger, roles: Roles) -> None:
        uploader, now = new_key(), SystemClock().now()
        admission = replace(admission_of(uploader, now=now), deadline=2**40)
        registration = registration_of(ledger.info, admission, gate=roles.gate, uploader=uploader, now=now)
        ledger.submit(ledger.prepare(registration))
        ledger.dispute(admission.digest, reason=DisputeReason.OTHER, reason_hash=bytes(32))
        ledger.rule(admission.digest, ruling=Ruling.DISMISSED, reason_hash=bytes(32))
        assert (ledger.bond_wei(), ledger.credit_wei()) == (2 * 10**15, 0)

    def test_the_timelock_is_the_admin_and_nobody_is_the_timelocks(self, governor: Governor, roles: Roles) -> None:
        powers = governor.survey()
        [admin] = powers.holders[Role.ADMIN]
        assert admin != roles.admin.address
        assert (powers.delay_s, powers.dispute_bond_wei) == (2 * DAY_S, 10**15)
        assert powers.holders[Role.GUARDIAN] == (roles.admin.address,)


@pytest.mark.node
@pytest.mark.skipif(not ANVIL.is_file(), reason="anvil is not installed: npm ci")
def test_other_code_at_the_configured_address_is_noticed_at_the_start(node: str, tmp_path: Path) -> None:
    roles = Roles()
    ledger, home = on_anvil(node, roles, tmp_path / "events.sqlite3")
    code_hash = ledger.governor(roles.admin).survey().code_hash
    ledger.close()
    same = replace(home, code_hash=code_hash)
    open_network(
        same,
        recorder=roles.recorder,
        arbiter=roles.arbiter,
        manifests=BlockStore(tmp_path / "content"),
        events_file=tmp_path / "e.sqlite3",
    ).close()
    other = replace(home, code_hash=bytes(32))
    with pytest.raises(LedgerMismatchError, match="expected code with hash"):
        open_network(
            other,
            recorder=roles.recorder,
            arbiter=roles.arbiter,
            manifests=BlockStore(tmp_path / "content"),
            events_file=tmp_path / "e.sqlite3",
        )
