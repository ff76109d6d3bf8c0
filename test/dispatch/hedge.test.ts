import { afterEach, describe, expect, it } from 'vitest'
import { PartStage } from '../../src/chat/part-stage.ts'
import type { ProviderPreferences } from '../../src/chat/request.ts'
import { noUsage } from '../../src/chat/usage.ts'
import { attemptRecord } from '../../src/dispatch/attempt-record.ts'
import { noCost } from '../../src/dispatch/generation-row.ts'
import { billLost, hedged } from '../../src/dispatch/hedge.ts'
import type { Call } from '../../src/dispatch/run.ts'
import { ByteReader } from '../../src/edge/byte-reader.ts'
import { needsOf } from '../../src/routing/needs.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { fakeGateway } from '../support/fake-gateway.ts'
import { type Behaviour, Fleet } from '../support/fleet.ts'

// Prices of the fleet: 3 dollars a million tokens of prompt, 15 of answer. An answer meters 1,000 and 300: 0.0075 dollars.
const answerNanoUsd = 7_500_000
const promptNanoUsd = 3_000_000

let fleet: Fleet
afterEach(() => fleet.time.stop())

/** One request that asks `first` before `second`, with hedging after 100 ms unless said otherwise. */
async function ask(
  behaviours: Record<string, Behaviour>,
  { stream = true, client, goneAfterMs, ...preferences }: ProviderPreferences & AskOptions = {},
) {
  const providers = Object.keys(behaviours)
  fleet = new Fleet({ providers })
  fleet.behave = (provider) => behaviours[provider] ?? { afterMs: 1 }
  const gone = client ?? new AbortController()
  const provider = { order: providers, hedge: { after_ms: 100 }, ...preferences }
  const asking = fleet.request({ stream, provider }, gone.signal)
  if (goneAfterMs !== undefined) {
    await fleet.time.advance(goneAfterMs)
    gone.abort()
  }
  await fleet.time.advance(5_000)
  const text = await asking
  const [row] = fleet.rows
  if (!row || fleet.rows.length !== 1) throw new Error(`one row was expected, not ${fleet.rows.length}`)
  return { text, row, calls: fleet.calls }
}

interface AskOptions {
  stream?: boolean
  client?: AbortController
  goneAfterMs?: number
}

const outcomes = ({ attempts }: { attempts: { provider: string; outcome: string }[] }) =>
  attempts.map(({ provider, outcome }) => [provider, outcome])

