// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {Stage, Submission} from "./Stage.sol";
import {vm} from "./Vm.sol";
import {Wallet} from "./Wallets.sol";

/// @notice Law: no verdict, intent, statement, rotation or tally works on another installation, chain, contract or
/// subject. And the wallets that are contracts.
contract ReplayTest is Stage {
    bytes32 private constant OTHER = keccak256("another file");

    // ----------------------------------------------------------------------------------------------- elsewhere

    function testFuzz_verdicts_are_good_in_one_domain(uint256 which, uint256 seed) external {
        Submission memory s = submission(ALICE, DIGEST);
        signVerdicts(_elsewhere(which, seed), s, keys(0, 2));
        _refusedByGates(s);
    }

    function testFuzz_intents_are_good_in_one_domain(uint256 which, uint256 seed) external {
        Submission memory s = submission(ALICE, DIGEST);
        s.intentSig = Signing.sign(ALICE, Signing.intent(_elsewhere(which, seed), s.i));
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        send(s);
    }

    function testFuzz_statements_are_good_in_one_domain(uint256 which, uint256 seed) external {
        registered(ALICE, DIGEST);
        (IMediaRegistry.Statement memory s,) = statement(ALICE, DIGEST, IMediaRegistry.Act.REVOKE, 0);
        bytes memory sig = Signing.sign(ALICE, Signing.statement(_elsewhere(which, seed), s));
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        registry.makeStatement(s, sig);
    }

    function testFuzz_rotations_are_good_in_one_domain(uint256 which, uint256 seed, bool first) external {
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(alice, bob, fresh(), FAR);
        (bytes32 here, bytes32 there) = (Signing.rotation(domain(), r), Signing.rotation(_elsewhere(which, seed), r));
        bytes memory one = Signing.sign(ALICE, first ? there : here);
        bytes memory two = Signing.sign(BOB, first ? here : there);
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, first ? alice : bob));
        registry.rotateKey(r, one, two);
    }

    function testFuzz_tallies_are_good_in_one_domain(uint256 which, uint256 seed) external {
        IMediaRegistry.EpochClose memory e = closing(START / 1 days - 1, 1);
        e.tallies[0] = IMediaRegistry.Tally(alice, 3);
        bytes[] memory sigs = new bytes[](2);
        bytes32 there = Signing.close(_elsewhere(which, seed), e);
        for (uint256 k = 0; k < 2; ++k) sigs[k] = Signing.sign(gateKeys[k], there);
        try registry.closeEpoch(e, sigs) {
            isTrue(false, "a tally from elsewhere counted");
        } catch (bytes memory err) {
            isTrue(bytes4(err) == IMediaRegistry.NotAGate.selector, "refused as signed by no gate");
        }
    }

    /// @dev After a fork of the chain, what is signed is good on the branch whose id it names.
    function test_follows_the_chain_id_of_a_fork() external {
        Submission memory s = submission(ALICE, DIGEST);
        vm.chainId(CHAIN + 1);
        _refusedByGates(s);
        signIn(Signing.Domain(CHAIN + 1, address(registry), INSTANCE), s, ALICE, keys(0, 2));
        send(s);
    }

    // ------------------------------------------------------------------------------------- another subject

    function testFuzz_a_verdict_is_about_what_it_says(uint256 field, uint256 seed) external {
        Submission memory s = submission(ALICE, DIGEST);
        IMediaRegistry.Admission memory a = s.a;
        field %= 13;
        if (field == 0) (a.digest, s.i.digest) = (_other(a.digest, seed), _other(a.digest, seed));
        if (field == 1) a.fingerprintHash = _other(a.fingerprintHash, seed);
        if (field == 2) a.contentHash = _other(a.contentHash, seed);
        if (field == 3) a.kind = seed % 2 == 0 ? 2 : 0x81;
        if (field == 4) (a.uploader, s.i.uploader) = (bob, bob);
        if (field == 5) a.policyId = _other(a.policyId, seed);
        if (field == 6) a.levels = seed % 2 == 0 ? 2 : 11;
        if (field == 7) a.earnsReputation = false;
        if (field == 8) a.deadline -= uint64(between(seed, 1, START / 2));
        if (field == 9) s.o[1].modelId = _other(s.o[1].modelId, seed);
        if (field == 10) s.o[1].band = 4;
        if (field == 11) s.o[1].thresholdBps ^= uint16(between(seed, 1, 65_535));
        if (field == 12) s.o[1].issuedAt ^= uint64(between(seed, 1, type(uint64).max));
        s.intentSig = Signing.sign(field == 4 ? BOB : ALICE, Signing.intent(domain(), s.i));
        _refusedByGates(s);
    }

    function testFuzz_an_intent_is_about_what_it_says(uint256 field, uint256 seed) external {
        Submission memory s = submission(ALICE, DIGEST);
        field %= 5;
        if (field == 0) (s.a.digest, s.i.digest) = (_other(DIGEST, seed), _other(DIGEST, seed));
        if (field == 1) s.i.visibility = IMediaRegistry.Visibility.PRIVATE;
        if (field == 2) s.i.claimsHash = _other(s.i.claimsHash, seed);
        if (field == 3) s.i.nonce ^= between(seed, 1, type(uint256).max - 1);
        if (field == 4) s.i.deadline -= uint64(between(seed, 1, START / 2));
        signVerdicts(domain(), s, keys(0, 2));
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        send(s);
    }

    function testFuzz_a_statement_is_about_what_it_says(uint256 field, uint256 seed) external {
        registered(ALICE, DIGEST);
        registered(ALICE, OTHER);
        (IMediaRegistry.Statement memory s, bytes memory sig) = statement(ALICE, DIGEST, IMediaRegistry.Act.REVOKE, 0);
        field %= 5;
        if (field == 0) s.digest = OTHER;
        if (field == 1) s.act = IMediaRegistry.Act.RETRACT;
        if (field == 2) s.detail = _other(0, seed);
        if (field == 3) s.nonce ^= between(seed, 1, type(uint256).max - 1);
        if (field == 4) s.deadline -= uint64(between(seed, 1, START / 2));
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, alice));
        registry.makeStatement(s, sig);
    }

    function testFuzz_a_tally_is_about_what_it_says(uint256 field, uint256 seed) external {
        IMediaRegistry.EpochClose memory e = closing(START / 1 days - 1, 1);
        e.tallies[0] = IMediaRegistry.Tally(alice, 3);
        bytes[] memory sigs = closeSigs(e, keys(0, 2));
        field %= 5;
        if (field == 0) e.epoch -= uint32(between(seed, 1, 2));
        if (field == 1) e.rejectionRoot = _other(e.rejectionRoot, seed);
        if (field == 2) e.tallies[0].uploader = bob;
        if (field == 3) e.tallies[0].count ^= uint32(between(seed, 1, type(uint32).max));
        if (field == 4) e.deadline -= uint64(between(seed, 1, START / 2));
        try registry.closeEpoch(e, sigs) {
            isTrue(false, "a changed tally counted");
        } catch (bytes memory err) {
            isTrue(bytes4(err) == IMediaRegistry.NotAGate.selector, "refused as signed by no gate");
        }
    }

    // --------------------------------------------------------------------------------------------- EIP-1271

    function test_takes_the_word_of_a_wallet_that_says_yes_and_not_of_one_that_says_no() external {
        Wallet wallet = new Wallet();
        Submission memory s = submission(ALICE, DIGEST);
        (s.a.uploader, s.i.uploader) = (address(wallet), address(wallet));
        signVerdicts(domain(), s, keys(0, 2));
        s.intentSig = hex"01";
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, address(wallet)));
        send(s);
        wallet.approve(Signing.intent(domain(), s.i));
        send(s);

        IMediaRegistry.Statement memory st =
            IMediaRegistry.Statement(DIGEST, address(wallet), IMediaRegistry.Act.REVOKE, 0, fresh(), FAR);
        refused(abi.encodeWithSelector(IMediaRegistry.SignatureInvalid.selector, address(wallet)));
        registry.makeStatement(st, hex"01");
        wallet.approve(Signing.statement(domain(), st));
        registry.makeStatement(st, hex"01");
    }

    function _elsewhere(uint256 which, uint256 seed) private view returns (Signing.Domain memory d) {
        d = domain();
        which %= 3;
        if (which == 0) d.chainId ^= between(seed, 1, type(uint64).max);
        if (which == 1) d.place = address(uint160(d.place) ^ uint160(between(seed, 1, type(uint160).max)));
        if (which == 2) d.salt = _other(d.salt, seed);
    }

    function _other(bytes32 value, uint256 seed) private pure returns (bytes32) {
        return value ^ bytes32(between(seed, 1, type(uint256).max - 1));
    }

    /// @dev Over other words a signature recovers to some other account; which one is as good as random.
    function _refusedByGates(Submission memory s) private {
        try registry.register(s.a, s.o, s.gateSigs, s.i, s.intentSig) {
            isTrue(false, "a verdict over other words counted");
        } catch (bytes memory err) {
            isTrue(bytes4(err) == IMediaRegistry.NotAGate.selector, "refused as signed by no gate");
        }
    }
}
