// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Signing} from "./Signing.sol";
import {Submission} from "./Stage.sol";
import {TreeActs} from "./TreeActs.sol";
import {vm} from "./Vm.sol";

/**
 * @notice Everybody who acts on a registry, well and badly, as the fuzzer's numbers say.
 *
 * Before each act it is worked out from the chronicle alone whether it must succeed; an act that goes otherwise is a
 * broken law. Each number is cut into bits: what is drawn from one place is not drawn from it again.
 */
contract Handler is TreeActs {
    mapping(address => mapping(uint256 => bool)) private _spent;

    // --------------------------------------------------------------------------------------------------- time

    function passTime(uint256 number) external {
        uint256 seed = _mixed(number);
        uint256 how = seed % 16;
        nowIs += how < 10 ? (seed >> 8) % 6 hours : how < 15 ? (seed >> 8) % 9 days : (seed >> 8) % 60 days;
        vm.warp(nowIs);
        vm.recordLogs();
        chronicle.read(vm.getRecordedLogs()); // so that its books are of today
    }

    // ------------------------------------------------------------------------------------------------ registering

    function register(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        uint256 key = _keys[seed % 8];
        uint256 file = (seed >> 8) % 32;
        bytes32 digest = (seed >> 56) % 4 == 0 ? fileOf(key, file % 16).digest : keccak256(abi.encode("file", file));
        Submission memory s = submission(key, digest);
        uint256 fault = (seed >> 16) % 16;
        s.a.earnsReputation = (seed >> 24) % 4 != 0;
        s.a.kind = [1, 2, 0x81, 0x82][(seed >> 28) % 4];
        s.i.visibility = IMediaRegistry.Visibility((seed >> 32) % 2);
        if (fault == 0) s.i.nonce = (seed >> 36) % 16;
        if (fault == 1) s.a.deadline = uint64(nowIs - 1);
        if (fault == 2) s.i.deadline = uint64(nowIs - 1);
        if (fault == 3) s.i.digest = keccak256("another");
        (uint256[] memory by, bool enough) = _quorum(seed >> 40);
        Signing.Domain memory d = domain();
        if (fault == 4) d.salt = keccak256("another installation");
        signIn(d, s, fault == 5 ? _keys[(seed + 1) % 8] : key, by);

        (,,,,, IMediaRegistry.Standing standing,,,) = chronicle.entries(s.a.digest);
        bool expected = enough && !registry.paused() && (fault == 0 || fault > 5)
            && standing == IMediaRegistry.Standing.NONE && chronicle.successors(s.a.uploader) == address(0)
            && !_spent[s.a.uploader][s.i.nonce];
        bytes memory data = abi.encodeCall(IMediaRegistry.register, (s.a, s.o, s.gateSigs, s.i, s.intentSig));
        if (_act(STRANGER, 0, data, expected, "register")) {
            _spent[s.a.uploader][s.i.nonce] = true;
            same(chronicle.opinions(), by.length, "one opinion per signature");
        }
    }

    function withdrawIntent(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        (address by, uint256 nonce) = (_names[seed % 8], (seed >> 8) % 16);
        bytes memory data = abi.encodeCall(IMediaRegistry.withdrawIntent, (nonce));
        if (_act(by, 0, data, !registry.paused() && !_spent[by][nonce], "withdraw")) _spent[by][nonce] = true;
    }

    // ------------------------------------------------------------------------------------------------- statements

    function makeStatement(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        bytes32 digest = _digest(seed);
        (address uploader,,,,,,,,) = chronicle.entries(digest);
        IMediaRegistry.Act act = IMediaRegistry.Act((seed >> 80) % 6);
        bool likely = (seed >> 72) % 4 != 0; // to be in order
        uint256 key = likely && act == IMediaRegistry.Act.REVIEW ? _keys[0] : _keys[(seed >> 64) % 8];
        for (uint256 k = 0; k < 8 && likely && act < IMediaRegistry.Act.ATTEST; ++k) {
            if (_names[k] == chronicle.holderOf(uploader)) key = _keys[k];
        }
        bytes32 detail = likely
            ? _another(digest, act == IMediaRegistry.Act.SUPERSEDE, seed >> 96) : _digest(seed >> 32);
        (IMediaRegistry.Statement memory s, bytes memory sig) =
            statement(key, digest, act, detail);
        bool good = (seed >> 88) % 8 != 0;
        if (!good) s.detail = keccak256("another detail");
        bool expected = good && !registry.paused() && _maySay(s, uploader);
        _act(STRANGER, 0, abi.encodeCall(IMediaRegistry.makeStatement, (s, sig)), expected, _say(s.act));
    }

    /// @dev A later, else an earlier record whose name the same key answers for, where there is one.
    function _another(bytes32 than, bool later, uint256 seed) private view returns (bytes32) {
        (address uploader, uint256 time,,,,,,,) = chronicle.entries(than);
        uint256 total = chronicle.total();
        for (uint256 k = 0; k < total; ++k) {
            bytes32 digest = chronicle.digests((seed % total + k) % total);
            (address other, uint256 then,,,,,,,) = chronicle.entries(digest);
            bool sameName = chronicle.holderOf(other) == chronicle.holderOf(uploader);
            if (sameName && (later ? then > time : then < time)) return digest;
        }
        return _digest(seed);
    }

    function _maySay(IMediaRegistry.Statement memory s, address uploader) private view returns (bool) {
        (,uint256 time,,,, IMediaRegistry.Standing standing,,,) = chronicle.entries(s.digest);
        (address other, uint256 then,,,,,,,) = chronicle.entries(s.detail);
        address holder = chronicle.holderOf(uploader);
        if (standing == IMediaRegistry.Standing.NONE) return false;
        if (s.act == IMediaRegistry.Act.RETRACT) return true;
        if (s.act == IMediaRegistry.Act.ATTEST) return s.by != holder && s.by != uploader;
        if (s.act == IMediaRegistry.Act.REVIEW) return s.by != holder && s.by != uploader && s.by == _names[0];
        if (s.by != holder) return false;
        if (s.act == IMediaRegistry.Act.REVOKE) return standing == IMediaRegistry.Standing.ACTIVE;
        if (s.act == IMediaRegistry.Act.SUPERSEDE) return then > time && chronicle.holderOf(other) == holder;
        return then != 0 && then < time;
    }

    function _say(IMediaRegistry.Act act) private pure returns (string memory) {
        return ["revoke", "supersede", "derive", "attest", "review", "retract"][uint8(act)];
    }

    // --------------------------------------------------------------------------------------------------- disputes

    function challengeRecord(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        bytes32 digest = _digest(seed);
        address by = [_names[2], _names[3], ARBITER, STRANGER][(seed >> 32) % 4];
        uint256 bond = uint256(BOND) << (chronicle.lost(by) < 32 ? chronicle.lost(by) : 32);
        bool right = (seed >> 40) % 8 != 0;
        (,,,,, IMediaRegistry.Standing standing,,,) = chronicle.entries(digest);
        bool expected = right && !registry.paused() && standing == IMediaRegistry.Standing.ACTIVE;
        bytes memory data =
            abi.encodeCall(IMediaRegistry.dispute, (digest, IMediaRegistry.Reason((seed >> 48) % 6), bytes32(seed)));
        _act(by, right ? bond : bond + 1, data, expected, "dispute");
    }

    function ruleOnRecord(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        bytes32 digest = _digest(seed);
        address by = [ARBITER, ARBITER, _arbiter2, STRANGER][(seed >> 32) % 4];
        (address uploader,,,,, IMediaRegistry.Standing standing, address challenger,,) = chronicle.entries(digest);
        bool expected = by != STRANGER && standing == IMediaRegistry.Standing.DISPUTED && by != challenger
            && by != chronicle.holderOf(uploader) && by != uploader;
        IMediaRegistry.Ruling ruling = IMediaRegistry.Ruling((seed >> 40) % 4);
        _act(by, 0, abi.encodeCall(IMediaRegistry.rule, (digest, ruling, bytes32(seed))), expected, "rule");
    }

    function withdrawCredit(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        address by = seed % 10 < 8 ? _names[seed % 10] : seed % 10 == 8 ? ARBITER : STRANGER;
        (uint256 credit, uint256 before) = (chronicle.credits(by), by.balance);
        _act(by, 0, abi.encodeCall(IMediaRegistry.withdrawCredit, ()), true, credit == 0 ? "pay nothing" : "pay");
        same(by.balance - before, credit, "what one is paid is one's credit");
    }

    // ------------------------------------------------------------------------------------------------------- keys

    function rotateKey(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        (uint256 from, uint256 to) = (_keys[seed % 8], _keys[(seed >> 8) % 8]);
        bool veto = (seed >> 16) % 4 == 0;
        for (uint256 k = 0; k < 8 && veto && (seed >> 20) % 4 != 0; ++k) {
            if (chronicle.wishes(_names[k]) != address(0)) from = _keys[k];
        }
        IMediaRegistry.KeyRotation memory r = IMediaRegistry.KeyRotation(vm.addr(from), vm.addr(to), fresh(), FAR);
        if (veto) r.to = address(0);
        bytes32 hash = Signing.rotation(domain(), r);
        bool good = (seed >> 24) % 8 != 0;
        bytes memory sig = Signing.sign(good ? from : ALICE, hash);
        bool expected = good && (r.to == address(0)
            ? chronicle.wishes(r.from) != address(0)
            : !registry.paused() && r.to != r.from && chronicle.successors(r.from) == address(0)
                && chronicle.isFresh(r.to));
        bytes memory data = abi.encodeCall(IMediaRegistry.rotateKey, (r, sig, Signing.sign(to, hash)));
        _act(STRANGER, 0, data, expected, r.to == address(0) ? "veto" : "ask");
    }

    function completeKeyRotation(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        address from = _names[seed % 8];
        for (uint256 k = 0; k < 8 && (seed >> 8) % 4 != 0; ++k) {
            if (chronicle.wishes(_names[k]) != address(0)) from = _names[k];
        }
        address to = chronicle.wishes(from);
        bool expected = !registry.paused() && to != address(0) && nowIs >= chronicle.completableAt(from)
            && chronicle.isFresh(to);
        _act(STRANGER, 0, abi.encodeCall(IMediaRegistry.completeKeyRotation, (from)), expected, "rotate");
    }

    // ------------------------------------------------------------------------------------------------------ roles

    function changeGates(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        (address one, uint256 what) = (gate((seed >> 8) % 8), seed % 8);
        (uint256 known,, uint256 since) = chronicle.terms(one);
        if (what < 4) {
            uint256 from = (seed >> 16) % 3 == 0 ? nowIs + (seed >> 24) % 3 days : 0;
            uint256 until = (seed >> 48) % 4 == 0 ? nowIs + (seed >> 56) % 200 days : 0;
            uint256 begins = from == 0 ? nowIs : from;
            bool expected = known == 0 && (until == 0 || (until > begins && until > nowIs));
            bytes memory data =
                abi.encodeCall(IMediaRegistry.addGate, (one, STRANGER, uint40(from), uint40(until)));
            _act(ADMIN, 0, data, expected, "add gate");
        } else if (what < 6) {
            uint256 from = (seed >> 16) % 2 == 0 ? 0 : nowIs + 10 - (seed >> 24) % 30;
            bool expected = known != 0 && (from == 0 || (since == 0 ? from <= nowIs : from < since));
            _act(GUARDIAN, 0, abi.encodeCall(IMediaRegistry.endGate, (one, uint40(from))), expected, "end gate");
        } else {
            uint256 threshold = (seed >> 16) % 3;
            bytes memory data = abi.encodeCall(IMediaRegistry.setThreshold, (uint8(threshold)));
            _act(ADMIN, 0, data, threshold != 0, "threshold");
        }
    }

    function pauseOrGoOn(uint256 number) external inTime {
        uint256 seed = _mixed(number);
        bool paused = registry.paused();
        if (!paused && seed % 4 != 0) return;
        bytes memory data = abi.encodeWithSignature(paused ? "unpause()" : "pause()");
        _act(paused ? ADMIN : GUARDIAN, 0, data, true, paused ? "go on" : "pause");
    }
}
