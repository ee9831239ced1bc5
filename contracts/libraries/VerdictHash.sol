// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../interfaces/IMediaRegistry.sol";

/**
 * @title VerdictHash
 * @notice The EIP-712 struct hashes of what gates and uploaders sign.
 * @dev `abi.encode` of a struct whose fields are all static is the encoding that EIP-712 asks for.
 */
library VerdictHash {
    bytes32 internal constant ADMISSION_TYPEHASH = keccak256(
        "Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,"
        "bytes32 policyId,uint8 levels,bool earnsReputation,uint64 deadline)"
    );
    bytes32 internal constant OPINION_TYPEHASH =
        keccak256("Opinion(bytes32 modelId,uint8 band,uint16 thresholdBps,uint64 issuedAt)");
    bytes32 internal constant GATE_VERDICT_TYPEHASH = keccak256(
        "GateVerdict(Admission admission,Opinion opinion)"
        "Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,"
        "bytes32 policyId,uint8 levels,bool earnsReputation,uint64 deadline)"
        "Opinion(bytes32 modelId,uint8 band,uint16 thresholdBps,uint64 issuedAt)"
    );
    bytes32 internal constant UPLOAD_INTENT_TYPEHASH = keccak256(
        "UploadIntent(bytes32 digest,address uploader,uint8 visibility,bytes32 claimsHash,uint256 nonce,uint64 deadline)"
    );

    /// @notice The hash of what is common to all gates.
    function ofAdmission(IMediaRegistry.Admission calldata a) internal pure returns (bytes32) {
        return keccak256(abi.encode(ADMISSION_TYPEHASH, a));
    }

    /// @notice The hash of one gate's verdict, from the admission's hash and that gate's opinion.
    function ofVerdict(bytes32 admissionHash, IMediaRegistry.Opinion calldata o) internal pure returns (bytes32) {
        bytes32 opinionHash = keccak256(abi.encode(OPINION_TYPEHASH, o));
        return keccak256(abi.encode(GATE_VERDICT_TYPEHASH, admissionHash, opinionHash));
    }

    /// @notice The hash of an uploader's intent.
    function ofIntent(IMediaRegistry.UploadIntent calldata i) internal pure returns (bytes32) {
        return keccak256(abi.encode(UPLOAD_INTENT_TYPEHASH, i));
    }
}
