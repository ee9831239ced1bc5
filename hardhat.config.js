// Compiles the same sources with the same settings as contracts/build.py, offline, with the solc package of the lock.
"use strict";

const { subtask } = require("hardhat/config");
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require("hardhat/builtin-tasks/task-names");
const solc = require("solc/package.json");
const artefact = require("./registry/adapters/MediaRegistry.json");

require("@nomicfoundation/hardhat-ethers");

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async (args, hre, runSuper) =>
  args.solcVersion !== solc.version
    ? runSuper(args)
    : {
        compilerPath: require.resolve("solc/soljson.js"),
        isSolcJs: true,
        version: solc.version,
        longVersion: require("solc").version().replace(".Emscripten.clang", ""),
      },
);

module.exports = {
  solidity: { version: solc.version, settings: artefact.compiler.settings },
  // `npx hardhat node` serves localhost; any other network comes from the variable that the service itself reads.
  networks: {
    hardhat: { chainId: 31337 },
    localhost: { url: "http://127.0.0.1:8545" },
    ...(process.env.TOUCHSTONE_RPC_URL ? { touchstone: { url: process.env.TOUCHSTONE_RPC_URL.split(",")[0] } } : {}),
  },
  paths: { sources: "contracts", tests: "tests/hardhat" },
};
