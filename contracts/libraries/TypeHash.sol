// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title TypeHash
 * @notice The EIP-712 type hashes of everything that is signed for a registry, in the field order of `IMediaRegistry`.
 * @dev `abi.encode` of a type hash and a struct whose fields are all static is the encoding that EIP-712 asks for.
 */
library TypeHash {
    bytes32 internal constant ADMISSION = keccak256(
        "Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,"
        "bytes32 policyId,uint8 levels,bool earnsReputation,uint64 deadline)"
    );
    bytes32 internal constant OPINION =
        keccak256("Opinion(bytes32 modelId,uint8 band,uint16 thresholdBps,uint64 issuedAt)");
    bytes32 internal constant GATE_VERDICT = keccak256(
        "GateVerdict(Admission admission,Opinion opinion)"
        "Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,"
        "bytes32 policyId,uint8 levels,bool earnsReputation,uint64 deadline)"
        "Opinion(bytes32 modelId,uint8 band,uint16 thresholdBps,uint64 issuedAt)"
    );
    bytes32 internal constant UPLOAD_INTENT = keccak256(
        "UploadIntent(bytes32 digest,address uploader,uint8 visibility,bytes32 claimsHash,uint256 nonce,uint64 deadline)"
    );
    bytes32 internal constant STATEMENT =
        keccak256("Statement(bytes32 digest,address by,uint8 act,bytes32 detail,uint256 nonce,uint64 deadline)");
    bytes32 internal constant KEY_ROTATION =
        keccak256("KeyRotation(address from,address to,uint256 nonce,uint64 deadline)");
    bytes32 internal constant TALLY = keccak256("Tally(address uploader,uint32 count)");
    bytes32 internal constant EPOCH_CLOSE = keccak256(
        "EpochClose(uint32 epoch,bytes32 rejectionRoot,Tally[] tallies,uint64 deadline)"
        "Tally(address uploader,uint32 count)"
    );
    bytes32 internal constant BATCH_ADMISSION = keccak256(
        "BatchAdmission(bytes32 root,uint32 count,bytes32 manifestHash,bool manifestIsDagPb,Tally[] tallies,"
        "uint64 deadline)Tally(address uploader,uint32 count)"
    );
    bytes32 internal constant BATCH_LEAF = keccak256(
        "BatchLeaf(Admission admission,uint8 visibility,bytes32 claimsHash)"
        "Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,"
        "bytes32 policyId,uint8 levels,bool earnsReputation,uint64 deadline)"
    );
    bytes32 internal constant REJECTION_LEAF =
        keccak256("RejectionLeaf(address uploader,bytes32 intentHash,bytes32 detailHash,bytes32 salt)");
}
