import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { KeyRecord } from '../../src/dispatch/key-directory.ts'
import type { Admission } from '../../src/dispatch/keys.ts'
import type { GenerationRow } from '../../src/metering/generation.ts'
import { reservationTtlMs } from '../../src/metering/reservations.ts'
import { noSpend } from '../../src/metering/spend.ts'
import type { KeyObject } from '../../src/objects/key-object.ts'
import { type SettledRow, settledRow } from '../../src/objects/settled-row.ts'
import { insertGenerationsStatement, readGeneration, settledAmong } from '../../src/store/generations.ts'
import { insertKey, readKey } from '../../src/store/keys.ts'
import { migrate } from '../support/migrations.ts'
import { sampleGeneration } from '../support/sample-generation.ts'

const start = Date.UTC(2030, 0, 7, 12)
const day = 86_400_000

beforeAll(async () => {
  vi.spyOn(console, 'warn').mockReturnValue()
  await migrate(env.DB)
})

/** The world around one key object: its clock, D1's row of the key, and whether D1 answers. */
let timer: { task: () => void; ms: number } | undefined
let now = start
let hash = ''
let inD1: KeyRecord | null
let d1Down = false
let keyReads = 0
let mirrored: KeyRecord['usage'] | null
let stub: DurableObjectStub<KeyObject>
let keys = 0
let generations = 0

beforeEach(async () => {
  now = start
  keys += 1
  hash = keys.toString(16).padStart(64, '0')
  inD1 = keyRecord()
  d1Down = false
  keyReads = 0
  mirrored = null
  stub = env.KEYS.get(env.KEYS.idFromName(hash))
  await connect()
})

function keyRecord(differences: Partial<KeyRecord> = {}): KeyRecord {
  return {
    hash,
    name: 'test',
    label: 'sk-cw-v1-abc...xyz',
    kind: 'inference',
    disabled: false,
    limitNanoUsd: null,
    limitReset: null,
    includeByokInLimit: false,
    rateLimit: null,
    createdAt: start - day,
    updatedAt: null,
    expiresAt: null,
    creatorUserId: null,
    workspaceId: 'default',
    usage: noSpend(start).usage,
    ...differences,
  }
}

/** Lets the time of the object's own timer come. */
async function fireTimer(): Promise<void> {
  await runInDurableObject(stub, () => timer?.task())
  await saved()
}

/** Puts the object into this test's world; again after each eviction. */
async function connect(): Promise<void> {
  await runInDurableObject(stub, (object: KeyObject) => {
    object.clock = () => now
    object.saveAfterMs = 20
    object.later = (task, ms) => {
      timer = { task, ms }
    }
    const up = () => {
      if (d1Down) throw new Error('D1 is down')
    }
    object.d1 = {
      readKey: async (asked) => {
        keyReads += 1
        up()
        expect(asked).toBe(hash)
        await scheduler.wait(2)
        return inD1
      },
      record: async (rows, recordedHash, usage) => {
        up()
        expect(recordedHash).toBe(hash)
        await insertGenerationsStatement(env.DB, rows).run()
        mirrored = usage
      },
      readGeneration: async (id) => {
        up()
        return readGeneration(env.DB, id)
      },
      settledAmong: async (ids) => {
        up()
        return settledAmong(env.DB, ids)
      },
    }
  })
}

async function evict(): Promise<void> {
  await evictDurableObject(stub)
  await connect()
}

/** The object dies without a moment to save anything. */
async function crash(): Promise<void> {
  await abortAllDurableObjects()
  stub = env.KEYS.get(env.KEYS.idFromName(hash))
  await connect()
}

function nextId(): string {
  generations += 1
  return `gen-1893456000-${generations.toString().padStart(20, '0')}`
}

async function admit(reserveNanoUsd = 0, generationId = nextId()): Promise<Admission> {
  return await stub.admit({ generationId, reserveNanoUsd })
}

async function admitMany(count: number, reserveNanoUsd = 0): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, () => admit(reserveNanoUsd)))
  return answers.filter(({ admitted }) => admitted).length
}

function row(differences: Partial<GenerationRow> = {}): GenerationRow {
  return sampleGeneration({ id: nextId(), keyHash: hash, createdAt: now, costNanoUsd: 5, ...differences })
}

function settlements(rows: GenerationRow[]): SettledRow[] {
  return rows.map((one) => settledRow(one))
}

/** What was remembered is on disk a little after the answer. */
const saved = () => scheduler.wait(60)

