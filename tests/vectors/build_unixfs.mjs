// Writes unixfs.json: the CIDs that ipfs-unixfs-importer, an implementation independent of ours, gives seeded inputs.
// Run after `npm ci` in tests/peers/ipfs:  node tests/vectors/build_unixfs.mjs
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const modules = new URL('../peers/ipfs/node_modules/', import.meta.url)
const { importer } = await import(new URL('ipfs-unixfs-importer/dist/src/index.js', modules))
const { fixedSize } = await import(new URL('ipfs-unixfs-importer/dist/src/chunker/index.js', modules))
const { balanced } = await import(new URL('ipfs-unixfs-importer/dist/src/layout/index.js', modules))
const { version } = JSON.parse(readFileSync(new URL('ipfs-unixfs-importer/package.json', modules)))

// SHA-256 in counter mode: the same bytes in any language without a random generator in common.
function seeded (seed, size) {
  const pieces = []
  for (let counter = 0; counter * 32 < size; counter++) {
    pieces.push(createHash('sha256').update(`${seed}:${counter}`).digest())
  }
  return Buffer.concat(pieces).subarray(0, size)
}

const profile = { profile: 'unixfs-v1-2025' }
const deep = { cidVersion: 1, rawLeaves: true, chunker: fixedSize({ chunkSize: 4096 }), layout: balanced({ maxChildrenPerNode: 8 }) }
const MIB = 1 << 20
const cases = [
  ['empty', 0, profile], ['one byte', 1, profile], ['1000 bytes', 1000, profile],
  ['one chunk', MIB, profile], ['one chunk and a byte', MIB + 1, profile], ['five chunks', 5_000_000, profile],
  ['deep tree', 5_000_000, deep], ['deep, full node', 8 * 4096, deep], ['deep, one leaf past a full node', 8 * 4096 + 1, deep],
  ['deep, two full levels', 64 * 4096, deep], ['deep, one leaf past two full levels', 64 * 4096 + 1, deep]
]

const vectors = []
for (const [name, size, options] of cases) {
  const blocks = new Map()
  const blockstore = { async put (cid, block) { blocks.set(cid.toString(), block.length); return cid } }
  let root
  for await (const entry of importer([{ content: seeded(name, size) }], blockstore, options)) root = entry.cid
  vectors.push({
    name,
    size,
    chunk_bytes: options === deep ? 4096 : MIB,
    max_links: options === deep ? 8 : 1024,
    cid: root.toString(),
    cid_bytes: Buffer.from(root.bytes).toString('hex'),
    blocks: blocks.size
  })
}
const made = { v: 1, source: `npm ipfs-unixfs-importer ${version}, profile unixfs-v1-2025 or chunk_bytes and max_links as given`, vectors }
writeFileSync(new URL('unixfs.json', import.meta.url), JSON.stringify(made, null, 2) + '\n')
