import { describe, expect, it } from 'vitest'
import { isAtHomeIn, isProcessedIn, placesNamed } from '../../src/catalog/places.ts'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import { hasZeroRetention } from '../../src/catalog/zero-retention.ts'
import type { ProviderPreferences } from '../../src/chat/request.ts'
import { neverCollects } from '../../src/routing/data-policy.ts'
import {
  type AccountPreferences,
  type MergedPreferences,
  mergePreferences,
} from '../../src/routing/merge-preferences.ts'
import { plan } from '../../src/routing/plan.ts'
import { isWithin, priceCaps } from '../../src/routing/price.ts'
import { matchesAny, tagParts, wantedSlugs } from '../../src/routing/slugs.ts'
import { randomInputs } from './random-input.ts'
import { endpointRecord as endpoint, planInput } from './records.ts'

const cases: { name: string; account: AccountPreferences; request: ProviderPreferences; merged: MergedPreferences }[] =
  [
    {
      name: 'nothing from nothing',
      account: {},
      request: { order: null, zdr: null },
      merged: { preferences: {}, policy: {} },
    },
    {
      name: 'zero retention, directness and distillation that either asks for',
      account: { zdr: true, direct_only: false, enforce_distillable_text: true },
      request: { zdr: false, direct_only: true },
      merged: { preferences: { zdr: true, direct_only: true, enforce_distillable_text: true }, policy: {} },
    },
    {
      name: 'a denial of collection that the request would take back',
      account: { data_collection: 'deny' },
      request: { data_collection: 'allow' },
      merged: { preferences: { data_collection: 'deny' }, policy: {} },
    },
    {
      name: 'a denial of collection that is the request’s own',
      account: { data_collection: 'allow' },
      request: { data_collection: 'deny' },
      merged: { preferences: { data_collection: 'deny' }, policy: {} },
    },
    {
      name: 'lists of both, each kept, and empty ones not',
      account: { only: ['a', 'b'], ignore: ['c'], quantizations: ['fp8'], jurisdictions: ['EU'], regions: [] },
      request: { only: ['b'], ignore: ['d'], regions: ['us'] },
      merged: {
        preferences: { only: ['b'], ignore: ['d'], regions: ['us'] },
        policy: { only: ['a', 'b'], ignore: ['c'], quantizations: ['fp8'], jurisdictions: ['EU'] },
      },
    },
    {
      name: 'the lower of two price caps, component by component',
      account: { max_price: { prompt: 2, completion: '3', image: 0 } },
      request: { max_price: { prompt: '1.5', completion: 10, audio: 7, image: 1 } },
      merged: { preferences: { max_price: { prompt: '1.5', completion: '3', audio: 7, image: 0 } }, policy: {} },
    },
    {
      name: 'the account’s caps where the request has none',
      account: { max_price: { prompt: 2 } },
      request: {},
      merged: { preferences: { max_price: { prompt: 2 } }, policy: {} },
    },
    {
      name: 'defaults where the request says nothing',
      account: {
        order: ['a'],
        sort: { by: 'price', partition: 'none' },
        allow_fallbacks: false,
        require_parameters: true,
        preferred_min_throughput: 50,
        preferred_max_latency: { p90: 2 },
      },
      request: { order: [] },
      merged: {
        preferences: {
          order: ['a'],
          allow_fallbacks: false,
          require_parameters: true,
          preferred_min_throughput: 50,
          preferred_max_latency: { p90: 2 },
        },
        policy: { sort: { by: 'price', partition: 'none' } },
      },
    },
    {
      name: 'what the request says over defaults',
      account: { order: ['a'], allow_fallbacks: false, require_parameters: true, preferred_min_throughput: 50 },
      request: { order: ['b'], allow_fallbacks: true, require_parameters: false, preferred_min_throughput: 10 },
      merged: {
        preferences: { order: ['b'], allow_fallbacks: true, require_parameters: false, preferred_min_throughput: 10 },
        policy: {},
      },
    },
    {
      name: 'the request’s sort over the account’s sort and order',
      account: { order: ['a'], sort: 'price' },
      request: { sort: 'latency' },
      merged: { preferences: { sort: 'latency' }, policy: {} },
    },
    {
      name: 'fields of the request that no account has',
      account: { zdr: true },
      request: { strict: true },
      merged: { preferences: { strict: true, zdr: true }, policy: {} },
    },
  ]

