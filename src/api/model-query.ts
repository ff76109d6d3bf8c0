import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import { hasZeroRetention } from '../catalog/zero-retention.ts'
import { type FailureError, invalidRequest } from '../chat/failure.ts'
import type { Health } from '../dispatch/health.ts'
import { contextLength, leadingEndpoint, perMillion, supportedParameters } from './model-object.ts'

const outputKinds = [
  'text',
  'image',
  'audio',
  'video',
  'embeddings',
  'rerank',
  'speech',
  'transcription',
  'decisions',
] as const
const inputKinds = ['text', 'image', 'audio', 'video', 'file'] as const
const categories = [
  'programming',
  'roleplay',
  'marketing',
  'marketing/seo',
  'technology',
  'science',
  'translation',
  'legal',
  'finance',
  'health',
  'trivia',
  'academia',
] as const
const sorts = [
  'most-popular',
  'newest',
  'top-weekly',
  'pricing-low-to-high',
  'pricing-high-to-low',
  'context-high-to-low',
  'throughput-high-to-low',
  'latency-low-to-high',
  'intelligence-high-to-low',
  'coding-high-to-low',
  'agentic-high-to-low',
  'design-arena-elo-high-to-low',
] as const
/** Numbers that nobody has measured for this catalogue. */
const unknownMeasures = [
  'min_intelligence_index',
  'max_intelligence_index',
  'min_coding_index',
  'max_coding_index',
  'min_agentic_index',
  'max_agentic_index',
  'min_tool_success_rate',
  'max_tool_success_rate',
]

const msADay = 24 * 60 * 60 * 1000

export type Sort = (typeof sorts)[number]

/** The query of `GET /models`, parsed. Null and empty lists filter nothing. */
export interface ModelQuery {
  offset: number
  /** Null = everything. */
  limit: number | null
  /** Null = all kinds. */
  outputs: string[] | null
  inputs: string[]
  parameters: string[]
  authors: string[]
  providers: string[]
  architecture: string | null
  words: string[]
  minContext: number | null
  /** Dollars a million prompt tokens. */
  minPrice: number | null
  maxPrice: number | null
  /** Dollars a million completion tokens. */
  minOutputPrice: number | null
  maxOutputPrice: number | null
  minAgeDays: number | null
  maxAgeDays: number | null
  distillable: boolean
  zeroRetention: boolean
  region: 'eu' | 'us' | null
  usable: boolean | null
  sort: Sort | null
  /** As a feed, not as JSON. */
  rss: boolean
}

/**
 * Reads the query of a list of models. A value outside its enumeration and a number that is none are the client's
 * mistake and named in a 400. `category` and the bounds on benchmark scores are checked like the others but filter
 * nothing, and the sorts by popularity and score keep the stored order: this catalogue has no such data, and a model of
 * which nothing is known goes last, not away. `distillable=true` is about a right and finds only models that are on
 * record as granting it, which is none. `use_rss_chat_links` changes nothing: see `modelsFeed`. Unknown parameters are
 * ignored.
 *
 * @throws FailureError `invalid_request`
 */
