import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { HedgePercentile, HedgePreference } from '../../src/chat/request.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import { calmHealth } from '../../src/routing/health.ts'
import { type HedgeRule, hedgeAfterMs, hedgeRuleOf, hedgeTarget, reserveHedged } from '../../src/routing/hedge.ts'
import { needsOf } from '../../src/routing/needs.ts'
import { plan } from '../../src/routing/plan.ts'
import { endpointRecord, modelRecord } from './records.ts'

const noon = 1_800_000_000_000

function ruleOf(hedge: HedgePreference | null, choices = 1): HedgeRule | null {
  const messages = [{ role: 'user' as const, content: 'x'.repeat(4_000) }]
  return hedgeRuleOf(needsOf({ messages, max_tokens: 1_000, provider: { hedge } }), choices)
}

function rule(hedge: HedgePreference = {}, choices = 1): HedgeRule {
  const made = ruleOf({ after_ms: 100, ...hedge }, choices)
  if (!made) throw new Error('no rule')
  return made
}

describe('when to hedge', () => {
  it('is for the client to say: never without, and after its own time or percentile', () => {
    expect(ruleOf(null)).toBeNull()
    const latency = { p50: 100, p75: 150, p90: 200, p99: 400 }
    const delayOf = (after: HedgePercentile, seen = latency) => {
      const asked = ruleOf({ after })
      return asked && hedgeAfterMs(asked, { ...calmHealth, latency: seen })
    }
    expect(hedgeAfterMs(rule(), undefined)).toBe(100)
    for (const after of ['p50', 'p75', 'p90', 'p99'] as const) expect(delayOf(after)).toBe(latency[after])
    expect(delayOf('p95')).toBeCloseTo(254.6, 1)
    expect(delayOf('p95', { ...latency, p99: 200 })).toBeCloseTo(200)
    expect(delayOf('p95', { p50: 0, p75: 0, p90: 0, p99: 10 })).toBe(10)
  })

  it('is never where it depends on a latency that nobody knows', () => {
    const asked = ruleOf({ after: 'p95' })
    expect(asked && hedgeAfterMs(asked, undefined)).toBeNull()
    expect(asked && hedgeAfterMs(asked, calmHealth)).toBeNull()
  })
})

