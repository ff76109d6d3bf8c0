import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Dated, KeptValues } from '../../src/catalog/kept-values.ts'

const options = {
  freshMs: 60_000,
  maxAgeMs: 300_000,
  missingMs: 10_000,
  patienceMs: 2_000,
  maxValues: 3,
  maxMissing: 2,
}

/** A source that counts its loads and answers when it is told to. */
class Source {
  loads = 0
  background: Promise<unknown>[] = []
  answer: (now: number) => Promise<Dated<string> | null> = async (at) => ({ value: `v${this.loads}`, at })

  access(now: number) {
    return {
      now,
      load: () => {
        this.loads += 1
        return this.answer(now)
      },
      background: (promise: Promise<unknown>) => {
        this.background.push(promise)
      },
    }
  }

  async settle() {
    await Promise.all(this.background.splice(0))
  }
}

let failures: unknown[]
let source: Source
let kept: KeptValues<string>

beforeEach(() => {
  failures = []
  source = new Source()
  kept = new KeptValues(options, (error) => failures.push(error))
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a kept value', () => {
  it('is a plain value once it is there, and nothing is loaded', async () => {
    expect(await kept.get('a', source.access(0))).toBe('v1')
    expect(kept.get('a', source.access(59_999))).toBe('v1')
    expect(source.loads).toBe(1)
  })

  it('is answered stale while one refresh runs behind the answer', async () => {
    await kept.get('a', source.access(0))
    expect(kept.get('a', source.access(60_000))).toBe('v1')
    expect(kept.get('a', source.access(60_001))).toBe('v1')
    expect(source.loads).toBe(2)
    await source.settle()
    expect(kept.get('a', source.access(60_002))).toBe('v2')
  })

  it('is not answered when nobody asked for so long that it may no longer hold', async () => {
    await kept.get('a', source.access(0))
    expect(kept.get('a', source.access(299_999))).toBe('v1')
    await source.settle()
    const both = [kept.get('a', source.access(599_999)), kept.get('a', source.access(599_999))]
    expect(await Promise.all(both)).toEqual(['v3', 'v3'])
    expect(source.loads).toBe(3)
    source.answer = async () => null
    expect(await kept.get('a', source.access(900_000))).toBeNull()
  })

  it('holds nobody up twice when the load that is due never ends', async () => {
    vi.useFakeTimers()
    await kept.get('a', source.access(0))
    source.answer = () => new Promise(() => {})
    const waiting = [kept.get('a', source.access(300_000)), kept.get('a', source.access(301_000))]
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await Promise.all(waiting)).toEqual(['v1', 'v1'])
    expect(kept.get('a', source.access(302_000))).toBe('v1')
    source.answer = async (at) => ({ value: 'new', at })
    kept.get('a', source.access(304_000))
    await vi.advanceTimersByTimeAsync(0)
    expect(kept.get('a', source.access(304_001))).toBe('new')
    expect(await kept.get('a', source.access(700_000))).toBe('new')
  })

  it('that was kept for want of a newer one is not believed for ever', async () => {
    await kept.get('a', source.access(0))
    source.answer = () => Promise.reject(new Error('D1 is down'))
    expect(await kept.get('a', source.access(300_000))).toBe('v1')
    source.answer = async (at) => ({ value: 'new', at })
    expect(await kept.get('a', source.access(100_000_000))).toBe('new')
  })

  it('holds nobody up either when the source has nothing but an older copy', async () => {
    await kept.get('a', source.access(0))
    source.answer = async () => ({ value: 'copy', at: 0 })
    const waits: number[] = []
    for (let now = 1_000; now < 900_000; now += 1_000) {
      if (kept.get('a', source.access(now)) instanceof Promise) waits.push(now)
      await source.settle()
    }
    expect(waits).toEqual([300_000])
  })

  it('stays for hours when loads fail, asking again after a pause each time', async () => {
    await kept.get('a', source.access(0))
    source.answer = () => Promise.reject(new Error('D1 is down'))
    const hourMs = 3_600_000
    expect(await kept.get('a', source.access(hourMs))).toBe('v1')
    for (const now of [hourMs + 1_999, hourMs + 2_000, hourMs + 301_000]) {
      expect(kept.get('a', source.access(now))).toBe('v1')
      await source.settle()
    }
    expect(source.loads).toBe(4)
    expect(failures).toHaveLength(3)
    source.answer = async (at) => ({ value: 'back', at })
    expect(await kept.get('a', source.access(6 * hourMs))).toBe('back')
  })

  it('is refreshed again when a refresh never ends', async () => {
    await kept.get('a', source.access(0))
    source.answer = () => new Promise(() => {})
    kept.get('a', source.access(70_000))
    kept.get('a', source.access(71_999))
    expect(source.loads).toBe(2)
    source.answer = async (at) => ({ value: 'new', at })
    kept.get('a', source.access(72_000))
    await source.settle.call({ background: source.background.slice(-1) } as Source)
    expect(kept.get('a', source.access(72_000))).toBe('new')
  })

  it('goes when the source has it no more', async () => {
    await kept.get('a', source.access(0))
    source.answer = async () => null
    expect(kept.get('a', source.access(60_000))).toBe('v1')
    await source.settle()
    expect(kept.get('a', source.access(60_001))).toBeNull()
  })

  it('is not replaced by an older copy, but is when the clock was set back', async () => {
    await kept.get('a', source.access(100_000))
    source.answer = async () => ({ value: 'older copy', at: 50_000 })
    kept.get('a', source.access(160_000))
    await source.settle()
    expect(kept.get('a', source.access(160_001))).toBe('v1')
    source.answer = async (at) => ({ value: 'after the jump', at })
    expect(kept.get('a', source.access(1_000))).toBe('v1')
    await source.settle()
    expect(kept.get('a', source.access(1_001))).toBe('after the jump')
  })
})

