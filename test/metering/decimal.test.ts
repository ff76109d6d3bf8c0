import { describe, expect, it } from 'vitest'
import { divideHalfUp, parseDecimal, unitsAt } from '../../src/metering/decimal.ts'

describe('decimals', () => {
  it.each([
    ['0', 0n, 0],
    ['12', 12n, 0],
    ['0.00000006', 6n, 8],
    ['1.50', 150n, 2],
    ['3.', 3n, 0],
  ])('reads %s', (text, units, decimals) => {
    expect(parseDecimal(text)).toEqual({ units, decimals })
  })

  it.each(['', '-1', '+1', '1e-7', '.5', '1,5', '0x1', 'NaN', '1 '])('does not read %j', (text) => {
    expect(parseDecimal(text)).toBeNull()
  })

  it('rescales without loss', () => {
    expect(unitsAt({ units: 15n, decimals: 1 }, 4)).toBe(15_000n)
  })

  it('rounds half up', () => {
    expect([0n, 4n, 5n, 14n, 15n].map((dividend) => divideHalfUp(dividend, 10n))).toEqual([0n, 0n, 1n, 1n, 2n])
  })
})
