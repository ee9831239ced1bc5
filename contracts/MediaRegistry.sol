// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {SaltedEIP712} from "./SaltedEIP712.sol";
import {IMediaRegistry} from "./interfaces/IMediaRegistry.sol";
import {Cid} from "./libraries/Cid.sol";
import {RecordSlot} from "./libraries/RecordSlot.sol";
import {Reputation} from "./libraries/Reputation.sol";
import {VerdictHash} from "./libraries/VerdictHash.sol";

/// @title MediaRegistry
/// @notice The registry of screened media, version 1. No proxy: this code is what it is for ever.
contract MediaRegistry is IMediaRegistry, SaltedEIP712, AccessControl, Pausable {
    using RecordSlot for RecordSlot.Packed;
    using Reputation for Reputation.Tally;

    // ------------------------------------------------------------------------------------------------ constants

    /// @notice Who may revoke any record. The admin grants and takes this role.
    bytes32 public constant ARBITER_ROLE = keccak256("ARBITER_ROLE");

    uint8 private constant LEVEL_GATE = 1;
    uint8 private constant LEVEL_UPLOADER = 2;
    uint8 private constant LEVEL_REVIEWER = 4;
    uint8 private constant LEVELS_KNOWN = 15; // with CREDENTIALS, 8

    uint8 private constant KIND_IMAGE = 1;
    uint8 private constant KIND_VIDEO = 2;
    uint8 private constant DAG_PB_BIT = 0x80;

    uint8 private constant BAND_MAX = 4;
    uint8 private constant BAND_NOT_JUDGED = 255;

    uint8 private constant VISIBILITY_PUBLIC = 0;
    uint8 private constant VISIBILITY_PRIVATE = 1;

    // ----------------------------------------------------------------------------------------------- immutables

    /// @inheritdoc IMediaRegistry
    address public immutable operator;

    // -------------------------------------------------------------------------------------------------- storage

    /// @inheritdoc IMediaRegistry
    uint8 public threshold;
    uint16 private _gateCount;

    mapping(address account => bool active) private _gates;
    mapping(bytes32 digest => RecordSlot.Packed record) private _records;
    mapping(Standing standing => uint256 count) private _countOf;
    mapping(address uploader => Reputation.Tally tally) private _tallies;
    /// @dev Bit `nonce % 256` of word `nonce / 256`: no order, so that uploads may run side by side.
    mapping(address uploader => mapping(uint256 word => uint256 bits)) private _spentNonces;

    // ---------------------------------------------------------------------------------------------- constructor

    /// @param instanceId_ 32 random bytes, never used for another installation
    /// @param admin names gates and arbiters, sets the threshold, pauses
    /// @param arbiter may revoke any record
    /// @param operator_ may register in its own name without a signed intent
    /// @param gates the first gates, each once
    /// @param threshold_ how many gates must sign
    constructor(
        bytes32 instanceId_,
        address admin,
        address arbiter,
        address operator_,
        address[] memory gates,
        uint8 threshold_
    ) SaltedEIP712(instanceId_) {
        if (instanceId_ == 0 || admin == address(0) || arbiter == address(0) || operator_ == address(0)) {
            revert ZeroNotAllowed();
        }
        operator = operator_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(ARBITER_ROLE, arbiter);
        for (uint256 k = 0; k < gates.length; ++k) {
            _addGate(gates[k]);
        }
        _setThreshold(threshold_);
    }

    // --------------------------------------------------------------------------------------------------- writes

    /// @inheritdoc IMediaRegistry
    function register(
        Admission calldata a,
        Opinion[] calldata o,
        bytes[] calldata gateSigs,
        UploadIntent calldata i,
        bytes calldata intentSig
    ) external whenNotPaused {
        if (_records[a.digest].standing() != Standing.NONE) revert MediaAlreadyRegistered(a.digest);
        _checkAdmission(a);
        _checkIntent(a, i, intentSig);
        address[] memory gates = _checkVerdicts(a, o, gateSigs);

        if (intentSig.length != 0) _spendNonce(i.uploader, i.nonce);
        _records[a.digest] = RecordSlot.pack(a, i.visibility);
        ++_countOf[Standing.ACTIVE];
        if (a.earnsReputation) _tallies[a.uploader] = _tallies[a.uploader].withAcceptance();

        _emitRegistered(a, i);
        for (uint256 j = 0; j < gates.length; ++j) {
            emit OpinionRecorded(a.digest, gates[j], o[j].modelId, o[j].band, o[j].thresholdBps, o[j].issuedAt);
        }
        if (i.visibility == VISIBILITY_PUBLIC) {
            string memory cid = Cid.text(a.contentHash, a.kind & DAG_PB_BIT != 0);
            emit Commit(msg.sender, cid, Cid.commitData(cid, a.digest));
        }
    }

    /// @inheritdoc IMediaRegistry
    function revoke(bytes32 digest, bytes32 reasonHash) external whenNotPaused {
        RecordSlot.Packed storage record = _records[digest];
        Standing from = record.standing();
        address uploader = record.uploader;
        if (from == Standing.NONE) revert MediaNotRegistered(digest);
        if (msg.sender != uploader && !hasRole(ARBITER_ROLE, msg.sender)) revert NotUploaderNorArbiter(msg.sender);
        if (from == Standing.REVOKED) revert MediaAlreadyRevoked(digest);

        record.setStanding(Standing.REVOKED);
        --_countOf[from];
        ++_countOf[Standing.REVOKED];
        Reputation.Tally memory tally = _tallies[uploader];
        if (record.earnsReputation()) tally = tally.withoutAcceptance();
        if (msg.sender != uploader) tally = tally.withFraud(uint32(block.timestamp / 1 days));
        _tallies[uploader] = tally;

        emit StandingChanged(digest, from, Standing.REVOKED, msg.sender, reasonHash);
    }

    /// @inheritdoc IMediaRegistry
    function withdrawIntent(uint256 nonce) external whenNotPaused {
        if (isNonceSpent(msg.sender, nonce)) revert NonceSpent(msg.sender, nonce);

        _spendNonce(msg.sender, nonce);

        emit IntentWithdrawn(msg.sender, nonce);
    }

    // ---------------------------------------------------------------------------------------------------- admin

    /// @inheritdoc IMediaRegistry
    function addGate(address gate) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _addGate(gate);
    }

    /// @inheritdoc IMediaRegistry
    function removeGate(address gate) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (!_gates[gate]) revert GateNotActive(gate);
        if (_gateCount == threshold) revert ThresholdOutOfRange(threshold, _gateCount - 1);

        _gates[gate] = false;
        --_gateCount;

        emit GateRemoved(gate);
    }

    /// @inheritdoc IMediaRegistry
    function setThreshold(uint8 newThreshold) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setThreshold(newThreshold);
    }

    /// @inheritdoc IMediaRegistry
    function pause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _pause();
    }

    /// @inheritdoc IMediaRegistry
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    // ---------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IMediaRegistry
    function recordOf(bytes32 digest) external view returns (Record memory) {
        return _records[digest].unpack();
    }

    /// @inheritdoc IMediaRegistry
    function standingOf(bytes32 digest) external view returns (Standing) {
        return _records[digest].standing();
    }

    /// @inheritdoc IMediaRegistry
    function counts() external view returns (uint256 active, uint256 disputed, uint256 revoked) {
        return (_countOf[Standing.ACTIVE], _countOf[Standing.DISPUTED], _countOf[Standing.REVOKED]);
    }

    /// @inheritdoc IMediaRegistry
    function reputationOf(address uploader)
        external
        view
        returns (uint16 scoreBps, uint64 evidence, uint32 openDisputes, uint8 strikes, uint32 lastFraudDay)
    {
        Reputation.Tally memory tally = _tallies[uploader];
        return (tally.scoreBps(), tally.evidence(), 0, tally.strikes, tally.lastFraudDay);
    }

    /// @inheritdoc IMediaRegistry
    function isNonceSpent(address uploader, uint256 nonce) public view returns (bool) {
        return _spentNonces[uploader][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc IMediaRegistry
    function instanceId() external view returns (bytes32) {
        return _salt;
    }

    /// @inheritdoc IMediaRegistry
    function gateCount() external view returns (uint256) {
        return _gateCount;
    }

    /// @inheritdoc IMediaRegistry
    function isGate(address account) external view returns (bool) {
        return _gates[account];
    }

    // ------------------------------------------------------------------------------------------------- internal

    function _checkAdmission(Admission calldata a) private view {
        uint8 kind = a.kind & ~DAG_PB_BIT;
        if (kind != KIND_IMAGE && kind != KIND_VIDEO) revert KindUnknown(a.kind);
        bool byGate = a.levels & LEVEL_GATE != 0;
        bool byReviewer = a.levels & LEVEL_REVIEWER != 0;
        if (a.levels > LEVELS_KNOWN || (byGate && byReviewer)) revert LevelsInvalid(a.levels);
        if (block.timestamp > a.deadline) revert VerdictExpired(a.deadline);
    }

    /// @dev The one call out, an EIP-1271 wallet's answer, is static and comes before every change.
    function _checkIntent(Admission calldata a, UploadIntent calldata i, bytes calldata intentSig) private view {
        if (i.digest != a.digest) revert IntentDigestMismatch(i.digest, a.digest);
        if (i.uploader != a.uploader) revert IntentUploaderMismatch(i.uploader, a.uploader);
        if (i.visibility > VISIBILITY_PRIVATE) revert VisibilityUnknown(i.visibility);
        bool signed = intentSig.length != 0;
        if ((a.levels & LEVEL_UPLOADER != 0) != signed) revert UploaderLevelMismatch(a.levels, signed);
        if (!signed) {
            if (a.uploader != operator) revert IntentRequired(a.uploader);
            // No gate signs visibility and claims: only the operator itself may choose them.
            if (msg.sender != operator) revert NotOperator(msg.sender);
            return;
        }
        if (block.timestamp > i.deadline) revert IntentExpired(i.deadline);
        if (isNonceSpent(i.uploader, i.nonce)) revert NonceSpent(i.uploader, i.nonce);
        bytes32 wish = _hashTypedData(VerdictHash.ofIntent(i));
        if (!SignatureChecker.isValidSignatureNowCalldata(i.uploader, wish, intentSig)) {
            revert IntentSignatureInvalid(i.uploader);
        }
    }

    /// @dev Returns the gates that signed, ascending.
    function _checkVerdicts(Admission calldata a, Opinion[] calldata o, bytes[] calldata gateSigs)
        private
        view
        returns (address[] memory gates)
    {
        if (o.length != gateSigs.length) revert OpinionCountMismatch(o.length, gateSigs.length);
        if (gateSigs.length < threshold) revert QuorumNotMet(gateSigs.length, threshold);
        gates = new address[](gateSigs.length);
        bytes32 admissionHash = VerdictHash.ofAdmission(a);
        address previous = address(0);
        for (uint256 j = 0; j < gateSigs.length; ++j) {
            uint8 band = o[j].band;
            if (band > BAND_MAX && band != BAND_NOT_JUDGED) revert BandUnknown(band);
            if (band == BAND_NOT_JUDGED && a.levels & LEVEL_GATE != 0) revert NotJudged(j);
            bytes32 verdict = _hashTypedData(VerdictHash.ofVerdict(admissionHash, o[j]));
            (address gate, ECDSA.RecoverError err,) = ECDSA.tryRecoverCalldata(verdict, gateSigs[j]);
            if (err != ECDSA.RecoverError.NoError) revert GateSignatureInvalid(j);
            if (!_gates[gate]) revert NotAGate(gate);
            if (gate <= previous) revert GatesNotAscending(previous, gate);
            gates[j] = gate;
            previous = gate;
        }
    }

    function _spendNonce(address uploader, uint256 nonce) private {
        _spentNonces[uploader][nonce >> 8] |= 1 << (nonce & 0xff);
    }

    function _emitRegistered(Admission calldata a, UploadIntent calldata i) private {
        emit MediaRegistered(
            a.digest,
            a.uploader,
            msg.sender,
            a.fingerprintHash,
            a.contentHash,
            a.policyId,
            i.claimsHash,
            a.kind,
            a.levels,
            i.visibility,
            a.earnsReputation
        );
    }

    function _addGate(address gate) private {
        if (gate == address(0)) revert ZeroNotAllowed();
        if (_gates[gate]) revert GateAlreadyActive(gate);

        _gates[gate] = true;
        ++_gateCount;

        emit GateAdded(gate);
    }

    function _setThreshold(uint8 newThreshold) private {
        if (newThreshold == 0 || newThreshold > _gateCount) revert ThresholdOutOfRange(newThreshold, _gateCount);
        uint8 old = threshold;

        threshold = newThreshold;

        emit ThresholdChanged(old, newThreshold);
    }
}
