import { describe, expect, it } from 'vitest'
import { formatInterval, parseInterval } from '../../src/api/interval.ts'

describe('an interval', () => {
  it.each([
    ['10s', 10_000],
    ['90s', 90_000],
    ['1m', 60_000],
    ['24h', 86_400_000],
  ])('%s is %i ms, there and back', (text, ms) => {
    expect(parseInterval(text)).toBe(ms)
    expect(formatInterval(ms)).toBe(text)
  })

  it('is told in the largest whole unit', () => {
    expect(formatInterval(120_000)).toBe('2m')
    expect(formatInterval(3_600_000)).toBe('1h')
  })

  it.each(['', '0s', '10', '-1s', '1.5s', '10 s', '1d', 's', '1000000s', '10S'])('is not %o', (text) => {
    expect(parseInterval(text)).toBeNull()
  })
})
