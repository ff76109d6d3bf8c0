import type { GenerationRow } from './generation.ts'

const maxTextLength = 2_000
const maxListLength = 200
const maxListedTextLength = 200

/**
 * A row that every store takes, a few kilobytes in practice and never near a store's limits: client-given text is cut,
 * lists are cut, and what SQL or JSON cannot hold (NUL, half a surrogate pair, NaN) is replaced. A row that a store
 * refused would hold up all the rows behind it.
 */
export function storableRow(row: GenerationRow): GenerationRow {
  if (isStorable(row, maxTextLength, maxTextLength)) return row
  const entries = Object.entries(row).map(([key, value]) => [key, bounded(value, maxTextLength)])
  return Object.fromEntries(entries) as GenerationRow
}

/** Whether there is nothing to cut or to replace, as nearly always. Looking costs a quarter of making the row anew. */
function isStorable(value: unknown, maxLength: number, maxInnerLength: number): boolean {
  if (typeof value === 'string') return value.length <= maxLength && value.isWellFormed() && !value.includes('\0')
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value) && value.length > maxListLength) return false
  for (const key in value) {
    const item: unknown = (value as Record<string, unknown>)[key]
    if (!isStorable(item, maxInnerLength, maxListedTextLength)) return false
  }
  return true
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