export function parseModelQuery(search: URLSearchParams): ModelQuery {
  const read = readerOf(search)
  read.choice('category', categories)
  for (const name of unknownMeasures) read.number(name)
  read.flag('use_rss_chat_links')
  const limit = read.integer('limit', 1, 1000)
  const offset = read.integer('offset', 0, Number.MAX_SAFE_INTEGER)
  const outputs = read.choices('output_modalities', [...outputKinds, 'all'])
  return {
    offset: offset ?? 0,
    limit: limit ?? (offset === null ? null : 500),
    outputs: outputs.includes('all') ? null : outputs.length > 0 ? outputs : ['text'],
    inputs: read.choices('input_modalities', inputKinds),
    parameters: read.list('supported_parameters'),
    authors: read.list('model_authors'),
    providers: read.list('providers'),
    architecture: read.text('arch')?.toLowerCase() ?? null,
    words: (read.text('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean),
    minContext: read.number('context'),
    minPrice: read.number('min_price'),
    maxPrice: read.number('max_price'),
    minOutputPrice: read.number('min_output_price'),
    maxOutputPrice: read.number('max_output_price'),
    minAgeDays: read.number('min_age_days'),
    maxAgeDays: read.number('max_age_days'),
    distillable: read.flag('distillable') === true,
    zeroRetention: read.flag('zdr') === true,
    region: read.choice('region', ['eu', 'us']),
    usable: readUsable(search),
    sort: read.choice('sort', sorts),
    rss: read.flag('use_rss') === true,
  }
}

/** `?usable=true|false`; null where it isn't given. */
export function readUsable(search: URLSearchParams): boolean | null {
  return readerOf(search).flag('usable')
}

/** Only `offset` and `limit`, for the lists that have no filters. */
export function readPage(search: URLSearchParams): Pick<ModelQuery, 'offset' | 'limit'> {
  const { offset, limit } = parseModelQuery(
    new URLSearchParams([...search].filter(([name]) => name === 'offset' || name === 'limit')),
  )
  return { offset, limit }
}

const viewNames = new Set(['output_modalities', 'region', 'usable'])

/** Whether a query asks for a view of the whole list and nothing else, so that its answer can be kept. */
export function isUnfiltered(search: URLSearchParams): boolean {
  return [...search.keys()].every((name) => viewNames.has(name))
}

function readerOf(search: URLSearchParams) {
  const text = (name: string): string | null => {
    const value = search.getAll(name).join(',').trim()
    return value === '' ? null : value
  }
  const list = (name: string): string[] =>
    (text(name) ?? '')
      .split(',')
      .map((item) => item.trim().toLowerCase())
      .filter(Boolean)
  const oneOf = <T extends string>(name: string, value: string, allowed: readonly T[]): T => {
    const found = allowed.find((item) => item === value)
    if (found === undefined) throw invalid(name, `one of ${allowed.join(', ')}`)
    return found
  }
  const number = (name: string): number | null => {
    const value = text(name)
    if (value === null) return null
    if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(value)) throw invalid(name, 'a number')
    return Number(value)
  }
  return {
    text,
    list,
    number,
    choices: <T extends string>(name: string, allowed: readonly T[]): T[] =>
      list(name).map((value) => oneOf(name, value, allowed)),
    choice: <T extends string>(name: string, allowed: readonly T[]): T | null => {
      const value = text(name)
      return value === null ? null : oneOf(name, value, allowed)
    },
    flag: (name: string): boolean | null => {
      const value = text(name)
      return value === null ? null : oneOf(name, value, ['true', 'false']) === 'true'
    },
    integer: (name: string, min: number, max: number): number | null => {
      const value = number(name)
      if (value === null) return null
      if (!Number.isSafeInteger(value) || value < min || value > max) {
        throw invalid(
          name,
          max === Number.MAX_SAFE_INTEGER ? `an integer of ${min} or more` : `an integer from ${min} to ${max}`,
        )
      }
      return value
    },
  }
}

function invalid(name: string, expected: string): FailureError {
  return invalidRequest(`Query parameter "${name}" must be ${expected}.`)
}

export interface Listed {
  entry: ModelEntry
  endpoints: readonly EndpointRecord[]
}

/** Whether a model, seen through these of its endpoints, passes a query. What is unknown passes no bound. */
export function matches({ entry, endpoints }: Listed, query: ModelQuery, nowMs: number): boolean {
  const { model } = entry
  if (query.distillable) return false
  const has = (wanted: readonly string[], present: readonly string[]) => wanted.every((item) => present.includes(item))
  if (query.outputs && !model.outputModalities.some((kind) => query.outputs?.includes(kind))) return false
  if (!has(query.inputs, model.inputModalities)) return false
  if (query.authors.length > 0 && !query.authors.includes(model.author.toLowerCase())) return false
  if (query.architecture && !isOfArchitecture(entry, query.architecture)) return false
  if (query.words.length > 0) {
    const haystack = `${model.id} ${model.canonicalSlug} ${model.name}`.toLowerCase()
    if (!query.words.every((word) => haystack.includes(word))) return false
  }
  if (query.parameters.length > 0 && !has(query.parameters, supportedParameters(endpoints))) return false
  if (query.providers.length > 0 && !endpoints.some((endpoint) => isOfProvider(endpoint, query.providers))) return false
  if (query.zeroRetention && !endpoints.some((endpoint) => hasZeroRetention(endpoint.provider))) return false
  if (query.minContext !== null && (contextLength(entry, endpoints) ?? -1) < query.minContext) return false
  const ageDays = model.created > 0 ? (nowMs - model.created * 1000) / msADay : null
  if (!isBetween(ageDays, query.minAgeDays, query.maxAgeDays)) return false
  const bounds = [query.minPrice, query.maxPrice, query.minOutputPrice, query.maxOutputPrice]
  if (bounds.every((bound) => bound === null)) return true
  const price = leadingEndpoint(endpoints)?.price
  return (
    price !== undefined &&
    isBetween(perMillion(price.prompt), query.minPrice, query.maxPrice) &&
    isBetween(perMillion(price.completion), query.minOutputPrice, query.maxOutputPrice)
  )
}

/** In the order that was asked for; equal ones, and ones of which nothing is known, in the stored order, those last. */
export function sorted<T extends Listed>(listed: readonly T[], sort: Sort | null, health: Health): readonly T[] {
  const key = sort && sortKey(sort, health)
  if (!key) return listed
  return listed
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => (a.key === b.key ? 0 : a.key === null ? 1 : b.key === null ? -1 : a.key - b.key))
    .map(({ item }) => item)
}

