/** Some providers say 0 where they mean "soon" (Azure); and nobody waits for longer than a day. */
const minRetryMs = 1_000
const maxRetryMs = 24 * 60 * 60 * 1_000

/**
 * How long an error answer asks to be left alone, in milliseconds, or undefined where it does not say. Read only from
 * error answers: Together, Anthropic and the Hugging Face router put `retry-after` on 200s. Dates are measured from the
 * answer's own `Date`, so that neither side's clock matters. Order and formats: `providers.md` §5.
 */
export function retryHints(headers: Headers): number | undefined {
  const milliseconds = numberIn(headers.get('retry-after-ms'))
  if (milliseconds !== null) return bounded(milliseconds)
  const sentAt = Date.parse(headers.get('date') ?? '')
  const after = headers.get('retry-after')
  const waitMs = after === null ? null : durationMs(after, sentAt)
  if (waitMs !== null) return bounded(waitMs)
  return resetOf(headers, sentAt)
}

/** `durationMs` of a text kept within sensible bounds; undefined for what is no duration. */
export function retryDelayMs(text: string): number | undefined {
  const delay = durationMs(text, Number.NaN)
  return delay === null ? undefined : bounded(delay)
}

/** The reset of whichever limits are used up. */
function resetOf(headers: Headers, sentAt: number): number | undefined {
  let longest: number | undefined
  for (const [name, value] of headers) {
    const match = /^(x-ratelimit|anthropic-ratelimit|ratelimit)(.*)$/.exec(name)
    const [, prefix, rest] = match ?? []
    if (!prefix || !rest?.includes('remaining') || numberIn(value) !== 0) continue
    const reset = headers.get(prefix + rest.replace('remaining', 'reset'))
    const waitMs = reset === null ? null : durationMs(reset, sentAt)
    if (waitMs !== null) longest = Math.max(longest ?? 0, bounded(waitMs))
  }
  return longest
}

/**
 * Milliseconds in `34`, `34.5` (seconds), `34s`, `1m26.4s`, `120ms`, an HTTP or RFC 3339 date, or an epoch in seconds
 * or milliseconds. Points in time need `sentAt`, epoch milliseconds. Null for anything else.
 */
function durationMs(text: string, sentAt: number): number | null {
  const trimmed = text.trim()
  const plain = numberIn(trimmed)
  if (plain !== null) {
    if (plain < 1e9) return plain * 1_000
    const at = plain < 1e12 ? plain * 1_000 : plain
    return Number.isNaN(sentAt) ? null : at - sentAt
  }
  if (/^(\d+(\.\d+)?(ms|d|h|m|s))+$/.test(trimmed)) {
    let total = 0
    for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|d|h|m|s)/g))
      total += Number(amount) * (unitMs[unit ?? 's'] ?? 0)
    return total
  }
  const at = Date.parse(trimmed)
  return Number.isNaN(at) || Number.isNaN(sentAt) ? null : at - sentAt
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function numberIn(text: string | null): number | null {
  return text !== null && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : null
}

function bounded(waitMs: number): number {
  return Math.min(Math.max(Math.ceil(waitMs), minRetryMs), maxRetryMs)
}
