// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {Stage} from "./Stage.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

/// @notice Batches, and epochs of rejections, in trees.
abstract contract Forest is Stage {
    bytes32 internal constant CLAIMS = keccak256("claims");
    bytes32 internal constant DETAIL = keccak256("what the gate found");

    // -------------------------------------------------------------------------------------------------- batches

    /// @dev The admission of the `number`-th file of a batch; every fourth earns nothing.
    function fileOf(uint256 uploader, uint256 number) internal pure returns (IMediaRegistry.Admission memory) {
        bytes32 digest = keccak256(abi.encode("of a batch", number));
        return IMediaRegistry.Admission({
            digest: digest, fingerprintHash: keccak256(abi.encode("fingerprints", digest)),
            contentHash: keccak256(abi.encode("content", digest)), kind: number % 2 == 0 ? 1 : 0x82,
            uploader: vm.addr(uploader), policyId: keccak256("policy"), levels: GATE_LEVEL | UPLOADER_LEVEL,
            earnsReputation: number % 4 != 3, deadline: FAR
        });
    }

    function visibilityOf(uint256 number) internal pure returns (IMediaRegistry.Visibility) {
        return IMediaRegistry.Visibility(number / 2 % 2);
    }

    function leavesOf(uint256 uploader, uint256 first, uint256 count) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 k = 0; k < count; ++k) {
            uint8 visibility = uint8(visibilityOf(first + k));
            leaves[k] = Signing.leaf(domain(), fileOf(uploader, first + k), visibility, CLAIMS);
        }
    }

    /// @dev Files of one uploader, those that earn in its tally.
    function batchOf(uint256 uploader, uint256 first, uint256 count)
        internal view returns (IMediaRegistry.BatchAdmission memory b)
    {
        b.root = Trees.root(leavesOf(uploader, first, count));
        b.count = uint32(count);
        b.manifestHash = keccak256("manifest");
        b.manifestIsDagPb = true;
        b.tallies = new IMediaRegistry.Tally[](1);
        b.tallies[0].uploader = vm.addr(uploader);
        for (uint256 k = 0; k < count; ++k) {
            if (fileOf(uploader, first + k).earnsReputation) ++b.tallies[0].count;
        }
        b.deadline = FAR;
    }

    function batchSigs(IMediaRegistry.BatchAdmission memory b, uint256[] memory by)
        internal view returns (bytes[] memory sigs)
    {
        sigs = new bytes[](by.length);
        for (uint256 k = 0; k < by.length; ++k) sigs[k] = Signing.sign(by[k], Signing.batch(domain(), b));
    }

    function admit(IMediaRegistry.BatchAdmission memory b) internal {
        registry.registerBatch(b, batchSigs(b, keys(0, 2)));
    }

    /// @dev Unfolds the `number`-th file of a batch that begins with the `first`.
    function unfolded(uint256 uploader, uint256 first, uint256 count, uint256 number) internal returns (bytes32) {
        bytes32[] memory leaves = leavesOf(uploader, first, count);
        IMediaRegistry.Admission memory a = fileOf(uploader, number);
        bytes32[] memory path = Trees.path(leaves, number - first);
        registry.unfold(Trees.root(leaves), a, visibilityOf(number), CLAIMS, path);
        return a.digest;
    }

    // ----------------------------------------------------------------------------------------------- rejections

    function wishOf(uint256 uploader, uint256 number) internal pure returns (IMediaRegistry.UploadIntent memory) {
        return IMediaRegistry.UploadIntent({
            digest: keccak256(abi.encode("refused", number)), uploader: vm.addr(uploader),
            visibility: IMediaRegistry.Visibility.PUBLIC, claimsHash: 0, nonce: 1_000_000 + number, deadline: FAR
        });
    }

    function saltOf(uint256 number) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", number));
    }

    /// @dev The leaves of an uploader's rejections, in the order of their intents.
    function refusedLeaves(uint256 uploader, uint256 count) internal view returns (bytes32[] memory leaves) {
        uint256[] memory order = _byIntent(uploader, count);
        leaves = new bytes32[](count);
        for (uint256 k = 0; k < count; ++k) {
            bytes32 intent = Signing.intentStruct(wishOf(uploader, order[k]));
            leaves[k] = Signing.refused(domain(), vm.addr(uploader), intent, DETAIL, saltOf(order[k]));
        }
    }

    /// @dev Openings of the first `shown` of them.
    function openingsOf(uint256 uploader, uint256 count, uint256 shown)
        internal view returns (IMediaRegistry.Opening[] memory openings)
    {
        uint256[] memory order = _byIntent(uploader, count);
        bytes32[] memory leaves = refusedLeaves(uploader, count);
        openings = new IMediaRegistry.Opening[](shown);
        for (uint256 k = 0; k < shown; ++k) {
            IMediaRegistry.UploadIntent memory wish = wishOf(uploader, order[k]);
            bytes memory sig = Signing.sign(uploader, Signing.intent(domain(), wish));
            openings[k] = IMediaRegistry.Opening(
                Signing.intentStruct(wish), DETAIL, saltOf(order[k]), sig, Trees.path(leaves, k)
            );
        }
    }

    function _byIntent(uint256 uploader, uint256 count) private pure returns (uint256[] memory order) {
        order = new uint256[](count);
        bytes32[] memory intents = new bytes32[](count);
        for (uint256 k = 0; k < count; ++k) {
            (order[k], intents[k]) = (k, Signing.intentStruct(wishOf(uploader, k)));
            for (uint256 j = k; j != 0 && intents[j] < intents[j - 1]; --j) {
                (order[j], order[j - 1]) = (order[j - 1], order[j]);
                (intents[j], intents[j - 1]) = (intents[j - 1], intents[j]);
            }
        }
    }
}
