import type {
  DataPolicy,
  EndpointRecord,
  Modality,
  ModelEntry,
  ModelRecord,
  PriceRecord,
  PriceTier,
  ProviderRecord,
} from '../catalog/records.ts'

/** A row that could not be read: names only, never what is in it. */
export interface BrokenRow {
  table: 'providers' | 'models' | 'endpoints'
  id: string
  problem: string
}

type ReportBroken = (row: BrokenRow) => void

/**
 * One model with all its endpoints, by id or canonical slug, in one round trip; null when there is none. A broken row
 * takes out that endpoint only.
 */
export async function readModel(
  db: D1Database,
  id: string,
  report: ReportBroken = logBroken,
): Promise<ModelEntry | null> {
  const model = '(SELECT id FROM models WHERE id = ?1 OR canonical_slug = ?1 ORDER BY id = ?1 DESC LIMIT 1)'
  const entries = await readEntries(db, report, {
    models: db.prepare(`SELECT * FROM models WHERE id = ${model}`).bind(id),
    endpoints: db.prepare(`SELECT * FROM endpoints WHERE model = ${model} ORDER BY id`).bind(id),
    prices: db.prepare(`${selectPrices} JOIN endpoints ON endpoints.id = endpoint WHERE model = ${model}`).bind(id),
    providers: db
      .prepare(`${selectProviders} WHERE slug IN (SELECT provider FROM endpoints WHERE model = ${model})`)
      .bind(id),
  })
  return entries[0] ?? null
}

/** Every model with its endpoints, by id. */
export function readModels(db: D1Database, report: ReportBroken = logBroken): Promise<ModelEntry[]> {
  return readEntries(db, report, {
    models: db.prepare('SELECT * FROM models ORDER BY id'),
    endpoints: db.prepare('SELECT * FROM endpoints ORDER BY id'),
    prices: db.prepare(selectPrices),
    providers: db.prepare(selectProviders),
  })
}

/** Every provider, with endpoints or without, by name. */
export async function readProviders(db: D1Database, report: ReportBroken = logBroken): Promise<ProviderRecord[]> {
  const { results } = await db.prepare(`${selectProviders} ORDER BY name COLLATE NOCASE, slug`).all<ProviderRow>()
  return [...providersBySlug(results, report).values()]
}

/** Which catalogue is loaded; null when none is. */
export function readCatalogVersion(db: D1Database): Promise<string | null> {
  return db.prepare(selectVersion).first<string>('version')
}

const selectVersion = 'SELECT version FROM catalog_meta WHERE id = 1'
const selectProviders = 'SELECT * FROM providers LEFT JOIN data_policies ON data_policies.provider = slug'
const selectPrices = `SELECT endpoint, above_prompt_tokens, prompt, completion, cache_read, cache_write, cache_write_1h,
  reasoning, audio_input, audio_output, image, image_output, request FROM prices`

type Statements = Record<'models' | 'endpoints' | 'prices' | 'providers', D1PreparedStatement>

async function readEntries(db: D1Database, report: ReportBroken, ask: Statements): Promise<ModelEntry[]> {
  const answers = await db.batch([db.prepare(selectVersion), ask.models, ask.endpoints, ask.prices, ask.providers])
  const rows = <Row>(index: number) => (answers[index]?.results ?? []) as Row[]
  const version = rows<{ version: string }>(0)[0]?.version ?? 'none'
  const providers = providersBySlug(rows<ProviderRow>(4), report)
  const prices = groupedBy(rows<PriceRow>(3), (row) => row.endpoint)
  const endpoints = groupedBy(rows<EndpointRow>(2), (row) => row.model)
  return rows<ModelRow>(1).flatMap((row) => {
    const model = readRow('models', row.id, report, () => modelRecord(row))
    if (!model) return []
    const own = (endpoints.get(row.id) ?? []).flatMap((endpoint) => {
      const provider = providers.get(endpoint.provider)
      // A broken provider has been told of already.
      if (!provider) return []
      const record = readRow('endpoints', endpoint.id, report, () =>
        endpointRecord(endpoint, provider, prices.get(endpoint.id) ?? []),
      )
      return record ? [record] : []
    })
    return [{ model, endpoints: own, version }]
  })
}

