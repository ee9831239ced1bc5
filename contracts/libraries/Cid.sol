// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Letters} from "./Letters.sol";

/**
 * @title Cid
 * @notice The text of a version 1 content identifier with a SHA-256 multihash, in lower-case base32.
 *
 * The bytes are `01 ‖ codec ‖ 12 20 ‖ sha256`, codec 0x55 raw or 0x70 dag-pb; the text is "b" and their RFC 4648 base32
 * without padding (multiformats/cid, multibase). The first 30 bits depend on the codec alone: with the "b" they are the
 * seven-letter prefixes below. 2 zero bits, the hash's 256 and 2 bits of filling make the other 52 letters.
 */
library Cid {
    /// @notice The 59 letters of the CID.
    /// @param sha256Hash the hash inside the multihash
    /// @param dagPb the codec is dag-pb, else raw
    function text(bytes32 sha256Hash, bool dagPb) internal pure returns (string memory) {
        uint256 bits = uint256(sha256Hash);
        bytes32 first32 = Letters.base32(bits >> 98); // 2 zero bits and the hash's upper 158
        bytes20 last20 = bytes20(Letters.base32(bits << 62)); // its lower 98 and 2 zero bits, then 60 not used
        return string(bytes.concat(dagPb ? bytes7("bafybei") : bytes7("bafkrei"), first32, last20));
    }

    /// @notice The `commitData` of an ERC-7053 commit: a JSON object with the CID and the file's SHA-256.
    function commitData(string memory cid, bytes32 digest) internal pure returns (string memory) {
        bytes32 upper = Letters.hexadecimal(uint256(digest) >> 128);
        bytes32 lower = Letters.hexadecimal(uint256(digest));
        return string(bytes.concat("{\"assetCid\":\"", bytes(cid), "\",\"sha256\":\"", upper, lower, "\"}"));
    }
}
