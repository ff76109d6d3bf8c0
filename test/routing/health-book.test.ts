import { describe, expect, it } from 'vitest'
import type { HealthMessage, HealthReport } from '../../src/routing/health.ts'
import { HealthBook } from '../../src/routing/health-book.ts'

const start = 1_800_000_000_000
const second = 1000

function message(reports: HealthReport[], change: Partial<HealthMessage> = {}): HealthMessage {
  return { isolate: 'i', firstSequence: 0, sentAt: start, reports, knownRevision: 0, ...change }
}

function errors(count: number, endpoint = 'a', at = start): HealthReport[] {
  return Array.from({ length: count }, () => ({ endpoint, at, outcome: 'error' as const }))
}

describe('a health book', () => {
  it('counts a report once, however often its message comes', () => {
    const book = new HealthBook(start)
    for (let time = 0; time < 5; time++) book.receive(message(errors(2)), start)
    expect(book.snapshot('p', 0, start).endpoints.a?.openUntil).toBe(0)
    // The third report comes with the two that were sent before.
    expect(book.receive(message(errors(3)), start)).toBe(true)
    expect(book.snapshot('p', 0, start).endpoints.a?.openUntil).toBe(start + 30 * second)
  })

  it('goes on where an isolate gave reports up', () => {
    const book = new HealthBook(start)
    book.receive(message(errors(2), { firstSequence: 10 }), start)
    book.receive(message(errors(2), { firstSequence: 0 }), start)
    expect(book.snapshot('p', 0, start).endpoints.a?.openUntil).toBe(0)
    book.receive(message(errors(1), { firstSequence: 500 }), start)
    expect(book.snapshot('p', 0, start).endpoints.a?.openUntil).toBeGreaterThan(start)
  })

  it('tells isolates apart', () => {
    const book = new HealthBook(start)
    for (const isolate of ['i', 'j', 'k']) book.receive(message(errors(1), { isolate }), start)
    expect(book.snapshot('p', 0, start).endpoints.a?.openUntil).toBeGreaterThan(start)
  })

  it('undoes a difference of clocks, and takes a time in the future for now', () => {
    const ahead = 3600 * second
    const book = new HealthBook(start)
    book.receive(message(errors(3, 'a', start + ahead), { sentAt: start + ahead }), start)
    const { openUntil } = book.snapshot('p', 0, start).endpoints.a ?? { openUntil: 0 }
    expect(openUntil).toBe(start + 30 * second)
    expect(book.claimProbe('a', openUntil)).toBe(true)
    const success: HealthReport = { endpoint: 'a', at: openUntil + ahead + 999, outcome: 'success' }
    book.receive(message([success], { firstSequence: 3, sentAt: openUntil + ahead + 5 }), openUntil + 5)
    expect(book.snapshot('p', 0, openUntil + 5).endpoints.a?.openUntil).toBe(0)
  })

  it('answers only what changed since the revision that the asker knows', () => {
    const book = new HealthBook(start)
    const successes = ['a', 'b', 'c'].map((endpoint) => ({
      endpoint,
      at: start,
      outcome: 'success' as const,
      latencyMs: 50,
    }))
    book.receive(message(successes), start)
    const first = book.snapshot('p', 0, start)
    expect(Object.keys(first.endpoints)).toEqual(['a', 'b', 'c'])
    expect(Object.keys(book.snapshot('p', first.revision, start + 5 * second).endpoints)).toEqual([])

    book.receive(
      message(errors(3, 'b', start + 6 * second), { firstSequence: 3, sentAt: start + 6 * second }),
      start + 6 * second,
    )
    const after = book.snapshot('p', first.revision, start + 6 * second)
    expect(Object.keys(after.endpoints)).toEqual(['b'])
    expect(after.revision).toBeGreaterThan(first.revision)
    // Another life of the object, which knows less, does not leave an asker with what it had.
    const reborn = new HealthBook(start + 7 * second, structuredClone(book.savedBreakers(start + 7 * second)))
    expect(Object.keys(reborn.snapshot('p', after.revision, start + 7 * second).endpoints)).toContain('b')
    expect(Object.keys(book.snapshot('p', 9e15, start + 7 * second).endpoints)).toEqual(['a', 'b', 'c'])
  })

  it('works percentiles out every other second at most while calls come in', () => {
    const book = new HealthBook(start)
    const success = (latencyMs: number): HealthReport => ({ endpoint: 'a', at: start, outcome: 'success', latencyMs })
    book.receive(message([success(100)]), start)
    const before = book.snapshot('p', 0, start).endpoints.a
    book.receive(
      message(
        Array.from({ length: 9 }, () => success(900)),
        { firstSequence: 1 },
      ),
      start,
    )
    expect(book.snapshot('p', 0, start + 1999).endpoints.a).toBe(before)
    expect(book.snapshot('p', 0, start + 2000).endpoints.a?.latency?.p50).toBeGreaterThan(880)
  })

  it('lets percentiles go when their minutes have passed', () => {
    const book = new HealthBook(start)
    book.receive(message([{ endpoint: 'a', at: start, outcome: 'success', latencyMs: 100 }]), start)
    const { revision } = book.snapshot('p', 0, start)
    expect(book.snapshot('p', revision, start + 360 * second).endpoints.a?.latency).toBeNull()
  })

  it('opens the provider as a whole', () => {
    const book = new HealthBook(start)
    book.receive(message([...errors(1, 'a'), ...errors(1, 'b'), ...errors(1, 'c')]), start)
    const snapshot = book.snapshot('p', 0, start)
    expect(snapshot).toMatchObject({ provider: 'p', takenAt: start, providerOpenUntil: start + 30 * second })
    expect(snapshot.endpoints.a?.openUntil).toBe(0)
  })

  it('hands out what is to be saved once, and forgets endpoints after a day', () => {
    const book = new HealthBook(start)
    book.receive(message([...errors(1, 'a'), ...errors(1, 'b')]), start)
    expect([...book.takeUnsaved(start).keys()]).toEqual(['a', 'b'])
    expect(book.takeUnsaved(start).size).toBe(0)
    const later = start + 86_401 * second
    book.receive(message(errors(1, 'b', later), { firstSequence: 2, sentAt: later }), later)
    const unsaved = book.takeUnsaved(later)
    expect(unsaved.get('a')).toBeNull()
    expect(unsaved.get('b')).toMatchObject({ seenAt: later })
    expect(Object.keys(book.snapshot('p', 0, later).endpoints)).toEqual(['b'])
  })

  it('keeps nobody out for longer than 30 s when its clock goes back', () => {
    const book = new HealthBook(start)
    book.receive(message(errors(3)), start)
    const { revision } = book.snapshot('p', 0, start)
    const now = start - 3600 * second
    expect(book.snapshot('p', revision, now).endpoints.a?.openUntil).toBe(now + 30 * second)
    expect(book.claimProbe('a', now + 30 * second)).toBe(true)
  })
})
