// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/**
 * @title IMediaRegistry
 * @notice The public memory of a screening gate: which exact bytes passed, under whose name, on whose word.
 *
 * A record says "screened, and not flagged by these models at these thresholds". It never says "real".
 *
 * Laws (each is a property test, `tests/forge/Laws.t.sol` and `tests/properties/test_contract_laws.py`):
 * - There is at most one record with a slot of its own per digest.
 * - A record is in exactly one standing, and the counts by standing are what the events give.
 * - Nothing of a record changes but its standing, and REVOKED is for ever.
 * - Only what a quorum of gates in office signed, and the uploader wished for, becomes a record.
 * - No verdict, intent, statement, rotation or tally works on another installation, chain, contract or subject.
 * - Reputation is a pure function of the events; no rounding is in the uploader's favour.
 * - A record of a batch is what its leaf says, and gets a slot of its own at most once.
 * - Rejections that are disputed and not proven count for nobody.
 * - Every wei held is a bond of an open dispute, of a record or a tally, or somebody's credit.
 * - A pause stops writes and never reads.
 *
 * Signatures are EIP-712 under the domain `{name: "Touchstone", version: "1", chainId, verifyingContract, salt}` with
 * `salt` = {instanceId}. Field order, types and names of the structs below are what is signed. Where a signature may be
 * empty, the signer sends the transaction itself. Gates sign with keys (ECDSA, low s); everybody else may also be a
 * contract (EIP-1271).
 *
 * Assumptions about the outside:
 * - Gates sign only what they screened themselves, and nobody else holds their keys.
 * - The admin is trusted with the quorum: it names the gates. It should be a timelock. See
 *   `docs/explanation/contract.md` for every power.
 * - Arbiters rule on what a dispute's reasons say, off the chain. They cannot touch a record that nobody disputes.
 * - Block times are right to within minutes; deadlines are no finer than that.
 */
interface IMediaRegistry {
    // ---------------------------------------------------------------------------------------------------- types

    /**
     * @notice How a record stands now.
     *
     * NONE: there is no record. ACTIVE. DISPUTED: somebody challenged it and no arbiter has ruled yet. REVOKED: for ever.
     */
    enum Standing { NONE, ACTIVE, DISPUTED, REVOKED }

    /// @notice Whether bytes and fingerprint document may leave the local store.
    enum Visibility { PUBLIC, PRIVATE }

    /**
     * @notice Why a record is challenged. The reason's text is off the chain, its hash in the event.
     *
     * FORGERY: what it shows was made or altered to deceive. DEPICTED_PERSON: somebody who is shown objects. RIGHTS: it
     * is somebody else's work. MISTAKE: registered in error. MODEL_DOUBT: a newer model flags what an older one passed.
     */
    enum Reason { OTHER, FORGERY, DEPICTED_PERSON, RIGHTS, MISTAKE, MODEL_DOUBT }

    /**
     * @notice What an arbiter decides.
     *
     * DISMISSED: the record stands, the bond goes to the uploader and the challenger's next one is doubled. In all others
     * the record is revoked and the bond goes back. REMOVED: nobody's fault. CORRECTED: an honest mistake, a small mark
     * on the uploader's reputation. FRAUD: proven, a heavy mark.
     */
    enum Ruling { DISMISSED, REMOVED, CORRECTED, FRAUD }

    /**
     * @notice What a statement says of the record it is about, and what `detail` then is.
     *
     * REVOKE, by the uploader: it is void; the reason's SHA-256, 0 if none is given. SUPERSEDE, by the uploader: a later
     * record of the same uploader takes its place; that one's digest. DERIVE, by the uploader: it was made from an
     * earlier record; that one's digest. ATTEST, by anybody but the uploader, level THIRD_PARTY: I vouch for it; the
     * SHA-256 of what is claimed, 0 if nothing. REVIEW: likewise by a reviewer, level REVIEWER. RETRACT: I take all that
     * I attested of it back; the reason's SHA-256, 0 if none is given.
     */
    enum Act { REVOKE, SUPERSEDE, DERIVE, ATTEST, REVIEW, RETRACT }

