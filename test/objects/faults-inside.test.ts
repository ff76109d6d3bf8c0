import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { KeyObject } from '../../src/objects/key-object.ts'
import { type Fault, newKey, newModel, openFaultyWorld, usage, wholeAnswer } from '../support/faulty-state.ts'
import { migrate } from '../support/migrations.ts'

type Json = Record<string, unknown>

let variables: Record<string, string>

beforeAll(async () => {
  await migrate(env.DB)
  variables = await newModel(
    { provider: 'acme', model: 'acme/m1' },
    { provider: 'acme', model: 'acme/cold' },
    { provider: 'acme', model: 'acme/broken' },
    { provider: 'spoiled', model: 'acme/broken' },
    { provider: 'spoiled', model: 'acme/other' },
  )
})
afterEach(() => {
  vi.restoreAllMocks()
})

function keyObject(hash: string): DurableObjectStub<KeyObject> {
  return env.KEYS.get(env.KEYS.idFromName(hash))
}

async function rowsOf(hash: string): Promise<Json[]> {
  await runDurableObjectAlarm(keyObject(hash))
  const { results } = await env.DB.prepare('SELECT * FROM generations WHERE key_hash = ?').bind(hash).all<Json>()
  return results
}

async function expectUnavailable(response: Response): Promise<void> {
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await response.json()).toMatchObject({
    error: { code: 503, message: expect.stringContaining('cannot reach its own state') },
  })
}

