import { describe, expect, it } from 'vitest'
import {
  addCharge,
  affordableNanoUsd,
  type Charge,
  noSpend,
  safeNanoUsd,
  spendAt,
  spentNanoUsd,
  startOfPeriod,
} from '../../src/metering/spend.ts'

// A Saturday; the week began on Monday the 16th.
const noon = Date.UTC(2026, 10, 21, 12)
const day = 86_400_000

function charge(costNanoUsd: number, differences: Partial<Charge> = {}): Charge {
  return { createdAt: noon, costNanoUsd, upstreamCostNanoUsd: costNanoUsd, isByok: false, ...differences }
}

describe('startOfPeriod', () => {
  it.each([
    ['daily', noon, Date.UTC(2026, 10, 21)],
    ['weekly', noon, Date.UTC(2026, 10, 16)],
    ['weekly', Date.UTC(2026, 10, 16), Date.UTC(2026, 10, 16)],
    ['weekly', Date.UTC(2026, 10, 22, 23, 59, 59, 999), Date.UTC(2026, 10, 16)],
    ['weekly', Date.UTC(2026, 10, 1), Date.UTC(2026, 9, 26)],
    ['weekly', Date.UTC(2027, 0, 1), Date.UTC(2026, 11, 28)],
    ['monthly', noon, Date.UTC(2026, 10, 1)],
    ['monthly', Date.UTC(2026, 10, 30, 23, 59, 59, 999), Date.UTC(2026, 10, 1)],
  ] as const)('%s of %d', (period, at, start) => {
    expect(startOfPeriod(period, at)).toBe(start)
  })
})

describe('spend', () => {
  it('counts a charge all time and in the current day, week and month', () => {
    const { usage } = addCharge(addCharge(noSpend(noon), charge(5), noon), charge(7), noon + 1)
    expect(usage).toMatchObject({ totalNanoUsd: 12, dailyNanoUsd: 12, weeklyNanoUsd: 12, monthlyNanoUsd: 12 })
    expect(usage.byokTotalNanoUsd).toBe(0)
  })

  it('mirrors list prices for calls with a key of one’s own', () => {
    const bill = charge(5, { isByok: true, upstreamCostNanoUsd: 100 })
    const { usage } = addCharge(noSpend(noon), bill, noon)
    expect(usage).toMatchObject({ totalNanoUsd: 5, dailyNanoUsd: 5, byokTotalNanoUsd: 100, byokMonthlyNanoUsd: 100 })
  })

  it.each([
    ['the next day', noon + day, { dailyNanoUsd: 0, weeklyNanoUsd: 5, monthlyNanoUsd: 5 }],
    ['the next Monday', Date.UTC(2026, 10, 23), { dailyNanoUsd: 0, weeklyNanoUsd: 0, monthlyNanoUsd: 5 }],
    ['the next month', Date.UTC(2026, 11, 1), { dailyNanoUsd: 0, weeklyNanoUsd: 0, monthlyNanoUsd: 0 }],
    ['a minute later', noon + 60_000, { dailyNanoUsd: 5, weeklyNanoUsd: 5, monthlyNanoUsd: 5 }],
  ])('starts new counters on %s', (_, now, expected) => {
    expect(spendAt(addCharge(noSpend(noon), charge(5), noon), now).usage).toMatchObject({
      totalNanoUsd: 5,
      ...expected,
    })
  })

  it('counts a request that ends after midnight in the day that it began', () => {
    const afterMidnight = Date.UTC(2026, 10, 22, 0, 1)
    const before = charge(5, { createdAt: afterMidnight - 120_000 })
    const { usage } = addCharge(noSpend(noon), before, afterMidnight)
    expect(usage).toMatchObject({ totalNanoUsd: 5, dailyNanoUsd: 0, weeklyNanoUsd: 5, monthlyNanoUsd: 5 })
  })

  it('empties no counter when the clock goes back, nor keeps one for ever after a jump into the future', () => {
    const spent = addCharge(noSpend(noon), charge(5), noon)
    const back = spendAt(spent, noon - 2 * day)
    expect(back.usage.dailyNanoUsd).toBe(5)
    const returned = spendAt(spendAt(spent, noon + 400 * day), noon)
    const spentAgain = addCharge(returned, charge(9), noon)
    expect(spentAgain.usage.dailyNanoUsd).toBe(9)
    expect(spendAt(spentAgain, noon + day).usage.dailyNanoUsd).toBe(0)
  })

  it('stays exact to the nano-dollar over many charges', () => {
    let spend = noSpend(noon)
    let sum = 0n
    for (let i = 0; i < 10_000; i++) {
      const cost = (i * 7_919_993) % 900_000_000_000
      sum += BigInt(cost)
      spend = addCharge(spend, charge(cost), noon)
    }
    expect(BigInt(spend.usage.totalNanoUsd)).toBe(sum)
  })

  it('stops at the largest exact number and takes no nonsense', () => {
    const full = addCharge(noSpend(noon), charge(Number.MAX_SAFE_INTEGER), noon)
    expect(addCharge(full, charge(10), noon).usage.totalNanoUsd).toBe(Number.MAX_SAFE_INTEGER)
    expect([-5, Number.NaN, 0.2, Number.POSITIVE_INFINITY].map((value) => safeNanoUsd(value))).toEqual([
      0,
      0,
      1,
      Number.MAX_SAFE_INTEGER,
    ])
    expect(safeNanoUsd(Number.NaN, 7)).toBe(7)
  })
})

describe('affordableNanoUsd', () => {
  const usage = { ...noSpend(noon).usage, totalNanoUsd: 90, dailyNanoUsd: 10, weeklyNanoUsd: 20, monthlyNanoUsd: 30 }
  const withByok = { ...usage, byokTotalNanoUsd: 5, byokDailyNanoUsd: 1, byokWeeklyNanoUsd: 2, byokMonthlyNanoUsd: 3 }

  it.each([
    [null, false, 10],
    ['daily', false, 90],
    ['weekly', false, 80],
    ['monthly', false, 70],
    [null, true, 5],
    ['daily', true, 89],
    ['weekly', true, 78],
    ['monthly', true, 67],
  ] as const)('of a limit of 100 with reset %s, own keys counted %s: %d', (limitReset, includeByokInLimit, left) => {
    const limit = { limitNanoUsd: 100, limitReset, includeByokInLimit }
    expect(spentNanoUsd(limit, withByok)).toBe(100 - left)
    expect(affordableNanoUsd(limit, withByok, 0)).toBe(left)
    expect(affordableNanoUsd(limit, withByok, 4)).toBe(left - 4)
    expect(affordableNanoUsd(limit, withByok, 1000)).toBe(0)
  })

  it('is unlimited without a limit', () => {
    expect(affordableNanoUsd({ limitNanoUsd: null, limitReset: null, includeByokInLimit: true }, usage, 5)).toBeNull()
  })
})
