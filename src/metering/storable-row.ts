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
  const entries = Object.entries(row).map(([key, value]) => [key, bounded(value, maxTextLength)])
  return Object.fromEntries(entries) as GenerationRow
}

function bounded(value: unknown, maxLength: number): unknown {
  if (typeof value === 'string') return storableText(value.length > maxLength ? value.slice(0, maxLength) : value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : 0
  if (Array.isArray(value)) return value.slice(0, maxListLength).map((item) => bounded(item, maxListedTextLength))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, bounded(item, maxListedTextLength)]))
  }
  return value
}

function storableText(text: string): string {
  // Nearly all texts are fine, and these two look at them natively.
  return text.isWellFormed() && !text.includes('\0') ? text : text.replace(/[\0\p{Surrogate}]/gu, '\ufffd')
}
