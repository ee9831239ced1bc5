#!/usr/bin/env node
// The compiler of package-lock.json behind the two switches that py-solc-x uses, so that nothing is downloaded.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const solc = require("solc");

const packages = path.join(__dirname, "..", "node_modules");

function readImport(name) {
  const file = path.join(packages, name);
  return fs.existsSync(file) ? { contents: fs.readFileSync(file, "utf8") } : { error: `File not found: ${name}` };
}

const switches = process.argv.slice(2);
if (switches.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (switches.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8"), { import: readImport }));
} else {
  console.error(`expected --version or --standard-json, got: ${switches.join(" ")}`);
  process.exit(1);
}
