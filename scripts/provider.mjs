// Providers of your own in the catalogue: npm run provider -- add | list | refresh | remove
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { refusalOf } from '../src/edge/address.ts'
import { factsBySlug } from '../src/providers/facts.ts'
import { isDescribed, providerOf } from '../src/providers/registry.ts'
import { variablePrefix } from './build-dev-vars.mjs'
import { readDevVars } from './dev-vars.mjs'
import { DiscoveryError, discoverModels } from './discover-models.mjs'
import { catalogueOf, isSlug, perMillion, perToken, providerStatements, removalStatements } from './provider-rows.mjs'
import { literal } from './seed-rows.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const engines = ['vllm', 'llamacpp', 'ollama', 'lmstudio', 'tgi', 'openai']

const usage = `Usage:
  npm run provider -- add SLUG --base-url URL [options]   a server of yours; its models are found by asking it
  npm run provider -- add SLUG [options]                  a provider of the catalogue without endpoints, e.g. openrouter,
                                                          or one that only src/providers/ knows
  npm run provider -- refresh SLUG                        asks again
  npm run provider -- list
  npm run provider -- remove SLUG

Options of add and refresh:
  --engine ENGINE         ${engines.join(' | ')}; found out where it can be
  --name NAME             how it is shown
  --model NAME[=ID]       only this model of the server, under this id (author/slug); may be given often
  --context N             tokens; for Ollama what it sets aside for each request (default 32768 at most)
  --max-output N          tokens
  --reasoning             its models think before they answer
  --price-prompt USD      a million tokens (default: as before, or 0 for a server of yours)
  --price-completion USD  a million tokens (default: as before, or 0 for a server of yours)
  --eu                    it is in the EU: the EU host may use it
  --headquarters CC       the country whose law binds whoever runs it, for provider.jurisdictions
  --datacenters CC[,CC]   every country in which it may process, for provider.regions
  --zero-retention        you vouch that it keeps no prompts and trains on none
  --router                it forwards to others, like a LiteLLM proxy

Where the catalogue is:
  --local | --remote      default --local; --env eu and --persist-to DIR as wrangler has them

A key, where the server wants one, is SLUG_API_KEY (MY_VLLM_API_KEY) in .dev.vars, or a secret of the Worker.`

/** What is the caller's to mend: told without a stack. */
class Complaint extends Error {}

/** Longer contexts than this are only set aside in Ollama's memory when they are asked for. */
const ollamaContext = 32_768

/** Parses the command line. Throws a `Complaint` that says what is wrong with it. */
export function readCommand(argv) {
  let parsed
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        slug: { type: 'string' },
        'base-url': { type: 'string' },
        engine: { type: 'string' },
        name: { type: 'string' },
        model: { type: 'string', multiple: true },
        context: { type: 'string' },
        'max-output': { type: 'string' },
        reasoning: { type: 'boolean' },
        'price-prompt': { type: 'string' },
        'price-completion': { type: 'string' },
        eu: { type: 'boolean' },
        headquarters: { type: 'string' },
        datacenters: { type: 'string' },
        'zero-retention': { type: 'boolean' },
        router: { type: 'boolean' },
        local: { type: 'boolean' },
        remote: { type: 'boolean' },
        env: { type: 'string' },
        'persist-to': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new Complaint(`${error.message}\n\n${usage}`)
  }
  const { values, positionals } = parsed
  const [action, slug = values.slug, ...rest] = positionals
  if (values.help || action === 'help') return { action: 'help' }
  const needsSlug = ['add', 'refresh', 'remove'].includes(action)
  if (action === undefined) throw new Complaint(usage)
  if (!needsSlug && action !== 'list') throw new Complaint(`There is no command "${action}".\n\n${usage}`)
  const excess = needsSlug || slug === undefined ? rest : [slug, ...rest]
  if (excess.length > 0) throw new Complaint(`${action} does not take "${excess.join(' ')}".\n\n${usage}`)
  if (needsSlug && slug === undefined) throw new Complaint(`${action} takes the SLUG of a provider.\n\n${usage}`)
  if (slug !== undefined && !isSlug(slug))
    throw new Complaint(`"${slug}" is no slug: small letters, digits and hyphens.`)
  if (values.engine !== undefined && !engines.includes(values.engine))
    throw new Complaint(`--engine is one of ${engines.join(', ')}.`)
  const { 'base-url': baseUrl } = values
  if (baseUrl !== undefined && !/^https?:\/\/[^/]/.test(baseUrl))
    throw new Complaint('--base-url is an http or https address, such as http://localhost:8000/v1')
  const refusal = baseUrl === undefined ? null : refusalOf(baseUrl, 'development')
  if (refusal !== null) throw new Complaint(`--base-url cannot be used. ${refusal}`)
  return {
    action,
    slug,
    baseUrl: baseUrl?.replace(/\/+$/, ''),
    engine: values.engine,
    name: values.name,
    wanted: new Map((values.model ?? []).map(readModel)),
    settings: {
      context: countOf('--context', values.context),
      maxOutput: countOf('--max-output', values['max-output']),
      reasoning: values.reasoning,
      eu: values.eu,
      price: priceOf(values['price-prompt'], values['price-completion']),
    },
    zeroRetention: values['zero-retention'],
    router: values.router,
    headquarters: countriesOf('--headquarters', values.headquarters, 1)?.[0],
    datacenters: countriesOf('--datacenters', values.datacenters),
    where: [
      values.remote ? '--remote' : '--local',
      ...(values.env === undefined ? [] : ['--env', values.env]),
      ...(values['persist-to'] === undefined ? [] : ['--persist-to', values['persist-to']]),
    ],
  }
}

