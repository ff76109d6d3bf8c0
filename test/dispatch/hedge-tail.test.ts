import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ProviderPreferences } from '../../src/chat/request.ts'
import { Fleet } from '../support/fleet.ts'

// The promise: with spikes (one call in twenty takes ten times as long) the p99 time to first token is at most 0.6 of what
// it is without hedging, for at most 5 % more money. Whoever hedges has providers that stop billing for what is cancelled;
// where none does, the loser's whole answer is paid, and the retry budget bounds what that comes to.
const second = 1000
const spikes = 0.05
const cancelling = ['deepinfra', 'friendli', 'chutes']
const billingAll = ['north', 'south', 'west']

let fleet: Fleet
afterEach(() => fleet.time.stop())

async function measure(providers: string[], preferences: ProviderPreferences) {
  fleet = new Fleet({ providers, isolates: 4, seed: 7 })
  const { random } = fleet
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
  fleet.behave = () => {
    const usualMs = 40 * Math.exp(0.25 * normal())
    return { afterMs: random() < spikes ? usualMs * 10 : usualMs }
  }
  const fields = { stream: true, provider: preferences }
  // Percentiles are of what was seen before.
  await fleet.traffic(15 * second, 20, fields)
  const seen = fleet.rows.length
  await fleet.traffic(50 * second, 20, fields)
  await fleet.time.advance(5 * second)
  const rows = fleet.rows.slice(seen)
  const latencies = rows.map(({ latencyMs }) => latencyMs ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  fleet.time.stop()
  return {
    all: fleet.rows,
    calls: fleet.calls.length,
    p99: latencies[Math.ceil(0.99 * latencies.length) - 1] ?? Number.NaN,
    costNanoUsd: rows.reduce((sum, row) => sum + row.costNanoUsd, 0) / rows.length,
  }
}

describe('hedging under spikes', () => {
  let direct: Awaited<ReturnType<typeof measure>>
  beforeAll(async () => {
    direct = await measure(cancelling, {})
  }, 30_000)

  it.each([
    { providers: cancelling, hedge: { after: 'p95' as const }, dearer: 1.05 },
    { providers: cancelling, hedge: { after_ms: 80 }, dearer: 1.05 },
    { providers: billingAll, hedge: { after: 'p95' as const }, dearer: 1.1 },
  ])('halves the tail and is hardly dearer: $providers, $hedge', async ({ providers, hedge, dearer }) => {
    const raced = await measure(providers, { hedge })
    expect(raced.p99).toBeLessThan(0.6 * direct.p99)
    expect(raced.costNanoUsd).toBeLessThan(dearer * direct.costNanoUsd)
    expect(raced.calls).toBeLessThan(1.1 * raced.all.length)
    expect(raced.all.every(({ status }) => status === 200)).toBe(true)
    // Upstream calls = attempts in the receipts, always.
    expect(raced.all.reduce((sum, { attempts }) => sum + attempts.length, 0)).toBe(raced.calls)
  })

  it('makes no more than a tenth of extra calls, however eagerly it is asked for', async () => {
    const { all, calls } = await measure(cancelling, { hedge: { after_ms: 1 } })
    expect(calls).toBeGreaterThan(1.07 * all.length)
    expect(calls).toBeLessThan(1.1 * all.length)
  })
})
