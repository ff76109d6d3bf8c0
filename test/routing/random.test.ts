import { describe, expect, it } from 'vitest'
import { randomOf, seedFrom } from '../../src/routing/random.ts'

describe('randomOf', () => {
  it('repeats itself with the same seed and not with another', () => {
    const draw = (seed: number) => Array.from({ length: 20 }, randomOf(seed))
    expect(draw(42)).toEqual(draw(42))
    expect(draw(42)).not.toEqual(draw(43))
  })

  it('stays strictly between 0 and 1', () => {
    const random = randomOf(0)
    for (let round = 0; round < 100_000; round++) {
      const value = random()
      if (value <= 0 || value >= 1) expect.fail(`${value}`)
    }
  })

  it('is uniform in its first number over neighbouring seeds, which is how plans use it', () => {
    const buckets = new Array<number>(64).fill(0)
    const seeds = 256_000
    for (let seed = 0; seed < seeds; seed++) {
      const bucket = Math.floor(randomOf(seed)() * 64)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    const expected = seeds / 64
    const chiSquared = buckets.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0)
    // 63 degrees of freedom: beyond 115 in one of 10,000 fair generators.
    expect(chiSquared).toBeLessThan(115)
  })

  it('makes 32-bit seeds', () => {
    expect(seedFrom(() => 0)).toBe(0)
    expect(seedFrom(() => 1 - 2 ** -53)).toBe(0xffffffff)
  })
})
