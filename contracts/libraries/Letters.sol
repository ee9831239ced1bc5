// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title Letters
 * @notice 32 groups of bits as 32 letters of ASCII, base32 or hexadecimal, all at once.
 *
 * A loop over letters costs about 200 gas each and a public record shows 116 of them. Here all letters of a word are
 * made together: the groups are spread to one per byte, then both runs of the alphabet are added in one go.
 */
library Letters {
    /// @dev The number 1 in each of 32 bytes.
    uint256 private constant ONES = type(uint256).max / 255;

    /// @notice 32 letters of lower-case RFC 4648 base32 (a to z, 2 to 7) for the low 160 bits.
    function base32(uint256 bits160) internal pure returns (bytes32) {
        uint256 groups = _spread(bits160, 5);
        unchecked {
            // "a" is 0x61; "2" follows "z" where 0x61 + 26 would stand: 0x49 less. No byte carries into the next.
            return bytes32(groups + ONES * 0x61 - _secondRun(groups, 5) * 0x49);
        }
    }

    /// @notice 32 lower-case hexadecimal digits for the low 128 bits.
    function hexadecimal(uint256 bits128) internal pure returns (bytes32) {
        uint256 groups = _spread(bits128, 4);
        unchecked {
            // "0" is 0x30; "a" follows "9" where 0x30 + 10 would stand: 0x27 more. No byte carries into the next.
            return bytes32(groups + ONES * 0x30 + _secondRun(groups, 4) * 0x27);
        }
    }

    /// @dev Moves 32 groups of `width` bits, close together at the low end, to the low end of one byte each: first the
    /// upper 16 groups move up to the upper half word, then in each half word the upper 8, and so on.
    function _spread(uint256 x, uint256 width) private pure returns (uint256) {
        unchecked {
            for (uint256 half = 16; half != 0; half >>= 1) {
                uint256 bits = half * width;
                // The low `bits` of each lane of 2 · half bytes; `1 << 256` is 0, so the first pass has one lane.
                uint256 low = ((1 << bits) - 1) * (type(uint256).max / ((1 << (16 * half)) - 1));
                x = (x & low) | ((x & (low << bits)) << (half * (8 - width)));
            }
        }
        return x;
    }

    /// @dev 1 in each byte whose group lies in the alphabet's second run, which is its last 6 letters in both.
    function _secondRun(uint256 groups, uint256 width) private pure returns (uint256) {
        unchecked {
            return ((groups + ONES * 6) >> width) & ONES; // plus 6, those and only those overflow `width` bits
        }
    }
}
