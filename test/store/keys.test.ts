import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { insertKey, listKeys, mirrorUsageStatement, readKey, removeKey, updateKey } from '../../src/store/keys.ts'
import { migrate } from '../support/migrations.ts'
import { sampleKey } from '../support/sample-key.ts'

const createdAt = Date.UTC(2026, 10, 1)
const everything = sampleKey({
  name: 'Ünï 🔑',
  kind: 'management',
  disabled: true,
  limitNanoUsd: Number.MAX_SAFE_INTEGER,
  limitReset: 'weekly',
  includeByokInLimit: true,
  rateLimit: { requests: 0, windowMs: 60_000 },
  expiresAt: createdAt + 1,
  creatorUserId: 'user_2ab',
})

const usage = {
  totalNanoUsd: 1,
  dailyNanoUsd: 2,
  weeklyNanoUsd: 3,
  monthlyNanoUsd: 4,
  byokTotalNanoUsd: 5,
  byokDailyNanoUsd: 6,
  byokWeeklyNanoUsd: 7,
  byokMonthlyNanoUsd: 8,
}

beforeAll(() => migrate(env.DB))
beforeEach(() => env.DB.exec('DELETE FROM keys'))

describe('keys', () => {
  it('come back as they were stored, every field', async () => {
    expect(await insertKey(env.DB, everything)).toEqual(everything)
    expect(await readKey(env.DB, everything.hash, createdAt)).toEqual(everything)
    const bare = sampleKey({ hash: 'b'.repeat(64) })
    await insertKey(env.DB, bare)
    expect(await readKey(env.DB, bare.hash, createdAt)).toEqual(bare)
  })

  it('are null where there is none', async () => {
    expect(await readKey(env.DB, 'x')).toBeNull()
    expect(await updateKey(env.DB, 'x', { name: 'y' })).toBeNull()
    expect(await removeKey(env.DB, 'x')).toBe(false)
  })

  it('are not stored twice', async () => {
    await insertKey(env.DB, everything)
    await expect(insertKey(env.DB, sampleKey())).rejects.toThrow()
    expect(await readKey(env.DB, everything.hash, createdAt)).toEqual(everything)
  })

  it('change in what is named', async () => {
    await insertKey(env.DB, everything)
    const now = createdAt + 1_000
    const renamed = { ...everything, name: 'new', updatedAt: now }
    expect(await updateKey(env.DB, everything.hash, { name: 'new', disabled: undefined }, now)).toEqual(renamed)
    const change = {
      disabled: false,
      limitNanoUsd: null,
      limitReset: null,
      includeByokInLimit: false,
      rateLimit: null,
    }
    const changed = { ...renamed, ...change, updatedAt: now + 5 }
    expect(await updateKey(env.DB, everything.hash, change, now + 5)).toEqual(changed)
    expect(await readKey(env.DB, everything.hash, now)).toEqual(changed)
    expect(await updateKey(env.DB, everything.hash, {}, now + 6)).toMatchObject({ updatedAt: now + 6 })
  })

  it('are newer with each change, whatever the clocks of those who make it say', async () => {
    const { hash } = sampleKey()
    await insertKey(env.DB, sampleKey())
    expect(await updateKey(env.DB, hash, { name: 'renamed' }, createdAt + 5)).toMatchObject({
      updatedAt: createdAt + 5,
    })
    const later = { disabled: true, updatedAt: createdAt + 6 }
    expect(await updateKey(env.DB, hash, { disabled: true }, createdAt)).toMatchObject(later)
    expect(await updateKey(env.DB, hash, {}, createdAt + 6)).toMatchObject({ updatedAt: createdAt + 7 })
  })

  it('that are deleted are gone for everybody, for good, and stay in the table', async () => {
    await insertKey(env.DB, sampleKey())
    const { hash } = sampleKey()
    expect(await removeKey(env.DB, hash)).toBe(true)
    expect(await removeKey(env.DB, hash)).toBe(false)
    expect(await readKey(env.DB, hash)).toBeNull()
    expect(await updateKey(env.DB, hash, { name: 'y' })).toBeNull()
    expect(await listKeys(env.DB, { offset: 0, limit: 100, includeDisabled: true })).toEqual([])
    await expect(insertKey(env.DB, sampleKey())).rejects.toThrow()
    await mirrorUsageStatement(env.DB, hash, usage, Date.now()).run()
    expect(await env.DB.prepare('SELECT total_nano_usd AS n FROM keys').all()).toMatchObject({ results: [{ n: 1 }] })
  })

  it('are listed newest first, page by page, the disabled ones on request', async () => {
    for (let i = 0; i < 5; i++) {
      const hash = String(i).repeat(64)
      await insertKey(
        env.DB,
        sampleKey({ hash, name: String(i), createdAt: createdAt + Math.min(i, 3), disabled: i === 2 }),
      )
    }
    const names = async (offset: number, limit: number, includeDisabled: boolean) =>
      (await listKeys(env.DB, { offset, limit, includeDisabled }, createdAt)).map((key) => key.name)
    expect(await names(0, 100, true)).toEqual(['4', '3', '2', '1', '0'])
    expect(await names(0, 100, false)).toEqual(['4', '3', '1', '0'])
    expect(await names(1, 2, false)).toEqual(['3', '1'])
    expect(await names(9, 2, false)).toEqual([])
  })
})

describe('mirrored usage', () => {
  // A Wednesday.
  const at = Date.UTC(2026, 10, 25, 23)

  it.each([
    ['the same hour', at + 1, usage],
    ['the next day', at + 3_600_000, { ...usage, dailyNanoUsd: 0, byokDailyNanoUsd: 0 }],
    [
      'the next week',
      Date.UTC(2026, 10, 30),
      { ...usage, dailyNanoUsd: 0, byokDailyNanoUsd: 0, weeklyNanoUsd: 0, byokWeeklyNanoUsd: 0 },
    ],
    [
      'the next year',
      Date.UTC(2027, 10, 25),
      {
        ...{ totalNanoUsd: 1, dailyNanoUsd: 0, weeklyNanoUsd: 0, monthlyNanoUsd: 0 },
        ...{ byokTotalNanoUsd: 5, byokDailyNanoUsd: 0, byokWeeklyNanoUsd: 0, byokMonthlyNanoUsd: 0 },
      },
    ],
  ])('leaves out what has ended by %s', async (_, now, left) => {
    await insertKey(env.DB, sampleKey())
    await mirrorUsageStatement(env.DB, sampleKey().hash, usage, at).run()
    expect((await readKey(env.DB, sampleKey().hash, now))?.usage).toEqual(left)
    const listed = await listKeys(env.DB, { offset: 0, limit: 1, includeDisabled: false }, now)
    expect(listed[0]?.usage).toEqual(left)
  })
})
