// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/**
 * @title IMediaRegistry
 * @notice The public memory of a screening gate: which exact bytes passed, under whose name, on whose word.
 *
 * A record says "screened, and not flagged by these models at these thresholds". It never says "real".
 *
 * Laws (each is a property test, `tests/properties/test_contract_laws.py`):
 * - There is at most one record per digest.
 * - A record is in exactly one standing, and the counts by standing are what the events give.
 * - Nothing of a record changes but its standing.
 * - Only what a quorum of active gates signed, and the uploader wished for, becomes a record.
 * - No verdict and no intent works on another installation, chain, contract, uploader or digest.
 * - Reputation is a pure function of the events.
 * - A pause stops writes and never reads.
 *
 * Signatures are EIP-712 under the domain `{name: "Touchstone", version: "1", chainId, verifyingContract, salt}` with
 * `salt` = {instanceId}. Field order, types and names of the three structs below are what is signed.
 *
 * Assumptions about the outside:
 * - Gates sign only what they screened themselves, and nobody else holds their keys.
 * - The admin is trusted with the quorum: it names the gates. See `docs/explanation/contract.md` for every power.
 * - Block times are right to within minutes; deadlines are no finer than that.
 */
interface IMediaRegistry {
    // ---------------------------------------------------------------------------------------------------- types

    /// @notice How a record stands now. DISPUTED is part of the final shape; version 1 has no way into it.
    enum Standing {
        NONE, // no record
        ACTIVE,
        DISPUTED,
        REVOKED
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
        uint8 visibility; // 0 public, 1 private
        bytes32 claimsHash; // SHA-256 of the claims' canonical JSON, 0 if none
        uint256 nonce; // any number that this uploader has not spent; no order
        uint64 deadline; // Unix seconds; the last one at which the intent is good
    }

    /// @notice Everything the chain's state keeps about one digest. All zero where there is no record.
    struct Record {
        address uploader;
        uint40 registeredAt; // Unix seconds of the block
        uint40 blockNumber; // where to read this record's events: policy, claims, opinions
        uint8 kind; // as admitted
        uint8 levels; // as admitted
        uint8 visibility; // 0 public, 1 private
        bool earnsReputation; // as admitted
        Standing standing; // the only field that ever changes
        bytes32 fingerprintHash;
        bytes32 contentHash;
    }

    // --------------------------------------------------------------------------------------------------- events

    /// @notice A digest entered the registry and is ACTIVE. `recorder` sent the transaction.
    event MediaRegistered(
        bytes32 indexed digest,
        address indexed uploader,
        address indexed recorder,
        bytes32 fingerprintHash,
        bytes32 contentHash,
        bytes32 policyId,
        bytes32 claimsHash,
        uint8 kind,
        uint8 levels,
        uint8 visibility,
        bool earnsReputation
    );

    /// @notice What one gate found. Follows its `MediaRegistered` in the same transaction, gates ascending.
    event OpinionRecorded(
        bytes32 indexed digest,
        address indexed gate,
        bytes32 modelId,
        uint8 band,
        uint16 thresholdBps,
        uint64 issuedAt
    );

    /// @notice A record's standing changed. `reasonHash` = SHA-256 of the reason's text, 0 if none is given.
    event StandingChanged(
        bytes32 indexed digest,
        Standing from,
        Standing to,
        address indexed by,
        bytes32 reasonHash
    );

    /// @notice ERC-7053: an asset was committed to by a recorder. Public records only.
    /// @dev An indexed string is logged as its Keccak-256 alone, so `commitData` names the CID again:
    /// `{"assetCid":"bafk…","sha256":"<64 hex>"}`.
    event Commit(address indexed recorder, string indexed assetCid, string commitData);

    /// @notice An uploader made one of its own nonces void.
    event IntentWithdrawn(address indexed uploader, uint256 nonce);

    /// @notice An account became a gate.
    event GateAdded(address indexed gate);

    /// @notice An account ceased to be a gate. Records that it signed stand.
    event GateRemoved(address indexed gate);

    /// @notice The number of gates that must sign changed.
    event ThresholdChanged(uint8 from, uint8 to);

    // --------------------------------------------------------------------------------------------------- errors

    /// @dev The digest has a record already.
    error MediaAlreadyRegistered(bytes32 digest);
    /// @dev The digest has no record.
    error MediaNotRegistered(bytes32 digest);
    /// @dev The record was revoked before.
    error MediaAlreadyRevoked(bytes32 digest);
    /// @dev Neither the record's uploader nor an arbiter.
    error NotUploaderNorArbiter(address sender);

    /// @dev `kind` without bit 7 must be 1 or 2.
    error KindUnknown(uint8 kind);
    /// @dev Unknown bits, or both GATE and REVIEWER. Neither: accepted by policy as not screened.
    error LevelsInvalid(uint8 levels);
    /// @dev UPLOADER must be set if and only if an intent's signature is given.
    error UploaderLevelMismatch(uint8 levels, bool signed);
    /// @dev `visibility` must be 0 or 1.
    error VisibilityUnknown(uint8 visibility);

