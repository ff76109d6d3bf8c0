import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatClient } from '../support/chat-client.ts'
import { type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'test/chat'
let stateDir: string
let upstream: MockUpstream
let worker: RunningWorker

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'causeway-storage-'))
  upstream = await startUpstream()
  worker = await start()
  await addEndpoints(worker.database, [{ provider: 'acme', model }])
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
  await rm(stateDir, { recursive: true, force: true })
})

function start(): Promise<RunningWorker> {
  return startWorker({ stateDir, vars: reachedAt(upstream.url, ['acme']) })
}

const tables = [
  'generations',
  'keys',
  'models',
  'endpoints',
  'prices',
  'providers',
  'data_policies',
  'catalog_meta',
  'settings',
]

/** Every query of the gateway fails while its tables have other names. */
async function withoutDatabase(during: () => Promise<void>): Promise<void> {
  const rename = (from: string, to: string) =>
    worker.database.batch(tables.map((t) => worker.database.prepare(`ALTER TABLE ${t}${from} RENAME TO ${t}${to}`)))
  await rename('', '_away')
  try {
    await during()
  } finally {
    await rename('_away', '')
  }
}

/** Asks so many times at once, half of it streamed, and answers the generation ids. */
function ask(key: string, times: number): Promise<string[]> {
  const client = chatClient(worker.url, key)
  return Promise.all(
    Array.from({ length: times }, async (_, index) => {
      if (index % 2 === 1) return (await client.streamed({ model })).chunks[0].id as string
      const { status, body } = await client.whole({ model })
      expect(status).toBe(200)
      return body.id as string
    }),
  )
}

async function storedIds(hash: string): Promise<string[]> {
  const rows = await worker.database
    .prepare('SELECT id FROM generations WHERE key_hash = ?')
    .bind(hash)
    .all<{ id: string }>()
  return rows.results.map(({ id }) => id).sort()
}

const patiently = { timeout: 25_000, interval: 250 }

describe('while D1 is away', () => {
  it('warm requests are answered, and every row is there once afterwards', async () => {
    const [warm, fresh] = await Promise.all([
      worker.createKey({ rate_limit: { requests: 0 } }),
      worker.createKey({ rate_limit: { requests: 0 } }),
    ])
    const ids = await ask(warm.key, 2)
    const freshIds: string[] = []
    await withoutDatabase(async () => {
      const until = Date.now() + 3_000
      while (Date.now() < until) {
        ids.push(...(await ask(warm.key, 10)))
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
      // A key that was made before and is used for the first time.
      freshIds.push(...(await ask(fresh.key, 10)))
      const last = ids.at(-1) ?? ''
      expect(await chatClient(worker.url, warm.key).generation(last)).toMatchObject({ id: last, model })
    })
    expect(ids.length).toBeGreaterThan(50)
    expect(worker.logs.join('\n'), 'D1 was really away').toContain('D1 did not take request metadata')
    await expect.poll(() => storedIds(warm.hash), patiently).toEqual([...ids].sort())
    await expect.poll(() => storedIds(fresh.hash), patiently).toEqual([...freshIds].sort())
    const spent = await worker.database
      .prepare('SELECT sum(cost_nano_usd) AS cost FROM generations WHERE key_hash = ?')
      .bind(warm.hash)
      .first<number>('cost')
    // 7 tokens at a thousand nano-dollars and 3 at two thousand, an answer.
    expect(spent).toBe(ids.length * 13_000)
  })
})

describe('a restart', () => {
  it('right after answers loses no row and doubles none', async () => {
    const { key, hash } = await worker.createKey({ rate_limit: { requests: 0 } })
    const ids = await ask(key, 20)
    await worker.stop()
    worker = await start()
    await expect.poll(() => storedIds(hash), patiently).toEqual([...ids].sort())
    const { data } = (await (
      await fetch(`${worker.url}/api/v1/key`, { headers: { authorization: `Bearer ${key}` } })
    ).json()) as { data: { usage: number } }
    expect(data.usage).toBeCloseTo(20 * 0.000013, 12)
  })
})
