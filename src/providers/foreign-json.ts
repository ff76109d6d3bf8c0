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
