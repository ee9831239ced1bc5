// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/**
 * @notice An uploader's reputation by the book, slowly: every day on its own, counts without limit, and pools with 64
 * more bits than the contract's, so that what is rounded here is far below one unit of theirs.
 */
library SlowReputation {
    struct Book {
        uint256 day; // up to which all is settled and faded; 0 for nobody's
        uint256 accepted; // pools in units of one settled outcome / 10^6 / 2^64
        uint256 rejected;
        uint256 wronged;
        mapping(uint256 day => uint256 count) good; // outcomes that have not settled, by the day that they are of
        mapping(uint256 day => uint256 count) bad;
        uint256 openDisputes;
        uint256 strikes;
        uint256 lastFraudDay;
    }

    uint256 internal constant FINE = 1 << 64;
    uint256 internal constant UNIT = 1e6 * FINE;
    uint256 private constant FADE = 337_671_702_316_148_239_930_806_617_535_409_380_277; // 2^(128 - 1/90)
    uint256 private constant WAIT = 8; // a day's outcomes settle when the eighth day after it begins

    function settle(Book storage b, uint256 today) internal {
        if (b.day == 0) b.day = today;
        for (; b.day < today; ) {
            ++b.day;
            (uint256 g, uint256 r) = (b.good[b.day - WAIT] * 4, b.bad[b.day - WAIT]); // in quarters
            if (g + r != 0) {
                uint256 counted = g + r < 4 ? g + r : 4;
                b.accepted += UNIT / 4 * g * counted / (g + r);
                b.rejected += UNIT / 4 * r * counted / (g + r);
                if (b.accepted > 64 * UNIT) {
                    b.rejected = b.rejected * (64 * UNIT) / b.accepted;
                    b.accepted = 64 * UNIT;
                }
            }
            b.accepted = b.accepted * FADE >> 128;
            b.rejected = b.rejected * FADE >> 128;
            b.wronged = b.wronged * FADE >> 128;
        }
    }

    function add(Book storage b, uint256 since, uint256 good, uint256 bad) internal {
        if (since + WAIT <= b.day) since = b.day + 1 - WAIT; // too old: as soon as may be
        b.good[since] += good;
        b.bad[since] += bad;
    }

    function take(Book storage b, uint256 since) internal {
        if (since + WAIT > b.day && b.good[since] != 0) --b.good[since];
    }

    function wrong(Book storage b, bool fraud) internal {
        b.wronged += fraud ? 16 * UNIT : 2 * UNIT;
        if (!fraud) return;
        b.accepted /= 2;
        ++b.strikes;
        b.lastFraudDay = b.day;
    }

    function move(Book storage from, Book storage to) internal {
        (to.day, to.accepted, to.rejected, to.wronged) = (from.day, from.accepted, from.rejected, from.wronged);
        (to.openDisputes, to.strikes, to.lastFraudDay) = (from.openDisputes, from.strikes, from.lastFraudDay);
        (from.day, from.accepted, from.rejected, from.wronged) = (0, 0, 0, 0);
        (from.openDisputes, from.strikes, from.lastFraudDay) = (0, 0, 0);
        for (uint256 day = to.day + 1 - WAIT; day <= to.day; ++day) {
            (to.good[day], to.bad[day]) = (from.good[day], from.bad[day]);
            (from.good[day], from.bad[day]) = (0, 0);
        }
    }

    function scoreBps(Book storage b) internal view returns (uint256) {
        return 10_000 * (b.accepted + UNIT) / (evidence(b) + 5 * UNIT);
    }

    function evidence(Book storage b) internal view returns (uint256) {
        return b.accepted + b.rejected + b.wronged;
    }
}
