// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Forest} from "./Forest.sol";
import {Signing} from "./Signing.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @notice `registerBatch` and `unfold`.
contract BatchTest is Forest {
    // ------------------------------------------------------------------------------------------ what is refused

    function test_refuses_a_pause() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        stop();
        refusedWhilePaused();
        registry.registerBatch(b, new bytes[](0));
        refusedWhilePaused();
        registry.unfold(b.root, fileOf(ALICE, 0), visibilityOf(0), CLAIMS, new bytes32[](0));
    }

    function testFuzz_refuses_a_size_that_is_none(uint32 count) external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        b.count = count <= 1 << 20 ? 0 : count;
        _refused(b, _size(b.count, 1));
    }

    function test_takes_the_greatest_batch_and_refuses_one_more() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        b.count = (1 << 20) + 1;
        _refused(b, _size(b.count, 1));
        b.count = 1 << 20;
        admit(b);
    }

    function test_takes_256_tallies_and_refuses_one_more() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        b.count = 1000;
        b.tallies = _tallies(257, 1);
        _refused(b, _size(1000, 257));
        b.tallies = _tallies(256, 1);
        admit(b);
    }

    function testFuzz_refuses_more_outcomes_than_leaves(uint32 one, uint32 two) external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        b.count = 1000;
        b.tallies = _tallies(2, 0);
        (b.tallies[0].count, b.tallies[1].count) = (one % 1500, two % 1500);
        if (one % 1500 + two % 1500 <= 1000) return admit(b);
        _refused(b, _size(1000, 2));
    }

    function test_refuses_uploaders_out_of_order_twice_or_zero() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        b.tallies = _tallies(2, 1);
        (address low, address high) = (b.tallies[0].uploader, b.tallies[1].uploader);
        (b.tallies[0].uploader, b.tallies[1].uploader) = (high, low);
        _refused(b, abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, high, low));
        b.tallies[1].uploader = high;
        _refused(b, abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, high, high));
        b.tallies[0].uploader = address(0);
        _refused(b, abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, address(0), address(0)));
    }

    function test_refuses_a_root_that_is_there() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        admit(b);
        b.count = 4;
        _refused(b, abi.encodeWithSelector(IMediaRegistry.BatchAlreadyRegistered.selector, b.root));
    }

    function test_refuses_a_passed_deadline() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        b.deadline = uint64(START) - 1;
        _refused(b, abi.encodeWithSelector(IMediaRegistry.DeadlinePassed.selector, START - 1));
        b.deadline = uint64(START);
        admit(b);
    }

    function test_refuses_less_than_a_quorum_and_strangers() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        bytes[] memory one = batchSigs(b, keys(0, 1));
        bytes[] memory foreign = batchSigs(b, keys(2, 2));
        refused(abi.encodeWithSelector(IMediaRegistry.QuorumNotMet.selector, 1, 2));
        registry.registerBatch(b, one);
        refused(abi.encodeWithSelector(IMediaRegistry.NotAGate.selector, gate(3)));
        registry.registerBatch(b, foreign);
    }

    function test_refuses_a_rotated_uploader() external {
        _rotate();
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 3);
        _refused(b, abi.encodeWithSelector(IMediaRegistry.KeyIsRotated.selector, alice, bob));
    }

    // --------------------------------------------------------------------------------------------- what is kept

    function test_keeps_one_slot_and_tells_the_rest() external {
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 5);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.BatchRegistered(
            b.root, b.count, b.manifestHash, b.manifestIsDagPb, b.tallies, founders(2)
        );
        admit(b);
        (uint40 time, uint32 number, uint32 count) = registry.batchOf(b.root);
        same(time, START, "time");
        same(number, 1000, "block");
        same(count, 5, "leaves");
        counted(0, 0, 0);
    }

    /// @dev On a day that the uploader's tally has seen, and on one that it has not.
    function testFuzz_earns_what_as_many_registrations_earn(uint8 number, bool seen, uint8 wait) external {
        uint256 count = between(number, 1, 20);
        if (seen) registered(ALICE, DIGEST);
        if (seen) registered(BOB, WHY);
        vm.warp(START + uint256(wait) % 3 * 1 days);
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 20);
        b.tallies[0].count = uint32(count);
        admit(b);
        for (uint256 k = 0; k < count; ++k) registered(BOB, keccak256(abi.encode("single", k)));
        vm.warp(START + 12 days);
        (uint16 one, uint64 mass,,,) = registry.reputationOf(alice);
        (uint16 two, uint64 other,,,) = registry.reputationOf(bob);
        same(one, two, "score");
        same(mass, other, "evidence");
    }

    // ---------------------------------------------------------------------------------------------- unfolding

    function testFuzz_every_leaf_unfolds_once_to_what_it_says(uint8 size, uint8 which, uint32 later) external {
        uint256 count = between(size, 1, 20);
        uint256 number = which % count;
        admit(batchOf(ALICE, 0, count));
        vm.warp(START + later);
        vm.roll(2000);
        IMediaRegistry.Admission memory a = fileOf(ALICE, number);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.RecordUnfolded(a.digest, Trees.root(leavesOf(ALICE, 0, count)));
        unfolded(ALICE, 0, count, number);
        _isAsItsLeafSays(a, visibilityOf(number));
        counted(1, 0, 0);
        bytes32[] memory leaves = leavesOf(ALICE, 0, count);
        refused(abi.encodeWithSelector(IMediaRegistry.MediaAlreadyRegistered.selector, a.digest));
        registry.unfold(Trees.root(leaves), a, visibilityOf(number), CLAIMS, Trees.path(leaves, number));
    }

    function _isAsItsLeafSays(IMediaRegistry.Admission memory a, IMediaRegistry.Visibility v) private view {
        (address u, uint40 time, uint32 block_, uint8 kind, uint8 levels, IMediaRegistry.Standing standing) =
            registry.recordOf(a.digest);
        bytes32 got = keccak256(abi.encode(u, time, block_, kind, levels, standing));
        uint8 asKept = a.kind | (v == IMediaRegistry.Visibility.PRIVATE ? 0x40 : 0);
        uint8 earning = a.levels | (a.earnsReputation ? 0x80 : 0);
        same(got, keccak256(abi.encode(a.uploader, START, 1000, asKept, earning, 1)), "as the leaf, then");
    }

    function testFuzz_refuses_a_leaf_that_says_something_else(uint256 field, uint256 seed) external {
        admit(batchOf(ALICE, 0, 7));
        bytes32[] memory leaves = leavesOf(ALICE, 0, 7);
        IMediaRegistry.Admission memory a = fileOf(ALICE, 2);
        (uint8 visibility, bytes32 claims) = (uint8(visibilityOf(2)), CLAIMS);
        bytes32 other = bytes32(between(seed, 1, type(uint256).max - 1));
        field %= 11;
        if (field == 0) a.digest ^= other;
        if (field == 1) a.fingerprintHash ^= other;
        if (field == 2) a.contentHash ^= other;
        if (field == 3) a.kind = seed % 2 == 0 ? 2 : 0x81;
        if (field == 4) a.uploader = bob;
        if (field == 5) a.policyId ^= other;
        if (field == 6) a.levels = seed % 2 == 0 ? 2 : 11;
        if (field == 7) a.earnsReputation = !a.earnsReputation;
        if (field == 8) a.deadline ^= uint64(between(seed, 1, type(uint64).max));
        if (field == 9) visibility ^= 1;
        if (field == 10) claims ^= other;
        bytes32 leaf = Signing.leaf(domain(), a, visibility, claims);
        refused(abi.encodeWithSelector(IMediaRegistry.PathInvalid.selector, leaf));
        registry.unfold(
            Trees.root(leaves), a, IMediaRegistry.Visibility(visibility), claims, Trees.path(leaves, 2)
        );
    }

    function testFuzz_refuses_another_path(uint256 seed, uint8 length) external {
        admit(batchOf(ALICE, 0, 7));
        bytes32[] memory leaves = leavesOf(ALICE, 0, 7);
        bytes32[] memory path = new bytes32[](length % 8);
        for (uint256 k = 0; k < path.length; ++k) path[k] = keccak256(abi.encode(seed, k));
        refused(abi.encodeWithSelector(IMediaRegistry.PathInvalid.selector, leaves[2]));
        registry.unfold(Trees.root(leaves), fileOf(ALICE, 2), visibilityOf(2), CLAIMS, path);
    }

    function test_refuses_a_root_that_is_not_there() external {
        bytes32[] memory leaves = leavesOf(ALICE, 0, 1);
        refused(abi.encodeWithSelector(IMediaRegistry.BatchNotRegistered.selector, leaves[0]));
        registry.unfold(leaves[0], fileOf(ALICE, 0), visibilityOf(0), CLAIMS, new bytes32[](0));
    }

    function testFuzz_refuses_a_leaf_of_another_installation(uint256 which, uint256 seed) external {
        Signing.Domain memory d = domain();
        if (which % 3 == 0) d.chainId ^= between(seed, 1, type(uint64).max);
        if (which % 3 == 1) d.place = address(uint160(d.place) ^ uint160(between(seed, 1, type(uint160).max)));
        if (which % 3 == 2) d.salt ^= bytes32(between(seed, 1, type(uint256).max - 1));
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 1);
        b.root = Signing.leaf(d, fileOf(ALICE, 0), uint8(visibilityOf(0)), CLAIMS);
        admit(b);
        bytes32 here = Signing.leaf(domain(), fileOf(ALICE, 0), uint8(visibilityOf(0)), CLAIMS);
        refused(abi.encodeWithSelector(IMediaRegistry.PathInvalid.selector, here));
        registry.unfold(b.root, fileOf(ALICE, 0), visibilityOf(0), CLAIMS, new bytes32[](0));
    }

    function testFuzz_refuses_a_leaf_of_unknown_kind_or_levels(uint8 kind, uint8 levels) external {
        IMediaRegistry.Admission memory a = fileOf(ALICE, 0);
        (a.kind, a.levels) = (kind, levels);
        IMediaRegistry.BatchAdmission memory b = batchOf(ALICE, 0, 1);
        b.root = Signing.leaf(domain(), a, 0, CLAIMS);
        admit(b);
        uint8 bare = kind & 0x7f;
        if (bare == 0 || bare > 2) {
            refused(abi.encodeWithSelector(IMediaRegistry.KindUnknown.selector, kind));
        } else if (levels > 15 || levels & 5 == 5) {
            refused(abi.encodeWithSelector(IMediaRegistry.LevelsInvalid.selector, levels));
        }
        registry.unfold(b.root, a, IMediaRegistry.Visibility.PUBLIC, CLAIMS, new bytes32[](0));
    }

    function test_refuses_a_leaf_whose_digest_was_registered_alone() external {
        IMediaRegistry.Admission memory a = fileOf(ALICE, 0);
        admit(batchOf(ALICE, 0, 1));
        registered(BOB, a.digest);
        bytes32 root = Trees.root(leavesOf(ALICE, 0, 1));
        refused(abi.encodeWithSelector(IMediaRegistry.MediaAlreadyRegistered.selector, a.digest));
        registry.unfold(root, a, visibilityOf(0), CLAIMS, new bytes32[](0));
    }

    // -------------------------------------------------------------------------------------------------- inside

    function _refused(IMediaRegistry.BatchAdmission memory b, bytes memory err) private {
        bytes[] memory sigs = batchSigs(b, keys(0, 2));
        refused(err);
        registry.registerBatch(b, sigs);
    }

    function _size(uint256 count, uint256 tallies) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMediaRegistry.BatchSizeInvalid.selector, count, tallies);
    }

    function _tallies(uint256 uploaders, uint32 count) private pure returns (IMediaRegistry.Tally[] memory tallies) {
        tallies = new IMediaRegistry.Tally[](uploaders);
        for (uint256 k = 0; k < uploaders; ++k) tallies[k] = IMediaRegistry.Tally(address(uint160(k + 1)), count);
    }

    function _rotate() private {
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), FAR);
        bytes32 hash = Signing.rotation(domain(), r);
        registry.rotateKey(r, Signing.sign(ALICE, hash), Signing.sign(BOB, hash));
        vm.warp(START + 7 days);
        registry.completeKeyRotation(alice);
    }
}
