import { describe, expect, it } from 'vitest'
import { randomOf } from '../../src/routing/random.ts'
import { emptyTally, tallyCall, totalsOf } from '../../src/routing/tally.ts'

const start = 1_800_000_000_000

describe('a tally', () => {
  it('counts what happened within its slices and forgets the rest', () => {
    const tally = emptyTally(1000, 30)
    tallyCall(tally, start, true, start)
    tallyCall(tally, start, false, start)
    expect(totalsOf(tally, start + 29_999)).toEqual({ successes: 1, errors: 1 })
    expect(totalsOf(tally, start + 30_000)).toEqual({ successes: 0, errors: 0 })
    tallyCall(tally, start + 60_000, true, start + 60_000)
    expect(tally.slices).toHaveLength(1)
  })

  it('counts the last few slices alone', () => {
    const tally = emptyTally(1000, 30)
    for (let second = 0; second < 30; second++) tallyCall(tally, start + second * 1000, true, start + second * 1000)
    expect(totalsOf(tally, start + 29_000, 10).successes).toBe(10)
  })

  it('gives the same sums in whatever order calls are counted, and keeps its slices in order', () => {
    const random = randomOf(7)
    const times = Array.from({ length: 500 }, () => start + Math.floor(random() * 30_000))
    const now = start + 29_999
    const inOrder = emptyTally(1000, 30)
    const shuffled = emptyTally(1000, 30)
    for (const at of [...times].sort((a, b) => a - b)) tallyCall(inOrder, at, at % 3 === 0, now)
    for (const at of times) tallyCall(shuffled, at, at % 3 === 0, now)
    expect(shuffled).toEqual(inOrder)
  })

  it('takes a time in the future for now, and leaves out what lies ahead once the clock has gone back', () => {
    const tally = emptyTally(1000, 30)
    tallyCall(tally, start + 99_000, true, start)
    expect(totalsOf(tally, start).successes).toBe(1)
    expect(totalsOf(tally, start - 60_000).successes).toBe(0)
    tallyCall(tally, start - 60_000, true, start - 60_000)
    expect(totalsOf(tally, start - 60_000).successes).toBe(1)
    expect(tally.slices).toHaveLength(1)
  })

  it('leaves out calls from before its time', () => {
    const tally = emptyTally(1000, 30)
    tallyCall(tally, start - 30_000, true, start)
    expect(tally.slices).toEqual([])
  })
})
