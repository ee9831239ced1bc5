// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title Cid
 * @notice The text of a version 1 content identifier with a SHA-256 multihash, in lower-case base32.
 *
 * The bytes are `01 ‖ codec ‖ 12 20 ‖ sha256`, codec 0x55 raw or 0x70 dag-pb; the text is "b" and their RFC 4648 base32
 * without padding (multiformats/cid, multibase). The first 30 bits depend on the codec alone and are the seven-letter
 * prefixes below; the next 2 bits are zero; the 256 of the hash follow, and 2 zero bits fill the 52nd letter.
 */
library Cid {
    bytes32 private constant ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
    bytes16 private constant HEX = "0123456789abcdef";

    /// @notice The 59 letters of the CID.
    /// @param sha256Hash the hash inside the multihash
    /// @param dagPb the codec is dag-pb, else raw
    function text(bytes32 sha256Hash, bool dagPb) internal pure returns (string memory) {
        uint256 bits = uint256(sha256Hash);
        bytes memory tail = new bytes(52);
        tail[0] = ALPHABET[bits >> 253];
        for (uint256 k = 1; k < 51; ++k) {
            tail[k] = ALPHABET[(bits >> (253 - 5 * k)) & 31];
        }
        tail[51] = ALPHABET[(bits & 7) << 2];
        return string.concat(dagPb ? "bafybei" : "bafkrei", string(tail));
    }

    /// @notice The `commitData` of an ERC-7053 commit: a JSON object with the CID and the file's SHA-256.
    function commitData(string memory cid, bytes32 digest) internal pure returns (string memory) {
        return string.concat('{"assetCid":"', cid, '","sha256":"', _hex(digest), '"}');
    }

    /// @dev 64 lower-case hexadecimal digits.
    function _hex(bytes32 value) private pure returns (string memory) {
        bytes memory digits = new bytes(64);
        for (uint256 k = 0; k < 64; ++k) {
            digits[k] = HEX[(uint256(value) >> (252 - 4 * k)) & 15];
        }
        return string(digits);
    }
}
