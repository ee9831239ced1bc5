// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Reputation} from "../../contracts/libraries/Reputation.sol";
import {Claims} from "./Claims.sol";
import {SlowReputation} from "./SlowReputation.sol";

/// @notice The arithmetic of reputation, beside the slow one and by its laws.
contract ReputationTest is Claims {
    using Reputation for Reputation.Tally;
    using SlowReputation for SlowReputation.Book;

    uint256 private constant DAY = 20_833;
    SlowReputation.Book private _book;

    // ------------------------------------------------------------------------------------ beside the slow one

    /// @dev Law: no rounding is in the uploader's favour. A history of 24 steps, each some days after the one before.
    function testFuzz_no_rounding_is_in_the_uploaders_favour(uint256 seed) external {
        Reputation.Tally memory t;
        uint256 today = DAY;
        for (uint256 k = 0; k < 24; ++k) {
            uint256 step = uint256(keccak256(abi.encode(seed, k)));
            today += [0, 0, 1, 1, 2, 7, 8, 40][step % 8];
            t = t.on(today);
            _book.settle(today);
            t = _happens(t, today, step >> 8);
            _sideBySide(t, 200);
        }
    }

    function _happens(Reputation.Tally memory t, uint256 today, uint256 step)
        private returns (Reputation.Tally memory)
    {
        (uint256 what, uint256 since, uint256 n) = (step % 8, today - (step >> 8) % 10, (step >> 16) % 40);
        if (what < 4) {
            _book.add(since, n, 0);
            return t.with(since, n, 0);
        } else if (what < 6) {
            _book.add(since, 0, n);
            return t.with(since, 0, n);
        } else if (what == 6) {
            _book.take(since);
            return t.without(since);
        }
        _book.wrong(n < 10);
        return t.withWrong(n < 10);
    }

    function _sideBySide(Reputation.Tally memory t, uint256 slack) private view {
        _below(t.accepted, _book.accepted, slack, "acceptances");
        _above(t.rejected, _book.rejected, slack, "rejections");
        _above(t.wronged, _book.wronged, slack, "wrongs");
        same(t.strikes, _book.strikes, "strikes");
        same(t.lastFraudDay, _book.lastFraudDay, "day of the last fraud");
        atMost(t.scoreBps(), _book.scoreBps(), "the score is never above the exact one");
        atMost(_book.scoreBps(), t.scoreBps() + 1, "and at most one basis point below");
    }

    function _below(uint256 got, uint256 exact, uint256 slack, string memory what) private pure {
        atMost(got * SlowReputation.FINE, exact, string.concat(what, ": never above the exact pool"));
        atMost(exact, (got + slack) * SlowReputation.FINE, string.concat(what, ": near it"));
    }

    function _above(uint256 got, uint256 exact, uint256 slack, string memory what) private pure {
        atMost(exact, got * SlowReputation.FINE + (1 << 20), string.concat(what, ": never below the exact pool"));
        atMost(got * SlowReputation.FINE, exact + slack * SlowReputation.FINE, string.concat(what, ": near it"));
    }

    // ------------------------------------------------------------------------------------------------------ laws

    /// @dev Law: decay of two epochs equals one double decay, within a millionth of what is there or one rounding.
    function testFuzz_two_decays_are_one_double_decay(uint64 a, uint64 r, uint64 v, uint16 n, uint16 m) external pure {
        (a, r, v) = (uint64(a % 64e6), uint64(r % 64e6), uint64(v % 4096e6));
        (uint256 first, uint256 second) = (n % 2000, m % 2000);
        Reputation.Tally memory twice = _pools(a, r, v).on(DAY + first).on(DAY + first + second);
        Reputation.Tally memory once = _pools(a, r, v).on(DAY + first + second);
        _near(twice.accepted, once.accepted, "acceptances");
        _near(twice.rejected, once.rejected, "rejections");
        _near(twice.wronged, once.wronged, "wrongs");
    }

    function test_everything_halves_in_ninety_days() external pure {
        Reputation.Tally memory t = _pools(64e6, 32e6, 16e6).on(DAY + 90);
        same(t.accepted, 31_999_999, "acceptances round down");
        same(t.rejected, 16_000_001, "rejections round up");
        same(t.wronged, 8_000_001, "wrongs round up");
    }

    function test_a_thousand_years_leave_nothing_but_what_is_rounded_up() external pure {
        Reputation.Tally memory t = _pools(64e6, 32e6, 16e6).on(DAY + 40_000);
        same(t.accepted, 0, "acceptances");
        atMost(t.rejected, 1, "rejections");
        atMost(t.wronged, 1, "wrongs");
    }

    function testFuzz_the_score_is_in_range_and_evidence_is_the_sum(uint64 a, uint64 r, uint64 v) external pure {
        (a, r, v) = (a % 64e6, r % 1e12, v % 1e15);
        Reputation.Tally memory t = _pools(a, r, v);
        atMost(t.scoreBps(), 10_000, "score");
        same(t.evidence(), uint256(a) + r + v, "evidence");
    }

    /// @dev More good, or less bad, is never a worse score.
    function testFuzz_the_score_is_monotone(uint64 a, uint64 r, uint64 v, uint32 more) external pure {
        (a, r, v) = (a % 64e6, r % 1e12, v % 1e12);
        uint256 score = _pools(a, r, v).scoreBps();
        atMost(score, _pools(a + more, r, v).scoreBps(), "with more acceptances");
        atMost(_pools(a, r + more, v).scoreBps(), score, "with more rejections");
        atMost(_pools(a, r, v + more).scoreBps(), score, "with more wrongs");
        atMost(_pools(a, r, v).withWrong(true).scoreBps(), _pools(a, r, v).withWrong(false).scoreBps(), "fraud");
    }

    function test_a_newcomer_stands_at_two_thousand() external pure {
        same(_pools(0, 0, 0).scoreBps(), 2000, "1 / 5");
    }

    // ------------------------------------------------------------------------------------------------- open days

    function testFuzz_a_day_adds_at_most_one_unit_in_its_own_ratio(uint16 good, uint16 bad) external pure {
        (uint256 g, uint256 b) = (good % 16_384, bad % 16_384);
        Reputation.Tally memory t = _pools(0, 0, 0).with(DAY, g, b);
        t = t.on(DAY + 7);
        same(t.evidence(), 0, "open for seven full days");
        t = t.on(DAY + 8);
        uint256 mass = g * 4 + b;
        uint256 counted = mass < 4 ? mass : 4;
        if (mass == 0) mass = 1;
        _near(t.accepted, 992_327_946 * g * counted / (1000 * mass), "acceptances, faded by a day");
        _near(t.rejected, 992_327_946 * b * counted / (4000 * mass), "rejections, faded by a day");
    }

    function testFuzz_days_do_not_mix(uint8 day, uint8 other) external pure {
        (uint256 one, uint256 two) = (DAY + day % 8, DAY + other % 8);
        Reputation.Tally memory t = _pools(0, 0, 0).on(DAY + 7).with(one, 1, 0).with(two, 0, 4).without(two);
        if (one == two) return;
        uint256 later = one > two ? one : two;
        Reputation.Tally memory first = t.on((one < two ? one : two) + 8);
        same(first.accepted != 0, one < two, "acceptances settle on their day");
        same(first.rejected != 0, two < one, "rejections on theirs");
        first = first.on(later + 8);
        isTrue(first.accepted != 0 && first.rejected != 0 && first.cells == 0, "both have settled");
    }

    function test_a_cell_holds_16383_of_each_and_no_more() external pure {
        Reputation.Tally memory t = _pools(0, 0, 0).with(DAY, 16_383, 16_383).with(DAY, 5, 70_000);
        same(t.cells, ((1 << 28) - 1) << (28 * (DAY % 8)), "both counts are full, the neighbours empty");
        t = t.without(DAY);
        same(t.cells, ((1 << 28) - 2) << (28 * (DAY % 8)), "one acceptance less");
    }

    function testFuzz_what_is_not_there_is_not_taken(uint8 ago) external pure {
        Reputation.Tally memory t = _pools(0, 0, 0).with(DAY, 0, 9);
        uint256 before = t.cells;
        same(t.without(DAY - ago % 16).cells, before, "no acceptance is there");
        before = t.with(DAY - 8, 1, 0).cells;
        same(t.without(DAY - 8).cells, before, "nor one that has settled");
    }

    function test_what_is_too_old_settles_on_the_next_day() external pure {
        Reputation.Tally memory t = _pools(0, 0, 0).with(DAY - 8, 0, 4).with(DAY - 300, 0, 4).with(DAY - 7, 0, 4);
        same(t.rejected, 0, "not at once");
        same(t.on(DAY + 1).rejected, 992_328, "but tomorrow, as one day's");
    }

    function testFuzz_an_outcome_is_open_for_eight_days(uint8 ago) external pure {
        isTrue(Reputation.isOpen(DAY - ago, DAY) == (ago < 8), "today and the seven days before");
    }

    // ------------------------------------------------------------------------------------------- caps and wrongs

    function test_nobody_banks_more_than_64_acceptances() external pure {
        Reputation.Tally memory t = _pools(64e6, 32e6, 0).with(DAY, 3, 0).on(DAY + 8);
        // day 8: (64 * f^7 + 1) is below the cap, so that nothing is scaled
        atMost(t.accepted, 64e6, "within the cap");
        t = _pools(64e6, 32e6, 7e6).with(DAY - 7, 1, 0).on(DAY + 1);
        same(t.accepted, 63_508_988, "64 * f");
        same(t.rejected, 31_265_965, "32 * 64/65 * f: scaled with the acceptances");
        same(t.wronged, 6_946_296, "7 * f: wrongs are never scaled");
    }

    function testFuzz_a_fraud_halves_and_a_correction_adds(uint64 a, uint64 v, uint8 strikes) external pure {
        (a, v) = (a % 64e6, v % 1e12);
        Reputation.Tally memory t = _pools(a, 5, v);
        t.strikes = strikes;
        t = t.withWrong(true);
        same(t.accepted, a / 2, "acceptances");
        same(t.rejected, 5, "rejections");
        same(t.wronged, v + 16e6, "wrongs");
        same(t.strikes, strikes == 255 ? 255 : strikes + 1, "strikes");
        same(t.lastFraudDay, DAY, "day");
        t = _pools(a, 5, v).withWrong(false);
        same(t.accepted, a, "acceptances");
        same(t.wronged, v + 2e6, "wrongs");
        same(t.strikes, 0, "strikes");
        same(t.lastFraudDay, 0, "day");
    }

    function same(bool got, bool expected, string memory claim) internal pure {
        isTrue(got == expected, claim);
    }

    function _near(uint256 got, uint256 expected, string memory claim) private pure {
        uint256 slack = 3 + expected / 1e6;
        atMost(got, expected + slack, claim);
        atMost(expected, got + slack, claim);
    }

    function _pools(uint64 a, uint64 r, uint64 v) private pure returns (Reputation.Tally memory t) {
        (t.day, t.accepted, t.rejected, t.wronged) = (uint16(DAY), a, r, v);
    }
}
