// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Chronicle} from "./Chronicle.sol";
import {Forest} from "./Forest.sol";
import {vm} from "./Vm.sol";

/// @notice What every act of a {Handler} needs: who acts, when, and that what happens is what was expected.
abstract contract Acts is Forest {
    Chronicle public chronicle;
    uint256 public nowIs = START; // forge resets the block between the calls of a run
    mapping(string => uint256) public done;

    uint256[] internal _keys; // of uploaders, reviewers, challengers; the operator's among them
    address[] internal _names; // theirs
    address internal _arbiter2;

    /// @dev The fuzzer likes small numbers and old ones; bits are drawn from what they hash to.
    function _mixed(uint256 number) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(number)));
    }

    modifier inTime() {
        vm.warp(nowIs);
        vm.roll(1000 + (nowIs - START) / 12);
        _;
    }

    function setUp() public override {
        vm.recordLogs();
        super.setUp();
        for (uint256 k = 0; k < 8; ++k) {
            _keys.push(k == 7 ? OPERATOR : uint256(keccak256(abi.encode("name", k))));
            _names.push(vm.addr(_keys[k]));
        }
        _arbiter2 = _names[1];
        (bytes32 reviewer, bytes32 arbiter) = (registry.REVIEWER_ROLE(), registry.ARBITER_ROLE());
        vm.prank(ADMIN);
        registry.grantRole(reviewer, _names[0]);
        vm.prank(ADMIN);
        registry.grantRole(arbiter, _arbiter2);
        chronicle = new Chronicle(operator, BOND);
        chronicle.read(vm.getRecordedLogs());
    }

    function theRegistry() external view returns (IMediaRegistry) {
        return registry;
    }

    function nameOf(uint256 k) external view returns (address) {
        return _names[k];
    }

    function gateOf(uint256 k) external view returns (address) {
        return gate(k);
    }

    // ---------------------------------------------------------------------------------------------------- inside

    /// @dev Sends it; what happens must be what was expected.
    function _act(address by, uint256 value, bytes memory data, bool expected, string memory what)
        internal returns (bool ok)
    {
        if (value != 0) vm.deal(by, by.balance + value);
        vm.recordLogs();
        vm.prank(by);
        (ok,) = address(registry).call{value: value}(data);
        if (ok != expected) revert(string.concat(what, expected ? ": refused what is in order" : ": took what is not"));
        chronicle.read(vm.getRecordedLogs());
        if (ok) ++done[what];
    }

    /// @dev Some gates by address ascending, and whether they are a quorum.
    function _quorum(uint256 seed) internal view returns (uint256[] memory by, bool enough) {
        uint256 wanted = chronicle.threshold() + seed % 2;
        if (seed % 16 == 0) --wanted;
        uint256[] memory some = new uint256[](8);
        uint256 count = 0;
        enough = true;
        for (uint256 k = 0; k < 8; ++k) {
            bool inOffice = chronicle.inOffice(gate(k));
            bool wild = (seed >> 8) % 8 == 0 && (seed >> (16 + k)) % 2 == 0;
            if (!wild && (!inOffice || count >= wanted)) continue;
            some[count++] = gateKeys[k];
            enough = enough && inOffice;
        }
        enough = enough && count >= chronicle.threshold();
        by = new uint256[](count);
        for (uint256 k = 0; k < count; ++k) by[k] = some[k];
    }

    /// @dev A digest that has a record, seldom one that may have none.
    function _digest(uint256 seed) internal view returns (bytes32) {
        uint256 total = chronicle.total();
        if (total == 0 || seed % 16 == 0) return keccak256(abi.encode("file", (seed >> 8) % 32));
        return chronicle.digests((seed >> 8) % total);
    }
}
