import { describe, expect, it } from 'vitest'
import { affordsHedge, affordsRetry, earnRetries, openBudget, spendRetry } from '../../src/routing/retry-budget.ts'

const start = 1_800_000_000_000

/** So many requests, evenly over so many seconds, each of which hedges if it may. Answers how many did. */
function hedges(requests: number, seconds: number, budget = openBudget(start)): number {
  let made = 0
  for (let index = 0; index < requests; index++) {
    earnRetries(budget, start + (index * seconds * 1000) / requests)
    if (!affordsHedge(budget)) continue
    spendRetry(budget)
    made++
  }
  return made
}

describe('a retry budget', () => {
  it.each([
    { requests: 750, seconds: 60 },
    { requests: 60_000, seconds: 60 },
    { requests: 3_600, seconds: 3_600 },
  ])(
    'lets at most a tenth of $requests requests in $seconds s be followed by an extra call',
    ({ requests, seconds }) => {
      const made = hedges(requests, seconds)
      expect(made).toBeGreaterThan(0.065 * requests)
      expect(made).toBeLessThanOrEqual(0.1 * requests)
    },
  )

  it('never stands in the way of somebody who asks every fifteen seconds', () => {
    expect(hedges(100, 1_500)).toBe(100)
  })

  it('keeps a part for retries that hedges cannot have', () => {
    const budget = openBudget(start)
    hedges(200, 1, budget)
    expect(affordsHedge(budget)).toBe(false)
    let retries = 0
    for (; affordsRetry(budget); retries++) spendRetry(budget)
    expect(retries).toBeGreaterThanOrEqual(5)
  })

  it('counts the failovers that it may not refuse, and forgets the debt of an outage in time', () => {
    const budget = openBudget(start)
    for (let index = 0; index < 10_000; index++) spendRetry(budget)
    earnRetries(budget, start)
    expect(affordsRetry(budget)).toBe(false)
    for (let index = 0; index < 250; index++) earnRetries(budget, start + 1_000)
    expect(affordsRetry(budget)).toBe(true)
    expect(affordsHedge(budget)).toBe(false)
  })

  it('saves nothing up beyond its measure, nor loses anything, when the clock jumps', () => {
    const budget = openBudget(start)
    spendRetry(budget)
    const left = budget.calls
    earnRetries(budget, start - 3_600_000)
    expect(budget.calls).toBeGreaterThan(left)
    earnRetries(budget, start + 86_400_000)
    expect(budget.calls).toBe(openBudget(start).calls)
  })
})
