// Reading JSON that somebody else made: nothing about its shape is promised, so every step asks.

export type JsonRecord = Record<string, unknown>

/** The value as an object, or undefined for anything else. */
export function asRecord(value: unknown): JsonRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined
}

/** The value as a list; anything else is an empty one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value as text that says something; null, other types and the empty string are undefined. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** JSON text of a foreign value; empty where it nests deeper than the stack goes, which no provider's words do. */
export function jsonTextOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

/** Far more than any answer has, and far less than the stack holds. */
const maxLevels = 1000

/** Whether a foreign value nests too deep to be written as text again, which throws. */
export function nestsTooDeep(value: unknown, levels = maxLevels): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  const members = value as JsonRecord
  for (const key in members) if (nestsTooDeep(members[key], levels - 1)) return true
  return false
}
