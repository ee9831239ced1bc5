// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {SlowCid} from "./SlowCid.sol";
import {Stage, Submission} from "./Stage.sol";
import {vm} from "./Vm.sol";

/// @notice `register`: what is refused, then what is kept and told.
contract RegisterTest is Stage {
    function test_refuses_a_second_record_of_the_same_bytes() external {
        registered(ALICE, DIGEST);
        Submission memory s = submission(BOB, DIGEST);
        refused(abi.encodeWithSelector(IMediaRegistry.MediaAlreadyRegistered.selector, DIGEST));
        send(s);
    }

    function test_refuses_a_pause() external {
        Submission memory s = submission(ALICE, DIGEST);
        stop();
        refusedWhilePaused();
        send(s);
    }

    function testFuzz_refuses_unknown_kinds(uint8 kind) external {
        vm.assume(kind & 0x7f == 0 || kind & 0x7f > 2);
        Submission memory s = submission(ALICE, DIGEST);
        s.a.kind = kind;
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.KindUnknown.selector, kind));
    }

    function test_refuses_the_kinds_next_to_those_that_are_known() external {
        uint8[6] memory kinds = [0, 3, 0x40, 0x41, 0x80, 0x83];
        for (uint256 k = 0; k < 6; ++k) {
            Submission memory s = submission(ALICE, DIGEST);
            s.a.kind = kinds[k];
            _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.KindUnknown.selector, kinds[k]));
        }
    }

    function testFuzz_refuses_unknown_levels_and_gate_with_reviewer(uint8 levels) external {
        vm.assume(levels > 15 || levels & 5 == 5 || levels & 2 == 0);
        Submission memory s = submission(ALICE, DIGEST);
        s.a.levels = levels;
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.LevelsInvalid.selector, levels));
    }

    function test_refuses_gate_with_reviewer_whatever_else_there_is() external {
        for (uint8 more = 0; more < 2; ++more) {
            Submission memory s = submission(ALICE, DIGEST);
            s.a.levels = 7 + 8 * more;
            _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.LevelsInvalid.selector, s.a.levels));
        }
    }

    function test_takes_every_other_set_of_levels_with_an_intent() external {
        uint8[5] memory sets = [2, 3, 6, 10, 11];
        for (uint256 k = 0; k < 5; ++k) {
            Submission memory s = submission(ALICE, keccak256(abi.encode("levels", k)));
            s.a.levels = sets[k];
            sign(s, ALICE, keys(0, 2));
            send(s);
        }
    }

    function test_refuses_level_uploader_without_an_intent_signature() external {
        Submission memory s = submission(OPERATOR, DIGEST);
        s.intentSig = "";
        refused(abi.encodeWithSelector(IMediaRegistry.LevelsInvalid.selector, GATE_LEVEL | UPLOADER_LEVEL));
        vm.prank(operator);
        send(s);
    }

    function test_refuses_a_verdict_past_its_deadline() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.a.deadline = uint64(START) - 1;
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.DeadlinePassed.selector, START - 1));
    }

    function test_refuses_an_intent_past_its_deadline() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.i.deadline = uint64(START) - 1;
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.DeadlinePassed.selector, START - 1));
    }

    function test_takes_the_last_second_of_both_deadlines() external {
        Submission memory s = submission(ALICE, DIGEST);
        (s.a.deadline, s.i.deadline) = (uint64(START), uint64(START));
        sign(s, ALICE, keys(0, 2));
        send(s);
    }

    function test_refuses_an_intent_of_another_digest() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.i.digest = WHY;
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.IntentMismatch.selector, WHY, alice));
    }

    function test_refuses_an_intent_of_another_uploader() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.i.uploader = bob;
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.IntentMismatch.selector, DIGEST, bob));
    }

    function test_refuses_an_intent_that_somebody_else_signed() external {
        Submission memory s = submission(ALICE, DIGEST);
        sign(s, BOB, keys(0, 2));
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        send(s);
    }

    function test_refuses_a_nonce_that_an_intent_spent() external {
        Submission memory s = submission(ALICE, DIGEST);
        send(s);
        (s.a.digest, s.i.digest) = (WHY, WHY);
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.NonceSpent.selector, alice, s.i.nonce));
    }

    function testFuzz_refuses_a_nonce_that_was_withdrawn(uint256 nonce, uint256 other) external {
        vm.prank(alice);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.IntentWithdrawn(alice, nonce);
        registry.withdrawIntent(nonce);
        isTrue(registry.isNonceSpent(alice, nonce), "the nonce is spent");
        isTrue(registry.isNonceSpent(alice, other) == (other == nonce), "and no other");
        isTrue(!registry.isNonceSpent(bob, nonce), "and nobody else's");
        refused(abi.encodeWithSelector(IMediaRegistry.NonceSpent.selector, alice, nonce));
        vm.prank(alice);
        registry.withdrawIntent(nonce);

        Submission memory s = submission(ALICE, DIGEST);
        s.i.nonce = nonce;
        _refusedAfterSigning(s, abi.encodeWithSelector(IMediaRegistry.NonceSpent.selector, alice, nonce));
    }

    function test_withdrawing_waits_for_the_end_of_a_pause() external {
        stop();
        refusedWhilePaused();
        registry.withdrawIntent(1);
    }

    function test_only_the_operator_needs_no_signed_intent() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.a.levels = GATE_LEVEL;
        sign(s, ALICE, keys(0, 2));
        s.intentSig = "";
        refused(abi.encodeWithSelector(IMediaRegistry.IntentRequired.selector, alice));
        vm.prank(alice);
        send(s);
    }

    function test_only_the_operator_itself_sends_its_unsigned_intent() external {
        Submission memory s = submission(OPERATOR, DIGEST);
        s.a.levels = GATE_LEVEL;
        s.i.deadline = 0; // not used, no more than the nonce
        sign(s, OPERATOR, keys(0, 2));
        s.intentSig = "";
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, operator));
        send(s);
        vm.prank(operator);
        send(s);
        isTrue(standingOf(DIGEST) == IMediaRegistry.Standing.ACTIVE, "the operator's own record");
        isTrue(!registry.isNonceSpent(operator, s.i.nonce), "its nonce is not used");
    }

    // ------------------------------------------------------------------------------------------------- opinions

    function test_refuses_more_opinions_than_signatures() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.gateSigs = new bytes[](1);
        refused(abi.encodeWithSelector(IMediaRegistry.OpinionCountMismatch.selector, 2, 1));
        send(s);
    }

    function test_refuses_one_signature_less_than_the_threshold() external {
        Submission memory s = submission(ALICE, DIGEST);
        sign(s, ALICE, keys(0, 1));
        refused(abi.encodeWithSelector(IMediaRegistry.QuorumNotMet.selector, 1, 2));
        send(s);
    }

    function test_refuses_the_same_gate_twice() external {
        Submission memory s = submission(ALICE, DIGEST);
        (s.o[1], s.gateSigs[1]) = (s.o[0], s.gateSigs[0]);
        refused(abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, gate(0), gate(0)));
        send(s);
    }

    function test_refuses_gates_in_descending_order() external {
        Submission memory s = submission(ALICE, DIGEST);
        (s.o[0], s.o[1]) = (s.o[1], s.o[0]);
        (s.gateSigs[0], s.gateSigs[1]) = (s.gateSigs[1], s.gateSigs[0]);
        refused(abi.encodeWithSelector(IMediaRegistry.NotAscending.selector, gate(1), gate(0)));
        send(s);
    }

    function test_refuses_whoever_is_no_gate() external {
        Submission memory s = submission(ALICE, DIGEST);
        sign(s, ALICE, keys(2, 2)); // the fourth is not in office
        refused(abi.encodeWithSelector(IMediaRegistry.NotAGate.selector, gate(3)));
        send(s);
    }

    function test_refuses_a_gate_whose_term_ended() external {
        Submission memory s = submission(ALICE, DIGEST);
        vm.prank(GUARDIAN);
        registry.endGate(gate(1), 0);
        refused(abi.encodeWithSelector(IMediaRegistry.NotAGate.selector, gate(1)));
        send(s);
    }

    function test_refuses_a_high_s() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.gateSigs[1] = _mirrored(s.gateSigs[1]);
        refused(abi.encodeWithSelector(IMediaRegistry.GateSignatureInvalid.selector, 1));
        send(s);
        sign(s, ALICE, keys(0, 2));
        s.intentSig = _mirrored(s.intentSig);
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        send(s);
    }

    function testFuzz_refuses_what_is_no_signature(bytes memory junk) external {
        vm.assume(junk.length != 65);
        Submission memory s = submission(ALICE, DIGEST);
        s.gateSigs[0] = junk;
        refused(abi.encodeWithSelector(IMediaRegistry.GateSignatureInvalid.selector, 0));
        send(s);
    }

    /// @dev `ecrecover` answers the zero address to a v that is neither 27 nor 28.
    function test_refuses_the_zero_address_as_signer() external {
        Submission memory s = submission(ALICE, DIGEST);
        s.gateSigs[0] = abi.encodePacked(bytes32(uint256(1)), bytes32(uint256(1)), uint8(29));
        refused(abi.encodeWithSelector(IMediaRegistry.GateSignatureInvalid.selector, 0));
        send(s);
    }

    function testFuzz_refuses_bands_that_are_none(uint8 band, bool reviewed) external {
        vm.assume(band > 4 && (!reviewed || band != 255));
        Submission memory s = submission(ALICE, DIGEST);
        s.a.levels = UPLOADER_LEVEL | (reviewed ? REVIEWER_LEVEL : GATE_LEVEL);
        s.o[1].band = band;
        signVerdicts(domain(), s, keys(0, 2));
        refused(abi.encodeWithSelector(IMediaRegistry.BandInvalid.selector, 1, band));
        send(s);
    }

    function test_refuses_the_bands_next_to_those_that_are_known() external {
        uint8[3] memory bands = [5, 254, 255];
        for (uint256 k = 0; k < 3; ++k) {
            Submission memory s = submission(ALICE, DIGEST);
            s.o[0].band = bands[k];
            signVerdicts(domain(), s, keys(0, 2));
            refused(abi.encodeWithSelector(IMediaRegistry.BandInvalid.selector, 0, bands[k]));
            send(s);
        }
    }

    function testFuzz_takes_every_band_and_not_judged_without_level_gate(uint8 band) external {
        Submission memory s = submission(ALICE, DIGEST);
        s.o[0].band = band % 6 == 5 ? 255 : band % 6;
        if (s.o[0].band == 255) s.a.levels = UPLOADER_LEVEL;
        signVerdicts(domain(), s, keys(0, 2));
        send(s);
    }

    // ------------------------------------------------------------------------------------------- what it leaves

    function testFuzz_keeps_and_tells_what_was_admitted(uint256 seed, bytes32 digest, bytes32 content) external {
        Submission memory s = submission(ALICE, digest);
        s.a.contentHash = content;
        s.a.kind = uint8(between(seed, 1, 2)) | (seed & 4 != 0 ? 0x80 : 0);
        s.a.levels = UPLOADER_LEVEL | [0, 1, 4, 8, 9, 12][seed % 6];
        s.a.earnsReputation = seed & 8 != 0;
        s.i.visibility = IMediaRegistry.Visibility(seed / 16 % 2);
        sign(s, ALICE, keys(0, between(seed, 2, 3)));
        bool isPrivate = seed / 16 % 2 == 1;

        vm.expectEmit(address(registry));
        emit IMediaRegistry.MediaRegistered(digest, alice, STRANGER, s.a, s.i.visibility, s.i.claimsHash);
        for (uint256 k = 0; k < s.o.length; ++k) {
            vm.expectEmit(address(registry));
            emit IMediaRegistry.OpinionRecorded(digest, gate(k), s.o[k]);
        }
        vm.recordLogs();
        vm.prank(STRANGER);
        send(s);

        uint256 logs = vm.getRecordedLogs().length;
        same(logs, 1 + s.o.length + (isPrivate ? 0 : 1), "events");
        _kept(s, isPrivate);
        isTrue(registry.isNonceSpent(alice, s.i.nonce), "the nonce is spent");
        counted(1, 0, 0);
        same(scoreOf(alice), 2000, "nothing has settled");
        vm.warp(START + 8 days);
        same(scoreOf(alice), s.a.earnsReputation ? 3324 : 2000, "an acceptance has settled if it earns");
    }

    function testFuzz_a_public_record_commits_to_its_cid(bytes32 content, bool dagPb) external {
        Submission memory s = submission(ALICE, DIGEST);
        (s.a.contentHash, s.a.kind) = (content, dagPb ? 0x82 : 2);
        sign(s, ALICE, keys(0, 2));
        string memory cid = SlowCid.text(content, dagPb);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.Commit(address(this), cid, string.concat('{"assetCid":"', cid, '"}'));
        send(s);
    }

    function _kept(Submission memory s, bool isPrivate) private view {
        (address uploader, uint40 time, uint32 number, uint8 kind, uint8 levels, IMediaRegistry.Standing standing) =
            registry.recordOf(s.a.digest);
        same(uploader, s.a.uploader, "uploader");
        same(time, START, "time");
        same(number, 1000, "block");
        same(kind, s.a.kind + (isPrivate ? 0x40 : 0), "kind");
        same(levels, s.a.levels + (s.a.earnsReputation ? 0x80 : 0), "levels");
        isTrue(standing == IMediaRegistry.Standing.ACTIVE, "standing");
    }

    function _refusedAfterSigning(Submission memory s, bytes memory err) private {
        sign(s, ALICE, keys(0, 2));
        refused(err);
        send(s);
    }

    /// @dev The other signature of the same words by the same key, with s in the upper half.
    function _mirrored(bytes memory sig) private pure returns (bytes memory) {
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141; // SEC 2, section 2.4.1
        (bytes32 r, uint256 s) = abi.decode(sig, (bytes32, uint256));
        return abi.encodePacked(r, order - s, uint8(sig[64]) == 27 ? uint8(28) : uint8(27));
    }
}