describe.each([true, false])('hedging, streamed: %s', (stream) => {
  it('makes one call where the first answers in time', async () => {
    const { row, calls } = await ask({ deepinfra: { afterMs: 90 }, friendli: { afterMs: 10 } }, { stream })
    expect(calls.map(({ provider }) => provider)).toEqual(['deepinfra'])
    expect(row).toMatchObject({ provider: 'deepinfra', costNanoUsd: answerNanoUsd, attempts: [{ outcome: 'ok' }] })
  })

  it('starts a second when the first is late; the first content wins, the other is cancelled at once', async () => {
    const { row, calls, text } = await ask({ deepinfra: { afterMs: 900 }, friendli: { afterMs: 50 } }, { stream })
    expect(calls).toMatchObject([
      { provider: 'deepinfra', at: 0, cancelledAt: 150 },
      { provider: 'friendli', at: 100, cancelledAt: null },
    ])
    expect(row).toMatchObject({ provider: 'friendli', status: 200, latencyMs: 150, cancelled: false })
    expect(outcomes(row)).toEqual([
      ['deepinfra', 'hedged'],
      ['friendli', 'ok'],
    ])
    expect(text).toContain('Hi')
    expect(text).not.toContain('error')
  })

  it('lets the first win when it comes to it', async () => {
    const { row, calls } = await ask({ deepinfra: { afterMs: 130 }, friendli: { afterMs: 500 } }, { stream })
    expect(calls).toMatchObject([{ cancelledAt: null }, { at: 100, cancelledAt: 130 }])
    expect(row.provider).toBe('deepinfra')
    expect(outcomes(row)).toEqual([
      ['friendli', 'hedged'],
      ['deepinfra', 'ok'],
    ])
  })

  it('accounts for the loser: its prompt, where a stream that is cancelled is no longer billed', async () => {
    const { row, text } = await ask({ deepinfra: { afterMs: 900 }, friendli: { afterMs: 50 } }, { stream })
    // Nobody ends a whole answer before it is there.
    const costNanoUsd = stream ? promptNanoUsd : answerNanoUsd
    expect(row.attempts[0]).toMatchObject({ costNanoUsd, costEstimated: true })
    expect(row).toMatchObject({
      costNanoUsd: answerNanoUsd + costNanoUsd,
      upstreamCostNanoUsd: answerNanoUsd + costNanoUsd,
      promptTokens: 1000,
      completionTokens: 300,
      usageEstimated: false,
    })
    expect(text).toContain(stream ? '"cost":0.0105' : '"cost":0.015')
  })

  it('accounts for the loser: an answer like the winner’s, where a cancelled call is billed to its end', async () => {
    const { row } = await ask({ north: { afterMs: 900 }, south: { afterMs: 50 } }, { stream })
    expect(row.attempts[0]).toMatchObject({ costNanoUsd: answerNanoUsd, costEstimated: true })
    expect(row.costNanoUsd).toBe(2 * answerNanoUsd)
  })

  it('is an ordinary failover when the first fails before its time is over', async () => {
    const { row, calls } = await ask({ north: { afterMs: 20, status: 503 }, south: { afterMs: 50 } }, { stream })
    expect(calls).toMatchObject([{ at: 0 }, { at: 20 }])
    expect(outcomes(row)).toEqual([
      ['north', 'server-error'],
      ['south', 'ok'],
    ])
    expect(row.costNanoUsd).toBe(answerNanoUsd)
  })

  it('waits for the other when one of two fails, and goes on with the plan when both do', async () => {
    const one = await ask({ north: { afterMs: 200, status: 500 }, south: { afterMs: 300 } }, { stream })
    expect(outcomes(one.row)).toEqual([
      ['north', 'server-error'],
      ['south', 'ok'],
    ])
    expect(one.calls.every(({ cancelledAt }) => cancelledAt === null)).toBe(true)
    fleet.time.stop()
    const failing = { afterMs: 200, status: 500 }
    const both = await ask({ north: failing, south: failing, west: { afterMs: 10 }, east: failing }, { stream })
    expect(outcomes(both.row)).toEqual([
      ['north', 'server-error'],
      ['south', 'server-error'],
      ['west', 'ok'],
    ])
  })

  it('hedges a request once, be it the failover that is late', async () => {
    const { calls, row } = await ask(
      { north: { afterMs: 10, status: 500 }, south: { afterMs: 900 }, west: { afterMs: 700 }, east: { afterMs: 1 } },
      { stream },
    )
    expect(calls).toMatchObject([
      { provider: 'north' },
      { provider: 'south', at: 10, cancelledAt: 810 },
      { provider: 'west', at: 110, cancelledAt: null },
    ])
    expect(row.provider).toBe('west')
  })

  it('ends both calls when the client goes', async () => {
    const slow = { afterMs: 3_000 }
    const { calls, row } = await ask({ north: slow, south: slow }, { stream, goneAfterMs: 500 })
    expect(calls).toMatchObject([{ cancelledAt: 500 }, { cancelledAt: 500 }])
    expect(row).toMatchObject({ cancelled: true, costNanoUsd: 0 })
    expect(outcomes(row)).toEqual([
      ['north', 'cancelled'],
      ['south', 'cancelled'],
    ])
  })

  it('starts nobody for a client that has gone', async () => {
    const { calls } = await ask({ north: { afterMs: 900 }, south: { afterMs: 900 } }, { stream, goneAfterMs: 50 })
    expect(calls).toHaveLength(1)
  })

  it.each([
    ['nobody is left', { only: ['north'] }],
    ['fallbacks are not wanted', { order: null, allow_fallbacks: false }],
    ['the latency is not known yet', { hedge: { after: 'p95' as const } }],
    ['it would cost too much', { hedge: { after_ms: 100, max_extra_cost: '0.001' } }],
  ])('waits for the first where %s', async (_, preferences) => {
    const { calls, row } = await ask({ north: { afterMs: 900 }, south: { afterMs: 900 } }, { stream, ...preferences })
    expect(calls).toHaveLength(1)
    expect(row.status).toBe(200)
  })
})

