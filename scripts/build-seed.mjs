// Makes seed/ from the collected catalogue: node scripts/build-seed.mjs [path to the catalogue]
//
// Only facts that rest on a permissive source go in. The public OpenRouter replies that the collection also draws on
// carry no licence: rows that are only theirs stay out, and so do the links and parameter lists copied from them. A
// single fact (a quantization, a headquarters) stays beside the name of its source.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOffered, outputsOf } from './modalities.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = process.argv[2] ?? join(root, '../shared/catalog')
const read = (name) => readFileSync(join(source, name), 'utf8')

/** Providers that the collection lacks. What nobody has looked up is null. */
const more = [
  { slug: 'litellm', name: 'LiteLLM', headquarters: null, base_url: null },
  { slug: 'orq', name: 'Orq.ai', headquarters: 'NL', base_url: 'https://api.orq.ai/v3/router' },
  { slug: 'eurouter', name: 'EUrouter', headquarters: null, base_url: 'https://api.eurouter.ai/api/v1' },
  { slug: 'github-models', name: 'GitHub Models', headquarters: 'US', base_url: 'https://models.github.ai/inference' },
].map((row) => ({
  slug: row.slug,
  name: row.name,
  kind: 'router',
  direct: false,
  headquarters: row.headquarters,
  headquarters_source: row.headquarters === null ? null : 'curated',
  datacenters: null,
  datacenters_source: null,
  base_url: row.base_url,
  privacy_policy_url: null,
  terms_of_service_url: null,
  status_page_url: null,
  urls_source: null,
  data_policy: { trains: null, retains_prompts: null, retention_days: null, zdr: null, as_of: null },
}))

/** Names of models that the collection has wrong, as the provider's own API knows them. */
const corrections = { 'replicateopenai/gpt-oss-20b': 'openai/gpt-oss-20b' }

/** Amazon's regions that are called `eu-` and are not in the European Union: London and Zurich. */
const outsideTheEu = new Set(['eu-west-2', 'eu-central-2'])

const providers = [...JSON.parse(read('providers.json')), ...more]
const models = JSON.parse(read('models.json'))
const rows = read('endpoints.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const unlicensed = (name) => typeof name === 'string' && name.startsWith('openrouter-')

const endpoints = rows
  .filter((row) => row.upstream_id && !row.upstream_id_source && !unlicensed(row.source))
  .filter((row) => isOffered(row.model))
  .map((row) => ({ ...row, upstream_id: corrections[row.upstream_id] ?? row.upstream_id }))
  .map((row) => (row.provider === 'amazon-bedrock' && outsideTheEu.has(row.region) ? { ...row, eu: 'no' } : row))
  .map((row) => (unlicensed(row.params_source) ? withInferredParameters(row) : row))
  .map(withOutputs)

const byModel = Map.groupBy(endpoints, (row) => row.model)
const byProvider = Map.groupBy(endpoints, (row) => row.provider)

const seed = {
  'providers.json': array(providers.map(provider)),
  'models.json': array(models.filter((row) => byModel.has(row.id)).map(model)),
  'endpoints.jsonl': `${endpoints.map((row) => JSON.stringify(row)).join('\n')}\n`,
}
mkdirSync(join(root, 'seed'), { recursive: true })
for (const [name, text] of Object.entries(seed)) writeFileSync(join(root, 'seed', name), text)
console.log(
  `${endpoints.length} endpoints, ${byModel.size} models, ${byProvider.size} of ${providers.length} providers`,
)

function provider(row) {
  const links = unlicensed(row.urls_source)
    ? { privacy_policy_url: null, terms_of_service_url: null, status_page_url: null, urls_source: null }
    : {}
  const { openrouter_slug, models_dev_ids, ...kept } = row
  return {
    ...kept,
    ...links,
    // An empty list in the collection means that nobody looked, not that there are none.
    datacenters: row.datacenters?.length > 0 ? row.datacenters : null,
    data_policy: dataPolicy(row.data_policy),
    endpoints: byProvider.get(row.slug)?.length ?? 0,
    models: new Set(byProvider.get(row.slug)?.map((endpoint) => endpoint.model)).size,
  }
}

/** The conservative summary, the ids of the claims behind it, and whether the vendor itself states zero retention. */
function dataPolicy({ evidence = [], ...summary }) {
  const zero = (claim) => claim.retains_prompts === false && claim.zdr === 'default'
  const statedBy = evidence.some((claim) => claim.kind === 'vendor-terms' && zero(claim))
    ? 'vendor'
    : summary.retains_prompts === false && summary.zdr === 'default'
      ? 'aggregator'
      : null
  return {
    ...summary,
    sources: [...new Set(evidence.map((claim) => claim.source))],
    zero_retention_stated_by: statedBy,
  }
}

/** A model's aggregates cover the endpoints that are left, not the ones it was collected with. */
function model(row) {
  const own = byModel.get(row.id)
  const { in: input, out: output, context, max_output, min_prompt, min_completion, eu, ...kept } = row
  const paid = own.filter((endpoint) => !endpoint.free)
  const priced = paid.length > 0 ? paid : own
  return prune({
    ...kept,
    created: row.created ?? released(own),
    in: union(own.map((endpoint) => endpoint.in)),
    out: union(own.map((endpoint) => endpoint.out)),
    context: largest(own.map((endpoint) => endpoint.context)),
    max_output: largest(own.map((endpoint) => endpoint.max_output)),
    endpoints: own.length,
    providers: new Set(own.map((endpoint) => endpoint.provider)).size,
    min_prompt: cheapest(priced.map((endpoint) => endpoint.price.prompt)),
    min_completion: cheapest(priced.map((endpoint) => endpoint.price.completion)),
    eu: ['yes', 'selectable', 'no'].find((value) => own.some((endpoint) => endpoint.eu === value)),
  })
}

/** Unix seconds of the earliest release among a model's endpoints. */
function released(own) {
  const dates = own.map((endpoint) => endpoint.released).filter(Boolean)
  return dates.length > 0 ? Date.parse(dates.sort()[0]) / 1000 : undefined
}

/**
 * Replaces a parameter list that has no licence by what most other hosts of the same model are known to take, and says
 * so. Without it a lab's own endpoint would look less able than its resellers'.
 */
function withInferredParameters({ params, params_source, ...row }) {
  const siblings = rows.filter(
    (other) => other.model === row.model && other.params_source === 'derived' && other.params,
  )
  if (siblings.length === 0) return row
  const counts = new Map()
  for (const name of siblings.flatMap((sibling) => sibling.params)) counts.set(name, (counts.get(name) ?? 0) + 1)
  const common = [...counts].filter(([, count]) => count * 2 >= siblings.length).map(([name]) => name)
  return { ...row, params: common, params_source: 'sibling-rows' }
}

/** A list that took a model for a chat model made up what a chat takes, and gave the length of a vector as its limit. */
function withOutputs(row) {
  const out = outputsOf(row)
  if (out.includes('text') || !row.out.includes('text')) return { ...row, out }
  const { params, params_source, max_output, ...kept } = row
  return { ...kept, out }
}

function union(lists) {
  const order = ['text', 'image', 'audio', 'video', 'file', 'embeddings', 'rerank', 'speech', 'transcription']
  return [...new Set(lists.flat())].sort((a, b) => order.indexOf(a) - order.indexOf(b))
}

function largest(values) {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? Math.max(...known) : undefined
}

/** Compared as numbers, kept as the decimal text it was. */
function cheapest(prices) {
  return prices.reduce((least, price) => (Number(price) < Number(least) ? price : least))
}

function prune(row) {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))
}

function array(list) {
  return `[\n${list.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`
}
