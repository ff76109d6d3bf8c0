import { describe, expect, it } from 'vitest'
import { BreakerBook } from '../../src/routing/breaker-book.ts'
import type { HealthReport } from '../../src/routing/health.ts'

const start = 1_800_000_000_000
const second = 1000

function tell(
  book: BreakerBook,
  endpoint: string,
  outcome: HealthReport['outcome'],
  at: number,
  retryAfterMs?: number,
) {
  return book.record({ endpoint, at, outcome, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }, at)
}

/** Plays attempts a millisecond apart: `a` is a success of endpoint a, `A` an error of it. */
function play(book: BreakerBook, attempts: string, from = start) {
  for (const [index, attempt] of [...attempts].entries()) {
    const endpoint = attempt.toLowerCase()
    tell(book, endpoint, endpoint === attempt ? 'success' : 'error', from + index)
  }
  return { provider: book.provider.openUntil !== 0, open: (id: string) => (book.breakerOf(id)?.openUntil ?? 0) !== 0 }
}

describe('the breakers of a provider', () => {
  it.each([
    { attempts: 'AAA', provider: false, open: ['a'], why: 'one broken model does not take the others out' },
    { attempts: 'AAAB', provider: true, open: ['a'], why: 'two endpoints have errors' },
    { attempts: 'ABC', provider: true, open: [], why: 'the last three attempts failed, on several endpoints' },
    { attempts: 'AB', provider: false, open: [], why: 'two errors are too few' },
    { attempts: 'AcBcCc', provider: true, open: [], why: 'half of the attempts failed' },
    { attempts: 'ccccAcBcccC', provider: false, open: [], why: 'most attempts went well' },
  ])('after "$attempts" the provider is open: $provider, because $why', ({ attempts, provider, open }) => {
    const book = new BreakerBook()
    const known = play(book, attempts)
    expect(known.provider).toBe(provider)
    expect(['a', 'b', 'c'].filter(known.open)).toEqual(open)
  })

  it('closes with a success on any of its endpoints', () => {
    const book = new BreakerBook()
    play(book, 'ABC')
    const { openUntil } = book.provider
    expect(book.claimProbe('b', openUntil)).toBe(true)
    expect(tell(book, 'b', 'success', openUntil + 100)).toBe(true)
    expect(book.provider.openUntil).toBe(0)
    expect(book.isUnstable('a', openUntil + 100)).toBe(false)
  })

  it('grants one probe to all endpoints of an open provider', () => {
    const book = new BreakerBook()
    play(book, 'ABC')
    const { openUntil } = book.provider
    expect(book.claimProbe('a', openUntil - 1)).toBe(false)
    expect(book.claimProbe('a', openUntil)).toBe(true)
    for (const endpoint of ['a', 'b', 'c', 'd']) expect(book.claimProbe(endpoint, openUntil + 1)).toBe(false)
    tell(book, 'a', 'error', openUntil + 500)
    expect(book.claimProbe('b', openUntil + 29 * second)).toBe(false)
    expect(book.claimProbe('b', openUntil + 500 + 30 * second)).toBe(true)
  })

  it('leaves the probe of the provider to a sound endpoint first', () => {
    const book = new BreakerBook()
    play(book, 'bAAAB')
    const { openUntil } = book.provider
    expect(openUntil).not.toBe(0)
    expect(book.claimProbe('a', openUntil)).toBe(false)
    expect(book.claimProbe('b', openUntil + 10)).toBe(true)
    const alone = new BreakerBook()
    play(alone, 'bAAAB')
    expect(alone.claimProbe('a', openUntil + 5 * second)).toBe(true)
  })

  it('does not hold the failing probes of a broken endpoint against its provider', () => {
    const book = new BreakerBook()
    play(book, 'AAA')
    for (let minute = 1; minute <= 10; minute++) {
      const at = start + minute * 60 * second
      expect(book.claimProbe('a', at)).toBe(true)
      tell(book, 'a', 'error', at + 1)
      tell(book, 'b', 'error', at + 2)
      tell(book, 'b', 'error', at + 3)
      expect(book.provider.openUntil).toBe(0)
      tell(book, 'b', 'success', at + 4)
    }
  })

  it('grants a call to what is not open, as often as asked', () => {
    const book = new BreakerBook()
    expect([book.claimProbe('a', start), book.claimProbe('a', start)]).toEqual([true, true])
  })

  it.each([
    { retryAfterMs: undefined, cooldownMs: 5_000 },
    { retryAfterMs: 20_000, cooldownMs: 20_000 },
    { retryAfterMs: 0, cooldownMs: 0 },
    { retryAfterMs: 86_400_000, cooldownMs: 300_000 },
    { retryAfterMs: Number.POSITIVE_INFINITY, cooldownMs: 300_000 },
    { retryAfterMs: -1, cooldownMs: 5_000 },
    { retryAfterMs: Number.NaN, cooldownMs: 5_000 },
  ])('a 429 with Retry-After of $retryAfterMs ms keeps its endpoint out for $cooldownMs ms', (given) => {
    const book = new BreakerBook()
    tell(book, 'a', 'rate-limited', start, given.retryAfterMs)
    expect(book.cooldownUntil('a', start)).toBe(given.cooldownMs === 0 ? 0 : start + given.cooldownMs)
    expect(book.cooldownUntil('b', start)).toBe(0)
    expect(book.cooldownUntil('a', start + given.cooldownMs)).toBe(0)
    expect(book.isUnstable('a', start)).toBe(false)
  })

  it('does not shorten a cooldown by a later 429', () => {
    const book = new BreakerBook()
    tell(book, 'a', 'rate-limited', start, 60_000)
    tell(book, 'a', 'rate-limited', start + 10, 1_000)
    expect(book.cooldownUntil('a', start + 10)).toBe(start + 60_000)
  })

  it('frees a probe that met a 429 or the client’s own fault', () => {
    for (const outcome of ['rate-limited', 'excluded'] as const) {
      const book = new BreakerBook()
      play(book, 'AAA')
      const at = start + 60 * second
      expect(book.claimProbe('a', at)).toBe(true)
      expect(tell(book, 'a', outcome, at + 10)).toBe(true)
      expect(book.claimProbe('a', at + 6 * second)).toBe(true)
    }
  })

  it('forgets calls in flight that were never reported', () => {
    const book = new BreakerBook()
    book.begin('a', start)
    book.begin('a', start)
    tell(book, 'a', 'error', start)
    expect(book.isUnstable('a', start)).toBe(true)
    const later = start + 11 * 60 * second
    book.begin('a', later)
    tell(book, 'a', 'error', later)
    expect(book.isUnstable('a', later)).toBe(false)
    book.end('a')
    book.end('a')
    book.end('never begun')
    expect(book.isUnstable('a', later)).toBe(false)
  })

  it('suspects its other endpoints only when errors came from two', () => {
    const one = new BreakerBook()
    for (let call = 0; call < 5; call++) one.begin('c', start)
    play(one, 'AA')
    expect(one.isUnstable('c', start + 10)).toBe(false)
    const two = new BreakerBook()
    for (let call = 0; call < 5; call++) two.begin('c', start)
    play(two, 'AB')
    expect(two.isUnstable('c', start + 10)).toBe(true)
  })

  it('is in trouble until everything is plain again', () => {
    const book = new BreakerBook()
    play(book, 'ab')
    expect(book.troubledUntil(start)).toBe(0)
    tell(book, 'a', 'error', start)
    expect(book.troubledUntil(start)).toBe(start + 30 * second)
    tell(book, 'a', 'rate-limited', start, 60_000)
    expect(book.troubledUntil(start)).toBe(start + 60 * second)
    play(book, 'AA')
    expect(book.troubledUntil(start)).toBe(Number.POSITIVE_INFINITY)
    expect(book.troubledUntil(start + 3600 * second)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is restored from what it saved, without endpoints that need no memory', () => {
    const book = new BreakerBook()
    play(book, 'AAAcccc')
    tell(book, 'd', 'rate-limited', start, 60_000)
    const saved = structuredClone(book.save(start + 10))
    expect(Object.keys(saved.endpoints)).toEqual(['a', 'd'])
    const restored = new BreakerBook(saved)
    expect(restored.breakerOf('a')).toEqual(book.breakerOf('a'))
    expect(restored.cooldownUntil('d', start + 10)).toBe(start + 60 * second)
    expect(restored.provider).toEqual(book.provider)
  })

  it('forgets endpoints that were not seen for a day', () => {
    const book = new BreakerBook()
    for (let index = 0; index < 100; index++) tell(book, `old-${index}`, 'success', start)
    const later = start + 25 * 3600 * second
    tell(book, 'new', 'success', later)
    expect(book.breakerOf('old-1')).toBeUndefined()
    expect(book.breakerOf('new')).toBeDefined()
  })
})
