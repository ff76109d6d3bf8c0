import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, type Json } from '../support/chat-wire.ts'
import { type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'test/chat'
let upstream: MockUpstream
let worker: RunningWorker

beforeAll(async () => {
  upstream = await startUpstream()
  worker = await startWorker({ vars: reachedAt(upstream.url, ['acme']) })
  await addEndpoints(worker.database, [{ provider: 'acme', model }])
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})

/** One call of an API route; by the management key where no other is given. */
async function call(
  method: string,
  path: string,
  { by = worker.managementKey, body }: { by?: string; body?: Json } = {},
) {
  const response = await fetch(`${worker.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const json = (await response.json()) as Json
  if (!response.ok) expectErrorEnvelope(response.status, json)
  return { status: response.status, headers: response.headers, ...json }
}

async function statusOfChat(key: string): Promise<number> {
  return (await chatClient(worker.url, key).post({ model })).status
}

describe('a key made over HTTP', () => {
  it('is shown once, usable at once, listed, changed and gone', async () => {
    const created = await call('POST', '/keys', { body: { name: 'first', limit: 1.5 } })
    expect(created.status).toBe(201)
    expect(Object.keys(created).sort()).toEqual(['data', 'headers', 'key', 'status'])
    expect(created.headers.get('cache-control')).toBe('no-store')
    const { key } = created
    const { hash } = created.data
    expect(key).toMatch(/^sk-cw-v1-[0-9a-f]{64}$/)
    expect(hash).toBe(createHash('sha256').update(key).digest('hex'))
    expect(created.data).toMatchObject({ name: 'first', disabled: false, limit: 1.5, limit_remaining: 1.5, usage: 0 })
    expect(created.data.label).toBe(`${key.slice(0, 12)}...${key.slice(-3)}`)

    expect(await statusOfChat(key)).toBe(200)
    const cost = 7 * 0.000001 + 3 * 0.000002
    await expect.poll(async () => (await call('GET', '/key', { by: key })).data.usage).toBeCloseTo(cost, 12)
    const read = await call('GET', `/keys/${hash}`)
    expect(read.data.usage).toBeCloseTo(cost, 12)
    expect(read.data.limit_remaining).toBeCloseTo(1.5 - cost, 12)
    const listed = await call('GET', '/keys')
    expect(listed.data.find((record: Json) => record.hash === hash)).toMatchObject({ name: 'first' })
    expect(JSON.stringify([read, listed])).not.toContain(key)

    const changed = await call('PATCH', `/keys/${hash}`, { body: { name: 'renamed', limit: null } })
    expect(changed.data).toMatchObject({ name: 'renamed', limit: null, limit_remaining: null, disabled: false })

    expect(await call('DELETE', `/keys/${hash}`)).toMatchObject({ status: 200, deleted: true })
    expect(await statusOfChat(key)).toBe(401)
    expect((await call('GET', `/keys/${hash}`)).status).toBe(404)
    expect((await call('DELETE', `/keys/${hash}`)).status).toBe(404)
    expect((await call('GET', '/key', { by: key })).status).toBe(401)
  })

  it('is refused on its next request once it is disabled, and works again once it is not', async () => {
    const { key, hash } = await worker.createKey()
    expect(await statusOfChat(key)).toBe(200)
    await call('PATCH', `/keys/${hash}`, { body: { disabled: true } })
    expect(await statusOfChat(key)).toBe(401)
    expect((await call('GET', '/keys')).data.map((record: Json) => record.hash)).not.toContain(hash)
    const all = await call('GET', '/keys?include_disabled=true')
    expect(all.data.map((record: Json) => record.hash)).toContain(hash)
    await call('PATCH', `/keys/${hash}`, { body: { disabled: false } })
    expect(await statusOfChat(key)).toBe(200)
  })

  it('expires', async () => {
    const expiresAt = Date.now() + 1_500
    const { key } = await worker.createKey({ expires_at: new Date(expiresAt).toISOString() })
    expect(await statusOfChat(key)).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, expiresAt + 50 - Date.now()))
    expect(await statusOfChat(key)).toBe(401)
    const past = new Date(Date.now() - 1_000).toISOString()
    expect((await call('POST', '/keys', { body: { name: 'late', expires_at: past } })).status).toBe(400)
  })

  it('pays no more than its limit', async () => {
    const { key } = await worker.createKey({ limit: 0.000001 })
    const before = upstream.requests.length
    const refused = await chatClient(worker.url, key).whole({ model })
    expect(refused.status).toBe(402)
    expectErrorEnvelope(402, refused.body)
    expect(refused.body.error.message).toContain('requires more credits, or fewer max_tokens')
    expect(upstream.requests.length).toBe(before)
  })

  it('tells, where it cannot pay for all that may come, how much it can', async () => {
    const { key } = await worker.createKey({ limit: 0.001 })
    const client = chatClient(worker.url, key)
    const { body } = await client.whole({ model, max_tokens: 2 ** 30 })
    const affordable = Number(/max_tokens of (\d+)/.exec(body.error.message)?.[1])
    expect((await client.whole({ model, max_tokens: affordable + 1 })).status).toBe(402)
    expect((await client.whole({ model, max_tokens: affordable })).status).toBe(200)
  })

  it.each([
    ['no name', {}],
    ['an empty name', { name: ' ' }],
    ['a negative limit', { name: 'x', limit: -1 }],
    ['an unknown reset', { name: 'x', limit_reset: 'hourly' }],
    ['an expiry that is not in UTC', { name: 'x', expires_at: '2040-01-01T00:00:00+02:00' }],
    ['another workspace', { name: 'x', workspace_id: '11111111-0000-4000-8000-000000000001' }],
  ])('is refused with %s', async (_, body) => {
    expect((await call('POST', '/keys', { body })).status).toBe(400)
  })
})

describe('kinds of keys', () => {
  it('a management key manages and runs no inference', async () => {
    const made = await call('POST', '/keys', { body: { name: 'manager', is_management_key: true } })
    for (const manager of [worker.managementKey, made.key]) {
      expect((await call('GET', '/keys', { by: manager })).status).toBe(200)
      expect((await call('GET', '/key', { by: manager })).data.is_management_key).toBe(true)
      const refused = await chatClient(worker.url, manager).whole({ model })
      expect(refused.status).toBe(403)
      expectErrorEnvelope(403, refused.body)
    }
  })

  it('an API key runs inference and manages nothing', async () => {
    const { key, hash } = await worker.createKey()
    for (const [method, path] of [
      ['GET', '/keys'],
      ['POST', '/keys'],
      ['GET', `/keys/${hash}`],
      ['PATCH', `/keys/${hash}`],
      ['DELETE', `/keys/${hash}`],
    ] as const)
      expect((await call(method, path, { by: key, ...(method === 'GET' ? {} : { body: { name: 'x' } }) })).status).toBe(
        403,
      )
    expect(await statusOfChat(key)).toBe(200)
  })

  it('what is no key is told so on every route', async () => {
    const { key } = await worker.createKey()
    const mistyped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    for (const wrong of [mistyped, key.slice(0, -1), `${key}0`, key.toUpperCase(), 'sk-or-v1-elsewhere', 'x']) {
      const refused = await chatClient(worker.url, wrong).whole({ model })
      expect(refused.status).toBe(401)
      expectErrorEnvelope(401, refused.body)
      expect(refused.headers.get('x-generation-id')).toMatch(/^gen-/)
      if (wrong.length > 20) expect(JSON.stringify(refused.body)).not.toContain(wrong.slice(9))
      expect((await call('GET', '/key', { by: wrong })).status).toBe(401)
      expect((await call('GET', '/keys', { by: wrong })).status).toBe(401)
    }
    const silent = await fetch(`${worker.url}/api/v1/chat/completions`, { method: 'POST', body: '{}' })
    expect(silent.status).toBe(401)
  })

  it('a well-formed key that nobody made is refused', async () => {
    const { key, hash } = await worker.createKey()
    await call('DELETE', `/keys/${hash}`)
    expect(await statusOfChat(key)).toBe(401)
  })
})
