// npm run key: makes, lists and revokes keys of a running gateway, over its management routes.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'

const usage = `Usage:
  npm run key -- create [--name NAME] [--limit USD] [--limit-reset daily|weekly|monthly]
                        [--expires DATE] [--rate 40/10s|unlimited] [--management]
  npm run key -- list
  npm run key -- revoke KEY       its hash, the beginning of its hash, its label, its name, or the key itself

Options:
  --url URL               the gateway (CAUSEWAY_URL; default http://localhost:8787, or PORT)
  --management-key KEY    otherwise MANAGEMENT_KEY from the environment or .dev.vars, or the one that npm start made
  --json                  answers as JSON`

/** What is the caller's to mend: told without a stack. */
class Complaint extends Error {}

/** Parses the command line. Throws a `Complaint` that says what is wrong with it. */
export function readCommand(argv) {
  let parsed
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        limit: { type: 'string' },
        'limit-reset': { type: 'string' },
        expires: { type: 'string' },
        rate: { type: 'string' },
        management: { type: 'boolean' },
        url: { type: 'string' },
        'management-key': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Complaint(`${error.message}\n\n${usage}`)
  }
  const { values, positionals } = parsed
  const [action, target, ...rest] = positionals
  const command = { url: values.url, managementKey: values['management-key'], json: values.json ?? false }
  if (values.help || action === 'help') return { action: 'help', ...command }
  if (action === undefined) throw new Complaint(usage)
  if (!['create', 'list', 'revoke'].includes(action))
    throw new Complaint(`There is no command "${action}".\n\n${usage}`)
  if (action === 'revoke' && target === undefined) throw new Complaint(`revoke takes a KEY.\n\n${usage}`)
  const excess = action === 'revoke' ? rest : positionals.slice(1)
  if (excess.length > 0) throw new Complaint(`${action} does not take "${excess.join(' ')}".\n\n${usage}`)
  if (action === 'create') return { action, body: creationOf(values), ...command }
  return { action, target, ...command }
}

function creationOf(values) {
  const body = { name: values.name ?? (values.management ? 'management key' : 'api key') }
  if (values.limit !== undefined) body.limit = limitOf(values.limit)
  if (values['limit-reset'] !== undefined) body.limit_reset = values['limit-reset']
  if (values.expires !== undefined) body.expires_at = dateOf(values.expires)
  if (values.rate !== undefined) body.rate_limit = rateOf(values.rate)
  if (values.management) body.is_management_key = true
  return body
}

function limitOf(text) {
  const dollars = Number(text.replace(/^\$/, ''))
  if (text.trim() === '' || !Number.isFinite(dollars) || dollars < 0)
    throw new Complaint('--limit is an amount of US dollars, such as --limit 25')
  return dollars
}

function dateOf(text) {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new Complaint('--expires is a date, such as --expires 2030-01-31T00:00:00Z')
  return new Date(at).toISOString()
}

function rateOf(text) {
  if (text === 'unlimited') return { requests: 0, interval: '10s' }
  const match = /^(\d+)\/(\d*[smh])$/.exec(text)
  if (!match) throw new Complaint('--rate is requests an interval, such as --rate 40/10s or 1000/m, or unlimited')
  return { requests: Number(match[1]), interval: /^\d/.test(match[2]) ? match[2] : `1${match[2]}` }
}