    /// @notice What a registry is born with.
    struct Roles {
        bytes32 instanceId; // 32 random bytes, never used for another installation
        address admin; // names gates and roles, sets the threshold, ends a pause; should be a timelock
        address guardian; // may only tighten, at once: pause, and end a gate whose key is in other hands
        address arbiter; // rules on disputes
        address operator; // may register in its own name without a signed intent
        uint96 disputeBond; // what a first challenge costs, in wei
    }

    /// @notice What is admitted, common to all gates.
    struct Admission {
        bytes32 digest; // SHA-256 of the exact bytes
        bytes32 fingerprintHash; // SHA-256 of the fingerprint document; of salt ‖ that in a private record
        bytes32 contentHash; // the SHA-256 inside the content's CID; of salt ‖ that in a private record
        uint8 kind; // 1 image, 2 video; bit 7: the CID's codec is dag-pb, else raw
        address uploader; // who claims
        bytes32 policyId; // SHA-256 of the admission policy's canonical JSON
        uint8 levels; // 1 GATE, 2 UPLOADER, 4 REVIEWER, 8 CREDENTIALS
        bool earnsReputation; // false for a near-duplicate
        uint64 deadline; // Unix seconds; the last one at which the verdict is good
    }

    /// @notice One gate's own finding.
    struct Opinion {
        bytes32 modelId; // SHA-256 of the model's canonical manifest; 0 where no model judged
        uint8 band; // 0 none, 1 weak, 2 moderate, 3 strong, 4 very strong sign of forgery; 255 not judged
        uint16 thresholdBps; // the acceptance threshold in basis points
        uint64 issuedAt; // Unix seconds
    }

    /// @notice The uploader's wish to register one digest.
    struct UploadIntent {
        bytes32 digest; // SHA-256 of the exact bytes
        address uploader; // who signs
        Visibility visibility; // signed as uint8
        bytes32 claimsHash; // SHA-256 of the claims' canonical JSON, 0 if none
        uint256 nonce; // any number that this uploader has not spent; no order
        uint64 deadline; // Unix seconds; the last one at which the intent is good
    }

    /// @notice What somebody says of one record.
    struct Statement {
        bytes32 digest; // of the record
        address by; // who says it, and signs
        Act act; // signed as uint8
        bytes32 detail; // see `Act`
        uint256 nonce; // any number that this signer has not spent; shared with the intents
        uint64 deadline; // Unix seconds; the last one at which the statement is good
    }

    /// @notice An uploader's wish to go on under another key, or with `to` zero, to stay.
    struct KeyRotation {
        address from; // who signs
        address to; // the new key, which signs as well; zero is the veto
        uint256 nonce; // any number that `from` has not spent
        uint64 deadline; // Unix seconds
    }

    /// @notice How many outcomes of one uploader there are: earning leaves of a batch, or an epoch's rejections.
    struct Tally {
        address uploader;
        uint32 count;
    }

    /// @notice What the gates sign to admit many records at once.
    struct BatchAdmission {
        bytes32 root; // of the records' leaves, see {unfold}
        uint32 count; // of leaves, at most 2^20
        bytes32 manifestHash; // the SHA-256 inside the manifest's CID: a line of JSON for each leaf, in the leaves' order
        bool manifestIsDagPb; // the CID's codec is dag-pb, else raw
        Tally[] tallies; // of leaves that earn reputation, uploaders ascending, at most 256
        uint64 deadline; // Unix seconds
    }

    /// @notice What the gates sign when an epoch closes.
    struct EpochClose {
        uint32 epoch; // UTC day number
        bytes32 rejectionRoot; // of the epoch's salted rejections
        Tally[] tallies; // of rejections, uploaders ascending
        uint64 deadline; // Unix seconds
    }

    /// @notice When a gate's verdicts count.
    struct GateTerm {
        uint40 validFrom; // Unix seconds; 0 for an account that never was a gate
        uint40 validUntil; // Unix seconds; the first one at which it no longer counts
        uint40 compromisedSince; // Unix seconds, 0 if not: what was registered from then on with its word is suspect
    }

