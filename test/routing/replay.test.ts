import { describe, expect, it } from 'vitest'
import type { DecisionRecord } from '../../src/metering/decision-record.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import type { CandidateModel } from '../../src/routing/model-id.ts'
import { type Plan, type PlanInput, plan } from '../../src/routing/plan.ts'
import { recordOf } from '../../src/routing/record-of.ts'
import { replay } from '../../src/routing/replay.ts'
import { randomInputs } from './random-input.ts'
import { endpointRecord as endpoint, healthy, modelEntry, noon, planInput } from './records.ts'

/** A record as it comes back from a store. */
function stored(made: Plan): DecisionRecord {
  return JSON.parse(JSON.stringify(recordOf(made)))
}

function entriesOf({ entries }: PlanInput) {
  return entries.map(({ entry }) => entry)
}

describe('a decision', () => {
  const rounds = 10_000

  it(`replays from its record, over ${rounds} random requests, catalogues and states of health`, () => {
    const random = randomInputs(2026)
    const seen = {
      attempts: 0,
      overflow: 0,
      probes: 0,
      blocked: 0,
      refused: 0,
      several: 0,
      account: 0,
      sticky: 0,
      compressed: 0,
      judged: 0,
      rules: new Set(),
    }
    for (let round = 0; round < rounds; round++) {
      const input = random.input()
      const made = random.answeredBefore(plan(input))
      const record = stored(made)
      const again = replay(record, entriesOf(input))
      expect(again?.attempts, `round ${round}`).toEqual(made.attempts)
      expect(again?.overflow, `round ${round}`).toEqual(made.overflow)
      expect(again?.out, `round ${round}`).toEqual(made.out)
      expect(again?.failure?.availability?.code, `round ${round}`).toBe(made.failure?.availability?.code)
      expect(again && stored(again), `round ${round}`).toEqual(record)

      if (made.attempts.length > 0) seen.attempts++
      else seen.refused++
      if (made.overflow.length > 0) seen.overflow++
      if (record.probe) seen.probes++
      if (record.account) seen.account++
      if (made.sticky) seen.sticky++
      if (made.attempts.some(({ promptBudgetTokens }) => promptBudgetTokens !== undefined)) seen.compressed++
      if (Object.values(record.health ?? {}).some(({ toolSuccess }) => toolSuccess !== undefined)) seen.judged++
      if (record.models.length > 1) seen.several++
      if (made.attempts.some(({ blocked }) => blocked)) seen.blocked++
      for (const { rule } of made.out) seen.rules.add(rule)
    }
    // The requests are not so wild that nothing was tested.
    for (const count of Object.values(seen).filter((count) => typeof count === 'number' && count !== seen.probes))
      expect(count).toBeGreaterThan(rounds / 50)
    expect(seen.probes).toBeGreaterThan(rounds / 200)
    expect(seen.rules.size).toBeGreaterThan(20)
  }, 60_000)

  it('leaves nothing of the client’s own words in its record', () => {
    const random = randomInputs(7)
    for (let round = 0; round < 1000; round++)
      expect(JSON.stringify(recordOf(plan(random.input())))).not.toContain('secret')
    const request = {
      provider: {
        order: ['my secret', 'Alpha'],
        ignore: ['my secret'],
        regions: ['my-secret', 'US', 'Eu-West-4'],
        sort: { by: 'price', note: 'my secret' },
        max_price: { prompt: '3', note: 'my secret' },
        preferred_max_latency: { p50: 3, note: 'my secret' },
        hedge: { note: 'my secret' },
      },
    }
    const regional = endpoint('beta', 1, { region: 'eu-west-4' })
    const input = planInput([endpoint('alpha'), regional], request as never)
    expect(recordOf(plan(input)).preferences).toEqual({
      order: ['alpha'],
      ignore: ['-'],
      regions: ['US', 'Eu-West-4'],
      sort: { by: 'price' },
      max_price: { prompt: '3' },
      preferred_max_latency: { p50: 3 },
    })
    const nowhere = planInput([endpoint('alpha')], { provider: { regions: ['my-secret'] } })
    expect(recordOf(plan(nowhere)).preferences).toEqual({ regions: ['-'] })
  })

  it('keeps of health what made a difference', () => {
    const measured = { p50: 1, p75: 2, p90: 3, p99: 4 }
    const health = {
      alpha: healthy({ latency: measured, uptime5m: 99 }),
      beta: healthy({ band: 'down', cooldownUntil: noon + 1, throughput: measured }),
      gamma: healthy({ openUntil: noon - 1, probeReady: true }),
    }
    const endpoints = [endpoint('alpha'), endpoint('beta'), endpoint('gamma')]
    const { health: kept, probe } = recordOf(plan(planInput(endpoints, {}, { health, takeProbe: () => true })))
    expect(kept).toEqual({ beta: { band: 'down', cooldownUntil: noon + 1 }, gamma: { openUntil: noon - 1 } })
    expect(probe).toBe('gamma')
    const sorted = planInput(endpoints, { provider: { sort: 'latency' } }, { health })
    expect(recordOf(plan(sorted)).health?.alpha).toEqual({ latency: [1] })
    const limited = planInput(endpoints, { provider: { preferred_min_throughput: { p90: 1 } } }, { health })
    expect(recordOf(plan(limited)).health?.beta).toMatchObject({ throughput: [1, 2, 3, 4] })
  })

  it('names endpoints by tag, and one that is named otherwise by its id', () => {
    const odd = [
      endpoint('alpha'),
      endpoint('be@ta'),
      endpoint('=gamma'),
      { ...endpoint('delta'), id: 'delta:of another model' },
    ]
    const input = planInput([odd, [endpoint('alpha', 1, { model: 'acme/m2' })]], { provider: { sort: 'price' } })
    const record = stored(plan(input))
    const names = [...record.order, ...(record.beyond ?? [])].sort()
    expect(names).toEqual(['==gamma:acme/m1', '=delta:of another model', 'alpha', 'alpha@1', 'be@ta@0'])
    expect(replay(record, entriesOf(input))?.attempts).toEqual(plan(input).attempts)
  })

  it('is small, with 30 endpoints under a kilobyte', () => {
    const names = ['deepinfra/turbo', 'fireworks', 'together', 'novita/fp8', 'siliconflow', 'amazon-bedrock/us-east-1']
    const endpoints = Array.from({ length: 30 }, (_, index) =>
      endpoint(`${names[index % names.length]}${index}`, 1 + index, { model: 'meta-llama/llama-3.3-70b-instruct' }),
    )
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const request = { tools, max_tokens: 100, temperature: 1, provider: { only: ['fireworks1', 'together2'] } }
    const configured = new Set(endpoints.slice(0, 5).map(({ id }) => id))
    for (const input of [
      planInput(endpoints),
      planInput(endpoints, request as never),
      planInput(endpoints, {}, { usable: ({ id }) => configured.has(id) }),
    ])
      expect(JSON.stringify(recordOf(plan(input))).length).toBeLessThan(1000)
  })

  it('is cut where there are endpoints without end, and then does not replay', () => {
    const many = Array.from({ length: 500 }, (_, index) => endpoint(`provider-${index}`))
    const input = planInput(many, {}, { usable: ({ tag }) => tag === 'provider-7' })
    const record = stored(plan(input))
    expect(record).toMatchObject({ order: ['provider-7'], cut: true })
    expect(JSON.stringify(record).length).toBeLessThan(4_000)
    expect(replay(record, entriesOf(input))).toBeNull()
  })

  it('does not replay without its models', () => {
    const input = planInput([endpoint('alpha')])
    expect(replay(stored(plan(input)), [modelEntry([endpoint('alpha', 1, { model: 'acme/m2' })])])).toBeNull()
  })
})

