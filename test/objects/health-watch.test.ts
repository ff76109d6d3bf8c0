import { describe, expect, it } from 'vitest'
import { endpointOf, HealthWorld } from '../support/health-world.ts'

const second = 1000
const minute = 60 * second
const endpoint = endpointOf('acme')
const other = endpointOf('acme', 'acme/m2')

/** The gaps between messages that came one after the other, in milliseconds. */
function gaps(world: HealthWorld): number[] {
  return world.messages.slice(1).map(({ at }, index) => at - (world.messages[index]?.at ?? 0))
}

function reported(world: HealthWorld): number {
  return world.messages.reduce((sum, { message }) => sum + message.reports.length, 0)
}

describe('what an isolate tells', () => {
  it.each([1, 10, 200])('is at most a message a second while all is well, at %i requests a second', async (rate) => {
    const world = new HealthWorld()
    await world.traffic(30 * second, rate, () => [endpoint])
    await world.time.advance(2 * second)
    expect(world.messages.length).toBeLessThanOrEqual(32)
    // The first message only asks, and may be followed sooner.
    expect(Math.min(...gaps(world).slice(1))).toBeGreaterThanOrEqual(1000)
    expect(reported(world)).toBe(30 * rate)
  })

  it('includes the last call when traffic stops, within a second and the time of a hop', async () => {
    const world = new HealthWorld()
    await world.traffic(5 * second, 7, () => [endpoint])
    await world.time.advance(1100)
    expect(reported(world)).toBe(35)
    const messages = world.messages.length
    await world.time.advance(10 * minute)
    expect(world.messages.length).toBe(messages)
  })

  it('goes out at once after a failure, and a storm of failures in messages 100 ms apart', async () => {
    const world = new HealthWorld()
    world.upstream = () => ({ outcome: 'error', afterMs: 10 })
    for (let index = 0; index < 400; index++) {
      void world.call(endpoint)
      await world.time.advance(5)
    }
    expect(world.messages.find(({ message }) => message.reports.length > 0)?.at).toBe(10)
    expect(world.messages.length).toBeGreaterThanOrEqual(19)
    expect(world.messages.length).toBeLessThanOrEqual(22)
    await world.time.advance(second)
    expect(reported(world)).toBe(400)
  })

  it('leaves out what is the client’s own fault', async () => {
    const world = new HealthWorld()
    world.upstream = () => ({ outcome: 'excluded', afterMs: 10 })
    await world.traffic(5 * second, 20, () => [endpoint])
    expect(reported(world)).toBe(0)
    expect(world.unansweredRequests).toBe(100)
    expect(world.health().of(endpoint)).toBeUndefined()
  })

  it('does not wait for a full second when a thousand reports have gathered', async () => {
    const world = new HealthWorld()
    for (let index = 0; index < 2500; index++) void world.call(endpoint)
    await world.time.advance(300)
    expect(reported(world)).toBe(2000)
    await world.time.advance(second)
    expect(reported(world)).toBe(2500)
    expect(Math.max(...world.messages.map(({ message }) => message.reports.length))).toBeLessThanOrEqual(1000)
  })
})

