import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { reservationTtlMs } from '../../src/metering/reservations.ts'
import { unsettledType } from '../../src/metering/unsettled.ts'
import type { KeyObject } from '../../src/objects/key-object.ts'
import { type SettledRow, settledRow } from '../../src/objects/settled-row.ts'
import { insertGenerationsStatement, readGeneration, settledAmong } from '../../src/store/generations.ts'
import { migrate } from '../support/migrations.ts'
import { sampleGeneration } from '../support/sample-generation.ts'
import { sampleKey } from '../support/sample-key.ts'

const start = Date.UTC(2030, 0, 7, 12)

beforeAll(async () => {
  vi.spyOn(console, 'warn').mockReturnValue()
  await migrate(env.DB)
})

/** A key object with a clock and a D1 of the test's, both kept through evictions and crashes. */
class Ledger {
  now = start
  /** What D1 does with a flush: takes it, refuses it, or takes it and its answer is lost. */
  d1: 'takes' | 'refuses' | 'loses its answer' = 'takes'
  readonly hash: string
  /** Rows of each flush that reached D1. */
  readonly flushes: number[] = []
  #ids = 0

  constructor(letter: string) {
    this.hash = letter.repeat(64)
  }

  get stub(): DurableObjectStub<KeyObject> {
    return env.KEYS.get(env.KEYS.idFromName(this.hash))
  }

  async connect(): Promise<void> {
    await runInDurableObject(this.stub, (object: KeyObject) => {
      object.clock = () => this.now
      object.later = () => {}
      object.saveAfterMs = 20
      object.d1 = {
        readKey: async () => sampleKey({ hash: this.hash, rateLimit: { requests: 0, windowMs: 1 }, createdAt: start }),
        record: async (rows) => {
          if (this.d1 === 'refuses') throw new Error('down')
          this.flushes.push(rows.length)
          await insertGenerationsStatement(env.DB, rows).run()
          if (this.d1 === 'loses its answer') throw new Error('lost')
        },
        readGeneration: (id) => readGeneration(env.DB, id),
        settledAmong: (ids) => settledAmong(env.DB, ids),
      }
    })
  }

  nextId(): string {
    this.#ids += 1
    return `gen-${start / 1000}-${this.hash[0]}${String(this.#ids).padStart(19, '0')}`
  }

  async admit(reserveNanoUsd: number, id = this.nextId()): Promise<string> {
    expect(await this.stub.admit({ generationId: id, reserveNanoUsd })).toMatchObject({ admitted: true })
    return id
  }

  row(id: string, costNanoUsd: number): SettledRow {
    return settledRow(
      sampleGeneration({ id, keyHash: this.hash, createdAt: start, costNanoUsd, upstreamCostNanoUsd: costNanoUsd }),
    )
  }

  async evict(): Promise<void> {
    await scheduler.wait(30)
    await evictDurableObject(this.stub)
    await this.connect()
  }

  async crash(): Promise<void> {
    await scheduler.wait(30)
    await abortAllDurableObjects()
    await this.connect()
  }

  async flush(): Promise<void> {
    await scheduler.wait(30)
    await runDurableObjectAlarm(this.stub)
    await scheduler.wait(30)
    await runDurableObjectAlarm(this.stub)
  }

  async stored(): Promise<Map<string, { errorType: string | null; cost: number; upstreamCost: number }>> {
    const { results } = await env.DB.prepare(
      `SELECT id, error_type AS errorType, cost_nano_usd AS cost, upstream_cost_nano_usd AS upstreamCost
       FROM generations WHERE key_hash = ?`,
    )
      .bind(this.hash)
      .all<{ id: string; errorType: string | null; cost: number; upstreamCost: number }>()
    return new Map(results.map(({ id, ...row }) => [id, row]))
  }

  async spent(): Promise<number | undefined> {
    return (await this.stub.describe())?.key.usage.totalNanoUsd
  }
}

describe('a request whose isolate dies between its reservation and its settlement', () => {
  it('is accounted for as unsettled, once, with what was reserved as a marked estimate', async () => {
    const ledger = new Ledger('c')
    await ledger.connect()
    const id = await ledger.admit(60)
    await ledger.crash()
    ledger.now += reservationTtlMs
    await ledger.flush()
    await ledger.flush()
    expect([...(await ledger.stored())]).toEqual([[id, { errorType: unsettledType, cost: 0, upstreamCost: 60 }]])
    expect(await ledger.stub.generation(id)).toMatchObject({
      usageEstimated: true,
      status: 0,
      createdAt: start,
      region: 'global',
    })
    expect(await ledger.spent()).toBe(0)
  })

  it('shows its account before it has reached D1', async () => {
    const ledger = new Ledger('d')
    await ledger.connect()
    const id = await ledger.admit(60)
    ledger.now += reservationTtlMs
    ledger.d1 = 'refuses'
    await ledger.admit(1)
    expect(await ledger.stub.generation(id)).toMatchObject({ errorType: unsettledType })
    await ledger.evict()
    expect(await ledger.stub.generation(id)).toMatchObject({ errorType: unsettledType })
  })
})

