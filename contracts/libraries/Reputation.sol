// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/**
 * @title Reputation
 * @notice How outcomes become a score: three pools of evidence that fade, filled from outcomes that settled.
 *
 * `score = 10,000 · (A + 1) / (A + R + V + 5)` in units of one settled outcome: Beta reputation (Jøsang and Ismail 2002)
 * with a pessimistic prior, so a newcomer stands at 2,000.
 *
 * - A, acceptances, and R, rejections at a quarter each, count when they are seven full days old. A day adds at most one
 *   unit of both together, in its own ratio, so that volume buys nothing. A never exceeds 64: nobody banks credit.
 * - V, proven wrongs: a fraud adds 16 and halves A, a correction adds 2.
 * - All three halve every 90 days.
 *
 * A rounds down, R and V round up: no rounding is in the uploader's favour. Days are UTC day numbers. A Python twin of
 * the same integers is `registry/reputation.py`.
 */
library Reputation {
    /// @dev Two slots. The pools are in millionths of one settled outcome.
    struct Tally {
        uint16 day; // up to which all is settled and faded; 0 for an uploader never seen
        bool rotated; // the name went over to another key
        uint224 cells; // of each open day, at 28·(day mod 8): 14 bits of acceptances, above them 14 of rejections
        uint64 accepted; // A
        uint64 rejected; // R
        uint64 wronged; // V
        uint32 openDisputes;
        uint24 lastFraudDay; // 0 if none
        uint8 strikes; // proven frauds; stays at 255 once there
    }

    uint256 private constant UNIT = 1e6;
    uint256 private constant PRIOR_GOOD = UNIT;
    uint256 private constant PRIOR_ALL = 5 * UNIT;
    uint256 private constant REJECTION = UNIT / 4; // a detector's rejection is weak evidence
    uint256 private constant ACCEPTED_CAP = 64 * UNIT;
    uint64 private constant FRAUD = uint64(16 * UNIT);
    uint64 private constant CORRECTION = uint64(2 * UNIT);

    uint256 private constant ONE = 1 << 64; // of Q64.64
    uint256 private constant DAY_FADE = 18_305_219_661_902_323_056; // 2^(64 - 1/90), cut off
    uint256 private constant OPEN_DAYS = 8; // today and the seven days before
    uint256 private constant CELL_BITS = 28;
    uint256 private constant COUNT_BITS = 14;
    uint256 private constant COUNT_MAX = (1 << COUNT_BITS) - 1;

    /// @notice The tally settled and faded up to a day, step by step while outcomes may settle, then in one jump.
    function on(Tally memory t, uint256 today) internal pure returns (Tally memory) {
        if (t.day == 0) t.day = uint16(today);
        while (t.day < today && t.cells != 0) {
            ++t.day;
            _settle(t);
            _fade(t, 1);
        }
        if (t.day < today) _fade(t, today - t.day);
        t.day = uint16(today);
        return t;
    }

    /// @notice The tally of today with outcomes of day `since`; what is too old to be open settles as soon as may be.
    function with(Tally memory t, uint256 since, uint256 good, uint256 bad) internal pure returns (Tally memory) {
        t.cells = plus(t.cells, isOpen(since, t.day) ? since : t.day - OPEN_DAYS + 1, good, bad);
        return t;
    }

    /// @notice The cells with outcomes of an open day.
    function plus(uint224 cells, uint256 day, uint256 good, uint256 bad) internal pure returns (uint224) {
        (uint256 a, uint256 r) = _counts(cells, _place(day));
        return _withCell(cells, _place(day), Math.min(a + good, COUNT_MAX), Math.min(r + bad, COUNT_MAX));
    }

    /// @notice The tally of today without one acceptance of day `since`, if that has not settled.
    function without(Tally memory t, uint256 since) internal pure returns (Tally memory) {
        if (!isOpen(since, t.day)) return t;
        (uint256 a, uint256 r) = _counts(t.cells, _place(since));
        if (a != 0) t.cells = _withCell(t.cells, _place(since), a - 1, r);
        return t;
    }

    /// @notice The tally of today without `most` rejections of day `since`, and how many were left to take.
    function withoutRejections(Tally memory t, uint256 since, uint256 most)
        internal pure returns (Tally memory, uint256 taken)
    {
        if (!isOpen(since, t.day)) return (t, 0);
        (uint256 a, uint256 r) = _counts(t.cells, _place(since));
        taken = Math.min(r, most);
        t.cells = _withCell(t.cells, _place(since), a, r - taken);
        return (t, taken);
    }

    /// @notice The tally of today after a proven fraud, else after a proven honest mistake.
    function withWrong(Tally memory t, bool fraud) internal pure returns (Tally memory) {
        t.wronged += fraud ? FRAUD : CORRECTION;
        if (!fraud) return t;
        t.accepted /= 2;
        t.lastFraudDay = t.day;
        if (t.strikes != type(uint8).max) ++t.strikes;
        return t;
    }

    /// @notice The score in basis points.
    function scoreBps(Tally memory t) internal pure returns (uint16) {
        return uint16(10_000 * (t.accepted + PRIOR_GOOD) / (evidence(t) + PRIOR_ALL)); // at most 10,000
    }

    /// @notice What the score stands on, in millionths of one settled outcome.
    function evidence(Tally memory t) internal pure returns (uint64) {
        return t.accepted + t.rejected + t.wronged;
    }

    /// @notice Whether outcomes of day `since` have not settled by `today`.
    function isOpen(uint256 since, uint256 today) internal pure returns (bool) {
        return since + OPEN_DAYS > today;
    }

    // ------------------------------------------------------------------------------------------------- internal

    /// @dev Counts the outcomes of eight days before, whose cell the new day takes over.
    function _settle(Tally memory t) private pure {
        uint256 place = _place(t.day);
        (uint256 a, uint256 r) = _counts(t.cells, place);
        t.cells = _withCell(t.cells, place, 0, 0);
        (uint256 good, uint256 bad) = (a * UNIT, r * REJECTION);
        uint256 mass = good + bad;
        if (mass == 0) return;
        uint256 counted = Math.min(mass, UNIT);
        a = t.accepted + good * counted / mass;
        r = t.rejected + Math.ceilDiv(bad * counted, mass);
        if (a > ACCEPTED_CAP) (a, r) = (ACCEPTED_CAP, Math.ceilDiv(r * ACCEPTED_CAP, a));
        (t.accepted, t.rejected) = (uint64(a), uint64(r));
    }

    /// @dev `DAY_FADE`^n by squaring, each of fewer than 2n products cut off by less than one unit; 4n is more than that
    /// and the n units that `DAY_FADE` lacks, so that R and V fade by no less than they should.
    function _fade(Tally memory t, uint256 n) private pure {
        uint256 left = ONE;
        uint256 power = DAY_FADE;
        for (uint256 bits = n; bits != 0; bits >>= 1) {
            if (bits & 1 != 0) left = left * power / ONE;
            power = power * power / ONE;
        }
        t.accepted = uint64(t.accepted * left / ONE);
        t.rejected = uint64(Math.ceilDiv(t.rejected * (left + 4 * n), ONE));
        t.wronged = uint64(Math.ceilDiv(t.wronged * (left + 4 * n), ONE));
    }

    function _counts(uint224 cells, uint256 place) private pure returns (uint256 accepted, uint256 rejected) {
        return ((cells >> place) & COUNT_MAX, (cells >> (place + COUNT_BITS)) & COUNT_MAX);
    }

    function _withCell(uint224 cells, uint256 place, uint256 a, uint256 r) private pure returns (uint224) {
        uint256 others = cells & ~(((1 << CELL_BITS) - 1) << place);
        return uint224(others | (a << place) | (r << (place + COUNT_BITS)));
    }

    function _place(uint256 day) private pure returns (uint256) {
        return CELL_BITS * (day % OPEN_DAYS);
    }
}
