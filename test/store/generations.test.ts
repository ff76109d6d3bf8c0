import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { GenerationRow } from '../../src/metering/generation.ts'
import { rowText } from '../../src/metering/row-text.ts'
import { insertGenerationsStatement, readGeneration, settledAmong } from '../../src/store/generations.ts'
import { migrate } from '../support/migrations.ts'
import { sampleGeneration } from '../support/sample-generation.ts'

async function insertGenerations(db: D1Database, rows: GenerationRow[]): Promise<void> {
  await insertGenerationsStatement(db, rows.map(rowText)).run()
}

beforeAll(() => migrate(env.DB))

describe('generations', () => {
  it('come back as they were stored, every field', async () => {
    const row = sampleGeneration({ id: 'gen-1-full' })
    await insertGenerations(env.DB, [row])
    expect(await readGeneration(env.DB, row.id)).toEqual(row)
  })

  it('come back with their nulls and empty lists', async () => {
    const row = sampleGeneration({
      id: 'gen-1-bare',
      endpointId: null,
      latencyMs: null,
      generationMs: 0.5,
      cacheDiscountNanoUsd: null,
      attempts: [],
      excluded: [],
      decision: null,
      costNanoUsd: Number.MAX_SAFE_INTEGER,
      streamed: false,
      cancelled: true,
    })
    await insertGenerations(env.DB, [row])
    expect(await readGeneration(env.DB, row.id)).toEqual(row)
  })

  it('are stored once by id, however often they are sent', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => sampleGeneration({ id: `gen-2-${i}`, seed: i }))
    await insertGenerations(env.DB, rows)
    await insertGenerations(env.DB, [
      ...rows.map((row) => ({ ...row, seed: -1 })),
      sampleGeneration({ id: 'gen-2-100', seed: 100 }),
    ])
    const stored = await env.DB.prepare("SELECT seed FROM generations WHERE id LIKE 'gen-2-%' ORDER BY seed").raw<
      [number]
    >()
    expect(stored.map(([seed]) => seed)).toEqual(Array.from({ length: 101 }, (_, i) => i))
  })

  it('give way to what became of them only while they are unsettled', async () => {
    const id = 'gen-4-late'
    const unsettled = sampleGeneration({ id, errorType: 'unsettled', costNanoUsd: 0 })
    const late = sampleGeneration({ id, costNanoUsd: 7 })
    await insertGenerations(env.DB, [unsettled])
    await insertGenerations(env.DB, [unsettled, late, { ...late, costNanoUsd: 8 }])
    await insertGenerations(env.DB, [unsettled])
    expect(await readGeneration(env.DB, id)).toEqual(late)
  })

  it('tell which of many are settled, in one statement', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `gen-5-${i}`)
    await insertGenerations(env.DB, [
      sampleGeneration({ id: 'gen-5-7', errorType: 'timeout' }),
      sampleGeneration({ id: 'gen-5-8', errorType: 'unsettled', costNanoUsd: 0 }),
      sampleGeneration({ id: 'gen-5-299' }),
    ])
    expect(await settledAmong(env.DB, ids)).toEqual(new Set(['gen-5-7', 'gen-5-299']))
  })

  it('are refused together when one is broken, rather than dropped in silence', async () => {
    const broken = { ...sampleGeneration({ id: 'gen-3-broken' }), model: null } as unknown as ReturnType<
      typeof sampleGeneration
    >
    await expect(insertGenerations(env.DB, [sampleGeneration({ id: 'gen-3-good' }), broken])).rejects.toThrow()
    expect(await readGeneration(env.DB, 'gen-3-good')).toBeNull()
  })

  it('are null when nobody stored them', async () => {
    expect(await readGeneration(env.DB, 'gen-none')).toBeNull()
  })
})
