// The same contract on Hardhat's own network: signed by ethers, a third EIP-712 implementation beside eth_account's.
"use strict";

const assert = require("node:assert/strict");
const { artifacts, ethers } = require("hardhat");
const artefact = require("../../registry/adapters/MediaRegistry.json");

const bytes32 = (text) => ethers.id(text);
const ACTIVE = 1n;
const DISPUTED = 2n;
const REVOKED = 3n;
const REVOKE = 0;
const FORGERY = 1;
const DISMISSED = 0;
const EARNS_BIT = 0x80;
const BOND = 10n ** 15n;
const DAY = 86_400;
const GATE = 1;
const UPLOADER = 2;
const FAR = 2n ** 40n;

const ADMISSION = [
  { name: "digest", type: "bytes32" },
  { name: "fingerprintHash", type: "bytes32" },
  { name: "contentHash", type: "bytes32" },
  { name: "kind", type: "uint8" },
  { name: "uploader", type: "address" },
  { name: "policyId", type: "bytes32" },
  { name: "levels", type: "uint8" },
  { name: "earnsReputation", type: "bool" },
  { name: "deadline", type: "uint64" },
];
const OPINION = [
  { name: "modelId", type: "bytes32" },
  { name: "band", type: "uint8" },
  { name: "thresholdBps", type: "uint16" },
  { name: "issuedAt", type: "uint64" },
];
const VERDICT_TYPES = {
  GateVerdict: [
    { name: "admission", type: "Admission" },
    { name: "opinion", type: "Opinion" },
  ],
  Admission: ADMISSION,
  Opinion: OPINION,
};
const INTENT_TYPES = {
  UploadIntent: [
    { name: "digest", type: "bytes32" },
    { name: "uploader", type: "address" },
    { name: "visibility", type: "uint8" },
    { name: "claimsHash", type: "bytes32" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint64" },
  ],
};
const STATEMENT_TYPES = {
  Statement: [
    { name: "digest", type: "bytes32" },
    { name: "by", type: "address" },
    { name: "act", type: "uint8" },
    { name: "detail", type: "bytes32" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint64" },
  ],
};
const ROTATION_TYPES = {
  KeyRotation: [
    { name: "from", type: "address" },
    { name: "to", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint64" },
  ],
};
const EPOCH_TYPES = {
  EpochClose: [
    { name: "epoch", type: "uint32" },
    { name: "rejectionRoot", type: "bytes32" },
    { name: "tallies", type: "Tally[]" },
    { name: "deadline", type: "uint64" },
  ],
  Tally: [
    { name: "uploader", type: "address" },
    { name: "count", type: "uint32" },
  ],
};

describe("MediaRegistry", () => {
  let registry, domain, gate, uploader, arbiter, recorder, stranger, challenger, newKey, submission;

  /** The name of the error with which the contract answers; a call that succeeds fails the test. */
  async function refusal(method, ...args) {
    const error = await method.staticCall(...args).then(
      () => assert.fail("expected a refusal"),
      (reason) => reason,
    );
    return registry.interface.parseError(error.data).name;
  }

  beforeEach(async () => {
    let admin, guardian, operator;
    [recorder, admin, guardian, arbiter, operator, gate, uploader, stranger, challenger, newKey] =
      await ethers.getSigners();
    const instanceId = bytes32("this installation");
    registry = await ethers.deployContract("MediaRegistry", [
      {
        instanceId,
        admin: admin.address,
        guardian: guardian.address,
        arbiter: arbiter.address,
        operator: operator.address,
        disputeBond: BOND,
      },
      [gate.address],
      1,
    ]);
    domain = {
      name: "Touchstone",
      version: "1",
      chainId: (await ethers.provider.getNetwork()).chainId,
      verifyingContract: await registry.getAddress(),
      salt: instanceId,
    };
    const admission = {
      digest: bytes32("a file"),
      fingerprintHash: bytes32("its fingerprint document"),
      contentHash: bytes32("its content"),
      kind: 1,
      uploader: uploader.address,
      policyId: bytes32("the policy"),
      levels: GATE | UPLOADER,
      earnsReputation: true,
      deadline: FAR,
    };
    const opinion = { modelId: bytes32("model"), band: 1, thresholdBps: 5000, issuedAt: 1_700_000_000n };
    const intent = {
      digest: admission.digest,
      uploader: uploader.address,
      visibility: 0,
      claimsHash: ethers.ZeroHash,
      nonce: 7n,
      deadline: FAR,
    };
    submission = [
      admission,
      [opinion],
      [await gate.signTypedData(domain, VERDICT_TYPES, { admission, opinion })],
      intent,
      await uploader.signTypedData(domain, INTENT_TYPES, intent),
    ];
  });

  it("registers what gate and uploader signed", async () => {
    await registry.register(...submission);
    const record = await registry.recordOf(submission[0].digest);
    assert.equal(record.uploader, uploader.address);
    assert.equal(record.standing, ACTIVE);
    assert.equal(record.levels, BigInt(GATE | UPLOADER | EARNS_BIT));
    assert.deepEqual([...(await registry.counts())], [1n, 0n, 0n]);
    const [registered] = await registry.queryFilter(registry.filters.MediaRegistered());
    assert.equal(registered.args.recorder, recorder.address);
    assert.equal(registered.args.admission.contentHash, submission[0].contentHash);
    assert.equal(Number(record.blockNumber), registered.blockNumber);
  });

  it("refuses what no gate signed", async () => {
    const [admission, opinions, , intent, intentSig] = submission;
    const forged = [await stranger.signTypedData(domain, VERDICT_TYPES, { admission, opinion: opinions[0] })];
    assert.equal(await refusal(registry.register, admission, [], [], intent, intentSig), "QuorumNotMet");
    assert.equal(await refusal(registry.register, admission, opinions, forged, intent, intentSig), "NotAGate");
    assert.equal((await registry.recordOf(admission.digest)).standing, 0n);
  });

  it("refuses what the uploader did not sign", async () => {
    assert.equal(await refusal(registry.register, ...submission.slice(0, 4), "0x"), "LevelsInvalid");
  });

  it("revokes by the uploader's signed statement, once", async () => {
    const { digest } = submission[0];
    await registry.register(...submission);
    const said = { digest, by: uploader.address, act: REVOKE, detail: ethers.ZeroHash, nonce: 8n, deadline: FAR };
    const forged = await stranger.signTypedData(domain, STATEMENT_TYPES, said);
    assert.equal(await refusal(registry.makeStatement, said, forged), "SignatureInvalid");
    const signature = await uploader.signTypedData(domain, STATEMENT_TYPES, said);
    await registry.makeStatement(said, signature);
    assert.equal((await registry.recordOf(digest)).standing, REVOKED);
    assert.equal(await refusal(registry.makeStatement, said, signature), "NonceSpent");
    const again = { ...said, nonce: 9n };
    const signedAgain = await uploader.signTypedData(domain, STATEMENT_TYPES, again);
    assert.equal(await refusal(registry.makeStatement, again, signedAgain), "StandingMismatch");
  });

  it("holds a challenge's bond until an arbiter rules, and pays it out", async () => {
    const { digest } = submission[0];
    await registry.register(...submission);
    const dispute = registry.connect(challenger).dispute;
    assert.equal(await refusal(dispute, digest, FORGERY, ethers.ZeroHash), "BondMismatch");
    await dispute(digest, FORGERY, ethers.ZeroHash, { value: BOND });
    assert.equal((await registry.recordOf(digest)).standing, DISPUTED);
    const byStranger = registry.connect(stranger).rule;
    assert.equal(
      await refusal(byStranger, digest, DISMISSED, ethers.ZeroHash),
      "AccessControlUnauthorizedAccount",
    );
    await registry.connect(arbiter).rule(digest, DISMISSED, ethers.ZeroHash);
    assert.equal((await registry.recordOf(digest)).standing, ACTIVE);
    assert.equal(await registry.bondOf(challenger.address), 2n * BOND);
    assert.equal(await registry.creditOf(uploader.address), BOND);
    await registry.connect(uploader).withdrawCredit();
    assert.equal(await ethers.provider.getBalance(await registry.getAddress()), 0n);
  });

  it("counts an epoch's rejections as the gates signed them", async () => {
    const epoch = Math.floor((await ethers.provider.getBlock("latest")).timestamp / DAY) - 1;
    const tallies = [{ uploader: uploader.address, count: 4 }];
    const close = { epoch, rejectionRoot: bytes32("the root"), tallies, deadline: FAR };
    const signature = await gate.signTypedData(domain, EPOCH_TYPES, close);
    const fewer = { ...close, tallies: [{ uploader: uploader.address, count: 3 }] };
    assert.equal(await refusal(registry.closeEpoch, fewer, [signature]), "NotAGate");
    await registry.closeEpoch(close, [signature]);
    assert.equal(await registry.rejectionRootOf(epoch), close.rejectionRoot);
    assert.equal(await refusal(registry.closeEpoch, close, [signature]), "EpochNotClosable");
  });

  it("hands a name over to a key that both signed for, after seven days", async () => {
    const wish = { from: uploader.address, to: newKey.address, nonce: 8n, deadline: FAR };
    const [old, fresh] = [
      await uploader.signTypedData(domain, ROTATION_TYPES, wish),
      await newKey.signTypedData(domain, ROTATION_TYPES, wish),
    ];
    assert.equal(await refusal(registry.rotateKey, wish, fresh, fresh), "SignatureInvalid");
    await registry.rotateKey(wish, old, fresh);
    assert.equal(await refusal(registry.completeKeyRotation, uploader.address), "RotationPending");
    await ethers.provider.send("evm_increaseTime", [7 * DAY]);
    await ethers.provider.send("evm_mine", []);
    await registry.completeKeyRotation(uploader.address);
    assert.equal(await registry.holderOf(uploader.address), newKey.address);
    assert.equal(await refusal(registry.register, ...submission), "KeyIsRotated");
  });

  it("compiles to the committed artefact", async () => {
    const compiled = await artifacts.readArtifact("MediaRegistry");
    assert.equal(compiled.bytecode, artefact.bytecode);
    assert.equal(compiled.deployedBytecode, artefact.deployedBytecode);
    assert.deepEqual(compiled.abi, artefact.abi);
  });
});