describe('hedging', () => {
  it('does not let an event that says nothing win', async () => {
    const { row, calls } = await ask({
      north: { beginsAfterMs: 5, afterMs: 900 },
      south: { beginsAfterMs: 10, afterMs: 300 },
    })
    expect(calls).toMatchObject([{ cancelledAt: 400 }, { cancelledAt: null }])
    expect(row).toMatchObject({ provider: 'south', latencyMs: 400, attempts: [{ outcome: 'hedged', status: 200 }, {}] })
  })

  it('takes nothing from the health of the loser, but lets its latency count', async () => {
    fleet = new Fleet({ providers: ['north', 'south'] })
    fleet.behave = (provider) => ({ afterMs: provider === 'north' ? 4_000 : 50 })
    const provider = { order: ['north', 'south'], hedge: { after_ms: 100 } }
    for (let index = 0; index < 5; index++) {
      void fleet.request({ stream: true, provider })
      await fleet.time.advance(20_000)
    }
    // Never an error, so nothing opened; and what was seen of it says when the next second call should start.
    const before = fleet.calls.length
    void fleet.request({ stream: true, provider: { ...provider, hedge: { after: 'p95' } } })
    await fleet.time.advance(1_000)
    const [first, second] = fleet.calls.slice(before)
    expect(first?.provider).toBe('north')
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(140)
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(160)
  })

  it.each([{ zdr: true }, { data_collection: 'deny' as const }])(
    'never reaches a provider that %o keeps out',
    async (rule) => {
      const dataPolicy = { trains: false, retainsPrompts: false, retentionDays: null, asOf: null }
      const strict = { ...dataPolicy, zdr: 'default' as const, zeroRetentionStatedBy: 'vendor' as const }
      fleet = new Fleet({
        providers: [
          { slug: 'north', dataPolicy: strict },
          { slug: 'south', dataPolicy: { ...strict, trains: true } },
        ],
      })
      fleet.behave = (provider) => ({ afterMs: provider === 'north' ? 900 : 5 })
      for (const preferences of [rule, {}]) {
        void fleet.request({ provider: { ...preferences, hedge: { after_ms: 100 }, sort: 'price' } })
        await fleet.time.advance(2_000)
      }
      const [guarded, ...others] = fleet.calls
      expect(guarded?.provider).toBe('north')
      // Without the rule the other one may answer, first or as the second.
      expect(others.some(({ provider }) => provider === 'south')).toBe(true)
      expect(fleet.rows[0]).toMatchObject({ provider: 'north', attempts: [{ outcome: 'ok' }] })
    },
  )
})

describe('two calls', () => {
  const usage = { ...noUsage, promptTokens: 1000, completionTokens: 100 }
  const needs = needsOf({ messages: [{ role: 'user', content: 'word '.repeat(5000) }] })
  const planned = (slug: string) => ({
    endpoint: endpointRecord({ provider: providerRecord({ slug }) }),
    model: modelEntry().model,
    requestedId: 'acme/m1',
    probability: 0,
    blocked: null,
    blockedUntil: 0,
  })
  const [first, second] = [planned('north'), planned('south')]

  async function race(outcome: () => Call['outcome'], called = true) {
    const reports: unknown[] = []
    const gateway = fakeGateway({ health: { report: (...report: unknown[]) => void reports.push(report) } as never })
    let answer = () => {}
    const both = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { calls, lost } = await hedged({
      gateway,
      first,
      afterMs: 0,
      target: () => {
        answer()
        return second
      },
      start: async (one, _, inFlight) => {
        inFlight.called = called
        await both
        const record = attemptRecord(one, { status: 200, outcome: 'ok', latencyMs: 1 })
        const envelope = { id: 'gen-1', created: 1, model: 'acme/m1', provider: one.endpoint.provider.name }
        return { planned: one, envelope, calledAt: gateway.now(), outcome: outcome(), record }
      },
      cancels: () => true,
      client: new AbortController().signal,
    })
    await Promise.resolve()
    return { calls, lost, reports }
  }

  it('that answer at the very same moment have one winner, and the other has told what it cost', async () => {
    const answered = { kind: 'answer' as const, extras: {}, status: 200, translation: [] }
    const { calls, lost, reports } = await race(() => ({ ...answered, parts: [{ type: 'usage', usage }] }))
    expect(calls.map((call) => call.planned)).toEqual([first])
    expect(reports).toEqual([[second.endpoint, expect.objectContaining({ outcome: 'excluded' })]])
    expect(billLost(noCost, lost, usage, needs).costNanoUsd).toBe(promptNanoUsd + 1_500_000)
    expect(lost?.record).toMatchObject({ provider: 'south', outcome: 'hedged', costNanoUsd: promptNanoUsd + 1_500_000 })
    expect(lost?.record).not.toHaveProperty('costEstimated')
  })

  it('do not have a loser pay for messages that were left out for it', async () => {
    const failed = { kind: 'answer' as const, parts: [], extras: {}, status: 200, translation: [] }
    const { lost } = await race(() => failed)
    const short = lost && { ...lost, planned: { ...lost.planned, promptBudgetTokens: 600 } }
    expect(billLost(noCost, short, usage, needs).costNanoUsd).toBe(0.6 * promptNanoUsd)
  })

  it('leave a loser that had called nobody off the receipt', async () => {
    const answered = { kind: 'answer' as const, parts: [], extras: {}, status: 200, translation: [] }
    const { lost, reports } = await race(() => answered, false)
    expect(lost).toBeNull()
    expect(reports).toHaveLength(1)
    expect(billLost(noCost, lost, usage, needs)).toBe(noCost)
  })

  it('are never two for a client that has gone, be the first one deaf to it', async () => {
    const asked: string[] = []
    const gone = new AbortController()
    let end = (_: Call) => {}
    const racing = hedged({
      gateway: fakeGateway(),
      first,
      afterMs: 0,
      target: () => {
        asked.push('second')
        return second
      },
      start: () => {
        gone.abort()
        return new Promise((resolve) => {
          end = resolve
        })
      },
      cancels: () => true,
      client: gone.signal,
    })
    await new Promise((resolve) => setTimeout(resolve, 5))
    const failure = { kind: 'cancelled' as const, message: 'The client has gone.' }
    const record = attemptRecord(first, { status: null, outcome: 'cancelled', latencyMs: 5 })
    const envelope = { id: 'gen-1', created: 1, model: 'acme/m1', provider: 'north' }
    end({ planned: first, envelope, calledAt: 0, outcome: { kind: 'failed', failure, called: true }, record })
    expect((await racing).calls).toHaveLength(1)
    expect(asked).toEqual([])
  })

  it('leave no stream behind', async () => {
    const cancelled: string[] = []
    const stage = new PartStage({ push: () => [], end: () => [] }, { push: () => '' })
    const { calls } = await race(() => ({
      kind: 'stream',
      stage,
      reader: new ByteReader(new ReadableStream({ cancel: () => void cancelled.push('body') })),
      cancel: () => void cancelled.push('call'),
      status: 200,
      translation: [],
    }))
    expect(calls).toHaveLength(1)
    expect(cancelled).toEqual(['call', 'body'])
  })
})

