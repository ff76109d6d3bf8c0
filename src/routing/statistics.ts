import type { EndpointHealth, HealthBand, HealthReport } from './health.ts'
import {
  addValue,
  ascendingPercentiles,
  descendingPercentiles,
  emptySketch,
  mergeSketches,
  type Sketch,
} from './sketch.ts'
import { emptyTally, type Tally, tallyCall, totalsOf } from './tally.ts'

const fineMs = 30_000
const coarseMs = 1_800_000
const slicesOf5m = 10
const slicesOf30m = 60
const slicesOf1d = 48
const minuteMs = 60_000
const minutesOfPerformance = 5
/** Fewer attempts than this say nothing that could be published. */
const attemptsToPublish = 10
/** Fewer than this put no endpoint into a lower band. */
const attemptsToJudge = 100

const toolSliceMs = 300_000
const slicesOf2h = 24
/** Answers with tool calls that it takes to say how well an endpoint calls tools (`openrouter-routing.md` §3.10). */
const toolAnswersToJudge = 200

/** One minute of an endpoint's performance; `slot` is epoch milliseconds divided by a minute. */
interface PerformanceMinute {
  slot: number
  latency: Sketch
  throughput: Sketch
}

/** What is counted of one endpoint: plain data, a few kB. */
export interface Statistics {
  fine: Tally
  coarse: Tally
  performance: PerformanceMinute[]
  seenAt: number
  /** Answers with tool calls: those that were sound as successes. Made with the first of them. */
  tools?: Tally
}

export function emptyStatistics(): Statistics {
  return { fine: emptyTally(fineMs, slicesOf30m), coarse: emptyTally(coarseMs, slicesOf1d), performance: [], seenAt: 0 }
}

/** Counts one outcome in place. Only successes and errors count: `openrouter-routing.md` §3.7. */
export function countCall(statistics: Statistics, report: HealthReport, now: number): void {
  statistics.seenAt = now
  const at = Math.min(report.at, now)
  if (report.latencyAtLeastMs !== undefined) countPerformance(statistics, report, at, now)
  if (report.outcome !== 'success' && report.outcome !== 'error') return
  const success = report.outcome === 'success'
  tallyCall(statistics.fine, at, success, now)
  tallyCall(statistics.coarse, at, success, now)
  if (success) countPerformance(statistics, report, at, now)
  if (report.toolCalls !== undefined) {
    statistics.tools ??= emptyTally(toolSliceMs, slicesOf2h)
    tallyCall(statistics.tools, at, report.toolCalls === 'ok', now)
  }
}

function countPerformance(statistics: Statistics, report: HealthReport, at: number, now: number): void {
  const { latencyMs = report.latencyAtLeastMs, tokensPerSecond } = report
  const slot = Math.floor(at / minuteMs)
  statistics.performance = recentMinutes(statistics, now)
  if (slot <= Math.floor(now / minuteMs) - minutesOfPerformance) return
  if (latencyMs === undefined && tokensPerSecond === undefined) return
  let minute = statistics.performance.find((one) => one.slot === slot)
  if (minute === undefined) {
    minute = { slot, latency: emptySketch(), throughput: emptySketch() }
    statistics.performance.push(minute)
  }
  if (latencyMs !== undefined) addValue(minute.latency, latencyMs)
  if (tokensPerSecond !== undefined) addValue(minute.throughput, tokensPerSecond)
}

function recentMinutes(statistics: Statistics, now: number): PerformanceMinute[] {
  const newest = Math.floor(now / minuteMs)
  return statistics.performance.filter(({ slot }) => slot > newest - minutesOfPerformance && slot <= newest)
}

/** What is published of the counts. */
export function describe(
  statistics: Statistics,
  now: number,
): Omit<EndpointHealth, 'unstable' | 'openUntil' | 'probeReady' | 'cooldownUntil'> {
  const last5m = attemptsOf(totalsOf(statistics.fine, now, slicesOf5m))
  const last30m = attemptsOf(totalsOf(statistics.fine, now, slicesOf30m))
  const last1d = attemptsOf(totalsOf(statistics.coarse, now))
  const minutes = recentMinutes(statistics, now)
  return {
    band: bandOf(last5m.attempts >= attemptsToJudge ? last5m : last30m),
    uptime5m: published(last5m),
    uptime30m: published(last30m),
    uptime1d: published(last1d),
    latency: ascendingPercentiles(mergeSketches(minutes.map(({ latency }) => latency))),
    throughput: descendingPercentiles(mergeSketches(minutes.map(({ throughput }) => throughput))),
    ...(last30m.attempts >= attemptsToJudge ? { measured: true } : {}),
    ...toolSuccessOf(statistics.tools, now),
  }
}

/** To a hundredth, because every change of what is published is told to every isolate. */
function toolSuccessOf(tools: Tally | undefined, now: number): { toolSuccess?: number } {
  if (!tools) return {}
  const { successes, errors } = totalsOf(tools, now)
  const answers = successes + errors
  return answers < toolAnswersToJudge ? {} : { toolSuccess: Math.round((successes / answers) * 100) / 100 }
}

interface Attempts {
  attempts: number
  /** Percent; NaN without attempts. */
  uptime: number
}

function attemptsOf({ successes, errors }: { successes: number; errors: number }): Attempts {
  const attempts = successes + errors
  return { attempts, uptime: (successes / attempts) * 100 }
}

function published({ attempts, uptime }: Attempts): number | null {
  return attempts < attemptsToPublish ? null : Math.round(uptime * 100) / 100
}

function bandOf({ attempts, uptime }: Attempts): HealthBand {
  if (attempts < attemptsToJudge || uptime >= 95) return 'normal'
  return uptime >= 80 ? 'degraded' : 'down'
}
