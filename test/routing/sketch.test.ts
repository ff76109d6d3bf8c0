import { describe, expect, it } from 'vitest'
import { randomOf } from '../../src/routing/random.ts'
import {
  addValue,
  ascendingPercentiles,
  descendingPercentiles,
  emptySketch,
  mergeSketches,
  quantiles,
  relativeError,
  type Sketch,
} from '../../src/routing/sketch.ts'

const random = randomOf(42)
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
const distributions: Record<string, () => number> = {
  uniform: () => 1 + random() * 5000,
  'log-normal, like times to first content': () => Math.exp(6.2 + 0.7 * normal()),
  'heavy-tailed': () => 20 / random() ** 1.2,
  'two humps': () => (random() < 0.7 ? 200 + 20 * normal() : 9000 + 500 * normal()),
  'one value': () => 123.4,
  'tokens a second': () => Math.max(0.5, 70 + 25 * normal()),
}

function sketchOf(values: readonly number[]): Sketch {
  const sketch = emptySketch()
  for (const value of values) addValue(sketch, value)
  return sketch
}

describe('a sketch', () => {
  it.each(Object.entries(distributions))('tells quantiles of values that are %s within 2 %%', (_, draw) => {
    for (const count of [1, 2, 3, 10, 99, 5000]) {
      const values = Array.from({ length: count }, draw)
      const sorted = [...values].sort((a, b) => a - b)
      const shares = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1]
      const told = quantiles(sketchOf(values), shares) ?? []
      for (const [index, share] of shares.entries()) {
        const exact = sorted[Math.floor(share * (count - 1))] ?? Number.NaN
        expect(Math.abs((told[index] ?? Number.NaN) - exact) / exact).toBeLessThanOrEqual(relativeError + 1e-9)
      }
    }
  })

  it('adds up to the sketch of the whole, however its parts are put together', () => {
    for (const draw of Object.values(distributions)) {
      const parts = Array.from({ length: 4 }, () => Array.from({ length: 1 + Math.floor(random() * 300) }, draw))
      const [a, b, c, d] = parts.map(sketchOf)
      if (!a || !b || !c || !d) throw new Error('four parts were drawn')
      const whole = sketchOf(parts.flat())
      expect(mergeSketches([a, b, c, d])).toEqual(whole)
      expect(mergeSketches([mergeSketches([a, b]), mergeSketches([c, d])])).toEqual(whole)
      expect(mergeSketches([mergeSketches([mergeSketches([d, b]), c]), a])).toEqual(whole)
    }
    expect(mergeSketches([])).toEqual(emptySketch())
  })

  it('leaves its parts as they were when they are merged', () => {
    const part = sketchOf([1, 2, 3])
    mergeSketches([part, sketchOf([1])])
    expect(part).toEqual(sketchOf([1, 2, 3]))
  })

  it('survives JSON', () => {
    const sketch = sketchOf(Array.from({ length: 1000 }, () => random() * 1e4))
    const back: Sketch = JSON.parse(JSON.stringify(sketch))
    expect(ascendingPercentiles(back)).toEqual(ascendingPercentiles(sketch))
    expect(JSON.stringify(sketch).length).toBeLessThan(5_000)
  })

  it('stays small whatever comes', () => {
    const sketch = sketchOf(Array.from({ length: 100_000 }, () => 10 ** (random() * 40 - 20)))
    expect(Object.keys(sketch.buckets).length).toBeLessThanOrEqual(692)
    expect(Object.keys(sketch.buckets).every((bucket) => Number(bucket) >= 0)).toBe(true)
  })

  it('leaves out what is no measure, and takes zero for the smallest', () => {
    expect(sketchOf([Number.NaN, -1])).toEqual(emptySketch())
    expect(quantiles(sketchOf([0]), [0.5])?.[0]).toBeLessThan(0.002)
    expect(quantiles(sketchOf([Number.POSITIVE_INFINITY]), [0.5])?.[0]).toBeGreaterThan(9e8)
  })

  it('has no percentiles when empty', () => {
    expect(ascendingPercentiles(emptySketch())).toBeNull()
    expect(descendingPercentiles(emptySketch())).toBeNull()
  })

  it('counts latency upwards and throughput downwards: p99 is the slow tail of both', () => {
    const sketch = sketchOf(Array.from({ length: 1000 }, (_, index) => index + 1))
    const latency = ascendingPercentiles(sketch)
    const throughput = descendingPercentiles(sketch)
    const near = (exact: number) => expect.closeTo(exact, -Math.log10(exact * relativeError * 2.2))
    expect(latency).toEqual({ p50: near(500), p75: near(750), p90: near(900), p99: near(990) })
    expect(throughput).toEqual({ p50: near(500), p75: near(250), p90: near(100), p99: near(10) })
  })
})
