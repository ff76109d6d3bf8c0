// An operator's provider as catalogue rows. Pure, so that it runs wherever the database is.
import { literal, operatorStatements, tablesOf } from './seed-rows.mjs'

/** What servers of open models take, where nobody says otherwise. */
const commonParameters = [
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'stop',
  'seed',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'response_format',
  'structured_outputs',
  'tools',
  'tool_choice',
]

/** Short enough for a variable, and the same in every spelling of it. */
const slugForm = /^(?=.{1,63}$)[a-z0-9]+(-[a-z0-9]+)*$/

export function isSlug(text) {
  return slugForm.test(text)
}

/**
 * Which model of the catalogue a server's model is: the one that the operator names, or one that is called the same
 * (by its id, its canonical slug or its name on Hugging Face), or a new one under the provider's own name.
 *
 * @param {string} upstreamId
 * @param {string} slug
 * @param {Map<string, string>} catalogue lower-case names to ids
 * @param {Map<string, string>} named upstream ids to model ids, by the operator
 */
export function modelIdOf(upstreamId, slug, catalogue, named) {
  const known = named.get(upstreamId) ?? catalogue.get(upstreamId.toLowerCase())
  if (known !== undefined) return known
  const own = upstreamId
    .toLowerCase()
    // Servers call a model that they were given as a file or a folder by its path.
    .replace(/^\/.*\/(?=[^/])|^.*\/(?=[^/]+\.gguf$)/, '')
    .replace(/\.gguf$/, '')
    .replace(/:latest$/, '')
    .replace(/[^a-z0-9._/-]+/g, '-')
    .replace(/^[-/.]+|[-/]+$/g, '')
  return catalogue.get(own) ?? (/^[^/]+\/[^/]+$/.test(own) ? own : `${slug}/${own.replaceAll('/', '-') || 'model'}`)
}

/** @param {{ id: string, canonical_slug: string, hugging_face_id: string | null }[]} rows of `models` */
export function catalogueOf(rows) {
  const names = new Map()
  const add = (name, id) => {
    if (name && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), id)
  }
  for (const { id } of rows) add(id, id)
  for (const { id, canonical_slug } of rows) add(canonical_slug, id)
  for (const { id, hugging_face_id } of rows) add(hugging_face_id, id)
  return names
}

/**
 * The rows of a provider with its models and endpoints, as statements.
 *
 * @param {object} input
 * @param {object | null} input.provider `{slug, name, baseUrl, engine, router, zeroRetention, headquarters, datacenters}`; null where the catalogue has it
 * @param {string} input.slug
 * @param {import('./discover-models.mjs').DiscoveredModel[]} input.models
 * @param {Map<string, string>} input.catalogue
 * @param {Map<string, string>} input.named
 * @param {object} input.settings `{context, maxOutput, reasoning, eu, price}`, over what the server says, and `priceBefore`, under it
 * @param {string[]} input.modelsBefore what it served until now
 * @returns {{ statements: string[], endpoints: { id: string, model: string, upstreamId: string }[], unpriced: string[] }}
 */
export function providerStatements({ provider, slug, models, catalogue, named, settings, modelsBefore }) {
  const known = new Set(catalogue.values())
  const unpriced = []
  const endpoints = new Map()
  const newModels = new Map()
  for (const found of models) {
    // What the server charges is only known of servers that charge, and only one's own is known to charge nothing.
    const unsaid = settings.priceBefore ?? (provider?.engine ? free : null)
    const price =
      settings.price ?? found.price ?? (found.price === undefined && provider && !provider.router ? unsaid : null)
    if (price === null) {
      unpriced.push(found.id)
      continue
    }
    const model = modelIdOf(found.id, slug, catalogue, named)
    const id = `${slug}:${model}`
    // Two names of one model: the first is as good as the second.
    if (endpoints.has(id)) continue
    const context = settings.context ?? found.context
    const maxOutput = settings.maxOutput ?? found.maxOutput
    const reasoning = settings.reasoning || found.reasoning
    endpoints.set(id, {
      id,
      model,
      provider: slug,
      upstream_id: found.id,
      eu: settings.eu ? 'yes' : undefined,
      context,
      max_output: maxOutput,
      in: found.in,
      out: found.out,
      params: [
        ...(found.parameters ?? (provider ? commonParameters : [])),
        ...(reasoning && !found.parameters?.includes('reasoning') ? ['reasoning', 'include_reasoning'] : []),
      ],
      price,
    })
    if (!known.has(model))
      newModels.set(model, {
        id: model,
        name: found.name ?? found.id,
        author: model.slice(0, model.indexOf('/')),
        reasoning: { supported: reasoning },
        in: found.in,
        out: found.out,
        context,
        max_output: maxOutput,
      })
  }
  const tables = tablesOf({
    providers: provider ? [providerRowOf(provider)] : [],
    models: [...newModels.values()],
    endpoints: [...endpoints.values()],
  })
  for (const row of tables.providers.rows) row.engine = provider.engine
  return {
    statements: [
      ...operatorStatements(tables),
      ...leftovers(modelsBefore.map((model) => `${slug}:${model}`).filter((id) => !endpoints.has(id))),
    ],
    endpoints: [...endpoints.values()].map((row) => ({ id: row.id, model: row.model, upstreamId: row.upstream_id })),
    unpriced,
  }
}

const free = { prompt: '0', completion: '0' }

function providerRowOf({ slug, name, baseUrl, router, zeroRetention, headquarters, datacenters }) {
  return {
    slug,
    name,
    kind: router ? 'router' : 'cloud',
    direct: !router,
    headquarters,
    headquarters_source: headquarters && 'operator',
    datacenters,
    datacenters_source: datacenters && 'operator',
    base_url: baseUrl,
    data_policy: zeroRetention
      ? {
          trains: false,
          retains_prompts: false,
          retention_days: 0,
          zdr: 'default',
          zero_retention_stated_by: 'operator',
        }
      : {},
  }
}

/** What the server no longer has goes, and models that nobody serves any more. */
function leftovers(gone) {
  const deletions = gone.map((id) => `DELETE FROM endpoints WHERE id = ${literal(id)} AND origin = 'operator'`)
  return [...deletions, orphans]
}

const orphans =
  "DELETE FROM models WHERE origin = 'operator' AND NOT EXISTS (SELECT 1 FROM endpoints WHERE endpoints.model = models.id)"

/** Takes away what an operator added of a provider; what the catalogue ships of it stays. */
export function removalStatements(slug) {
  return [
    `DELETE FROM endpoints WHERE provider = ${literal(slug)} AND origin = 'operator'`,
    `DELETE FROM providers WHERE slug = ${literal(slug)} AND origin = 'operator'`,
    orphans,
  ]
}

/** The way back from `perToken`. */
export function perMillion(dollarsPerToken) {
  const [whole, fraction = ''] = dollarsPerToken.split('.')
  const digits = fraction.padEnd(6, '0')
  const text = `${whole}${digits.slice(0, 6)}.${digits.slice(6)}`
  return text.replace(/\.?0*$/, '').replace(/^0+(?=\d)/, '') || '0'
}

/** US dollars a million tokens as dollars a token, exactly: the point moves, nothing is computed. */
export function perToken(dollarsPerMillion) {
  const match = /^\$?(\d{1,12})(?:\.(\d{1,12}))?$/.exec(dollarsPerMillion.trim())
  if (!match) return null
  const whole = match[1].padStart(7, '0')
  const text = `${whole.slice(0, -6)}.${whole.slice(-6)}${match[2] ?? ''}`
  return text.replace(/\.?0+$/, '').replace(/^0+(?=\d)/, '') || '0'
}