/** `NAME` or `NAME=author/slug`; the id is what stands behind the last sign, names may hold one. */
function readModel(text) {
  const at = text.lastIndexOf('=')
  if (at < 0) return [text, undefined]
  const id = text.slice(at + 1)
  if (!/^[a-z0-9._-]+\/[a-z0-9._:-]+$/.test(id)) throw new Complaint(`"${id}" is no model id: --model NAME=author/slug`)
  return [text.slice(0, at), id]
}

function countriesOf(option, text, most = 64) {
  const countries = text?.split(',').map((country) => country.trim().toUpperCase())
  if (!countries || (countries.length <= most && countries.every((country) => /^[A-Z]{2}$/.test(country))))
    return countries
  throw new Complaint(`${option} takes country codes of two letters, such as ${most === 1 ? 'DE' : 'DE,FR'}.`)
}

function countOf(option, text) {
  if (text === undefined) return undefined
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new Complaint(`${option} is a number of tokens.`)
}

/** The parts that were said. */
function priceOf(prompt, completion) {
  const said = Object.entries({ prompt, completion }).filter(([, text]) => text !== undefined)
  const price = Object.fromEntries(said.map(([part, text]) => [part, perToken(text)]))
  if (Object.values(price).includes(null))
    throw new Complaint('A price is an amount of US dollars a million tokens, such as --price-prompt 0.15')
  return price
}

/**
 * Runs one command and answers what to print.
 *
 * @param {string[]} argv
 * @param {object} world
 * @param {Record<string, string | undefined>} world.variables
 * @param {(where: string[]) => Database} world.open
 * @param {typeof fetch} [world.fetch]
 * @typedef {{ query: (statements: string[]) => Promise<object[][]>, execute: (statements: string[]) => Promise<void> }} Database
 */
export async function run(argv, { variables, open, fetch = globalThis.fetch }) {
  const command = readCommand(argv)
  if (command.action === 'help') return usage
  const database = open(command.where)
  switch (command.action) {
    case 'list':
      return describeList((await database.query([listQuery]))[0] ?? [])
    case 'remove':
      return remove(command, database)
    default:
      return write(command, database, { variables, fetch })
  }
}

