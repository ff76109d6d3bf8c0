import { describe, expect, it } from 'vitest'
import { endpointOf, HealthWorld } from '../support/health-world.ts'

// The promise: "A failing provider gets at most 6 calls in its first 5 s, none from then to 28 s, then about one probe a
// 30 s window; healed, it has its traffic back within a minute." Seconds since the beginning, unless said otherwise.
const second = 1000
const minute = 60 * second
const cheap = endpointOf('cheap')
const dear = endpointOf('dear')
const both = [cheap, dear]

/** The provider `cheap` fails from 20 s until it heals, some milliseconds after each call. */
function failing(world: HealthWorld, healsAt: number, afterMs: () => number) {
  world.upstream = ({ provider }, at) =>
    provider.slug === 'cheap' && at >= 20 * second && at < healsAt
      ? { outcome: 'error', afterMs: afterMs() }
      : { outcome: 'success', afterMs: 40 }
}

function expectThePromise(world: HealthWorld, healsAt: number, atMost = 6) {
  const firstFailure =
    world.calls.find(({ at, endpoint }) => at >= 20 * second && endpoint.startsWith('cheap:'))?.at ?? 0
  const calls = (from: number, to: number) => world.callsTo('cheap', firstFailure + from, firstFailure + to)
  expect(calls(0, 5 * second)).toBeGreaterThan(0)
  expect(calls(0, 5 * second)).toBeLessThanOrEqual(atMost)
  expect(calls(5 * second, 28 * second)).toBe(0)
  for (let from = 28 * second; firstFailure + from + 33 * second < healsAt; from += 30 * second) {
    expect(calls(from, from + 33 * second)).toBeGreaterThanOrEqual(1)
    expect(calls(from, from + 30 * second)).toBeLessThanOrEqual(2)
  }
}

describe('a failing provider beside a healthy one', () => {
  it.each([
    { rate: 10, afterMs: 5, isolates: 1, atMost: 6 },
    { rate: 10, afterMs: 400, isolates: 1, atMost: 6 },
    { rate: 50, afterMs: 5, isolates: 1, atMost: 6 },
    { rate: 50, afterMs: 60, isolates: 1, atMost: 6 },
    { rate: 50, afterMs: 100, isolates: 1, atMost: 6 },
    { rate: 10, afterMs: 20, isolates: 3, atMost: 6 },
    // Isolates learn of each other's failures from the answers to their own: each one more may add two calls.
    { rate: 50, afterMs: 20, isolates: 3, atMost: 10 },
  ])(
    'keeps the promise at $rate requests a second, failing in $afterMs ms, seen by $isolates isolates',
    async (given) => {
      const world = new HealthWorld({ isolates: given.isolates })
      const healsAt = 125 * second
      failing(world, healsAt, () => given.afterMs)
      await world.traffic(200 * second, given.rate, () => both)

      expectThePromise(world, healsAt, given.atMost)
      // Everybody was answered all the time, and within a minute the healed provider has all its traffic again.
      expect(world.unansweredRequests).toBe(0)
      expect(world.callsTo('dear', healsAt + minute, 200 * second)).toBe(0)
      expect(world.callsTo('cheap', healsAt + minute, 200 * second)).toBeGreaterThanOrEqual(14 * given.rate)
    },
  )

  it.each([0, 7, 14, 21, 28])('has its traffic back within a minute of healing, %i s later', async (laterSeconds) => {
    const world = new HealthWorld({ seed: laterSeconds + 1 })
    const healsAt = (60 + laterSeconds) * second
    failing(world, healsAt, () => 30)
    await world.traffic(healsAt + minute, 10, () => both)
    const before = world.callsTo('dear', 0, Number.POSITIVE_INFINITY)
    await world.traffic(10 * second, 10, () => both)
    expect(world.callsTo('dear', 0, Number.POSITIVE_INFINITY)).toBe(before)
  })

  it('has its traffic back when requests are rarer than probes', async () => {
    const world = new HealthWorld()
    failing(world, 30 * second, () => 30)
    await world.traffic(28 * second, 1, () => both)
    for (let request = 0; request < 4; request++) {
      void world.request(both)
      await world.time.advance(45 * second)
    }
    expect(world.calls.at(-1)?.endpoint).toBe(cheap.id)
  })
})

describe('a failing provider that is the only one', () => {
  it.each([10, 50])('keeps the promise at %i requests a second', async (rate) => {
    const world = new HealthWorld()
    const healsAt = 95 * second
    failing(world, healsAt, () => 20)
    await world.traffic(170 * second, rate, () => [cheap])
    expectThePromise(world, healsAt)
    const unanswered = world.unansweredRequests
    await world.traffic(5 * second, rate, () => [cheap])
    expect(world.unansweredRequests).toBe(unanswered)
  })
})

