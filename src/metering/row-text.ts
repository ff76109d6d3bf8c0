import type { GenerationRow } from './generation.ts'

/**
 * The order in which a row's text has its fields. A new one goes to the end, and its column takes NULL: texts that wait
 * for D1 are sent on by later versions.
 */
export const rowFields = [
  'id',
  'requestId',
  'keyHash',
  'createdAt',
  'model',
  'canonicalSlug',
  'requestedModel',
  'router',
  'endpointId',
  'provider',
  'providerName',
  'upstreamId',
  'apiType',
  'streamed',
  'cancelled',
  'status',
  'errorType',
  'finishReason',
  'nativeFinishReason',
  'latencyMs',
  'generationMs',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'imageOutputTokens',
  'usageEstimated',
  'costNanoUsd',
  'upstreamCostNanoUsd',
  'cacheDiscountNanoUsd',
  'isByok',
  'serviceTier',
  'region',
  'attempts',
  'excluded',
  'translation',
  'catalogVersion',
  'seed',
  'decision',
  'appReferer',
  'appTitle',
  'userAgent',
  'origin',
  'externalUser',
  'sessionId',
  'numMediaPrompt',
] as const satisfies readonly (keyof GenerationRow)[]

const maxTextLength = 2_000
const maxListLength = 200
const maxListedTextLength = 200
/** A row of fewer characters in all is small enough for every store, whatever of it is long. */
const ordinaryLength = 8_000

/**
 * A row as a JSON array of its values, without the names, which would be half of it. What every store takes, a few
 * kilobytes at most and never near a store's limits: in a large row client-given text is cut and lists are cut, and what
 * SQL or JSON cannot hold (NUL, half a surrogate pair, NaN) is replaced. A row that a store refused would hold up all the
 * rows behind it.
 */
export function rowText(row: GenerationRow): string {
  const values = valuesOf(row)
  const text = JSON.stringify(values)
  if (text.length <= ordinaryLength && !unstorable.test(text) && values.every(isStorable)) return text
  return JSON.stringify(values.map((value) => bounded(value, maxTextLength)))
}

/** In the order of `rowFields`; one by one, because looking up so many names costs more than all the rest. */
function valuesOf(row: GenerationRow): unknown[] {
  return [
    row.id,
    row.requestId,
    row.keyHash,
    row.createdAt,
    row.model,
    row.canonicalSlug,
    row.requestedModel,
    row.router,
    row.endpointId,
    row.provider,
    row.providerName,
    row.upstreamId,
    row.apiType,
    row.streamed,
    row.cancelled,
    row.status,
    row.errorType,
    row.finishReason,
    row.nativeFinishReason,
    row.latencyMs,
    row.generationMs,
    row.promptTokens,
    row.completionTokens,
    row.cachedTokens,
    row.cacheWriteTokens,
    row.reasoningTokens,
    row.imageOutputTokens,
    row.usageEstimated,
    row.costNanoUsd,
    row.upstreamCostNanoUsd,
    row.cacheDiscountNanoUsd,
    row.isByok,
    row.serviceTier,
    row.region,
    row.attempts,
    row.excluded,
    row.translation,
    row.catalogVersion,
    row.seed,
    row.decision,
    row.appReferer,
    row.appTitle,
    row.userAgent,
    row.origin,
    row.externalUser,
    row.sessionId,
    row.numMediaPrompt,
  ]
}

/** Where SQL finds a field in a text. */
export function pathOf(field: keyof GenerationRow): string {
  return `$[${rowFields.indexOf(field)}]`
}

/** The row of a text. */
export function rowOf(text: string): GenerationRow {
  const values = JSON.parse(text) as unknown[]
  return Object.fromEntries(rowFields.map((field, index) => [field, values[index] ?? null])) as unknown as GenerationRow
}

// As JSON writes NUL and half a surrogate pair. A client may have written those characters itself: then the row is
// looked through in vain.
const unstorable = /\\u(?:0000|d[89a-f])/

/** JSON makes null of other numbers, which the columns of a row's own numbers refuse. */
function isStorable(value: unknown): boolean {
  return typeof value !== 'number' || Number.isFinite(value)
}

function bounded(value: unknown, maxLength: number): unknown {
  if (typeof value === 'string') return value.slice(0, maxLength).replace(/[\0\p{Surrogate}]/gu, '\ufffd')
  if (typeof value === 'number') return Number.isFinite(value) ? value : 0
  if (Array.isArray(value)) return value.slice(0, maxListLength).map((item) => bounded(item, maxListedTextLength))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bounded(item, maxListedTextLength)]))
  }
  return value
}
