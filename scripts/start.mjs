// `npm start`: the gateway on this machine, with a catalogue, keys and a first request to try.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { faultLine, readConfiguration } from '../src/configuration.ts'
import { buildWorker } from './build-worker.mjs'
import { readDevVars } from './dev-vars.mjs'
import { bindingsOf, root, startGateway } from './gateway-process.mjs'

// The sandbox cuts a connection by throwing, which the runtime reports as if something were wrong.
const asIntended = /The sandbox cut this answer/
const keptAt = '.causeway/management-key'

/** Why there are new keys after the first start. */
const reasons = {
  lost: `${keptAt} is not there any more, so here is a new management key.`,
  'secret-changed': `The management key in ${keptAt} was made with another KEY_CHECKSUM_SECRET: every key made before is refused. New ones:`,
  revoked: `The management key in ${keptAt} is refused: it was revoked or disabled, or has expired. A new one:`,
}

const port = portFrom(process.env.PORT || '8787')
const variables = readDevVars(root)
const told = tellFaults(bindingsOf(variables))
const gateway = await start().catch((error) => {
  console.error(explain(error))
  process.exit(1)
})
stopOnSignals()
await greet(gateway.newKeys)

async function start() {
  return startGateway({
    bundle: await buildWorker(),
    port,
    stateDirectory: join(root, '.wrangler/state/v3'),
    variables,
    keptManagementKey: await readKept(),
    onLog: printLog,
  })
}

function portFrom(text) {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number
  console.error(`PORT must be a number from 0 to 65535, not "${text}".`)
  process.exit(1)
}

/**
 * Says what of the configuration is not accepted, before anything starts, and ends where nothing can stand in for it.
 * Answers with the lines: the Worker says the same once more.
 */
function tellFaults(bindings) {
  const { jurisdiction, faults } = readConfiguration(bindings)
  const accepted = 'empty on this machine, whose runtime knows no jurisdictions'
  const own = jurisdiction && { name: 'STATE_JURISDICTION', given: `"${jurisdiction}"`, accepted, instead: null }
  const all = own ? [...faults, own] : faults
  const lines = all.map(faultLine)
  for (const line of lines) console.error(line)
  if (all.some(({ instead }) => instead === null)) process.exit(1)
  return new Set(lines)
}

function explain(error) {
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is taken. Stop what listens there, or choose another one: PORT=${port + 1} npm start`
  }
  return error.stack ?? String(error)
}

function printLog({ level, message }) {
  if (asIntended.test(message) || told.has(message)) return
  const stream = level === 'error' || level === 'warn' ? process.stderr : process.stdout
  stream.write(`${message}\n`)
}

function stopOnSignals() {
  let stopping = false
  const stop = async () => {
    // A terminal sends its signal to the whole group and npm passes it on once more.
    if (stopping) return
    stopping = true
    await gateway.stop()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // Miniflare's own listeners end the process on the spot, with what was being settled.
    process.removeAllListeners(signal)
    process.on(signal, stop)
  }
}

async function greet({ managementKey, apiKey, reason }) {
  const host = `localhost:${gateway.port}`
  const lines = [`Causeway is ready on http://${host}, its EU host on http://eu.${host}.`, '']
  if (reason in reasons) lines.push(reasons[reason], '')
  if (managementKey) {
    await keep(managementKey)
    lines.push(`  Management key  ${managementKey}  (also in ${keptAt})`)
  }
  if (apiKey) lines.push(`  API key         ${apiKey}`)
  if (managementKey || apiKey) lines.push('', 'Keys are shown once; `npm run key -- create` makes more.')
  else lines.push('Keys were made before; `npm run key -- create` makes more.')
  lines.push(
    '',
    'A first request:',
    '',
    `  curl -N http://${host}/api/v1/chat/completions \\`,
    `    -H "Authorization: Bearer ${apiKey ?? '$CAUSEWAY_API_KEY'}" -H "Content-Type: application/json" \\`,
    `    -d '{"model": "sandbox/text", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'`,
    '',
  )
  console.log(lines.join('\n'))
}

async function keep(managementKey) {
  const path = join(root, keptAt)
  await mkdir(join(root, '.causeway'), { recursive: true, mode: 0o700 })
  await writeFile(path, `${managementKey}\n`, { mode: 0o600 })
  // The mode above is only for a new file.
  await chmod(path, 0o600)
}

async function readKept() {
  try {
    return (await readFile(join(root, keptAt), 'utf8')).trim() || null
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}
