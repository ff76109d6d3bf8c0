import type { GenerationRow } from '../metering/generation.ts'
import { unsettledType } from '../metering/unsettled.ts'

/** How each field is stored: as it is, as 0 or 1, or as JSON text. The compiler asks for every field. */
const fields: Record<keyof GenerationRow, 'plain' | 'boolean' | 'json'> = {
  id: 'plain',
  requestId: 'plain',
  keyHash: 'plain',
  createdAt: 'plain',
  model: 'plain',
  canonicalSlug: 'plain',
  requestedModel: 'plain',
  router: 'plain',
  endpointId: 'plain',
  provider: 'plain',
  providerName: 'plain',
  upstreamId: 'plain',
  apiType: 'plain',
  streamed: 'boolean',
  cancelled: 'boolean',
  status: 'plain',
  errorType: 'plain',
  finishReason: 'plain',
  nativeFinishReason: 'plain',
  latencyMs: 'plain',
  generationMs: 'plain',
  promptTokens: 'plain',
  completionTokens: 'plain',
  cachedTokens: 'plain',
  cacheWriteTokens: 'plain',
  reasoningTokens: 'plain',
  imageOutputTokens: 'plain',
  usageEstimated: 'boolean',
  costNanoUsd: 'plain',
  upstreamCostNanoUsd: 'plain',
  cacheDiscountNanoUsd: 'plain',
  isByok: 'boolean',
  serviceTier: 'plain',
  region: 'plain',
  attempts: 'json',
  excluded: 'json',
  translation: 'json',
  catalogVersion: 'plain',
  seed: 'plain',
  decision: 'json',
  appReferer: 'plain',
  appTitle: 'plain',
  userAgent: 'plain',
  origin: 'plain',
  externalUser: 'plain',
  sessionId: 'plain',
  numMediaPrompt: 'plain',
}

const names = Object.keys(fields) as (keyof GenerationRow)[]

// All rows travel in one bound parameter, because D1 takes at most 100 of them in a statement. `ON CONFLICT` and not
// `INSERT OR IGNORE`: that would also drop, in silence, a row that breaks a NOT NULL. Only an account of a request as
// unsettled gives way to what became of it after all.
const insertSql = `INSERT INTO generations (${names.map(columnOf).join(', ')})
SELECT ${names.map((name) => `value ->> '$.${name}'`).join(', ')} FROM json_each(?1) WHERE true
ON CONFLICT (id) DO UPDATE SET ${names.map((name) => `${columnOf(name)} = excluded.${columnOf(name)}`).join(', ')}
WHERE generations.error_type = '${unsettledType}' AND excluded.error_type IS NOT '${unsettledType}'`

/**
 * Stores rows once by id: a row that is there already is left as it is, but for an unsettled one. All or none. Together the rows must stay under
 * D1's 2 MB for a value.
 */
export async function insertGenerations(db: D1Database, rows: readonly GenerationRow[]): Promise<void> {
  if (rows.length === 0) return
  const texts = rows.map((row) => JSON.stringify(row))
  await insertGenerationsStatement(db, texts).run()
}

/** The statement of `insertGenerations` for rows that are JSON text already, at least one. */
export function insertGenerationsStatement(db: D1Database, rows: readonly string[]): D1PreparedStatement {
  return db.prepare(insertSql).bind(`[${rows.join(',')}]`)
}

export async function readGeneration(db: D1Database, id: string): Promise<GenerationRow | null> {
  const stored = await db.prepare('SELECT * FROM generations WHERE id = ?1').bind(id).first<Record<string, unknown>>()
  if (stored === null) return null
  return Object.fromEntries(
    names.map((name) => [name, decode(name, stored[columnOf(name)])]),
  ) as unknown as GenerationRow
}

function columnOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function decode(name: keyof GenerationRow, value: unknown): unknown {
  switch (fields[name]) {
    case 'plain':
      return value
    case 'boolean':
      return value === 1
    case 'json':
      return JSON.parse(String(value))
  }
}