function providersBySlug(rows: ProviderRow[], report: ReportBroken): Map<string, ProviderRecord> {
  const providers = rows.flatMap((row) => readRow('providers', row.slug, report, () => providerRecord(row)) ?? [])
  return new Map(providers.map((provider) => [provider.slug, provider]))
}

function groupedBy<Row>(rows: Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group) group.push(row)
    else groups.set(keyOf(row), [row])
  }
  return groups
}

function readRow<T>(table: BrokenRow['table'], id: string, report: ReportBroken, read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UnreadableColumn)) throw error
    report({ table, id, problem: error.message })
    return null
  }
}

const told = new Set<string>()
const maxTold = 1_000

/** Once an isolate: the catalogue is read every minute, and nobody mends a row in less. */
function logBroken(row: BrokenRow): void {
  const text = `${row.table} ${row.id} ${row.problem}`
  if (told.has(text) || told.size >= maxTold) return
  told.add(text)
  console.warn(JSON.stringify({ event: 'catalog-row-left-out', ...row }))
}

class UnreadableColumn extends Error {}

interface ProviderRow {
  slug: string
  name: string
  kind: ProviderRecord['kind']
  direct: number
  headquarters: string | null
  datacenters: string | null
  base_url: string | null
  engine?: string | null
  privacy_policy_url: string | null
  terms_of_service_url: string | null
  status_page_url: string | null
  trains: number | null
  retains_prompts: number | null
  retention_days: number | null
  zdr: DataPolicy['zdr']
  zero_retention_stated_by: 'vendor' | 'aggregator' | 'operator' | null
  conflict: number | null
  as_of: string | null
  sources: string | null
}

function providerRecord(row: ProviderRow): ProviderRecord {
  return {
    slug: row.slug,
    name: row.name,
    kind: row.kind,
    direct: row.direct === 1,
    headquarters: row.headquarters,
    datacenters: names('datacenters', row.datacenters),
    baseUrl: row.base_url,
    engine: row.engine ?? null,
    privacyPolicyUrl: row.privacy_policy_url,
    termsOfServiceUrl: row.terms_of_service_url,
    statusPageUrl: row.status_page_url,
    dataPolicy: {
      trains: maybe(row.trains),
      retainsPrompts: maybe(row.retains_prompts),
      retentionDays: row.retention_days,
      zdr: row.zdr,
      zeroRetentionStatedBy: row.zero_retention_stated_by,
      asOf: row.as_of,
      conflict: row.conflict === 1,
      sources: names('sources', row.sources) ?? [],
    },
  }
}

interface ModelRow {
  id: string
  canonical_slug: string
  name: string
  author: string
  description: string
  hugging_face_id: string | null
  created: number
  knowledge_cutoff: string | null
  tokenizer: string | null
  reasoning: number
  reasoning_mandatory: number
  reasoning_efforts: string | null
  moderated: number
  input_modalities: string
  output_modalities: string
  context_length: number | null
  max_output_tokens: number | null
}

function modelRecord(row: ModelRow): ModelRecord {
  return {
    id: row.id,
    canonicalSlug: row.canonical_slug,
    name: row.name,
    author: row.author,
    description: row.description,
    huggingFaceId: row.hugging_face_id,
    created: row.created,
    knowledgeCutoff: row.knowledge_cutoff,
    tokenizer: row.tokenizer,
    reasoning: {
      supported: row.reasoning === 1,
      mandatory: row.reasoning_mandatory === 1,
      efforts: names('reasoning_efforts', row.reasoning_efforts),
    },
    moderated: row.moderated === 1,
    inputModalities: modalities('input_modalities', row.input_modalities),
    outputModalities: modalities('output_modalities', row.output_modalities),
    contextLength: row.context_length,
    maxOutputTokens: row.max_output_tokens,
  }
}

