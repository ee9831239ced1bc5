// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title Cid
 * @notice The text of a version 1 content identifier with a SHA-256 multihash, in lower-case base32.
 *
 * The bytes are `01 ‖ codec ‖ 12 20 ‖ sha256`, codec 0x55 raw or 0x70 dag-pb; the text is "b" and their RFC 4648 base32
 * without padding (multiformats/cid, multibase). The first 30 bits depend on the codec alone: with the "b" they are the
 * seven-letter prefixes below. 2 zero bits, the hash's 256 and 2 bits of filling make the other 52 letters.
 */
library Cid {
    /// @dev The number 1 in each of 32 bytes.
    uint256 private constant ONES = type(uint256).max / 255;

    /// @notice The 59 letters of the CID.
    /// @param sha256Hash the hash inside the multihash
    /// @param dagPb the codec is dag-pb, else raw
    function text(bytes32 sha256Hash, bool dagPb) internal pure returns (string memory) {
        uint256 bits = uint256(sha256Hash);
        bytes32 first32 = _letters(bits >> 98); // 2 zero bits and the hash's upper 158
        bytes20 last20 = bytes20(_letters(bits << 62)); // its lower 98 and 2 zero bits, then 60 not used
        return string(bytes.concat(dagPb ? bytes7("bafybei") : bytes7("bafkrei"), first32, last20));
    }

    /// @dev The low 160 bits as 32 letters of ASCII, all at once: a loop would cost about 200 gas a letter. First the
    /// groups of 5 bits are spread to one per byte: the upper 16 groups move up to the upper half word, then in each
    /// half word the upper 8, and so on. Then both runs of the alphabet are added in one go.
    function _letters(uint256 x) private pure returns (bytes32) {
        unchecked {
            for (uint256 half = 16; half != 0; half >>= 1) {
                // The low 5 · half bits of each lane of 2 · half bytes; `1 << 256` is 0, so the first pass has one lane.
                uint256 low = ((1 << (5 * half)) - 1) * (type(uint256).max / ((1 << (16 * half)) - 1));
                x = (x & low) | ((x & (low << (5 * half))) << (3 * half));
            }
            // "a" is 0x61; "2" follows "z" where 0x61 + 26 would stand: 0x49 less. Groups from 26 on are those which,
            // with 6 more, overflow 5 bits. No byte carries into the next.
            return bytes32(x + ONES * 0x61 - (((x + ONES * 6) >> 5) & ONES) * 0x49);
        }
    }
}
