import { describe, expect, it } from 'vitest'
import type { HealthReport } from '../../src/routing/health.ts'
import { countCall, emptyStatistics, describe as published } from '../../src/routing/statistics.ts'

const start = 1_800_000_000_000
const minute = 60_000

function counted(successes: number, errors: number, at = start, more: Partial<HealthReport> = {}) {
  const statistics = emptyStatistics()
  const count = (times: number, outcome: HealthReport['outcome']) => {
    for (let call = 0; call < times; call++) countCall(statistics, { endpoint: 'e', at, outcome, ...more }, at)
  }
  count(successes, 'success')
  count(errors, 'error')
  return statistics
}

describe('what is published of an endpoint', () => {
  it.each([
    { successes: 0, errors: 0, uptime: null, band: 'normal' },
    { successes: 8, errors: 1, uptime: null, band: 'normal' },
    { successes: 5, errors: 5, uptime: 50, band: 'normal' },
    { successes: 49, errors: 50, uptime: 49.49, band: 'normal' },
    { successes: 95, errors: 5, uptime: 95, band: 'normal' },
    { successes: 949, errors: 51, uptime: 94.9, band: 'degraded' },
    { successes: 80, errors: 20, uptime: 80, band: 'degraded' },
    { successes: 79, errors: 21, uptime: 79, band: 'down' },
    { successes: 0, errors: 100, uptime: 0, band: 'down' },
  ])('is uptime $uptime and band $band after $successes successes and $errors errors', (given) => {
    expect(published(counted(given.successes, given.errors), start)).toMatchObject({
      uptime5m: given.uptime,
      uptime30m: given.uptime,
      uptime1d: given.uptime,
      band: given.band,
    })
  })

  it('counts neither 429s nor the client’s own fault', () => {
    const statistics = counted(10, 0)
    for (let call = 0; call < 50; call++) {
      countCall(statistics, { endpoint: 'e', at: start, outcome: 'rate-limited' }, start)
      countCall(statistics, { endpoint: 'e', at: start, outcome: 'excluded' }, start)
      countCall(statistics, { endpoint: 'e', at: start, outcome: 'answered' }, start)
    }
    expect(published(statistics, start).uptime5m).toBe(100)
  })

  it('moves on with its windows of five and thirty minutes and a day', () => {
    const statistics = counted(30, 10, start, { latencyMs: 500, tokensPerSecond: 70 })
    const publishedAfter = (minutes: number) => published(statistics, start + minutes * minute)
    expect(publishedAfter(4)).toMatchObject({ uptime5m: 75, uptime30m: 75, uptime1d: 75 })
    expect(publishedAfter(4).latency?.p50).toBeGreaterThan(489)
    expect(publishedAfter(6)).toMatchObject({
      uptime5m: null,
      uptime30m: 75,
      uptime1d: 75,
      latency: null,
      throughput: null,
    })
    expect(publishedAfter(31)).toMatchObject({ uptime5m: null, uptime30m: null, uptime1d: 75 })
    expect(publishedAfter(25 * 60)).toMatchObject({ uptime5m: null, uptime30m: null, uptime1d: null })
  })

  it('judges a busy endpoint by five minutes and a quieter one by thirty', () => {
    const busy = counted(0, 500)
    const later = start + 10 * minute
    for (let call = 0; call < 100; call++) countCall(busy, { endpoint: 'e', at: later, outcome: 'success' }, later)
    expect(published(busy, later)).toMatchObject({ band: 'normal', uptime5m: 100, uptime30m: 16.67 })
    const quiet = counted(0, 90)
    for (let call = 0; call < 30; call++) countCall(quiet, { endpoint: 'e', at: later, outcome: 'success' }, later)
    expect(published(quiet, later)).toMatchObject({ band: 'down', uptime5m: 100, uptime30m: 25 })
  })

  it('has the performance of successes that were measured', () => {
    const statistics = counted(100, 0, start, { latencyMs: 640 })
    countCall(statistics, { endpoint: 'e', at: start, outcome: 'error', latencyMs: 9 }, start)
    const { latency, throughput } = published(statistics, start)
    expect(latency?.p99).toBeGreaterThan(627)
    expect(latency?.p50).toBeLessThan(653)
    expect(throughput).toBeNull()
  })

  it('counts what a call took that was given up for a quicker one, and nothing else of it', () => {
    const statistics = counted(90, 0, start, { latencyMs: 100 })
    for (let call = 0; call < 10; call++)
      countCall(statistics, { endpoint: 'e', at: start, outcome: 'excluded', latencyAtLeastMs: 900 }, start)
    const { latency, uptime5m } = published(statistics, start)
    expect(latency?.p75).toBeLessThan(103)
    expect(latency?.p99).toBeGreaterThan(880)
    expect(uptime5m).toBe(100)
    expect(published(counted(90, 0, start, { latencyMs: 100 }), start).uptime5m).toBe(uptime5m)
  })

  it('stays small under a day of traffic', () => {
    const statistics = emptyStatistics()
    for (let at = start; at < start + 26 * 60 * minute; at += 5_000) {
      countCall(
        statistics,
        { endpoint: 'e', at, outcome: 'success', latencyMs: at % 4_000, tokensPerSecond: at % 90 },
        at,
      )
    }
    expect(JSON.stringify(statistics).length).toBeLessThan(20_000)
  })
})

describe('what tells the quality of an endpoint', () => {
  const withTools = (toolCalls: 'ok' | 'bad') => ({ toolCalls })

  it('counts from a hundred calls on within thirty minutes', () => {
    expect(published(counted(99, 0), start)).not.toHaveProperty('measured')
    expect(published(counted(90, 10), start)).toMatchObject({ measured: true })
    expect(published(counted(90, 10), start + 31 * minute)).not.toHaveProperty('measured')
  })

  it('is the share of answers whose tool calls could be made, from two hundred on within two hours', () => {
    const statistics = counted(180, 0, start, withTools('ok'))
    for (let call = 0; call < 19; call++)
      countCall(statistics, { endpoint: 'e', at: start, outcome: 'success', ...withTools('bad') }, start)
    expect(published(statistics, start)).not.toHaveProperty('toolSuccess')
    countCall(statistics, { endpoint: 'e', at: start, outcome: 'success', ...withTools('bad') }, start)
    expect(published(statistics, start + 100 * minute).toolSuccess).toBe(0.9)
    expect(published(statistics, start + 121 * minute)).not.toHaveProperty('toolSuccess')
  })

  it('says nothing of answers without tool calls', () => {
    const statistics = counted(500, 0)
    expect(statistics.tools).toBeUndefined()
    expect(published(statistics, start)).not.toHaveProperty('toolSuccess')
  })
})
