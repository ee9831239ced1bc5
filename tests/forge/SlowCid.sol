// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A content identifier's text by the book: RFC 4648 base32, bit by bit, of `01 ‖ codec ‖ 12 20 ‖ hash`.
library SlowCid {
    function text(bytes32 sha256Hash, bool dagPb) internal pure returns (string memory) {
        bytes memory cid = abi.encodePacked(hex"01", dagPb ? hex"70" : hex"55", hex"1220", sha256Hash);
        bytes memory letters = "abcdefghijklmnopqrstuvwxyz234567";
        bytes memory out = new bytes((cid.length * 8 + 4) / 5);
        for (uint256 k = 0; k < out.length; ++k) {
            uint256 group = 0;
            for (uint256 bit = 5 * k; bit < 5 * k + 5; ++bit) {
                bool one = bit / 8 < cid.length && uint8(cid[bit / 8]) & (0x80 >> (bit % 8)) != 0;
                group = 2 * group + (one ? 1 : 0);
            }
            out[k] = letters[group];
        }
        return string.concat("b", string(out));
    }
}
