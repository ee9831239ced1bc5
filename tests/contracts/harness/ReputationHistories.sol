// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Reputation} from "../../../contracts/libraries/Reputation.sol";

/// @title ReputationHistories
/// @notice Plays whole histories of one uploader each through {Reputation}, for comparison with its Python twin.
contract ReputationHistories {
    using Reputation for Reputation.Tally;
    using Reputation for uint224;

    enum Act { NOTHING, OUTCOMES, TAKE_BACK, FRAUD, CORRECTION, DISPUTE, CLOSE, DISPUTE_TALLY, ANSWER_TALLY, ACCEPT_TODAY }

    struct Step {
        Act act;
        uint16 times; // how often the step is taken
        uint16 wait; // days that pass before each time
        uint16 back; // how many days before then the outcomes are of
        uint32 good;
        uint32 bad;
    }

    struct End {
        Reputation.Tally tally;
        uint16 scoreBps;
        uint64 evidence;
    }

    Reputation.Tally private _tally;
    uint256 private _disputed; // rejections, last

    /// @notice Where each history ends. The tally goes through storage at each step, as in the registry.
    function play(Step[][] calldata histories) external returns (End[] memory ends) {
        ends = new End[](histories.length);
        for (uint256 h = 0; h < histories.length; ++h) {
            delete _tally;
            delete _disputed;
            uint256 today = 0;
            for (uint256 s = 0; s < histories[h].length; ++s) {
                for (uint256 n = 0; n < histories[h][s].times; ++n) {
                    today += histories[h][s].wait;
                    _take(histories[h][s], today);
                }
            }
            Reputation.Tally memory end = _tally;
            ends[h] = End(end, end.scoreBps(), end.evidence());
        }
    }

    function _take(Step calldata s, uint256 today) private {
        Reputation.Tally memory t = _tally;
        t = t.on(today);
        if (s.act == Act.OUTCOMES) t = t.with(today - s.back, s.good, s.bad);
        if (s.act == Act.TAKE_BACK) t = t.without(today - s.back);
        if (s.act == Act.DISPUTE_TALLY) (t, _disputed) = t.withoutRejections(today - s.back, s.good);
        if (s.act == Act.ANSWER_TALLY) t = t.with(today - s.back, 0, Math.min(_disputed, s.bad));
        if (s.act == Act.ACCEPT_TODAY) t.cells = t.cells.plus(today, s.good, 0); // the way for a day known already
        if (s.act == Act.FRAUD || s.act == Act.CORRECTION) t = t.withWrong(s.act == Act.FRAUD);
        if (s.act == Act.DISPUTE) ++t.openDisputes;
        if (s.act == Act.CLOSE && t.openDisputes != 0) --t.openDisputes;
        _tally = t;
    }
}
