// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMediaRegistry} from "../../contracts/interfaces/IMediaRegistry.sol";
import {Claims} from "./Claims.sol";
import {SlowReputation} from "./SlowReputation.sol";
import {Vm} from "./Vm.sol";

/**
 * @notice What the registry's events alone say: records, standings, counts, bonds, credits, gates, names, reputations.
 *
 * Whatever here differs from what the registry's views answer is a broken law; so is an event that may not follow those
 * before it, which is found on reading.
 */
contract Chronicle is Claims {
    using SlowReputation for SlowReputation.Book;

    struct Entry {
        address uploader;
        uint256 time;
        uint256 number;
        uint8 kind;
        uint8 levels;
        IMediaRegistry.Standing standing;
        address challenger;
        uint256 openedAt;
        uint256 bond;
    }

    struct Batch { uint256 time; uint256 number; uint256 count; }
    struct Tallied { address challenger; uint256 openedAt; uint256 rejections; uint256 bond; }
    struct Term { uint256 from; uint256 until; uint256 since; }

    mapping(bytes32 digest => Entry) public entries;
    bytes32[] public digests;
    mapping(bytes32 root => Batch) public batches;
    bytes32[] public batchRoots;
    mapping(uint256 epoch => mapping(address => Tallied)) public tallied;
    bytes32[] public tallies; // epoch and name of each, see `tally`
    mapping(IMediaRegistry.Standing => uint256) public counts;
    mapping(address => uint256) public credits;
    uint256 public held; // all bonds and credits
    mapping(address => uint256) public lost; // challenges
    mapping(address => Term) public terms;
    mapping(uint256 epoch => bytes32) public roots;
    uint256 public threshold;
    mapping(address => address) public successors;
    mapping(address => address) public wishes; // rotations under way
    mapping(address => uint256) public completableAt;
    mapping(address => SlowReputation.Book) private _books;
    address[] private _names;
    mapping(address => bool) private _isKnown;

    address private immutable _operator;
    uint256 private immutable _bond;
    bytes32 private _expectedRoot; // of the next leaf that unfolds: it is not in the event
    Entry private _expected;
    bytes32 private _expectedDigest;

    uint256 private _opinions; // of the registration that was read last
    uint160 private _lastGate;

    constructor(address operator, uint256 bond) {
        (_operator, _bond) = (operator, bond);
    }

    /// @notice Which leaf unfolds, if any does.
    function expect(bytes32 root, IMediaRegistry.Admission calldata a, IMediaRegistry.Visibility v) external {
        (_expectedRoot, _expectedDigest) = (root, a.digest);
        _fill(_expected, a, v);
        (_expected.time, _expected.number) = (batches[root].time, batches[root].number);
    }

    // ------------------------------------------------------------------------------------------------- reading

    /// @notice Takes in what one transaction logged.
    function read(Vm.Log[] calldata logs) external {
        _settle();
        for (uint256 k = 0; k < logs.length; ++k) {
            _one(logs[k].topics, logs[k].data);
        }
    }

    function _one(bytes32[] calldata t, bytes calldata data) private {
        if (t[0] == IMediaRegistry.MediaRegistered.selector) _registered(t[1], _address(t[2]), data);
        else if (t[0] == IMediaRegistry.OpinionRecorded.selector) _opinion(_address(t[2]));
        else if (t[0] == IMediaRegistry.StandingChanged.selector) _standing(t[1], data);
        else if (t[0] == IMediaRegistry.DisputeOpened.selector) _opened(t[1], _address(t[2]), data);
        else if (t[0] == IMediaRegistry.DisputeRuled.selector) _ruled(t[1], abi.decode(data, (IMediaRegistry.Ruling)));
        else if (t[0] == IMediaRegistry.CreditWithdrawn.selector) _paid(_address(t[1]), abi.decode(data, (uint256)));
        else if (t[0] == IMediaRegistry.EpochClosed.selector) _closed(uint256(t[1]), data);
        else if (t[0] == IMediaRegistry.BatchRegistered.selector) _batch(t[1], data);
        else if (t[0] == IMediaRegistry.RecordUnfolded.selector) _unfolded(t[1], t[2]);
        else if (t[0] == IMediaRegistry.TallyDisputed.selector) _asked(uint256(t[1]), t, abi.decode(data, (uint16)));
        else if (t[0] == IMediaRegistry.TallyAnswered.selector) _answered(uint256(t[1]), _address(t[2]), data);
        else if (t[0] == IMediaRegistry.KeyRotationRequested.selector) _wished(_address(t[1]), _address(t[2]), data);
        else if (t[0] == IMediaRegistry.KeyRotationVetoed.selector) delete wishes[_address(t[1])];
        else if (t[0] == IMediaRegistry.KeyRotated.selector) _rotated(_address(t[1]), _address(t[2]));
        else if (t[0] == IMediaRegistry.GateAdded.selector) _gate(_address(t[1]), data);
        else if (t[0] == IMediaRegistry.GateEnded.selector) _ended(_address(t[1]), abi.decode(data, (uint40)));
        else if (t[0] == IMediaRegistry.ThresholdChanged.selector) (, threshold) = abi.decode(data, (uint8, uint8));
    }

    function _registered(bytes32 digest, address uploader, bytes calldata data) private {
        (IMediaRegistry.Admission memory a, IMediaRegistry.Visibility v,) =
            abi.decode(data, (IMediaRegistry.Admission, IMediaRegistry.Visibility, bytes32));
        Entry storage e = entries[digest];
        isTrue(e.standing == IMediaRegistry.Standing.NONE, "at most one record per digest");
        isTrue(successors[uploader] == address(0), "no record under a rotated name");
        (e.time, e.number) = (block.timestamp, block.number);
        _fill(e, a, v);
        ++counts[e.standing];
        digests.push(digest);
        if (a.earnsReputation) _book(uploader).add(_today(), 1, 0);
        (_opinions, _lastGate) = (0, 0);
    }

    function _fill(Entry storage e, IMediaRegistry.Admission memory a, IMediaRegistry.Visibility v) private {
        e.uploader = a.uploader;
        e.kind = a.kind | (v == IMediaRegistry.Visibility.PRIVATE ? 0x40 : 0);
        e.levels = a.levels | (a.earnsReputation ? 0x80 : 0);
        e.standing = IMediaRegistry.Standing.ACTIVE;
    }

    function _batch(bytes32 root, bytes calldata data) private {
        (uint32 count,,, IMediaRegistry.Tally[] memory rows, address[] memory gates) =
            abi.decode(data, (uint32, bytes32, bool, IMediaRegistry.Tally[], address[]));
        isTrue(batches[root].count == 0 && count != 0, "a root is registered once");
        batches[root] = Batch(block.timestamp, block.number, count);
        batchRoots.push(root);
        (_opinions, _lastGate) = (0, 0);
        for (uint256 k = 0; k < gates.length; ++k) _opinion(gates[k]);
        atMost(threshold, _opinions, "a quorum signed");
        uint256 sum = 0;
        for (uint256 k = 0; k < rows.length; ++k) {
            isTrue(successors[rows[k].uploader] == address(0), "no record under a rotated name");
            _book(rows[k].uploader).add(_today(), rows[k].count, 0);
            sum += rows[k].count;
        }
        atMost(sum, count, "no more outcomes than leaves");
    }

    function _unfolded(bytes32 digest, bytes32 root) private {
        isTrue(entries[digest].standing == IMediaRegistry.Standing.NONE, "at most one slot per digest");
        isTrue(batches[root].count != 0 && root == _expectedRoot && digest == _expectedDigest, "the leaf asked for");
        entries[digest] = _expected;
        ++counts[IMediaRegistry.Standing.ACTIVE];
        digests.push(digest);
    }

    function _opinion(address gate) private {
        isTrue(inOffice(gate), "only gates in office sign");
        isTrue(uint160(gate) > _lastGate, "each gate once");
        _lastGate = uint160(gate);
        ++_opinions;
    }

    function _standing(bytes32 digest, bytes calldata data) private {
        (IMediaRegistry.Standing from, IMediaRegistry.Standing to,) =
            abi.decode(data, (IMediaRegistry.Standing, IMediaRegistry.Standing, bytes32));
        Entry storage e = entries[digest];
        isTrue(e.standing == from && from != to, "a standing changes from what it is");
        isTrue(from != IMediaRegistry.Standing.NONE && from != IMediaRegistry.Standing.REVOKED, "REVOKED is for ever");
        --counts[from];
        ++counts[to];
        e.standing = to;
        if (from == IMediaRegistry.Standing.ACTIVE && _earns(e)) _book(e.uploader).take(e.time / 1 days);
    }

    function _opened(bytes32 digest, address by, bytes calldata data) private {
        Entry storage e = entries[digest];
        (, e.bond) = abi.decode(data, (IMediaRegistry.Reason, uint256));
        (e.challenger, e.openedAt) = (by, block.timestamp);
        held += e.bond;
        ++_book(e.uploader).openDisputes;
    }

    function _ruled(bytes32 digest, IMediaRegistry.Ruling ruling) private {
        Entry storage e = entries[digest];
        SlowReputation.Book storage book = _book(e.uploader);
        --book.openDisputes;
        if (ruling == IMediaRegistry.Ruling.DISMISSED) {
            credits[holderOf(e.uploader)] += e.bond;
            ++lost[e.challenger];
            if (_earns(e) && e.openedAt / 1 days < e.time / 1 days + 8) book.add(e.time / 1 days, 1, 0);
        } else {
            credits[e.challenger] += e.bond;
        }
        if (ruling == IMediaRegistry.Ruling.CORRECTED) book.wrong(false);
        if (ruling == IMediaRegistry.Ruling.FRAUD) book.wrong(true);
        (e.challenger, e.openedAt, e.bond) = (address(0), 0, 0);
    }

    function _paid(address account, uint256 amount) private {
        credits[account] -= amount;
        held -= amount;
    }

    function _closed(uint256 epoch, bytes calldata data) private {
        (bytes32 root, IMediaRegistry.Tally[] memory rows) =
            abi.decode(data, (bytes32, IMediaRegistry.Tally[]));
        isTrue(roots[epoch] == 0 && epoch < _today(), "an epoch closes once, after its day");
        roots[epoch] = root;
        for (uint256 k = 0; k < rows.length; ++k) {
            isTrue(epoch + 3 >= _today(), "in time for a dispute");
            _book(rows[k].uploader).add(epoch, 0, rows[k].count);
            tallied[epoch][rows[k].uploader].rejections = rows[k].count;
            tallies.push(bytes32(epoch << 160 | uint160(rows[k].uploader)));
        }
    }

    function _asked(uint256 epoch, bytes32[] calldata t, uint256 rejections) private {
        (address uploader, address by) = (_address(t[2]), _address(t[3]));
        same(by, holderOf(uploader), "only who answers for the name");
        same(rejections, disputable(epoch, uploader), "all that is open, once");
        isTrue(rejections != 0, "there is something to dispute");
        _book(uploader).bad[epoch] -= rejections;
        tallied[epoch][uploader] = Tallied(by, block.timestamp, rejections, _bond << (lost[by] < 32 ? lost[by] : 32));
        held += tallied[epoch][uploader].bond;
    }

    function _answered(uint256 epoch, address uploader, bytes calldata data) private {
        uint256 proven = abi.decode(data, (uint16));
        Tallied storage one = tallied[epoch][uploader];
        isTrue(one.openedAt != 0 && one.rejections != 0 && proven <= one.rejections, "what was asked for");
        bool all = proven == one.rejections;
        isTrue(all || block.timestamp >= one.openedAt + 3 days, "three days for the rest");
        credits[all ? _operator : one.challenger] += one.bond;
        if (all) ++lost[one.challenger];
        _book(uploader).add(epoch, 0, proven);
        (one.rejections, one.bond) = (0, 0);
    }

    function _wished(address from, address to, bytes calldata data) private {
        (wishes[from], completableAt[from]) = (to, abi.decode(data, (uint64)));
        same(completableAt[from], block.timestamp + 7 days, "seven days for a veto");
    }

    function _rotated(address from, address to) private {
        isTrue(wishes[from] == to && block.timestamp >= completableAt[from], "asked for seven days ago");
        isTrue(successors[from] == address(0) && isFresh(to), "to a fresh key, once");
        SlowReputation.Book storage book = _book(from);
        successors[from] = to;
        book.move(_book(to));
        delete wishes[from];
    }

    function _gate(address gate, bytes calldata data) private {
        same(terms[gate].from, 0, "a key has one term");
        (uint40 from, uint40 until) = abi.decode(data, (uint40, uint40));
        terms[gate] = Term(from, until, 0);
    }

    function _ended(address gate, uint256 since) private {
        Term storage term = terms[gate];
        if (block.timestamp < term.until) term.until = block.timestamp;
        isTrue(since <= block.timestamp && (term.since == 0 || since < term.since), "a compromise moves earlier only");
        if (since != 0) term.since = since;
    }

    // ------------------------------------------------------------------------------------------------- answers

    function opinions() external view returns (uint256) {
        return _opinions;
    }

    function totalTallies() external view returns (uint256) {
        return tallies.length;
    }

    /// @notice Epoch and name of the `k`-th tally.
    function tally(uint256 k) external view returns (uint256, address) {
        return (uint256(tallies[k]) >> 160, _address(tallies[k]));
    }

    function totalBatches() external view returns (uint256) {
        return batchRoots.length;
    }

    /// @notice How many rejections of an epoch an uploader may ask to see; the books are of today.
    function disputable(uint256 epoch, address uploader) public view returns (uint256) {
        SlowReputation.Book storage book = _books[holderOf(uploader)];
        Tallied storage one = tallied[epoch][uploader];
        if (one.openedAt != 0 || epoch + 8 <= _today()) return 0;
        return one.rejections < book.bad[epoch] ? one.rejections : book.bad[epoch];
    }

    function total() external view returns (uint256) {
        return digests.length;
    }

    function inOffice(address gate) public view returns (bool) {
        return terms[gate].from != 0 && terms[gate].from <= block.timestamp && block.timestamp < terms[gate].until;
    }

    function holderOf(address name) public view returns (address) {
        return successors[name] == address(0) ? name : holderOf(successors[name]);
    }

    /// @notice Whether a name has neither outcomes nor a rotation, done or under way.
    function isFresh(address name) public view returns (bool) {
        return _books[name].day == 0 && successors[name] == address(0) && wishes[name] == address(0);
    }

    /// @notice Score and evidence by the book, as of the last event read, and the plain counts.
    function reputationOf(address name) external view returns (uint256, uint256, uint256, uint256, uint256) {
        SlowReputation.Book storage b = _books[holderOf(name)];
        return (b.scoreBps(), b.evidence() / SlowReputation.FINE, b.openDisputes, b.strikes, b.lastFraudDay);
    }

    function _book(address name) private returns (SlowReputation.Book storage book) {
        address holder = holderOf(name);
        if (!_isKnown[holder]) {
            _isKnown[holder] = true;
            _names.push(holder);
        }
        book = _books[holder];
        book.settle(_today());
    }

    function _settle() private {
        for (uint256 k = 0; k < _names.length; ++k) {
            if (_books[_names[k]].day != 0) _books[_names[k]].settle(_today());
        }
    }

    function _earns(Entry storage e) private view returns (bool) {
        return e.levels & 0x80 != 0;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }

    function _today() private view returns (uint256) {
        return block.timestamp / 1 days;
    }
}
