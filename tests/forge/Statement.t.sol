// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {Stage, Submission} from "./Stage.sol";
import {vm} from "./Vm.sol";

/// @notice `makeStatement`: who may say what of which record, and what that changes.
contract StatementTest is Stage {
    bytes32 private constant OLD = keccak256("an older file");
    bytes32 private constant NEW = keccak256("a newer file");
    IMediaRegistry.Act private constant REVOKE = IMediaRegistry.Act.REVOKE;
    IMediaRegistry.Act private constant SUPERSEDE = IMediaRegistry.Act.SUPERSEDE;
    IMediaRegistry.Act private constant DERIVE = IMediaRegistry.Act.DERIVE;
    IMediaRegistry.Act private constant ATTEST = IMediaRegistry.Act.ATTEST;
    IMediaRegistry.Act private constant REVIEW = IMediaRegistry.Act.REVIEW;

    function setUp() public override {
        super.setUp();
        registered(ALICE, OLD);
        vm.warp(START + 60);
        registered(ALICE, DIGEST);
        vm.warp(START + 120);
        registered(ALICE, NEW);
    }

    function test_refuses_a_digest_without_a_record() external {
        _refused(ALICE, WHY, REVOKE, 0, abi.encodeWithSelector(IMediaRegistry.MediaNotRegistered.selector, WHY));
    }

    function test_refuses_a_pause() external {
        stop();
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(ALICE, DIGEST, REVOKE, 0);
        refusedWhilePaused();
        registry.makeStatement(s, sig);
    }

    function testFuzz_refuses_the_uploaders_acts_to_others(uint8 act) external {
        bytes memory err = abi.encodeWithSelector(IMediaRegistry.NotUploader.selector, bob);
        _refused(BOB, DIGEST, IMediaRegistry.Act(act % 3), OLD, err);
    }

    function test_refuses_an_uploader_who_vouches_for_itself() external {
        bytes memory err = abi.encodeWithSelector(IMediaRegistry.AttesterIsUploader.selector, alice);
        _refused(ALICE, DIGEST, ATTEST, 0, err);
        _refused(ALICE, DIGEST, REVIEW, 0, err);
    }

    function test_refuses_a_former_and_a_present_key_of_the_uploader_to_vouch() external {
        _rotate();
        _refused(ALICE, DIGEST, ATTEST, 0, abi.encodeWithSelector(IMediaRegistry.AttesterIsUploader.selector, alice));
        _refused(BOB, DIGEST, ATTEST, 0, abi.encodeWithSelector(IMediaRegistry.AttesterIsUploader.selector, bob));
    }

    function test_refuses_a_review_by_whoever_is_no_reviewer() external {
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(BOB, DIGEST, REVIEW, WHY);
        refusedWithoutRole(bob, registry.REVIEWER_ROLE());
        registry.makeStatement(s, sig);
        bytes32 role = registry.REVIEWER_ROLE();
        vm.prank(ADMIN);
        registry.grantRole(role, bob);
        _told(s, sig);
    }

    function test_refuses_a_successor_that_is_not_later() external {
        bytes memory err = abi.encodeWithSelector(IMediaRegistry.NotLater.selector, DIGEST);
        _refused(ALICE, DIGEST, SUPERSEDE, OLD, err);
        _refused(ALICE, DIGEST, SUPERSEDE, DIGEST, err);
        bytes memory none = abi.encodeWithSelector(IMediaRegistry.MediaNotRegistered.selector, WHY);
        _refused(ALICE, DIGEST, SUPERSEDE, WHY, none);
    }

    function test_refuses_a_successor_of_another_uploader() external {
        vm.warp(START + 180);
        bytes32 others = registered(BOB, keccak256("of bob"));
        bytes memory err = abi.encodeWithSelector(IMediaRegistry.NotUploader.selector, alice);
        _refused(ALICE, DIGEST, SUPERSEDE, others, err);
    }

    function test_a_successor_may_stand_under_the_new_key() external {
        _rotate();
        bytes32 later = registered(BOB, keccak256("under the new key"));
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(BOB, DIGEST, SUPERSEDE, later);
        _told(s, sig);
    }

    function test_refuses_a_parent_that_is_not_earlier() external {
        _refused(ALICE, DIGEST, DERIVE, NEW, abi.encodeWithSelector(IMediaRegistry.NotLater.selector, NEW));
        _refused(ALICE, DIGEST, DERIVE, DIGEST, abi.encodeWithSelector(IMediaRegistry.NotLater.selector, DIGEST));
        _refused(ALICE, DIGEST, DERIVE, WHY, abi.encodeWithSelector(IMediaRegistry.MediaNotRegistered.selector, WHY));
    }

    function test_derives_from_another_uploaders_record() external {
        vm.warp(START + 180);
        registered(BOB, WHY);
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(BOB, WHY, DERIVE, OLD);
        _told(s, sig);
    }

    function testFuzz_tells_what_is_said_and_spends_its_nonce(uint8 which, bytes32 detail) external {
        IMediaRegistry.Act act = IMediaRegistry.Act(which % 6);
        if (act == SUPERSEDE) detail = NEW;
        if (act == DERIVE) detail = OLD;
        if (act == REVIEW) {
            bytes32 role = registry.REVIEWER_ROLE();
            vm.prank(ADMIN);
            registry.grantRole(role, bob);
        }
        uint256 by = uint8(act) < 3 ? ALICE : BOB;
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(by, DIGEST, act, detail);
        _told(s, sig);
        isTrue(registry.isNonceSpent(s.by, s.nonce), "the nonce is spent");
        isTrue(
            standingOf(DIGEST) == (act == REVOKE ? IMediaRegistry.Standing.REVOKED : IMediaRegistry.Standing.ACTIVE),
            "only a revocation changes the standing"
        );
        if (act == REVOKE) return;
        refused(abi.encodeWithSelector(IMediaRegistry.NonceSpent.selector, s.by, s.nonce));
        registry.makeStatement(s, sig);
    }

    function test_who_sends_it_needs_no_signature() external {
        (IMediaRegistry.Statement memory s,) = statement(ALICE, DIGEST, REVOKE, WHY);
        s.deadline = 0;
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        registry.makeStatement(s, "");
        vm.prank(alice);
        registry.makeStatement(s, "");
        isTrue(!registry.isNonceSpent(alice, s.nonce), "the nonce is not used");
    }

    function test_refuses_a_signature_past_its_deadline() external {
        (IMediaRegistry.Statement memory s,) = statement(ALICE, DIGEST, REVOKE, WHY);
        s.deadline = uint64(START + 119);
        bytes memory sig = Signing.sign(ALICE, Signing.statement(domain(), s));
        refused(abi.encodeWithSelector(IMediaRegistry.DeadlinePassed.selector, START + 119));
        registry.makeStatement(s, sig);
        vm.warp(START + 119);
        registry.makeStatement(s, sig);
    }

    // ----------------------------------------------------------------------------------------------- revocation

    function test_revokes_once_and_for_ever() external {
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(ALICE, DIGEST, REVOKE, WHY);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.StandingChanged(
            DIGEST, IMediaRegistry.Standing.ACTIVE, IMediaRegistry.Standing.REVOKED, alice, WHY
        );
        _told(s, sig);
        counted(2, 0, 1);
        _refused(ALICE, DIGEST, REVOKE, WHY, _mismatch(IMediaRegistry.Standing.REVOKED));
        Submission memory again = submission(ALICE, DIGEST);
        refused(abi.encodeWithSelector(IMediaRegistry.MediaAlreadyRegistered.selector, DIGEST));
        send(again);
    }

    function test_refuses_to_revoke_what_is_disputed() external {
        challenge(STRANGER, DIGEST);
        _refused(ALICE, DIGEST, REVOKE, WHY, _mismatch(IMediaRegistry.Standing.DISPUTED));
    }

    function test_a_revocation_within_seven_days_takes_back_what_the_record_would_earn() external {
        bytes32 only = registered(BOB, WHY);
        vm.warp(START + 7 days);
        _revoke(BOB, only);
        vm.warp(START + 20 days);
        same(scoreOf(bob), 2000, "nothing was earned");
    }

    function test_a_later_revocation_takes_nothing_back() external {
        bytes32 only = registered(BOB, WHY);
        vm.warp(START + 8 days);
        uint256 before = scoreOf(bob);
        _revoke(BOB, only);
        same(scoreOf(bob), before, "what settled stays");
    }

    function test_revoking_what_earned_nothing_costs_nothing() external {
        registered(BOB, WHY);
        Submission memory s = submission(BOB, keccak256("a near-duplicate"));
        s.a.earnsReputation = false;
        sign(s, BOB, keys(0, 2));
        send(s);
        _revoke(BOB, s.a.digest);
        vm.warp(START + 8 days);
        same(scoreOf(bob), 3324, "the other record has settled");
    }

    function _revoke(uint256 by, bytes32 digest) private {
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(by, digest, REVOKE, 0);
        registry.makeStatement(s, sig);
    }

    function _told(IMediaRegistry.Statement memory s, bytes memory sig) private {
        vm.expectEmit(address(registry));
        emit IMediaRegistry.StatementMade(s.digest, s.by, s.act, s.detail);
        registry.makeStatement(s, sig);
    }

    function _refused(uint256 by, bytes32 digest, IMediaRegistry.Act act, bytes32 detail, bytes memory err) private {
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(by, digest, act, detail);
        refused(err);
        registry.makeStatement(s, sig);
    }

    function _rotate() private {
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), FAR);
        bytes32 hash = Signing.rotation(domain(), r);
        registry.rotateKey(r, Signing.sign(ALICE, hash), Signing.sign(BOB, hash));
        vm.warp(START + 8 days);
        registry.completeKeyRotation(alice);
    }

    function _mismatch(IMediaRegistry.Standing got) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IMediaRegistry.StandingMismatch.selector, DIGEST, IMediaRegistry.Standing.ACTIVE, got
        );
    }
}