async function write(command, database, { variables, fetch }) {
  const { slug, action } = command
  const [[before], endpointsBefore, [policy], modelRows] = await database.query([
    `SELECT * FROM providers WHERE slug = ${literal(slug)}`,
    `SELECT upstream_id, model, eu, prompt, completion FROM endpoints JOIN prices ON endpoint = id
     WHERE provider = ${literal(slug)} AND endpoints.origin = 'operator' AND above_prompt_tokens = 0 ORDER BY id`,
    `SELECT zero_retention_stated_by FROM data_policies WHERE provider = ${literal(slug)}`,
    'SELECT id, canonical_slug, hugging_face_id FROM models',
  ])
  const ours = before === undefined || before.origin === 'operator'
  if (!ours && command.baseUrl)
    throw new Complaint(
      `${slug} is a provider of the catalogue. Its address is moved by ${variablePrefix(slug)}_BASE_URL; for a server of yours choose another slug.`,
    )
  const prefix = variablePrefix(slug)
  const engine = command.engine ?? before?.engine ?? undefined
  // Somebody else runs it, as they do those of the catalogue; but an operator who names an engine means a server, and what
  // was added as one stays one: what it was said to keep, and where, would not hold for a company of its name.
  const described = isDescribed(slug) && engine === undefined
  const fact = ours && described ? factsBySlug[slug]?.baseUrl : undefined
  // One with a gap (`{account}`) cannot be asked as it stands.
  const ownAddress = fact?.includes('{') ? undefined : fact
  if (ownAddress && command.baseUrl && command.baseUrl !== ownAddress)
    throw new Complaint(
      `${slug} is at ${ownAddress}, says src/providers/. That is moved by ${prefix}_BASE_URL; for a server of yours choose another slug.`,
    )
  if (action === 'refresh' && before === undefined) throw new Complaint(`There is no ${slug}. Add it first.`)
  const baseUrl =
    ownAddress ?? command.baseUrl ?? (ours ? before?.base_url : (variables[`${prefix}_BASE_URL`] ?? before.base_url))
  if (!baseUrl) throw new Complaint(`Where is ${slug}? Give --base-url${ours ? '' : `, or set ${prefix}_BASE_URL`}.`)
  const server = await discoverModels({
    baseUrl,
    engine: described || !ours ? (engine ?? 'openai') : engine,
    apiKey: variables[`${prefix}_API_KEY`],
    fetch,
  })
  const models = chosen(server.models, command.wanted).map((model) =>
    server.engine === 'ollama' && model.context > ollamaContext ? { ...model, context: ollamaContext } : model,
  )
  const settings = mergedSettings(command, settingsOf(endpointsBefore), ours)
  const namesBefore = endpointsBefore.map(({ upstream_id, model }) => [upstream_id, model])
  const { statements, endpoints, unpriced } = providerStatements({
    modelsBefore: endpointsBefore.map(({ model }) => model),
    provider: ours
      ? {
          slug,
          name: command.name ?? before?.name ?? slug,
          baseUrl: server.baseUrl,
          engine: described ? null : server.engine,
          router: command.router ?? before?.kind === 'router',
          headquarters: command.headquarters ?? before?.headquarters,
          datacenters: command.datacenters ?? (before?.datacenters ? JSON.parse(before.datacenters) : null),
          zeroRetention: command.zeroRetention ?? policy?.zero_retention_stated_by === 'operator',
        }
      : null,
    slug,
    models,
    catalogue: catalogueOf(modelRows),
    named: new Map([...namesBefore, ...[...command.wanted].filter(([, id]) => id !== undefined)]),
    settings,
  })
  if (endpoints.length === 0) throw new Complaint(nothingFound(server, unpriced))
  await database.execute(statements)
  const keptPrice = models.some(({ price }) => price === undefined) ? settings.priceBefore : undefined
  const inForce = { eu: settings.eu, price: settings.price ?? keptPrice }
  const changes = action === 'add' ? describeChanges(command.settings, inForce, endpointsBefore) : []
  return describeWritten({ slug, server, endpoints, unpriced, ours, described, changes })
}

/**
 * What is said now, over what was said before: all of that when the server is asked again. A server of one's own that is
 * added once more and tells no price keeps the one it had, where it would cost nothing else.
 */
function mergedSettings({ action, settings }, before, ours) {
  const kept = action === 'refresh' ? before : ours ? given({ priceBefore: before.price }) : {}
  const { price: said, ...others } = settings
  const earlier = kept.price ?? kept.priceBefore
  const price = Object.keys(said).length === 0 ? kept.price : { prompt: '0', completion: '0', ...earlier, ...said }
  return { ...kept, ...given(others), ...given({ price }) }
}

