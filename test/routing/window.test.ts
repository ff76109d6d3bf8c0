import { describe, expect, it } from 'vitest'
import { defaultRateLimit, type RateLimit, SlidingWindow } from '../../src/routing/window.ts'

const start = Date.UTC(2026, 10, 21)

/** Admits when there is room; answers when there will be room otherwise. */
function take(window: SlidingWindow, limit: RateLimit, now: number): number | null {
  window.observe(now)
  const until = window.fullUntil(limit, now)
  if (until === null) window.add(limit, now)
  return until
}

/** mulberry32: the same arrivals in each run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Several callers, each with a temper of its own: steady, bursty, at the same instant, just at the window's edge. */
function arrivals(count: number, callers: number, { requests, windowMs }: RateLimit, random: () => number): number[] {
  const times: number[] = []
  for (let caller = 0; caller < callers; caller++) {
    let at = start + random() * windowMs
    const meanGapMs = windowMs / requests / (0.2 + random() * 2)
    for (let i = 0; i < count / callers; i++) {
      const kind = random()
      if (kind < 0.3) at += 0
      else if (kind < 0.9) at += random() * meanGapMs * callers
      else if (kind < 0.98) at += windowMs - 1 + Math.floor(random() * 3)
      else at += random() * windowMs * 4
      times.push(Math.floor(at))
    }
  }
  return times.sort((a, b) => a - b)
}

/** The definition, word for word: room when fewer than the limit were admitted in the last window. */
function hasRoom(admitted: number[], limit: RateLimit, now: number): boolean {
  const oldest = admitted.at(-limit.requests)
  return oldest === undefined || now - oldest >= limit.windowMs
}

describe('SlidingWindow', () => {
  it('admits the limit and not one more, then one for each that leaves', () => {
    const window = new SlidingWindow()
    for (let i = 0; i < 40; i++) expect(take(window, defaultRateLimit, start + i)).toBeNull()
    expect(take(window, defaultRateLimit, start + 40)).toBe(start + 10_000)
    expect(take(window, defaultRateLimit, start + 9_999)).toBe(start + 10_000)
    expect(take(window, defaultRateLimit, start + 10_000)).toBeNull()
    expect(take(window, defaultRateLimit, start + 10_000)).toBe(start + 10_001)
  })

  it('does not count what it refused', () => {
    const window = new SlidingWindow()
    const limit = { requests: 1, windowMs: 1000 }
    take(window, limit, start)
    for (let i = 1; i < 1000; i++) expect(take(window, limit, start + i)).toBe(start + 1000)
    expect(take(window, limit, start + 1000)).toBeNull()
  })

  it('says how much room is left', () => {
    const window = new SlidingWindow()
    for (let i = 0; i < 3; i++) take(window, defaultRateLimit, start)
    expect(window.room(defaultRateLimit, start)).toBe(37)
    expect(window.room(defaultRateLimit, start + 10_000)).toBe(40)
  })

  for (const [callers, limit] of [
    [1, defaultRateLimit],
    [16, defaultRateLimit],
    [200, defaultRateLimit],
    [16, { requests: 1, windowMs: 50 }],
    [50, { requests: 300, windowMs: 60_000 }],
  ] as const) {
    it(`never exceeds ${limit.requests} in ${limit.windowMs} ms nor refuses while there is room (${callers} callers)`, () => {
      const random = seeded(callers * 7919 + limit.requests)
      let window = new SlidingWindow()
      const admitted: number[] = []
      let refused = 0
      for (const now of arrivals(100_000, callers, limit, random)) {
        const room = hasRoom(admitted, limit, now)
        const until = take(window, limit, now)
        if ((until === null) !== room) expect.fail(`at ${now}: room ${room}, answered ${until}`)
        if (until === null) admitted.push(now)
        else {
          refused += 1
          if (hasRoom(admitted, limit, until - 1) || !hasRoom(admitted, limit, until)) expect.fail(`reset at ${until}`)
        }
        // Evicted and restored inside the window.
        if (random() < 0.001) window = new SlidingWindow(JSON.parse(JSON.stringify(window.admissions())))
      }
      expect(refused).toBeGreaterThan(1000)
      expect(admitted.length).toBeGreaterThan(1000)
      for (let i = limit.requests; i < admitted.length; i++) {
        if ((admitted[i] as number) - (admitted[i - limit.requests] as number) < limit.windowMs) expect.fail(`at ${i}`)
      }
    })
  }

  it('stays small however high the limit is', () => {
    for (const windowMs of [10_000, 86_400_000]) {
      const window = new SlidingWindow()
      const limit = { requests: 1_000_000, windowMs }
      const random = seeded(3)
      let now = start
      for (let i = 0; i < 200_000; i++) {
        now += random() < 0.9 ? 0 : random() * (windowMs / 8_000)
        take(window, limit, Math.floor(now))
      }
      expect(window.admissions().length).toBeLessThanOrEqual(10_001)
    }
  })

  it('joins admissions of a long window on the safe side', () => {
    const window = new SlidingWindow()
    const limit = { requests: 20_000, windowMs: 1_000_000 }
    for (const at of [start, start + 60]) for (let i = 0; i < 10_000; i++) take(window, limit, at)
    expect(take(window, limit, start + 1_000_000)).toBe(start + 1_000_060)
  })

  it('keeps the limit when it is lowered in the middle', () => {
    const window = new SlidingWindow()
    for (let i = 0; i < 40; i++) take(window, defaultRateLimit, start + i * 10)
    const lowered = { requests: 5, windowMs: 10_000 }
    expect(take(window, lowered, start + 400)).toBe(start + 350 + 10_000)
  })

  describe('when the clock goes back', () => {
    it('admits no more than the limit in the time that really passed', () => {
      const window = new SlidingWindow()
      for (let i = 0; i < 40; i++) take(window, defaultRateLimit, start)
      expect(take(window, defaultRateLimit, start - 3_600_000)).toBe(start - 3_600_000 + 10_000)
      expect(take(window, defaultRateLimit, start - 3_600_000 + 9_999)).not.toBeNull()
    })

    it('locks nobody out for longer than a window', () => {
      const window = new SlidingWindow()
      for (let i = 0; i < 40; i++) take(window, defaultRateLimit, start)
      take(window, defaultRateLimit, start - 86_400_000)
      expect(take(window, defaultRateLimit, start - 86_400_000 + 10_000)).toBeNull()
    })

    it('notices it after an eviction too', () => {
      const before = new SlidingWindow()
      for (let i = 0; i < 40; i++) take(before, defaultRateLimit, start)
      const window = new SlidingWindow(before.admissions())
      expect(window.observe(start - 5_000)).toBe(true)
      expect(window.fullUntil(defaultRateLimit, start - 5_000)).toBe(start + 5_000)
    })

    it('holds the limit in real time over a random walk of the clock', () => {
      const random = seeded(11)
      const window = new SlidingWindow()
      const admittedAt: number[] = []
      let offset = 0
      for (let real = start; real < start + 600_000; real += Math.floor(random() * 120)) {
        if (random() < 0.01) offset -= Math.floor(random() * 20_000)
        if (take(window, defaultRateLimit, real + offset) === null) admittedAt.push(real)
      }
      expect(admittedAt.length).toBeGreaterThan(400)
      for (let i = 40; i < admittedAt.length; i++) {
        expect((admittedAt[i] as number) - (admittedAt[i - 40] as number)).toBeGreaterThanOrEqual(10_000)
      }
    })
  })
})
