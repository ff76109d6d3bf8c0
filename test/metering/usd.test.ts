import { describe, expect, it } from 'vitest'
import { maxUsd, nanoUsdOf, usdOf, usdText } from '../../src/metering/usd.ts'

describe('dollars', () => {
  it.each([
    [0, 0],
    [10, 10_000_000_000],
    [0.1, 100_000_000],
    [1e-9, 1],
    [1e-7, 100],
    [41.2, 41_200_000_000],
    [1.005, 1_005_000_000],
    [0.1 + 0.2, 300_000_000],
    [2_500_000.000000001, 2_500_000_000_000_001],
    [maxUsd, 9_007_199_000_000_000],
  ])('%d are exactly %d nano-dollars', (usd, nanoUsd) => {
    expect(nanoUsdOf(usd)).toBe(nanoUsd)
  })

  it('come back as the decimal that was given', () => {
    for (const text of ['0.000000001', '0.29', '1.1', '8.8', '123456.789', '999999.99']) {
      expect(usdOf(nanoUsdOf(Number(text)))).toBe(Number(text))
    }
  })

  it.each([
    [0, '$0'],
    [1, '$0.000000001'],
    [100_000_000_000, '$100'],
    [1_500_000_000, '$1.5'],
  ])('of %d nano-dollars read %s', (nanoUsd, text) => {
    expect(usdText(nanoUsd)).toBe(text)
  })
})
