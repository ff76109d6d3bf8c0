// The seed as SQL. Pure, so that it runs wherever the rows come from.

// D1 takes statements of up to 100 kB.
const maxStatementBytes = 90_000

/**
 * @typedef {{ providers: object[], models: object[], endpoints: object[] }} Seed rows as in `seed/`
 */

/**
 * The rows of every catalogue table.
 *
 * @param {Seed} seed
 * @returns {Record<string, { key: string[], rows: Record<string, string | number | null>[] }>} in the order of insertion
 */
export function tablesOf({ providers, models, endpoints }) {
  return {
    providers: { key: ['slug'], rows: providers.map(providerRow) },
    data_policies: { key: ['provider'], rows: providers.map(policyRow) },
    models: { key: ['id'], rows: models.map(modelRow) },
    endpoints: { key: ['id'], rows: endpoints.map(endpointRow) },
    prices: { key: ['endpoint', 'above_prompt_tokens'], rows: endpoints.flatMap(priceRows) },
  }
}

/**
 * Statements that bring a database to this seed: running them twice changes nothing, rows that the seed no longer has
 * go, an operator's rows stay. The version is written last, so a load that broke off is simply run again.
 *
 * @param {ReturnType<typeof tablesOf>} tables
 * @param {string} version
 * @returns {string[]} without a closing semicolon
 */
export function statementsOf(tables, version) {
  return [
    ...Object.entries(tables).flatMap(([table, { key, rows }]) => upserts(table, key, rows, 'seed', version)),
    ...removals(version),
    `INSERT INTO catalog_meta (id, version) VALUES (1, ${literal(version)}) ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
  ]
}

/**
 * Statements that write an operator's rows beside the seed's, over what the operator wrote there before.
 *
 * @param {ReturnType<typeof tablesOf>} tables
 * @returns {string[]} without a closing semicolon
 */
export function operatorStatements(tables) {
  return Object.entries(tables).flatMap(([table, { key, rows }]) => upserts(table, key, rows, 'operator', null))
}

/** Nobody writes over a row of the other origin. */
function upserts(table, key, rows, origin, version) {
  if (rows.length === 0) return []
  const columns = [...Object.keys(rows[0]), 'origin', 'seed_version']
  const changes = columns.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`)
  const head = `INSERT INTO ${table} (${columns.join(', ')}) VALUES\n`
  const tail =
    `\nON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changes.join(', ')}` +
    ` WHERE ${table}.origin = '${origin}'` +
    (origin === 'seed' ? ` AND ${table}.seed_version IS NOT excluded.seed_version` : '')
  const values = rows.map((row) => `(${[...Object.values(row), origin, version].map(literal).join(', ')})`)
  return chunks(values, maxStatementBytes - head.length - tail.length).map((chunk) => head + chunk.join(',\n') + tail)
}

/** Children first. A model or provider that an operator's endpoint hangs on outlives the seed. */
function removals(version) {
  const stale = `origin = 'seed' AND seed_version IS NOT ${literal(version)}`
  const unused = (column, key) =>
    `NOT EXISTS (SELECT 1 FROM endpoints WHERE endpoints.${column} = ${key} AND endpoints.origin = 'operator')`
  return [
    `DELETE FROM prices WHERE ${stale}`,
    // An endpoint of the operator's by the same id stayed as it was, and so does what it costs.
    `DELETE FROM prices WHERE origin = 'seed' AND endpoint IN (SELECT id FROM endpoints WHERE origin = 'operator')`,
    `DELETE FROM endpoints WHERE ${stale}`,
    `DELETE FROM models WHERE ${stale} AND ${unused('model', 'models.id')}`,
    `DELETE FROM data_policies WHERE ${stale} AND ${unused('provider', 'data_policies.provider')}`,
    `DELETE FROM providers WHERE ${stale} AND ${unused('provider', 'providers.slug')}`,
  ]
}

function chunks(values, maxBytes) {
  const encoder = new TextEncoder()
  const result = [[]]
  let size = 0
  for (const value of values) {
    const bytes = encoder.encode(value).length + 2
    if (size + bytes > maxBytes) {
      result.push([])
      size = 0
    }
    result.at(-1).push(value)
    size += bytes
  }
  return result
}