interface EndpointRow {
  id: string
  model: string
  provider: string
  tag: string
  upstream_id: string
  region: string | null
  eu: EndpointRecord['eu']
  variant: string | null
  context_length: number | null
  max_output_tokens: number | null
  max_prompt_tokens: number | null
  quantization: EndpointRecord['quantization']
  input_modalities: string
  output_modalities: string
  parameters: string | null
  free: number
  implicit_caching: number
  status: EndpointRecord['status']
}

function endpointRecord(row: EndpointRow, provider: ProviderRecord, prices: PriceRow[]): EndpointRecord {
  const [base, ...levels] = prices.toSorted((a, b) => a.above_prompt_tokens - b.above_prompt_tokens)
  if (base?.above_prompt_tokens !== 0) throw new UnreadableColumn('there is no price')
  return {
    id: row.id,
    model: row.model,
    provider,
    tag: row.tag,
    upstreamId: row.upstream_id,
    region: row.region,
    eu: row.eu,
    variant: row.variant,
    contextLength: row.context_length,
    maxOutputTokens: row.max_output_tokens,
    maxPromptTokens: row.max_prompt_tokens,
    quantization: row.quantization,
    inputModalities: knownModalities('input_modalities', row.input_modalities),
    outputModalities: knownModalities('output_modalities', row.output_modalities),
    parameters: names('parameters', row.parameters),
    price: basePrice(base),
    tiers: levels.map((level): PriceTier => ({ ...priceRecord(level), abovePromptTokens: level.above_prompt_tokens })),
    free: row.free === 1,
    implicitCaching: row.implicit_caching === 1,
    status: row.status,
  }
}

const priceColumns = {
  prompt: 'prompt',
  completion: 'completion',
  cache_read: 'cacheRead',
  cache_write: 'cacheWrite',
  cache_write_1h: 'cacheWrite1h',
  reasoning: 'reasoning',
  audio_input: 'audioInput',
  audio_output: 'audioOutput',
  image: 'image',
  image_output: 'imageOutput',
  request: 'request',
} as const satisfies Record<string, keyof PriceRecord>

type PriceRow = { endpoint: string; above_prompt_tokens: number } & Record<keyof typeof priceColumns, string | null>

// Twelve digits before the point and eighteen behind it are far beyond any price and keep exact arithmetic small.
const decimal = /^\d{1,12}(\.\d{1,18})?$/

function priceRecord(row: PriceRow): Partial<PriceRecord> {
  const price: Partial<PriceRecord> = {}
  for (const [column, key] of Object.entries(priceColumns)) {
    const amount = row[column as keyof typeof priceColumns]
    if (amount === null) continue
    if (!decimal.test(amount)) throw new UnreadableColumn(`the ${column} price is no decimal number`)
    price[key] = amount
  }
  return price
}

function basePrice(row: PriceRow): PriceRecord {
  const { prompt, completion, ...rest } = priceRecord(row)
  if (prompt === undefined || completion === undefined) throw new UnreadableColumn('the price is incomplete')
  return { prompt, completion, ...rest }
}

const known: ReadonlySet<string> = new Set<Modality>([
  'text',
  'image',
  'audio',
  'video',
  'file',
  'embeddings',
  'rerank',
  'speech',
  'transcription',
])

function modalities(column: string, text: string): Modality[] {
  return (names(column, text) ?? []).filter((name): name is Modality => known.has(name))
}

/** What is sent to an endpoint must be what it takes: one that speaks of something unknown is not understood. */
function knownModalities(column: string, text: string): Modality[] {
  const all = names(column, text) ?? []
  const understood = modalities(column, text)
  if (understood.length < all.length) throw new UnreadableColumn(`${column} holds an unknown modality`)
  return understood
}

function names(column: string, text: string | null): string[] | null {
  if (text === null) return null
  const value = parsed(column, text)
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new UnreadableColumn(`${column} is no list of names`)
  }
  return value
}

function parsed(column: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UnreadableColumn(`${column} is no JSON`)
  }
}

function maybe(flag: number | null): boolean | null {
  return flag === null ? null : flag === 1
}
