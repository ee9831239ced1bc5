// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Chronicle} from "./Chronicle.sol";
import {Claims} from "./Claims.sol";
import {Handler} from "./Handler.sol";
import {TreeActs} from "./TreeActs.sol";
import {vm} from "./Vm.sol";

/**
 * @notice The laws on top of `IMediaRegistry`, after every act of a random history.
 *
 * Three of them are kept by the acts themselves, see `Handler` and `Chronicle`: at most one record per digest; only
 * what a quorum in office signed becomes a record; a pause stops writes. The reads here go on during a pause. That
 * signatures are worth nothing elsewhere is `Replay.t.sol`.
 */
contract LawsTest is Claims {
    struct FuzzSelector { address addr; bytes4[] selectors; }

    Handler private _handler;
    Chronicle private _chronicle;
    IMediaRegistry private _registry;

    function setUp() external {
        _handler = new Handler();
        _handler.setUp();
        (_chronicle, _registry) = (_handler.chronicle(), _handler.theRegistry());
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _acts());
    }

    /// @dev One campaign for all laws: forge would run one for each function.
    function invariant_laws() external {
        vm.warp(_handler.nowIs());
        _everyRecordIsAsTheEventsSay();
        _theCountsAreWhatTheEventsGive();
        _everyBatchAndTallyIsAsTheEventsSay();
        _everyWeiIsABondOrACredit();
        _everyGateIsAsTheEventsSay();
        _reputationIsAFunctionOfTheEvents();
    }

    function _everyRecordIsAsTheEventsSay() private view {
        for (uint256 k = 0; k < _chronicle.total(); ++k) {
            bytes32 digest = _chronicle.digests(k);
            _recordIsAsTheEventsSay(digest);
            _disputeIsAsTheEventsSay(digest);
        }
    }

    function _recordIsAsTheEventsSay(bytes32 digest) private view {
        (address uploader, uint40 time, uint32 number, uint8 kind, uint8 levels, IMediaRegistry.Standing standing) =
            _registry.recordOf(digest);
        bytes32 kept = keccak256(abi.encode(uploader, time, number, kind, levels, standing));
        (address u, uint256 a, uint256 n, uint8 kd, uint8 l, IMediaRegistry.Standing s,,,) = _chronicle.entries(digest);
        same(kept, keccak256(abi.encode(u, a, n, kd, l, s)), "nothing of a record changes but its standing");
    }

    function _disputeIsAsTheEventsSay(bytes32 digest) private view {
        (address by, uint40 openedAt, uint8 doublings,) = _registry.disputeOf(digest);
        (,,,,,, address challenger, uint256 opened, uint256 bond) = _chronicle.entries(digest);
        same(by, challenger, "challenger");
        same(openedAt, opened, "when the challenge was made");
        if (by != address(0)) same(uint256(_registry.disputeBond()) << doublings, bond, "bond");
    }

    function _theCountsAreWhatTheEventsGive() private view {
        (uint64 active, uint64 disputed, uint64 revoked) = _registry.counts();
        same(active, _chronicle.counts(IMediaRegistry.Standing.ACTIVE), "active");
        same(disputed, _chronicle.counts(IMediaRegistry.Standing.DISPUTED), "disputed");
        same(revoked, _chronicle.counts(IMediaRegistry.Standing.REVOKED), "revoked");
        same(uint256(active) + disputed + revoked, _chronicle.total(), "each record is in exactly one standing");
    }

    function _everyBatchAndTallyIsAsTheEventsSay() private view {
        for (uint256 k = 0; k < _chronicle.totalBatches(); ++k) {
            bytes32 root = _chronicle.batchRoots(k);
            (uint40 time, uint32 number, uint32 count) = _registry.batchOf(root);
            (uint256 t, uint256 n, uint256 c) = _chronicle.batches(root);
            same(keccak256(abi.encode(time, number, count)), keccak256(abi.encode(t, n, c)), "batch");
        }
        for (uint256 k = 0; k < _chronicle.totalTallies(); ++k) {
            (uint256 epoch, address name) = _chronicle.tally(k);
            (address by, uint40 openedAt, uint8 doublings, uint16 left) =
                _registry.tallyDisputeOf(uint32(epoch), name);
            (address b, uint256 o, uint256 l, uint256 bond) = _chronicle.tallied(epoch, name);
            same(keccak256(abi.encode(by, openedAt, left)), keccak256(abi.encode(b, o, l)), "tally");
            if (bond != 0) same(uint256(_registry.disputeBond()) << doublings, bond, "bond of a tally's dispute");
        }
    }

    function _everyWeiIsABondOrACredit() private view {
        same(address(_registry).balance, _chronicle.held(), "every wei is a bond of an open dispute or a credit");
        for (uint256 k = 0; k < 8; ++k) {
            address name = _handler.nameOf(k);
            same(_registry.creditOf(name), _chronicle.credits(name), "credit");
        }
    }

    function _everyGateIsAsTheEventsSay() private view {
        same(_registry.threshold(), _chronicle.threshold(), "threshold");
        for (uint256 k = 0; k < 8; ++k) {
            address gate = _handler.gateOf(k);
            (uint40 from, uint40 until, uint40 since) = _registry.gateTermOf(gate);
            (uint256 f, uint256 u, uint256 s) = _chronicle.terms(gate);
            same(keccak256(abi.encode(from, until, since)), keccak256(abi.encode(f, u, s)), "term");
            isTrue(_registry.isGate(gate) == _chronicle.inOffice(gate), "in office");
        }
    }

    function _reputationIsAFunctionOfTheEvents() private view {
        for (uint256 k = 0; k < 8; ++k) {
            address name = _handler.nameOf(k);
            same(_registry.holderOf(name), _chronicle.holderOf(name), "who answers for a name");
            (uint16 score, uint64 evidence, uint32 open, uint8 strikes, uint32 day) = _registry.reputationOf(name);
            (uint256 exact, uint256 mass, uint256 o, uint256 s, uint256 d) = _chronicle.reputationOf(name);
            atMost(score, exact, "no rounding is in the uploader's favour");
            atMost(exact, uint256(score) + 1, "nor against it by more than a basis point");
            atMost(mass, evidence + 1000, "evidence");
            atMost(evidence, mass + 1000, "evidence");
            same(keccak256(abi.encode(open, strikes, day)), keccak256(abi.encode(o, s, d)), "open, strikes, last fraud");
        }
    }

    /// @dev That the laws are not kept by nothing ever happening: in sixteen such histories everything happens.
    function test_everything_happens() external {
        string[26] memory whats = [
            "register", "withdraw", "revoke", "supersede", "derive", "attest", "review", "retract", "dispute", "rule",
            "pay", "pay nothing", "close", "ask", "veto", "rotate", "add gate", "end gate", "threshold", "pause", "go on",
            "batch", "unfold", "ask to see", "prove", "give up"
        ];
        uint256[26] memory times;
        for (uint256 k = 0; k < 16; ++k) {
            _live(k);
            for (uint256 j = 0; j < 26; ++j) times[j] += _handler.done(whats[j]);
            this.setUp();
        }
        for (uint256 j = 0; j < 26; ++j) atMost(1, times[j], string.concat("happened: ", whats[j]));
    }

    function _live(uint256 life) private {
        bytes4[] memory acts = _acts();
        for (uint256 k = 0; k < 200; ++k) {
            uint256 number = uint256(keccak256(abi.encode(life, k)));
            (bool ok, bytes memory err) = address(_handler).call(abi.encodeWithSelector(acts[k % 20], number));
            if (!ok) assembly ("memory-safe") { revert(add(err, 32), mload(err)) }
        }
        this.invariant_laws();
    }

    function _acts() private pure returns (bytes4[] memory acts) {
        acts = new bytes4[](20);
        acts[0] = Handler.passTime.selector;
        acts[1] = Handler.register.selector;
        acts[2] = Handler.makeStatement.selector;
        acts[3] = Handler.challengeRecord.selector;
        acts[4] = Handler.ruleOnRecord.selector;
        acts[5] = Handler.withdrawCredit.selector;
        acts[6] = TreeActs.closeEpoch.selector;
        acts[7] = Handler.rotateKey.selector;
        acts[8] = Handler.completeKeyRotation.selector;
        acts[9] = Handler.changeGates.selector;
        acts[10] = Handler.pauseOrGoOn.selector;
        acts[11] = Handler.withdrawIntent.selector;
        acts[12] = Handler.register.selector;
        acts[13] = Handler.passTime.selector;
        acts[14] = TreeActs.registerBatch.selector;
        acts[15] = TreeActs.unfold.selector;
        acts[16] = TreeActs.closeEpoch.selector;
        acts[17] = TreeActs.disputeTally.selector;
        acts[18] = TreeActs.answerTally.selector;
        acts[19] = TreeActs.unfold.selector;
    }
}
