// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Forest} from "./Forest.sol";
import {Signing} from "./Signing.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";
import {Wallet} from "./Wallets.sol";

/// @notice `disputeTally` and `answerTally`: rejections that are asked for must be shown.
contract TallyTest is Forest {
    uint32 private constant EPOCH = uint32(START / 1 days - 1);

    /// @dev Yesterday's epoch: rejections of Alice's in the tally, and five in the tree.
    function setUp() public override {
        super.setUp();
        _close(EPOCH, 4, 0);
    }

    // ------------------------------------------------------------------------------------------ what is refused

    function test_refuses_a_pause_but_not_an_answer() external {
        stop();
        refusedWhilePaused();
        registry.disputeTally(EPOCH, alice);
        vm.prank(ADMIN);
        (bool ok,) = address(registry).call(abi.encodeWithSignature("unpause()"));
        isTrue(ok, "goes on");
        _dispute();
        stop();
        _answer(4);
    }

    function testFuzz_refuses_whoever_is_not_the_uploader(address by) external {
        vm.assume(by != alice);
        vm.prank(by);
        refused(abi.encodeWithSelector(IMediaRegistry.NotUploader.selector, by));
        registry.disputeTally(EPOCH, alice);
    }

    function testFuzz_refuses_any_other_value_than_the_bond(uint96 value) external {
        vm.assume(value != BOND);
        vm.deal(alice, value);
        vm.prank(alice);
        refused(abi.encodeWithSelector(IMediaRegistry.BondMismatch.selector, BOND, value));
        registry.disputeTally{value: value}(EPOCH, alice);
    }

    function testFuzz_refuses_where_there_are_no_open_rejections(uint32 epoch) external {
        vm.assume(epoch != EPOCH);
        _disputeRefused(epoch);
    }

    /// @dev A ring of eight days has one cell for all of these.
    function testFuzz_refuses_another_epoch_of_the_same_cell(uint32 weeks_) external {
        uint256 epoch = uint256(EPOCH) % 8 + uint256(weeks_) * 8;
        vm.assume(epoch != EPOCH && epoch <= type(uint32).max);
        _disputeRefused(uint32(epoch));
    }

    function test_refuses_what_has_settled_and_not_a_second_before() external {
        vm.warp((uint256(EPOCH) + 8) * 1 days);
        _disputeRefused(EPOCH);
        vm.warp((uint256(EPOCH) + 8) * 1 days - 1);
        _dispute();
    }

    function test_refuses_a_second_dispute_for_ever() external {
        _dispute();
        _disputeRefused(EPOCH);
        _answer(4);
        _disputeRefused(EPOCH);
    }

    function test_refuses_an_answer_that_nobody_asked_for() external {
        refused(_noTally());
        registry.answerTally(EPOCH, alice, new IMediaRegistry.Opening[](0));
        _dispute();
        _answer(4);
        refused(_noTally());
        registry.answerTally(EPOCH, alice, new IMediaRegistry.Opening[](0));
    }

    function testFuzz_refuses_an_opening_that_is_not_in_the_tree(uint8 which, uint8 part, uint256 seed) external {
        _dispute();
        IMediaRegistry.Opening[] memory o = openingsOf(ALICE, 5, 4);
        IMediaRegistry.Opening memory bad = o[which % 4];
        bytes32 other = bytes32(between(seed, 1, type(uint256).max - 1));
        if (part % 3 == 0) bad.detailHash ^= other;
        if (part % 3 == 1) bad.salt ^= other;
        if (part % 3 == 2) bad.path[0] ^= other;
        bytes32 leaf = Signing.refused(domain(), alice, bad.intentHash, bad.detailHash, bad.salt);
        refused(abi.encodeWithSelector(IMediaRegistry.PathInvalid.selector, leaf));
        registry.answerTally(EPOCH, alice, o);
    }

    function test_refuses_a_signature_of_anothers_or_over_another_intent() external {
        _dispute();
        IMediaRegistry.Opening[] memory o = openingsOf(ALICE, 5, 4);
        bytes memory own = o[1].intentSig;
        o[1].intentSig = o[0].intentSig;
        _signatureRefused(o);
        o[1].intentSig = Signing.sign(BOB, Signing.intent(domain(), wishOf(ALICE, 0)));
        _signatureRefused(o);
        o[1].intentSig = own;
        registry.answerTally(EPOCH, alice, o);
    }

    function testFuzz_refuses_openings_out_of_order_or_twice(uint8 place, bool twice) external {
        _dispute();
        IMediaRegistry.Opening[] memory o = openingsOf(ALICE, 5, 5);
        uint256 k = between(place, 1, 4);
        if (twice) o[k] = o[k - 1];
        else (o[k], o[k - 1]) = (o[k - 1], o[k]);
        refused(abi.encodeWithSelector(IMediaRegistry.OpeningsNotAscending.selector, k));
        registry.answerTally(EPOCH, alice, o);
    }

    function testFuzz_refuses_too_few_for_three_days(uint8 shown, uint32 later) external {
        _dispute();
        IMediaRegistry.Opening[] memory o = openingsOf(ALICE, 5, shown % 4);
        vm.warp(START + later % 3 days);
        refused(abi.encodeWithSelector(IMediaRegistry.AnswerPending.selector, START + 3 days));
        registry.answerTally(EPOCH, alice, o);
    }

    // ------------------------------------------------------------------------------------------- what comes of it

    function test_what_is_disputed_counts_no_longer() external {
        vm.expectEmit(address(registry));
        emit IMediaRegistry.TallyDisputed(EPOCH, alice, alice, 4);
        _dispute();
        _isKept(4);
        same(address(registry).balance, BOND, "the bond is held");
        vm.warp(START + 8 days);
        same(scoreOf(alice), 2000, "nothing counts");
    }

    function testFuzz_what_is_proven_counts_again_and_costs_the_bond(uint32 later, bool more) external {
        _dispute();
        vm.warp(START + later % 6 days);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.TallyAnswered(EPOCH, alice, 4);
        _answer(more ? 5 : 4);
        same(registry.creditOf(operator), BOND, "to the operator");
        same(registry.bondOf(alice), 2 * BOND, "doubled");
        _isKept(0);
        vm.warp((uint256(EPOCH) + 8) * 1 days);
        same(scoreOf(alice), 1668, "1 / (5 + 0.9923)");
    }

    function testFuzz_what_is_not_proven_never_counts(uint8 shown) external {
        uint256 count = shown % 4;
        _dispute();
        vm.warp(START + 3 days);
        vm.expectEmit(address(registry));
        emit IMediaRegistry.TallyAnswered(EPOCH, alice, uint16(count));
        _answer(count);
        same(registry.creditOf(alice), BOND, "back");
        same(registry.creditOf(operator), 0, "to nobody else");
        same(registry.bondOf(alice), BOND, "not doubled");
        vm.warp((uint256(EPOCH) + 8) * 1 days);
        (, uint64 evidence,,,) = registry.reputationOf(alice);
        atMost(evidence, count * 250_000, "a quarter for each that was proven");
        atMost(count * 248_000, evidence, "and no less");
    }

    function test_a_proof_after_its_day_has_settled_counts_as_soon_as_may_be() external {
        _dispute();
        vm.warp(START + 30 days);
        _answer(4);
        same(scoreOf(alice), 2000, "not today");
        vm.warp(START + 31 days);
        same(scoreOf(alice), 1668, "tomorrow");
    }

    function test_asks_for_256_proofs_at_most() external {
        _close(EPOCH + 1, 16_383, 1);
        vm.deal(alice, BOND);
        vm.prank(alice);
        registry.disputeTally{value: BOND}(EPOCH + 1, alice);
        (,,, uint16 rejections) = registry.tallyDisputeOf(EPOCH + 1, alice);
        same(rejections, 256, "what one transaction can prove");
        _close(EPOCH + 2, 256, 2);
        vm.deal(alice, BOND);
        vm.prank(alice);
        registry.disputeTally{value: BOND}(EPOCH + 2, alice);
        (,,, rejections) = registry.tallyDisputeOf(EPOCH + 2, alice);
        same(rejections, 256, "all of them");
    }

    function test_each_lost_challenge_doubles_the_next() external {
        _dispute();
        _answer(4);
        _close(EPOCH + 1, 1, 1);
        vm.deal(alice, 3 * BOND);
        vm.prank(alice);
        registry.disputeTally{value: 2 * BOND}(EPOCH + 1, alice);
        registry.answerTally(EPOCH + 1, alice, openingsOf(ALICE, 5, 1));
        same(registry.creditOf(operator), 3 * BOND, "both bonds");
        same(registry.bondOf(alice), 4 * BOND, "doubled twice");
        vm.prank(operator);
        registry.withdrawCredit();
        same(address(registry).balance, 0, "nothing else was held");
    }

    function test_goes_on_under_a_new_key_and_concerns_both_names() external {
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), FAR);
        bytes32 hash = Signing.rotation(domain(), r);
        registry.rotateKey(r, Signing.sign(ALICE, hash), Signing.sign(BOB, hash));
        vm.warp(START + 6 days);
        _dispute();
        vm.warp(START + 7 days);
        registry.completeKeyRotation(alice);
        _answer(4);
        same(registry.bondOf(alice), 2 * BOND, "who challenged lost");
        vm.warp(START + 8 days);
        same(scoreOf(bob), 1668, "counts for who has the name");
    }

    /// @dev Else a name that was given up would be a place to dispute what nobody can prove there.
    function test_takes_out_no_other_names_rejections() external {
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), FAR);
        bytes32 hash = Signing.rotation(domain(), r);
        registry.rotateKey(r, Signing.sign(ALICE, hash), Signing.sign(BOB, hash));
        vm.warp(START + 7 days);
        registry.completeKeyRotation(alice);
        vm.warp(START + 8 days);
        uint32 day = EPOCH + 8;
        IMediaRegistry.EpochClose memory e = closing(day, 2);
        (e.tallies[0], e.tallies[1]) = (IMediaRegistry.Tally(alice, 1), IMediaRegistry.Tally(bob, 3));
        if (bob < alice) (e.tallies[0], e.tallies[1]) = (e.tallies[1], e.tallies[0]);
        registry.closeEpoch(e, closeSigs(e, keys(0, 2)));
        vm.deal(bob, BOND);
        vm.prank(bob);
        registry.disputeTally{value: BOND}(day, alice);
        (,,, uint16 rejections) = registry.tallyDisputeOf(day, alice);
        same(rejections, 1, "its own");
        (,,, rejections) = registry.tallyDisputeOf(day, bob);
        same(rejections, 3, "the other name's are as they were");
        vm.warp((uint256(day) + 8) * 1 days);
        (, uint64 evidence,,,) = registry.reputationOf(bob);
        atMost(930_000 + 740_000, evidence, "and count, beside the four of the first epoch");
    }

    /// @dev The sharp edge of EIP-1271: a wallet may unsay what it signed.
    function test_a_wallet_that_unsays_its_signature_cannot_be_proven_against() external {
        Wallet wallet = new Wallet();
        IMediaRegistry.UploadIntent memory wish = wishOf(ALICE, 0);
        wish.uploader = address(wallet);
        bytes32 intent = Signing.intentStruct(wish);
        IMediaRegistry.EpochClose memory e = closing(EPOCH - 1, 1);
        e.rejectionRoot = Signing.refused(domain(), address(wallet), intent, DETAIL, 0);
        e.tallies[0] = IMediaRegistry.Tally(address(wallet), 1);
        registry.closeEpoch(e, closeSigs(e, keys(0, 2)));
        vm.deal(address(wallet), BOND);
        vm.prank(address(wallet));
        registry.disputeTally{value: BOND}(EPOCH - 1, address(wallet));
        IMediaRegistry.Opening[] memory o = new IMediaRegistry.Opening[](1);
        o[0] = IMediaRegistry.Opening(intent, DETAIL, 0, hex"01", new bytes32[](0));
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, address(wallet)));
        registry.answerTally(EPOCH - 1, address(wallet), o);
        wallet.approve(Signing.intent(domain(), wish));
        registry.answerTally(EPOCH - 1, address(wallet), o);
    }

    // -------------------------------------------------------------------------------------------------- inside

    /// @dev An epoch with five rejections in its tree, closed that many days from the start.
    function _close(uint32 epoch, uint32 rejections, uint256 daysLater) private {
        vm.warp(START + daysLater * 1 days);
        IMediaRegistry.EpochClose memory e = closing(epoch, 1);
        e.rejectionRoot = Trees.root(refusedLeaves(ALICE, 5));
        e.tallies[0] = IMediaRegistry.Tally(alice, rejections);
        registry.closeEpoch(e, closeSigs(e, keys(0, 2)));
    }

    function _dispute() private {
        vm.deal(alice, BOND);
        vm.prank(alice);
        registry.disputeTally{value: BOND}(EPOCH, alice);
    }

    function _answer(uint256 shown) private {
        registry.answerTally(EPOCH, alice, openingsOf(ALICE, 5, shown));
    }

    function _isKept(uint16 rejections) private view {
        (address by, uint40 openedAt, uint8 doublings, uint16 left) = registry.tallyDisputeOf(EPOCH, alice);
        bytes32 got = keccak256(abi.encode(by, openedAt, doublings, left));
        same(got, keccak256(abi.encode(alice, START, 0, rejections)), "the dispute");
    }

    function _disputeRefused(uint32 epoch) private {
        uint256 bond = registry.bondOf(alice);
        vm.deal(alice, bond);
        vm.prank(alice);
        refused(abi.encodeWithSelector(IMediaRegistry.NoTally.selector, epoch, alice));
        registry.disputeTally{value: bond}(epoch, alice);
    }

    function _signatureRefused(IMediaRegistry.Opening[] memory o) private {
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        registry.answerTally(EPOCH, alice, o);
    }

    function _noTally() private view returns (bytes memory) {
        return abi.encodeWithSelector(IMediaRegistry.NoTally.selector, EPOCH, alice);
    }
}
