import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import { hasZeroRetention } from '../../src/catalog/zero-retention.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import { maxAttempts, maxAttemptsPerModel, type PlanInput, plan } from '../../src/routing/plan.ts'
import { randomOf } from '../../src/routing/random.ts'
import { matchesAny, tagParts, wantedSlugs } from '../../src/routing/slugs.ts'
import { endpointRecord as endpoint, healthy, modelEntry, noon, planInput } from './records.ts'

function tags(input: PlanInput): string[] {
  return plan(input).attempts.map(({ endpoint: { tag } }) => tag)
}

const many = (count: number, model = 'acme/m1') =>
  Array.from({ length: count }, (_, index) => endpoint(`p${index}`, 1 + index, { model }))
const seeds = Array.from({ length: 40 }, (_, seed) => seed)

describe('a plan', () => {
  it('says how likely each endpoint was to be first', () => {
    const { attempts } = plan(planInput([endpoint('alpha', 1), endpoint('beta', 2), endpoint('gamma', 3)]))
    const chances = Object.fromEntries(attempts.map(({ endpoint: { tag }, probability }) => [tag, probability]))
    expect(chances.alpha).toBeCloseTo(0.735, 3)
    expect(chances.beta).toBeCloseTo(0.184, 3)
    expect(chances.gamma).toBeCloseTo(0.082, 3)
  })

  it('is certain of a fixed order', () => {
    const { attempts } = plan(planInput(many(3), { provider: { sort: 'price' } }))
    expect(attempts.map(({ probability }) => probability)).toEqual([1, 0, 0])
  })

  it('is bounded, and remembers what was beyond the bound', () => {
    const made = plan(planInput(many(9)))
    expect([made.attempts.length, made.overflow.length]).toEqual([maxAttempts, 3])
  })

  it('leaves room for the other models', () => {
    const made = plan(planInput([many(5), many(5, 'acme/m2'), many(5, 'acme/m3')]))
    const models = made.attempts.map(({ model }) => model.id)
    expect(models).toEqual([...Array(maxAttemptsPerModel).fill('acme/m1'), ...Array(3).fill('acme/m2')])
    expect(made.overflow).toHaveLength(9)
  })

  it('tries the models one after the other', () => {
    const input = planInput([[endpoint('alpha', 9)], [endpoint('beta', 1, { model: 'acme/m2' })]])
    expect(tags(input)).toEqual(['alpha', 'beta'])
    expect(plan(input).attempts.map(({ probability }) => probability)).toEqual([1, 0])
  })

  it.each([
    { provider: { sort: { by: 'price', partition: 'none' } } },
    { route: 'sort', provider: { sort: 'price' } },
  ] as const)('puts all models into one list with %j', (request) => {
    const input = planInput([[endpoint('alpha', 9)], [endpoint('beta', 1, { model: 'acme/m2' })]], request)
    expect(tags(input)).toEqual(['beta', 'alpha'])
  })

  it('goes on with the next model where one has nothing left', () => {
    const made = plan(
      planInput([[endpoint('alpha', 9)], [endpoint('beta', 1, { model: 'acme/m2' })]], {
        provider: { only: ['beta'] },
      }),
    )
    expect(made.attempts.map(({ model }) => model.id)).toEqual(['acme/m2'])
    expect(made.out).toEqual([{ endpointId: 'alpha:acme/m1', rule: 'only' }])
    expect(made.failure).toBeNull()
  })

  it('without fallbacks tries one endpoint of each model', () => {
    const made = plan(planInput([many(3), many(3, 'acme/m2')], { provider: { allow_fallbacks: false, sort: 'price' } }))
    expect(made.attempts.map(({ endpoint: { id } }) => id)).toEqual(['p0:acme/m1', 'p0:acme/m2'])
    expect(made.out.map(({ rule }) => rule)).toEqual(Array(4).fill('no_fallback'))
    expect(made.overflow).toEqual([])
  })

  it('keeps balancing among those that only names', () => {
    const seen = new Set(
      seeds.map(
        (seed) =>
          tags(
            planInput([endpoint('a'), endpoint('b'), endpoint('c')], { provider: { only: ['a', 'b'] } }, { seed }),
          )[0],
      ),
    )
    expect([...seen].sort()).toEqual(['a', 'b'])
  })

  it('uses the free endpoints alone for :free', () => {
    const endpoints = [endpoint('alpha', 1), endpoint('beta', 0)]
    const entries = [{ requestedId: 'acme/m1:free', entry: modelEntry(endpoints), freeOnly: true }]
    expect(tags(planInput(endpoints, {}, { entries }))).toEqual(['beta'])
    const dormant = plan(planInput(endpoints, {}, { entries, usable: ({ tag }) => tag === 'alpha' }))
    expect(dormant.failure?.availability).toMatchObject({ code: 'free_variant_ended', fallback_models: ['acme/m1'] })
  })

  it('counts an endpoint once where two ids mean one model', () => {
    const endpoints = [endpoint('alpha', 1), endpoint('beta', 0)]
    const entry = modelEntry(endpoints)
    const entries = [
      { requestedId: 'acme/m1:free', entry, freeOnly: true },
      { requestedId: 'acme/m1', entry },
    ]
    const made = plan(planInput(endpoints, {}, { entries }))
    expect(made.attempts.map(({ endpoint: { tag }, requestedId }) => [tag, requestedId])).toEqual([
      ['beta', 'acme/m1:free'],
      ['alpha', 'acme/m1'],
    ])
    expect(made.out).toEqual([])
  })

  it('names the catalogue and the seed that it can be replayed with', () => {
    expect(plan(planInput(many(2), {}, { seed: 77 }))).toMatchObject({
      seed: 77,
      catalogVersion: 'v1',
      requestedModels: ['acme/m1'],
    })
  })
})

