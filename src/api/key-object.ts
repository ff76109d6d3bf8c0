import type { KeyRecord } from '../dispatch/key-directory.ts'
import { affordableNanoUsd, noSpend } from '../metering/spend.ts'
import { usdOf } from '../metering/usd.ts'
import { formatInterval } from './interval.ts'

/** What `/keys` and `/key` both tell of a key's budget (`openrouter-endpoints-management.md` §2B.1–2), in dollars. */
export function budgetObject(record: Pick<KeyRecord, 'limitNanoUsd' | 'limitReset' | 'includeByokInLimit' | 'usage'>) {
  const { usage, limitNanoUsd } = record
  const remainingNanoUsd = affordableNanoUsd(record, usage, 0)
  return {
    limit: limitNanoUsd === null ? null : usdOf(limitNanoUsd),
    limit_remaining: remainingNanoUsd === null ? null : usdOf(remainingNanoUsd),
    limit_reset: record.limitReset,
    include_byok_in_limit: record.includeByokInLimit,
    usage: usdOf(usage.totalNanoUsd),
    usage_daily: usdOf(usage.dailyNanoUsd),
    usage_weekly: usdOf(usage.weeklyNanoUsd),
    usage_monthly: usdOf(usage.monthlyNanoUsd),
    byok_usage: usdOf(usage.byokTotalNanoUsd),
    byok_usage_daily: usdOf(usage.byokDailyNanoUsd),
    byok_usage_weekly: usdOf(usage.byokWeeklyNanoUsd),
    byok_usage_monthly: usdOf(usage.byokMonthlyNanoUsd),
  }
}

/** The budget of somebody without one. */
export const unlimitedBudget = budgetObject({
  limitNanoUsd: null,
  limitReset: null,
  includeByokInLimit: false,
  usage: noSpend(0).usage,
})

/** A key in management's lists: the KeyRecord of §2B.2, and beyond it the kind and the key's own rate limit. */
export function keyObject(record: KeyRecord) {
  return {
    hash: record.hash,
    name: record.name,
    label: record.label,
    disabled: record.disabled,
    ...budgetObject(record),
    created_at: isoOf(record.createdAt),
    updated_at: record.updatedAt === null ? null : isoOf(record.updatedAt),
    expires_at: record.expiresAt === null ? null : isoOf(record.expiresAt),
    creator_user_id: record.creatorUserId,
    workspace_id: record.workspaceId,
    external_user: null,
    is_management_key: record.kind === 'management',
    rate_limit: record.rateLimit && {
      requests: record.rateLimit.requests,
      interval: formatInterval(record.rateLimit.windowMs),
    },
  }
}

export function isoOf(atMs: number): string {
  return new Date(atMs).toISOString()
}