    /// @notice All that the chain's state keeps about one digest: one slot.
    struct Record {
        address uploader;
        uint40 registeredAt; // Unix seconds of the block
        uint32 blockNumber; // whose `MediaRegistered` of this digest has the rest: hashes, policy, claims, opinions
        uint8 kind; // as admitted; bit 6: private
        uint8 levels; // as admitted; bit 7: earns reputation
        Standing standing; // the only field that ever changes
    }

    /// @notice All that the chain's state keeps about a batch: one slot.
    struct Batch {
        uint40 registeredAt; // Unix seconds of the block
        uint32 blockNumber; // whose `BatchRegistered` of this root has the rest
        uint32 count; // of leaves; 0 where there is no such batch
    }

    /// @notice One rejection, as a gate proves it; it tells strangers nothing of the file.
    struct Opening {
        bytes32 intentHash; // EIP-712 struct hash of the uploader's `UploadIntent`, whose nonce hides the digest
        bytes32 detailHash; // SHA-256 of what the gate found, salted
        bytes32 salt; // 32 random bytes
        bytes intentSig; // the uploader's signature over that intent
        bytes32[] path; // from the leaf to the epoch's root
    }

    /// @notice An epoch's rejections of one uploader, and who asked to see them: then they do not count.
    struct TallyDispute {
        address challenger;
        uint40 openedAt; // Unix seconds of the block; 0 if nobody asked
        uint8 doublings; // the bond is `disputeBond << doublings`
        uint16 rejections; // as tallied; then those to be proven; 0 once that is over
    }

    /// @notice An open challenge.
    struct Dispute {
        address challenger;
        uint40 openedAt; // Unix seconds of the block
        uint8 doublings; // the bond is `disputeBond << doublings`
        Reason reason;
    }

    /// @notice A rotation that the uploader may still veto.
    struct Rotation {
        address to;
        uint64 completableAt; // Unix seconds
    }

    // --------------------------------------------------------------------------------------------------- events

    /// @notice A digest entered the registry and is ACTIVE. `recorder` sent the transaction.
    event MediaRegistered(
        bytes32 indexed digest, address indexed uploader, address indexed recorder,
        Admission admission, Visibility visibility, bytes32 claimsHash
    );

    /// @notice What one gate found. Follows its `MediaRegistered` in the same transaction, gates ascending.
    event OpinionRecorded(bytes32 indexed digest, address indexed gate, Opinion opinion);

    /// @notice So many digests entered the registry at once and are ACTIVE. `gates` signed, ascending.
    event BatchRegistered(
        bytes32 indexed root, uint32 count, bytes32 manifestHash, bool manifestIsDagPb, Tally[] tallies, address[] gates
    );

    /// @notice A record of a batch got a slot of its own. Nothing else about it changed.
    event RecordUnfolded(bytes32 indexed digest, bytes32 indexed root);

    /// @notice A record's standing changed. `reasonHash` = SHA-256 of the reason's text, 0 if none is given.
    event StandingChanged(bytes32 indexed digest, Standing from, Standing to, address indexed by, bytes32 reasonHash);

    /// @notice ERC-7053: an asset was committed to by a recorder: a public record's, or a batch's manifest.
    /// @dev An indexed string is logged as its Keccak-256 alone, so `commitData` names the CID again:
    /// `{"assetCid":"bafk…"}`. The digest is in this transaction's `MediaRegistered`, the root in its `BatchRegistered`.
    event Commit(address indexed recorder, string indexed assetCid, string commitData);

    /// @notice An uploader made one of its own nonces void.
    event IntentWithdrawn(address indexed uploader, uint256 nonce);

    /// @notice Somebody said something of a record. A REVOKE follows its `StandingChanged` in the same transaction.
    event StatementMade(bytes32 indexed digest, address indexed by, Act indexed act, bytes32 detail);

    /// @notice A record was challenged. Follows its `StandingChanged` in the same transaction.
    event DisputeOpened(bytes32 indexed digest, address indexed challenger, Reason reason, uint256 bond);

    /// @notice A challenge is over, by ruling. Follows its `StandingChanged` in the same transaction.
    event DisputeRuled(bytes32 indexed digest, Ruling ruling);

    /// @notice An account took out what it had to its credit.
    event CreditWithdrawn(address indexed account, uint256 amount);