async function rowsInD1(): Promise<string[]> {
  const rows = await env.DB.prepare('SELECT id FROM generations WHERE key_hash = ?1').bind(hash).raw<[string]>()
  return rows.map(([id]) => id).sort()
}

async function reasonOf(admission: Promise<Admission>): Promise<string> {
  const answer = await admission
  return answer.admitted ? 'admitted' : answer.reason
}

describe('admission', () => {
  it('answers with the policy of the key', async () => {
    expect(await admit()).toEqual({
      admitted: true,
      policy: { hash, label: 'sk-cw-v1-abc...xyz', kind: 'inference', rateLimit: { requests: 40, windowMs: 10_000 } },
    })
  })

  it('asks D1 once, however many are waiting, and never again', async () => {
    expect(await admitMany(20)).toBe(20)
    expect(keyReads).toBe(1)
    await saved()
    await evict()
    expect(await admitMany(20)).toBe(20)
    expect(keyReads).toBe(1)
  })

  it('fails while D1 cannot be asked about a key, and is well again with it', async () => {
    d1Down = true
    await expect(admit()).rejects.toThrow('D1 is down')
    d1Down = false
    expect(await reasonOf(admit())).toBe('admitted')
  })

  it('is well again after D1 never answered', async () => {
    await runInDurableObject(stub, (object: KeyObject) => {
      const { readKey } = object.d1
      object.findWithinMs = 50
      object.d1.readKey = () => {
        object.d1.readKey = readKey
        return new Promise(() => {})
      }
    })
    await expect(admit()).rejects.toThrow('no answer within 50 ms')
    expect(await reasonOf(admit())).toBe('admitted')
  })

  it('needs no D1 for a key it knows', async () => {
    await admit()
    d1Down = true
    expect(await reasonOf(admit())).toBe('admitted')
  })

  it('writes nothing before it answers', async () => {
    await admit()
    await saved()
    await runInDurableObject(stub, async (object: KeyObject, { storage }) => {
      const count = () => storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM admissions').one().n
      const before = count()
      expect(await object.admit({ generationId: nextId(), reserveNanoUsd: 1 })).toMatchObject({ admitted: true })
      expect(count()).toBe(before)
    })
    await saved()
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec('SELECT * FROM admissions').toArray().length).toBe(2)
      expect(storage.sql.exec('SELECT * FROM reservations').toArray().length).toBe(2)
    })
  })

  it('leaves no trace of a key that does not exist', async () => {
    inD1 = null
    expect(await reasonOf(admit())).toBe('unknown')
    expect(await reasonOf(stub.check())).toBe('unknown')
    expect(await stub.describe()).toBeNull()
    await saved()
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec("SELECT * FROM sqlite_master WHERE name NOT LIKE '_cf%'").toArray()).toEqual([])
    })
  })

  it('asks again about an unknown key after a second', async () => {
    inD1 = null
    await admit()
    await admit()
    expect(keyReads).toBe(1)
    inD1 = keyRecord()
    now += 1_000
    expect(await reasonOf(admit())).toBe('admitted')
  })

  it('knows a new key as soon as management told of it', async () => {
    inD1 = null
    expect(await reasonOf(admit())).toBe('unknown')
    await stub.configure(keyRecord())
    expect(await reasonOf(admit())).toBe('admitted')
  })

  it.each([
    ['a management key', { kind: 'management' }, 'wrong-kind'],
    ['a disabled key', { disabled: true }, 'disabled'],
    ['a disabled management key', { kind: 'management', disabled: true }, 'disabled'],
    ['a key that expires now', { expiresAt: start }, 'expired'],
    ['a key that expires later', { expiresAt: start + 1 }, 'admitted'],
  ] as const)('of %s', async (_, differences, expected) => {
    inD1 = keyRecord(differences)
    expect(await reasonOf(admit())).toBe(expected)
  })

  it('refuses a key from the moment it expires', async () => {
    inD1 = keyRecord({ expiresAt: start + 1_000 })
    expect(await reasonOf(admit())).toBe('admitted')
    now += 1_000
    expect(await reasonOf(admit())).toBe('expired')
    expect(await reasonOf(stub.check())).toBe('expired')
  })

  it('refuses a revoked key on its next request, crashed or not', async () => {
    expect(await reasonOf(admit())).toBe('admitted')
    await stub.configure(null)
    expect(await reasonOf(admit())).toBe('unknown')
    await crash()
    expect(await reasonOf(admit())).toBe('unknown')
    expect(keyReads).toBe(1)
  })

  it('takes no older word for a newer one, and never brings a deleted key back', async () => {
    await stub.configure(keyRecord({ disabled: true, updatedAt: start + 2 }))
    await stub.configure(keyRecord({ name: 'renamed', updatedAt: start + 1 }))
    expect(await stub.check()).toEqual({ admitted: false, reason: 'disabled' })
    await stub.configure(null)
    await stub.configure(keyRecord({ updatedAt: start + 3 }))
    expect(await stub.check()).toEqual({ admitted: false, reason: 'unknown' })
  })

  it('lets what management says stand against what D1 said before', async () => {
    const asked = admit()
    await stub.configure(keyRecord({ disabled: true }))
    expect(await reasonOf(asked)).toBe('disabled')
    await saved()
    await evict()
    expect(await reasonOf(admit())).toBe('disabled')
  })

  it('checks a key without filling its window', async () => {
    inD1 = keyRecord({ rateLimit: { requests: 1, windowMs: 10_000 } })
    for (let i = 0; i < 5; i++) expect(await reasonOf(stub.check())).toBe('admitted')
    expect(await reasonOf(admit())).toBe('admitted')
    expect(await reasonOf(admit())).toBe('rate-limited')
  })

  it('checks a management key as valid', async () => {
    inD1 = keyRecord({ kind: 'management' })
    expect(await stub.check()).toMatchObject({ admitted: true, policy: { kind: 'management' } })
  })
})