describe('a key object that is away', () => {
  it.each<Fault>(['hangs', 'fails', 'answer lost'])(
    '(%s) lets nobody through: 503 within the time it is given, and nothing is sent anywhere',
    async (fault) => {
      const world = await openFaultyWorld({ ...variables, KEY_TIMEOUT_MS: '150' })
      const { key } = await newKey()
      expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
      const before = world.upstream.length
      for (const method of ['fetch', 'check']) world.faults.key[method] = fault
      const since = Date.now()
      for (const fields of [{ model: 'acme/m1' }, { model: 'acme/m1', stream: true }, { model: 'acme/none' }])
        await expectUnavailable(await world.chat(key, fields))
      for (const path of ['/api/v1/key', '/api/v1/keys', '/api/v1/generation?id=gen-1-a', '/api/v1/models/user'])
        await expectUnavailable(await world.fetch(path, { headers: { authorization: `Bearer ${key}` } }))
      expect(Date.now() - since).toBeLessThan(3_000)
      expect(world.upstream.length).toBe(before)
      world.faults.key = {}
      expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
    },
  )

  it('that was reset while it was asked is asked again, and admits the request once', async () => {
    const world = await openFaultyWorld(variables)
    const { key, hash } = await newKey({ rateLimit: { requests: 2, windowMs: 60_000 } })
    world.faults.key.fetch = 'reset once'
    expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
    expect(world.calls.filter((method) => method === 'fetch')).toHaveLength(2)
    expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
    expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(429)
    await vi.waitFor(async () => expect(await rowsOf(hash)).toHaveLength(2), 3_000)
  })

  it('that was reset while management told it of a change is told again, and refuses a disabled key', async () => {
    const variables = await newModel({ provider: 'told', model: 'faults/told' })
    const world = await openFaultyWorld({ ...variables, MANAGEMENT_KEY: 'a management key of these tests alone' })
    const { key, hash } = await newKey()
    expect((await world.chat(key, { model: 'faults/told' })).status).toBe(200)
    world.faults.key = { configure: 'reset once' }
    const changed = await world.fetch(`/api/v1/keys/${hash}`, {
      method: 'PATCH',
      headers: { authorization: 'Bearer a management key of these tests alone' },
      body: JSON.stringify({ disabled: true }),
    })
    expect(changed.status).toBe(200)
    expect(world.calls.filter((method) => method === 'configure')).toHaveLength(2)
    expect((await world.chat(key, { model: 'faults/told' })).status).toBe(401)
  })

  it('in degraded mode goes on for a key seen lately, under its own limit, and its rows are settled once it is back', async () => {
    const world = await openFaultyWorld({ ...variables, KEY_TIMEOUT_MS: '150', ON_KEY_OBJECT_FAILURE: 'degraded' })
    const rateLimit = { requests: 5, windowMs: 3_500 }
    const [seen, other, budget] = await Promise.all([
      newKey({ rateLimit }),
      newKey(),
      newKey({ limitNanoUsd: 1_000_000_000_000 }),
    ])
    for (const { key } of [seen, budget]) expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
    await world.settled()
    world.faults.key = { fetch: 'fails', check: 'fails', settle: 'fails' }
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) statuses.push((await world.chat(seen.key, { model: 'acme/m1' })).status)
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429])
    await expectUnavailable(await world.chat(other.key, { model: 'acme/m1' }))
    await expectUnavailable(await world.chat(budget.key, { model: 'acme/m1' }))
    await expectUnavailable(await world.fetch('/api/v1/keys', { headers: { authorization: `Bearer ${seen.key}` } }))
    await world.settled().catch(() => {})
    expect(await rowsOf(seen.hash)).toHaveLength(1)
    world.faults.key = {}
    // The next request of the key takes along what waits.
    await vi.waitFor(async () => expect((await world.chat(seen.key, { model: 'acme/m1' })).status).toBe(200), {
      timeout: 5_000,
    })
    await world.settled()
    const rows = await rowsOf(seen.hash)
    expect(rows).toHaveLength(6)
    const spent = rows.reduce((sum, row) => sum + Number(row.cost_nano_usd), 0)
    expect(spent).toBe(6 * (usage.prompt_tokens * 1_000 + usage.completion_tokens * 2_000))
    expect((await keyObject(seen.hash).describe())?.key.usage.totalNanoUsd).toBe(spent)
  }, 20_000)

  it('that is replaced in the middle of a stream leaves the stream whole, its row once and its window as it was', async () => {
    const world = await openFaultyWorld(variables)
    const { key, hash } = await newKey({ rateLimit: { requests: 1, windowMs: 60_000 } })
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const say = (data: unknown) =>
      writer.write(new TextEncoder().encode(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`))
    world.answer = () => new Response(readable, { headers: { 'content-type': 'text/event-stream' } })
    const delta = (fields: object, finish: string | null = null) => ({
      id: 'up',
      choices: [{ index: 0, delta: fields, finish_reason: finish }],
    })
    void say(delta({ content: 'one ' }))
    const response = await world.chat(key, { model: 'acme/m1', stream: true })
    const text = response.text()
    await scheduler.wait(150)
    await abortAllDurableObjects()
    for (const data of [delta({ content: 'two' }), delta({}, 'stop'), { id: 'up', choices: [], usage }, '[DONE]'])
      void say(data)
    void writer.close()
    expect(await text).toMatch(/one .*two.*"finish_reason":"stop".*\[DONE\]/s)
    await vi.waitFor(async () => expect(await rowsOf(hash)).toHaveLength(1), 3_000)
    expect(await rowsOf(hash)).toMatchObject([{ cost_nano_usd: 13_000, finish_reason: 'stop', cancelled: 0 }])
    expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(429)
    expect(await keyObject(hash).describe()).toMatchObject({ reservedNanoUsd: 0, unsettled: { count: 0 } })
  })
})

describe('while D1 is away', () => {
  it.each<Fault>(['fails', 'hangs'])(
    '(%s) a warm isolate answers from memory, with no question to it',
    async (fault) => {
      const world = await openFaultyWorld(variables)
      const { key } = await newKey()
      expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
      world.faults.database = fault
      for (let i = 0; i < 5; i++) expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
    },
  )

  it('a cold isolate answers 503 for a model it has never read and a key nobody knows, and is well by itself afterwards', async () => {
    const world = await openFaultyWorld(variables)
    const [known, fresh] = await Promise.all([newKey(), newKey()])
    await keyObject(known.hash).check()
    world.faults.database = 'fails'
    const whileAway = await runInDurableObject(keyObject(fresh.hash), (object: KeyObject) => {
      const { readKey } = object.d1
      object.d1.readKey = async () => {
        throw new Error('D1 is down')
      }
      return readKey
    })
    await expectUnavailable(await world.chat(known.key, { model: 'acme/cold' }))
    await expectUnavailable(await world.fetch('/api/v1/models'))
    await expectUnavailable(await world.fetch('/api/v1/providers'))
    await expectUnavailable(await world.fetch('/api/v1/models/acme/cold/endpoints'))
    world.faults.database = 'none'
    await expectUnavailable(await world.chat(fresh.key, { model: 'acme/cold' }))
    expect(world.upstream).toEqual([])
    await runInDurableObject(keyObject(fresh.hash), (object: KeyObject) => {
      object.d1.readKey = whileAway
    })
    for (const { key } of [known, fresh]) expect((await world.chat(key, { model: 'acme/cold' })).status).toBe(200)
    expect((await world.fetch('/api/v1/models')).status).toBe(200)
  })
})

describe('while the health object is away', () => {
  it.each<Fault>(['fails', 'hangs'])(
    '(%s) requests are answered, and the isolate goes by what it sees itself',
    async (fault) => {
      const world = await openFaultyWorld(variables)
      world.faults.health = fault
      const { key } = await newKey()
      const since = Date.now()
      for (let i = 0; i < 3; i++) expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
      world.answer = () => Response.json({ error: { message: 'down' } }, { status: 500 })
      for (let i = 0; i < 8; i++) expect((await world.chat(key, { model: 'acme/m1' })).status).toBeGreaterThan(500)
      // Three failures in a row open the breaker of this isolate by itself.
      expect(world.upstream.length).toBeLessThanOrEqual(3 + 4)
      expect(Date.now() - since).toBeLessThan(5_000)
    },
  )
})

describe('a health object that goes away', () => {
  it('leaves its last word: what it called broken is left alone', async () => {
    const more = await newModel({ provider: 'sick', model: 'acme/m3' }, { provider: 'sound', model: 'acme/m3' })
    const world = await openFaultyWorld({ ...variables, ...more })
    const { key } = await newKey({ rateLimit: { requests: 0, windowMs: 1 } })
    const now = Date.now()
    // Another isolate saw it fail.
    const health = env.HEALTH.get(env.HEALTH.idFromName('sick@local'))
    const failure = { endpoint: 'sick:acme/m3', at: now, outcome: 'error' as const }
    await health.report({
      isolate: 'another',
      firstSequence: 0,
      sentAt: now,
      reports: [failure, failure, failure],
      knownRevision: 0,
    })
    const ask = () => world.chat(key, { model: 'acme/m3', provider: { order: ['sick', 'sound'] } })
    await vi.waitFor(async () => {
      world.upstream.length = 0
      expect((await ask()).status).toBe(200)
      expect(world.upstream).toEqual(['https://sound.example/v1/chat/completions'])
    }, 3_000)
    world.faults.health = 'fails'
    world.upstream.length = 0
    for (let i = 0; i < 20; i++) expect((await ask()).status).toBe(200)
    expect(new Set(world.upstream)).toEqual(new Set(['https://sound.example/v1/chat/completions']))
  })
})

describe('a broken row of the catalogue', () => {
  it.each([
    ['a price that is no number', `UPDATE prices SET prompt = 'free' WHERE endpoint = ?1`],
    ['an unknown modality', `UPDATE endpoints SET input_modalities = '["text","smell"]' WHERE id = ?1`],
    ['no JSON', `UPDATE endpoints SET output_modalities = '[text' WHERE id = ?1`],
    ['a null in JSON', `UPDATE endpoints SET parameters = '[null]' WHERE id = ?1`],
  ])('(%s) takes that endpoint out and nothing else, and is told once, without what is in it', async (_, damage) => {
    const id = 'spoiled:acme/broken'
    const [endpoint, prices] = await Promise.all([
      env.DB.prepare('SELECT * FROM endpoints WHERE id = ?1').bind(id).first<Json>(),
      env.DB.prepare('SELECT * FROM prices WHERE endpoint = ?1').bind(id).first<Json>(),
    ])
    await env.DB.prepare(damage).bind(id).run()
    try {
      vi.spyOn(caches.default, 'match').mockResolvedValue(undefined)
      const world = await openFaultyWorld(variables)
      for (let i = 0; i < 2; i++) {
        const listed = (await (await world.fetch('/api/v1/models/acme/broken/endpoints')).json()) as {
          data: { endpoints: { tag: string }[] }
        }
        expect(listed.data.endpoints.map(({ tag }) => tag)).toEqual(['acme'])
        const all = (await (await world.fetch('/api/v1/models')).json()) as { data: { id: string }[] }
        expect(all.data.map(({ id }) => id)).toEqual(expect.arrayContaining(['acme/broken', 'acme/other', 'acme/m1']))
      }
      const told = world.logs.filter((line) => line.includes('catalog-row-left-out'))
      expect(told).toHaveLength(1)
      expect(JSON.parse(told[0] ?? '')).toMatchObject({ table: 'endpoints', id })
      expect(told[0]).not.toMatch(/free|smell/)
    } finally {
      await env.DB.batch([
        env.DB.prepare(
          'UPDATE endpoints SET input_modalities = ?2, output_modalities = ?3, parameters = ?4 WHERE id = ?1',
        ).bind(id, endpoint?.input_modalities, endpoint?.output_modalities, endpoint?.parameters),
        env.DB.prepare('UPDATE prices SET prompt = ?2 WHERE endpoint = ?1').bind(id, prices?.prompt),
      ])
    }
  })
})

describe('the catalogue', () => {
  it.each([
    [`UPDATE endpoints SET context_length = -1`],
    [`UPDATE endpoints SET context_length = 'long'`],
    [`UPDATE endpoints SET max_output_tokens = 0.5`],
    [`UPDATE prices SET prompt = x'00ff'`],
  ])('takes no such row in the first place: %s', async (damage) => {
    await expect(env.DB.prepare(damage).run()).rejects.toThrow(/constraint/i)
  })
})

describe('an answer that was settled', () => {
  it('is one row, also when the answer to its settlement was lost', async () => {
    const world = await openFaultyWorld(variables)
    const { key, hash } = await newKey()
    world.answer = () => wholeAnswer()
    world.faults.key.settle = 'answer lost'
    expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
    await world.settled().catch(() => {})
    world.faults.key = {}
    expect((await world.chat(key, { model: 'acme/m1' })).status).toBe(200)
    await vi.waitFor(async () => expect(await rowsOf(hash)).toHaveLength(2), 3_000)
    expect((await keyObject(hash).describe())?.key.usage.totalNanoUsd).toBe(26_000)
  })
})