    /// @notice An epoch's rejections are committed to and count, each uploader's by its tally.
    event EpochClosed(uint32 indexed epoch, bytes32 rejectionRoot, Tally[] tallies);

    /// @notice An uploader asked to see an epoch's rejections of it; they no longer count.
    event TallyDisputed(uint32 indexed epoch, address indexed uploader, address indexed by, uint16 rejections);

    /// @notice So many of the disputed rejections were proven, and count again.
    event TallyAnswered(uint32 indexed epoch, address indexed uploader, uint16 proven);

    /// @notice An uploader asked to go on under another key, from `completableAt` (Unix seconds) on.
    event KeyRotationRequested(address indexed from, address indexed to, uint64 completableAt);

    /// @notice An uploader took the request back.
    event KeyRotationVetoed(address indexed from, address indexed to);

    /// @notice The reputation of `from` is that of `to` from now on, and `from` registers no more.
    event KeyRotated(address indexed from, address indexed to);

    /// @notice An account became a gate for a time. Gates with equal `runBy` are one operator's, and no second opinion.
    event GateAdded(address indexed gate, address indexed runBy, uint40 validFrom, uint40 validUntil);

    /// @notice A gate's term ended. Records that it signed stand; with `compromisedSince`, later ones are suspect.
    event GateEnded(address indexed gate, uint40 compromisedSince);

    /// @notice The number of gates that must sign changed.
    event ThresholdChanged(uint8 from, uint8 to);

    // --------------------------------------------------------------------------------------------------- errors

    /// @dev The digest has a record already.
    error MediaAlreadyRegistered(bytes32 digest);
    /// @dev The digest has no record.
    error MediaNotRegistered(bytes32 digest);
    /// @dev The record stands otherwise than this call needs it to.
    error StandingMismatch(bytes32 digest, Standing expected, Standing got);
    /// @dev Only the record's uploader may say this, or who took over its name by key rotation.
    error NotUploader(address signer);
    /// @dev A third party is somebody else than the record's uploader.
    error AttesterIsUploader(address attester);
    /// @dev A successor must be later than what it supersedes, and a derived record later than its parent.
    error NotLater(bytes32 earlier);

    /// @dev `kind` without bit 7 must be 1 or 2.
    error KindUnknown(uint8 kind);
    /// @dev Unknown bits, both GATE and REVIEWER, or UPLOADER without an intent's signature or the other way round.
    /// Neither GATE nor REVIEWER: accepted by policy as not screened.
    error LevelsInvalid(uint8 levels);
    /// @dev Opinion j is signed by signature j, so there must be as many of each.
    error OpinionCountMismatch(uint256 opinions, uint256 signatures);
    /// @dev Fewer signatures than the threshold.
    error QuorumNotMet(uint256 signatures, uint256 threshold);
    /// @dev A band must be 0 to 4, or 255 in a record without level GATE.
    error BandInvalid(uint256 index, uint8 band);
    /// @dev Not a 65-byte signature with low s that recovers to an account.
    error GateSignatureInvalid(uint256 index);
    /// @dev No gate, or not now. A signature over other words than expected recovers to some such account.
    error NotAGate(address account);
    /// @dev Gates and tallies must be sorted by address, each once.
    error NotAscending(address previous, address current);

    /// @dev The intent is about other bytes or another uploader than the admission.
    error IntentMismatch(bytes32 digest, address uploader);
    /// @dev Only the operator's own uploads need no signed intent.
    error IntentRequired(address uploader);
    /// @dev This signer spent or withdrew the nonce before.
    error NonceSpent(address signer, uint256 nonce);
    /// @dev Not this signer's signature (ECDSA with low s, or EIP-1271 of a contract), or none and another sender.
    error SignatureInvalid(address signer);
    /// @dev The last second at which this verdict, intent, statement, rotation or tally was good has passed.
    error DeadlinePassed(uint64 deadline);

    /// @dev There is no batch with this root.
    error BatchNotRegistered(bytes32 root);
    /// @dev There is a batch with this root already.
    error BatchAlreadyRegistered(bytes32 root);
    /// @dev A batch has 1 to 2^20 leaves, at most 256 tallies, and no more outcomes than leaves.
    error BatchSizeInvalid(uint256 count, uint256 tallies);
    /// @dev This leaf is not under that root by this path.
    error PathInvalid(bytes32 leaf);

