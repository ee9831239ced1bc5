// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The cheat codes of forge that these tests use (Foundry book, "Cheatcodes reference").
interface Vm {
    struct Log { bytes32[] topics; bytes data; address emitter; }

    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 hash) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function deal(address account, uint256 amount) external;
    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function chainId(uint256 id) external;
    function assume(bool condition) external pure;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
    function expectRevert(bytes calldata err) external;
    function expectEmit() external;
    function expectEmit(address emitter) external;
    function envOr(string calldata name, string calldata fallback_) external view returns (string memory);
    function deployCode(string calldata what, bytes calldata arguments) external returns (address);
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