describe('the window', () => {
  it('admits exactly 40 of 300 at once and says when there is room', async () => {
    expect(await admitMany(300)).toBe(40)
    now += 4_000
    expect(await admit()).toEqual({
      admitted: false,
      reason: 'rate-limited',
      limit: 40,
      windowMs: 10_000,
      resetAt: start + 10_000,
      retryAfterMs: 6_000,
    })
    now = start + 9_999
    expect(await admitMany(10)).toBe(0)
    now = start + 10_000
    expect(await admitMany(300)).toBe(40)
  })

  it('counts a request once that is asked for twice', async () => {
    inD1 = keyRecord({ rateLimit: { requests: 2, windowMs: 10_000 } })
    const id = nextId()
    for (let i = 0; i < 5; i++) expect(await reasonOf(admit(0, id))).toBe('admitted')
    expect(await admitMany(5)).toBe(1)
  })

  it('survives eviction inside the window', async () => {
    inD1 = keyRecord({ rateLimit: { requests: 5, windowMs: 10_000 } })
    expect(await admitMany(2)).toBe(2)
    now += 3_000
    expect(await admitMany(2)).toBe(2)
    await saved()
    await evict()
    now += 1_000
    expect(await admitMany(3)).toBe(1)
    await saved()
    await evict()
    now = start + 9_999
    expect(await admitMany(3)).toBe(0)
    now = start + 10_000
    expect(await admitMany(3)).toBe(2)
  })

  it('is the key’s own, up to unlimited', async () => {
    inD1 = keyRecord({ rateLimit: { requests: 3, windowMs: 1_000 } })
    expect(await admitMany(10)).toBe(3)
    await stub.configure(keyRecord({ rateLimit: { requests: 0, windowMs: 1_000 } }))
    expect(await admitMany(200)).toBe(200)
    expect(await admit()).toMatchObject({ policy: { rateLimit: null } })
    expect(await stub.describe()).toMatchObject({ window: null })
  })

  it('goes back with the clock, on disk too', async () => {
    inD1 = keyRecord({ rateLimit: { requests: 3, windowMs: 10_000 } })
    expect(await admitMany(3)).toBe(3)
    await saved()
    now -= 3_600_000
    expect(await admit()).toMatchObject({ admitted: false, resetAt: now + 10_000 })
    now += 9_999
    expect(await admitMany(1)).toBe(0)
    now += 1
    expect(await admitMany(5)).toBe(3)
    await saved()
    await evict()
    now += 5_000
    expect(await admit()).toMatchObject({ admitted: false, retryAfterMs: 5_000 })
  })

  it('holds over random arrivals with evictions, and refuses nothing that fits', async () => {
    const limit = { requests: 7, windowMs: 500 }
    inD1 = keyRecord({ rateLimit: limit })
    const admitted: number[] = []
    let state = 12345
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return state / 0x80000000
    }
    for (let burst = 0; burst < 300; burst++) {
      now += Math.floor(random() * 150)
      const asked = 1 + Math.floor(random() * 5)
      const inside = admitted.filter((at) => now - at < limit.windowMs).length
      const got = await admitMany(asked)
      expect(got).toBe(Math.min(asked, limit.requests - inside))
      for (let i = 0; i < got; i++) admitted.push(now)
      if (burst % 40 === 39) {
        await saved()
        await evict()
      }
    }
    expect(admitted.length).toBeGreaterThan(200)
  })

  it('is kept in few rows', async () => {
    inD1 = keyRecord({ rateLimit: { requests: 1_000_000, windowMs: 10_000 } })
    for (let i = 0; i < 40; i++) {
      await admitMany(20)
      now += 1_000
      if (i % 2 === 0) await scheduler.wait(25)
    }
    await saved()
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec('SELECT * FROM admissions').toArray().length).toBeLessThan(45)
    })
    expect((await stub.describe())?.window).toMatchObject({ remaining: 1_000_000 - 9 * 20, resetAt: null })
  })
})

