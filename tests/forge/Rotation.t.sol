// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {Stage, Submission} from "./Stage.sol";
import {vm} from "./Vm.sol";

/// @notice `rotateKey` and `completeKeyRotation`: a name goes on under another key, after seven days and no veto.
contract RotationTest is Stage {
    uint256 private constant CAROL = uint256(keccak256("carol"));
    address private immutable carol = vm.addr(CAROL);

    function test_refuses_a_pause_but_not_a_veto() external {
        _ask(ALICE, BOB);
        (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two) = _wish(ALICE, CAROL);
        stop();
        refusedWhilePaused();
        registry.rotateKey(r, one, two);
        refusedWhilePaused();
        registry.completeKeyRotation(alice);
        _veto();
    }

    function test_refuses_without_either_signature() external {
        (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two) = _wish(ALICE, BOB);
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        registry.rotateKey(r, "", two);
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        registry.rotateKey(r, two, two);
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, bob));
        registry.rotateKey(r, one, "");
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, bob));
        registry.rotateKey(r, one, one);
    }

    function test_either_key_may_send_it_instead_of_signing() external {
        (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two) = _wish(ALICE, BOB);
        vm.prank(alice);
        registry.rotateKey(r, "", two);
        _pending(alice, bob, START + 7 days);
        vm.warp(START + 1);
        vm.prank(bob);
        registry.rotateKey(r, one, "");
        _pending(alice, bob, START + 1 + 7 days);
    }

    function test_refuses_a_used_nonce_and_a_passed_deadline() external {
        (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two) = _ask(ALICE, BOB);
        refused(abi.encodeWithSelector(IMediaRegistry.NonceSpent.selector, alice, r.nonce));
        registry.rotateKey(r, one, two);
        (r, one, two) = _wish(ALICE, BOB);
        vm.warp(FAR + 1);
        refused(abi.encodeWithSelector(IMediaRegistry.DeadlinePassed.selector, FAR));
        registry.rotateKey(r, one, two);
    }

    function test_refuses_a_key_that_is_not_fresh() external {
        registered(BOB, DIGEST);
        _refused(ALICE, BOB, abi.encodeWithSelector(IMediaRegistry.KeyNotFresh.selector, bob));
        _refused(ALICE, ALICE, abi.encodeWithSelector(IMediaRegistry.KeyNotFresh.selector, alice));
    }

    function test_refuses_a_key_that_is_on_its_way_elsewhere() external {
        _ask(BOB, CAROL);
        _refused(ALICE, BOB, abi.encodeWithSelector(IMediaRegistry.KeyNotFresh.selector, bob));
    }

    function test_refuses_the_new_keys_word_past_its_deadline_whoever_sends_it() external {
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), uint64(START));
        bytes memory two = Signing.sign(BOB, Signing.rotation(domain(), r));
        vm.warp(START + 1);
        refused(abi.encodeWithSelector(IMediaRegistry.DeadlinePassed.selector, START));
        vm.prank(alice);
        registry.rotateKey(r, "", two);
    }

    function test_refuses_to_complete_with_a_key_that_is_no_longer_fresh() external {
        _ask(ALICE, BOB);
        registered(BOB, DIGEST);
        vm.warp(START + 7 days);
        refused(abi.encodeWithSelector(IMediaRegistry.KeyNotFresh.selector, bob));
        registry.completeKeyRotation(alice);
    }

    function test_refuses_a_rotated_key_on_either_side() external {
        _rotate(ALICE, BOB, START + 7 days);
        _refused(ALICE, CAROL, abi.encodeWithSelector(IMediaRegistry.KeyIsRotated.selector, alice, bob));
        _refused(CAROL, ALICE, abi.encodeWithSelector(IMediaRegistry.KeyNotFresh.selector, alice));
    }

    function test_refuses_to_complete_what_nobody_asked_for_or_too_early() external {
        refused(abi.encodeWithSelector(IMediaRegistry.NoRotation.selector, alice));
        registry.completeKeyRotation(alice);
        _ask(ALICE, BOB);
        vm.warp(START + 7 days - 1);
        refused(abi.encodeWithSelector(IMediaRegistry.RotationPending.selector, START + 7 days));
        registry.completeKeyRotation(alice);
    }

    function test_refuses_a_veto_of_nothing() external {
        (IMediaRegistry.KeyRotation memory r, bytes memory one,) = _wish(ALICE, 0);
        refused(abi.encodeWithSelector(IMediaRegistry.NoRotation.selector, alice));
        registry.rotateKey(r, one, "");
    }

    function test_a_veto_ends_the_request() external {
        _ask(ALICE, BOB);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.KeyRotationVetoed(alice, bob);
        _veto();
        vm.warp(START + 7 days);
        refused(abi.encodeWithSelector(IMediaRegistry.NoRotation.selector, alice));
        registry.completeKeyRotation(alice);
    }

    function test_a_veto_needs_the_old_key() external {
        _ask(ALICE, BOB);
        (IMediaRegistry.KeyRotation memory r,,) = _wish(ALICE, 0);
        bytes memory foreign = Signing.sign(BOB, Signing.rotation(domain(), r));
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        registry.rotateKey(r, foreign, "");
    }

    function test_a_request_is_told_and_kept_and_a_later_one_takes_its_place() external {
        (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two) = _wish(ALICE, BOB);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.KeyRotationRequested(alice, bob, uint64(START + 7 days));
        registry.rotateKey(r, one, two);
        _pending(alice, bob, START + 7 days);
        isTrue(registry.isNonceSpent(alice, r.nonce), "the nonce is spent");
        vm.warp(START + 1 days);
        _ask(ALICE, CAROL);
        _pending(alice, carol, START + 8 days);
    }

    function test_the_reputation_moves_and_does_not_double() external {
        registered(ALICE, DIGEST);
        vm.warp(START + 1 days);
        registered(ALICE, WHY);
        _ask(ALICE, BOB);
        vm.warp(START + 8 days);
        (uint16 score, uint64 evidence,,,) = registry.reputationOf(alice);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.KeyRotated(alice, bob);
        registry.completeKeyRotation(alice);

        (uint16 after_, uint64 kept,,,) = registry.reputationOf(bob);
        same(after_, score, "the score moved");
        same(kept, evidence, "and its evidence");
        same(registry.holderOf(alice), bob, "who answers for the old name");
        same(registry.holderOf(bob), bob, "and for the new one");
        _pending(alice, address(0), 0);
        vm.warp(START + 9 days);
        (, evidence,,,) = registry.reputationOf(bob);
        same(evidence, 1_977_041, "the open day moved too: (2^(-1/90) + 1) * 2^(-1/90), rounded down twice");
    }

    function test_the_old_key_registers_no_more_and_the_new_one_does() external {
        _rotate(ALICE, BOB, START + 7 days);
        Submission memory s = submission(ALICE, DIGEST);
        refused(abi.encodeWithSelector(IMediaRegistry.KeyIsRotated.selector, alice, bob));
        send(s);
        registered(BOB, DIGEST);
    }

    function test_what_happens_to_old_records_counts_for_the_new_key() external {
        registered(ALICE, DIGEST);
        registered(ALICE, WHY);
        _rotate(ALICE, BOB, START + 7 days);
        _rotate(BOB, CAROL, START + 14 days);
        same(registry.holderOf(alice), carol, "over two steps");

        challenge(STRANGER, DIGEST);
        ruled(DIGEST, IMediaRegistry.Ruling.FRAUD);
        (,,, uint8 strikes,) = registry.reputationOf(carol);
        same(strikes, 1, "the new key's strike");
        challenge(STRANGER, WHY);
        ruled(WHY, IMediaRegistry.Ruling.DISMISSED);
        same(registry.creditOf(carol), BOND, "the new key's credit");
        (IMediaRegistry.Statement memory st, bytes memory sig) = statement(ALICE, WHY, IMediaRegistry.Act.REVOKE, 0);
        refused(abi.encodeWithSelector(IMediaRegistry.NotUploader.selector, alice));
        registry.makeStatement(st, sig);
        (st, sig) = statement(CAROL, WHY, IMediaRegistry.Act.REVOKE, 0);
        registry.makeStatement(st, sig);
    }

    function _wish(uint256 from, uint256 to)
        private returns (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two)
    {
        r = IMediaRegistry.KeyRotation(vm.addr(from), to == 0 ? address(0) : vm.addr(to), fresh(), FAR);
        bytes32 hash = Signing.rotation(domain(), r);
        one = Signing.sign(from, hash);
        if (to != 0) two = Signing.sign(to, hash);
    }

    function _ask(uint256 from, uint256 to)
        private returns (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two)
    {
        (r, one, two) = _wish(from, to);
        registry.rotateKey(r, one, two);
    }

    function _refused(uint256 from, uint256 to, bytes memory err) private {
        (IMediaRegistry.KeyRotation memory r, bytes memory one, bytes memory two) = _wish(from, to);
        refused(err);
        registry.rotateKey(r, one, two);
    }

    function _rotate(uint256 from, uint256 to, uint256 time) private {
        _ask(from, to);
        vm.warp(time);
        registry.completeKeyRotation(vm.addr(from));
    }

    function _veto() private {
        (IMediaRegistry.KeyRotation memory r, bytes memory one,) = _wish(ALICE, 0);
        registry.rotateKey(r, one, "");
        _pending(alice, address(0), 0);
    }

    function _pending(address from, address expected, uint256 time) private view {
        (address to, uint64 completableAt) = registry.rotationOf(from);
        same(to, expected, "the key asked for");
        same(completableAt, time, "when it can be completed");
    }
}
