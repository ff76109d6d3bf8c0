import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Patience } from '../../src/edge/patience.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** What became of waits, with the time at which it did. */
function waiting(patience = new Patience()) {
  const startedAt = Date.now()
  const late: [string, number][] = []
  return {
    patience,
    late,
    begin: (name: string, ms: number) => patience.begin(ms, () => late.push([name, Date.now() - startedAt])),
  }
}

describe('the patience of a request', () => {
  it('ends each wait at its own time, whatever order they began in', () => {
    const { late, begin } = waiting()
    begin('long', 30_000)
    begin('short', 5_000)
    vi.advanceTimersByTime(1_000)
    begin('between', 10_000)
    vi.advanceTimersByTime(60_000)
    expect(late).toEqual([
      ['short', 5_000],
      ['between', 11_000],
      ['long', 30_000],
    ])
  })

  it('has one timer for waits that follow each other, and calls nobody for those that are over', () => {
    const { patience, late, begin } = waiting()
    for (let i = 0; i < 100; i++) {
      patience.end(begin(`${i}`, 5_000 + i))
      vi.advanceTimersByTime(10)
    }
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(60_000)
    expect(late).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('goes on to the next wait when the timer of one that is over fires', () => {
    const { patience, late, begin } = waiting()
    patience.end(begin('admission', 5_000))
    vi.advanceTimersByTime(4_000)
    begin('first content', 30_000)
    vi.advanceTimersByTime(29_999)
    expect(late).toEqual([])
    vi.advanceTimersByTime(1)
    expect(late).toEqual([['first content', 34_000]])
  })

  it('keeps its time when the clock goes back', () => {
    const { late, begin } = waiting()
    begin('wait', 10_000)
    vi.advanceTimersByTime(9_000)
    vi.setSystemTime(Date.now() - 3_600_000)
    vi.advanceTimersByTime(999)
    expect(late).toEqual([])
    vi.advanceTimersByTime(1)
    expect(late).toHaveLength(1)
  })

  it('gives what a promise gives in time, and rejects when it does not', async () => {
    const patience = new Patience()
    await expect(patience.within(10, Promise.resolve('here'))).resolves.toBe('here')
    await expect(patience.within(10, Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    const never = patience.within(10, new Promise(() => {}))
    vi.advanceTimersByTime(10)
    await expect(never).rejects.toThrow('no answer within 10 ms')
  })
})
