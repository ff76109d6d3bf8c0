import type { Percentiles } from './health.ts'

/** A quantile is off by this share of its value at most. */
export const relativeError = 0.02
const gamma = (1 + relativeError) / (1 - relativeError)
const logGamma = Math.log(gamma)
/** Values are told apart between these; a smaller or larger one counts as the nearest. At most 692 buckets lie between. */
const smallest = 1e-3
const largest = 1e9

/**
 * A distribution in logarithmic buckets (DDSketch: Masson, Rim, Lee, VLDB 2019): quantiles within `relativeError`, and
 * sketches of parts add up to exactly the sketch of the whole. Plain data, for storage and JSON.
 */
export interface Sketch {
  count: number
  /** Counts by bucket. The keys are small non-negative integers, which JavaScript keeps in ascending order. */
  buckets: Record<number, number>
}

export function emptySketch(): Sketch {
  return { count: 0, buckets: {} }
}

/** Adds a value in place. What is no non-negative number is left out. */
export function addValue(sketch: Sketch, value: number): void {
  if (!(value >= 0)) return
  const bucket = Math.ceil(Math.log(Math.min(Math.max(value, smallest), largest) / smallest) / logGamma)
  sketch.buckets[bucket] = (sketch.buckets[bucket] ?? 0) + 1
  sketch.count++
}

export function mergeSketches(sketches: readonly Sketch[]): Sketch {
  const merged = emptySketch()
  for (const sketch of sketches) {
    merged.count += sketch.count
    for (const bucket in sketch.buckets) {
      merged.buckets[bucket] = (merged.buckets[bucket] ?? 0) + (sketch.buckets[bucket] ?? 0)
    }
  }
  return merged
}

/**
 * The values below which the given shares (ascending, 0 to 1) of all values lie, in one pass. Null when there are none.
 */
export function quantiles(sketch: Sketch, shares: readonly number[]): number[] | null {
  if (sketch.count === 0) return null
  const values: number[] = []
  let seen = 0
  let last = 0
  for (const bucket in sketch.buckets) {
    seen += sketch.buckets[bucket] ?? 0
    // The middle of a bucket, in the sense that both its ends are off by the same share.
    last = (smallest * 2 * gamma ** Number(bucket)) / (gamma + 1)
    while (values.length < shares.length && (shares[values.length] ?? 1) * (sketch.count - 1) < seen) values.push(last)
  }
  while (values.length < shares.length) values.push(last)
  return values
}

/** Percentiles of what is better when low: p90 is what 90 % do not exceed. */
export function ascendingPercentiles(sketch: Sketch): Percentiles | null {
  const [p50, p75, p90, p99] = quantiles(sketch, [0.5, 0.75, 0.9, 0.99]) ?? []
  return percentiles(p50, p75, p90, p99)
}

/** Percentiles of what is better when high: p90 is what 90 % reach. */
export function descendingPercentiles(sketch: Sketch): Percentiles | null {
  const [p99, p90, p75, p50] = quantiles(sketch, [0.01, 0.1, 0.25, 0.5]) ?? []
  return percentiles(p50, p75, p90, p99)
}

function percentiles(p50?: number, p75?: number, p90?: number, p99?: number): Percentiles | null {
  if (p50 === undefined || p75 === undefined || p90 === undefined || p99 === undefined) return null
  return { p50: round(p50), p75: round(p75), p90: round(p90), p99: round(p99) }
}

/** To what the relative error leaves of a number: people read these. */
function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
