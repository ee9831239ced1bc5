// The same contract on Hardhat's own network: signed by ethers, a third EIP-712 implementation beside eth_account's.
"use strict";

const assert = require("node:assert/strict");
const { artifacts, ethers } = require("hardhat");
const artefact = require("../../registry/adapters/MediaRegistry.json");

const bytes32 = (text) => ethers.id(text);
const ACTIVE = 1n;
const REVOKED = 3n;
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

describe("MediaRegistry", () => {
  let registry, domain, gate, uploader, arbiter, recorder, stranger, submission;

  /** The name of the error with which the contract answers; a call that succeeds fails the test. */
  async function refusal(method, ...args) {
    const error = await method.staticCall(...args).then(
      () => assert.fail("expected a refusal"),
      (reason) => reason,
    );
    return registry.interface.parseError(error.data).name;
  }

  beforeEach(async () => {
    let admin, operator;
    [recorder, admin, arbiter, operator, gate, uploader, stranger] = await ethers.getSigners();
    const instanceId = bytes32("this installation");
    registry = await ethers.deployContract("MediaRegistry", [
      instanceId,
      admin.address,
      arbiter.address,
      operator.address,
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
    assert.equal(record.contentHash, submission[0].contentHash);
    assert.deepEqual([...(await registry.counts())], [1n, 0n, 0n]);
    const [registered] = await registry.queryFilter(registry.filters.MediaRegistered());
    assert.equal(registered.args.recorder, recorder.address);
  });

  it("refuses what no gate signed", async () => {
    const [admission, opinions, , intent, intentSig] = submission;
    const forged = [await stranger.signTypedData(domain, VERDICT_TYPES, { admission, opinion: opinions[0] })];
    assert.equal(await refusal(registry.register, admission, [], [], intent, intentSig), "QuorumNotMet");
    assert.equal(await refusal(registry.register, admission, opinions, forged, intent, intentSig), "NotAGate");
    assert.equal(await registry.standingOf(admission.digest), 0n);
  });

  it("refuses what the uploader did not sign", async () => {
    assert.equal(await refusal(registry.register, ...submission.slice(0, 4), "0x"), "UploaderLevelMismatch");
  });

  it("revokes by uploader or arbiter, once", async () => {
    const { digest } = submission[0];
    await registry.register(...submission);
    const byStranger = registry.connect(stranger).revoke;
    assert.equal(await refusal(byStranger, digest, ethers.ZeroHash), "NotUploaderNorArbiter");
    await registry.connect(arbiter).revoke(digest, ethers.ZeroHash);
    assert.equal(await registry.standingOf(digest), REVOKED);
    const byUploader = registry.connect(uploader).revoke;
    assert.equal(await refusal(byUploader, digest, ethers.ZeroHash), "MediaAlreadyRevoked");
  });

  it("compiles to the committed artefact", async () => {
    const compiled = await artifacts.readArtifact("MediaRegistry");
    assert.equal(compiled.bytecode, artefact.bytecode);
    assert.equal(compiled.deployedBytecode, artefact.deployedBytecode);
    assert.deepEqual(compiled.abi, artefact.abi);
  });
});
