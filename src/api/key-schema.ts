import { defaultWorkspaceId, type KeyRecord } from '../dispatch/key-directory.ts'
import { boolean, type Check, integer, nullable, number, object, oneOf, problem, string } from '../edge/check.ts'
import { maxUsd } from '../metering/usd.ts'
import { defaultRateLimit } from '../routing/window.ts'
import { parseInterval } from './interval.ts'

/** What a key can be changed to (`openrouter-endpoints-management.md` §2B.2). */
export interface KeyChange {
  name?: string
  disabled?: boolean
  /** US dollars. */
  limit?: number | null
  limit_reset?: KeyRecord['limitReset']
  include_byok_in_limit?: boolean
  rate_limit?: { requests: number; interval?: string } | null
}

export interface KeyCreation extends KeyChange {
  name: string
  /** ISO 8601, in UTC. */
  expires_at?: string | null
  creator_user_id?: string | null
  is_management_key?: boolean
}

const maxWindowMs = 24 * 3_600_000
const maxWindowRequests = 100_000

const oneLine = { max: 256, pattern: /^[^\p{Cc}\p{Cs}]*$/u }
const text = string({ ...oneLine, what: 'a text without control characters' })
const trimmed = string({ ...oneLine, min: 1, what: 'a text of 1 to 256 characters without control characters' })

const interval: Check = (value) =>
  windowMsOf(value) === null
    ? problem('must be a whole number with s, m or h, such as "10s" or "1m", at most "24h"')
    : null

const shared = {
  name: (value: unknown) => trimmed(typeof value === 'string' ? value.trim() : value),
  limit: nullable(number(0, maxUsd, `a number of US dollars from 0 to ${maxUsd}, or null for no limit`)),
  limit_reset: nullable(oneOf(['daily', 'weekly', 'monthly'])),
  include_byok_in_limit: boolean,
  rate_limit: nullable(object({ requests: integer(0, maxWindowRequests), interval }, ['requests'])),
}

const utc = /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]00:?00)$/

const expiresAt: Check = (value) =>
  // A day that its month doesn't have would become one of the next month.
  typeof value === 'string' && utc.test(value) && isoOf(value)?.slice(0, 10) === value.slice(0, 10)
    ? null
    : problem('must be an ISO 8601 date and time in UTC, such as "2030-01-31T00:00:00Z"')

export const keyChange = object({ ...shared, disabled: boolean })

export const keyCreation = object(
  {
    ...shared,
    expires_at: nullable(expiresAt),
    // There is the one workspace.
    workspace_id: nullable(oneOf([defaultWorkspaceId])),
    creator_user_id: nullable(text),
    is_management_key: boolean,
  },
  ['name'],
)

export const keyQuery = object({ offset: string({ pattern: /^\d{1,9}$/, what: 'a whole number, 0 or more' }) })

/** What a checked `rate_limit` means. */
export function rateLimitOf(given: KeyChange['rate_limit']): KeyRecord['rateLimit'] | undefined {
  return given && { requests: given.requests, windowMs: windowMsOf(given.interval) ?? defaultRateLimit.windowMs }
}

function windowMsOf(interval: unknown): number | null {
  const windowMs = typeof interval === 'string' ? parseInterval(interval) : null
  return windowMs !== null && windowMs <= maxWindowMs ? windowMs : null
}

function isoOf(text: string): string | null {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