describe('health in a plan', () => {
  const two = [endpoint('alpha', 1), endpoint('beta', 1)]

  it('puts open breakers and cooldowns last, with the time they end', () => {
    const health = {
      alpha: healthy({ openUntil: noon + 5000 }),
      beta: healthy({ cooldownUntil: noon + 3000 }),
    }
    for (const seed of seeds) {
      const { attempts } = plan(planInput([...two, endpoint('gamma', 100)], {}, { health, seed }))
      expect(attempts[0]).toMatchObject({ endpoint: { tag: 'gamma' }, blocked: null, blockedUntil: 0, probability: 1 })
      const blocked = attempts
        .slice(1)
        .map(({ endpoint: { tag }, blocked, blockedUntil }) => [tag, blocked, blockedUntil])
      expect(blocked.sort()).toEqual([
        ['alpha', 'open', noon + 5000],
        ['beta', 'cooldown', noon + 3000],
      ])
    }
  })

  it('puts a blocked endpoint of the first model behind the second model', () => {
    const health = { alpha: healthy({ openUntil: noon + 5000 }) }
    const input = planInput([[endpoint('alpha')], [endpoint('beta', 1, { model: 'acme/m2' })]], {}, { health })
    expect(tags(input)).toEqual(['beta', 'alpha'])
  })

  it('forgets a cooldown that is over, but not a breaker that nobody has probed', () => {
    const health = {
      alpha: healthy({ openUntil: noon - 1, probeReady: true }),
      beta: healthy({ cooldownUntil: noon }),
    }
    const { attempts } = plan(planInput(two, {}, { health }))
    expect(attempts.map(({ endpoint: { tag }, blocked }) => [tag, blocked])).toEqual([
      ['beta', null],
      ['alpha', 'open'],
    ])
  })

  it('puts first what this request may probe', () => {
    const health = { alpha: healthy({ openUntil: noon - 1, probeReady: true }) }
    for (const seed of seeds) {
      const { attempts } = plan(planInput(two, {}, { health, seed, takeProbe: () => true }))
      expect(attempts[0]).toMatchObject({ endpoint: { tag: 'alpha' }, blocked: null, probability: 1 })
      expect(attempts[1]).toMatchObject({ endpoint: { tag: 'beta' }, probability: 0 })
    }
  })

  /** The tags that a plan asks to probe, each refused. */
  function asked(
    request: Partial<ChatRequest>,
    health: Record<string, EndpointHealth>,
    endpoints: EndpointRecord[] | EndpointRecord[][] = two,
  ) {
    const seen: string[] = []
    const takeProbe = ({ tag }: EndpointRecord) => {
      seen.push(tag)
      return false
    }
    plan(planInput(endpoints, request, { health, takeProbe }))
    return seen.sort()
  }

  it('asks for a probe only when one would be used', () => {
    const open = healthy({ openUntil: noon - 1, probeReady: true, unstable: true })
    expect(asked({}, {})).toEqual([])
    expect(asked({}, { alpha: healthy({ openUntil: noon - 1, unstable: true }) })).toEqual([])
    expect(asked({}, { alpha: open })).toEqual(['alpha'])
    expect(asked({}, { alpha: open, beta: open })).toEqual(['alpha', 'beta'])
    // An order of the client's is not turned over by a probe …
    expect(asked({ provider: { order: ['beta', 'alpha'] } }, { alpha: open })).toEqual([])
    expect(asked({ provider: { order: ['alpha', 'beta'] } }, { alpha: open })).toEqual(['alpha'])
    const models = [[endpoint('alpha')], [endpoint('beta', 1, { model: 'acme/m2' })]]
    const cheapest = [endpoint('alpha', 1), endpoint('beta', 2)]
    expect(asked({ provider: { sort: 'price' } }, { alpha: open }, cheapest)).toEqual(['alpha'])
    expect(asked({ provider: { sort: 'price' } }, { beta: open }, cheapest)).toEqual([])
    expect(asked({ provider: { sort: 'price' } }, { beta: open }, [endpoint('alpha'), endpoint('beta')])).toEqual([
      'beta',
    ])
    // A threshold that nobody is known to meet turns neither over.
    const wanting = { preferred_min_throughput: 10 }
    expect(asked({ provider: wanting }, { beta: open }, models)).toEqual([])
    expect(asked({ provider: { ...wanting, sort: 'price' } }, { beta: open }, cheapest)).toEqual([])
    const wishes = { ...wanting, order: ['alpha'] }
    expect(asked({ provider: wishes }, { alpha: open, beta: healthy({}) })).toEqual(['alpha'])
    // … nor is the choice of the model …
    expect(asked({}, { beta: open }, models)).toEqual([])
    // … nor is the only attempt of a request risked for it.
    expect(asked({ provider: { allow_fallbacks: false } }, { alpha: open })).toEqual([])
    expect(asked({ provider: { allow_fallbacks: false, only: ['alpha'] } }, { alpha: open })).toEqual(['alpha'])
  })

  it('takes one probe at most', () => {
    let taken = 0
    const health = {
      alpha: healthy({ openUntil: noon - 1, probeReady: true, unstable: true }),
      beta: healthy({ openUntil: noon - 1, probeReady: true, unstable: true }),
    }
    plan(planInput(two, {}, { health, takeProbe: () => ++taken > 0 }))
    expect(taken).toBe(1)
  })
})

