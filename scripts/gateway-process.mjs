// The gateway as a process on this machine: what `npm start` and the tests that talk HTTP to it have in common.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { convertV4MiniflareOptions, Miniflare, NoOpLog } from 'miniflare'
import { unstable_getMiniflareWorkerOptions, unstable_readConfig, unstable_splitSqlQuery } from 'wrangler'
import { readConfiguration } from '../src/configuration.ts'
import { ensureKeys } from './first-keys.mjs'
import { listen } from './front.mjs'
import { seedStatements, seedVersion } from './seed-sql.mjs'

export const root = fileURLToPath(new URL('..', import.meta.url))
const configPath = join(root, 'wrangler.toml')

/** How long work behind answers (settling what was cut off) may take before the process ends. */
const drainMs = 300

/**
 * @typedef {object} RunningGateway
 * @property {number} port
 * @property {string} url `http://127.0.0.1:<port>`
 * @property {import('miniflare').Miniflare} miniflare
 * @property {D1Database} database
 * @property {import('./first-keys.mjs').FirstKeys} newKeys null = there was one
 * @property {() => Promise<void>} stop
 */

/**
 * Starts the bundled Worker as `wrangler.toml` describes it, with a migrated database that holds the catalogue and keys.
 *
 * @param {object} options
 * @param {string} options.bundle path of the ES module, from `buildWorker`
 * @param {number} options.port 0 = any free one
 * @param {string} options.stateDirectory where D1 and the Durable Objects live; `.wrangler/state/v3` is wrangler's own
 * @param {Record<string, string>} options.variables text bindings, over those of `wrangler.toml`
 * @param {string | null} [options.keptManagementKey] the one that an earlier start made
 * @param {(line: { level: string, message: string }) => void} options.onLog a line that the Worker or its runtime wrote
 * @returns {Promise<RunningGateway>}
 * @throws {NodeJS.ErrnoException} `EADDRINUSE` when the port is taken
 */
export async function startGateway({ bundle, port, stateDirectory, variables, keptManagementKey = null, onLog }) {
  const front = await listen(port)
  const url = `http://127.0.0.1:${front.port}`
  let miniflare
  try {
    const bindings = bindingsOf({
      // Its own address as this machine knows it: not every resolver has names like eu.localhost.
      SANDBOX_BASE_URL: `${url}/sandbox/v1`,
      ...variables,
    })
    const options = await workerOptions(bundle, bindings)
    miniflare = new Miniflare({
      ...options,
      host: '127.0.0.1',
      port: 0,
      // Without it Miniflare asks the network for a sample of `request.cf`.
      cf: false,
      logRequests: false,
      log: new NoOpLog(),
      handleStructuredLogs: onLog,
      resourcePersistencePath: stateDirectory,
    })
    await miniflare.ready
    const database = await miniflare.getD1Database('DB')
    await migrate(database)
    await seed(database)
    const newKeys = await ensureKeys(database, {
      secret: bindings.KEY_CHECKSUM_SECRET,
      kept: keptManagementKey,
      hasOwn: readConfiguration(bindings).managementKey !== '',
    })
    front.open(Number((await miniflare.unsafeGetDirectURL()).port))
    return {
      port: front.port,
      url,
      miniflare,
      database,
      newKeys,
      async stop() {
        await front.close()
        await new Promise((resolve) => setTimeout(resolve, drainMs))
        await miniflare.dispose()
      },
    }
  } catch (error) {
    await front.close()
    await miniflare?.dispose().catch(() => {})
    throw error
  }
}

/**
 * What the Worker finds in its environment beside its objects and its database. Of `.dev.vars` only what is given here:
 * wrangler would take it wherever it finds one, empty values included.
 *
 * @param {Record<string, string>} variables over those of `wrangler.toml`
 */
export function bindingsOf(variables) {
  const { vars } = unstable_readConfig({ config: configPath })
  return { ...vars, ENVIRONMENT: 'development', ...variables }
}

async function workerOptions(bundle, bindings) {
  const { modulesRules, ...worker } = unstable_getMiniflareWorkerOptions(configPath).workerOptions
  const options = convertV4MiniflareOptions({
    ...worker,
    name: 'causeway',
    rootPath: root,
    bindings,
    modules: [{ type: 'ESModule', path: join(root, 'index.js'), contents: await readFile(bundle, 'utf8') }],
  })
  // Straight to the Worker: Miniflare's own entry rewrites headers and compresses on its way.
  options.workers[0].dev.unsafeDirectSockets = [{ host: '127.0.0.1', port: 0 }]
  return options
}

/** Applies what is missing, in wrangler's own book, so that `wrangler d1 migrations apply --local` agrees. */
async function migrate(database) {
  await database
    .prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations(
         id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
         applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run()
  const { results } = await database.prepare('SELECT name FROM d1_migrations').all()
  const applied = new Set(results.map(({ name }) => name))
  const names = (await readdir(join(root, 'migrations'))).filter((name) => name.endsWith('.sql')).sort()
  for (const name of names.filter((name) => !applied.has(name))) {
    const statements = unstable_splitSqlQuery(await readFile(join(root, 'migrations', name), 'utf8'))
    await database.batch([
      ...statements.map((statement) => database.prepare(statement)),
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name),
    ])
  }
}

async function seed(database) {
  const loaded = await database.prepare('SELECT version FROM catalog_meta').first('version')
  if (loaded === seedVersion()) return
  await database.batch(seedStatements().map((statement) => database.prepare(statement)))
}
