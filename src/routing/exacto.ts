import type { KnownEndpoint } from './endpoint-facts.ts'
import type { EndpointHealth } from './health.ts'

/** 0 good, 1 too few figures to say, 2 clearly worse than its peers. */
export type ExactoTier = 0 | 1 | 2

/** Fewer companies are no crowd to compare one with. */
const minProviders = 4
/** Makes the median absolute deviation an estimate of the standard deviation, where most are alike. */
const madScale = 1.4826
/** Peers that are all but equal differ by chance: a deviation counts for at least this share of the median. */
const leastSpread = 0.05
const throughputDeviations = 1.5
const toolDeviations = 2

/**
 * Ranks the endpoints of one model by what was measured of them (`openrouter-routing.md` §3.10), in their order. Null
 * where there is nobody to compare with, which ranks all alike. A tier orders and never excludes.
 */
export function exactoTiers(
  endpoints: readonly KnownEndpoint[],
  healthOf: (known: KnownEndpoint) => EndpointHealth | undefined,
): ExactoTier[] | null {
  if (endpoints.length < minProviders) return null
  const figures = endpoints.map((known) => {
    const health = healthOf(known)
    return health?.measured && health.throughput ? health : null
  })
  const slow = lowerBound(endpoints, (place) => figures[place]?.throughput?.p50, throughputDeviations)
  const clumsy = lowerBound(endpoints, (place) => figures[place]?.toolSuccess, toolDeviations)
  if (slow === null && clumsy === null) return null
  return figures.map((health) => {
    if (health === null) return 1
    return isBelow(health.throughput?.p50, slow) || isBelow(health.toolSuccess, clumsy) ? 2 : 0
  })
}

function isBelow(figure: number | undefined, bound: number | null): boolean {
  return figure !== undefined && bound !== null && figure < bound
}

/** The figure below which an endpoint stands out; null where too few companies have one. */
function lowerBound(
  endpoints: readonly KnownEndpoint[],
  figureOf: (place: number) => number | undefined,
  deviations: number,
): number | null {
  const providers = new Set<string>()
  const values: number[] = []
  for (const [place, { endpoint }] of endpoints.entries()) {
    const value = figureOf(place)
    if (value === undefined) continue
    providers.add(endpoint.provider.slug)
    values.push(value)
  }
  if (providers.size < minProviders) return null
  const middle = median(values)
  const spread = madScale * median(values.map((value) => Math.abs(value - middle)))
  return middle - deviations * Math.max(spread, leastSpread * middle)
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2
}