    /// @dev An arbiter may not rule on its own challenge or record.
    error ArbiterIsParty(address arbiter);
    /// @dev A challenge costs exactly its bond.
    error BondMismatch(uint256 expected, uint256 got);
    /// @dev An epoch closes once, after its day, and with tallies within three days of it.
    error EpochNotClosable(uint32 epoch);
    /// @dev No rejections of this uploader in this epoch may be disputed any more, or none are to be proven.
    error NoTally(uint32 epoch, address uploader);
    /// @dev Openings are sorted by intent, each once.
    error OpeningsNotAscending(uint256 index);
    /// @dev The gates may still prove the rest.
    error AnswerPending(uint64 until);
    /// @dev This key's name went over to another one.
    error KeyIsRotated(address from, address to);
    /// @dev A new key must have no outcomes and no rotation of its own, and be another one.
    error KeyNotFresh(address key);
    /// @dev No rotation of this key is under way.
    error NoRotation(address from);
    /// @dev The uploader may still say no.
    error RotationPending(uint64 completableAt);

    /// @dev No role, gate, instance id, threshold or root may be zero.
    error ZeroNotAllowed();
    /// @dev The account is or was a gate: a key has one term.
    error GateAlreadyKnown(address gate);
    /// @dev A term must end after it begins, and in the future.
    error TermInvalid(uint40 validFrom, uint40 validUntil);
    /// @dev A compromise lies in the past, and is never moved later or taken back.
    error CompromiseInvalid(uint40 since);
    // --------------------------------------------------------------------------------------------------- writes

    /**
     * @notice Makes a record of a digest that a quorum of gates admitted. Anyone may send it.
     *
     * Example: `register(a, [o1, o2], [sig1, sig2], i, sig)` with gate 1's address below gate 2's.
     *
     * Without `intentSig` the uploader must be {operator} and send the transaction, whose own signature then stands
     * for the intent: of `i` only `visibility` and `claimsHash` are used (digest and uploader must still agree).
     * @dev Warning: whoever holds all the signatures can send them; `recorder` is a fact about the transaction only.
     * @param a what is admitted
     * @param o one opinion per gate
     * @param gateSigs gate j's EIP-712 signature over `GateVerdict(a, o[j])`, sorted by gate address ascending
     * @param i the uploader's wish
     * @param intentSig the uploader's EIP-712 signature over `i`, or empty
     */
    function register(
        Admission calldata a, Opinion[] calldata o, bytes[] calldata gateSigs,
        UploadIntent calldata i, bytes calldata intentSig
    ) external;

    /**
     * @notice Makes records of many digests that a quorum of gates admitted, for the price of one. Anyone may send it.
     * @dev The chain checks no leaf: that each was admitted, wished for and new is what the gates sign. Where a digest
     * occurs again it is a repeat: the earliest (block, log, leaf) is its record.
     * @param b what is admitted
     * @param gateSigs the gates' EIP-712 signatures over `b`, sorted by gate address ascending
     */
    function registerBatch(BatchAdmission calldata b, bytes[] calldata gateSigs) external;

    /**
     * @notice Gives a record of a batch a slot of its own, as if it had been registered alone then. Anyone may send it.
     *
     * Whatever is to be said of the record, or held against it, needs this first.
     * @dev Its leaf is the EIP-712 hash of `BatchLeaf(Admission admission,uint8 visibility,bytes32 claimsHash)`; inner
     * nodes hash their two children, the lesser first (OpenZeppelin's `MerkleProof`).
     * @param root of the batch
     * @param a as admitted
     * @param visibility as wished for
     * @param claimsHash SHA-256 of the claims' canonical JSON, 0 if none
     * @param path the leaf's siblings, up to the root
     */
    function unfold(
        bytes32 root, Admission calldata a, Visibility visibility, bytes32 claimsHash, bytes32[] calldata path
    ) external;

