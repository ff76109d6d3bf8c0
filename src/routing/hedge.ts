import type { EndpointRecord } from '../catalog/records.ts'
import type { HedgePercentile } from '../chat/request.ts'
import { reserveFor } from '../metering/price-usage.ts'
import { maxUsd, nanoUsdOf } from '../metering/usd.ts'
import type { EndpointHealth, Percentiles } from './health.ts'
import type { RequestNeeds } from './needs.ts'
import type { PlannedAttempt } from './plan.ts'

/** How one request wants to be hedged (`provider.hedge`), with what reckoning its cost needs. */
export interface HedgeRule {
  /** Milliseconds, or a percentile of the first endpoint's latency. */
  after: number | HedgePercentile
  /** What hedging may add to the cost of the request at most; infinite where the client set no bound. */
  maxExtraNanoUsd: number
  promptTokens: number
  maxOutputTokens: number | null
  choices: number
}

/** Null for a request that doesn't ask to be hedged. */
export function hedgeRuleOf(needs: RequestNeeds, choices: number): HedgeRule | null {
  const { hedge } = needs.preferences
  const after = hedge?.after_ms ?? hedge?.after
  if (!hedge || after === undefined || after === null) return null
  return {
    after,
    maxExtraNanoUsd:
      hedge.max_extra_cost === undefined || hedge.max_extra_cost === null
        ? Number.POSITIVE_INFINITY
        : nanoUsdOf(Math.min(Number(hedge.max_extra_cost), maxUsd)),
    promptTokens: needs.promptTokensAtMost,
    maxOutputTokens: needs.maxOutputTokens,
    choices,
  }
}

/** What is reserved for a request that may be hedged: two of its calls may have to be paid. */
export function reserveHedged(worstNanoUsd: number, rule: HedgeRule): number {
  return Math.min(worstNanoUsd + Math.min(worstNanoUsd, rule.maxExtraNanoUsd), Number.MAX_SAFE_INTEGER)
}

/** How long the first endpoint has before a second one starts; null while too little is known of it to say. */
export function hedgeAfterMs({ after }: HedgeRule, health: EndpointHealth | undefined): number | null {
  if (typeof after === 'number') return after
  const latency = health?.latency
  if (!latency) return null
  return after === 'p95' ? p95Of(latency) : latency[after]
}

/** Where p95 lies between p90 and p99 of a log-normal distribution, on a log scale: (1.645 - 1.282) / (2.326 - 1.282). */
const p95Share = 0.348

/**
 * Snapshots have no p95. Taken from its neighbours it also serves better than the sample's own where about one call in
 * twenty is stuck: that one is now the slowest of the quick and now the quickest of the stuck, after which no hedge comes in
 * time. This one is between the two.
 */
function p95Of({ p90, p99 }: Percentiles): number {
  return p90 > 0 ? p90 * (p99 / p90) ** p95Share : p99
}

export interface HedgeWorld {
  health(endpoint: EndpointRecord): EndpointHealth | undefined
  /** Whether a call to the endpoint is no longer billed once it is cancelled. */
  cancels(endpoint: EndpointRecord): boolean
  /** Epoch milliseconds. */
  now: number
}

/**
 * The endpoint that runs beside one that is late: the next of the plan that is in no trouble and within the cost that
 * the client allows, at another provider where there is one. It answers for the same model, because which model answers
 * is for failures to decide and not for a stopwatch. `others` are of one plan with the first, so every rule of the
 * request (`zdr`, `data_collection`, `only`, prices, the region) has let them through.
 */
export function hedgeTarget(
  rule: HedgeRule,
  first: PlannedAttempt,
  others: readonly PlannedAttempt[],
  world: HedgeWorld,
): PlannedAttempt | null {
  let sameProvider: PlannedAttempt | null = null
  for (const other of others) {
    if (other.model.id !== first.model.id || other.blocked !== null) continue
    // A prompt with a hole in it is for want of another endpoint, not of patience.
    if (other.promptBudgetTokens !== undefined && first.promptBudgetTokens === undefined) continue
    if (!isCalm(world.health(other.endpoint), world.now)) continue
    if (worstExtraNanoUsd(rule, first.endpoint, other.endpoint, world) > rule.maxExtraNanoUsd) continue
    if (other.endpoint.provider.slug !== first.endpoint.provider.slug) return other
    sameProvider ??= other
  }
  return sameProvider
}

function isCalm(health: EndpointHealth | undefined, now: number): boolean {
  if (!health) return true
  const { unstable, openUntil, cooldownUntil, band } = health
  return !unstable && openUntil === 0 && cooldownUntil <= now && band !== 'down'
}

/**
 * The most that a second call may add to what the first alone would have cost: the call that loses, and, where the
 * second wins, how much dearer its answer is.
 */
function worstExtraNanoUsd(
  rule: HedgeRule,
  first: EndpointRecord,
  second: EndpointRecord,
  { cancels }: HedgeWorld,
): number {
  const promptOf = (endpoint: EndpointRecord) => reserveFor(rule.promptTokens, 0, endpoint)
  const wholeOf = (endpoint: EndpointRecord) =>
    reserveFor(rule.promptTokens, rule.maxOutputTokens, endpoint) * rule.choices
  const lostOf = (endpoint: EndpointRecord) => (cancels(endpoint) ? promptOf(endpoint) : wholeOf(endpoint))
  const dearer = Math.max(0, wholeOf(second) - wholeOf(first), promptOf(second) - promptOf(first))
  return Math.max(lostOf(second), lostOf(first) + dearer)
}