describe('spend', () => {
  it('is never more than the limit, however many ask at once', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100 })
    expect(await admitMany(30, 10)).toBe(10)
    expect(await admit(1)).toEqual({
      admitted: false,
      reason: 'limit-exceeded',
      limitNanoUsd: 100,
      affordableNanoUsd: 0,
    })
    expect(await reasonOf(admit(0))).toBe('admitted')
  })

  it('does not fill the window with what money refused', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100, rateLimit: { requests: 5, windowMs: 10_000 } })
    expect(await admitMany(20, 101)).toBe(0)
    expect(await admitMany(20, 1)).toBe(5)
  })

  it('gives back what was reserved and not used', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100 })
    const id = nextId()
    await admit(90, id)
    expect(await admit(11)).toMatchObject({ reason: 'limit-exceeded', affordableNanoUsd: 10 })
    await stub.settle(settlements([row({ id, costNanoUsd: 30 })]))
    expect(await admit(71)).toMatchObject({ reason: 'limit-exceeded', affordableNanoUsd: 70 })
    expect(await reasonOf(admit(70))).toBe('admitted')
  })

  it('remembers reservations over an eviction', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100 })
    const id = nextId()
    await admit(60, id)
    await saved()
    await evict()
    expect(await admit(41)).toMatchObject({ affordableNanoUsd: 40 })
    await stub.settle(settlements([row({ id, costNanoUsd: 1 })]))
    await evict()
    expect(await admit(100)).toMatchObject({ affordableNanoUsd: 99 })
  })

  it('refuses a reserve that is no number where there is a limit', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100 })
    expect(await reasonOf(admit(Number.NaN))).toBe('limit-exceeded')
    expect(await reasonOf(admit(Number.POSITIVE_INFINITY))).toBe('limit-exceeded')
    await stub.configure(keyRecord())
    expect(await reasonOf(admit(Number.NaN))).toBe('admitted')
  })

  it('starts again with each period', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100, limitReset: 'daily' })
    await stub.settle(settlements([row({ costNanoUsd: 100 })]))
    expect(await reasonOf(admit(1))).toBe('limit-exceeded')
    now += day
    expect(await reasonOf(admit(100))).toBe('admitted')
    expect((await stub.describe())?.key.usage).toMatchObject({ totalNanoUsd: 100, dailyNanoUsd: 0, weeklyNanoUsd: 100 })
  })

  it('follows a limit that management changes, and keeps its counters', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100 })
    await admit()
    await stub.settle(settlements([row({ costNanoUsd: 100 })]))
    await stub.configure(keyRecord({ limitNanoUsd: 150 }))
    expect(await admit(51)).toMatchObject({ affordableNanoUsd: 50 })
    expect((await stub.describe())?.key.usage.totalNanoUsd).toBe(100)
  })

  it('goes on from D1’s sums where the object is new', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100, usage: { ...noSpend(start).usage, totalNanoUsd: 80, dailyNanoUsd: 80 } })
    expect(await admit(21)).toMatchObject({ affordableNanoUsd: 20 })
    expect((await stub.describe())?.key.usage).toMatchObject({ totalNanoUsd: 80, dailyNanoUsd: 80 })
  })

  it('goes on from D1’s sums where an object that lost its storage hears of a settlement first', async () => {
    inD1 = keyRecord({ limitNanoUsd: 1_000, usage: { ...noSpend(start).usage, totalNanoUsd: 900 } })
    await stub.settle(settlements([row({ costNanoUsd: 40 })]))
    expect(await admit(61)).toMatchObject({ reason: 'limit-exceeded', affordableNanoUsd: 60 })
    await fireTimer()
    expect(mirrored?.totalNanoUsd).toBe(940)
  })

  it('counts from zero for nobody while D1 cannot tell what was spent before', async () => {
    d1Down = true
    const rows = settlements([row({ costNanoUsd: 40 })])
    const settle = async () => await stub.settle(rows)
    await expect(settle()).rejects.toThrow('D1 is down')
    d1Down = false
    inD1 = keyRecord({ usage: { ...noSpend(start).usage, totalNanoUsd: 900 } })
    await settle()
    expect((await stub.describe())?.key.usage.totalNanoUsd).toBe(940)
  })

  it('accounts once for a request that nobody settled, and takes it back when somebody does', async () => {
    inD1 = keyRecord({ limitNanoUsd: 100 })
    const id = nextId()
    await admit(60, id)
    await saved()
    await evict()
    now += reservationTtlMs - 1
    expect(await reasonOf(admit(50))).toBe('limit-exceeded')
    now += 1
    await runDurableObjectAlarm(stub)
    await saved()
    expect(await stub.describe()).toMatchObject({ unsettled: { count: 1, nanoUsd: 60 }, reservedNanoUsd: 0 })
    await evict()
    expect(await reasonOf(admit(50))).toBe('admitted')
    expect(await stub.describe()).toMatchObject({ unsettled: { count: 1, nanoUsd: 60 }, reservedNanoUsd: 50 })
    await stub.settle(settlements([row({ id, costNanoUsd: 7 })]))
    expect(await stub.describe()).toMatchObject({
      unsettled: { count: 0, nanoUsd: 0 },
      key: { usage: { totalNanoUsd: 7 } },
    })
  })
})

