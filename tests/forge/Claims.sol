// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A claim that does not hold: which, what was found, what was expected.
error Broken(string claim, uint256 got, uint256 expected);

/// @notice What a test says must hold; anything else reverts, and a reverting test fails.
abstract contract Claims {
    function isTrue(bool got, string memory claim) internal pure {
        if (!got) revert Broken(claim, 0, 1);
    }

    function same(uint256 got, uint256 expected, string memory claim) internal pure {
        if (got != expected) revert Broken(claim, got, expected);
    }

    function same(address got, address expected, string memory claim) internal pure {
        same(uint160(got), uint160(expected), claim);
    }

    function same(bytes32 got, bytes32 expected, string memory claim) internal pure {
        same(uint256(got), uint256(expected), claim);
    }

    function atMost(uint256 got, uint256 limit, string memory claim) internal pure {
        if (got > limit) revert Broken(claim, got, limit);
    }

    /// @dev A number from `low` to `high`, both included.
    function between(uint256 seed, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + seed % (high - low + 1);
    }
}
