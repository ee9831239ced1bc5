// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Acts} from "./Acts.sol";
import {Signing} from "./Signing.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @notice What a {Handler} does with batches, epochs and their tallies.
abstract contract TreeActs is Acts {
    struct Made { uint256 key; uint256 first; uint256 count; }

    uint256 private constant SHOWN = 3; // rejections in an epoch's tree
    Made[] private _made; // batches that are registered
    mapping(uint256 epoch => uint256 key) private _proven; // whose rejections the epoch's tree has
    uint256[2][] private _asked; // epoch and place of a name, of every tally dispute

    // -------------------------------------------------------------------------------------------------- batches

    function registerBatch(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        Made memory made = Made(_keys[seed % 8], (seed >> 8) % 4 * 4, 1 + (seed >> 16) % 4);
        uint256 fault = (seed >> 24) % 16;
        IMediaRegistry.BatchAdmission memory b = batchOf(made.key, made.first, made.count);
        if (fault == 0) b.deadline = uint64(nowIs - 1);
        if (fault == 1) b.count = 0;
        if (fault == 2) b.tallies[0].count = b.count + 1;
        (uint256[] memory by, bool enough) = _quorum(seed >> 40);
        bytes[] memory sigs = batchSigs(b, by);
        if (fault == 3) b.manifestIsDagPb = false;
        (uint256 since,,) = chronicle.batches(b.root);
        bool expected = enough && !registry.paused() && fault > 3 && since == 0
            && chronicle.successors(b.tallies[0].uploader) == address(0);
        bytes memory data = abi.encodeCall(IMediaRegistry.registerBatch, (b, sigs));
        if (_act(STRANGER, 0, data, expected, "batch")) _made.push(made);
    }

    function unfold(uint256 number) external inTime {
        if (_made.length == 0) return;
        uint256 seed = _mixed(number);
        Made memory made = _made[seed % _made.length];
        uint256 file = made.first + (seed >> 8) % made.count;
        bytes32[] memory leaves = leavesOf(made.key, made.first, made.count);
        bytes32[] memory path = Trees.path(leaves, file - made.first);
        IMediaRegistry.Admission memory a = fileOf(made.key, file);
        uint256 fault = (seed >> 16) % 8;
        if (fault == 0) a.earnsReputation = !a.earnsReputation;
        if (fault == 1 && path.length != 0) path[0] ^= bytes32(seed);
        (,,,,, IMediaRegistry.Standing standing,,,) = chronicle.entries(a.digest);
        bool expected = (fault > 1 || (fault == 1 && path.length == 0)) && !registry.paused()
            && standing == IMediaRegistry.Standing.NONE;
        bytes32 root = Trees.root(leaves);
        chronicle.expect(root, a, visibilityOf(file));
        bytes memory data = abi.encodeCall(IMediaRegistry.unfold, (root, a, visibilityOf(file), CLAIMS, path));
        _act(STRANGER, 0, data, expected, "unfold");
    }

    // --------------------------------------------------------------------------------------------------- epochs

    function closeEpoch(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        uint256 epoch = nowIs / 1 days - seed % 6;
        IMediaRegistry.EpochClose memory e = closing(epoch, 2);
        (uint256 one, uint256 two) = (_keys[(seed >> 8) % 8], _keys[(seed >> 16) % 8]);
        (uint256 low, uint256 high) = vm.addr(one) < vm.addr(two) ? (one, two) : (two, one);
        e.rejectionRoot = Trees.root(refusedLeaves(one, SHOWN));
        e.tallies[0] = IMediaRegistry.Tally(vm.addr(low), uint32((seed >> 24) % 5));
        e.tallies[1] = IMediaRegistry.Tally(vm.addr(high), uint32((seed >> 32) % 5));
        (uint256[] memory by, bool enough) = _quorum(seed >> 40);
        bytes[] memory sigs = closeSigs(e, by);
        bool expected = enough && !registry.paused() && low != high && epoch < nowIs / 1 days
            && chronicle.roots(epoch) == 0 && epoch + 3 >= nowIs / 1 days;
        bytes memory data = abi.encodeCall(IMediaRegistry.closeEpoch, (e, sigs));
        if (_act(STRANGER, 0, data, expected, "close")) _proven[epoch] = one;
    }

    function disputeTally(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        (uint256 epoch, address name) = (nowIs / 1 days - (seed >> 8) % 10, _names[(seed >> 16) % 8]);
        for (uint256 k = chronicle.totalTallies(); k != 0 && (seed >> 24) % 8 != 0; --k) {
            (uint256 day, address other) = chronicle.tally(k - 1);
            if (day + 10 < nowIs / 1 days) break;
            if (chronicle.disputable(day, other) != 0) (epoch, name) = (day, other);
        }
        address holder = chronicle.holderOf(name);
        address by = (seed >> 32) % 8 == 0 ? _names[(seed >> 40) % 8] : holder;
        uint256 bond = uint256(BOND) << (chronicle.lost(by) < 32 ? chronicle.lost(by) : 32);
        bool right = (seed >> 48) % 8 != 0;
        bool expected = right && !registry.paused() && by == holder && chronicle.disputable(epoch, name) != 0;
        bytes memory data = abi.encodeCall(IMediaRegistry.disputeTally, (uint32(epoch), name));
        if (_act(by, right ? bond : bond + 1, data, expected, "ask to see")) _asked.push([epoch, _placeOf(name)]);
    }

    function _placeOf(address name) private view returns (uint256 place) {
        while (_names[place] != name) ++place;
    }

    function answerTally(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        (uint256 epoch, uint256 place) = (nowIs / 1 days - seed % 10, (seed >> 8) % 8);
        if (_asked.length != 0 && (seed >> 16) % 8 != 0) {
            uint256[2] memory asked = _asked[_asked.length - 1 - (seed >> 24) % _asked.length % 3];
            (epoch, place) = (asked[0], asked[1]);
        }
        uint256 shown = (seed >> 32) % (SHOWN + 1);
        (, uint256 openedAt, uint256 left,) = chronicle.tallied(epoch, _names[place]);
        bool inTree = shown == 0 || _proven[epoch] == _keys[place];
        bool expected = openedAt != 0 && left != 0 && inTree && (shown >= left || nowIs >= openedAt + 3 days);
        IMediaRegistry.Opening[] memory o = openingsOf(_keys[place], SHOWN, shown);
        bytes memory data = abi.encodeCall(IMediaRegistry.answerTally, (uint32(epoch), _names[place], o));
        bool proven = shown >= left;
        _act(STRANGER, 0, data, expected, proven ? "prove" : "give up");
    }
}
