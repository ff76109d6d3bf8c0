import { describe, expect, it } from 'vitest'
import { retryDelayMs, retryHints } from '../../src/edge/retry-hints.ts'

const date = 'Sat, 21 Nov 2026 05:00:00 GMT'
const sentAt = Date.parse(date)

describe('retryHints', () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after-ms': '2500', 'retry-after': '99' }, 2_500],
    [{ 'retry-after-ms': '0' }, 1_000],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after': '0' }, 1_000],
    [{ 'retry-after': '-3' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '34s' }, 34_000],
    [{ 'retry-after': '99999999' }, 86_400_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 05:01:30 GMT', date }, 90_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 04:00:00 GMT', date }, 1_000],
    // Without the sender's own clock a date says nothing that could be trusted.
    [{ 'retry-after': 'Sat, 21 Nov 2026 05:01:30 GMT' }, undefined],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m26.4s' }, 86_400],
    [{ 'x-ratelimit-remaining-tokens': '12', 'x-ratelimit-reset-tokens': '2s' }, undefined],
    [
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '6ms',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '3s',
      },
      3_000,
    ],
    [{ 'x-ratelimit-remaining-requests-day': '0', 'x-ratelimit-reset-requests-day': '3558.6440069675446' }, 3_558_645],
    [
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-11-21T05:00:42Z',
        date,
      },
      42_000,
    ],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(sentAt + 60_000), date }, 60_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(sentAt / 1_000 + 60), date }, 60_000],
  ])('reads %j as %s', (headers, want) => {
    expect(retryHints(new Headers(headers))).toBe(want)
  })

  it('reads the delay of a body', () => {
    expect(retryDelayMs('34.5s')).toBe(34_500)
    expect(retryDelayMs('whenever')).toBeUndefined()
  })
})