/** What to sort by, ascending; null where nothing is known of any model. */
function sortKey(sort: Sort, health: Health): ((listed: Listed) => number | null) | null {
  const price = ({ endpoints }: Listed) => {
    const leading = leadingEndpoint(endpoints)
    return leading && perMillion(leading.price.prompt) + perMillion(leading.price.completion)
  }
  const best = ({ endpoints }: Listed, of: 'latency' | 'throughput', pick: (...all: number[]) => number) => {
    const medians = endpoints.flatMap((endpoint) => health.of(endpoint, true)?.[of]?.p50 ?? [])
    return medians.length > 0 ? pick(...medians) : null
  }
  switch (sort) {
    case 'newest':
      return ({ entry }) => (entry.model.created > 0 ? -entry.model.created : null)
    case 'pricing-low-to-high':
      return price
    case 'pricing-high-to-low':
      return (listed) => negated(price(listed))
    case 'context-high-to-low':
      return ({ entry, endpoints }) => negated(contextLength(entry, endpoints))
    case 'throughput-high-to-low':
      return (listed) => negated(best(listed, 'throughput', Math.max))
    case 'latency-low-to-high':
      return (listed) => best(listed, 'latency', Math.min)
    case 'most-popular':
    case 'top-weekly':
    case 'intelligence-high-to-low':
    case 'coding-high-to-low':
    case 'agentic-high-to-low':
    case 'design-arena-elo-high-to-low':
      return null
  }
}

function negated(value: number | null): number | null {
  return value === null ? null : -value
}

function isBetween(value: number | null, min: number | null, max: number | null): boolean {
  if (min === null && max === null) return true
  return value !== null && value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY)
}

/** By tokenizer family (`Llama` covers Llama3 and Llama4); where that is unknown, by how the slug begins. */
function isOfArchitecture({ model }: ModelEntry, family: string): boolean {
  const name = model.tokenizer ?? model.id.slice(model.id.indexOf('/') + 1)
  return name.toLowerCase().startsWith(family)
}

function isOfProvider({ provider }: EndpointRecord, wanted: readonly string[]): boolean {
  return wanted.includes(provider.slug) || wanted.includes(provider.name.toLowerCase())
}