/** The management key and where it was found. */
export function findManagementKey(given, env, directory) {
  if (given) return { key: given, source: '--management-key' }
  if (env.MANAGEMENT_KEY) return { key: env.MANAGEMENT_KEY, source: 'MANAGEMENT_KEY of the environment' }
  const vars = readIfThere(join(directory, '.dev.vars'))
  const fromVars = vars && parseEnv(vars).MANAGEMENT_KEY
  if (fromVars) return { key: fromVars, source: 'MANAGEMENT_KEY in .dev.vars' }
  const made = readIfThere(join(directory, '.causeway', 'management-key'))?.trim()
  if (made) return { key: made, source: '.causeway/management-key' }
  throw new Complaint(
    'No management key found. Run `npm start` once, which makes one, or give --management-key or MANAGEMENT_KEY.',
  )
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Runs one command and answers what to print. */
export async function run(argv, { env, directory, fetch = globalThis.fetch }) {
  const command = readCommand(argv)
  if (command.action === 'help') return usage
  const url = (command.url ?? env.CAUSEWAY_URL ?? `http://localhost:${env.PORT || 8787}`).replace(/\/+$/, '')
  const management = findManagementKey(command.managementKey, env, directory)
  const call = (method, path, body) => request({ fetch, url, management, method, path, body })
  switch (command.action) {
    case 'create': {
      const created = await call('POST', '/keys', command.body)
      return command.json ? JSON.stringify(created, null, 2) : describeCreated(created)
    }
    case 'list': {
      const keys = await listKeys(call)
      return command.json ? JSON.stringify(keys, null, 2) : describeKeys(keys)
    }
    case 'revoke': {
      const key = chooseKey(await listKeys(call), command.target)
      await call('DELETE', `/keys/${key.hash}`)
      return command.json
        ? JSON.stringify({ deleted: true, hash: key.hash }, null, 2)
        : `Revoked ${key.label} (${key.name}). It is refused from its next request on.`
    }
  }
}

async function request({ fetch, url, management, method, path, body }) {
  let response
  let text
  try {
    response = await fetch(`${url.replace(/\/api\/v1$/, '')}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${management.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    text = await response.text()
  } catch (error) {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message
    throw new Complaint(
      `No gateway answers at ${url} (${reason}). Start one with \`npm start\`, or say where it is with --url.`,
    )
  }
  const answer = parseOrNull(text)
  if (response.ok && answer !== null) return answer
  const message = answer?.error?.message ?? `HTTP ${response.status}, and not the answer of a gateway`
  if (response.status === 401 || response.status === 403)
    throw new Complaint(`${url} refused the management key (${management.source}): ${message}`)
  throw new Complaint(`${url}: ${message}`)
}

function parseOrNull(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function listKeys(call) {
  const keys = []
  for (;;) {
    const { data } = await call('GET', `/keys?include_disabled=true&offset=${keys.length}`)
    if (data.length === 0) return keys
    keys.push(...data)
  }
}

/** The one key that `target` means. */
export function chooseKey(keys, target) {
  const hash = target.startsWith('sk-') ? createHash('sha256').update(target).digest('hex') : target.toLowerCase()
  const exact = keys.filter((key) => key.hash === hash)
  const named = keys.filter((key) => key.label === target || key.name === target)
  const begun = /^[0-9a-f]{4,}$/.test(hash) ? keys.filter((key) => key.hash.startsWith(hash)) : []
  const found = exact.length > 0 ? exact : [...new Set([...named, ...begun])]
  if (found.length === 1) return found[0]
  if (found.length === 0) throw new Complaint('No such key. `npm run key -- list` shows them all.')
  throw new Complaint(`That means several keys. Give more of a hash:\n${found.map(nameOf).join('\n')}`)
}

function nameOf(key) {
  return `  ${key.hash.slice(0, 12)}  ${key.label}  ${key.name}`
}

function describeCreated({ data, key }) {
  const kind = data.is_management_key ? 'management key' : 'API key'
  return [
    `A new ${kind}, ${data.name}:`,
    '',
    `  ${key}`,
    '',
    'It is shown this once. What is kept is its hash:',
    '',
    `  ${data.hash}`,
  ].join('\n')
}

function describeKeys(keys) {
  if (keys.length === 0) return 'No keys yet. `npm run key -- create` makes one.'
  const rows = [
    ['KEY', 'NAME', 'KIND', 'STATE', 'SPENT', 'LIMIT', 'RATE', 'CREATED', 'HASH'],
    ...keys.map((key) => [
      key.label,
      key.name,
      key.is_management_key ? 'management' : 'inference',
      stateOf(key),
      `$${key.usage}`,
      key.limit === null ? '-' : `$${key.limit}${key.limit_reset === null ? '' : ` ${key.limit_reset}`}`,
      rateText(key.rate_limit),
      key.created_at.slice(0, 10),
      key.hash.slice(0, 12),
    ]),
  ]
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function stateOf(key) {
  if (key.disabled) return 'disabled'
  return key.expires_at !== null && Date.parse(key.expires_at) <= Date.now() ? 'expired' : 'active'
}

function rateText(rateLimit) {
  if (rateLimit === null) return 'default'
  return rateLimit.requests === 0 ? 'unlimited' : `${rateLimit.requests}/${rateLimit.interval}`
}

if (import.meta.main) {
  try {
    console.log(await run(process.argv.slice(2), { env: process.env, directory: join(import.meta.dirname, '..') }))
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