describe('any plan at all', () => {
  const random = randomOf(4711)
  const integer = (below: number) => Math.floor(random() * below)
  const oneOf = <T>(items: readonly T[]): T => items[integer(items.length)] as T
  const maybe = <T>(value: () => T): T | undefined => (random() < 0.3 ? value() : undefined)
  const someTags = ['a', 'a/eu', 'a/flex', 'b', 'b/us', 'b/priority', 'c', 'd', 'e', 'f/eu/flex', 'g', 'h']
  const someSlugs = () => Array.from({ length: 1 + integer(3) }, () => oneOf([...someTags, 'A', 'zzz']))

  function someEndpoints(model: string): EndpointRecord[] {
    return someTags
      .filter(() => random() < 0.6)
      .map((tag) =>
        endpoint(tag, oneOf([0, 0.1, 1, 3, 60]), {
          model,
          eu: oneOf(['yes', 'no', 'selectable', null]),
          contextLength: oneOf([null, 5, 1000, 100_000]),
          maxOutputTokens: oneOf([null, 100, 10_000]),
          quantization: oneOf([null, 'fp8', 'int4']),
          parameters: oneOf([null, [], ['tools'], ['tools', 'temperature', 'response_format']]),
          inputModalities: oneOf([[], ['text'], ['text', 'image']]),
          status: oneOf([null, 'deprecated']),
          direct: random() < 0.8,
          policy: {
            trains: oneOf([null, false, true]),
            retainsPrompts: oneOf([null, false, true]),
            zdr: oneOf([null, 'default' as const]),
            zeroRetentionStatedBy: oneOf([null, 'vendor' as const]),
          },
        }),
      )
  }

  function someRequest(): Partial<ChatRequest> {
    const request: Record<string, unknown> = {
      provider: Object.fromEntries(
        Object.entries({
          only: maybe(someSlugs),
          ignore: maybe(someSlugs),
          order: maybe(someSlugs),
          allow_fallbacks: maybe(() => random() < 0.5),
          require_parameters: maybe(() => random() < 0.5),
          data_collection: maybe(() => oneOf(['allow', 'deny'])),
          zdr: maybe(() => random() < 0.5),
          quantizations: maybe(() => [oneOf(['fp8', 'unknown'])]),
          sort: maybe(() => oneOf(['price', 'latency', { by: 'throughput', partition: 'none' }, 'exacto'])),
          max_price: maybe(() => ({ prompt: oneOf([0, '1', 5]) })),
          preferred_min_throughput: maybe(() => oneOf([10, { p90: 50 }])),
        }).filter(([, value]) => value !== undefined),
      ),
      temperature: maybe(() => 1),
      max_tokens: maybe(() => oneOf([50, 5000])),
      tools: maybe(() => [{ type: 'function', function: { name: 'f' } }]),
      service_tier: maybe(() => oneOf(['flex', 'priority', 'default'])),
    }
    if (random() < 0.2) {
      request.messages = [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] },
      ]
    }
    return request as Partial<ChatRequest>
  }

  function someInput(): PlanInput {
    const models = ['acme/m1', 'acme/m2', 'acme/m3'].slice(0, 1 + integer(3)).map(someEndpoints)
    const health: Record<string, EndpointHealth> = {}
    for (const tag of someTags) {
      if (random() < 0.5) continue
      const throughput = oneOf([null, { p50: 90, p75: 80, p90: 60, p99: 20 }])
      health[tag] = healthy({
        unstable: random() < 0.2,
        openUntil: oneOf([0, 0, 0, noon - 5, noon + 5]),
        cooldownUntil: oneOf([0, 0, noon - 5, noon + 5]),
        probeReady: random() < 0.5,
        band: oneOf(['normal', 'degraded', 'down']),
        throughput,
      })
    }
    const probes = new Set(someTags.filter(() => random() < 0.5))
    const usable = new Set(someTags.filter(() => random() < 0.9))
    return planInput(
      models.filter((one) => one.length > 0),
      someRequest(),
      {
        health,
        seed: integer(2 ** 32),
        region: oneOf(['global', 'global', 'eu']),
        usable: ({ tag }) => usable.has(tag),
        takeProbe: ({ tag }) => probes.has(tag),
      },
    )
  }

  const rounds = 10_000

  it(`holds what it promises, over ${rounds} random requests`, () => {
    let planned = 0
    for (let round = 0; round < rounds; round++) {
      const input = someInput()
      const made = plan(input)
      const { preferences } = input.needs
      const going = [...made.attempts, ...made.overflow]
      planned += made.attempts.length > 0 ? 1 : 0

      // Every endpoint of every model is tried, left over, or out by one rule.
      const told = [...going.map((one) => one.endpoint.id), ...made.out.map(({ endpointId }) => endpointId)].sort()
      const all = input.entries.flatMap(({ entry }) => entry.endpoints.map(({ id }) => id)).sort()
      expect(told, `round ${round}`).toEqual(all)
      expect(made.failure === null, `round ${round}`).toBe(made.attempts.length > 0)
      expect(made.attempts.length).toBeLessThanOrEqual(maxAttempts)

      // What may not be called now comes after what may.
      const states = made.attempts.map(({ blocked }) => blocked !== null)
      expect(states).toEqual([...states].sort((a, b) => Number(a) - Number(b)))

      const only = wantedSlugs(preferences.only)
      const ignore = wantedSlugs(preferences.ignore)
      for (const { endpoint: one } of going) {
        const parts = tagParts(one)
        if (only) expect(matchesAny(only, parts)).toBe(true)
        if (ignore) expect(matchesAny(ignore, parts)).toBe(false)
        expect(input.usable(one)).toBe(true)
        if (input.region === 'eu') expect(one.eu).toBe('yes')
        if (preferences.zdr) expect(hasZeroRetention(one.provider)).toBe(true)
        if (preferences.data_collection === 'deny')
          expect(one.provider.dataPolicy).toMatchObject({ trains: false, retainsPrompts: false })
        expect(input.needs.maxOutputTokens ?? 0).toBeLessThanOrEqual(one.maxOutputTokens ?? Number.POSITIVE_INFINITY)
      }
      if (made.attempts.length > 0) {
        const chances = going.reduce((sum, { probability }) => sum + probability, 0)
        expect(chances).toBeLessThanOrEqual(1 + 1e-9)
        expect(made.attempts[0]?.probability).toBeGreaterThan(0)
      }
      expect(plan(input)).toEqual(made)
    }
    // The requests are not so wild that nothing was tested.
    expect(planned).toBeGreaterThan(rounds / 5)
  }, 30_000)
})