describe('the retry budget of an isolate', () => {
  /** Asks `north`, `south` and `west` in this order, of which the first two fail. */
  async function askInBrownOut(isWestUnwell: boolean, exhausted: boolean) {
    fleet = new Fleet({ providers: ['north', 'south', 'west'] })
    const order = ['north', 'south', 'west']
    if (isWestUnwell) {
      // One failure, and two calls on their way that would make it an outage.
      fleet.behave = () => ({ afterMs: 10, status: 500 })
      void fleet.request({ provider: { only: ['west'] } })
      await fleet.time.advance(100)
      fleet.behave = () => ({ afterMs: 60_000 })
      void fleet.request({ provider: { only: ['west'] } })
      void fleet.request({ provider: { only: ['west'] } })
      await fleet.time.advance(10)
    }
    if (exhausted) for (const { retryBudget } of fleet.isolates) retryBudget.calls = 0
    fleet.behave = (provider) => (provider === 'west' ? { afterMs: 10 } : { afterMs: 10, status: 500 })
    const before = fleet.calls.length
    void fleet.request({ provider: { order } })
    await fleet.time.advance(1_000)
    return { calls: fleet.calls.slice(before).map(({ provider }) => provider), row: fleet.rows.at(-1) }
  }

  it('refuses a third call to an endpoint in trouble once it is spent, and says so', async () => {
    const { calls, row } = await askInBrownOut(true, true)
    expect(calls).toEqual(['north', 'south'])
    expect(row?.status).toBe(503)
    expect(row?.decision?.skipped).toEqual(['west'])
  })

  it('lets it through while there is any', async () => {
    expect((await askInBrownOut(true, false)).calls).toEqual(['north', 'south', 'west'])
  })

  it('never refuses a calm endpoint', async () => {
    const { calls, row } = await askInBrownOut(false, true)
    expect(calls).toEqual(['north', 'south', 'west'])
    expect(row?.status).toBe(200)
  })

  it('pays for no call that was not made', async () => {
    fleet = new Fleet({ providers: ['together', 'north'] })
    const [isolate] = fleet.isolates
    if (!isolate) throw new Error('there is no isolate')
    isolate.retryBudget.calls = 10
    // Together cannot be told `top_a`, so a strict request does not go there.
    void fleet.request({ top_a: 0.5, provider: { strict: true, order: ['together', 'north'] } })
    await fleet.time.advance(1_000)
    expect(fleet.calls.map(({ provider }) => provider)).toEqual(['north'])
    expect(isolate.retryBudget.calls).toBeGreaterThanOrEqual(10)
  })

  it('refuses a hedge once it is spent', async () => {
    fleet = new Fleet({ providers: ['north', 'south'] })
    fleet.behave = () => ({ afterMs: 500 })
    for (const { retryBudget } of fleet.isolates) retryBudget.calls = 5
    void fleet.request({ provider: { hedge: { after_ms: 10 } } })
    await fleet.time.advance(1_000)
    expect(fleet.calls).toHaveLength(1)
  })
})