describe('a provider that fails on several models', () => {
  const models = ['a/1', 'a/2', 'a/3', 'a/4', 'a/5', 'a/6']
  it.each([10, 50])('keeps the promise for all of them together at %i requests a second', async (rate) => {
    const world = new HealthWorld()
    const healsAt = 95 * second
    failing(world, healsAt, () => 15)
    const choose = (index: number) => {
      const model = models[index % models.length]
      return [endpointOf('cheap', model), endpointOf('dear', model)]
    }
    await world.traffic(155 * second, rate, choose)
    const firstFailure = 20 * second
    const calls = (from: number, to: number) =>
      models.reduce((sum, model) => sum + world.callsTo(`cheap:${model}`, firstFailure + from, firstFailure + to), 0)
    expect(calls(0, 5 * second)).toBeLessThanOrEqual(6)
    expect(calls(5 * second, 28 * second)).toBe(0)
    expect(calls(28 * second, 61 * second)).toBeGreaterThanOrEqual(1)
    expect(calls(28 * second, 58 * second)).toBeLessThanOrEqual(2)

    const before = world.calls.length
    await world.traffic(5 * second, rate, choose)
    expect(world.calls.slice(before).every(({ endpoint }) => endpoint.startsWith('cheap:'))).toBe(true)
  })

  it('goes on serving the others when one model alone is broken', async () => {
    const world = new HealthWorld()
    const broken = endpointOf('cheap', 'a/1')
    const sound = endpointOf('cheap', 'a/2')
    world.upstream = ({ id }) => ({ outcome: id === broken.id ? 'error' : 'success', afterMs: 20 })
    await world.traffic(120 * second, 10, (index) => [index % 2 === 0 ? broken : sound, dear])
    expect(world.callsTo(sound.id, 0, 120 * second)).toBe(600)
    expect(world.callsTo(broken.id, 0, 120 * second)).toBeLessThanOrEqual(8)
  })
})

describe('when the health object cannot be had', () => {
  it.each(['down', 'silent'] as const)('an isolate keeps the promise by itself: %s', async (state) => {
    const world = new HealthWorld()
    world.objects = state
    const healsAt = 95 * second
    failing(world, healsAt, () => 20)
    await world.traffic(155 * second, 10, () => both)
    expectThePromise(world, healsAt)
    const before = world.callsTo('dear', 0, Number.POSITIVE_INFINITY)
    await world.traffic(5 * second, 10, () => both)
    expect(world.callsTo('dear', 0, Number.POSITIVE_INFINITY)).toBe(before)
  })
})

describe('a probe', () => {
  it('that is never heard of again makes room for the next', async () => {
    const world = new HealthWorld()
    failing(world, 45 * second, () => 20)
    const answer = world.upstream
    let lost = 0
    world.upstream = (endpoint, at) =>
      endpoint.provider.slug === 'cheap' && at > 45 * second && lost++ === 0 ? null : answer(endpoint, at)
    await world.traffic(120 * second, 10, () => both)
    expect(lost).toBeGreaterThan(1)
    expect(world.calls.at(-1)?.endpoint).toBe(cheap.id)
  })

  it('that its request did not use goes to the next request', async () => {
    const world = new HealthWorld()
    failing(world, 45 * second, () => 20)
    await world.traffic(49 * second, 10, () => both)
    for (let tries = 0; !world.health().of(cheap)?.probeReady && tries < 50; tries++) await world.time.advance(100)
    expect(world.health().takeProbe(cheap)).toBe(true)
    expect(world.health().takeProbe(cheap)).toBe(false)
    await world.time.advance(2_500)
    expect(world.health().of(cheap)?.probeReady).toBe(true)
    void world.request(both)
    expect(world.calls.at(-1)?.endpoint).toBe(cheap.id)
  })

  it('closes the breaker with its first content, long before its stream ends', async () => {
    const world = new HealthWorld()
    failing(world, 45 * second, () => 20)
    await world.traffic(49 * second, 10, () => both)
    for (let tries = 0; !world.health().of(cheap)?.probeReady && tries < 50; tries++) await world.time.advance(100)
    expect(world.health().takeProbe(cheap)).toBe(true)
    world.health().begin(cheap)
    world.health().answered?.(cheap)
    expect(world.health().of(cheap)?.openUntil).toBe(0)
    await world.time.advance(1_000)
    expect(world.messages.at(-1)?.message.reports).toMatchObject([{ outcome: 'answered' }])
  })

  it('is one at a time for all isolates', async () => {
    const world = new HealthWorld({ isolates: 8, seed: 3 })
    failing(world, 500 * second, () => 1_500)
    await world.traffic(200 * second, 40, () => both)
    const probes = world.calls.filter(({ at, endpoint }) => at > 55 * second && endpoint === cheap.id)
    expect(probes.length).toBeGreaterThanOrEqual(4)
    for (const [index, { at }] of probes.entries()) {
      expect(at - (probes[index - 1]?.at ?? 0)).toBeGreaterThan(25 * second)
    }
  })
})