// Whatever a decision comes to depend on has to go into its record, or past decisions no longer replay. Then here.
const recordedInputs: Record<keyof Required<PlanInput>, boolean> = {
  needs: true,
  entries: true,
  region: true,
  policy: true,
  usable: true,
  health: true,
  seed: true,
  now: true,
  takeProbe: true,
  // The words of a refusal, and no part of a decision.
  speaks: false,
  egress: false,
}
const recordedModels: Record<keyof Required<CandidateModel>, true> = {
  requestedId: true,
  entry: true,
  freeOnly: true,
  dynamics: true,
}
const recordedHealth: Record<keyof Required<EndpointHealth>, boolean> = {
  unstable: true,
  openUntil: true,
  probeReady: true,
  cooldownUntil: true,
  band: true,
  latency: true,
  throughput: true,
  measured: true,
  toolSuccess: true,
  // Shown, and no part of a decision.
  uptime5m: false,
  uptime30m: false,
  uptime1d: false,
}
const replayedOutcome: Record<keyof Required<Plan>, true> = {
  attempts: true,
  overflow: true,
  out: true,
  sticky: true,
  failure: true,
  requestedModels: true,
  seed: true,
  catalogVersion: true,
  input: true,
  candidates: true,
}

it('everything that a decision is made of is known to its record', () => {
  const input = planInput([endpoint('alpha')], {}, { policy: {}, takeProbe: () => false })
  expect(
    Object.keys(recordedInputs)
      .filter((name) => recordedInputs[name as keyof PlanInput])
      .sort(),
  ).toEqual(Object.keys(input).sort())
  expect(Object.keys(recordedModels)).toEqual(expect.arrayContaining(Object.keys(input.entries[0] ?? {})))
  expect(Object.keys(recordedHealth).sort()).toEqual(Object.keys(healthy({ measured: true, toolSuccess: 1 })).sort())
  expect(Object.keys(replayedOutcome).sort()).toEqual(Object.keys(plan(input)).sort())
})
