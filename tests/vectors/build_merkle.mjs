// Roots and paths as OpenZeppelin's own package gives them, for tests/unit/registry/test_merkle.py:
//   npm install --no-save @openzeppelin/merkle-tree@1.0.8 && node tests/vectors/build_merkle.mjs > tests/vectors/merkle.json
// A leaf is the SHA-256 of its number's decimal digits.
import { createHash } from "node:crypto";
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";

const leaf = (number) => "0x" + createHash("sha256").update(String(number)).digest("hex");
const trees = [1, 2, 3, 5, 8, 13, 100].map((count) => {
  const leaves = Array.from({ length: count }, (_, number) => leaf(number));
  const tree = SimpleMerkleTree.of(leaves);
  const number = Math.floor(count / 2);
  return { count, root: tree.root, number, path: tree.getProof(leaves[number]) };
});
console.log(JSON.stringify(trees, null, 1));
