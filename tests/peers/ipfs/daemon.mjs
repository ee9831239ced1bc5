// A real js-ipfs daemon with Kubo's HTTP API, alone on loopback:  node daemon.mjs REPO_FOLDER [PORT]
// Prints one line of JSON once it answers, {"api": "/ip4/127.0.0.1/tcp/PORT/http"}, and stops on SIGTERM.
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { create } from 'ipfs-core'
import { HttpApi } from 'ipfs-http-server'

function freePort () {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

const [repo, wanted] = process.argv.slice(2)
const port = wanted ?? await freePort()
for (const left of ['repo.lock', 'api']) { // a kill leaves both, and the next start would wait for them
  rmSync(join(repo, left), { recursive: true, force: true })
}
const ipfs = await create({
  repo,
  offline: true,
  silent: true,
  preload: { enabled: false },
  config: {
    Addresses: { Swarm: [], Delegates: [], API: `/ip4/127.0.0.1/tcp/${port}`, Gateway: '' },
    Bootstrap: [],
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } }
  }
})
const api = new HttpApi(ipfs)
await api.start()
process.on('SIGTERM', async () => {
  await api.stop()
  await ipfs.stop()
  process.exit(0)
})
console.log(JSON.stringify({ api: `/ip4/127.0.0.1/tcp/${port}/http` }))
