// Workers in raw workerd: the runtime itself, with no proxy of a development server in front of it.

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import workerdPackage from 'workerd'
import { unstable_readConfig } from 'wrangler'

/** The runtime that wrangler brings. */
export const workerd = workerdPackage.default

/** The core that gateways have to themselves; everything else of the bench has the first. Null where none can be had. */
export const gatewayCore = cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0 ? cpus().length - 1 : null

/** Keeps this process, and what it starts, off the gateways' core. */
export function makeRoom() {
  if (gatewayCore !== null) spawnSync('taskset', ['-cp', '0', String(process.pid)])
}

/**
 * @typedef {object} WorkerOptions
 * @property {string} directory a place of its own
 * @property {Record<string, string>} modules path of the source by name; the first is the entry
 * @property {Record<string, string>} variables text bindings
 * @property {Partial<ReturnType<typeof readWranglerConfig>>} [config] variables, objects and compatibility
 * @property {number} [databasePort] where its D1 and its edge cache are
 */

export function readWranglerConfig(path) {
  return unstable_readConfig({ config: path }, { hideWarnings: true })
}

/**
 * Starts a Worker on the gateways' core.
 *
 * @param {WorkerOptions} options
 */
export async function startWorker(options) {
  const { directory } = options
  mkdirSync(join(directory, 'objects'), { recursive: true })
  for (const [name, path] of Object.entries(options.modules)) {
    writeFileSync(join(directory, name), readFileSync(path))
  }
  writeFileSync(join(directory, 'config.capnp'), configOf(options))
  // `experimental` is what allows a binding to be wrapped in the runtime's D1 client.
  const command = [workerd, 'serve', 'config.capnp', '--experimental', '--control-fd=3']
  const [program, ...parameters] = gatewayCore === null ? command : ['taskset', '-c', String(gatewayCore), ...command]
  const child = spawn(program, parameters, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (bytes) => {
    log = (log + bytes).slice(-4_000)
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const listening = new Promise((resolve, reject) => {
    createInterface(child.stdio[3]).on('line', (line) => {
      const { socket, port } = JSON.parse(line)
      if (socket === 'http') resolve(port)
    })
    child.once('exit', () => reject(new Error(`workerd ended at its start: ${log}`)))
  })
  return {
    port: await listening,
    cpuMs: () => cpuMsOf(child.pid),
    /** The end of what the runtime wrote. */
    log: () => log,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** CPU time of a process so far, all its threads: in nanoseconds where the kernel counts them, else in its ticks. */
function cpuMsOf(pid) {
  let ns = 0
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0])
    }
  } catch {
    ns = 0
  }
  if (ns > 0) return ns / 1e6
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    // No /proc: a system where this cannot be told.
    return Number.NaN
  }
}

function configOf({ modules, variables, config, databasePort }) {
  const text = JSON.stringify
  const objects = config?.durable_objects?.bindings ?? []
  const bindings = [
    ...Object.entries({ ...config?.vars, ...variables }).map(
      ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
    ),
    ...objects.map(({ name, class_name }) => `(name = ${text(name)}, durableObjectNamespace = ${text(class_name)})`),
    ...(databasePort
      ? [
          `(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api",
        innerBindings = [ (name = "fetcher", service = "database") ]))`,
        ]
      : []),
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "objects", disk = (path = "objects", writable = true))${
      databasePort ? `,\n    (name = "database", external = (address = "127.0.0.1:${databasePort}", http = ()))` : ''
    } ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ] );
const worker :Workerd.Worker = (
  modules = [ ${Object.keys(modules)
    .map((name) => `(name = ${text(name)}, esModule = embed ${text(name)})`)
    .join(', ')} ],
  compatibilityDate = ${text(config?.compatibility_date ?? '2026-10-01')},
  compatibilityFlags = [ ${(config?.compatibility_flags ?? []).map(text).join(', ')} ],
  durableObjectNamespaces = [ ${objects
    .map(({ class_name }) => `(className = ${text(class_name)}, uniqueKey = ${text(class_name)}, enableSql = true)`)
    .join(', ')} ],
  durableObjectStorage = (localDisk = "objects"),
${databasePort ? '  cacheApiOutbound = "database",\n' : ''}  bindings = [
    ${bindings.join(',\n    ')} ],
  globalOutbound = "internet" );
`
}
