// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {Stage, Submission} from "./Stage.sol";
import {vm} from "./Vm.sol";
import {Wallet} from "./Wallets.sol";

/// @notice `dispute`, `rule` and `withdrawCredit`: standing, bonds and what a ruling does to a reputation.
contract DisputeTest is Stage {
    IMediaRegistry.Standing private constant ACTIVE = IMediaRegistry.Standing.ACTIVE;
    IMediaRegistry.Standing private constant DISPUTED = IMediaRegistry.Standing.DISPUTED;
    IMediaRegistry.Standing private constant REVOKED = IMediaRegistry.Standing.REVOKED;
    IMediaRegistry.Ruling private constant DISMISSED = IMediaRegistry.Ruling.DISMISSED;
    IMediaRegistry.Ruling private constant REMOVED = IMediaRegistry.Ruling.REMOVED;
    IMediaRegistry.Ruling private constant CORRECTED = IMediaRegistry.Ruling.CORRECTED;

    function setUp() public override {
        super.setUp();
        registered(ALICE, DIGEST);
    }

    // ------------------------------------------------------------------------------------------------ challenges

    function test_refuses_to_dispute_what_has_no_record() external {
        refused(abi.encodeWithSelector(IMediaRegistry.MediaNotRegistered.selector, WHY));
        registry.dispute(WHY, IMediaRegistry.Reason.OTHER, 0);
    }

    function test_refuses_to_dispute_during_a_pause() external {
        stop();
        refusedWhilePaused();
        registry.dispute(DIGEST, IMediaRegistry.Reason.OTHER, 0);
    }

    function testFuzz_refuses_any_other_value_than_the_bond(uint96 value) external {
        vm.assume(value != BOND);
        vm.deal(address(this), value);
        refused(abi.encodeWithSelector(IMediaRegistry.BondMismatch.selector, BOND, value));
        registry.dispute{value: value}(DIGEST, IMediaRegistry.Reason.OTHER, 0);
    }

    function test_refuses_to_dispute_what_is_disputed_or_revoked() external {
        challenge(STRANGER, DIGEST);
        vm.deal(bob, 1 ether);
        refused(_mismatch(ACTIVE, DISPUTED));
        vm.prank(bob);
        registry.dispute{value: BOND}(DIGEST, IMediaRegistry.Reason.OTHER, 0);
        ruled(DIGEST, REMOVED);
        refused(_mismatch(ACTIVE, REVOKED));
        vm.prank(bob);
        registry.dispute{value: BOND}(DIGEST, IMediaRegistry.Reason.OTHER, 0);
    }

    function testFuzz_a_challenge_is_kept_told_and_shown(uint8 which) external {
        IMediaRegistry.Reason reason = IMediaRegistry.Reason(which % 6);
        vm.deal(STRANGER, BOND);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.StandingChanged(DIGEST, ACTIVE, DISPUTED, STRANGER, WHY);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.DisputeOpened(DIGEST, STRANGER, reason, BOND);
        vm.prank(STRANGER);
        registry.dispute{value: BOND}(DIGEST, reason, WHY);

        (address by, uint40 time, uint8 doublings, IMediaRegistry.Reason kept) = registry.disputeOf(DIGEST);
        same(by, STRANGER, "challenger");
        same(time, START, "time");
        same(doublings, 0, "doublings");
        isTrue(kept == reason, "reason");
        counted(0, 1, 0);
        _open(alice, 1);
    }

    // --------------------------------------------------------------------------------------------------- rulings

    function test_refuses_a_ruling_by_whoever_is_no_arbiter() external {
        challenge(STRANGER, DIGEST);
        refusedWithoutRole(STRANGER, registry.ARBITER_ROLE());
        vm.prank(STRANGER);
        registry.rule(DIGEST, REMOVED, 0);
    }

    function test_refuses_a_ruling_on_what_has_no_record() external {
        refused(abi.encodeWithSelector(IMediaRegistry.MediaNotRegistered.selector, WHY));
        ruled(WHY, IMediaRegistry.Ruling.FRAUD);
    }

    function testFuzz_refuses_a_ruling_on_what_nobody_disputes(uint8 which) external {
        refused(_mismatch(DISPUTED, ACTIVE));
        ruled(DIGEST, IMediaRegistry.Ruling(which % 4));
    }

    function test_refuses_an_arbiter_on_its_own_challenge_and_record() external {
        bytes32 role = registry.ARBITER_ROLE();
        vm.prank(ADMIN);
        registry.grantRole(role, alice);
        challenge(ARBITER, DIGEST);
        refused(abi.encodeWithSelector(IMediaRegistry.ArbiterIsParty.selector, ARBITER));
        ruled(DIGEST, DISMISSED);
        refused(abi.encodeWithSelector(IMediaRegistry.ArbiterIsParty.selector, alice));
        vm.prank(alice);
        registry.rule(DIGEST, DISMISSED, 0);
    }

    function test_refuses_an_arbiter_on_a_record_under_either_of_its_names() external {
        bytes32 role = registry.ARBITER_ROLE();
        address[2] memory names = [alice, bob];
        for (uint256 k = 0; k < 2; ++k) {
            vm.prank(ADMIN);
            registry.grantRole(role, names[k]);
        }
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), FAR);
        bytes memory sig = Signing.sign(BOB, Signing.rotation(domain(), r));
        vm.prank(alice);
        registry.rotateKey(r, "", sig);
        vm.warp(START + 7 days);
        registry.completeKeyRotation(alice);
        challenge(STRANGER, DIGEST);
        for (uint256 k = 0; k < 2; ++k) {
            refused(abi.encodeWithSelector(IMediaRegistry.ArbiterIsParty.selector, names[k]));
            vm.prank(names[k]);
            registry.rule(DIGEST, DISMISSED, 0);
        }
    }

    function testFuzz_a_ruling_is_told_and_pays_one_side(uint8 which) external {
        IMediaRegistry.Ruling ruling = IMediaRegistry.Ruling(which % 4);
        bool dismissed = ruling == DISMISSED;
        challenge(STRANGER, DIGEST);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.StandingChanged(DIGEST, DISPUTED, dismissed ? ACTIVE : REVOKED, ARBITER, WHY);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.DisputeRuled(DIGEST, ruling);
        ruled(DIGEST, ruling);

        same(registry.creditOf(alice), dismissed ? BOND : 0, "the uploader's credit");
        same(registry.creditOf(STRANGER), dismissed ? 0 : BOND, "the challenger's credit");
        same(registry.bondOf(STRANGER), dismissed ? 2 * BOND : BOND, "the challenger's next bond");
        counted(dismissed ? 1 : 0, 0, dismissed ? 0 : 1);
        _open(alice, 0);
        (address by,,,) = registry.disputeOf(DIGEST);
        same(by, address(0), "nothing is open");
    }

    function test_an_arbiter_rules_during_a_pause() external {
        challenge(STRANGER, DIGEST);
        stop();
        ruled(DIGEST, REMOVED);
    }

    function test_each_lost_challenge_doubles_the_bond_up_to_2_to_the_32() external {
        for (uint256 k = 0; k < 34; ++k) {
            same(registry.bondOf(STRANGER), uint256(BOND) << (k < 32 ? k : 32), "bond");
            challenge(STRANGER, DIGEST);
            uint256 before = registry.creditOf(alice);
            (,, uint8 doublings,) = registry.disputeOf(DIGEST);
            same(doublings, k < 32 ? k : 32, "doublings");
            ruled(DIGEST, DISMISSED);
            same(registry.creditOf(alice) - before, uint256(BOND) << (k < 32 ? k : 32), "what the uploader gets");
        }
        same(registry.bondOf(bob), BOND, "nobody else's bond");
    }

    function test_the_bond_comes_back_as_it_was_paid() external {
        bytes32 other = registered(ALICE, WHY);
        challenge(STRANGER, DIGEST);
        challenge(STRANGER, other); // at the same price: the first is not yet lost
        ruled(DIGEST, DISMISSED);
        ruled(other, REMOVED);
        same(registry.creditOf(STRANGER), BOND, "what was paid, not what the next one costs");
    }

    // ------------------------------------------------------------------------------------------------ reputation

    function test_a_challenge_within_seven_days_holds_back_what_the_record_would_earn() external {
        vm.warp(START + 7 days);
        challenge(STRANGER, DIGEST);
        vm.warp(START + 30 days);
        same(scoreOf(alice), 2000, "held back");
        ruled(DIGEST, DISMISSED);
        vm.warp(START + 31 days);
        same(scoreOf(alice), 3324, "settled on the day after the ruling");
    }

    function test_a_challenge_dismissed_in_time_leaves_no_trace() external {
        challenge(STRANGER, DIGEST);
        ruled(DIGEST, DISMISSED);
        vm.warp(START + 8 days);
        same(scoreOf(alice), 3324, "as if nothing had been");
    }

    function test_a_later_challenge_neither_takes_nor_gives() external {
        vm.warp(START + 8 days);
        challenge(STRANGER, DIGEST);
        same(scoreOf(alice), 3324, "not frozen");
        ruled(DIGEST, DISMISSED);
        vm.warp(START + 9 days);
        same(scoreOf(alice), 3316, "faded, and not counted twice");
    }

    function test_a_record_that_earns_nothing_is_not_paid_by_a_dismissal() external {
        Submission memory s = submission(BOB, WHY);
        s.a.earnsReputation = false;
        sign(s, BOB, keys(0, 2));
        send(s);
        challenge(STRANGER, WHY);
        ruled(WHY, DISMISSED);
        vm.warp(START + 8 days);
        same(scoreOf(bob), 2000, "nothing was earned");
    }

    function test_a_challenge_of_what_earns_nothing_takes_nothing_away() external {
        Submission memory s = submission(ALICE, WHY);
        s.a.earnsReputation = false;
        sign(s, ALICE, keys(0, 2));
        send(s);
        challenge(STRANGER, WHY);
        vm.warp(START + 8 days);
        same(scoreOf(alice), 3324, "the other record's acceptance is there");
    }

    function test_wrongs_count_by_how_bad_they_are() external {
        uint16[4] memory scores = [2000, 2000, 1428, 476]; // 1/5, 1/5, 1/7, 1/21
        for (uint256 k = 1; k < 4; ++k) {
            (uint256 key, bytes32 digest) = (uint256(keccak256(abi.encode("uploader", k))), keccak256(abi.encode(k)));
            registered(key, digest);
            challenge(STRANGER, digest);
            ruled(digest, IMediaRegistry.Ruling(k));
            (uint16 score, uint64 evidence,, uint8 strikes, uint32 day) = registry.reputationOf(vm.addr(key));
            same(score, scores[k], "score");
            same(evidence, [0, 0, 2e6, 16e6][k], "evidence");
            same(strikes, k == 3 ? 1 : 0, "strikes");
            same(day, k == 3 ? START / 1 days : 0, "day of the last fraud");
        }
    }

    // ---------------------------------------------------------------------------------------------------- credit

    function test_withdraws_once_and_during_a_pause() external {
        challenge(STRANGER, DIGEST);
        ruled(DIGEST, CORRECTED);
        stop();
        vm.expectEmit(address(registry));
        emit IMediaRegistry.CreditWithdrawn(STRANGER, BOND);
        vm.prank(STRANGER);
        registry.withdrawCredit();
        same(STRANGER.balance, BOND, "paid");
        vm.prank(STRANGER);
        registry.withdrawCredit();
        same(STRANGER.balance, BOND, "and not twice");
        same(address(registry).balance, 0, "nothing is left");
    }

    function test_a_wallet_that_refuses_money_keeps_its_credit() external {
        Wallet wallet = new Wallet();
        challenge(address(wallet), DIGEST);
        ruled(DIGEST, REMOVED);
        wallet.refuseMoney();
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "no money"));
        vm.prank(address(wallet));
        registry.withdrawCredit();
        same(registry.creditOf(address(wallet)), BOND, "still there");
    }

    function test_takes_no_money_outside_a_challenge() external {
        vm.deal(address(this), 1 ether);
        (bool ok,) = address(registry).call{value: 1}("");
        isTrue(!ok, "there is no receive function");
    }

    function _open(address uploader, uint256 expected) private view {
        (,, uint32 open,,) = registry.reputationOf(uploader);
        same(open, expected, "open disputes");
    }

    function _mismatch(IMediaRegistry.Standing expected, IMediaRegistry.Standing got)
        private pure returns (bytes memory)
    {
        return abi.encodeWithSelector(IMediaRegistry.StandingMismatch.selector, DIGEST, expected, got);
    }
}