    /**
     * @notice Publishes what somebody says of a record: see `Act`. Anyone may send it.
     *
     * Example: `makeStatement(Statement(digest, alice, uint8(Act.REVOKE), 0, nonce, deadline), sig)`.
     *
     * Without `sig`, `s.by` must send the transaction; nonce and deadline are then not used.
     * @dev Warning: an uploader's REVOKE cannot be undone. It is neutral: inside the first seven days it takes back what
     * the record would have earned, and nothing more. A record under dispute cannot be revoked by its uploader: that
     * would be the cheap way out of a ruling.
     * @param s what is said
     * @param sig the EIP-712 signature of `s.by` over `s`, or empty
     */
    function makeStatement(Statement calldata s, bytes calldata sig) external;

    /// @notice Makes one of the sender's own nonces void, so that what was signed with it is worth nothing.
    function withdrawIntent(uint256 nonce) external;

    /**
     * @notice Challenges an ACTIVE record; it is DISPUTED until an arbiter rules.
     * @dev The value sent must be {bondOf} the sender. A score is never frozen by a challenge: only what this record
     * itself would have earned waits for the ruling, if it was registered within the last seven days.
     * @param digest of the record
     * @param reason why
     * @param reasonHash SHA-256 of the reason's text
     */
    function dispute(bytes32 digest, Reason reason, bytes32 reasonHash) external payable;

    /**
     * @notice Ends a challenge. Arbiters only.
     * @dev Warning: one arbiter's word is enough; give the role to a multi-signature wallet.
     * @param digest of a DISPUTED record
     * @param ruling what becomes of it
     * @param reasonHash SHA-256 of the reasons
     */
    function rule(bytes32 digest, Ruling ruling, bytes32 reasonHash) external;

    /// @notice Pays the sender what it has to its credit. Works during a pause.
    function withdrawCredit() external;

    /**
     * @notice Counts an epoch's rejections and commits to them. Anyone may send it; once per epoch, after its day.
     * @dev Rejections of an epoch that closes more than three days late count for nobody: its uploaders must have time
     * to dispute them. A tally costs up to 72,000 gas: a block of 30 million takes some 400.
     * @param e what the epoch came to
     * @param gateSigs the gates' EIP-712 signatures over `e`, sorted by gate address ascending
     */
    function closeEpoch(EpochClose calldata e, bytes[] calldata gateSigs) external;

    /**
     * @notice Asks to see an epoch's rejections of an uploader, once, while they are not settled. They count no longer,
     * until they are proven; of more than 256, as many. For the uploader, or who took over its name by key rotation.
     * @dev The value sent must be {bondOf} the sender.
     */
    function disputeTally(uint32 epoch, address uploader) external payable;

    /**
     * @notice Proves disputed rejections, each by its leaf and the uploader's own signature. Anyone may send it.
     *
     * If all are proven, the bond goes to the operator and the challenger's next one is doubled. With fewer it is refused
     * for three days; then the rest never counts and the bond goes back. Either way the challenge is over.
     * @param openings sorted by `intentHash` ascending: an intent that was tried twice is one rejection
     */
    function answerTally(uint32 epoch, address uploader, Opening[] calldata openings) external;

    /**
     * @notice Asks to hand an uploader's reputation to a new key in seven days, or with `r.to` zero, takes that
     * back. Anyone may send it; a veto works during a pause.
     * @dev Warning: whoever has the old key can ask for it. Its owner sees `KeyRotationRequested` and has the delay to
     * veto it. A new request replaces the one before and starts the delay again.
     * @param r from which key to which
     * @param fromSig the old key's signature over `r`, or empty where the old key sends this
     * @param toSig the new key's signature over `r`, or empty where the new key sends this; not used by a veto
     */
    function rotateKey(KeyRotation calldata r, bytes calldata fromSig, bytes calldata toSig) external;

    /// @notice Hands the reputation over once the delay is over. Anyone may send it.
    /// @dev Old records keep their uploader; rulings on them now count for the new key.
    function completeKeyRotation(address from) external;

    // ---------------------------------------------------------------------------------------------------- admin

    /// @notice Makes an account a gate for a time. Admin only. A key has one term, ever.
    /// @param gate the account
    /// @param runBy who runs it, as the admin knows: the operator address of that installation
    /// @param from Unix seconds; 0 for now
    /// @param until Unix seconds, the first one at which it no longer counts; 0 for no end
    function addGate(address gate, address runBy, uint40 from, uint40 until) external;

