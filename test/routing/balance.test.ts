import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../src/chat/request.ts'
import { type Candidate, comparePlaces, missesThresholds, placeOf } from '../../src/routing/balance.ts'
import { factsOf } from '../../src/routing/endpoint-facts.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import { plan } from '../../src/routing/plan.ts'
import { randomOf } from '../../src/routing/random.ts'
import { endpointRecord as endpoint, healthy, modelRecord, planInput } from './records.ts'

const draws = 1_000_000
const balanced = { order: null, sort: null, tierFirst: null }
const model = modelRecord()

/** How often each order of priced endpoints comes up over a million seeds, by their indexes. */
function countOrders(prices: number[], health: (EndpointHealth | undefined)[] = []): Map<string, number> {
  const given = prices.map((price, index) => ({
    endpoint: endpoint(`p${index}`, price),
    facts: factsOf(endpoint(`p${index}`, price)),
    health: health[index],
  }))
  const counts = new Map<string, number>()
  for (let seed = 0; seed < draws; seed++) {
    const random = randomOf(seed)
    const drawn = given.map((one, index): Candidate & { index: number } => ({
      ...one,
      index,
      model,
      requestedId: '',
      blocked: null,
      blockedUntil: 0,
      probability: 0,
      place: placeOf(balanced, one.facts, one.health, { misses: 0, model: 0, random }),
    }))
    const order = drawn
      .sort((a, b) => comparePlaces(a.place, b.place))
      .map(({ index }) => index)
      .join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  return counts
}

function firsts(counts: Map<string, number>): number[] {
  const seen: number[] = []
  for (const [order, count] of counts) seen[Number(order[0])] = (seen[Number(order[0])] ?? 0) + count
  return seen
}

const percent = (counts: number[]) => counts.map((count) => (100 * count) / draws)

function chiSquared(seen: number[], shares: number[]): number {
  const total = shares.reduce((sum, share) => sum + share)
  return shares.reduce((sum, share, index) => {
    const expected = (draws * share) / total
    return sum + ((seen[index] ?? 0) - expected) ** 2 / expected
  }, 0)
}

// Beyond these in one of 10,000 fair draws, for 1, 2, 3 and 5 degrees of freedom.
const critical = { 1: 15.1, 2: 18.4, 3: 21.1, 5: 25.7 }

describe('load balancing, over a million seeded draws', () => {
  it('gives 0.900 and 0.100 to $1 and $3 while $2 had an outage, and $2 is always last', () => {
    const counts = countOrders([1, 2, 3], [undefined, healthy({ unstable: true }), undefined])
    expect([...counts.keys()].sort()).toEqual(['021', '201'])
    expect((counts.get('021') ?? 0) / draws).toBeCloseTo(0.9, 2)
    expect(chiSquared([counts.get('021') ?? 0, counts.get('201') ?? 0], [1, 1 / 9])).toBeLessThan(critical[1])
  })

  it('gives 73.5, 18.4 and 8.2 % to $1, $2 and $3, and draws the fallbacks without replacement', () => {
    const counts = countOrders([1, 2, 3])
    const seen = firsts(counts)
    expect(percent(seen)).toEqual([73.5, 18.4, 8.2].map((share) => expect.closeTo(share, 0)))
    expect(chiSquared(seen, [1, 1 / 4, 1 / 9])).toBeLessThan(critical[2])
    const weights = [1, 1 / 4, 1 / 9]
    const total = weights.reduce((sum, weight) => sum + weight)
    const orders = ['012', '021', '102', '120', '201', '210']
    const shares = orders.map((order) => {
      const [first = 0, second = 0] = [...order].map((index) => weights[Number(index)] ?? 0)
      return (first / total) * (second / (total - first))
    })
    expect(
      chiSquared(
        orders.map((order) => counts.get(order) ?? 0),
        shares,
      ),
    ).toBeLessThan(critical[5])
  })

  it('gives 53.2, 37.0, 9.2 and 0.5 % to $0.50, $0.60, $1.20 and $5', () => {
    const seen = firsts(countOrders([0.5, 0.6, 1.2, 5]))
    expect(percent(seen)).toEqual([53.2, 37, 9.2, 0.5].map((share) => expect.closeTo(share, 0)))
    expect(chiSquared(seen, [4, 1 / 0.36, 1 / 1.44, 1 / 25])).toBeLessThan(critical[3])
  })

  it('chooses evenly among those that cost nothing, before all others', () => {
    const seen = firsts(countOrders([0, 3, 0]))
    expect(seen[1]).toBeUndefined()
    expect(chiSquared([seen[0] ?? 0, seen[2] ?? 0], [1, 1])).toBeLessThan(critical[1])
  })
})

type Health = Record<string, EndpointHealth>

/** Tags in the order in which a plan tries them. */
function order(endpoints: ReturnType<typeof endpoint>[], request: Partial<ChatRequest>, health: Health = {}, seed = 1) {
  return plan(planInput(endpoints, request, { health, seed })).attempts.map(({ endpoint: { tag } }) => tag)
}

const percentiles = (p50: number, p99 = p50) => ({ p50, p75: p50, p90: p99, p99 })
const three = [endpoint('alpha', 3), endpoint('beta', 1), endpoint('gamma', 2)]
const seeds = Array.from({ length: 50 }, (_, seed) => seed)

describe('an explicit sort', () => {
  const health = {
    alpha: healthy({ latency: percentiles(300), throughput: percentiles(90) }),
    gamma: healthy({ latency: percentiles(200), throughput: percentiles(50) }),
  }

  it.each([
    ['price', ['beta', 'gamma', 'alpha']],
    ['latency', ['gamma', 'alpha', 'beta']],
    ['throughput', ['alpha', 'gamma', 'beta']],
  ] as const)('by %s is the same every time, and unknown figures come last', (sort, expected) => {
    for (const seed of seeds) {
      expect(order(three, { provider: { sort } }, health, seed)).toEqual(expected)
      expect(order(three, { provider: { sort: { by: sort } } }, health, seed)).toEqual(expected)
    }
  })

  it('puts an outage and poor uptime behind', () => {
    const troubled = {
      beta: healthy({ unstable: true }),
      gamma: healthy({ band: 'degraded' }),
    }
    expect(order(three, { provider: { sort: 'price' } }, troubled)).toEqual(['alpha', 'gamma', 'beta'])
    const down = {
      beta: healthy({ band: 'down' }),
      gamma: healthy({ band: 'degraded' }),
      alpha: healthy({ band: 'normal' }),
    }
    expect(order(three, { provider: { sort: 'price' } }, down)).toEqual(['alpha', 'gamma', 'beta'])
  })

  it('beats the suffix', () => {
    const input = planInput(three, { provider: { sort: 'price' } }, { health })
    const [nitro] = input.entries.map((entry) => ({ ...entry, dynamics: ['nitro'] as const }))
    if (!nitro) return expect.fail('there is no entry')
    const tags = (sorted: typeof input) => plan(sorted).attempts.map(({ endpoint: { tag } }) => tag)
    expect(tags({ ...input, entries: [nitro] })).toEqual(['beta', 'gamma', 'alpha'])
    expect(tags({ ...planInput(three, {}, { health }), entries: [nitro] })).toEqual(['alpha', 'gamma', 'beta'])
  })
})

describe('an explicit order', () => {
  it('goes first, in its own order, and the rest follows', () => {
    for (const seed of seeds) {
      expect(order(three, { provider: { order: ['gamma', 'alpha', 'nobody'] } }, {}, seed)).toEqual([
        'gamma',
        'alpha',
        'beta',
      ])
    }
  })

  it('is a closed list without fallbacks', () => {
    const provider = { order: ['gamma', 'alpha'], allow_fallbacks: false }
    const made = plan(planInput(three, { provider }))
    expect(made.attempts.map(({ endpoint: { tag } }) => tag)).toEqual(['gamma', 'alpha'])
    expect(made.out).toEqual([{ endpointId: 'beta:acme/m1', rule: 'no_fallback' }])
  })

  it('tries the cheapest deployment of a listed provider first', () => {
    const regions = [endpoint('alpha/us', 3), endpoint('alpha/eu', 2), endpoint('beta', 1)]
    expect(order(regions, { provider: { order: ['alpha'] } })).toEqual(['alpha/eu', 'alpha/us', 'beta'])
  })

  it('keeps what is listed before the rest through an outage, but behind its steady fellows', () => {
    const health = { gamma: healthy({ unstable: true }) }
    expect(order(three, { provider: { order: ['gamma', 'alpha'] } }, health)).toEqual(['alpha', 'gamma', 'beta'])
  })

  it('orders the rest by the sort', () => {
    expect(order(three, { provider: { order: ['alpha'], sort: 'price' } })).toEqual(['alpha', 'beta', 'gamma'])
  })
})

describe('service tiers', () => {
  const tiers = [endpoint('alpha', 1), endpoint('alpha/priority', 4), endpoint('beta/flex', 0.5)]
  const health = {
    alpha: healthy({ throughput: percentiles(90) }),
    'alpha/priority': healthy({ throughput: percentiles(80) }),
  }

  it('put priority first where it is asked for', () => {
    expect(order(tiers, { service_tier: 'priority' }, health)).toEqual(['alpha/priority', 'alpha'])
    expect(order(tiers, { service_tier: 'fast' }, health)).toEqual(['alpha/priority', 'alpha'])
  })

  it.each([
    ['nitro', {}, ['alpha', 'alpha/priority']],
    ['floor', {}, ['beta/flex', 'alpha']],
    ['floor', { service_tier: 'default' }, ['alpha']],
    ['floor', { provider: { order: ['alpha'] } }, ['alpha']],
    ['floor', { provider: { order: ['alpha', 'beta/flex'] } }, ['alpha', 'beta/flex']],
  ] as const)('are opened by :%s with %j', (suffix, request, expected) => {
    const input = planInput(tiers, request as Partial<ChatRequest>, { health })
    const entries = input.entries.map((entry) => ({ ...entry, dynamics: [suffix] }))
    expect(plan({ ...input, entries }).attempts.map(({ endpoint: { tag } }) => tag)).toEqual(expected)
  })
})

describe('performance thresholds', () => {
  const seen = healthy({ latency: percentiles(800, 2000), throughput: percentiles(60, 30) })

  it.each([
    [{}, false],
    [{ preferred_max_latency: 0.8 }, false],
    [{ preferred_max_latency: 0.79 }, true],
    [{ preferred_max_latency: { p50: 1, p99: 2 } }, false],
    [{ preferred_max_latency: { p50: 1, p99: 1.9 } }, true],
    [{ preferred_min_throughput: 60 }, false],
    [{ preferred_min_throughput: { p90: 31 } }, true],
    [{ preferred_min_throughput: 60, preferred_max_latency: 0.1 }, true],
    [{ preferred_min_throughput: null, preferred_max_latency: null }, false],
  ])('%j is missed: %s', (preferences, expected) => {
    expect(missesThresholds(preferences, seen)).toBe(expected)
  })

  it('count what is unknown, or measured before an outage, as missed', () => {
    expect(missesThresholds({ preferred_max_latency: 9 }, undefined)).toBe(true)
    expect(missesThresholds({ preferred_max_latency: 9 }, { ...seen, unstable: true })).toBe(true)
  })

  it('put endpoints behind, never out, and a fallback model that meets them first', () => {
    const endpoints = [[endpoint('alpha')], [endpoint('beta', 9, { model: 'acme/m2' })]]
    const made = plan(planInput(endpoints, { provider: { preferred_min_throughput: 50 } }, { health: { beta: seen } }))
    expect(made.attempts.map(({ endpoint: { tag } }) => tag)).toEqual(['beta', 'alpha'])
  })
})
