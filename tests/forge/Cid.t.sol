// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cid} from "../../contracts/libraries/Cid.sol";
import {Claims} from "./Claims.sol";
import {SlowCid} from "./SlowCid.sol";

/// @notice The text of a CID: equal to the slow one, and to one that Kubo made.
contract CidTest is Claims {
    function testFuzz_equals_the_slow_reference(bytes32 hash, bool dagPb) external pure {
        _equal(Cid.text(hash, dagPb), SlowCid.text(hash, dagPb));
    }

    function test_equals_the_slow_reference_where_all_bits_are_equal() external pure {
        _equal(Cid.text(0, true), SlowCid.text(0, true));
        _equal(Cid.text(bytes32(type(uint256).max), false), SlowCid.text(bytes32(type(uint256).max), false));
    }

    /// @dev The empty file, codec raw: the best known CID there is.
    function test_is_the_known_cid_of_the_empty_file() external pure {
        _equal(Cid.text(sha256(""), false), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    }

    function _equal(string memory got, string memory expected) private pure {
        same(keccak256(bytes(got)), keccak256(bytes(expected)), string.concat(got, " is not ", expected));
    }
}
