// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../interfaces/IMediaRegistry.sol";

/**
 * @title RecordSlot
 * @notice A record in three storage slots: eight small fields fill the first one to the last bit.
 * @dev `flags`: bits 0-3 levels, bit 4 visibility, bit 5 earnsReputation, bits 6-7 standing.
 */
library RecordSlot {
    struct Packed {
        address uploader;
        uint40 registeredAt;
        uint40 blockNumber;
        uint8 kind;
        uint8 flags;
        bytes32 fingerprintHash;
        bytes32 contentHash;
    }

    uint8 private constant LEVELS_MASK = 0x0f;
    uint8 private constant VISIBILITY_BIT = 0x10;
    uint8 private constant EARNS_BIT = 0x20;
    uint8 private constant ALL_BUT_STANDING = 0x3f;
    uint8 private constant STANDING_SHIFT = 6;

    /// @notice An ACTIVE record of an admission whose levels fit four bits and whose visibility is 0 or 1.
    function pack(IMediaRegistry.Admission calldata a, uint8 visibility) internal view returns (Packed memory) {
        uint8 flags = a.levels | (uint8(IMediaRegistry.Standing.ACTIVE) << STANDING_SHIFT);
        if (visibility != 0) flags |= VISIBILITY_BIT;
        if (a.earnsReputation) flags |= EARNS_BIT;
        return Packed({
            uploader: a.uploader,
            registeredAt: uint40(block.timestamp),
            blockNumber: uint40(block.number),
            kind: a.kind,
            flags: flags,
            fingerprintHash: a.fingerprintHash,
            contentHash: a.contentHash
        });
    }

    /// @notice The record as readers get it.
    function unpack(Packed storage p) internal view returns (IMediaRegistry.Record memory) {
        uint8 flags = p.flags;
        return IMediaRegistry.Record({
            uploader: p.uploader,
            registeredAt: p.registeredAt,
            blockNumber: p.blockNumber,
            kind: p.kind,
            levels: flags & LEVELS_MASK,
            visibility: flags & VISIBILITY_BIT == 0 ? 0 : 1,
            earnsReputation: flags & EARNS_BIT != 0,
            standing: standing(p),
            fingerprintHash: p.fingerprintHash,
            contentHash: p.contentHash
        });
    }

    /// @notice How the record stands; NONE for a slot never written.
    function standing(Packed storage p) internal view returns (IMediaRegistry.Standing) {
        return IMediaRegistry.Standing(p.flags >> STANDING_SHIFT);
    }

    /// @notice Whether the record counted for its uploader when it was made.
    function earnsReputation(Packed storage p) internal view returns (bool) {
        return p.flags & EARNS_BIT != 0;
    }

    /// @notice Changes the standing and nothing else.
    function setStanding(Packed storage p, IMediaRegistry.Standing to) internal {
        p.flags = (p.flags & ALL_BUT_STANDING) | (uint8(to) << STANDING_SHIFT);
    }
}