describe('merged preferences', () => {
  it.each(cases)('hold $name', ({ account, request, merged }) => {
    const before = structuredClone({ account, request })
    expect(mergePreferences(account, request)).toEqual(merged)
    expect({ account, request }).toEqual(before)
  })

  const rounds = 5000

  it(`let no request reach what it or its account does not allow, over ${rounds} random pairs`, () => {
    const random = randomInputs(11)
    let reached = 0
    for (let round = 0; round < rounds; round++) {
      const account = random.preferences(0.2)
      const input = random.input({})
      const request = input.needs.preferences
      const { preferences, policy } = mergePreferences(account, request)
      const made = plan({ ...input, policy, needs: { ...input.needs, preferences } })
      for (const { endpoint: one } of [...made.attempts, ...made.overflow]) {
        reached++
        for (const side of [account, request]) expect(breaches(side, one), `round ${round}: ${one.id}`).toEqual([])
      }
    }
    expect(reached).toBeGreaterThan(rounds / 4)
  }, 30_000)
})

/** What of somebody's preferences an endpoint does not meet. */
function breaches(side: ProviderPreferences, one: EndpointRecord): string[] {
  const tag = tagParts(one)
  const only = wantedSlugs(side.only)
  const ignore = wantedSlugs(side.ignore)
  const caps = priceCaps(side.max_price)
  const met = {
    zdr: !side.zdr || hasZeroRetention(one.provider),
    data_collection: side.data_collection !== 'deny' || neverCollects(one.provider),
    direct_only: !side.direct_only || one.provider.direct,
    enforce_distillable_text: !side.enforce_distillable_text,
    only: !only || matchesAny(only, tag),
    ignore: !ignore || !matchesAny(ignore, tag),
    quantizations: !side.quantizations?.length || side.quantizations.includes(one.quantization ?? 'unknown'),
    jurisdictions: !side.jurisdictions?.length || isAtHomeIn(one.provider, placesNamed(side.jurisdictions)),
    regions: !side.regions?.length || isProcessedIn(one, placesNamed(side.regions)),
    max_price: !caps || 'failure' in caps || isWithin(caps, one.price),
  }
  return Object.entries(met).flatMap(([field, holds]) => (holds ? [] : [field]))
}

describe('an account’s sort', () => {
  const endpoints = [endpoint('cheap', 1), endpoint('dear', 9)]
  const first = (dynamics: ('nitro' | 'floor' | 'exacto')[], request: ProviderPreferences = {}) => {
    const input = planInput(endpoints, { provider: request }, { policy: { sort: 'price' } })
    const { attempts } = plan({ ...input, entries: input.entries.map((entry) => ({ ...entry, dynamics })) })
    return attempts.map(({ endpoint: { tag }, probability }) => [tag, probability])
  }

  it('is the default', () => {
    expect(first([])).toEqual([
      ['cheap', 1],
      ['dear', 0],
    ])
  })

  it('gives way to a suffix', () => {
    expect(first(['exacto'])[0]?.[1]).not.toBe(1)
  })

  it('and its partition to the request’s route', () => {
    const models = [[endpoint('dear', 9)], [endpoint('cheap', 1, { model: 'acme/m2' })]]
    const policy = { sort: { by: 'price', partition: 'none' } } as const
    const tags = (request: { route?: 'fallback' }) =>
      plan(planInput(models, request, { policy })).attempts.map((one) => one.endpoint.tag)
    expect(tags({})).toEqual(['cheap', 'dear'])
    expect(tags({ route: 'fallback' })).toEqual(['dear', 'cheap'])
  })
})
