// The lock's compiler, loaded once: a request of standard JSON per line in, its answer per line out.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const solc = require("solc");

const packages = path.join(__dirname, "..", "node_modules");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const answer = solc.compile(line, {
    import: (name) => ({ contents: fs.readFileSync(path.join(packages, name), "utf8") }),
  });
  process.stdout.write(`${JSON.stringify(JSON.parse(answer))}\n`);
});
