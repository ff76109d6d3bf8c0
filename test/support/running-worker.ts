import dns from 'node:dns'
import { rm } from 'node:fs/promises'
import { buildWorker } from '../../scripts/build-worker.mjs'
import { startGateway } from '../../scripts/gateway-process.mjs'
import { newStateDirectory } from './seeded-state.ts'

export interface RunningWorker {
  /** `http://127.0.0.1:<port>` */
  url: string
  /** `http://eu.localhost:<port>`, which resolves in this process even where the system doesn't know it. */
  euUrl: string
  /** An API key with the default rate limit. */
  apiKey: string
  managementKey: string
  /** Everything that the Worker and its runtime have written so far. */
  logs: string[]
  /** Where D1 and the Durable Objects keep their files; gone after `stop`. */
  stateDir: string
  database: D1Database
  /** Makes an API key over HTTP; `options` is the body of `POST /api/v1/keys`. */
  createKey(options?: Record<string, unknown>): Promise<{ key: string; hash: string }>
  stop(): Promise<void>
}

/**
 * Starts the built Worker with a state of its own, the way `npm start` does, and without `.dev.vars`.
 *
 * @param options.vars text bindings, e.g. `{ OPENAI_API_KEY: 'x', OPENAI_BASE_URL: upstream.url }`
 * @param options.stateDir a state to go on with, which then outlives `stop`
 * @param options.entry a module around the Worker in its place, relative to the repository
 */
export async function startWorker(
  options: { vars?: Record<string, string>; port?: number; stateDir?: string; entry?: string } = {},
): Promise<RunningWorker> {
  resolveLocalhostNames()
  const stateDir = options.stateDir ?? (await newStateDirectory())
  const logs: string[] = []
  const gateway = await startGateway({
    bundle: await buildWorker(options.entry),
    port: options.port ?? 0,
    stateDirectory: stateDir,
    variables: { MANAGEMENT_KEY: managementKey, ...options.vars },
    onLog: ({ message }) => logs.push(message),
  })
  const createKey = async (body: Record<string, unknown> = {}) => {
    const response = await fetch(`${gateway.url}/api/v1/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${managementKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'test', ...body }),
    })
    if (response.status !== 201) throw new Error(`No key: ${response.status} ${await response.text()}`)
    const created = (await response.json()) as { key: string; data: { hash: string } }
    return { key: created.key, hash: created.data.hash }
  }
  return {
    url: gateway.url,
    euUrl: `http://eu.localhost:${gateway.port}`,
    apiKey: gateway.newKeys.apiKey ?? (await createKey()).key,
    managementKey,
    logs,
    stateDir,
    database: gateway.database,
    createKey,
    async stop() {
      await gateway.stop()
      if (options.stateDir === undefined) await rm(stateDir, { recursive: true, force: true })
    },
  }
}

/** The operator's own, so that it is known before there is a database. */
const managementKey = 'a management key that is only used in tests'

let resolving = false

/** Names below `localhost` are this machine (RFC 6761), but not every resolver says so. */
function resolveLocalhostNames(): void {
  if (resolving) return
  resolving = true
  const lookup = dns.lookup
  // Sockets look the function up on this object whenever they connect.
  const local = (hostname: string, ...rest: unknown[]) =>
    Reflect.apply(lookup, dns, [hostname.endsWith('.localhost') ? '127.0.0.1' : hostname, ...rest])
  Object.assign(dns, { lookup: Object.assign(local, lookup) })
}