describe('an isolate that is asked about a provider', () => {
  it('asks for a snapshot behind the first request and then now and then, not when it is idle', async () => {
    const world = new HealthWorld()
    const ask = async (times: number, everyMs: number) => {
      for (let time = 0; time < times; time++) {
        world.health().of(endpoint)
        world.health().of(other)
        await world.time.advance(everyMs)
      }
    }
    await ask(1, second)
    expect(world.messages).toHaveLength(1)
    await ask(60, 100)
    expect(world.messages).toHaveLength(1)
    await ask(240, 100)
    expect(world.messages.length).toBeGreaterThanOrEqual(3)
    expect(world.messages.length).toBeLessThanOrEqual(4)
    // One question a minute: the answer would be old before it is of use.
    const before = world.messages.length
    await ask(5, minute)
    expect(world.messages.length).toBe(before)
  })

  it('lets the request that came first go first', async () => {
    const world = new HealthWorld()
    world.health().of(endpoint)
    await world.time.advance(49)
    expect(world.messages).toHaveLength(0)
    await world.time.advance(1)
    expect(world.messages).toHaveLength(1)
  })

  it('asks for no probe on behalf of somebody who only looks', async () => {
    const world = new HealthWorld()
    world.upstream = () => ({ outcome: 'error', afterMs: 10 })
    for (let call = 0; call < 3; call++) {
      void world.call(endpoint)
      await world.time.advance(200)
    }
    await world.time.advance(31 * second)
    expect(world.health().of(endpoint, true)?.openUntil).toBeLessThan(world.time.now())
    await world.time.advance(5 * second)
    expect(world.claims).toEqual([])
    world.health().of(endpoint)
    await world.time.advance(second)
    expect(world.claims).toHaveLength(1)
  })

  it('looks every two seconds while something is amiss', async () => {
    const world = new HealthWorld({ isolates: 2 })
    world.upstream = () => ({ outcome: 'error', afterMs: 10 })
    for (let call = 0; call < 3; call++) {
      void world.call(endpoint, 0)
      await world.time.advance(200)
    }
    const before = world.messages.length
    for (let ask = 0; ask < 200; ask++) {
      world.health(1).of(endpoint)
      await world.time.advance(100)
    }
    expect(world.health(1).of(endpoint)?.openUntil).toBeGreaterThan(world.time.now())
    expect(world.messages.length - before).toBeGreaterThanOrEqual(8)
    expect(world.messages.length - before).toBeLessThanOrEqual(11)
  })

  it('learns from the answer to its own report what others saw', async () => {
    const world = new HealthWorld({ isolates: 2 })
    world.upstream = () => ({ outcome: 'error', afterMs: 10 })
    for (let call = 0; call < 3; call++) {
      void world.call(endpoint, 0)
      await world.time.advance(200)
    }
    void world.call(endpoint, 1)
    expect(world.health(1).of(endpoint)?.openUntil ?? 0).toBe(0)
    await world.time.advance(20)
    expect(world.health(1).of(endpoint)).toMatchObject({ unstable: true })
    expect(world.health(1).of(endpoint)?.openUntil).toBeGreaterThan(world.time.now() + 29 * second)
  })

  it('answers the same object again while all is well, and performance of the last minutes with it', async () => {
    const world = new HealthWorld()
    await world.traffic(10 * second, 20, () => [endpoint])
    await world.time.advance(2 * second)
    const known = world.health().of(endpoint)
    expect(known).toMatchObject({ unstable: false, openUntil: 0, uptime5m: 100, band: 'normal' })
    expect(known?.latency?.p50).toBeGreaterThan(39)
    expect(known?.latency?.p50).toBeLessThan(41)
    expect(world.health().of(endpoint)).toBe(known)
  })

  it('keeps an endpoint that answered 429 out for as long as it asked, in other isolates too', async () => {
    const world = new HealthWorld({ isolates: 2 })
    const health = world.health()
    health.begin(endpoint)
    health.report(endpoint, { at: world.time.now(), outcome: 'rate-limited', retryAfterMs: 20 * second })
    const until = world.time.now() + 20 * second
    expect(world.health().of(endpoint)).toMatchObject({ cooldownUntil: until, openUntil: 0, unstable: false })
    expect(world.health().of(other)?.cooldownUntil ?? 0).toBe(0)
    await world.time.advance(100)
    world.health(1).of(endpoint)
    await world.time.advance(100)
    expect(world.health(1).of(endpoint)?.cooldownUntil).toBeGreaterThanOrEqual(until)
    expect(world.health(1).of(endpoint)?.cooldownUntil).toBeLessThan(until + 50)
    await world.time.advance(21 * second)
    expect(world.health(1).of(endpoint)?.cooldownUntil ?? 0).toBeLessThan(world.time.now())
  })

  it('prefers others while calls are in flight that would make an outage of the first failure', async () => {
    const world = new HealthWorld()
    world.upstream = (_, at) => ({ outcome: at < 50 ? 'error' : 'success', afterMs: 100 })
    for (let call = 0; call < 3; call++) {
      void world.call(endpoint)
      await world.time.advance(40)
    }
    expect(world.health().of(endpoint)).toMatchObject({ unstable: true, openUntil: 0 })
    await world.time.advance(second)
    expect(world.health().of(endpoint)?.unstable ?? false).toBe(false)
  })
})

