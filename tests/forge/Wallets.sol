// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A wallet that is a contract: it says yes to one hash (EIP-1271), and may refuse money.
contract Wallet {
    bytes32 public approved;
    bool public takesMoney = true;

    function approve(bytes32 hash) external {
        approved = hash;
    }

    function refuseMoney() external {
        takesMoney = false;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return hash == approved ? this.isValidSignature.selector : bytes4(0);
    }

    receive() external payable {
        require(takesMoney, "no money");
    }
}