describe('whom to hedge with', () => {
  const attempt = (endpoint: EndpointRecord, model = 'acme/m1', blocked: 'open' | 'cooldown' | null = null) => ({
    endpoint,
    model: modelRecord(model),
    requestedId: model,
    probability: 0,
    blocked,
    blockedUntil: 0,
  })
  const first = attempt(endpointRecord('alpha'))
  const beta = attempt(endpointRecord('beta'))
  const gamma = attempt(endpointRecord('gamma'))

  function target(
    others: Parameters<typeof hedgeTarget>[2],
    {
      by = rule(),
      from = first,
      health = {},
      cancels = true,
    }: {
      by?: HedgeRule
      from?: typeof first
      health?: Record<string, Partial<EndpointHealth>>
      cancels?: boolean
    } = {},
  ) {
    const found = hedgeTarget(by, from, others, {
      health: ({ id }) => (health[id] ? { ...calmHealth, ...health[id] } : undefined),
      cancels: () => cancels,
      now: noon,
    })
    return found?.endpoint.tag ?? null
  }

  it('is the next of the plan', () => {
    expect(target([beta, gamma])).toBe('beta')
    expect(target([])).toBeNull()
  })

  it('is at another provider where there is one', () => {
    const region = attempt(endpointRecord('alpha/eu'))
    expect(target([region, gamma])).toBe('gamma')
    expect(target([region])).toBe('alpha/eu')
  })

  it('is never of another model, which is for failures to decide', () => {
    expect(target([attempt(endpointRecord('beta', 1, { model: 'acme/m2' }), 'acme/m2'), gamma])).toBe('gamma')
  })

  it.each([
    ['has an outage', { unstable: true }],
    ['has an open breaker', { openUntil: noon + 1 }],
    ['waits for its probe', { openUntil: noon - 1 }],
    ['asked for a pause', { cooldownUntil: noon + 1 }],
    ['is down', { band: 'down' }],
  ] as const)('is nobody who %s', (_, health) => {
    expect(target([beta, gamma], { health: { 'beta:acme/m1': health } })).toBe('gamma')
  })

  it('is nobody for whom messages are left out, unless they are for the first as well', () => {
    const short = { ...beta, promptBudgetTokens: 100 }
    expect(target([short, gamma])).toBe('gamma')
    expect(target([short])).toBeNull()
    const cut = { ...first, promptBudgetTokens: 100 }
    expect(target([short], { from: cut })).toBe('beta')
  })

  it('is nobody whom the plan has blocked', () => {
    expect(target([attempt(endpointRecord('beta'), 'acme/m1', 'open')])).toBeNull()
  })

  it('is only among those that every rule of the request has let through', () => {
    const endpoints = [
      endpointRecord('alpha', 1, {
        policy: { zdr: 'default', zeroRetentionStatedBy: 'vendor', trains: false, retainsPrompts: false },
      }),
      endpointRecord('beta', 1, { policy: { zdr: 'none-found', trains: true } }),
    ]
    for (const rules of [{ zdr: true }, { data_collection: 'deny' as const }]) {
      const made = plan({
        needs: needsOf({
          messages: [{ role: 'user', content: 'Hello' }],
          provider: { ...rules, hedge: { after_ms: 1 } },
        }),
        entries: [{ requestedId: 'acme/m1', entry: { model: modelRecord(), endpoints, version: 'v1' } }],
        region: 'global',
        usable: () => true,
        health: () => undefined,
        seed: 1,
        now: noon,
      })
      const [only, ...others] = made.attempts
      if (!only) throw new Error('nobody is left')
      expect(target(others, { from: only })).toBeNull()
    }
  })

  describe('within the cost that the client allows', () => {
    // About 1,000 tokens of prompt and 1,000 of answer: 0.001 and 0.001 dollars at 1 dollar a million.
    const cheap = (by: HedgeRule, cancels: boolean, to = beta) => target([to], { by, cancels })

    it('reckons the call that loses: its prompt, or all of it where a cancelled call is billed to the end', () => {
      expect(cheap(rule({ max_extra_cost: 0.0015 }), true)).toBe('beta')
      expect(cheap(rule({ max_extra_cost: '0.0015' }), false)).toBeNull()
      expect(cheap(rule({ max_extra_cost: '3e-3' }), false)).toBe('beta')
      expect(cheap(rule({ max_extra_cost: 0 }), true)).toBeNull()
    })

    it('reckons how much dearer the second is', () => {
      const dear = attempt(endpointRecord('dear', 10))
      expect(cheap(rule({ max_extra_cost: 0.015 }), true, dear)).toBeNull()
      expect(cheap(rule({ max_extra_cost: 0.03 }), true, dear)).toBe('dear')
    })

    it('reckons every choice that was asked for', () => {
      expect(cheap(rule({ max_extra_cost: 0.01 }, 1), false)).toBe('beta')
      expect(cheap(rule({ max_extra_cost: 0.01 }, 8), false)).toBeNull()
    })

    it('passes over one that is too dear for one that is not', () => {
      const dear = attempt(endpointRecord('dear', 10))
      expect(target([dear, beta], { by: rule({ max_extra_cost: 0.0015 }) })).toBe('beta')
    })

    it('costs nothing where both are free', () => {
      const free = (tag: string) => attempt(endpointRecord(tag, 0))
      expect(target([free('beta')], { from: free('alpha'), by: rule({ max_extra_cost: 0 }) })).toBe('beta')
    })
  })
})

describe('what is reserved', () => {
  it('is two calls, the second within the bound', () => {
    expect(reserveHedged(5_000_000, rule())).toBe(10_000_000)
    expect(reserveHedged(5_000_000, rule({ max_extra_cost: 0.001 }))).toBe(6_000_000)
    expect(reserveHedged(Number.MAX_SAFE_INTEGER, rule())).toBe(Number.MAX_SAFE_INTEGER)
  })
})
