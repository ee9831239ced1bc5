// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {Stage} from "./Stage.sol";
import {vm} from "./Vm.sol";

/// @notice `closeEpoch`: rejections, counted once, on a quorum's word.
contract EpochTest is Stage {
    uint256 private constant TODAY = START / 1 days;

    function test_refuses_a_pause() external {
        IMediaRegistry.EpochClose memory e = closing(TODAY - 1, 0);
        stop();
        refusedWhilePaused();
        registry.closeEpoch(e, new bytes[](0));
    }

    function test_refuses_a_root_of_zero() external {
        IMediaRegistry.EpochClose memory e = closing(TODAY - 1, 0);
        e.rejectionRoot = 0;
        _refused(e, abi.encodePacked(IMediaRegistry.ZeroNotAllowed.selector));
    }

    function testFuzz_refuses_a_day_that_is_not_over(uint32 epoch) external {
        vm.assume(epoch >= TODAY);
        _refused(closing(epoch, 0), abi.encodeWithSelector(IMediaRegistry.EpochNotClosable.selector, epoch));
    }

    function testFuzz_refuses_tallies_more_than_three_days_late_and_takes_the_bare_root(uint32 ago) external {
        uint32 epoch = uint32(TODAY - between(ago, 4, TODAY));
        IMediaRegistry.EpochClose memory e = closing(epoch, 1);
        e.tallies[0] = IMediaRegistry.Tally(alice, 1);
        _refused(e, abi.encodeWithSelector(IMediaRegistry.EpochNotClosable.selector, epoch));
        _close(closing(epoch, 0));
        same(registry.rejectionRootOf(epoch), e.rejectionRoot, "root");
    }

    function test_refuses_to_close_an_epoch_twice() external {
        _close(closing(TODAY - 1, 0));
        IMediaRegistry.EpochClose memory again = closing(TODAY - 1, 0);
        again.rejectionRoot = WHY;
        _refused(again, abi.encodeWithSelector(IMediaRegistry.EpochNotClosable.selector, TODAY - 1));
    }

    function test_refuses_a_tally_past_its_deadline() external {
        IMediaRegistry.EpochClose memory e = closing(TODAY - 1, 0);
        e.deadline = uint64(START) - 1;
        _refused(e, abi.encodeWithSelector(IMediaRegistry.DeadlinePassed.selector, START - 1));
        e.deadline = uint64(START);
        _close(e);
    }

    function test_refuses_less_than_a_quorum_and_strangers() external {
        IMediaRegistry.EpochClose memory e = closing(TODAY - 1, 0);
        bytes[] memory one = closeSigs(e, keys(0, 1));
        bytes[] memory foreign = closeSigs(e, keys(2, 2));
        refused(abi.encodeWithSelector(IMediaRegistry.QuorumNotMet.selector, 1, 2));
        registry.closeEpoch(e, one);
        refused(abi.encodeWithSelector(IMediaRegistry.NotAGate.selector, gate(3)));
        registry.closeEpoch(e, foreign);
    }

    function test_refuses_uploaders_out_of_order_twice_or_zero() external {
        (address low, address high) = alice < bob ? (alice, bob) : (bob, alice);
        IMediaRegistry.EpochClose memory e = closing(TODAY - 1, 2);
        (e.tallies[0].uploader, e.tallies[1].uploader) = (high, low);
        _refused(e, abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, high, low));
        (e.tallies[0].uploader, e.tallies[1].uploader) = (high, high);
        _refused(e, abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, high, high));
        (e.tallies[0].uploader, e.tallies[1].uploader) = (address(0), high);
        _refused(e, abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, address(0), address(0)));
    }

    function testFuzz_tells_and_keeps_what_was_closed(uint16 rejections, uint8 ago) external {
        uint256 epoch = TODAY - between(ago, 1, 3);
        IMediaRegistry.EpochClose memory e = closing(epoch, 1);
        e.tallies[0] = IMediaRegistry.Tally(alice, rejections);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.EpochClosed(e.epoch, e.rejectionRoot, e.tallies);
        _close(e);
        same(registry.rejectionRootOf(e.epoch), e.rejectionRoot, "root");

        uint256 settles = epoch + 8; // seven full days after its own
        vm.warp(settles * 1 days - 1);
        same(scoreOf(alice), 2000, "not settled");
        vm.warp(settles * 1 days);
        (uint16 score, uint64 evidence,,,) = registry.reputationOf(alice);
        uint256 mass = rejections < 4 ? uint256(rejections) * 250_000 : 1e6; // a quarter each, one unit a day at most
        atMost(evidence, mass, "evidence has faded by a day");
        atMost(mass * 9923 / 10_000, evidence, "and by no more");
        atMost(score, 1e10 / (5e6 + evidence) , "score");
        atMost(1e10 / (5e6 + evidence), score + 1, "score");
    }

    function test_counts_for_who_took_over_the_name() external {
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), FAR);
        bytes32 hash = Signing.rotation(domain(), r);
        registry.rotateKey(r, Signing.sign(ALICE, hash), Signing.sign(BOB, hash));
        vm.warp(START + 7 days);
        registry.completeKeyRotation(alice);
        IMediaRegistry.EpochClose memory e = closing(TODAY + 6, 1);
        e.tallies[0] = IMediaRegistry.Tally(alice, 4);
        _close(e);
        vm.warp(START + 14 days);
        same(scoreOf(bob), 1668, "1 / (5 + 0.9923)");
        same(scoreOf(alice), 1668, "the old name answers with the new one's");
    }

    function _close(IMediaRegistry.EpochClose memory e) private {
        registry.closeEpoch(e, closeSigs(e, keys(0, 2)));
    }

    function _refused(IMediaRegistry.EpochClose memory e, bytes memory err) private {
        bytes[] memory sigs = closeSigs(e, keys(0, 2));
        refused(err);
        registry.closeEpoch(e, sigs);
    }
}
