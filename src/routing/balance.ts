import type { EndpointRecord, ModelRecord } from '../catalog/records.ts'
import type { PerformanceThreshold, ProviderPreferences, ProviderSort } from '../chat/request.ts'
import type { EndpointFacts } from './endpoint-facts.ts'
import type { EndpointHealth, Percentiles } from './health.ts'
import { matchesSlug, type ServiceTier, type WantedSlug } from './slugs.ts'

/** How the endpoints of one model are ordered (`openrouter-routing.md` §3.3). */
export interface Strategy {
  /** Explicit order: what is listed goes first, and is not balanced. */
  order: readonly WantedSlug[] | null
  /** Null = load balancing. `exacto` is load balancing too, within tiers of quality. */
  sort: ProviderSort | null
  /** Endpoints of this tier go before the others. */
  tierFirst: ServiceTier | null
}

export interface Candidate {
  endpoint: EndpointRecord
  model: ModelRecord
  requestedId: string
  promptBudgetTokens?: number | undefined
  facts: EndpointFacts
  health: EndpointHealth | undefined
  /** Not to be called now: its breaker is open, or it asked to be left alone. */
  blocked: 'open' | 'cooldown' | null
  /** Epoch milliseconds; 0 where it is not blocked. */
  blockedUntil: number
  /** Chance of being tried first among all candidates. */
  probability: number
  place: Place
}

/** Where a candidate stands. Smaller goes first, an earlier key decides before a later one. */
export interface Place {
  /** 1 where a `preferred_*` threshold is missed, and 2 more where not even half of the request fits the context. */
  misses: number
  /** Index of the model in the request, or 0 for all in one list. */
  model: number
  /** See `shortfallOf`; 0 for what is asked for by name. */
  shortfall: number
  /** 0 = asked for by name or tier, 1 = the rest. */
  asked: number
  /** 0 steady … 2 down, 3 and more: an outage within the last 30 s. */
  trouble: number
  /** An `ExactoTier`; 0 for all where quality does not count. */
  quality: number
  major: number
  minor: number
  /** Whether `minor` was drawn, so that its neighbours could have been first as well. */
  drawn: boolean
}

type PlaceGiven = Pick<Place, 'misses' | 'model'> & { shortfall?: number; quality?: number; random: () => number }

// Not Infinity: the difference of two must be 0.
const last = Number.MAX_VALUE

/**
 * Where a candidate stands under a strategy. Load balancing draws without replacement, with weight `1 / price²`: an
 * exponential time of that rate for each candidate, and the earliest goes first (Efraimidis and Spirakis), which is the
 * same distribution at one random number a candidate. Candidates that cost nothing go before the priced ones, evenly.
 */
export function placeOf(
  strategy: Strategy,
  facts: EndpointFacts,
  health: EndpointHealth | undefined,
  { misses, model, shortfall = 0, quality = 0, random }: PlaceGiven,
): Place {
  const trouble = troubleOf(health)
  const listed = strategy.order ? strategy.order.findIndex((slug) => matchesSlug(slug, facts.tag)) : -1
  if (listed >= 0) {
    const minor = metricOf(strategy.sort ?? 'price', facts, health)
    // Who names an endpoint is served by it, whatever must be left out for it.
    return {
      misses: misses % 2,
      model,
      shortfall: 0,
      asked: 0,
      trouble,
      quality: 0,
      major: listed,
      minor,
      drawn: false,
    }
  }
  const asked = strategy.tierFirst !== null && facts.tag.tier === strategy.tierFirst ? 0 : 1
  if (strategy.sort !== null && strategy.sort !== 'exacto') {
    const major = metricOf(strategy.sort, facts, health)
    return { misses, model, shortfall, asked, trouble, quality: 0, major, minor: facts.price, drawn: false }
  }
  const costs = facts.price > 0
  const minor = costs ? -Math.log(random()) / facts.weight : random()
  return { misses, model, shortfall, asked, trouble, quality, major: costs ? 1 : 0, minor, drawn: true }
}

/** For `sort`: the order of candidates, whether they may be called or not. */
export function comparePlaces(a: Place, b: Place): number {
  return (
    a.misses - b.misses ||
    a.model - b.model ||
    a.shortfall - b.shortfall ||
    a.asked - b.asked ||
    a.trouble - b.trouble ||
    a.quality - b.quality ||
    a.major - b.major ||
    a.minor - b.minor
  )
}

/** For `sort`: the same, with those that may not be called at the very end. */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return Number(a.blocked !== null) - Number(b.blocked !== null) || comparePlaces(a.place, b.place)
}

/** Notes in sorted candidates the chance that each had of coming first. */
export function noteProbabilities(sorted: readonly Candidate[]): void {
  const first = sorted[0]
  if (!first) return
  first.probability = 1
  if (!first.place.drawn) return
  const rivals = sorted.filter((candidate) => isRival(first, candidate))
  const weightOf = ({ facts }: Candidate) => (facts.price > 0 ? facts.weight : 1)
  const total = rivals.reduce((sum, rival) => sum + weightOf(rival), 0)
  for (const rival of rivals) rival.probability = weightOf(rival) / total
}

function isRival({ blocked, place }: Candidate, other: Candidate): boolean {
  return (
    (other.blocked === null) === (blocked === null) &&
    other.place.misses === place.misses &&
    other.place.model === place.model &&
    other.place.shortfall === place.shortfall &&
    other.place.asked === place.asked &&
    other.place.trouble === place.trouble &&
    other.place.quality === place.quality &&
    other.place.major === place.major
  )
}

/** Whether an endpoint has shown what `preferred_min_throughput` and `preferred_max_latency` ask; unknown has not. */
export function missesThresholds(preferences: ProviderPreferences, health: EndpointHealth | undefined): boolean {
  const { preferred_min_throughput: minThroughput, preferred_max_latency: maxLatencySeconds } = preferences
  const wantsThroughput = minThroughput !== undefined && minThroughput !== null
  const wantsLatency = maxLatencySeconds !== undefined && maxLatencySeconds !== null
  if (!wantsThroughput && !wantsLatency) return false
  // During an outage the figures of the minutes before it promise nothing.
  if (health?.unstable) return true
  return (
    (wantsThroughput && !holds(minThroughput, health?.throughput, (seen, cutoff) => seen >= cutoff)) ||
    (wantsLatency && !holds(maxLatencySeconds, health?.latency, (seenMs, cutoff) => seenMs <= cutoff * 1000))
  )
}

function holds(
  threshold: PerformanceThreshold,
  seen: Percentiles | null | undefined,
  meets: (seen: number, cutoff: number) => boolean,
): boolean {
  if (!seen) return false
  const cutoffs = typeof threshold === 'number' ? { p50: threshold } : threshold
  return (['p50', 'p75', 'p90', 'p99'] as const).every((percentile) => {
    const cutoff = cutoffs[percentile]
    return cutoff === undefined || cutoff === null || meets(seen[percentile], cutoff)
  })
}

const troubleOfBand = { normal: 0, degraded: 1, down: 2 } as const

function troubleOf(health: EndpointHealth | undefined): number {
  if (!health) return 0
  return health.unstable ? troubleOfBand[health.band] + 3 : troubleOfBand[health.band]
}

function metricOf(sort: ProviderSort, facts: EndpointFacts, health: EndpointHealth | undefined): number {
  switch (sort) {
    case 'price':
    case 'exacto':
      return facts.price
    case 'latency':
      return health?.latency?.p50 ?? last
    case 'throughput':
      return health?.throughput ? -health.throughput.p50 : last
  }
}
