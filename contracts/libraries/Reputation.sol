// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @title Reputation
 * @notice How a tally of outcomes becomes a score: Beta reputation (Jøsang and Ismail 2002) with a pessimistic prior.
 *
 * `score = 10,000 · (accepted + 1) / (accepted + rejected + 5)`, rounded down, so a newcomer stands at 2,000 and every
 * rounding is against the uploader. Plain counts: nothing decays and nothing is capped in version 1.
 */
library Reputation {
    /// @dev One slot. Acceptances count at once; `rejected` are the records that an arbiter revoked.
    struct Tally {
        uint64 accepted;
        uint64 rejected;
        uint32 lastFraudDay; // UTC day number, 0 if none
        uint8 strikes;
    }

    /// @dev What a newcomer is credited with, in outcomes: 1 good of 5.
    uint256 internal constant PRIOR_GOOD = 1;
    uint256 internal constant PRIOR_ALL = 5;
    /// @dev The unit of evidence: one outcome is a million.
    uint256 internal constant UNIT = 1e6;
    /// @dev The largest evidence that fits the answer's type.
    uint256 internal constant MAX_EVIDENCE = type(uint64).max;

    /// @notice The score in basis points.
    function scoreBps(Tally memory tally) internal pure returns (uint16) {
        uint256 good = uint256(tally.accepted) + PRIOR_GOOD;
        uint256 all = uint256(tally.accepted) + tally.rejected + PRIOR_ALL;
        return uint16((10_000 * good) / all); // at most 10,000: good < all
    }

    /// @notice How much the score stands on, in millionths of one outcome.
    function evidence(Tally memory tally) internal pure returns (uint64) {
        uint256 mass = (uint256(tally.accepted) + tally.rejected) * UNIT;
        return uint64(mass < MAX_EVIDENCE ? mass : MAX_EVIDENCE);
    }

    /// @notice The tally after one more record that earns.
    function withAcceptance(Tally memory tally) internal pure returns (Tally memory) {
        ++tally.accepted;
        return tally;
    }

    /// @notice The tally after a record that earned was taken back.
    function withoutAcceptance(Tally memory tally) internal pure returns (Tally memory) {
        --tally.accepted;
        return tally;
    }

    /// @notice The tally after a proven fraud on UTC day `day`.
    function withFraud(Tally memory tally, uint32 day) internal pure returns (Tally memory) {
        ++tally.rejected;
        if (tally.strikes < type(uint8).max) ++tally.strikes;
        tally.lastFraudDay = day;
        return tally;
    }
}
