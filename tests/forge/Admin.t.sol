// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {IRegistry, Stage} from "./Stage.sol";
import {vm} from "./Vm.sol";

/// @notice Birth, roles, gates, threshold and pause.
contract AdminTest is Stage {
    address private constant NEW = address(0x9A7E);

    function test_refuses_to_be_born_without_an_instance_id_or_a_role() external {
        for (uint256 k = 0; k < 5; ++k) {
            IMediaRegistry.Roles memory r = birth();
            if (k == 0) r.instanceId = 0;
            if (k == 1) r.admin = address(0);
            if (k == 2) r.guardian = address(0);
            if (k == 3) r.arbiter = address(0);
            if (k == 4) r.operator = address(0);
            _unborn(r, founders(1), 1);
            _unborn(r, founders(0), 1);
        }
    }

    function test_refuses_to_be_born_with_a_zero_gate_a_gate_twice_or_no_threshold() external {
        address[] memory gates = new address[](2);
        _unborn(birth(), gates, 1);
        (gates[0], gates[1]) = (NEW, NEW);
        _unborn(birth(), gates, 1);
        _unborn(birth(), founders(2), 0);
    }

    function test_is_born_as_told() external {
        address[] memory gates = founders(2);
        for (uint256 k = 0; k < 2; ++k) {
            vm.expectEmit();
            emit IMediaRegistry.GateAdded(gates[k], operator, uint40(START), type(uint40).max);
        }
        IRegistry born = deploy(birth(), gates, 2);
        same(born.operator(), operator, "operator");
        same(born.instanceId(), INSTANCE, "instance");
        same(born.disputeBond(), BOND, "bond");
        same(born.threshold(), 2, "threshold");
        isTrue(born.hasRole(born.DEFAULT_ADMIN_ROLE(), ADMIN), "admin");
        isTrue(born.hasRole(born.GUARDIAN_ROLE(), GUARDIAN), "guardian");
        isTrue(born.hasRole(born.ARBITER_ROLE(), ARBITER), "arbiter");
        isTrue(!born.hasRole(born.DEFAULT_ADMIN_ROLE(), address(this)), "the deployer is nobody");
        isTrue(!born.isGate(gate(2)), "no other gate");
    }

    function test_the_roles_are_what_their_names_hash_to() external view {
        same(registry.ARBITER_ROLE(), keccak256("ARBITER_ROLE"), "arbiter");
        same(registry.GUARDIAN_ROLE(), keccak256("GUARDIAN_ROLE"), "guardian");
        same(registry.REVIEWER_ROLE(), keccak256("REVIEWER_ROLE"), "reviewer");
    }

    function test_says_its_domain() external {
        (
            bytes1 fields, string memory name, string memory version,
            uint256 chain, address place, bytes32 salt, uint256[] memory more
        ) = registry.eip712Domain();
        same(uint8(fields), 0x1f, "fields");
        same(keccak256(bytes(name)), keccak256("Touchstone"), "name");
        same(keccak256(bytes(version)), keccak256("1"), "version");
        same(chain, CHAIN, "chain");
        same(place, address(registry), "address");
        same(salt, INSTANCE, "salt");
        same(more.length, 0, "no extensions");
        vm.chainId(1);
        (,,, chain,,,) = registry.eip712Domain();
        same(chain, 1, "the chain as it is now");
    }

    // ---------------------------------------------------------------------------------------------------- powers

    function testFuzz_nobody_else_has_the_powers_of_a_role(address who) external {
        vm.assume(who != ADMIN && who != GUARDIAN && who != ARBITER);
        (bytes32 admin, bytes32 guardian) = (bytes32(0), registry.GUARDIAN_ROLE());
        refusedWithoutRole(who, admin);
        vm.prank(who);
        registry.addGate(NEW, NEW, 0, 0);
        refusedWithoutRole(who, admin);
        vm.prank(who);
        registry.setThreshold(1);
        refusedWithoutRole(who, admin);
        vm.prank(who);
        registry.unpause();
        refusedWithoutRole(who, admin);
        vm.prank(who);
        registry.grantRole(guardian, who);
        refusedWithoutRole(who, guardian);
        vm.prank(who);
        registry.pause();
        refusedWithoutRole(who, guardian);
        vm.prank(who);
        registry.endGate(gate(0), 0);
    }

    function test_the_guardian_only_tightens_and_the_admin_only_names() external {
        bytes32 guardian = registry.GUARDIAN_ROLE();
        refusedWithoutRole(ADMIN, guardian);
        vm.prank(ADMIN);
        registry.pause();
        refusedWithoutRole(ADMIN, guardian);
        vm.prank(ADMIN);
        registry.endGate(gate(0), 0);
        stop();
        refusedWithoutRole(GUARDIAN, 0);
        vm.prank(GUARDIAN);
        registry.unpause();
        vm.prank(ADMIN);
        registry.unpause();
        isTrue(!registry.paused(), "the admin ended it");
    }

    function test_the_threshold_is_set_and_never_zero() external {
        refused(IMediaRegistry.ZeroNotAllowed.selector);
        vm.prank(ADMIN);
        registry.setThreshold(0);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.ThresholdChanged(2, 3);
        vm.prank(ADMIN);
        registry.setThreshold(3);
        same(registry.threshold(), 3, "threshold");
    }

    // ----------------------------------------------------------------------------------------------------- gates

    function test_refuses_a_gate_that_is_zero_known_or_run_by_nobody() external {
        _notAdded(address(0), NEW, 0, 0, abi.encodePacked(IMediaRegistry.ZeroNotAllowed.selector));
        _notAdded(NEW, address(0), 0, 0, abi.encodePacked(IMediaRegistry.ZeroNotAllowed.selector));
        address known = gate(0);
        bytes memory err = abi.encodeWithSelector(IMediaRegistry.GateAlreadyKnown.selector, known);
        _notAdded(known, NEW, 0, 0, err);
        vm.prank(GUARDIAN);
        registry.endGate(known, 0);
        _notAdded(known, NEW, 0, 0, err);
    }

    function testFuzz_refuses_a_term_that_ends_before_it_begins_or_in_the_past(uint40 from, uint40 until) external {
        vm.assume(until != 0);
        uint256 begins = from == 0 ? START : from;
        if (until <= begins || until <= START) {
            bytes memory err = abi.encodeWithSelector(IMediaRegistry.TermInvalid.selector, begins, until);
            _notAdded(NEW, NEW, from, until, err);
        } else {
            _added(from, until);
            _term(begins, until, 0);
        }
    }

    function test_refuses_a_term_without_length() external {
        uint40 now_ = uint40(START);
        bytes memory err = abi.encodeWithSelector(IMediaRegistry.TermInvalid.selector, now_, now_);
        _notAdded(NEW, NEW, 0, now_, err);
        uint40 later = now_ + 5;
        _notAdded(NEW, NEW, later, later, abi.encodeWithSelector(IMediaRegistry.TermInvalid.selector, later, later));
        _notAdded(NEW, NEW, 1, now_, abi.encodeWithSelector(IMediaRegistry.TermInvalid.selector, 1, now_));
        _added(now_ - 1, now_ + 1);
    }

    function test_a_gate_is_told_and_counts_in_its_term_only() external {
        (uint40 from, uint40 until) = (uint40(START + 100), uint40(START + 200));
        vm.expectEmit(address(registry));
        emit IMediaRegistry.GateAdded(NEW, bob, from, until);
        vm.prank(ADMIN);
        registry.addGate(NEW, bob, from, until);
        uint256[4] memory times = [START + 99, START + 100, START + 199, START + 200];
        for (uint256 k = 0; k < 4; ++k) {
            vm.warp(times[k]);
            isTrue(registry.isGate(NEW) == (k == 1 || k == 2), "in its term only");
        }
    }

    function test_a_gate_without_bounds_counts_from_now_on() external {
        _added(0, 0);
        _term(START, type(uint40).max, 0);
        isTrue(registry.isGate(NEW), "now");
        vm.warp(type(uint40).max - 1);
        isTrue(registry.isGate(NEW), "and to the end of time");
    }

    function test_whoever_never_was_a_gate_cannot_be_ended_and_is_none_at_any_time() external {
        refused(abi.encodeWithSelector(IMediaRegistry.NotAGate.selector, NEW));
        vm.prank(GUARDIAN);
        registry.endGate(NEW, 0);
        vm.warp(0);
        isTrue(!registry.isGate(NEW), "nor at the beginning of time");
    }

    function test_an_ended_gate_is_told_and_counts_no_more() external {
        _added(0, 0);
        vm.warp(START + 10);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.GateEnded(NEW, 0);
        _end(0);
        _term(START, START + 10, 0);
        isTrue(!registry.isGate(NEW), "at once");
        vm.warp(START + 20);
        _end(uint40(START + 5));
        _term(START, START + 10, START + 5); // its end is not moved later
    }

    function test_a_compromise_lies_in_the_past_and_moves_earlier_only() external {
        _added(0, 0);
        uint40 now_ = uint40(START);
        _notEnded(now_ + 1);
        _end(now_);
        _notEnded(now_);
        _end(now_ - 5);
        _notEnded(now_ - 5);
        _notEnded(now_ - 4);
        _end(0);
        _term(START, START, START - 5); // and is not taken back
    }

    function _added(uint40 from, uint40 until) private {
        vm.prank(ADMIN);
        registry.addGate(NEW, NEW, from, until);
    }

    function _notAdded(address gate_, address runBy, uint40 from, uint40 until, bytes memory err) private {
        refused(err);
        vm.prank(ADMIN);
        registry.addGate(gate_, runBy, from, until);
    }

    function _end(uint40 since) private {
        vm.prank(GUARDIAN);
        registry.endGate(NEW, since);
    }

    function _notEnded(uint40 since) private {
        refused(abi.encodeWithSelector(IMediaRegistry.CompromiseInvalid.selector, since));
        _end(since);
    }

    function _term(uint256 from, uint256 until, uint256 since) private view {
        (uint40 validFrom, uint40 validUntil, uint40 compromisedSince) = registry.gateTermOf(NEW);
        same(validFrom, from, "from");
        same(validUntil, until, "until");
        same(compromisedSince, since, "compromised since");
    }

    function _unborn(IMediaRegistry.Roles memory roles, address[] memory gates, uint8 threshold) private {
        try this.deployOutside(roles, gates, threshold) {
            isTrue(false, "it was born");
        } catch {}
    }

    function deployOutside(IMediaRegistry.Roles memory roles, address[] memory gates, uint8 threshold) external {
        deploy(roles, gates, threshold);
    }
}