describe('a stream that outlives its reservation', () => {
  it.each([
    ['e', 'before the account has left memory', async () => {}],
    ['f', 'before it has reached D1', async (ledger: Ledger) => ledger.evict()],
    ['1', 'after it has reached D1', async (ledger: Ledger) => ledger.flush()],
    [
      '2',
      'after the outbox has forgotten it',
      async (ledger: Ledger) => {
        await ledger.flush()
        ledger.now += 10 * 60_000
        await ledger.flush()
      },
    ],
  ])('(%s) takes the place of its account %s', async (letter, _, between) => {
    const ledger = new Ledger(letter)
    await ledger.connect()
    const id = await ledger.admit(60)
    ledger.now += reservationTtlMs
    await ledger.admit(0)
    await between(ledger)
    await Promise.all([ledger.stub.settle([ledger.row(id, 7)]), ledger.stub.settle([ledger.row(id, 7)])])
    expect(await ledger.stub.generation(id)).toMatchObject({ errorType: null, costNanoUsd: 7 })
    await ledger.flush()
    await ledger.stub.settle([ledger.row(id, 7)])
    await ledger.flush()
    expect((await ledger.stored()).get(id)).toEqual({ errorType: null, cost: 7, upstreamCost: 7 })
    expect(await ledger.spent()).toBe(7)
    expect((await ledger.stub.describe())?.unsettled).toEqual({ count: 0, nanoUsd: 0 })
  })

  it('leaves nothing to flush behind where its admission came after its settlement, and D1 was away until it expired', async () => {
    const ledger = new Ledger('5')
    await ledger.connect()
    const id = ledger.nextId()
    ledger.d1 = 'refuses'
    await ledger.stub.settle([ledger.row(id, 7)])
    await ledger.admit(60, id)
    ledger.now += reservationTtlMs
    await ledger.admit(1)
    await ledger.flush()
    ledger.d1 = 'takes'
    ledger.now += 10 * 60_000
    await ledger.flush()
    await ledger.flush()
    expect(ledger.flushes).toEqual([1])
    expect((await ledger.stored()).get(id)).toMatchObject({ errorType: null, cost: 7 })
  })

  it('keeps its reservation as long as it renews it', async () => {
    const ledger = new Ledger('3')
    await ledger.connect()
    const id = await ledger.admit(60)
    for (let i = 0; i < 5; i++) {
      ledger.now += reservationTtlMs - 1
      await ledger.stub.renew(id)
      if (i === 2) await ledger.evict()
    }
    await ledger.admit(1)
    expect(await ledger.stub.describe()).toMatchObject({ reservedNanoUsd: 61, unsettled: { count: 0 } })
    await ledger.stub.settle([ledger.row(id, 7)])
    await ledger.stub.renew(id)
    expect(await ledger.stub.describe()).toMatchObject({ reservedNanoUsd: 1 })
  })
})

describe('the ledger', () => {
  it('adds up to the nano-dollar however expiry, settlement, eviction, crashes, D1 and the clock fall together', async () => {
    const ledger = new Ledger('4')
    await ledger.connect()
    let seed = 20_261_121
    const random = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return seed / 0x80000000
    }
    const pick = <T>(items: T[]): T => items[Math.floor(random() * items.length)] as T
    const open: string[] = []
    const settled = new Map<string, number>()
    const admitted: string[] = []
    for (let step = 0; step < 260; step++) {
      const way = random()
      if (way < 0.35) {
        const id = await ledger.admit(1 + Math.floor(random() * 1_000))
        open.push(id)
        admitted.push(id)
      } else if (way < 0.6 && open.length > 0) {
        // Each is told up to three times, in one call or in several at once, some long after they have expired.
        const id = pick(open)
        const cost = settled.get(id) ?? Math.floor(random() * 1_000)
        settled.set(id, cost)
        const row = ledger.row(id, cost)
        await Promise.all([ledger.stub.settle([row, row]), ...(random() < 0.5 ? [ledger.stub.settle([row])] : [])])
        if (random() < 0.7) open.splice(open.indexOf(id), 1)
      } else if (way < 0.75) ledger.now += Math.floor(random() * reservationTtlMs)
      else if (way < 0.8) ledger.now -= Math.floor(random() * reservationTtlMs)
      else if (way < 0.84) await ledger.evict()
      else if (way < 0.87) await ledger.crash()
      else if (way < 0.95) await runDurableObjectAlarm(ledger.stub)
      else ledger.d1 = pick(['takes', 'refuses', 'loses its answer'])
    }
    ledger.d1 = 'takes'
    ledger.now += 2 * reservationTtlMs
    await ledger.flush()
    await ledger.flush()
    const stored = await ledger.stored()
    expect([...stored.keys()].sort()).toEqual([...admitted].sort())
    for (const [id, row] of stored) {
      const cost = settled.get(id)
      expect([id, row.errorType, row.cost]).toEqual([id, cost === undefined ? unsettledType : null, cost ?? 0])
    }
    const total = [...settled.values()].reduce((sum, cost) => sum + cost, 0)
    expect(await ledger.spent()).toBe(total)
    expect([...stored.values()].reduce((sum, { cost }) => sum + cost, 0)).toBe(total)
    expect(admitted.length - settled.size).toBeGreaterThan(10)
    expect(settled.size).toBeGreaterThan(30)
  }, 30_000)
})
