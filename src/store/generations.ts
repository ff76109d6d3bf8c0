import type { GenerationRow } from '../metering/generation.ts'
import { pathOf, rowFields } from '../metering/row-text.ts'
import { unsettledType } from '../metering/unsettled.ts'

/** Fields that are not stored as they are, but as 0 or 1, or as JSON text. */
const booleans: ReadonlySet<string> = new Set(['streamed', 'cancelled', 'usageEstimated', 'isByok'])
const objects: ReadonlySet<string> = new Set(['attempts', 'excluded', 'translation', 'decision'])

// All rows travel in one bound parameter, because D1 takes at most 100 of them in a statement. `ON CONFLICT` and not
// `INSERT OR IGNORE`: that would also drop, in silence, a row that breaks a NOT NULL. Only an account of a request as
// unsettled gives way to what became of it after all.
const insertSql = `INSERT INTO generations (${rowFields.map(columnOf).join(', ')})
SELECT ${rowFields.map((field) => `value ->> '${pathOf(field)}'`).join(', ')} FROM json_each(?1) WHERE true
ON CONFLICT (id) DO UPDATE SET ${rowFields.map((name) => `${columnOf(name)} = excluded.${columnOf(name)}`).join(', ')}
WHERE generations.error_type = '${unsettledType}' AND excluded.error_type IS NOT '${unsettledType}'`

/**
 * Stores rows, at least one and each as its text (`rowText`), once by id: a row that is there already is left as it is, but
 * for an unsettled one. All or none. Together the rows must stay under D1's 2 MB for a value.
 */
export function insertGenerationsStatement(db: D1Database, rows: readonly string[]): D1PreparedStatement {
  return db.prepare(insertSql).bind(`[${rows.join(',')}]`)
}

export async function readGeneration(db: D1Database, id: string): Promise<GenerationRow | null> {
  const stored = await db.prepare('SELECT * FROM generations WHERE id = ?1').bind(id).first<Record<string, unknown>>()
  if (stored === null) return null
  return Object.fromEntries(
    rowFields.map((name) => [name, decode(name, stored[columnOf(name)])]),
  ) as unknown as GenerationRow
}

/** Those of the ids that are stored with what became of their request. One statement, however many there are. */
export async function settledAmong(db: D1Database, ids: readonly string[]): Promise<Set<string>> {
  const { results } = await db
    .prepare('SELECT id FROM generations WHERE id IN (SELECT value FROM json_each(?1)) AND error_type IS NOT ?2')
    .bind(JSON.stringify(ids), unsettledType)
    .all<{ id: string }>()
  return new Set(results.map(({ id }) => id))
}

function columnOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function decode(name: string, value: unknown): unknown {
  if (booleans.has(name)) return value === 1
  return objects.has(name) ? JSON.parse(String(value)) : value
}