    /// @notice Ends a gate's term at once. Guardians only.
    /// @dev Warning: verdicts of this gate that are signed and not yet on the chain become worthless, and fewer gates may
    /// be left than must sign; then nothing enters until the admin acts.
    /// @param gate a present or former gate
    /// @param compromisedSince Unix seconds since when its key is in other hands, 0 if it is not
    function endGate(address gate, uint40 compromisedSince) external;

    /// @notice Sets how many gates must sign, at least 1. Admin only.
    /// @dev Warning: more than there are gates stops all registrations.
    function setThreshold(uint8 newThreshold) external;

    /// @notice Stops every write but {withdrawCredit}, {answerTally}, vetoes and what roles do. Guardians only.
    function pause() external;

    /// @notice Ends a pause. Admin only.
    function unpause() external;

    // ---------------------------------------------------------------------------------------------------- views

    /// @notice The stored `Record` of exactly these bytes; all zero, with standing NONE, where there is none.
    function recordOf(bytes32 digest) external view
        returns (address uploader, uint40 registeredAt, uint32 blockNumber, uint8 kind, uint8 levels, Standing standing);

    /// @notice The stored `Batch` under this root; all zero where there is none.
    function batchOf(bytes32 root) external view returns (uint40 registeredAt, uint32 blockNumber, uint32 count);

    /// @notice The `TallyDispute`; all zero where there is no tally.
    function tallyDisputeOf(uint32 epoch, address uploader) external view
        returns (address challenger, uint40 openedAt, uint8 doublings, uint16 rejections);

    /// @notice The open `Dispute` of a record; all zero where there is none.
    function disputeOf(bytes32 digest) external view
        returns (address challenger, uint40 openedAt, uint8 doublings, Reason reason);

    /// @notice How many records with a slot of their own are in each standing now. All other leaves of batches are ACTIVE.
    function counts() external view returns (uint64 active, uint64 disputed, uint64 revoked);

    /**
     * @notice An uploader's record of conduct; a newcomer's for an address never seen, the new key's for a rotated one.
     * @return scoreBps 0 to 10,000
     * @return evidence what the score stands on, in millionths of one settled outcome
     * @return openDisputes disputes not yet ruled on
     * @return strikes proven frauds; stays at 255 once there
     * @return lastFraudDay UTC day number of the latest one, 0 if none
     */
    function reputationOf(address uploader) external view
        returns (uint16 scoreBps, uint64 evidence, uint32 openDisputes, uint8 strikes, uint32 lastFraudDay);

    /// @notice Who answers for an uploader's name now: the address itself, or the last key it was rotated to.
    function holderOf(address uploader) external view returns (address);

    /// @notice The rotation of this key that is under way; zeros if none.
    function rotationOf(address from) external view returns (address to, uint64 completableAt);

    /// @notice The root of an epoch's rejections; 0 while it is not closed.
    function rejectionRootOf(uint32 epoch) external view returns (bytes32);

    /// @notice Whether this signer spent or withdrew the nonce.
    function isNonceSpent(address signer, uint256 nonce) external view returns (bool);

    /// @notice What a challenge by this account costs, in wei: doubled by each challenge that it lost.
    function bondOf(address challenger) external view returns (uint256);

    /// @notice What this account may withdraw, in wei.
    function creditOf(address account) external view returns (uint256);

    /// @notice The address that may register in its own name without a signed intent. Fixed for ever.
    function operator() external view returns (address);

    /// @notice This installation's 32 random bytes: the EIP-712 domain's salt. Fixed for ever.
    function instanceId() external view returns (bytes32);

    /// @notice What a first challenge costs, in wei. Fixed for ever; 0 on networks whose coin has no value.
    function disputeBond() external view returns (uint96);

    /// @notice How many gates must sign.
    function threshold() external view returns (uint8);

    /// @notice Whether the account's verdicts count now.
    function isGate(address account) external view returns (bool);

    /// @notice The account's `GateTerm`; all zero for one that never was a gate.
    function gateTermOf(address gate) external view returns (uint40 validFrom, uint40 validUntil, uint40 compromisedSince);
}