describe('a missing value', () => {
  it('is believed to be missing for a while, then asked for again', async () => {
    source.answer = async () => null
    expect(await kept.get('a', source.access(0))).toBeNull()
    expect(kept.get('a', source.access(9_999))).toBeNull()
    expect(source.loads).toBe(1)
    source.answer = async (at) => ({ value: 'here', at })
    expect(await kept.get('a', source.access(10_000))).toBe('here')
  })

  it('takes no room from known ones, however many are made up', async () => {
    await kept.get('known', source.access(0))
    source.answer = async () => null
    for (let i = 0; i < 10_000; i += 1) await kept.get(`made-up-${i}`, source.access(i % 1000))
    await source.settle()
    expect(kept.size).toBe(3)
    expect(kept.get('known', source.access(1))).toBe('v1')
  })

  it('is told as an error, and tried again at once, when the load fails', async () => {
    source.answer = () => Promise.reject(new Error('D1 is down'))
    await expect(kept.get('a', source.access(0))).rejects.toThrow('D1 is down')
    await expect(kept.get('a', source.access(0))).rejects.toThrow('D1 is down')
    expect(source.loads).toBe(2)
    await source.settle()
  })
})

describe('room', () => {
  it('is made by dropping the value that was refreshed longest ago', async () => {
    for (const key of ['a', 'b', 'c']) await kept.get(key, source.access(0))
    kept.get('a', source.access(60_000))
    await source.settle()
    await kept.get('d', source.access(60_000))
    expect(kept.size).toBe(3)
    expect(kept.get('a', source.access(60_001))).toBe('v4')
    expect(kept.get('b', source.access(60_001))).toBeInstanceOf(Promise)
  })
})

describe('many askers at once', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  it('share one load', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => kept.get('a', source.access(0))))
    expect(new Set(answers)).toEqual(new Set(['v1']))
    expect(source.loads).toBe(1)
  })

  it('share one load also when the value is too old, and none follows when it never ends', async () => {
    await kept.get('a', source.access(0))
    source.answer = () => new Promise(() => {})
    const asked = Array.from({ length: 100 }, () => kept.get('a', source.access(300_000)))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['v1']))
    expect(source.loads).toBe(2)
  })

  it('share the next load too when the first never ends', async () => {
    source.answer = () => new Promise(() => {})
    const asked = Array.from({ length: 100 }, () => kept.get('a', source.access(0)))
    source.answer = async (at) => ({ value: 'second', at })
    await vi.advanceTimersByTimeAsync(2_000)
    // The first asker's own load never ends; its request has to end it.
    expect(new Set(await Promise.all(asked.slice(1)))).toEqual(new Set(['second']))
    expect(source.loads).toBe(2)
  })

  it('keep the shared load alive in the first request, whatever becomes of it', async () => {
    const first = kept.get('a', source.access(0))
    expect(source.background).toHaveLength(1)
    await first
  })

  it('ask for themselves when the first request was cancelled and its load never settles', async () => {
    const healthy = source.answer
    source.answer = () => new Promise(() => {})
    kept.get('a', source.access(0))
    const second = kept.get('a', source.access(10))
    source.answer = healthy
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await second).toBe('v2')
    expect(kept.get('a', source.access(2_010))).toBe('v2')
  })

  it('leave no timer behind', async () => {
    const answers = [kept.get('a', source.access(0)), kept.get('a', source.access(0))]
    await Promise.all(answers)
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})
