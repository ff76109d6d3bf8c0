import type { GenerationRow } from './generation.ts'

const maxTextLength = 2_000
const maxListLength = 200
const maxListedTextLength = 200
/** A row of fewer characters in all is small enough for every store, whatever of it is long. */
const ordinaryLength = 8_000

/**
 * The JSON of a row that every store takes, a few kilobytes in practice and never near a store's limits: in a large row
 * client-given text is cut and lists are cut, and what SQL or JSON cannot hold (NUL, half a surrogate pair, NaN) is
 * replaced. A row that a store refused would hold up all the rows behind it.
 */
export function storableText(row: GenerationRow): string {
  const text = JSON.stringify(row)
  if (text.length <= ordinaryLength && !unstorable.test(text) && numbersAreFinite(row)) return text
  const entries = Object.entries(row).map(([key, value]) => [key, bounded(value, maxTextLength)])
  return JSON.stringify(Object.fromEntries(entries))
}

// As JSON writes NUL and half a surrogate pair. A client may have written those characters itself: then the row is
// looked through in vain.
const unstorable = /\\u(?:0000|d[89a-f])/

/** JSON makes null of other numbers, which the columns of a row's own numbers refuse. */
function numbersAreFinite(row: GenerationRow): boolean {
  for (const key in row) {
    const value = row[key as keyof GenerationRow]
    if (typeof value === 'number' && !Number.isFinite(value)) return false
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
