// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {vm} from "./Vm.sol";

/// @notice What is signed, written down a second time from EIP-712: nothing here comes from the code under test.
library Signing {
    /// @notice The fields of a domain that differ from one installation to another.
    struct Domain { uint256 chainId; address place; bytes32 salt; }

    string private constant ADMISSION =
        "Admission(bytes32 digest,bytes32 fingerprintHash,bytes32 contentHash,uint8 kind,address uploader,bytes32 policyId,"
        "uint8 levels,bool earnsReputation,uint64 deadline)";
    string private constant OPINION = "Opinion(bytes32 modelId,uint8 band,uint16 thresholdBps,uint64 issuedAt)";
    string private constant INTENT =
        "UploadIntent(bytes32 digest,address uploader,uint8 visibility,bytes32 claimsHash,uint256 nonce,"
        "uint64 deadline)";
    string private constant STATEMENT =
        "Statement(bytes32 digest,address by,uint8 act,bytes32 detail,uint256 nonce,uint64 deadline)";
    string private constant ROTATION = "KeyRotation(address from,address to,uint256 nonce,uint64 deadline)";
    string private constant TALLY = "Tally(address uploader,uint32 count)";
    string private constant CLOSE =
        "EpochClose(uint32 epoch,bytes32 rejectionRoot,Tally[] tallies,uint64 deadline)";
    string private constant BATCH =
        "BatchAdmission(bytes32 root,uint32 count,bytes32 manifestHash,bool manifestIsDagPb,Tally[] tallies,"
        "uint64 deadline)";
    string private constant LEAF = "BatchLeaf(Admission admission,uint8 visibility,bytes32 claimsHash)";
    string private constant REFUSED =
        "RejectionLeaf(address uploader,bytes32 intentHash,bytes32 detailHash,bytes32 salt)";
    string private constant DOMAIN =
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)";

    function sign(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    function verdict(Domain memory d, IMediaRegistry.Admission memory a, IMediaRegistry.Opinion memory o)
        internal pure returns (bytes32)
    {
        bytes32 typeHash = _hash(string.concat("GateVerdict(Admission admission,Opinion opinion)", ADMISSION, OPINION));
        bytes32 admission = keccak256(abi.encode(_hash(ADMISSION), a));
        return _typed(d, abi.encode(typeHash, admission, keccak256(abi.encode(_hash(OPINION), o))));
    }

    function intent(Domain memory d, IMediaRegistry.UploadIntent memory i) internal pure returns (bytes32) {
        return _typed(d, abi.encode(_hash(INTENT), i));
    }

    function statement(Domain memory d, IMediaRegistry.Statement memory s) internal pure returns (bytes32) {
        return _typed(d, abi.encode(_hash(STATEMENT), s));
    }

    function rotation(Domain memory d, IMediaRegistry.KeyRotation memory r) internal pure returns (bytes32) {
        return _typed(d, abi.encode(_hash(ROTATION), r));
    }

    function close(Domain memory d, IMediaRegistry.EpochClose memory e) internal pure returns (bytes32) {
        bytes32 typeHash = _hash(string.concat(CLOSE, TALLY));
        return _typed(d, abi.encode(typeHash, e.epoch, e.rejectionRoot, _members(e.tallies), e.deadline));
    }

    function batch(Domain memory d, IMediaRegistry.BatchAdmission memory b) internal pure returns (bytes32) {
        bytes32 typeHash = _hash(string.concat(BATCH, TALLY));
        bytes32 members = _members(b.tallies);
        return _typed(
            d, abi.encode(typeHash, b.root, b.count, b.manifestHash, b.manifestIsDagPb, members, b.deadline)
        );
    }

    function leaf(Domain memory d, IMediaRegistry.Admission memory a, uint8 visibility, bytes32 claimsHash)
        internal pure returns (bytes32)
    {
        bytes32 typeHash = _hash(string.concat(LEAF, ADMISSION));
        bytes32 admission = keccak256(abi.encode(_hash(ADMISSION), a));
        return _typed(d, abi.encode(typeHash, admission, visibility, claimsHash));
    }

    function refused(Domain memory d, address uploader, bytes32 intentHash, bytes32 detailHash, bytes32 salt)
        internal pure returns (bytes32)
    {
        return _typed(d, abi.encode(_hash(REFUSED), uploader, intentHash, detailHash, salt));
    }

    /// @notice What stands for an intent without its domain.
    function intentStruct(IMediaRegistry.UploadIntent memory i) internal pure returns (bytes32) {
        return keccak256(abi.encode(_hash(INTENT), i));
    }

    function _members(IMediaRegistry.Tally[] memory tallies) private pure returns (bytes32) {
        bytes memory members;
        for (uint256 k = 0; k < tallies.length; ++k) {
            members = bytes.concat(members, keccak256(abi.encode(_hash(TALLY), tallies[k])));
        }
        return keccak256(members);
    }

    function _typed(Domain memory d, bytes memory encoded) private pure returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(_hash(DOMAIN), _hash("Touchstone"), _hash("1"), d.chainId, d.place, d.salt));
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(encoded)));
    }

    function _hash(string memory text) private pure returns (bytes32) {
        return keccak256(bytes(text));
    }
}