describe('a health object in trouble', () => {
  it('is left alone longer and longer, and gets every report once it is back', async () => {
    const world = new HealthWorld()
    world.objects = 'down'
    await world.traffic(60 * second, 10, () => [endpoint])
    const tried = world.messages.length
    expect(tried).toBeLessThanOrEqual(12)
    world.objects = 'well'
    await world.traffic(40 * second, 10, () => [endpoint])
    await world.time.advance(2 * second)
    expect(world.unansweredRequests).toBe(0)
    expect(world.health().of(endpoint)).toMatchObject({ uptime5m: 100 })
    const heard = world.messages.slice(tried).filter(({ message }) => message.reports.length > 0)
    expect(heard.reduce((sum, { message }) => sum + message.reports.length, 0)).toBe(1000)
  })

  it('that never answers a message is told again, and counts each report once', async () => {
    const world = new HealthWorld()
    await world.traffic(2 * second, 10, () => [endpoint])
    world.objects = 'silent'
    await world.traffic(20 * second, 10, () => [endpoint])
    world.objects = 'well'
    await world.traffic(20 * second, 10, () => [endpoint])
    await world.time.advance(3 * second)
    const last = Math.max(...world.messages.map(({ message }) => message.firstSequence + message.reports.length))
    expect(last).toBe(420)
    expect(world.health().of(endpoint)).toMatchObject({ uptime5m: 100 })
  })

  it('keeps no more reports than memory allows', async () => {
    const world = new HealthWorld()
    world.objects = 'down'
    for (let index = 0; index < 8000; index++) void world.call(endpoint)
    await world.time.advance(minute)
    world.objects = 'well'
    void world.call(endpoint)
    await world.time.advance(10 * second)
    const numbers = world.messages.flatMap(({ message }) =>
      message.reports.map((_, index) => message.firstSequence + index),
    )
    expect(Math.max(...numbers)).toBe(8000)
    expect(
      world.messages.filter(({ at }) => at > minute).reduce((sum, { message }) => sum + message.reports.length, 0),
    ).toBeLessThanOrEqual(5000)
  })
})

describe('a clock that jumps', () => {
  it('an hour back keeps nobody out for longer than a breaker may, and messages go on', async () => {
    const world = new HealthWorld()
    world.upstream = (_, at) => ({ outcome: at >= 0 && at < 5 * second ? 'error' : 'success', afterMs: 20 })
    await world.traffic(6 * second, 10, () => [endpoint])
    expect(world.health().of(endpoint)?.openUntil).toBeGreaterThan(world.time.now())
    world.time.jump(-60 * minute)
    await world.traffic(70 * second, 10, () => [endpoint])
    await world.time.advance(2 * second)
    expect(world.health().of(endpoint)?.openUntil ?? 0).toBe(0)
    expect(world.answeredRequests).toBeGreaterThan(300)
    expect(reported(world)).toBe(world.calls.length)
  })

  it('ten minutes ahead leads to a probe and no more', async () => {
    const world = new HealthWorld()
    world.upstream = () => ({ outcome: 'error', afterMs: 20 })
    await world.traffic(6 * second, 10, () => [endpoint])
    const before = world.calls.length
    world.time.jump(10 * minute)
    await world.traffic(20 * second, 10, () => [endpoint])
    expect(world.calls.length - before).toBe(1)
  })
})
