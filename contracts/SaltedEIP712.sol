// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/**
 * @title SaltedEIP712
 * @notice An EIP-712 domain with a salt, so that two installations with equal chain id and address stay apart.
 * @dev OpenZeppelin's base knows no salt. The separator is cached and made anew only where the chain id has changed since
 * deployment (a fork of the chain), so that a signature is good on one branch only.
 */
abstract contract SaltedEIP712 is IERC5267 {
    string private constant NAME = "Touchstone";
    string private constant VERSION = "1";
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)");
    /// @dev EIP-5267: bits 0-4, name, version, chainId, verifyingContract and salt are all used.
    bytes1 private constant ALL_FIELDS = 0x1f;

    bytes32 internal immutable _salt;
    uint256 private immutable _cachedChainId;
    bytes32 private immutable _cachedSeparator;

    constructor(bytes32 salt) {
        _salt = salt;
        _cachedChainId = block.chainid;
        _cachedSeparator = _buildSeparator(salt);
    }

    /// @inheritdoc IERC5267
    function eip712Domain() external view
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory)
    {
        return (ALL_FIELDS, NAME, VERSION, block.chainid, address(this), _salt, new uint256[](0));
    }

    /// @dev What is signed: `0x1901 ‖ separator ‖ structHash`, hashed.
    function _hashTypedData(bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator = block.chainid == _cachedChainId ? _cachedSeparator : _buildSeparator(_salt);
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    function _buildSeparator(bytes32 salt) private view returns (bytes32) {
        (bytes32 name, bytes32 version) = (keccak256(bytes(NAME)), keccak256(bytes(VERSION)));
        return keccak256(abi.encode(DOMAIN_TYPEHASH, name, version, block.chainid, address(this), salt));
    }
}