describe('settlement', () => {
  it('counts each request once, however often it is told', async () => {
    await admit()
    const rows = Array.from({ length: 10 }, () => row({ costNanoUsd: 3, isByok: true, upstreamCostNanoUsd: 11 }))
    await Promise.all([
      stub.settle(settlements(rows)),
      stub.settle(settlements(rows.slice(5))),
      ...rows.map((one) => stub.settle(settlements([one, one]))),
    ])
    await stub.settle(settlements(rows))
    await runDurableObjectAlarm(stub)
    await stub.settle(settlements(rows))
    await evict()
    await stub.settle(settlements(rows))
    await runDurableObjectAlarm(stub)
    expect((await stub.describe())?.key.usage).toEqual({
      totalNanoUsd: 30,
      dailyNanoUsd: 30,
      weeklyNanoUsd: 30,
      monthlyNanoUsd: 30,
      byokTotalNanoUsd: 110,
      byokDailyNanoUsd: 110,
      byokWeeklyNanoUsd: 110,
      byokMonthlyNanoUsd: 110,
    })
    expect(await rowsInD1()).toEqual(rows.map(({ id }) => id).sort())
    expect(mirrored).toMatchObject({ totalNanoUsd: 30, byokTotalNanoUsd: 110 })
  })

  it('counts a request once whose admission was held up until after its settlement', async () => {
    const one = row({ costNanoUsd: 7 })
    await stub.settle(settlements([one]))
    await admit(1, one.id)
    await stub.settle(settlements([one]))
    expect((await stub.describe())?.key.usage.totalNanoUsd).toBe(7)
  })

  it('is on disk when it answers', async () => {
    await admit()
    const rows = [row(), row()]
    await stub.settle(settlements(rows))
    await crash()
    d1Down = true
    for (const one of rows) expect(await stub.generation(one.id)).toEqual(one)
    expect((await stub.describe())?.key.usage.totalNanoUsd).toBe(10)
  })

  it('shows a row at once, and from D1 when the outbox has forgotten it', async () => {
    const one = row()
    await admit()
    await runInDurableObject(stub, async (object: KeyObject) => {
      const settled = object.settle(settlements([one]))
      expect(await object.generation(one.id)).toEqual(one)
      await settled
    })
    await runDurableObjectAlarm(stub)
    now += 200_000
    await runDurableObjectAlarm(stub)
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec('SELECT * FROM outbox').toArray()).toEqual([])
    })
    expect(await stub.generation(one.id)).toEqual(one)
    expect(await stub.generation('gen-of-nobody')).toBeNull()
  })

  it('takes rows that are longer than a store would like', async () => {
    const one = row({ userAgent: 'x'.repeat(5_000_000), sessionId: 'half \ud83d', latencyMs: Number.NaN })
    await stub.settle(settlements([one]))
    await runDurableObjectAlarm(stub)
    expect(await rowsInD1()).toEqual([one.id])
  })

  it('loses and doubles no row while D1 is down, then back, then down again', async () => {
    await admit()
    const rows: GenerationRow[] = []
    const settle = async (count: number) => {
      const batch = Array.from({ length: count }, () => row({ costNanoUsd: 1 }))
      rows.push(...batch)
      await Promise.all([stub.settle(settlements(batch.slice(0, 60))), stub.settle(settlements(batch.slice(60)))])
    }
    const alarmAt = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm())

    d1Down = true
    await settle(130)
    for (let failures = 0; failures < 12; failures++) {
      expect(await alarmAt()).toBeLessThanOrEqual(now + 60_000)
      expect(await runDurableObjectAlarm(stub)).toBe(true)
      if (failures % 4 === 0) await settle(10)
      if (failures === 6) await evict()
      now += 1_000
    }
    expect(await rowsInD1()).toEqual([])

    // D1 takes the rows but its answer is lost: they are sent again and must not be doubled.
    d1Down = false
    await runInDurableObject(stub, (object: KeyObject) => {
      object.d1.record = async (rows) => {
        await insertGenerationsStatement(env.DB, rows).run()
        throw new Error('lost')
      }
    })
    await runDurableObjectAlarm(stub)
    expect((await rowsInD1()).length).toBe(100)
    await evict()
    await settle(70)
    await runDurableObjectAlarm(stub)
    expect(await rowsInD1()).toEqual(rows.map(({ id }) => id).sort())
    expect(mirrored?.totalNanoUsd).toBe(rows.length)
    expect(await alarmAt()).toBeGreaterThan(now + 60_000)
  })

  it('reaches D1 by itself, and moves no alarm for it', async () => {
    await admit()
    const rows = [row(), row()]
    await stub.settle(settlements(rows.slice(0, 1)))
    expect(timer?.ms).toBe(1_500)
    const alarmAt = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm())
    const first = await alarmAt()
    expect(first).toBe(now + 10_000)
    now += 1_500
    await fireTimer()
    expect((await rowsInD1()).length).toBe(1)
    await stub.settle(settlements(rows))
    now += 1_500
    await fireTimer()
    expect((await rowsInD1()).length).toBe(2)
    expect(await alarmAt()).toBe(first)
  })

  it('backs off while D1 fails, also when new rows keep coming', async () => {
    await admit()
    await stub.settle(settlements([row()]))
    d1Down = true
    for (let failures = 0; failures < 3; failures++) await fireTimer()
    await stub.settle(settlements([row()]))
    expect(timer?.ms).toBeGreaterThanOrEqual(4_000)
    expect(timer?.ms).toBeLessThanOrEqual(8_000)
  })

  it('does not hold rows back for longer than a pause when the clock goes back', async () => {
    await admit()
    await stub.settle(settlements([row()]))
    d1Down = true
    now += day
    await runDurableObjectAlarm(stub)
    now -= day
    await stub.settle(settlements([row()]))
    expect(await runInDurableObject(stub, (_, { storage }) => storage.getAlarm())).toBeLessThanOrEqual(now + 60_000)
  })

  it('reads its key and mirrors its counters in the D1 that it is bound to', async () => {
    hash = 'b'.repeat(64)
    stub = env.KEYS.get(env.KEYS.idFromName(hash))
    await insertKey(env.DB, keyRecord({ createdAt: Date.now() }))
    expect(await reasonOf(admit())).toBe('admitted')
    await stub.settle(settlements([row({ createdAt: Date.now() })]))
    await runDurableObjectAlarm(stub)
    expect((await readKey(env.DB, hash))?.usage).toMatchObject({ totalNanoUsd: 5, dailyNanoUsd: 5 })
    expect((await rowsInD1()).length).toBe(1)
  })

  it('counts rows of a key that was deleted meanwhile', async () => {
    await admit()
    const one = row()
    await stub.configure(null)
    await stub.settle(settlements([one]))
    await runDurableObjectAlarm(stub)
    expect(await rowsInD1()).toEqual([one.id])
    expect(mirrored?.totalNanoUsd).toBe(5)
  })
})
