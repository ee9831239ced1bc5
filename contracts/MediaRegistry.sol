// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {SaltedEIP712} from "./SaltedEIP712.sol";
import {IMediaRegistry} from "./interfaces/IMediaRegistry.sol";
import {Cid} from "./libraries/Cid.sol";
import {Reputation} from "./libraries/Reputation.sol";
import {TypeHash} from "./libraries/TypeHash.sol";

/// @title MediaRegistry
/// @notice The registry of screened media. No proxy: this code is what it is for ever.
contract MediaRegistry is IMediaRegistry, SaltedEIP712, AccessControl, Pausable {
    using Reputation for Reputation.Tally;
    using Reputation for uint224;

    // ------------------------------------------------------------------------------------------------ constants

    /// @notice Who rules on disputes. The admin grants and takes this role and the two below.
    bytes32 public constant ARBITER_ROLE = keccak256("ARBITER_ROLE");
    /// @notice Who may tighten at once: pause, and end a gate whose key is in other hands.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    /// @notice Whose attestations have level REVIEWER.
    bytes32 public constant REVIEWER_ROLE = keccak256("REVIEWER_ROLE");

    uint256 private constant ROTATION_DELAY = 7 days;
    uint256 private constant GATE_DAYS = 3; // in which gates close an epoch, and then prove what is disputed of it
    uint256 private constant MAX_LEAVES = 1 << 20;
    uint256 private constant MAX_TALLIES = 256;
    uint256 private constant MAX_OPENINGS = 256; // more rejections of one day need no proof, and get none
    uint8 private constant MAX_DOUBLINGS = 32; // a bond of at most 2^128 wei

    uint8 private constant LEVEL_GATE = 1;
    uint8 private constant LEVEL_UPLOADER = 2;
    uint8 private constant LEVEL_REVIEWER = 4;
    uint8 private constant LEVELS_KNOWN = 15; // with CREDENTIALS, 8
    uint8 private constant EARNS_BIT = 0x80;

    uint8 private constant KIND_MAX = 2; // 1 image, 2 video
    uint8 private constant DAG_PB_BIT = 0x80;
    uint8 private constant PRIVATE_BIT = 0x40;

    uint8 private constant BAND_MAX = 4;
    uint8 private constant BAND_NOT_JUDGED = 255;

    // ----------------------------------------------------------------------------------------------- immutables

    /// @inheritdoc IMediaRegistry
    address public immutable operator;
    /// @inheritdoc IMediaRegistry
    uint96 public immutable disputeBond;

    // -------------------------------------------------------------------------------------------------- storage

    // One slot with Pausable's flag, so that a registration touches a single one for flag, quorum and counts.
    /// @inheritdoc IMediaRegistry
    uint8 public threshold;
    uint64 private _active;
    uint64 private _disputed;
    uint64 private _revoked;

    /// @inheritdoc IMediaRegistry
    mapping(bytes32 digest => Record) public recordOf;
    /// @inheritdoc IMediaRegistry
    mapping(bytes32 root => Batch) public batchOf;
    /// @inheritdoc IMediaRegistry
    mapping(bytes32 digest => Dispute) public disputeOf;
    /// @inheritdoc IMediaRegistry
    mapping(uint32 epoch => mapping(address uploader => TallyDispute)) public tallyDisputeOf;
    /// @inheritdoc IMediaRegistry
    mapping(address account => GateTerm) public gateTermOf;
    /// @inheritdoc IMediaRegistry
    mapping(address from => Rotation) public rotationOf;
    /// @inheritdoc IMediaRegistry
    mapping(address account => uint256 amount) public creditOf;
    /// @inheritdoc IMediaRegistry
    mapping(uint32 epoch => bytes32 root) public rejectionRootOf;
    mapping(address uploader => Reputation.Tally) private _tallies;
    /// @dev Bit `nonce % 256` of word `nonce / 256`: no order, so that uploads may run side by side.
    mapping(address signer => mapping(uint256 word => uint256 bits)) private _spentNonces;
    mapping(address challenger => uint8 count) private _lostDisputes;
    mapping(address from => address to) private _successors;

    // ---------------------------------------------------------------------------------------------- constructor

    /// @param roles what the registry is born with
    /// @param gates the first gates, each once, from now on and without end
    /// @param threshold_ how many of them must sign
    constructor(Roles memory roles, address[] memory gates, uint8 threshold_) SaltedEIP712(roles.instanceId) {
        if (roles.instanceId == 0 || roles.operator == address(0)) revert ZeroNotAllowed();
        if (roles.admin == address(0) || roles.guardian == address(0) || roles.arbiter == address(0)) {
            revert ZeroNotAllowed();
        }
        (operator, disputeBond) = (roles.operator, roles.disputeBond);
        _grantRole(DEFAULT_ADMIN_ROLE, roles.admin);
        _grantRole(GUARDIAN_ROLE, roles.guardian);
        _grantRole(ARBITER_ROLE, roles.arbiter);
        for (uint256 k = 0; k < gates.length; ++k) {
            _addGate(gates[k], roles.operator, 0, 0);
        }
        _setThreshold(threshold_);
    }

    // --------------------------------------------------------------------------------------------------- writes

    /// @inheritdoc IMediaRegistry
    function register(
        Admission calldata a, Opinion[] calldata o, bytes[] calldata gateSigs,
        UploadIntent calldata i, bytes calldata intentSig
    ) external whenNotPaused {
        _checkAdmission(a);
        _requireAlive(a.deadline);
        _requireNotRotated(a.uploader);
        _checkIntent(a, i, intentSig.length != 0);
        address[] memory gates = _quorum(_verdicts(a, o), gateSigs);
        // without a signature, `i` is as good as the operator's transaction: no gate signs visibility and claims
        _spendSigned(i.uploader, keccak256(abi.encode(TypeHash.UPLOAD_INTENT, i)), intentSig, i.nonce, i.deadline);

        _record(a, i.visibility, uint40(block.timestamp), uint32(block.number));
        if (a.earnsReputation) _accept(a.uploader, 1);

        emit MediaRegistered(a.digest, a.uploader, msg.sender, a, i.visibility, i.claimsHash);
        for (uint256 j = 0; j < gates.length; ++j) {
            emit OpinionRecorded(a.digest, gates[j], o[j]);
        }
        if (i.visibility == Visibility.PUBLIC) _commit(a.contentHash, a.kind & DAG_PB_BIT != 0);
    }

    /// @inheritdoc IMediaRegistry
    function registerBatch(BatchAdmission calldata b, bytes[] calldata gateSigs) external whenNotPaused {
        uint256 room = b.count;
        if (room == 0 || room > MAX_LEAVES || b.tallies.length > MAX_TALLIES) {
            revert BatchSizeInvalid(room, b.tallies.length);
        }
        if (batchOf[b.root].count != 0) revert BatchAlreadyRegistered(b.root);
        _requireAlive(b.deadline);
        bytes32 all = _hashTallies(b.tallies);
        address[] memory gates = _quorumOver(
            keccak256(
                abi.encode(TypeHash.BATCH_ADMISSION, b.root, room, b.manifestHash, b.manifestIsDagPb, all, b.deadline)
            ),
            gateSigs
        );

        batchOf[b.root] = Batch(uint40(block.timestamp), uint32(block.number), b.count);
        for (uint256 k = 0; k < b.tallies.length; ++k) {
            (address uploader, uint256 count) = (b.tallies[k].uploader, b.tallies[k].count);
            if (count > room) revert BatchSizeInvalid(b.count, b.tallies.length);
            room -= count;
            _requireNotRotated(uploader);
            _accept(uploader, count);
        }

        emit BatchRegistered(b.root, b.count, b.manifestHash, b.manifestIsDagPb, b.tallies, gates);
        _commit(b.manifestHash, b.manifestIsDagPb);
    }

    /// @inheritdoc IMediaRegistry
    function unfold(
        bytes32 root, Admission calldata a, Visibility visibility, bytes32 claimsHash, bytes32[] calldata path
    ) external whenNotPaused {
        Batch memory batch = batchOf[root];
        if (batch.count == 0) revert BatchNotRegistered(root);
        _checkAdmission(a);
        bytes32 admission = keccak256(abi.encode(TypeHash.ADMISSION, a));
        _requirePath(keccak256(abi.encode(TypeHash.BATCH_LEAF, admission, visibility, claimsHash)), path, root);

        _record(a, visibility, batch.registeredAt, batch.blockNumber);

        emit RecordUnfolded(a.digest, root);
    }

    /// @inheritdoc IMediaRegistry
    function makeStatement(Statement calldata s, bytes calldata sig) external whenNotPaused {
        Record storage record = _existing(s.digest);
        address holder = holderOf(record.uploader);
        if (s.act == Act.ATTEST || s.act == Act.REVIEW) {
            if (s.by == holder || s.by == record.uploader) revert AttesterIsUploader(s.by);
            if (s.act == Act.REVIEW) _checkRole(REVIEWER_ROLE, s.by);
        } else if (s.act != Act.RETRACT && s.by != holder) {
            revert NotUploader(s.by);
        }
        if (s.act == Act.SUPERSEDE) {
            if (_existing(s.detail).registeredAt <= record.registeredAt) revert NotLater(s.digest);
            if (holderOf(recordOf[s.detail].uploader) != holder) revert NotUploader(s.by);
        }
        if (s.act == Act.DERIVE && record.registeredAt <= _existing(s.detail).registeredAt) revert NotLater(s.detail);
        _spendSigned(s.by, keccak256(abi.encode(TypeHash.STATEMENT, s)), sig, s.nonce, s.deadline);

        if (s.act == Act.REVOKE) {
            _changeStanding(s.digest, Standing.ACTIVE, Standing.REVOKED, s.by, s.detail);
            if (_earns(record)) _tallies[holder] = _tallyOf(holder).without(_dayOf(record));
        }

        emit StatementMade(s.digest, s.by, s.act, s.detail);
    }

    /// @inheritdoc IMediaRegistry
    function withdrawIntent(uint256 nonce) external whenNotPaused {
        _spendNonce(msg.sender, nonce);

        emit IntentWithdrawn(msg.sender, nonce);
    }

    /// @inheritdoc IMediaRegistry
    function dispute(bytes32 digest, Reason reason, bytes32 reasonHash) external payable whenNotPaused {
        Record storage record = _existing(digest);
        address holder = holderOf(record.uploader);
        if (msg.value != bondOf(msg.sender)) revert BondMismatch(bondOf(msg.sender), msg.value);

        _changeStanding(digest, Standing.ACTIVE, Standing.DISPUTED, msg.sender, reasonHash);
        disputeOf[digest] = Dispute(msg.sender, uint40(block.timestamp), _lostDisputes[msg.sender], reason);
        Reputation.Tally memory tally = _tallyOf(holder);
        if (_earns(record)) tally = tally.without(_dayOf(record));
        ++tally.openDisputes;
        _tallies[holder] = tally;

        emit DisputeOpened(digest, msg.sender, reason, msg.value);
    }

    /// @inheritdoc IMediaRegistry
    function rule(bytes32 digest, Ruling ruling, bytes32 reasonHash) external onlyRole(ARBITER_ROLE) {
        Record storage record = _existing(digest);
        address holder = holderOf(record.uploader);
        Dispute memory challenge = disputeOf[digest];
        address challenger = challenge.challenger;
        bool party = msg.sender == challenger || msg.sender == holder || msg.sender == record.uploader;
        if (party) revert ArbiterIsParty(msg.sender);
        bool dismissed = ruling == Ruling.DISMISSED;
        Standing to = dismissed ? Standing.ACTIVE : Standing.REVOKED;

        _changeStanding(digest, Standing.DISPUTED, to, msg.sender, reasonHash);
        delete disputeOf[digest];
        _settleBond(challenger, challenge.doublings, dismissed, holder);
        Reputation.Tally memory tally = _tallyOf(holder);
        --tally.openDisputes;
        bool taken = _earns(record) && Reputation.isOpen(_dayOf(record), challenge.openedAt / 1 days);
        if (dismissed && taken) tally = tally.with(_dayOf(record), 1, 0);
        if (ruling >= Ruling.CORRECTED) tally = tally.withWrong(ruling == Ruling.FRAUD);
        _tallies[holder] = tally;

        emit DisputeRuled(digest, ruling);
    }

    /// @inheritdoc IMediaRegistry
    function withdrawCredit() external {
        uint256 amount = creditOf[msg.sender];

        delete creditOf[msg.sender];

        emit CreditWithdrawn(msg.sender, amount);

        Address.sendValue(payable(msg.sender), amount);
    }

    /// @inheritdoc IMediaRegistry
    function closeEpoch(EpochClose calldata e, bytes[] calldata gateSigs) external whenNotPaused {
        if (e.rejectionRoot == 0) revert ZeroNotAllowed();
        bool late = e.tallies.length != 0 && e.epoch + GATE_DAYS < _today();
        if (late || e.epoch >= _today() || rejectionRootOf[e.epoch] != 0) revert EpochNotClosable(e.epoch);
        _requireAlive(e.deadline);
        bytes32 all = _hashTallies(e.tallies);
        _quorumOver(keccak256(abi.encode(TypeHash.EPOCH_CLOSE, e.epoch, e.rejectionRoot, all, e.deadline)), gateSigs);

        rejectionRootOf[e.epoch] = e.rejectionRoot;
        for (uint256 k = 0; k < e.tallies.length; ++k) {
            (address uploader, uint256 count) = (e.tallies[k].uploader, e.tallies[k].count);
            address holder = holderOf(uploader);
            _tallies[holder] = _tallyOf(holder).with(e.epoch, 0, count);
            tallyDisputeOf[e.epoch][uploader].rejections = uint16(Math.min(count, type(uint16).max));
        }

        emit EpochClosed(e.epoch, e.rejectionRoot, e.tallies);
    }

    /// @inheritdoc IMediaRegistry
    function disputeTally(uint32 epoch, address uploader) external payable whenNotPaused {
        if (msg.sender != holderOf(uploader)) revert NotUploader(msg.sender);
        if (msg.value != bondOf(msg.sender)) revert BondMismatch(bondOf(msg.sender), msg.value);
        TallyDispute memory tallied = tallyDisputeOf[epoch][uploader];
        (Reputation.Tally memory tally, uint256 taken) =
            _tallyOf(msg.sender).withoutRejections(epoch, tallied.rejections);
        if (taken == 0 || tallied.openedAt != 0) revert NoTally(epoch, uploader);
        uint16 rejections = uint16(Math.min(taken, MAX_OPENINGS)); // what one transaction can prove

        uint8 doublings = _lostDisputes[msg.sender];
        tallyDisputeOf[epoch][uploader] = TallyDispute(msg.sender, uint40(block.timestamp), doublings, rejections);
        _tallies[msg.sender] = tally;

        emit TallyDisputed(epoch, uploader, msg.sender, rejections);
    }

    /// @inheritdoc IMediaRegistry
    function answerTally(uint32 epoch, address uploader, Opening[] calldata openings) external {
        TallyDispute memory challenge = tallyDisputeOf[epoch][uploader];
        if (challenge.openedAt == 0 || challenge.rejections == 0) revert NoTally(epoch, uploader);
        for (uint256 k = 0; k < openings.length; ++k) {
            Opening calldata o = openings[k];
            if (k != 0 && o.intentHash <= openings[k - 1].intentHash) revert OpeningsNotAscending(k);
            bytes32 leaf = keccak256(abi.encode(TypeHash.REJECTION_LEAF, uploader, o.intentHash, o.detailHash, o.salt));
            _requirePath(leaf, o.path, rejectionRootOf[epoch]);
            bytes32 intent = _hashTypedData(o.intentHash);
            bool wished = SignatureChecker.isValidSignatureNowCalldata(uploader, intent, o.intentSig);
            if (!wished) revert SignatureInvalid(uploader);
        }
        uint64 until = uint64(challenge.openedAt + GATE_DAYS * 1 days);
        bool proven = openings.length >= challenge.rejections;
        if (!proven && block.timestamp < until) revert AnswerPending(until);

        tallyDisputeOf[epoch][uploader].rejections = 0; // the rest stays: a tally is disputed once
        uint16 kept = proven ? challenge.rejections : uint16(openings.length);
        address holder = holderOf(uploader);
        if (kept != 0) _tallies[holder] = _tallyOf(holder).with(epoch, 0, kept);
        _settleBond(challenge.challenger, challenge.doublings, proven, operator);

        emit TallyAnswered(epoch, uploader, kept);
    }

    /// @inheritdoc IMediaRegistry
    function rotateKey(KeyRotation calldata r, bytes calldata fromSig, bytes calldata toSig) external {
        bytes32 wish = keccak256(abi.encode(TypeHash.KEY_ROTATION, r));
        _spendSigned(r.from, wish, fromSig, r.nonce, r.deadline);
        address pending = rotationOf[r.from].to;
        if (r.to == address(0)) {
            if (pending == address(0)) revert NoRotation(r.from);

            delete rotationOf[r.from];

            emit KeyRotationVetoed(r.from, pending);
            return;
        }
        _requireNotPaused();
        _requireNotRotated(r.from);
        if (r.to == r.from) revert KeyNotFresh(r.to);
        _requireFresh(r.to);
        _requireSigned(r.to, wish, toSig, r.deadline);
        uint64 completableAt = uint64(block.timestamp + ROTATION_DELAY);

        rotationOf[r.from] = Rotation(r.to, completableAt);

        emit KeyRotationRequested(r.from, r.to, completableAt);
    }

    /// @inheritdoc IMediaRegistry
    function completeKeyRotation(address from) external whenNotPaused {
        Rotation memory pending = rotationOf[from];
        if (pending.to == address(0)) revert NoRotation(from);
        if (block.timestamp < pending.completableAt) revert RotationPending(pending.completableAt);
        _requireFresh(pending.to);

        delete rotationOf[from];
        _successors[from] = pending.to;
        _tallies[pending.to] = _tallyOf(from);
        delete _tallies[from];
        _tallies[from].rotated = true;

        emit KeyRotated(from, pending.to);
    }

    // ---------------------------------------------------------------------------------------------------- admin

    /// @inheritdoc IMediaRegistry
    function addGate(address gate, address runBy, uint40 from, uint40 until) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _addGate(gate, runBy, from, until);
    }

    /// @inheritdoc IMediaRegistry
    function endGate(address gate, uint40 compromisedSince) external onlyRole(GUARDIAN_ROLE) {
        GateTerm storage term = gateTermOf[gate];
        if (term.validFrom == 0) revert NotAGate(gate);
        uint40 known = term.compromisedSince == 0 ? uint40(block.timestamp) + 1 : term.compromisedSince;
        if (compromisedSince >= known) revert CompromiseInvalid(compromisedSince);

        if (term.validUntil > block.timestamp) term.validUntil = uint40(block.timestamp);
        if (compromisedSince != 0) term.compromisedSince = compromisedSince;

        emit GateEnded(gate, compromisedSince);
    }

    /// @inheritdoc IMediaRegistry
    function setThreshold(uint8 newThreshold) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setThreshold(newThreshold);
    }

    /// @inheritdoc IMediaRegistry
    function pause() external onlyRole(GUARDIAN_ROLE) {
        _pause();
    }

    /// @inheritdoc IMediaRegistry
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    // ---------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IMediaRegistry
    function counts() external view returns (uint64 active, uint64 disputed, uint64 revoked) {
        return (_active, _disputed, _revoked);
    }

    /// @inheritdoc IMediaRegistry
    function reputationOf(address uploader) external view returns (uint16, uint64, uint32, uint8, uint32) {
        Reputation.Tally memory t = _tallyOf(holderOf(uploader));
        return (t.scoreBps(), t.evidence(), t.openDisputes, t.strikes, t.lastFraudDay);
    }

    /// @inheritdoc IMediaRegistry
    function holderOf(address uploader) public view returns (address holder) {
        holder = uploader;
        while (_successors[holder] != address(0)) {
            holder = _successors[holder];
        }
    }

    /// @inheritdoc IMediaRegistry
    function isNonceSpent(address signer, uint256 nonce) public view returns (bool) {
        return _spentNonces[signer][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc IMediaRegistry
    function bondOf(address challenger) public view returns (uint256) {
        return uint256(disputeBond) << _lostDisputes[challenger];
    }

    /// @inheritdoc IMediaRegistry
    function instanceId() external view returns (bytes32) {
        return _salt;
    }

    /// @inheritdoc IMediaRegistry
    function isGate(address account) public view returns (bool) {
        GateTerm memory term = gateTermOf[account];
        return term.validFrom != 0 && term.validFrom <= block.timestamp && block.timestamp < term.validUntil;
    }

    // ------------------------------------------------------------------------------------------------- internal

    function _checkAdmission(Admission calldata a) private view {
        uint8 kind = a.kind & ~DAG_PB_BIT;
        if (kind == 0 || kind > KIND_MAX) revert KindUnknown(a.kind);
        bool both = a.levels & LEVEL_GATE != 0 && a.levels & LEVEL_REVIEWER != 0;
        if (a.levels > LEVELS_KNOWN || both) revert LevelsInvalid(a.levels);
        if (recordOf[a.digest].standing != Standing.NONE) revert MediaAlreadyRegistered(a.digest);
    }

    /// @dev A slot for an admission that is in order.
    function _record(Admission calldata a, Visibility visibility, uint40 time, uint32 number) private {
        uint8 kind = a.kind | (visibility == Visibility.PRIVATE ? PRIVATE_BIT : 0);
        uint8 levels = a.levels | (a.earnsReputation ? EARNS_BIT : 0);

        recordOf[a.digest] = Record(a.uploader, time, number, kind, levels, Standing.ACTIVE);
        ++_active;
    }

    /// @dev Counts today's acceptances. Later ones of a day touch one slot of the two.
    function _accept(address uploader, uint256 count) private {
        Reputation.Tally storage kept = _tallies[uploader];
        uint256 today = _today();
        if (kept.day == today) kept.cells = kept.cells.plus(today, count, 0);
        else _tallies[uploader] = _tallyOf(uploader).with(today, count, 0);
    }

    function _commit(bytes32 sha256Hash, bool dagPb) private {
        string memory cid = Cid.text(sha256Hash, dagPb);
        emit Commit(msg.sender, cid, string.concat("{\"assetCid\":\"", cid, "\"}"));
    }

    /// @dev The bond of a challenge that is over: to `winner` and the next one doubled, or back to the challenger.
    function _settleBond(address challenger, uint8 doublings, bool lost, address winner) private {
        creditOf[lost ? winner : challenger] += uint256(disputeBond) << doublings;
        if (lost && _lostDisputes[challenger] < MAX_DOUBLINGS) ++_lostDisputes[challenger];
    }

    /// @dev An array's hash is that of its members' struct hashes, one after the other. Uploaders must ascend.
    function _hashTallies(Tally[] calldata tallies) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](tallies.length);
        for (uint256 k = 0; k < hashes.length; ++k) {
            address previous = k == 0 ? address(0) : tallies[k - 1].uploader;
            if (tallies[k].uploader <= previous) revert NotAscending(previous, tallies[k].uploader);
            hashes[k] = keccak256(abi.encode(TypeHash.TALLY, tallies[k]));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _requirePath(bytes32 structHash, bytes32[] calldata path, bytes32 root) private view {
        bytes32 leaf = _hashTypedData(structHash);
        if (!MerkleProof.verifyCalldata(path, root, leaf)) revert PathInvalid(leaf);
    }

    /// @dev The same for all.
    function _quorumOver(bytes32 structHash, bytes[] calldata sigs) private view returns (address[] memory) {
        bytes32[] memory hashes = new bytes32[](sigs.length);
        for (uint256 j = 0; j < hashes.length; ++j) {
            hashes[j] = structHash;
        }
        return _quorum(hashes, sigs);
    }

    function _checkIntent(Admission calldata a, UploadIntent calldata i, bool signed) private view {
        if (i.digest != a.digest || i.uploader != a.uploader) revert IntentMismatch(i.digest, i.uploader);
        if ((a.levels & LEVEL_UPLOADER != 0) != signed) revert LevelsInvalid(a.levels);
        if (!signed && a.uploader != operator) revert IntentRequired(a.uploader);
    }

    /// @dev Returns what each gate must have signed.
    function _verdicts(Admission calldata a, Opinion[] calldata o) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](o.length);
        bytes32 admission = keccak256(abi.encode(TypeHash.ADMISSION, a));
        for (uint256 j = 0; j < o.length; ++j) {
            uint8 band = o[j].band;
            // a record with level GATE needs a model's judgement from every gate
            bool unjudged = band == BAND_NOT_JUDGED && a.levels & LEVEL_GATE == 0;
            if (band > BAND_MAX && !unjudged) revert BandInvalid(j, band);
            bytes32 opinion = keccak256(abi.encode(TypeHash.OPINION, o[j]));
            hashes[j] = keccak256(abi.encode(TypeHash.GATE_VERDICT, admission, opinion));
        }
    }

    /// @dev Returns the gates in office that signed, ascending.
    function _quorum(bytes32[] memory hashes, bytes[] calldata sigs) private view returns (address[] memory gates) {
        if (hashes.length != sigs.length) revert OpinionCountMismatch(hashes.length, sigs.length);
        if (sigs.length < threshold) revert QuorumNotMet(sigs.length, threshold);
        gates = new address[](sigs.length);
        for (uint256 j = 0; j < sigs.length; ++j) {
            (address gate, ECDSA.RecoverError err,) = ECDSA.tryRecoverCalldata(_hashTypedData(hashes[j]), sigs[j]);
            if (err != ECDSA.RecoverError.NoError) revert GateSignatureInvalid(j);
            if (!isGate(gate)) revert NotAGate(gate);
            if (j != 0 && gate <= gates[j - 1]) revert NotAscending(gates[j - 1], gate);
            gates[j] = gate;
        }
    }

    /// @dev Whose signature this is: the signer's own or its wallet's word (EIP-1271), good until the deadline, or with
    /// none, its transaction. The one call out, to the wallet, is static.
    function _requireSigned(address signer, bytes32 structHash, bytes calldata sig, uint64 deadline) private view {
        if (sig.length != 0) _requireAlive(deadline);
        bool good = sig.length == 0
            ? msg.sender == signer
            : SignatureChecker.isValidSignatureNowCalldata(signer, _hashTypedData(structHash), sig);
        if (!good) revert SignatureInvalid(signer);
    }

    /// @dev The same, good once.
    function _spendSigned(address signer, bytes32 hash, bytes calldata sig, uint256 nonce, uint64 deadline) private {
        _requireSigned(signer, hash, sig, deadline);
        if (sig.length != 0) _spendNonce(signer, nonce);
    }

    function _spendNonce(address signer, uint256 nonce) private {
        if (isNonceSpent(signer, nonce)) revert NonceSpent(signer, nonce);
        _spentNonces[signer][nonce >> 8] |= 1 << (nonce & 0xff);
    }

    function _requireAlive(uint64 deadline) private view {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
    }

    function _requireNotRotated(address uploader) private view {
        if (_tallies[uploader].rotated) revert KeyIsRotated(uploader, holderOf(uploader));
    }

    function _requireFresh(address key) private view {
        bool used = _tallies[key].rotated || _tallies[key].day != 0;
        // a key on its way elsewhere would let a whole chain of names grow at once, too long to be followed
        if (used || rotationOf[key].to != address(0)) revert KeyNotFresh(key);
    }

    function _existing(bytes32 digest) private view returns (Record storage record) {
        record = recordOf[digest];
        if (record.standing == Standing.NONE) revert MediaNotRegistered(digest);
    }

    /// @dev Standing, counts and event: the one place where a record changes.
    function _changeStanding(bytes32 digest, Standing from, Standing to, address by, bytes32 reasonHash) private {
        Standing got = recordOf[digest].standing;
        if (got != from) revert StandingMismatch(digest, from, got);

        recordOf[digest].standing = to;
        from == Standing.ACTIVE ? --_active : --_disputed;
        to == Standing.ACTIVE ? ++_active : to == Standing.DISPUTED ? ++_disputed : ++_revoked;

        emit StandingChanged(digest, from, to, by, reasonHash);
    }

    /// @dev An uploader's outcomes as they stand today.
    function _tallyOf(address uploader) private view returns (Reputation.Tally memory) {
        return _tallies[uploader].on(_today());
    }

    function _today() private view returns (uint256) {
        return block.timestamp / 1 days;
    }

    function _dayOf(Record storage record) private view returns (uint256) {
        return record.registeredAt / 1 days;
    }

    function _earns(Record storage record) private view returns (bool) {
        return record.levels & EARNS_BIT != 0;
    }

    function _addGate(address gate, address runBy, uint40 validFrom, uint40 validUntil) private {
        if (gate == address(0) || runBy == address(0)) revert ZeroNotAllowed();
        if (gateTermOf[gate].validFrom != 0) revert GateAlreadyKnown(gate);
        uint40 from = validFrom == 0 ? uint40(block.timestamp) : validFrom;
        uint40 until = validUntil == 0 ? type(uint40).max : validUntil;
        if (until <= from || until <= block.timestamp) revert TermInvalid(from, until);

        gateTermOf[gate] = GateTerm(from, until, 0);

        emit GateAdded(gate, runBy, from, until);
    }

    function _setThreshold(uint8 newThreshold) private {
        if (newThreshold == 0) revert ZeroNotAllowed();
        emit ThresholdChanged(threshold, newThreshold);

        threshold = newThreshold;
    }
}
