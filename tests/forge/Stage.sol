// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Claims} from "./Claims.sol";
import {Signing} from "./Signing.sol";
import {vm} from "./Vm.sol";

/// @notice All that the deployed contract answers to.
interface IRegistry is IMediaRegistry, IAccessControl, IERC5267 {
    function ARBITER_ROLE() external view returns (bytes32);
    function GUARDIAN_ROLE() external view returns (bytes32);
    function REVIEWER_ROLE() external view returns (bytes32);
    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);
    function paused() external view returns (bool);
}

/// @notice The arguments of one `register` call.
struct Submission {
    IMediaRegistry.Admission a;
    IMediaRegistry.Opinion[] o;
    bytes[] gateSigs;
    IMediaRegistry.UploadIntent i;
    bytes intentSig;
}

/// @notice A registry as it is deployed, on a day in 2027, and named actors: three gates of which two must sign.
/// @dev The registry is deployed from its compiled code, so that it runs as in production whatever these tests are
/// compiled with.
abstract contract Stage is Claims {
    uint256 internal constant ALICE = uint256(keccak256("alice"));
    uint256 internal constant BOB = uint256(keccak256("bob"));
    uint256 internal constant OPERATOR = uint256(keccak256("operator"));
    address internal immutable alice = vm.addr(ALICE);
    address internal immutable bob = vm.addr(BOB);
    address internal immutable operator = vm.addr(OPERATOR);
    address internal constant ADMIN = address(0xAD);
    address internal constant GUARDIAN = address(0x6A);
    address internal constant ARBITER = address(0xA8);
    address internal constant STRANGER = address(0x57);
    bytes32 internal constant INSTANCE = keccak256("this installation");
    bytes32 internal constant DIGEST = keccak256("a file");
    bytes32 internal constant WHY = keccak256("a reason");
    uint96 internal constant BOND = 0.01 ether;
    uint64 internal constant FAR = 1 << 40;
    uint256 internal constant START = 1_800_000_000; // Unix seconds
    uint256 internal constant CHAIN = 31_337;

    uint8 internal constant GATE_LEVEL = 1;
    uint8 internal constant UPLOADER_LEVEL = 2;
    uint8 internal constant REVIEWER_LEVEL = 4;

    IRegistry internal registry;
    uint256[] internal gateKeys; // of gates by address ascending; the first three are in office
    address[] private _gates; // theirs
    uint256 private _nonce;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1000);
        vm.chainId(CHAIN);
        _sortGates(8);
        registry = deploy(birth(), founders(3), 2);
    }

    // ----------------------------------------------------------------------------------------------- deployment

    function birth() internal view returns (IMediaRegistry.Roles memory) {
        return IMediaRegistry.Roles(INSTANCE, ADMIN, GUARDIAN, ARBITER, operator, BOND);
    }

    function founders(uint256 count) internal view returns (address[] memory gates) {
        gates = new address[](count);
        for (uint256 k = 0; k < count; ++k) gates[k] = gate(k);
    }

    function deploy(IMediaRegistry.Roles memory roles, address[] memory gates, uint8 threshold)
        internal returns (IRegistry)
    {
        string memory code = vm.envOr("REGISTRY_CODE", string("MediaRegistry.sol:MediaRegistry"));
        return IRegistry(vm.deployCode(code, abi.encode(roles, gates, threshold)));
    }

    function gate(uint256 k) internal view returns (address) {
        return _gates[k];
    }

    function _sortGates(uint256 count) private {
        for (uint256 k = 0; k < count; ++k) {
            gateKeys.push(uint256(keccak256(abi.encode("gate", k))));
            _gates.push(vm.addr(gateKeys[k]));
            for (uint256 j = k; j != 0 && gate(j) < gate(j - 1); --j) {
                (gateKeys[j], gateKeys[j - 1]) = (gateKeys[j - 1], gateKeys[j]);
                (_gates[j], _gates[j - 1]) = (_gates[j - 1], _gates[j]);
            }
        }
    }

    // -------------------------------------------------------------------------------------------------- signing

    function domain() internal view returns (Signing.Domain memory) {
        return Signing.Domain(CHAIN, address(registry), INSTANCE);
    }

    /// @dev A nonce that was not used before.
    function fresh() internal returns (uint256) {
        return 1000 + ++_nonce;
    }

    function keys(uint256 first, uint256 count) internal view returns (uint256[] memory some) {
        some = new uint256[](count);
        for (uint256 k = 0; k < count; ++k) some[k] = gateKeys[first + k];
    }

    /// @dev A submission in order: an image of the uploader's, public, signed by the first two gates.
    function submission(uint256 uploader, bytes32 digest) internal returns (Submission memory s) {
        s.a = IMediaRegistry.Admission({
            digest: digest, fingerprintHash: keccak256(abi.encode("fingerprints", digest)),
            contentHash: keccak256(abi.encode("content", digest)), kind: 1, uploader: vm.addr(uploader),
            policyId: keccak256("policy"), levels: GATE_LEVEL | UPLOADER_LEVEL, earnsReputation: true, deadline: FAR
        });
        s.i = IMediaRegistry.UploadIntent({
            digest: digest, uploader: vm.addr(uploader), visibility: IMediaRegistry.Visibility.PUBLIC,
            claimsHash: keccak256("claims"), nonce: fresh(), deadline: FAR
        });
        sign(s, uploader, keys(0, 2));
    }

    /// @dev Signs a submission as it stands, in this installation's domain.
    function sign(Submission memory s, uint256 uploader, uint256[] memory by) internal view {
        signIn(domain(), s, uploader, by);
    }

    function signIn(Signing.Domain memory d, Submission memory s, uint256 uploader, uint256[] memory by) internal pure {
        s.o = new IMediaRegistry.Opinion[](by.length);
        for (uint256 k = 0; k < by.length; ++k) {
            bytes32 model = keccak256(abi.encode("model", k));
            s.o[k] = IMediaRegistry.Opinion(model, uint8(k % 5), uint16(5000 + k), 1_799_999_999);
        }
        signVerdicts(d, s, by);
        s.intentSig = Signing.sign(uploader, Signing.intent(d, s.i));
    }

    function signVerdicts(Signing.Domain memory d, Submission memory s, uint256[] memory by) internal pure {
        s.gateSigs = new bytes[](by.length);
        for (uint256 k = 0; k < by.length; ++k) {
            s.gateSigs[k] = Signing.sign(by[k], Signing.verdict(d, s.a, s.o[k]));
        }
    }

    function statement(uint256 by, bytes32 digest, IMediaRegistry.Act act, bytes32 detail)
        internal returns (IMediaRegistry.Statement memory s, bytes memory sig)
    {
        s = IMediaRegistry.Statement(digest, vm.addr(by), act, detail, fresh(), FAR);
        sig = Signing.sign(by, Signing.statement(domain(), s));
    }

    function closing(uint256 epoch, uint256 count) internal pure
        returns (IMediaRegistry.EpochClose memory e)
    {
        e.epoch = uint32(epoch);
        e.rejectionRoot = keccak256(abi.encode("root", epoch));
        e.tallies = new IMediaRegistry.Tally[](count);
        e.deadline = FAR;
    }

    function closeSigs(IMediaRegistry.EpochClose memory e, uint256[] memory by)
        internal view returns (bytes[] memory sigs)
    {
        sigs = new bytes[](by.length);
        for (uint256 k = 0; k < by.length; ++k) sigs[k] = Signing.sign(by[k], Signing.close(domain(), e));
    }

    // --------------------------------------------------------------------------------------------------- acting

    function send(Submission memory s) internal {
        registry.register(s.a, s.o, s.gateSigs, s.i, s.intentSig);
    }

    function registered(uint256 uploader, bytes32 digest) internal returns (bytes32) {
        send(submission(uploader, digest));
        return digest;
    }

    function challenge(address by, bytes32 digest) internal {
        uint256 bond = registry.bondOf(by);
        vm.deal(by, bond);
        vm.prank(by);
        registry.dispute{value: bond}(digest, IMediaRegistry.Reason.FORGERY, WHY);
    }

    function ruled(bytes32 digest, IMediaRegistry.Ruling ruling) internal {
        vm.prank(ARBITER);
        registry.rule(digest, ruling, WHY);
    }

    function stop() internal {
        vm.prank(GUARDIAN);
        registry.pause();
    }

    // -------------------------------------------------------------------------------------------------- reading

    function standingOf(bytes32 digest) internal view returns (IMediaRegistry.Standing standing) {
        (,,,,, standing) = registry.recordOf(digest);
    }

    function scoreOf(address uploader) internal view returns (uint16 score) {
        (score,,,,) = registry.reputationOf(uploader);
    }

    function counted(uint256 active, uint256 disputed, uint256 revoked) internal view {
        (uint64 a, uint64 d, uint64 r) = registry.counts();
        same(a, active, "active records");
        same(d, disputed, "disputed records");
        same(r, revoked, "revoked records");
    }

    // ------------------------------------------------------------------------------------------------- refusals

    /// @dev The next call must revert with exactly this.
    function refused(bytes memory err) internal {
        vm.expectRevert(err);
    }

    function refused(bytes4 selector) internal {
        vm.expectRevert(abi.encodePacked(selector));
    }

    function refusedWhilePaused() internal {
        refused(Pausable.EnforcedPause.selector);
    }

    function refusedWithoutRole(address account, bytes32 role) internal {
        refused(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role));
    }
}