    /// @dev Opinion j is signed by signature j, so there must be as many of each.
    error OpinionCountMismatch(uint256 opinions, uint256 signatures);
    /// @dev Fewer signatures than the threshold.
    error QuorumNotMet(uint256 signatures, uint256 threshold);
    /// @dev The admission's deadline has passed.
    error VerdictExpired(uint64 deadline);
    /// @dev A band must be 0 to 4 or 255.
    error BandUnknown(uint8 band);
    /// @dev A record with level GATE needs a model's judgement from every gate.
    error NotJudged(uint256 index);
    /// @dev Not a 65-byte signature with low s that recovers to an account.
    error GateSignatureInvalid(uint256 index);
    /// @dev The signature recovers to an account that is no active gate, as any signature over other words does.
    error NotAGate(address recovered);
    /// @dev Gates must be sorted by address, each once.
    error GatesNotAscending(address previous, address current);

    /// @dev The intent is about other bytes than the admission.
    error IntentDigestMismatch(bytes32 intended, bytes32 admitted);
    /// @dev The intent is another uploader's than the admission.
    error IntentUploaderMismatch(address intended, address admitted);
    /// @dev Only the operator's own uploads need no signed intent.
    error IntentRequired(address uploader);
    /// @dev Without a signed intent, the operator must send the transaction itself.
    error NotOperator(address sender);
    /// @dev The intent's deadline has passed.
    error IntentExpired(uint64 deadline);
    /// @dev Not the uploader's signature (ECDSA with low s, or EIP-1271 where the uploader is a contract).
    error IntentSignatureInvalid(address uploader);
    /// @dev This uploader spent or withdrew the nonce before.
    error NonceSpent(address uploader, uint256 nonce);

    /// @dev No role and no instance id may be zero.
    error ZeroNotAllowed();
    /// @dev The account is a gate already.
    error GateAlreadyActive(address gate);
    /// @dev The account is no gate.
    error GateNotActive(address gate);
    /// @dev The threshold must be at least 1 and at most the number of active gates.
    error ThresholdOutOfRange(uint256 threshold, uint256 gates);

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
        Admission calldata a,
        Opinion[] calldata o,
        bytes[] calldata gateSigs,
        UploadIntent calldata i,
        bytes calldata intentSig
    ) external;

    /**
     * @notice Sets a record's standing to REVOKED, for ever. Its uploader or an arbiter may.
     * @dev Warning: an arbiter's revocation counts as proven fraud; version 1 knows no milder ruling. The uploader's own
     * is neutral: it takes back what the record earned, and nothing more.
     * @param digest of the record
     * @param reasonHash SHA-256 of the reason's text, 0 if none is given
     */
    function revoke(bytes32 digest, bytes32 reasonHash) external;

    /// @notice Makes one of the sender's own nonces void, so that an intent signed with it is worth nothing.
    function withdrawIntent(uint256 nonce) external;

    // ---------------------------------------------------------------------------------------------------- admin

    /// @notice Makes an account a gate. Admin only.
    /// @dev Warning: at once; version 1 has no timelock. An admin's key can thus make its own quorum.
    function addGate(address gate) external;

    /// @notice Takes a gate's right to sign new verdicts. Admin only; never below the threshold.
    /// @dev Warning: verdicts of this gate that are signed and not yet on the chain become worthless.
    function removeGate(address gate) external;

    /// @notice Sets how many gates must sign. Admin only; 1 to the number of active gates.
    function setThreshold(uint8 newThreshold) external;

    /// @notice Stops `register`, `revoke` and `withdrawIntent`. Admin only. Reads, gates and roles go on.
    function pause() external;

    /// @notice Ends a pause. Admin only.
    function unpause() external;

    // ---------------------------------------------------------------------------------------------------- views

    /// @notice The whole stored record of exactly these bytes; all zero, with standing NONE, where there is none.
    function recordOf(bytes32 digest) external view returns (Record memory);

    /// @notice How the digest stands now; NONE where there is no record.
    function standingOf(bytes32 digest) external view returns (Standing);

    /// @notice How many records are in each standing now.
    function counts() external view returns (uint256 active, uint256 disputed, uint256 revoked);

    /**
     * @notice An uploader's record of conduct; a newcomer's for an address never seen.
     * @return scoreBps 0 to 10,000
     * @return evidence what the score stands on, in millionths of one settled outcome
     * @return openDisputes disputes not yet ruled on; always 0 in version 1
     * @return strikes proven frauds; stays at 255 once there
     * @return lastFraudDay UTC day number of the latest one, 0 if none
     */
    function reputationOf(address uploader)
        external
        view
        returns (uint16 scoreBps, uint64 evidence, uint32 openDisputes, uint8 strikes, uint32 lastFraudDay);

    /// @notice Whether this uploader spent or withdrew the nonce.
    function isNonceSpent(address uploader, uint256 nonce) external view returns (bool);

    /// @notice The address that may register in its own name without a signed intent. Fixed for ever.
    function operator() external view returns (address);

    /// @notice This installation's 32 random bytes: the EIP-712 domain's salt. Fixed for ever.
    function instanceId() external view returns (bytes32);

    /// @notice How many gates must sign.
    function threshold() external view returns (uint8);

    /// @notice How many gates are active.
    function gateCount() external view returns (uint256);

    /// @notice Whether the account is an active gate.
    function isGate(address account) external view returns (bool);
}