/** A value as SQL. */
export function literal(value) {
  if (value === null) return 'NULL'
  if (typeof value === 'number') return String(value)
  return `'${value.replaceAll("'", "''")}'`
}

const text = (value) => value ?? null
const json = (value) => (value ? JSON.stringify(value) : null)
const flag = (value) => (value ? 1 : 0)
const maybeFlag = (value) => (value === undefined || value === null ? null : flag(value))

function providerRow(row) {
  return {
    slug: row.slug,
    name: row.name,
    kind: row.kind,
    direct: flag(row.direct),
    headquarters: text(row.headquarters),
    headquarters_source: text(row.headquarters_source),
    datacenters: json(row.datacenters),
    datacenters_source: text(row.datacenters_source),
    base_url: text(row.base_url),
    privacy_policy_url: text(row.privacy_policy_url),
    terms_of_service_url: text(row.terms_of_service_url),
    status_page_url: text(row.status_page_url),
  }
}

function policyRow({ slug, kind, data_policy: policy = {} }) {
  return {
    provider: slug,
    trains: maybeFlag(policy.trains),
    retains_prompts: maybeFlag(policy.retains_prompts),
    retention_days: text(policy.retention_days),
    zdr: text(policy.zdr),
    // The sandbox is this gateway's own code, so its word is the operator's.
    zero_retention_stated_by: text(policy.zero_retention_stated_by ?? (kind === 'sandbox' ? 'operator' : null)),
    conflict: flag(policy.conflict),
    as_of: text(policy.as_of),
    sources: JSON.stringify(policy.sources ?? []),
  }
}

function modelRow(row) {
  return {
    id: row.id,
    canonical_slug: row.canonical_slug ?? row.id,
    name: row.name,
    author: row.author,
    description: row.description ?? '',
    hugging_face_id: text(row.hugging_face_id),
    created: row.created ?? 0,
    knowledge_cutoff: text(row.knowledge_cutoff),
    tokenizer: text(row.tokenizer),
    reasoning: flag(row.reasoning?.supported),
    reasoning_mandatory: flag(row.reasoning?.mandatory),
    reasoning_efforts: json(row.reasoning?.efforts),
    moderated: flag(row.moderated),
    input_modalities: JSON.stringify(row.in),
    output_modalities: JSON.stringify(row.out),
    context_length: text(row.context),
    max_output_tokens: text(row.max_output),
    source: text(row.source),
  }
}

function endpointRow(row) {
  return {
    id: row.id,
    model: row.model,
    provider: row.provider,
    tag: row.id.slice(0, -(row.model.length + 1)),
    upstream_id: row.upstream_id,
    region: text(row.region),
    eu: text(row.eu),
    variant: text(row.variant),
    context_length: text(row.context),
    max_output_tokens: text(row.max_output),
    max_prompt_tokens: text(row.max_input),
    quantization: text(row.quantization),
    quantization_source: text(row.quantization_source),
    input_modalities: JSON.stringify(row.in),
    output_modalities: JSON.stringify(row.out),
    parameters: json(row.params),
    parameters_source: text(row.params_source),
    free: flag(row.free),
    implicit_caching: flag(row.implicit_caching),
    status: text(row.status),
    source: text(row.source),
  }
}

function priceRows(row) {
  const source = row.price_source ?? row.source
  return [{ above: 0, ...row.price }, ...(row.tiers ?? [])].map((level) => ({
    endpoint: row.id,
    above_prompt_tokens: level.above,
    prompt: text(level.prompt),
    completion: text(level.completion),
    cache_read: text(level.cache_read),
    cache_write: text(level.cache_write),
    cache_write_1h: text(level.cache_write_1h),
    reasoning: text(level.reasoning),
    audio_input: text(level.audio_in),
    audio_output: text(level.audio_out),
    image: text(level.image),
    image_output: text(level.image_out),
    request: text(level.request),
    source: text(source),
  }))
}