/** Without what was not said. */
function given(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function chosen(models, wanted) {
  if (wanted.size === 0) return models
  const missing = [...wanted.keys()].filter((name) => !models.some(({ id }) => id === name))
  if (missing.length === 0) return models.filter(({ id }) => wanted.has(id))
  throw new Complaint(
    `It has no ${missing.join(', ')}. What it has: ${models.map(({ id }) => id).join(', ') || 'nothing'}.`,
  )
}

/** What an operator said once holds for models that come later. */
function settingsOf(endpoints) {
  const [first] = endpoints
  if (!first) return {}
  const { eu, prompt, completion } = first
  // One price for all is what was given; several are what a router asks.
  const isOne = endpoints.every((row) => row.prompt === prompt && row.completion === completion)
  return { eu: eu === 'yes', ...(isOne ? { price: { prompt, completion } } : {}) }
}

async function remove({ slug }, database) {
  const [[found]] = await database.query([
    `SELECT (SELECT count(*) FROM providers WHERE slug = ${literal(slug)} AND origin = 'operator') +
       (SELECT count(*) FROM endpoints WHERE provider = ${literal(slug)} AND origin = 'operator') AS rows`,
  ])
  if (!found?.rows) throw new Complaint(`You have added nothing of ${slug}.`)
  await database.execute(removalStatements(slug))
  return `${slug} is out of the catalogue. A running gateway forgets it within a minute; one that is idle, within five.`
}

// What an operator added, runs and does not forward is a server of their own, whatever routing takes it for.
const listQuery = `SELECT slug, name, engine, base_url,
  CASE WHEN providers.origin = 'operator' AND engine IS NOT NULL AND kind <> 'router' THEN 'own' ELSE kind END AS kind, count(endpoints.id) AS models
  FROM providers LEFT JOIN endpoints ON provider = slug AND endpoints.origin = 'operator'
  GROUP BY slug HAVING providers.origin = 'operator' OR count(endpoints.id) > 0 ORDER BY slug`

function describeList(rows) {
  if (rows.length === 0) return 'None yet. `npm run provider -- add SLUG --base-url URL` adds a server of yours.'
  const table = [
    ['PROVIDER', 'KIND', 'ENGINE', 'MODELS', 'ADDRESS'],
    ...rows.map((row) => [row.slug, row.kind, row.engine ?? '-', String(row.models), row.base_url ?? '-']),
  ]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  const line = (row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ')
  return table.map((row) => line(row).trimEnd()).join('\n')
}

/** What adding a provider once more did beside what it was told. */
function describeChanges({ price: said }, { price, eu }, before) {
  if (before.length === 0) return []
  const kept = ['prompt', 'completion'].filter((part) => said[part] === undefined && Number(price?.[part] ?? 0) > 0)
  const wasInEu = before.some((row) => row.eu === 'yes')
  return [
    ...(kept.length > 0
      ? [`Kept from before: ${kept.map((part) => `--price-${part} ${perMillion(price[part])}`).join(' ')}`, '']
      : []),
    ...(wasInEu && !eu ? ['No longer marked as in the EU. Give --eu again where it is.', ''] : []),
  ]
}

function describeWritten({ slug, server, endpoints, unpriced, ours, described, changes }) {
  const width = Math.max(...endpoints.map(({ model }) => model.length))
  const isOpen = server.baseUrl.startsWith('http://')
  const wantsKey = described ? providerOf({ slug, kind: 'cloud' })?.needsCredential !== false : !ours
  return [
    `${slug}${ours ? `, ${described ? 'as src/providers/ has it,' : server.engine} at ${server.baseUrl},` : ''} serves ${endpoints.length} model${endpoints.length === 1 ? '' : 's'}:`,
    '',
    ...endpoints.map(({ model, upstreamId }) => `  ${model.padEnd(width)}  ${upstreamId}`),
    '',
    ...changes,
    ...(unpriced.length > 0
      ? [`Left out, for want of a price: ${unpriced.join(', ')}. Give --price-prompt and --price-completion.`, '']
      : []),
    `A running gateway knows them within a minute, an idle one within five. To reach no other: {"provider": {"only": ["${slug}"]}}`,
    ...(wantsKey ? [`It is used once ${variablePrefix(slug)}_API_KEY is set.`] : []),
    ...(ours && !described && isDescribed(slug)
      ? [`It is a server of yours, not what src/providers/ has of that name: remove it and add it again for that.`]
      : []),
    ...(isOpen ? ['Plain http is only spoken where ENVIRONMENT is development; `npm start` sets that.'] : []),
  ].join('\n')
}

function nothingFound(server, unpriced) {
  if (unpriced.length === 0) return `${server.baseUrl} has no models.`
  return `${server.baseUrl} tells no prices: give --price-prompt and --price-completion. What it has: ${unpriced.join(', ')}`
}

/** The gateway's D1 through wrangler, on this machine or on Cloudflare. */
export function wranglerDatabase(where) {
  const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js')
  const execute = (options) => {
    const child = spawnSync(
      process.execPath,
      [wrangler, 'd1', 'execute', 'DB', '--yes', '--json', ...options, ...where],
      {
        cwd: root,
        stdio: ['inherit', 'pipe', 'pipe'],
        encoding: 'utf8',
        maxBuffer: Number.POSITIVE_INFINITY,
      },
    )
    if (child.status === 0) return child.stdout
    const words = `${child.stdout}\n${child.stderr}`.trim()
    throw new Complaint(
      /no such (table|column)/.test(words)
        ? 'The database is not up to date. Run `npm start` once, or `npm run migrate`.'
        : `wrangler d1 execute failed:\n${words}`,
    )
  }
  return {
    query: async (statements) =>
      JSON.parse(execute(['--command', statements.join(';\n')])).map(({ results }) => results ?? []),
    execute: async (statements) => {
      const file = '.wrangler/provider.sql'
      mkdirSync(join(root, '.wrangler'), { recursive: true })
      writeFileSync(join(root, file), `${statements.join(';\n')};\n`)
      execute(['--file', file])
    },
  }
}

if (import.meta.main) {
  try {
    const variables = { ...readDevVars(root), ...process.env }
    console.log(await run(process.argv.slice(2), { variables, open: wranglerDatabase }))
  } catch (error) {
    if (!(error instanceof Complaint) && !(error instanceof DiscoveryError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}
