import { describe, expect, it, vi } from 'vitest'
import { type SendRows, SettleQueue } from '../../src/objects/settle-queue.ts'
import { type SettledRow, settledRow } from '../../src/objects/settled-row.ts'
import { sampleGeneration } from '../support/sample-generation.ts'

const quick = { gatherMs: 10, patienceMs: 60, callMs: 30, pausesMs: [5, 10] }

function row(id: string): SettledRow {
  return settledRow(sampleGeneration({ id }))
}

/** An object that remembers which calls brought which rows. */
function receiver(answer: (call: number) => Promise<void> | void = () => {}) {
  const calls: string[][] = []
  const send: SendRows = async (rows) => {
    calls.push(rows.map(({ id }) => id))
    await answer(calls.length)
  }
  return { calls, send }
}

const never = () => new Promise<void>(() => {})

describe('SettleQueue', () => {
  it('lets requests that end together share one call', async () => {
    const queue = new SettleQueue({ timing: quick })
    const { calls, send } = receiver()
    await Promise.all(['a', 'b', 'c'].map((id) => queue.add('k1', row(id), send)))
    expect(calls).toEqual([['a', 'b', 'c']])
    await queue.add('k1', row('d'), send)
    expect(calls).toEqual([['a', 'b', 'c'], ['d']])
  })

  it('keeps keys apart', async () => {
    const queue = new SettleQueue({ timing: quick })
    const { calls, send } = receiver()
    await Promise.all([queue.add('k1', row('a'), send), queue.add('k2', row('b'), send)])
    expect(calls).toEqual([['a'], ['b']])
  })

  it('resolves for nobody before the rows are durable', async () => {
    const queue = new SettleQueue({ timing: quick })
    let durable = false
    const { send } = receiver(async () => {
      await scheduler.wait(15)
      durable = true
    })
    await Promise.all(
      ['a', 'b'].map(async (id) => {
        await queue.add('k1', row(id), send)
        expect(durable).toBe(true)
      }),
    )
  })

  it('keeps only the first two requests of a batch waiting', async () => {
    const queue = new SettleQueue({ timing: quick })
    const { calls, send } = receiver()
    const sent = Promise.all([queue.add('k1', row('a'), send), queue.add('k1', row('b'), send)])
    await queue.add('k1', row('c'), send)
    expect(calls).toEqual([])
    await sent
    expect(calls).toEqual([['a', 'b', 'c']])
  })

  it('starts another call at 100 rows', async () => {
    const queue = new SettleQueue({ timing: quick })
    const { calls, send } = receiver()
    const rows = Array.from({ length: 250 }, (_, i) => row(`${i}`))
    await Promise.all(rows.map((one) => queue.add('k1', one, send)))
    expect(calls.map(({ length }) => length)).toEqual([100, 100, 50])
  })

  it('tries again when the object was reset or overloaded', async () => {
    const queue = new SettleQueue({ timing: quick })
    const { calls, send } = receiver((call) => {
      if (call < 3) throw new Error('Durable Object is overloaded')
    })
    await Promise.all([queue.add('k1', row('a'), send), queue.add('k1', row('b'), send)])
    expect(calls).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  it('tries again when a call does not come back', async () => {
    const queue = new SettleQueue({ timing: quick })
    const { calls, send } = receiver((call) => (call === 1 ? never() : undefined))
    await queue.add('k1', row('a'), send)
    expect(calls.length).toBe(2)
  })

  it('rejects when nothing helped', async () => {
    const queue = new SettleQueue({ timing: quick, random: () => 0 })
    const { calls, send } = receiver(() => {
      throw new Error('gone')
    })
    const settled = await Promise.allSettled([queue.add('k1', row('a'), send), queue.add('k1', row('b'), send)])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    // Three tries of the first request and three of the second.
    expect(calls).toEqual(Array.from({ length: 6 }, () => ['a', 'b']))
  })

  it('loses no row of others when the request that carries them dies', async () => {
    const queue = new SettleQueue({ timing: quick, random: () => 0 })
    const dead = receiver(never)
    const alive = receiver()
    // The first request's calls never come back, as in a context that was torn down.
    const first = queue.add('k1', row('a'), dead.send).catch(() => 'lost')
    await Promise.all([queue.add('k1', row('b'), alive.send), queue.add('k1', row('c'), alive.send)])
    expect(alive.calls).toEqual([['a', 'b', 'c']])
    await first
  })

  it('does not go on joining a batch whose request is gone', async () => {
    let now = 0
    const queue = new SettleQueue({ timing: { ...quick, gatherMs: 60_000 }, random: () => 0, now: () => now })
    void queue.add('k1', row('a'), never)
    now = 240_000
    const { calls, send } = receiver()
    void queue.add('k1', row('b'), send)
    await queue.add('k1', row('c'), send)
    // `b` began a batch of its own that is still gathering; `c` joined it and ran out of patience.
    expect(calls).toEqual([['b', 'c']])
  })

  it('keeps what no try could deliver, and takes it along with the next request of its key', async () => {
    const queue = new SettleQueue({ timing: quick })
    let isAway = true
    const { calls, send } = receiver(() => {
      if (isAway) throw new Error('away')
    })
    await expect(queue.add('k1', row('a'), send)).rejects.toThrow('away')
    await expect(queue.add('k1', row('b'), send)).rejects.toThrow('away')
    expect(queue.kept).toBe(2)
    isAway = false
    await queue.add('k1', row('c'), send)
    expect(calls.slice(-2)).toEqual([['c'], ['a', 'b']])
    expect(queue.kept).toBe(0)
  })

  it('keeps rows until they are durable: the request that takes them along may die on the way', async () => {
    let now = 1_000_000
    const queue = new SettleQueue({ timing: { ...quick, pausesMs: [] }, now: () => now })
    const away: SendRows = async () => {
      throw new Error('away')
    }
    const ids = Array.from({ length: 250 }, (_, i) => `${i}`)
    await Promise.allSettled(ids.map((id) => queue.add('k1', row(id), away)))
    expect(queue.kept).toBe(250)
    const delivered = new Set<string>()
    let calls = 0
    // A call of the request that dies never comes back to it: nothing after the second happens.
    const dies: SendRows = async (rows) => {
      calls += 1
      if (calls > 2) return never()
      for (const { id } of rows) delivered.add(id)
    }
    await queue.add('k1', row('first'), dies)
    expect([delivered.size, queue.kept]).toEqual([101, 150])
    const { calls: later, send } = receiver()
    now += 60_000
    await queue.add('k1', row('second'), send)
    for (const id of later.flat()) delivered.add(id)
    expect([delivered.size, queue.kept]).toEqual([252, 0])
  })

  it('delivers what it keeps anew while a call with what it gave up is still to fail', async () => {
    const queue = new SettleQueue({ timing: { ...quick, callMs: 5_000, pausesMs: [] } })
    const logged = vi.spyOn(console, 'error').mockReturnValue()
    const away: SendRows = async () => {
      throw new Error('away')
    }
    const keepMany = (letter: string, count: number) =>
      Promise.allSettled(Array.from({ length: count }, (_, i) => queue.add('k1', row(`${letter}${i}`), away)))
    await keepMany('a', 5_000)
    const gate = Promise.withResolvers<void>()
    let calls = 0
    const own = queue.add('k1', row('own'), async ([first]) => {
      if (first?.id === 'own') return
      calls += 1
      await gate.promise
    })
    while (calls === 0) await scheduler.wait(5)
    await keepMany('b', 100)
    await keepMany('c', 100)
    gate.reject(new Error('away'))
    await own
    const { calls: brought, send } = receiver()
    for (let i = 0; i < 4; i++) await queue.add('k1', row(`last${i}`), send)
    const ids = new Set(brought.flat())
    expect([queue.kept, [...ids].filter((id) => id.startsWith('c')).length]).toEqual([0, 100])
    logged.mockRestore()
  })

  it('does not go twice at once with what is kept', async () => {
    const queue = new SettleQueue({ timing: { ...quick, callMs: 5_000, pausesMs: [] } })
    await expect(queue.add('k1', row('a'), () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    const gate = Promise.withResolvers<void>()
    const { calls, send } = receiver((call) => (call === 2 ? gate.promise : undefined))
    const first = queue.add('k1', row('b'), send)
    while (calls.length < 2) await scheduler.wait(5)
    await queue.add('k1', row('c'), send)
    expect(calls).toEqual([['b'], ['a'], ['c']])
    gate.resolve()
    await first
    expect(queue.kept).toBe(0)
  })

  it('takes along what it keeps of another key once in a while, also when the clock went back', async () => {
    let now = 1_000_000
    const queue = new SettleQueue({ timing: quick, now: () => now })
    const isAway = new Set(['k1'])
    const calls: string[] = []
    const send: SendRows = async (rows, keyHash) => {
      if (isAway.has(keyHash)) throw new Error('away')
      calls.push(...rows.map(({ id }) => id))
    }
    await expect(queue.add('k1', row('a'), send)).rejects.toThrow('away')
    await queue.add('k2', row('b'), send)
    now -= 60_000
    await queue.add('k2', row('c'), send)
    expect([calls, queue.kept]).toEqual([['b', 'c'], 1])
    isAway.clear()
    await queue.add('k2', row('d'), send)
    now += 5_000
    await queue.add('k2', row('e'), send)
    expect([calls, queue.kept]).toEqual([['b', 'c', 'd', 'e', 'a'], 0])
  })
})
