import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildWorker } from '../../scripts/build-worker.mjs'
import { startGateway } from '../../scripts/gateway-process.mjs'

/**
 * Vitest's global setup of the tests that run the Worker: builds it, and keeps a database with the catalogue in it and
 * without keys, which each of them starts from. Loading the catalogue anew costs a second each time.
 *
 * @returns what removes it
 */
export default async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'causeway-seeded-'))
  const gateway = await startGateway({
    bundle: await buildWorker(),
    port: 0,
    stateDirectory: directory,
    variables: {},
    onLog: () => {},
  })
  await gateway.database.exec('DELETE FROM keys')
  await gateway.stop()
  process.env[variable] = directory
  return () => rm(directory, { recursive: true, force: true })
}

/** How the processes that run the tests hear where it is. */
const variable = 'CAUSEWAY_SEEDED_STATE'

/** A state directory of one's own, with the catalogue in it where this was set up; without, the start loads it. */
export async function newStateDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'causeway-state-'))
  const seeded = process.env[variable]
  if (seeded !== undefined) await cp(join(seeded, 'd1'), join(directory, 'd1'), { recursive: true })
  return directory
}
