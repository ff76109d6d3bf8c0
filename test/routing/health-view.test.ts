import { describe, expect, it } from 'vitest'
import { calmHealth, type EndpointHealth, type HealthReport, type HealthSnapshot } from '../../src/routing/health.ts'
import { HealthView } from '../../src/routing/health-view.ts'

const start = 1_800_000_000_000
const second = 1000

function told(
  takenAt: number,
  health: Partial<EndpointHealth> | null,
  change: Partial<HealthSnapshot> = {},
): HealthSnapshot {
  const endpoints: Record<string, EndpointHealth> = {}
  if (health) endpoints.a = { ...calmHealth, unstable: (health.openUntil ?? 0) !== 0, ...health }
  return { provider: 'p', takenAt, revision: 1, providerOpenUntil: 0, endpoints, ...change }
}

function record(view: HealthView, outcome: HealthReport['outcome'], at: number) {
  return view.record({ endpoint: 'a', at, outcome }, at)
}

function openedByItself(): HealthView {
  const view = new HealthView()
  for (let error = 0; error < 3; error++) record(view, 'error', start)
  return view
}

const openUntilOf = (view: HealthView, now: number) => view.of('a', now)?.openUntil ?? 0

describe('what an isolate tells', () => {
  it('is nothing of a client’s own fault, but in its time what a call took that was given up for a quicker one', () => {
    const view = new HealthView()
    expect(record(view, 'excluded', start)).toBe('never')
    const report = { endpoint: 'a', at: start, outcome: 'excluded' as const, latencyAtLeastMs: 900 }
    expect(view.record(report, start)).toBe('soon')
    expect(view.of('a', start)).toBeUndefined()
  })
})

describe('what an isolate holds true', () => {
  it('is nothing of what it never heard of', () => {
    expect(new HealthView().of('a', start)).toBeUndefined()
  })

  it('is the later of two openings', () => {
    const view = openedByItself()
    view.absorb(told(start, { openUntil: start + 45 * second }), 0, start, start)
    expect(openUntilOf(view, start + second)).toBe(start + 45 * second)
    view.absorb(told(start, { openUntil: start + 10 * second }), 1, start, start)
    expect(openUntilOf(view, start + second)).toBe(start + 30 * second)
  })

  it('is its own opening while the object sees none, and the object’s word once its time has come', () => {
    const view = openedByItself()
    view.absorb(told(start + 5 * second, {}), 0, start + 5 * second, start + 5 * second)
    expect(openUntilOf(view, start + 29 * second)).toBe(start + 30 * second)
    // Past its time, but what the object said is older.
    expect(openUntilOf(view, start + 31 * second)).toBe(start + 30 * second)
    view.absorb(told(start + 32 * second, null), 1, start + 32 * second, start + 32 * second)
    expect(openUntilOf(view, start + 32 * second)).toBe(0)
  })

  it('is its own success after the time of an opening that it was told, until the object knows better', () => {
    const view = new HealthView()
    view.absorb(told(start, { openUntil: start + 10 * second }), 0, start, start)
    expect(record(view, 'success', start + 9 * second)).toBe('now')
    expect(openUntilOf(view, start + 9 * second)).toBe(start + 10 * second)
    record(view, 'success', start + 11 * second)
    expect(view.of('a', start + 11 * second)).toMatchObject({ openUntil: 0, unstable: false })
    const later = start + 12 * second
    view.absorb(told(later, { openUntil: start + 10 * second }), 1, later, later)
    expect(openUntilOf(view, later)).toBe(start + 10 * second)
  })

  it('is not what an answer says that was asked for before the last one', () => {
    const view = new HealthView()
    view.absorb(told(start + 2 * second, {}, { revision: 5 }), 0, start + 2 * second, start + 2 * second)
    view.absorb(told(start, { openUntil: start + 40 * second }), 0, start + second, start + 3 * second)
    expect(openUntilOf(view, start + 3 * second)).toBe(0)
    expect(view.knownRevision(start + 3 * second)).toBe(5)
  })

  it('is in its own time, whatever clock the object has', () => {
    const view = new HealthView()
    const theirs = start - 3600 * second
    view.absorb(
      told(theirs, { openUntil: theirs + 20 * second, cooldownUntil: theirs + 90 * second }),
      0,
      start - 40,
      start,
    )
    expect(view.of('a', start)).toMatchObject({ openUntil: start + 20 * second, cooldownUntil: start + 90 * second })
  })

  it('folds the opening of the provider into every endpoint, known or not', () => {
    const view = new HealthView()
    view.absorb(told(start, null, { providerOpenUntil: start + 20 * second }), 0, start, start)
    expect(view.of('never heard of', start)).toMatchObject({ openUntil: start + 20 * second, unstable: true })
  })

  it('keeps what it was told while only changes are answered, and asks for all of it once a day', () => {
    const view = new HealthView()
    view.absorb(told(start, { uptime1d: 99 }), 0, start, start)
    view.absorb(told(start + second, null, { revision: 2 }), 1, start + second, start + second)
    expect(view.of('a', start + second)?.uptime1d).toBe(99)
    const tomorrow = start + 86_400 * second
    expect(view.knownRevision(tomorrow)).toBe(0)
    view.absorb(told(tomorrow, null, { revision: 3 }), 0, tomorrow, tomorrow)
    expect(view.of('a', tomorrow)).toBeUndefined()
    expect(view.knownRevision(tomorrow)).toBe(3)
  })
})

describe('the probe of an isolate', () => {
  it('is asked for every two seconds once the time has come, and handed out once', () => {
    const view = openedByItself()
    const now = start + 30 * second
    expect(view.asksProbe('a', now - 1)).toBe(false)
    expect(view.asksProbe('a', now)).toBe(true)
    expect(view.asksProbe('a', now + 1999)).toBe(false)
    expect(view.asksProbe('a', now + 2000)).toBe(true)
    expect(view.takeProbe('a', now + 2000)).toBe(false)
    view.holdProbe('a', now + 2010)
    expect(view.of('a', now + 2010)).toMatchObject({ probeReady: true, unstable: true })
    expect(view.takeProbe('a', now + 2010)).toBe(true)
    expect(view.takeProbe('a', now + 2010)).toBe(false)
    expect(view.of('a', now + 2010)).toMatchObject({ probeReady: false, unstable: true })
    view.begin('a', now + 2020)
    expect(view.takeProbe('a', now + 10 * second)).toBe(false)
    expect(view.asksProbe('a', now + 10 * second)).toBe(false)
    expect(view.asksProbe('a', now + 33 * second)).toBe(true)
  })

  it('is void when somebody else’s has failed meanwhile', () => {
    const view = openedByItself()
    const now = start + 31 * second
    view.asksProbe('a', now)
    view.holdProbe('a', now)
    view.absorb(told(now + second, { openUntil: now + 30 * second }), 0, now + second, now + second)
    expect(view.of('a', now + second)?.probeReady).toBe(false)
    expect(view.takeProbe('a', now + second)).toBe(false)
  })
})
