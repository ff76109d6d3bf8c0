import { afterEach, describe, expect, it } from 'vitest'
import type { ProviderPreferences } from '../../src/chat/request.ts'
import { Fleet, type FleetCall } from '../support/fleet.ts'

// The promise: while a provider answers nothing but 503, the whole fleet makes at most 1.1 upstream calls a request, in no
// waves, with one probe an interval; and every request is answered as long as one provider is well.
const second = 1000
const isolates = 8
const requestsPerSecond = 100

let fleet: Fleet
afterEach(() => fleet.time.stop())

/** A minute in which the first `failing` of so many providers answer 503, `afterMs` after each call. */
async function brownOut(count: number, failing: number, afterMs = 20, preferences: ProviderPreferences = {}) {
  const providers = ['north', 'east', 'south', 'west'].slice(0, count)
  fleet = new Fleet({ providers, isolates, seed: count * 10 + failing })
  await fleet.traffic(5 * second, requestsPerSecond)
  await fleet.time.advance(second)
  const bad = new Set(providers.slice(0, failing))
  fleet.behave = (provider) => (bad.has(provider) ? { status: 503, afterMs } : { afterMs: 40 })
  const [from, calls, answers] = [fleet.at(), fleet.calls.length, fleet.answers.length]
  await fleet.traffic(60 * second, requestsPerSecond, { provider: preferences })
  await fleet.time.advance(5 * second)
  return {
    from,
    bad,
    calls: fleet.calls.slice(calls).map((call) => ({ ...call, at: call.at - from })),
    answers: fleet.answers.slice(answers).map((one) => ({ ...one, at: one.at - from })),
  }
}

/** The most calls to one provider in any second from `from` on. */
function busiestSecond(calls: FleetCall[], provider: string, from: number): number {
  const times = calls.filter((call) => call.provider === provider && call.at >= from).map(({ at }) => at)
  return Math.max(0, ...times.map((start) => times.filter((at) => at >= start && at < start + second).length))
}

function expectQuietProbes(calls: FleetCall[], bad: Set<string>) {
  for (const provider of bad) {
    // Each isolate may have its three failures before it has heard of those of the others.
    expect(busiestSecond(calls, provider, 0)).toBeLessThanOrEqual(3 * isolates)
    const probes = calls.filter((call) => call.provider === provider && call.at > 5 * second)
    expect(probes.length).toBeGreaterThanOrEqual(1)
    expect(probes.length).toBeLessThanOrEqual(2)
    expect(busiestSecond(calls, provider, 5 * second)).toBe(1)
  }
}

describe('a brown-out', () => {
  it.each([
    { count: 2, failing: 1 },
    { count: 4, failing: 1 },
    { count: 4, failing: 3 },
  ])('of $failing among $count providers costs nobody an answer, and next to no calls', async ({ count, failing }) => {
    const { calls, answers, bad } = await brownOut(count, failing)
    expect(answers.filter(({ answer }) => answer.kind !== 'body')).toEqual([])
    expect(answers.length).toBe(60 * requestsPerSecond)
    expect(calls.length / answers.length).toBeLessThan(1.1)
    expectQuietProbes(calls, bad)
  })

  it('that takes two seconds to fail each call stays within the bound as well', async () => {
    const { calls, answers } = await brownOut(2, 1, 2 * second)
    expect(answers.filter(({ answer }) => answer.kind !== 'body')).toEqual([])
    expect(calls.length / answers.length).toBeLessThan(1.1)
  })

  it('in which everybody asks for hedging leaves the fleet within the bound', async () => {
    const { calls, answers } = await brownOut(3, 1, 20, { hedge: { after_ms: 10 } })
    expect(answers.filter(({ answer }) => answer.kind !== 'body')).toEqual([])
    expect(calls.length / answers.length).toBeGreaterThan(1.05)
    expect(calls.length / answers.length).toBeLessThan(1.1)
  })

  it.each([2, 4])(
    'of all %i providers is told at once, with a time to come back at that is never too soon',
    async (count) => {
      const { calls, answers, bad } = await brownOut(count, count)
      expect(calls.length / answers.length).toBeLessThan(0.1)
      expectQuietProbes(calls, bad)
      // From when the breakers are open, nobody waits and everybody is told when the first probe is due, or later.
      const told = answers.filter(({ at }) => at > 2 * second && at < 28 * second)
      const backAt = told.map(({ at, answer }) => {
        if (answer.kind !== 'failed') throw new Error('there is nobody who could answer')
        expect(answer.failure).toMatchObject({ type: 'provider_overloaded', availability: { retryable: true } })
        return at + (answer.failure.retryAfterMs ?? 0)
      })
      expect(Math.min(...backAt)).toBeGreaterThan(30 * second)
      expect(Math.max(...backAt)).toBeLessThan(40 * second)
      const firstSecond = backAt.filter((at) => at < Math.min(...backAt) + second)
      expect(firstSecond.length).toBeLessThan(backAt.length / 2)
    },
  )

  it.each<[string, ProviderPreferences]>([
    ['no wishes', {}],
    ['an order', { order: ['north', 'east'] }],
    ['a sort', { sort: 'price' }],
  ])('is over within a minute for a provider that has healed, with %s', async (_, provider) => {
    fleet = new Fleet({ providers: ['north', 'east'], isolates: 2, seed: 3 })
    fleet.behave = (name) => (name === 'north' ? { status: 503, afterMs: 20 } : { afterMs: 40 })
    await fleet.traffic(10 * second, 10, { provider })
    fleet.behave = () => ({ afterMs: 40 })
    const before = fleet.calls.length
    const healedAt = fleet.at()
    await fleet.traffic(90 * second, 10, { provider })
    await fleet.time.advance(second)
    const back = fleet.calls.slice(before).filter((call) => call.provider === 'north')
    expect(back[0]?.at).toBeLessThan(healedAt + 40 * second)
    // In an order it is first, and where it costs the same as the other it has its share.
    const late = back.filter(({ at }) => at > healedAt + 60 * second).length
    expect(late).toBeGreaterThan(provider.order ? 290 : 50)
    expect(fleet.answers.filter(({ answer }) => answer.kind !== 'body')).toEqual([])
  })
})
