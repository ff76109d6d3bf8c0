/** What a key has spent, all time and in the current UTC day, week (from Monday) and month; integers of nano-dollars. */
export interface KeyUsage {
  totalNanoUsd: number
  dailyNanoUsd: number
  weeklyNanoUsd: number
  monthlyNanoUsd: number
  byokTotalNanoUsd: number
  byokDailyNanoUsd: number
  byokWeeklyNanoUsd: number
  byokMonthlyNanoUsd: number
}

const dayMs = 86_400_000

export type Period = 'daily' | 'weekly' | 'monthly'

/** Counters together with the moment (epoch milliseconds) whose day, week and month they are of. */
export interface Spend {
  usage: KeyUsage
  at: number
}

export interface SpendLimit {
  limitNanoUsd: number | null
  /** Null: the limit is for all time. */
  limitReset: Period | null
  includeByokInLimit: boolean
}

/** One request's bill. */
export interface Charge {
  createdAt: number
  costNanoUsd: number
  upstreamCostNanoUsd: number
  isByok: boolean
}

export function noSpend(at: number): Spend {
  return {
    at,
    usage: {
      totalNanoUsd: 0,
      dailyNanoUsd: 0,
      weeklyNanoUsd: 0,
      monthlyNanoUsd: 0,
      byokTotalNanoUsd: 0,
      byokDailyNanoUsd: 0,
      byokWeeklyNanoUsd: 0,
      byokMonthlyNanoUsd: 0,
    },
  }
}

/** The first millisecond of the UTC day, week (Monday) or month that holds `at`. */
export function startOfPeriod(period: Period, at: number): number {
  // Days of UTC have no leap seconds and no summer time.
  if (period === 'daily') return Math.floor(at / dayMs) * dayMs
  const date = new Date(at)
  const firstDay = period === 'weekly' ? date.getUTCDate() - ((date.getUTCDay() + 6) % 7) : 1
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), firstDay)
}

/**
 * The counters as they stand at `now`: those of a period that has ended are zero. A clock that goes back empties
 * nothing, and the periods are counted from where it stands, so that a day in the future by mistake stops no reset.
 */
export function spendAt(spend: Spend, now: number): Spend {
  const ended = (period: Period) => startOfPeriod(period, now) > startOfPeriod(period, spend.at)
  if (!ended('daily')) return { usage: spend.usage, at: now }
  const usage = { ...spend.usage, dailyNanoUsd: 0, byokDailyNanoUsd: 0 }
  if (ended('weekly')) Object.assign(usage, { weeklyNanoUsd: 0, byokWeeklyNanoUsd: 0 })
  if (ended('monthly')) Object.assign(usage, { monthlyNanoUsd: 0, byokMonthlyNanoUsd: 0 })
  return { usage, at: now }
}

/**
 * Adds one bill. It belongs to the day, week and month in which its request was made, as the ledger's rows are summed,
 * so what ends after midnight is not yesterday's counter made today's. The BYOK mirror holds list prices.
 */
export function addCharge(spend: Spend, charge: Charge, now: number): Spend {
  const current = spendAt(spend, now)
  const usage = { ...current.usage }
  const cost = safeNanoUsd(charge.costNanoUsd)
  const byokCost = charge.isByok ? safeNanoUsd(charge.upstreamCostNanoUsd) : 0
  // Today is of this week and of this month too.
  const today = charge.createdAt >= startOfPeriod('daily', now)
  const falls = (period: Period) => today || charge.createdAt >= startOfPeriod(period, now)
  usage.totalNanoUsd = addNanoUsd(usage.totalNanoUsd, cost)
  usage.byokTotalNanoUsd = addNanoUsd(usage.byokTotalNanoUsd, byokCost)
  if (today) {
    usage.dailyNanoUsd = addNanoUsd(usage.dailyNanoUsd, cost)
    usage.byokDailyNanoUsd = addNanoUsd(usage.byokDailyNanoUsd, byokCost)
  }
  if (falls('weekly')) {
    usage.weeklyNanoUsd = addNanoUsd(usage.weeklyNanoUsd, cost)
    usage.byokWeeklyNanoUsd = addNanoUsd(usage.byokWeeklyNanoUsd, byokCost)
  }
  if (falls('monthly')) {
    usage.monthlyNanoUsd = addNanoUsd(usage.monthlyNanoUsd, cost)
    usage.byokMonthlyNanoUsd = addNanoUsd(usage.byokMonthlyNanoUsd, byokCost)
  }
  return { usage, at: now }
}

/** What of these counters counts against the limit. `usage` must be of now (`spendAt`). */
export function spentNanoUsd(limit: SpendLimit, usage: KeyUsage): number {
  const [own, byok] = counters(limit.limitReset, usage)
  return limit.includeByokInLimit ? addNanoUsd(own, byok) : own
}

/** What may still be reserved, in nano-dollars, never negative; null = no limit. */
export function affordableNanoUsd(limit: SpendLimit, usage: KeyUsage, reservedNanoUsd: number): number | null {
  if (limit.limitNanoUsd === null) return null
  return Math.max(0, limit.limitNanoUsd - addNanoUsd(spentNanoUsd(limit, usage), reservedNanoUsd))
}

/**
 * A whole, non-negative number of nano-dollars that arithmetic keeps exact (2^53 of them are nine million dollars).
 * Fractions are rounded up; what is no number becomes `fallback`.
 */
export function safeNanoUsd(value: number, fallback = 0): number {
  return Number.isNaN(value) ? fallback : Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(value)))
}

/** A sum that stays at the largest exact integer where it would pass it. */
export function addNanoUsd(a: number, b: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, a + b)
}

function counters(period: Period | null, usage: KeyUsage): [own: number, byok: number] {
  switch (period) {
    case null:
      return [usage.totalNanoUsd, usage.byokTotalNanoUsd]
    case 'daily':
      return [usage.dailyNanoUsd, usage.byokDailyNanoUsd]
    case 'weekly':
      return [usage.weeklyNanoUsd, usage.byokWeeklyNanoUsd]
    case 'monthly':
      return [usage.monthlyNanoUsd, usage.byokMonthlyNanoUsd]
  }
}
