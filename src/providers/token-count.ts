/** A count of tokens in foreign JSON: finite, not negative, cut to an integer; undefined for anything else. */
export function tokenCount(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Math.min(Math.max(0, Math.floor(value)), Number.MAX_SAFE_INTEGER)
}
